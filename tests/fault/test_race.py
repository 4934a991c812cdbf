"""Many at once: 32 equal conditional requests make one resource, and none of them is told of an error."""

from __future__ import annotations

import random
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

import pytest

from tests.fault import samples
from tests.fault.serving import Answer, House, Line, fine, free_port

AT_ONCE = 32
ROUNDS = 50


@pytest.fixture(scope="module", params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def house(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """A clinic being served; by two processes at once where it lies in PostgreSQL."""
    server = request.getfixturevalue("postgres_url") if request.param == "postgres" else None
    made = House.make(tmp_path_factory.mktemp("race") / request.param, server)
    try:
        made.serve()
        if made.url is not None:
            made.second = replace(made, port=free_port(), running=[])
            made.second.serve()
        yield made
    finally:
        made.close()


@pytest.fixture(scope="module")
def crowd(house: House) -> Iterator[Crowd]:
    """32 open connections."""
    found = Crowd(house)
    yield found
    found.close()


class Crowd:
    """32 clients who send the same request at the same moment."""

    def __init__(self, house: House) -> None:
        self._lines = [
            Line(house.second if house.second and number % 2 else house) for number in range(AT_ONCE)
        ]
        self._threads = ThreadPoolExecutor(AT_ONCE)
        self._gun = threading.Barrier(AT_ONCE)

    def ask(self, method: str, path: str, tree: Any, **headers: str) -> list[Answer]:
        """Everybody's answer."""

        def one(line: Line) -> Answer:
            self._gun.wait(30)
            return line.ask(method, path, tree, **headers)

        return list(self._threads.map(one, self._lines))

    def close(self) -> None:
        """Everybody goes home."""
        self._threads.shutdown()
        for line in self._lines:
            line.close()


def test_equal_conditional_creates_make_one_resource(house: House, crowd: Crowd) -> None:
    chance = random.Random(1)
    for _ in range(ROUNDS):
        number = samples.number(chance)
        criteria = f"identifier={samples.NUMBERS}|{number}"
        answers = crowd.ask("POST", "Patient", samples.patient(number), if_none_exist=criteria)
        assert sorted(answer.status for answer in answers) == [200] * (AT_ONCE - 1) + [201]
        assert len({answer.name for answer in answers}) == 1
        assert {answer.version for answer in answers} == {1}
        assert _found(house, criteria) == 1


def test_equal_conditional_updates_make_one_resource(house: House, crowd: Crowd) -> None:
    chance = random.Random(2)
    for _ in range(ROUNDS // 2):
        number = samples.number(chance)
        criteria = f"identifier={samples.NUMBERS}|{number}"
        answers = crowd.ask("PUT", f"Patient?{criteria}", samples.patient(number))
        assert sorted(answer.status for answer in answers) == [200] * (AT_ONCE - 1) + [201]
        assert len({answer.name for answer in answers}) == 1
        assert sorted(answer.version for answer in answers) == list(range(1, AT_ONCE + 1))
        assert _found(house, criteria) == 1


def test_equal_transactions_with_a_conditional_create_make_one_resource(house: House, crowd: Crowd) -> None:
    chance = random.Random(3)
    for _ in range(ROUNDS // 5):
        number, name = samples.number(chance), samples.number(chance)
        criteria = f"identifier={samples.NUMBERS}|{number}"
        bundle = samples.transaction(chance, name, 3)
        bundle["entry"][0]["resource"] = samples.patient(number)
        bundle["entry"][0]["request"]["ifNoneExist"] = criteria
        answers = crowd.ask("POST", "", bundle)
        assert {answer.status for answer in answers} == {200}
        assert _found(house, criteria) == 1
        with Line(house) as line:
            patient = fine(line.ask("GET", f"Patient?{criteria}"), 200).tree["entry"][0]["resource"]["id"]
            mine = f"Observation?subject=Patient/{patient}&_summary=count"
            assert fine(line.ask("GET", mine), 200).tree["total"] == 2 * AT_ONCE


def test_one_of_many_updates_to_the_same_version_wins(house: House, crowd: Crowd) -> None:
    chance = random.Random(4)
    for _ in range(ROUNDS // 5):
        with Line(house) as line:
            number = samples.number(chance)
            made = fine(line.ask("PUT", f"Patient/{number}", samples.patient(number) | {"id": number}), 201)
        answers = crowd.ask(
            "PUT", f"Patient/{number}", samples.patient(number) | {"id": number}, if_match='W/"1"'
        )
        assert sorted(answer.status for answer in answers) == [200] + [412] * (AT_ONCE - 1)
        assert made.version == 1


def test_the_record_is_whole_after_all_that(house: House) -> None:
    house.checked()


def _found(house: House, criteria: str) -> int:
    """How many Patients meet the criteria."""
    with Line(house) as line:
        total: int = fine(line.ask("GET", f"Patient?{criteria}&_summary=count"), 200).tree["total"]
        return total
