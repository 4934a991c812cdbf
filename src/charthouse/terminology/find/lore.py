"""Knows what people call things: abbreviations, lay words, words that mean the same, and what is common.

Four tables stand beside this module, each a line for each entry, parts divided by tabs, `#` for remarks:
`short.tsv` (abbreviations), `lay.tsv` (words of patients), `procedures.tsv` (names of operations, for
ICD-10-PCS), all `said TAB meant | meant`; `same.tsv`, sets of words that mean the same; and `common.tsv`,
`code TAB weight TAB name; name`: how common a code and all below it are, and what else they are called.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from importlib import resources
from typing import Final, NamedTuple

from charthouse.terminology.find.words import split, stem

DIAGNOSES: Final = "http://hl7.org/fhir/sid/icd-10-cm"
PROCEDURES: Final = "http://www.cms.gov/Medicare/Coding/ICD10"

_SAID: Final = {PROCEDURES: ("procedures.tsv", "short.tsv", "lay.tsv")}  # the first that has an entry wins
_PHRASES: Final = ("short.tsv", "lay.tsv")


class Short(NamedTuple):
    """What stands for something else. `meanings` are words, the usual meaning first; with `is_whole`
    only where it is all that was asked."""

    said: str
    meanings: tuple[tuple[str, ...], ...]
    is_whole: bool


class Common(NamedTuple):
    """How common a code is (-3 … 5, 0 where nothing is known), and names that its system does not give it."""

    weight: float
    names: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Lore:
    """What is known of the words for one code system.

    `short` is by words and by stems, `same` by stem, `common` by code.
    """

    short: dict[tuple[str, ...], Short] = field(default_factory=dict)
    same: dict[str, frozenset[str]] = field(default_factory=dict)
    common: dict[str, Common] = field(default_factory=dict)
    parts: frozenset[str] = frozenset()  # every word of a key of `short`
    longest: int = 0  # words of the longest key

    def weight(self, code: str) -> float:
        """How common a code is: its own weight, else that of the nearest above it that has one."""
        for end in range(len(code), 0, -1):
            known = self.common.get(code[:end])
            if known is not None:
                return known.weight
        return 0.0


def load(url: str) -> Lore:
    """The lore for a code system."""
    short: dict[tuple[str, ...], Short] = {}
    listed = [each for name in _SAID.get(url, _PHRASES) for each in phrases(name)]
    for each in listed:
        short.setdefault(tuple(split(each.said)), each)
    for each in listed:
        short.setdefault(tuple(stem(word) for word in split(each.said)), each)
    parts = frozenset(part for key in short for part in key)
    longest = max(map(len, short), default=0)
    return Lore(short, same(), common() if url == DIAGNOSES else {}, parts, longest)


def phrases(name: str) -> Iterator[Short]:
    """The entries of `short.tsv`, `lay.tsv` or `procedures.tsv`."""
    for said, meant in rows(name):
        meanings = tuple(tuple(split(part)) for part in meant.split("|"))
        yield Short(said.lstrip("="), meanings, said.startswith("="))


def same() -> dict[str, frozenset[str]]:
    """For each stem all that it is the same as in some line, itself among them."""
    found: dict[str, set[str]] = {}
    for (line,) in rows("same.tsv"):
        stems = {stem(word) for word in split(line)}
        for each in stems:
            found.setdefault(each, set()).update(stems)
    return {each: frozenset(others) for each, others in found.items()}


def common() -> dict[str, Common]:
    """What is common, by code."""
    found: dict[str, Common] = {}
    for code, weight, *names in rows("common.tsv"):
        listed = tuple(name.strip() for name in names[0].split(";")) if names else ()
        found[code] = Common(float(weight), listed)
    return found


def rows(name: str) -> Iterator[list[str]]:
    """The lines of a table, cut at tabs."""
    text = (resources.files("charthouse.terminology.find") / name).read_text(encoding="utf-8")
    for line in text.splitlines():
        if line and not line.startswith("#"):
            yield [part.strip() for part in line.split("\t")]
