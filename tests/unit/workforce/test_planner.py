"""One's own steps on both databases: they are one's own, they are checked, and they turn due by the clock."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest

from charthouse.base.errors import Category, Problem
from charthouse.db.connect import Connection, Place, connect
from charthouse.db.migrate import migrate, migrations
from charthouse.workforce.calendar import calendar
from charthouse.workforce.planner import LARGEST, MOST, Planner
from tests.postgres import fresh_database

DAY = 86_400_000
NOW = 1_764_115_200_000  # 2025-11-26
ANA, BO = 1, 2


@pytest.fixture(params=("sqlite", pytest.param("postgres", marks=pytest.mark.postgres)))
def connection(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Connection]:
    place = Place(path=tmp_path / "record.db")
    if request.param == "postgres":
        place = Place(url=fresh_database(request.getfixturevalue("postgres_url")))
    made = connect(place, synchronous="OFF")
    owners = ("charthouse.access", "charthouse.workforce")
    migrate(made, [step for owner in owners for step in migrations(owner, "migrations", place.dialect)])
    for name in ("ana", "bo"):
        made.run(
            "INSERT INTO account (kind, name, display, created) VALUES ('person', ?, ?, 0)".replace(
                "?", "%s" if made.dialect == "postgres" else "?"
            ),
            (name, name),
        )
    yield made
    made.close()


@pytest.fixture
def planner(connection: Connection) -> Planner:
    return Planner(connection, clock=lambda: NOW)


def test_steps_are_ordered_by_what_presses_and_are_ones_own(connection: Connection, planner: Planner) -> None:
    for title, due in (
        ("later", "2026-06-01"),
        ("soon", "2025-12-01"),
        ("late", "2025-11-01"),
        ("some day", ""),
    ):
        planner.add_step(connection, ANA, {"title": title, "due": due, "kind": "exam"})
    assert [(one.title, one.state) for one in planner.steps(ANA)] == [
        ("late", "overdue"), ("soon", "soon"), ("later", "planned"), ("some day", "open"),
    ]  # fmt: skip
    assert planner.steps(BO) == []
    first = planner.steps(ANA)[0].id
    for change in (planner.drop_step, lambda *args: planner.finish(*args, is_done=True)):
        with pytest.raises(Problem) as caught:
            change(connection, BO, first)
        assert caught.value.category is Category.NOT_FOUND
    planner.finish(connection, ANA, first, is_done=True)
    assert planner.steps(ANA)[-1].state == "done"
    planner.finish(connection, ANA, first, is_done=False)
    planner.drop_step(connection, ANA, first)
    assert len(planner.steps(ANA)) == 3


def test_credits_count_within_the_period_of_the_rule_a_person_entered(
    connection: Connection, planner: Planner
) -> None:
    hold = {
        "credential": "CEHRS",
        "begins": "2024-02-29",
        "years": "2",
        "credits": "10",
        "rule": "read on the body's page",
    }
    planner.hold(connection, ANA, hold)
    for day, credits in (
        ("2024-02-28", "4"),
        ("2024-02-29", "2"),
        ("2026-02-27", "1.5"),
        ("2026-02-28", "8"),
    ):
        planner.add_credit(
            connection, ANA, {"credential": "CEHRS", "day": day, "title": "x", "credits": credits}
        )
    held = planner.held(ANA)[0]
    assert held.earned == 3.5
    assert held.ends == date(2026, 2, 28)
    assert held.share == 0.35
    planner.hold(connection, ANA, hold | {"credits": "3"})
    assert planner.held(ANA)[0].share == 1
    assert planner.held(BO) == []
    planner.drop_credential(connection, ANA, "CEHRS")
    assert len(planner.credits(ANA)) == 4


def test_a_certificate_is_kept_for_its_owner_alone(connection: Connection, planner: Planner) -> None:
    planner.hold(
        connection, ANA, {"credential": "RHIT", "begins": "2025-01-01", "years": "2", "credits": "20"}
    )
    asked = {"credential": "RHIT", "day": "2025-02-01", "title": "Course", "credits": "1"}
    planner.add_credit(connection, ANA, asked, b"%PDF-1.7 course")
    id = planner.credits(ANA)[0].id
    assert planner.certificate(ANA, id) == ("application/pdf", b"%PDF-1.7 course")
    with pytest.raises(Problem) as caught:
        planner.certificate(BO, id)
    assert caught.value.category is Category.NOT_FOUND
    for file in (b"MZ", b"%PDF-" + b"x" * LARGEST, b"<html>"):
        with pytest.raises(Problem) as caught:
            planner.add_credit(connection, ANA, asked, file)
        assert caught.value.issues[0].place == "file"


@pytest.mark.parametrize(
    ("words", "place"),
    [
        ({"title": " "}, "title"), ({"title": "x" * 301}, "title"), ({"title": "x", "kind": "crime"}, "kind"),
        ({"title": "x", "due": "31.3.2027"}, "due"), ({"title": "x", "due": "0001-01-01"}, "due"),
    ],
)  # fmt: skip
def test_a_step_that_will_not_do_is_refused_and_nothing_is_written(
    connection: Connection, planner: Planner, words: dict[str, str], place: str
) -> None:
    with pytest.raises(Problem) as caught:
        planner.add_step(connection, ANA, words)
    assert caught.value.issues[0].place == place
    assert planner.steps(ANA) == []


def test_numbers_that_are_none_are_refused(connection: Connection, planner: Planner) -> None:
    for credits in ("nan", "inf", "-1", "1e9", "many", ""):
        with pytest.raises(Problem) as caught:
            planner.hold(
                connection, ANA, {"credential": "X", "begins": "2025-01-01", "years": "2", "credits": credits}
            )
        assert caught.value.issues[0].place == "credits"


def test_a_list_has_an_end(connection: Connection, planner: Planner) -> None:
    with connection.transaction():
        for _ in range(MOST):
            planner.add_step(connection, ANA, {"title": "x"})
    with pytest.raises(Problem, match="full"):
        planner.add_step(connection, ANA, {"title": "one more"})


def test_the_directory_begins_empty_and_takes_web_addresses_only(
    connection: Connection, planner: Planner
) -> None:
    assert planner.programmes() == []
    with pytest.raises(Problem) as caught:
        planner.add_programme(connection, ANA, {"name": "P", "address": "javascript:alert(1)"})
    assert caught.value.issues[0].place == "address"
    planner.add_programme(
        connection,
        ANA,
        {"name": "P", "place": "Here", "what": "Certificate", "address": "https://example.org"},
    )
    entry = planner.programmes()[0]
    assert (entry.name, entry.checked) == ("P", date(2025, 11, 26))
    planner.drop_programme(connection, entry.id)
    assert planner.programmes() == []


def test_days_go_into_a_calendar_with_reminders_and_nothing_breaks_its_lines(
    connection: Connection, planner: Planner
) -> None:
    planner.add_step(
        connection,
        ANA,
        {"title": "Exam; with, marks\\ and ünïcödé " + "ö" * 80, "due": "2026-01-31", "kind": "exam"},
    )
    planner.hold(
        connection, ANA, {"credential": "CEHRS", "begins": "2025-01-01", "years": "2", "credits": "10"}
    )
    body = calendar(planner.steps(ANA), planner.held(ANA), planner.today())
    lines = body.split(b"\r\n")
    assert all(len(line) <= 75 for line in lines)
    joined = body.replace(b"\r\n ", b"").decode()
    assert "SUMMARY:Exam\\; with\\, marks\\\\ and ünïcödé" in joined
    assert joined.count("BEGIN:VALARM") == 2
    assert "DTSTART;VALUE=DATE:20260131" in joined
