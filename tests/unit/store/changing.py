"""A record whose search parameters come and go while it is written to and indexed, and what searches must answer."""

from __future__ import annotations

import random
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import pytest

from charthouse.base.errors import Problem
from charthouse.db.connect import Place
from charthouse.fhir import path
from charthouse.fhir.definitions import load
from charthouse.search.page import Page
from charthouse.search.run import Search
from charthouse.store.reindex import Reindex
from charthouse.store.write import Change
from tests.unit.store.desk import Desk, Tree

WORDS = ("red", "green", "blue")
DAYS = ("2020-01-01", "2021-02-02")
URL = "http://example.org/SearchParameter/"
EXTENSION = "extension.where(url = '{}').value"


def definition(code: str, type: str, expression: str, *bases: str, **more: Any) -> Tree:
    """A SearchParameter in use."""
    return {
        "resourceType": "SearchParameter", "url": URL + code, "name": code.replace("-", ""), "status": "active",
        "description": code, "code": code, "base": list(bases or ("Patient",)), "type": type, "expression": expression,
        **more,
    }  # fmt: skip


_COLOUR = EXTENSION.format("colour")
_SEEN = f"Patient.{EXTENSION.format('seen')}DateTime"  # as guides write it, which is no FHIRPath
# What can be under a code, one at a time; two ways of each where that is of interest.
POOL: dict[str, tuple[Tree, ...]] = {
    "colour": (
        definition("colour", "token", f"Patient.{_COLOUR}.ofType(code)"),
        definition("colour", "string", f"Patient.name.text | Patient.{_COLOUR}.ofType(code)"),
        definition("colour", "token", "Patient.communication.language"),
    ),
    "seen": (definition("seen", "date", _SEEN),),
    "twin": (
        definition("twin", "reference", f"Patient.{EXTENSION.format('twin')}.ofType(Reference)", target=["Patient"]),
    ),
    "births": (definition("births", "number", "Patient.multipleBirth.ofType(integer)"),),
    "tongue": (definition("tongue", "token", "Resource.language", "Resource"),),
    "called": (definition("called", "string", "Patient.name.family"),),  # which has rows already
    "pair": (
        definition(
            "pair", "composite", "Patient",
            component=[
                {"definition": URL + "births", "expression": "multipleBirth"},
                {"definition": URL + "seen|1", "expression": _SEEN.removeprefix("Patient.")},
            ],
        ),
    ),
}  # fmt: skip
NEEDED = {"pair": ("births", "seen")}


def person(chance: random.Random) -> Tree:
    """Some Patient."""
    extensions: list[Tree] = [{"url": "colour", "valueCode": word} for word in WORDS if chance.random() < 0.4]
    if chance.random() < 0.5:
        extensions.append({"url": "seen", "valueDateTime": chance.choice(DAYS)})
    if chance.random() < 0.3:
        extensions.append({"url": "twin", "valueReference": {"reference": f"Patient/p{chance.randrange(8)}"}})
    tree: Tree = {"name": [{"family": chance.choice(WORDS), "text": chance.choice(WORDS)}]}
    if extensions:
        tree["extension"] = extensions
    if chance.random() < 0.5:
        tree["multipleBirthInteger"] = chance.randrange(3)
    if chance.random() < 0.4:
        tree["language"] = chance.choice(WORDS)
    if chance.random() < 0.4:
        tree["communication"] = [{"language": {"coding": [{"code": chance.choice(WORDS)}]}}]
    return tree


def meets(tree: Tree, asked: Tree, value: str) -> bool:
    """Whether a resource meets `code=value`, by the words of the standard and nothing of the index."""
    kind, whole = asked["type"], {"resourceType": "Patient", "id": "x", **tree}
    if kind == "composite":
        parts = value.split("$")
        made = [POOL[code][0] for code in NEEDED[asked["code"]]]
        return all(meets(tree, one, part) for one, part in zip(made, parts, strict=True))
    text = asked["expression"].replace("valueDateTime", "value.ofType(dateTime)")
    for found, type in path.compile(text, "Patient", load()).typed(whole):
        if type == "CodeableConcept":
            if any(coding.get("code") == value for coding in found["coding"]):
                return True
        elif type == "Reference":
            if found["reference"] == value:
                return True
        elif kind == "string":
            if found.startswith(value):
                return True
        elif str(found) == value:
            return True
    return False


def values(asked: Tree) -> tuple[str, ...]:
    """What to ask for."""
    return {
        "token": WORDS, "string": ("re", "blue"), "date": DAYS, "reference": ("Patient/p1", "Patient/p5"),
        "number": ("0", "1"), "composite": tuple(f"{number}${day}" for number in "012" for day in DAYS),
    }[asked["type"]]  # fmt: skip


class Process:
    """One program that has the record open."""

    def __init__(self, place: Place) -> None:
        self.desk = Desk(place)
        record = self.desk.record
        self.search = Search(
            record.definitions, record.extractor, record.reader, place.dialect, key=bytes(32),
            parameters=record.parameters, page_limit=1000,
        )  # fmt: skip
        self.reindex = Reindex(record)

    def page(self, *params: tuple[str, str]) -> Page:
        """What a search of Patients answers, all of it."""
        return self.search.search(self.desk.connection, "Patient", [*params, ("_count", "1000")])

    def close(self) -> None:
        self.reindex.close()
        self.desk.close()


class World:
    """Two processes at one record, and what must be in it."""

    def __init__(self, place: Place, chance: random.Random) -> None:
        self.chance = chance
        self.processes = [Process(place), Process(place)]
        self.people: dict[str, Tree] = {}
        self.defined: dict[str, Tree] = {}  # by code
        self.late: list[tuple[Process, Change, Tree]] = []  # made ready, and not written yet
        self.partial = self.whole = 0

    @property
    def any(self) -> Process:
        return self.chance.choice(self.processes)

    def step(self) -> None:
        """One thing that happens."""
        steps: list[tuple[Callable[[], None], int]] = [
            (self.write, 6), (self.prepare, 2), (self.finish_late, 2), (self.define, 3), (self.retire, 1),
            (self.slice, 4), (self.die, 1), (self.look, 3),
        ]  # fmt: skip
        self.chance.choices([step for step, _ in steps], [weight for _, weight in steps])[0]()

    def write(self) -> None:
        id = f"p{self.chance.randrange(8)}"
        if id in self.people and self.chance.random() < 0.2:
            self.any.desk.write(Change("DELETE", "Patient", id))
            del self.people[id]
            return
        self.people[id] = person(self.chance)
        self.any.desk.put("Patient", id, self.people[id])

    def prepare(self) -> None:
        process, tree, id = self.any, person(self.chance), f"p{self.chance.randrange(8)}"
        self.late.append((process, process.desk.change("PUT", "Patient", id, tree), tree))

    def finish_late(self) -> None:
        for process, change, tree in self.late:
            process.desk.write(change)
            self.people[change.id] = tree
        self.late.clear()

    def define(self) -> None:
        code = self.chance.choice(list(POOL))
        tree = self.chance.choice(POOL[code])
        there = all(needed in self.defined for needed in NEEDED.get(code, ()))
        changes = [self.any.desk.change("PUT", "SearchParameter", code, tree)]
        if there and self.chance.random() < 0.3:  # who is written together with it is found by it
            id = f"p{self.chance.randrange(8)}"
            self.people[id] = person(self.chance)
            changes.append(self.processes[0].desk.change("PUT", "Patient", id, self.people[id]))
        if not there:
            with pytest.raises(Problem, match="to make a composite of"):
                self.any.desk.write(*changes)
            return
        self.any.desk.write(*changes)
        self.defined[code] = tree

    def retire(self) -> None:
        if not self.defined:
            return
        code = self.chance.choice(list(self.defined))
        tree = self.defined.pop(code)
        if self.chance.random() < 0.5:
            self.any.desk.write(Change("DELETE", "SearchParameter", code))
        else:
            self.any.desk.put("SearchParameter", code, {**tree, "status": "retired"})

    def slice(self) -> None:
        process = self.any
        process.reindex._size = self.chance.choice((1, 3, 20))
        process.reindex.step()

    def die(self) -> None:
        """The process ends in the middle of a slice, and another one goes on."""
        process = self.any
        move = process.reindex._move

        def dies(*given: Any) -> None:
            if self.chance.random() < 0.5:
                move(*given)
            raise KeyError("killed")

        process.reindex._move = dies  # type: ignore[method-assign, assignment]
        process.reindex._size = 3
        with suppress(KeyError):
            process.reindex.step()
        process.reindex.close()
        process.reindex = Reindex(process.desk.record)

    def look(self) -> None:
        for process in self.processes:
            process.desk.record.parameters._until = 0.0  # another process's change is noticed in a moment
            for code in POOL:
                self._look_for(process, code)

    def _look_for(self, process: Process, code: str) -> None:
        asked = self.defined.get(code)
        if asked is None or any(needed not in self.defined for needed in NEEDED.get(code, ())):
            with pytest.raises(Problem, match="has no search parameter"):
                process.page((code, "x$y" if code == "pair" else "0"))
            return
        for value in values(asked):
            page = process.page((code, value))
            found = {hit.stored.id for hit in page.entries}
            wanted = {id for id, tree in self.people.items() if meets(tree, asked, value)}
            notes = [note for note in page.notes if note.code == "incomplete"]
            if notes:
                self.partial += 1
                assert page.total is None
                assert found <= wanted, (code, value)
            else:
                self.whole += 1
                assert found == wanted, (code, value, asked)
                assert page.total == len(wanted)

    def finish(self) -> None:
        """Everything is indexed, and nothing says otherwise."""
        self.finish_late()
        for _ in range(1000):
            if self.any.reindex.step() is None:
                break
        else:
            raise AssertionError("the index is never complete")
        self.look()
        for process in self.processes:
            for code in self.defined:
                if all(needed in self.defined for needed in NEEDED.get(code, ())):
                    assert not process.page((code, values(self.defined[code])[0])).notes
        report = self.processes[0].desk.check()
        assert report.clean, report.findings

    def close(self) -> None:
        for process in self.processes:
            process.close()
