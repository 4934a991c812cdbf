"""The letters, what became of them, and the log of a year."""

from __future__ import annotations

import csv
import io
from datetime import date

import pytest

from charthouse.access.incidents import letters, log
from charthouse.access.incidents.assessment import Assessment
from charthouse.access.incidents.clocks import (
    Notice,
)
from charthouse.access.incidents.facts import Facts
from charthouse.access.incidents.incident import Count, Letter
from charthouse.base.errors import Problem
from tests.unit.access.incidents.desk import LETTER, RATED, TODAY, Desk

# -- letters


def test_the_template_that_comes_with_the_house_says_all_that_is_asked_for() -> None:
    assert letters.checked(letters.DEFAULT)
    for name in letters.REQUIRED:
        with pytest.raises(Problem, match=r"164\.404"):
            letters.checked(letters.DEFAULT.replace("{" + name + "}", "nothing"))
    with pytest.raises(Problem, match="no such field"):
        letters.checked(letters.DEFAULT + "{ssn}")


def test_a_letter_is_filled_and_what_is_put_in_is_never_read_as_a_field() -> None:
    letter = Letter("{contact} <b>", "Your name.\n\nYour address.", "p", "d", "c")
    facts = Facts("x", date(2026, 3, 1), began=date(2026, 2, 1), ended=date(2026, 2, 3))
    parts = letters.fill(letters.DEFAULT, letter, facts, "{doing}", TODAY)
    texts = [part.text for part in parts]
    assert texts[0] == "Dear {doing},"
    assert "{contact} <b>" in texts
    assert texts[texts.index("Your name.") + 1] == "Your address."
    assert (
        "It happened between February 1, 2026 and February 3, 2026. We discovered it on March 1, 2026."
        in texts
    )
    assert next(part.text for part in parts if part.is_heading) == "What happened"


def test_a_letter_is_ready_when_it_says_all_and_has_a_way_to_ask() -> None:
    facts = Facts("x", TODAY)
    assert len(letters.missing(Letter(), facts)) == 6
    assert not letters.is_ready(Letter(), facts)
    assert letters.is_ready(LETTER, facts)
    assert not letters.is_ready(Letter("a", "b", "c", "d", "Come by some time."), facts)


def test_the_wording_is_the_clinics_and_every_wording_is_kept(desk: Desk) -> None:
    assert desk.templates.text() == letters.DEFAULT
    mine = letters.DEFAULT.replace("Dear", "Hello").strip()
    desk.write(lambda conn: desk.templates.save(conn, desk.officer, mine))
    assert desk.templates.text() == mine
    with pytest.raises(Problem):
        desk.write(lambda conn: desk.templates.save(conn, desk.officer, "Hello {name}"))
    assert desk.templates.text() == mine


def test_e_mail_goes_only_to_who_agreed_and_letters_that_came_back_are_counted(desk: Desk) -> None:
    name = desk.open()
    number = desk.incidents.get(name).id
    keys = desk.patients({"id": "ann"}, {"id": "bo"})
    desk.write(
        lambda conn: desk.affected.add(
            conn, desk.officer, number, keys.values(), source="hand", reason="Known"
        )
    )

    def mail(status: str, note: str = "", who: int = 0) -> None:
        people = [desk.affected.people(number)[who]]
        desk.write(lambda conn: desk.affected.mail(conn, desk.officer, number, people, status, TODAY, note))

    with pytest.raises(Problem, match="not agreed"):
        mail("emailed")
    with pytest.raises(Problem, match="agreed to e-mail is not said"):
        mail("agreed")
    mail("agreed", "On paper, 2 June")
    mail("emailed")
    mail("returned", who=1)
    assert desk.incidents.get(name).statuses == {"emailed": 1, "returned": 1}
    assert "substitute" in {duty.key for duty in desk.incidents.get(name).duties({})}
    assert desk.affected.people(number)[0].agreed


# -- the log


def test_the_log_of_a_year_has_the_fields_of_the_form_and_no_formula(small: Desk) -> None:
    name = small.open("=cmd|' /C calc'!A0", discovered=date(2026, 2, 1))
    small.open("Last year's", discovered=date(2025, 12, 31))
    cleared = small.open("Nothing", discovered=date(2026, 2, 2))
    low = Assessment((RATED,) * 4, "low", "w")
    small.write(lambda conn: small.incidents.assess(conn, small.officer, cleared, low))
    small.write(
        lambda conn: small.incidents.notice(conn, small.officer, name, Notice("individuals", TODAY, "Post"))
    )
    found = log.lines(small.incidents.all(), 2026, {})
    assert [line.name for line in found] == [name]
    row = next(csv.DictReader(io.StringIO(log.table(found))))
    assert row["Brief description of the breach"] == "'=cmd|' /C calc'!A0"
    assert row["Date individual notices provided"] == "2026-06-15"
    assert row["Type of breach"] == "Unauthorized Access/Disclosure"
    assert row["Breach affecting"] == "Fewer than 500 individuals"
    assert log.years(small.incidents.all(), 2026) == [2026, 2025]


def test_an_incident_opened_from_a_review_keeps_its_events_and_accounts(desk: Desk) -> None:
    name = desk.open(source="Review of the audit", events=[3, 3, 1], accounts=[desk.nurse.id])
    started = desk.incidents.get(name).last("start")
    assert started
    assert started.body.events == (3, 1)  # type: ignore[union-attr]
    desk.write(lambda conn: desk.incidents.counted(conn, desk.officer, name, Count("Events 1, 3", 2, 2)))
    assert [one.kind for one in desk.incidents.get(name).entries] == ["start", "facts", "count"]
    assert desk.incidents.all()[0].name == name
    with pytest.raises(Problem):
        desk.incidents.get("nope")
