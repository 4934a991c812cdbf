"""US Core 6.1.0 as a test may use it: its profiles, and its value sets as far as the package lists their codes."""

from __future__ import annotations

import functools
import tarfile
from collections.abc import Iterator
from typing import Any

from charthouse.fhir.definitions import load
from charthouse.fhir.resource import parse
from charthouse.validation.validator import Validator
from tests.conformance.material import folder, us_core

Tree = dict[str, Any]
PROFILE = "http://hl7.org/fhir/us/core/StructureDefinition/"


def package() -> Iterator[Tree]:
    """The conformance resources of the package."""
    with tarfile.open(folder("us-core") / "us_core_610.tgz") as opened:
        for member in opened:
            parts = member.name.split("/")
            if len(parts) == 2 and parts[1].endswith(".json") and "-" in parts[1]:
                content = opened.extractfile(member)
                assert content is not None
                tree = parse(content.read())
                if "resourceType" in tree:
                    yield tree


class Structures:
    """The StructureDefinitions of the package."""

    def __init__(self) -> None:
        self.by_url = {one["url"]: one for one in package() if one["resourceType"] == "StructureDefinition"}

    def structure(self, url: str) -> Tree | None:
        return self.by_url.get(url.partition("|")[0])


class Books:
    """What is in the value sets of the package, and in those of R4's required bindings.

    A set that takes in what no file here lists (a whole LOINC) is open: what is not listed stays unknown.
    """

    def __init__(self) -> None:
        found = list(package())
        self._sets = {one["url"]: one for one in found if one["resourceType"] == "ValueSet"}
        self._systems = {one["url"]: one for one in found if one["resourceType"] == "CodeSystem"}
        self._listed: dict[str, tuple[frozenset[tuple[str, str]], bool]] = {}

    def member(self, valueset: str, system: str | None, code: str) -> bool | None:
        codes, is_open = self.codes(valueset.partition("|")[0])
        if any(code == known and system in (None, space) for space, known in codes):
            return True
        return None if is_open else False

    def codes(self, url: str) -> tuple[frozenset[tuple[str, str]], bool]:
        """(codes that are listed, whether there may be others)."""
        if url not in self._listed:
            self._listed[url] = frozenset(), True  # should it name itself
            self._listed[url] = self._expanded(url)
        return self._listed[url]

    def _expanded(self, url: str) -> tuple[frozenset[tuple[str, str]], bool]:
        known = load().concepts(url)
        if known is not None:
            return frozenset((one.system, one.code) for one in known), False
        found = self._sets.get(url)
        if found is None:
            return frozenset(), True
        parts = [self._part(part) for part in found["compose"]["include"]]
        is_open = any(is_open for _, is_open in parts) or "exclude" in found["compose"]
        return frozenset().union(*(codes for codes, _ in parts)), is_open

    def _part(self, part: Tree) -> tuple[frozenset[tuple[str, str]], bool]:
        if "valueSet" in part:
            inner = [self.codes(url) for url in part["valueSet"]]
            return frozenset().union(*(codes for codes, _ in inner)), any(is_open for _, is_open in inner)
        if "concept" in part:
            return frozenset((part["system"], one["code"]) for one in part["concept"]), False
        system = self._systems.get(part["system"])
        if system is None or "filter" in part:
            return frozenset(), True
        return frozenset((part["system"], one["code"]) for one in system["concept"]), False


@functools.cache
def validator() -> Validator:
    """One that knows US Core."""
    return Validator(load(), structures(), books())


@functools.cache
def structures() -> Structures:
    """The StructureDefinitions, read once."""
    return Structures()


@functools.cache
def books() -> Books:
    """The value sets, read once."""
    return Books()


def validator_urls() -> frozenset[str]:
    """The urls of all profiles."""
    return frozenset(structures().by_url)


@functools.cache
def _examples() -> dict[str, list[Tree]]:
    found: dict[str, list[Tree]] = {}
    for _, body in us_core():
        tree = parse(body)
        for url in tree.get("meta", {}).get("profile", ()):
            found.setdefault(url.partition("|")[0], []).append(tree)
    return found


def examples(url: str) -> list[Tree]:
    """The examples that claim a profile."""
    return _examples().get(url, [])
