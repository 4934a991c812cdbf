"""The trail: reads and writes together, found by patient and person, against a slow look through everything."""

from __future__ import annotations

import random
from collections.abc import Iterator
from pathlib import Path

import pytest

from charthouse.access.actor import SYSTEM, Actor
from charthouse.access.trail import walk as walking
from charthouse.access.trail.dossier import dossier
from charthouse.access.trail.line import Line, Question
from charthouse.access.trail.proof import prove
from charthouse.access.trail.words import kind, said
from charthouse.base.errors import Category, Problem
from tests import cast
from tests.unit.access.trails import DAY, START, Scene, encounter, patient, scene


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def here(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Scene]:
    url = (lambda: request.getfixturevalue("postgres_url")) if request.param == "postgres" else None
    with scene(tmp_path, url) as opened:
        yield opened


@pytest.fixture
def officer(here: Scene) -> Actor:
    return here.actor(cast.ADMINISTRATOR)


def names(here: Scene, actor: Actor, question: Question, count: int = 7) -> list[str]:
    """The events of all pages."""
    page = here.run(here.clinic.trail.page(actor, question, count=count))
    found = [line.name for line in page.lines]
    while page.next:
        page = here.run(here.clinic.trail.page(actor, question, cursor=page.next, count=count))
        found += [line.name for line in page.lines]
    return found


@pytest.fixture
def busy(here: Scene) -> list[int]:
    """Some weeks of reads and writes; the keys of the patients."""
    chance = random.Random(5)
    keys = here.put(*(patient(f"p{number}") for number in range(4)))
    for number in range(30):
        if chance.random() < 0.4:
            here.put(encounter(f"e{number}", f"p{chance.randrange(4)}", "2026-09-01"))
        at = START + number * DAY + chance.randrange(DAY)
        who = chance.choice((cast.DOCTOR, cast.NURSE))
        outcome = chance.choice(("ok", "ok", "ok", "forbidden"))
        seen = [] if outcome != "ok" else chance.sample(keys, chance.randrange(3))
        here.tell(
            who, at, seen, outcome=outcome, interaction=chance.choice(("read", "search", "export", "sign-in"))
        )
    return keys


@pytest.mark.parametrize("number", range(8))
def test_each_question_finds_what_a_look_through_everything_finds(
    here: Scene, officer: Actor, busy: list[int], number: int
) -> None:
    everything = here.run(here.clinic.trail.walked(Question(), {}, 1_000)).lines
    doctor = here.people[cast.DOCTOR.name]
    question = (
        Question(patient=busy[1]), Question(actor=doctor), Question(patient=busy[2], actor=doctor),
        Question(since=START + 5 * DAY, until=START + 9 * DAY), Question(outcomes=frozenset({"forbidden"})),
        Question(interactions=frozenset({"export", "sign-in"})), Question(actor=0), Question(key=busy[3]),
    )[number]  # fmt: skip
    wanted = [line.name for line in everything if question.fits(line)]
    found = [one for one in names(here, officer, question) if one in {line.name for line in everything}]
    assert found == wanted


def test_a_page_looks_at_no_more_than_its_budget_and_goes_on(
    here: Scene, officer: Actor, busy: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    question = Question(key=busy[3], sources=frozenset({"r"}))
    whole = names(here, officer, question)
    monkeypatch.setattr(walking, "SLICE", 3)
    monkeypatch.setattr(walking, "BUDGET", 6)
    short = here.run(here.clinic.trail.page(officer, question, count=50))
    assert short.next
    assert [one for one in names(here, officer, question, 50) if one in whole] == whole


def test_writes_are_found_at_once_by_patient_and_person(here: Scene, officer: Actor) -> None:
    key = here.put(patient("p1"))[0]
    assert names(here, officer, Question(patient=key, sources=frozenset({"w"}))) == ["w-1"]
    assert names(here, officer, Question(actor=SYSTEM.id, sources=frozenset({"w"}))) == ["w-1"]


@pytest.mark.parametrize(
    ("statement", "table"),
    [
        ("DELETE FROM trail_txn WHERE txn = 2", "trail_txn"),
        ("UPDATE trail_txn SET actor = 9 WHERE txn = 2", "trail_txn"),
        ("UPDATE trail_txn SET at = at + 1 WHERE txn = 2", "trail_txn"),
        ("INSERT INTO trail_txn (txn, at, actor, first, last) VALUES (77, 1, 1, 0, 0)", "trail_txn"),
        ("DELETE FROM trail_patient WHERE txn = 2", "trail_patient"),
        ("INSERT INTO trail_patient (patient, at, txn) VALUES (1, 1, 99)", "trail_patient"),
    ],
)
def test_a_hidden_write_is_located(tmp_path: Path, statement: str, table: str) -> None:
    with scene(tmp_path) as here:
        for number in range(4):
            here.put(patient(f"p{number}"))
        here.run(here.clinic.trail.catch_up())
        connection = here.clinic.record.connection()
        assert prove(connection) == []
        here.clinic.write(lambda writing: writing.run(statement))
        found = prove(connection)
        assert found
        assert table in {one.table for one in found}


def test_who_may_not_is_refused_before_anything_is_read(here: Scene, busy: list[int]) -> None:
    trail = here.clinic.trail
    for member in (cast.DOCTOR, cast.NURSE, cast.BILLER, cast.PATIENT, cast.STRANGER):
        actor = here.actor(member)
        for ask in (
            trail.page(actor, Question()),
            trail.one(actor, "r", 1),
            dossier(trail, actor, Question(), "export"),
        ):
            with pytest.raises(Problem) as caught:
                here.run(ask)
            assert caught.value.category is Category.FORBIDDEN
        with pytest.raises(Problem) as caught:
            here.run(trail.own(actor))
        assert caught.value.category is Category.NOT_FOUND


def test_patients_see_their_own_chart_only_whatever_cursor_they_send(
    here: Scene, officer: Actor, busy: list[int]
) -> None:
    mine = here.actor(cast.PATIENT, patient=busy[0])
    page = here.run(here.clinic.trail.own(mine, count=2))
    assert page.lines
    assert all(busy[0] in line.patients for line in page.lines)
    other = here.actor(cast.PATIENT, patient=busy[1])
    if page.next:
        with pytest.raises(Problem):
            here.run(here.clinic.trail.own(other, cursor=page.next))


def test_a_table_is_bounded_hashed_and_safe_for_a_spreadsheet(here: Scene, officer: Actor) -> None:
    key = here.put(patient("p1"))[0]
    here.tell(cast.DOCTOR, START, [key], query='=HYPERLINK("http://evil")', interaction="search")
    made = here.run(dossier(here.clinic.trail, officer, Question(patient=key), "export"))
    assert "\"'=HYPERLINK(" in made.content
    assert made.digest in made.file.splitlines()[-1]
    assert made.head.audit.event >= 1


def line(**given: object) -> Line:
    plain = {"source": "r", "id": 1, "at": 1, "actor": 1, "client": "", "session": "", "interaction": "read",
             "outcome": "ok", "type": "", "query": "", "request": "", "purpose": "", "address": ""}  # fmt: skip
    return Line(**(plain | given))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("given", "types", "sentence"),
    [
        ({}, {"Patient": (1, "patient")}, "Opened a patient"),
        ({"interaction": "search"}, {"Condition": (3, "problems")}, "Looked through 3 problems"),
        ({"interaction": "search"}, {}, "Searched and found nothing"),
        ({"interaction": "read", "outcome": "not_found"}, {"Patient": (1, "patient")},
         "Opened a patient (nothing was there)"),
        ({"interaction": "sign-in"}, {}, "Signed in"), ({"interaction": "policy-change"}, {}, "Policy change"),
        ({"interaction": "search", "type": "audit"}, {}, "Asked the audit"),
    ],
)  # fmt: skip
def test_what_happened_is_said_plainly(
    given: dict[str, str], types: dict[str, tuple[int, str]], sentence: str
) -> None:
    assert said(line(**given), types) == sentence


def test_a_failure_is_refused_whatever_was_asked() -> None:
    assert kind(line(interaction="export", outcome="forbidden")) == "refused"
    assert kind(line(source="w", interaction="transaction")) == "wrote"
