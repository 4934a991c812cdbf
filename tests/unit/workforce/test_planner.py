"""One's own steps on both databases: they are one's own, they are checked, and they turn due by the clock."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from charthouse.base.errors import Category, Problem
from charthouse.db.connect import Connection, Place, connect
from charthouse.db.migrate import migrate, migrations
from charthouse.workforce.calendar import calendar
from charthouse.workforce.continuing import Continuing
from charthouse.workforce.directory import Directory
from charthouse.workforce.entered import ALL, LARGEST, file_name
from charthouse.workforce.planner import FORGOTTEN, MOST, Planner
from charthouse.workforce.reminders import pressing
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


@dataclass
class Clock:
    now: int = NOW

    def __call__(self) -> int:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def planner(connection: Connection, clock: Clock) -> Planner:
    return Planner(connection, clock=clock)


@pytest.fixture
def continuing(connection: Connection, planner: Planner) -> Continuing:
    return Continuing(connection, planner)


@contextmanager
def refused(category: Category = Category.NOT_FOUND, place: str | None = None) -> Iterator[None]:
    with pytest.raises(Problem) as caught:
        yield
    assert (caught.value.category, caught.value.issues[0].place) == (category, place)


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


HOLD = {
    "credential": "CEHRS",
    "begins": "2024-02-29",
    "years": "2",
    "credits": "10",
    "rule": "read on its page",
}


def test_credits_count_within_the_period_of_the_rule_a_person_entered(
    connection: Connection, continuing: Continuing
) -> None:
    continuing.hold(connection, ANA, HOLD)
    for day, credits in (
        ("2024-02-28", "4"),
        ("2024-02-29", "2"),
        ("2026-02-27", "1.5"),
        ("2026-02-28", "8"),
    ):
        continuing.add_credit(
            connection, ANA, {"credential": "CEHRS", "day": day, "title": "x", "credits": credits}
        )
    held = continuing.held(ANA)[0]
    assert (held.earned, held.share, held.missing) == (3.5, 0.35, 6.5)
    assert held.ends == date(2026, 2, 28)
    continuing.hold(connection, ANA, HOLD | {"credits": "3"})
    assert (continuing.held(ANA)[0].share, continuing.held(ANA)[0].missing) == (1, 0)
    assert continuing.held(BO) == []
    continuing.drop_credential(connection, ANA, "CEHRS")
    assert (continuing.held(ANA), len(continuing.credits(ANA))) == ([], 4)
    with refused():
        continuing.restore_credential(connection, BO, "CEHRS")
    continuing.restore_credential(connection, ANA, "CEHRS")
    assert continuing.held(ANA)[0].earned == 3.5


def test_contact_hours_become_credits_by_the_rule_and_follow_it_when_it_is_changed(
    connection: Connection, continuing: Continuing
) -> None:
    continuing.hold(connection, ANA, HOLD | {"hours": "2"})
    asked = {"credential": "CEHRS", "day": "2025-02-01", "title": "x"}
    continuing.add_credit(connection, ANA, asked | {"hours": "5"})
    continuing.add_credit(connection, ANA, asked | {"credits": "1"})
    assert sorted((one.credits, one.hours) for one in continuing.credits(ANA)) == [(1, None), (2.5, 5)]
    assert continuing.held(ANA)[0].earned == 3.5
    continuing.hold(connection, ANA, HOLD | {"hours": "0.5"})
    assert continuing.held(ANA)[0].earned == 11
    for words, place in (
        ({"hours": "1", "credits": "1"}, "hours"),
        ({"hours": "-1"}, "hours"),
        ({}, "credits"),
    ):
        with refused(Category.INVALID, place):
            continuing.add_credit(connection, ANA, asked | words)
    for hours in ("0", "nan", "-2"):
        with refused(Category.INVALID, "hours"):
            continuing.hold(connection, ANA, HOLD | {"hours": hours})


FILES = (b"%PDF-1.7 course", b"\x89PNG\r\n\x1a\n....", b"\xff\xd8\xff\xe0")
NOT_FILES = (b"MZ", b"%PDF-" + b"x" * LARGEST, b"<html>", b"PK\x03\x04", b" %PDF-1.7")


def test_a_certificate_is_kept_for_its_owner_alone(connection: Connection, continuing: Continuing) -> None:
    continuing.hold(connection, ANA, HOLD)
    asked = {"credential": "CEHRS", "day": "2025-02-01", "title": "Course", "credits": "1"}
    continuing.add_credit(connection, ANA, asked, FILES[0])
    id = continuing.credits(ANA)[0].id
    assert continuing.certificate(ANA, id) == ("application/pdf", FILES[0])
    for change in (continuing.drop_credit, continuing.restore_credit):
        with refused():
            change(connection, BO, id)
    with refused():
        continuing.certificate(BO, id)
    for file in NOT_FILES:
        with refused(Category.INVALID, "file"):
            continuing.add_credit(connection, ANA, asked, file)
    continuing.drop_credit(connection, ANA, id)
    with refused():
        continuing.certificate(ANA, id)
    continuing.restore_credit(connection, ANA, id)
    assert continuing.certificate(ANA, id)[1] == FILES[0]


def test_documents_of_a_step_stand_behind_the_same_wall(
    connection: Connection, planner: Planner, clock: Clock
) -> None:
    step = planner.add_step(connection, ANA, {"title": "Apply"}, FILES[0], "C:\\papers\\Letter <1>.exe")
    for number, file in enumerate(FILES[1:]):
        planner.add_document(connection, ANA, step, file, f"{number}.pdf")
    for file in NOT_FILES:
        with refused(Category.INVALID, "file"):
            planner.add_document(connection, ANA, step, file, "x.pdf")
    with refused():
        planner.add_document(connection, BO, step, FILES[0], "x.pdf")
    documents = planner.steps(ANA)[0].documents
    assert [one.name for one in documents] == ["Letter 1.pdf", "0.png", "1.jpg"]
    first = documents[0].id
    assert planner.document(ANA, first) == ("Letter 1.pdf", "application/pdf", FILES[0])
    for change in (planner.drop_document, planner.restore_document):
        with refused():
            change(connection, BO, first)
    with refused():
        planner.document(BO, first)
    planner.drop_document(connection, ANA, first)
    assert len(planner.steps(ANA)[0].documents) == 2
    planner.restore_document(connection, ANA, first)
    planner.drop_step(connection, ANA, step)
    with refused():
        planner.document(ANA, first)
    planner.restore_step(connection, ANA, step)
    assert planner.document(ANA, first)[2] == FILES[0]


def test_what_was_taken_out_can_be_put_back_for_a_day_and_is_gone_after_it(
    connection: Connection, planner: Planner, clock: Clock
) -> None:
    old = planner.add_step(connection, ANA, {"title": "old"}, FILES[0], "x.pdf")
    for change in (planner.drop_step, planner.restore_step, planner.drop_step):
        change(connection, ANA, old)
        with refused():
            change(connection, ANA, old)
    for change in (
        lambda: planner.finish(connection, ANA, old, is_done=True),
        lambda: planner.change_step(connection, ANA, old, {"title": "x"}),
        lambda: planner.add_document(connection, ANA, old, FILES[0], "x.pdf"),
    ):
        with refused():
            change()
    clock.now += FORGOTTEN + 1
    planner.drop_step(connection, BO, planner.add_step(connection, BO, {"title": "another's"}))
    with refused():
        planner.restore_step(connection, ANA, old)
    assert connection.one("SELECT count(*) FROM plan_document") == (0,)


def test_files_of_one_person_have_a_bound_together(
    connection: Connection, planner: Planner, continuing: Continuing, clock: Clock
) -> None:
    step = planner.add_step(connection, ANA, {"title": "x"})
    full = FILES[0].ljust(LARGEST, b"x")
    for _ in range(ALL // LARGEST):
        planner.add_document(connection, ANA, step, full, "x.pdf")
    continuing.hold(connection, ANA, HOLD)
    asked = {"credential": "CEHRS", "day": "2025-02-01", "title": "Course", "credits": "1"}
    with refused(Category.INVALID, "file"):
        continuing.add_credit(connection, ANA, asked, full)
    planner.add_step(connection, BO, {"title": "x"}, full, "x.pdf")
    planner.drop_step(connection, ANA, step)
    with refused(Category.INVALID, "file"):  # it can still be put back
        continuing.add_credit(connection, ANA, asked, full)
    clock.now += FORGOTTEN + 1
    continuing.add_credit(connection, ANA, asked, full)


@given(st.text(max_size=200), st.sampled_from(["application/pdf", "image/png", "image/jpeg"]))
def test_a_name_of_a_file_is_safe_whatever_it_was_called(said: str, media: str) -> None:
    name = file_name(said, media)
    assert name.endswith((".pdf", ".png", ".jpg"))
    assert 5 <= len(name) <= 90
    assert not name.startswith((".", " "))
    assert not set(name) & set('/\\:*?"<>|\r\n\0\u202e')


def test_a_step_is_changed_in_place(connection: Connection, planner: Planner) -> None:
    step = planner.add_step(connection, ANA, {"title": "a", "due": "2025-12-01", "kind": "exam"})
    planner.change_step(connection, ANA, step, {"title": "b", "due": "", "note": "n", "kind": "training"})
    [found] = planner.steps(ANA)
    assert (found.id, found.title, found.due, found.note, found.kind) == (step, "b", None, "n", "training")
    with refused():
        planner.change_step(connection, BO, step, {"title": "c"})
    with refused(Category.INVALID, "title"):
        planner.change_step(connection, ANA, step, {"title": ""})


def test_reminders_name_what_is_due_and_what_a_credential_lacks_and_nothing_else(
    connection: Connection, planner: Planner, continuing: Continuing
) -> None:
    today = planner.today()
    for days in (-400, -1, 0, 1, 30, 31, 500):
        due = (today + timedelta(days=days)).isoformat()
        planner.add_step(connection, ANA, {"title": f"{days}", "due": due, "kind": "exam"})
    planner.add_step(connection, ANA, {"title": "no day"})
    done = planner.add_step(connection, ANA, {"title": "done", "due": today.isoformat()})
    planner.finish(connection, ANA, done, is_done=True)
    gone = planner.add_step(connection, ANA, {"title": "gone", "due": today.isoformat()})
    planner.drop_step(connection, ANA, gone)
    for name, days, wanted in (("NEAR", 89, "1"), ("FAR", 91, "1"), ("FULL", 60, "0"), ("LAST", 30, "0")):
        begins = (today + timedelta(days=days)).replace(year=today.year - 1 + (days > 36)).isoformat()
        continuing.hold(
            connection, ANA, {"credential": name, "begins": begins, "years": "1", "credits": wanted}
        )
    found = pressing(planner.due(ANA), continuing.held(ANA), today)
    assert [one.title for one in found] == ["-400", "-1", "0", "1", "30", "Renew LAST", "Renew NEAR"]
    assert [one.said for one in found[:4]] == ["400 days overdue", "1 day overdue", "today", "tomorrow"]
    assert found[-1].detail == "0 of 1 credits: 1 missing"
    assert pressing(planner.due(BO), continuing.held(BO), today) == []


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


def test_numbers_that_are_none_are_refused(connection: Connection, continuing: Continuing) -> None:
    for credits in ("nan", "inf", "-1", "1e9", "many", ""):
        with pytest.raises(Problem) as caught:
            continuing.hold(
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
    connection: Connection, clock: Clock
) -> None:
    directory = Directory(connection, clock=clock)
    assert directory.all() == []
    for address in ("javascript:alert(1)", "https:", "ftp://example.org"):
        with refused(Category.INVALID, "address"):
            directory.add(connection, ANA, {"name": "P", "address": address})
    words = {"name": "P", "place": "Here", "what": "Certificate", "address": "https://example.org"}
    directory.add(connection, ANA, words)
    [entry] = directory.all()
    assert (entry.name, entry.checked) == ("P", date(2025, 11, 26))
    clock.now += 2 * DAY
    directory.change(connection, BO, entry.id, words | {"name": "Q"})
    assert [(one.name, one.checked) for one in directory.all()] == [("Q", date(2025, 11, 28))]
    directory.drop(connection, entry.id)
    assert directory.all() == []
    for change in (directory.drop, lambda *args: directory.change(args[0], ANA, args[1], words)):
        with refused():
            change(connection, entry.id)
    directory.restore(connection, entry.id)
    assert [one.name for one in directory.all()] == ["Q"]


def test_days_go_into_a_calendar_with_reminders_and_nothing_breaks_its_lines(
    connection: Connection, planner: Planner, continuing: Continuing
) -> None:
    planner.add_step(
        connection,
        ANA,
        {"title": "Exam; with, marks\\ and ünïcödé " + "ö" * 80, "due": "2026-01-31", "kind": "exam"},
    )
    continuing.hold(
        connection, ANA, {"credential": "CEHRS", "begins": "2025-01-01", "years": "2", "credits": "10"}
    )
    body = calendar(planner.steps(ANA), continuing.held(ANA), planner.today())
    lines = body.split(b"\r\n")
    assert all(len(line) <= 75 for line in lines)
    joined = body.replace(b"\r\n ", b"").decode()
    assert "SUMMARY:Exam\\; with\\, marks\\\\ and ünïcödé" in joined
    assert joined.count("BEGIN:VALARM") == 2
    assert "DTSTART;VALUE=DATE:20260131" in joined
