"""The real search and a plain one over the same resources answer the same, for many generated queries."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterator
from itertools import pairwise
from typing import Any

import pytest

from charthouse.fhir import references
from charthouse.fhir.definitions import load
from charthouse.fhir.resource import parse
from tests.conformance.material import synthea, us_core
from tests.unit.search import oracle
from tests.unit.search.conftest import BOTH, place
from tests.unit.search.oracle import Oracle
from tests.unit.search.shelf import Shelf

QUERIES = 1200
PREFIXES = ("", "eq", "ne", "gt", "lt", "ge", "le", "sa", "eb")
NOT_ANSWERED = ("phonetic", "_text", "_content", "_query", "_id", "_lastUpdated")


def material() -> list[dict[str, Any]]:
    """Small Synthea charts, and the US Core examples."""
    found: dict[tuple[str, str], dict[str, Any]] = {}
    charts = sorted((bundle for _, bundle in synthea(6)), key=lambda one: len(one["entry"]))[:8]
    for bundle in charts:
        names = {
            one["fullUrl"]: f"{one['resource']['resourceType']}/{one['fullUrl'].rpartition(':')[2]}"
            for one in bundle["entry"]
        }  # fmt: skip
        for one in bundle["entry"]:
            tree = one["resource"]
            tree["id"] = one["fullUrl"].rpartition(":")[2]
            for holder in references.walk(tree):
                holder["reference"] = names.get(holder["reference"], holder["reference"])
            found[tree["resourceType"], tree["id"]] = tree
    for _, content in us_core():
        tree = parse(content)
        if load().is_resource(tree["resourceType"]) and tree["resourceType"] != "Bundle":
            found[tree["resourceType"], tree["id"]] = tree
    return list(found.values())


@pytest.fixture(scope="module")
def plain() -> Oracle:
    return Oracle(material())


@pytest.fixture(scope="module", params=BOTH)
def library(
    request: pytest.FixtureRequest, plain: Oracle, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Shelf]:
    """A shelf with all of the material."""
    shelf = Shelf(place(request, tmp_path_factory.mktemp("library")))
    shelf.load(tree for trees in plain.by_type.values() for tree in trees)
    yield shelf
    shelf.close()


class Generator:
    """Draws searches whose values are taken from the resources, or nearly."""

    def __init__(self, plain: Oracle, seed: int) -> None:
        self.random = random.Random(seed)
        self.plain = plain
        self.drawn: Counter[tuple[str, str]] = Counter()
        self.codes: dict[str, list[str]] = {}
        for type, trees in sorted(plain.by_type.items()):
            self.codes[type] = [
                code for code, param in sorted(load().search_params(type).items())
                if param.expression and param.type in oracle.MATCHES and code not in NOT_ANSWERED
                and any(plain.values(type, tree, code) for tree in trees)
            ]  # fmt: skip
        self.types = [type for type, codes in self.codes.items() if codes]

    def query(self) -> tuple[str, list[tuple[str, str]]]:
        """A type and one to three parameters."""
        type = self.random.choices(self.types, [len(self.plain.by_type[one]) ** 0.5 for one in self.types])[0]
        count = self.random.choices([1, 2, 3], [5, 4, 2])[0]
        codes = self.random.choices(self.codes[type], k=count)
        if self.random.random() < 0.1:
            codes[-1:] = [codes[0]]
        return type, [self._param(type, code) for code in codes]

    def _param(self, type: str, code: str) -> tuple[str, str]:
        kind = load().search_params(type)[code].type
        name = code
        if kind == "token" and self.random.random() < 0.1:
            name += ":not"
        if kind == "string" and self.random.random() < 0.2:
            name += ":exact"
        parts = [
            self._value(type, code, kind, name) for _ in range(self.random.choices([1, 2, 3], [8, 2, 1])[0])
        ]
        self.drawn[kind, name.partition(":")[2]] += 1
        return name, ",".join(parts)

    def _value(self, type: str, code: str, kind: str, name: str) -> str:
        trees = self.plain.by_type[type]
        for _ in range(200):
            found = self.plain.values(type, self.random.choice(trees), code)
            if found:
                value, its = self.random.choice(found)
                text = getattr(self, f"_{kind}")(value, its)
                if name.endswith(":exact"):
                    text = self.random.choice(oracle.texts(value, its) or [""])
                if text and not set(text) & set("\\,$&#;+") and len(text) < 200 and text.count("|") < 3:
                    return str(text)
        return "1" if kind in ("number", "quantity") else "2020" if kind == "date" else "nothing"

    def _token(self, value: Any, its: str) -> str | None:
        found = oracle.tokens(value, its)
        if not found:
            return None
        system, code = self.random.choice(found)
        if "|" in code:
            return None
        forms = [code, f"{system or ''}|{code}", f"|{code}", code + "x"]
        if system:
            forms.append(f"{system}|")
        return self.random.choice(forms)

    def _string(self, value: Any, its: str) -> str | None:
        found = oracle.texts(value, its)
        if not found:
            return None
        text = self.random.choice(found)
        end = self.random.randint(1, min(len(text), 60))
        return self.random.choice([text[:end], text[:end].upper(), oracle.fold(text[:end]), text[1:end]])

    def _reference(self, value: Any, its: str) -> str | None:
        text = value.get("reference") if isinstance(value, dict) else value
        if not text or text.startswith("#") or "?" in text or "|" in text:
            return None
        return self.random.choice([text, text.rpartition("/")[2]]) if ":" not in text else str(text)

    def _uri(self, value: Any, its: str) -> str:
        return self.random.choice([value, value.partition("|")[0], value + "x"])

    def _date(self, value: Any, its: str) -> str | None:
        if its in ("Period", "Timing"):
            value = value.get("start") or value.get("end") or next(iter(value.get("event", [])), None)
        if not value:
            return None
        text = value[: self.random.choice([4, 7, 10, 40])]
        prefix = self.random.choice(PREFIXES)
        self.drawn["date", prefix] += 1
        return prefix + text.replace("+", "%2B")

    def _number(self, value: Any, its: str) -> str | None:
        found = oracle.amounts(value, its)
        if not found:
            return None
        (low, _), stated = found[0]
        if not low.is_finite():
            return None
        if self.random.random() < 0.5:
            low = round(low, self.random.choice([0, 1, 2, 6]))
        text = format(low, "f")
        prefix = self.random.choice((*PREFIXES, "ap"))
        self.drawn["number", prefix] += 1
        if not stated or self.random.random() < 0.3:
            return prefix + text
        system, unit = self.random.choice(stated)
        return self.random.choice([f"{prefix}{text}|{system or ''}|{unit}", f"{prefix}{text}||{unit}"])

    _quantity = _number


@pytest.fixture(params=["weighed", "crowded"])
def weighing(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Once as the program weighs candidates, and once as if there were always too many to gather."""
    if request.param == "crowded":
        monkeypatch.setattr("charthouse.search.plan.ENOUGH", 2)
        monkeypatch.setattr("charthouse.search.plan.PAGE", 0)
        monkeypatch.setattr("charthouse.search.few.FEW", 1)


@pytest.mark.usefixtures("weighing")
@pytest.mark.parametrize("seed", range(4))
def test_the_real_search_and_a_plain_one_answer_the_same(library: Shelf, plain: Oracle, seed: int) -> None:
    generator = Generator(plain, seed)
    hits = 0
    for _ in range(QUERIES // 4):
        type, params = generator.query()
        asked = f"{type}?" + "&".join(f"{name}={value}" for name, value in params)
        expected = plain.matches(type, [(name, value.replace("%2B", "+")) for name, value in params])
        pages = library.pages(f"{asked}&_count=400&_total=accurate")
        found = [hit.stored.id for page in pages for hit in page.entries]
        assert sorted(found) == sorted(expected), asked
        assert pages[0].total == len(expected), asked
        hits += bool(expected)
    assert hits > QUERIES / 4 / 3, "most queries find nothing, so they show little"
    for kind in ("token", "string", "reference", "date", "quantity", "uri"):
        assert any(drawn[0] == kind for drawn in generator.drawn), f"no {kind} was drawn"


@pytest.mark.usefixtures("weighing")
def test_the_real_search_sorts_as_a_plain_one(library: Shelf, plain: Oracle) -> None:
    generator = Generator(plain, 99)
    by_id = {(type, tree["id"]): tree for type, trees in plain.by_type.items() for tree in trees}
    for _ in range(60):
        type, params = generator.query()
        codes = generator.random.choices(generator.codes[type], k=2)
        keys = [(code, generator.random.random() < 0.5) for code in codes]
        params = params[: generator.random.choice([0, 1])]
        sort = ",".join(f"-{code}" if down else code for code, down in keys)
        count = generator.random.choice([7, 50])
        asked = (
            f"{type}?"
            + "".join(f"{name}={value}&" for name, value in params)
            + f"_sort={sort}&_count={count}"
        )
        found = library.walk(asked)
        assert len(found) == len(set(found)), asked
        assert set(found) == plain.matches(
            type, [(name, value.replace("%2B", "+")) for name, value in params]
        ), asked
        places = [
            [plain.sorted_by(type, by_id[type, id], code, descending=down) for code, down in keys]
            for id in found
        ]
        for before, after in pairwise(places):
            assert _in_order(before, after, [down for _, down in keys]), (asked, before, after)


def _in_order(before: list[Any], after: list[Any], descending: list[bool]) -> bool:
    """Whether `before` may stand before `after`, what is missing coming last."""
    for one, other, down in zip(before, after, descending, strict=True):
        if one == other:
            continue
        if one is None or other is None:
            return other is None
        return bool(one > other if down else one < other)
    return True
