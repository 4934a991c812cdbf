"""What is written down about an incident, who decides what, and that nothing is overwritten."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest

from charthouse.access.incidents.assessment import Assessment, Factor, standing
from charthouse.access.incidents.clocks import (
    Notice,
    Rule,
)
from charthouse.access.incidents.facts import Facts
from charthouse.base.errors import Problem
from tests.unit.access.incidents.desk import NOW, RATED, TODAY, Desk

# -- decisions


def test_a_breach_is_presumed_until_something_else_is_shown() -> None:
    low = Assessment((RATED,) * 4, "low", "Why")
    assert standing(is_secured=False, exception="", assessment=None) == "presumed"
    assert standing(is_secured=False, exception="", assessment=low) == "low"
    assert standing(is_secured=False, exception="workforce", assessment=None) == "excepted"
    assert (
        standing(is_secured=True, exception="", assessment=Assessment((RATED,) * 4, "breach", "y"))
        == "secured"
    )


def test_a_low_probability_needs_every_factor_and_a_breach_only_its_reasons(small: Desk) -> None:
    name = small.open()
    for gap in range(4):
        factors: Any = tuple(Factor() if place == gap else RATED for place in range(4))
        with pytest.raises(Problem) as caught:
            small.write(
                lambda conn, f=factors: small.incidents.assess(
                    conn, small.officer, name, Assessment(f, "low", "w")
                )
            )
        assert caught.value.issues[0].place == ("nature", "person", "acquired", "mitigated")[gap]
    small.write(
        lambda conn: small.incidents.assess(
            conn, small.officer, name, Assessment((Factor(),) * 4, "breach", "Plain.")
        )
    )
    assert small.incidents.get(name).standing == "breach"


def test_another_assessment_keeps_the_one_before_with_who_and_when(desk: Desk) -> None:
    name = desk.open()
    for conclusion in ("low", "breach"):
        desk.write(
            lambda conn, c=conclusion: desk.incidents.assess(
                conn, desk.officer, name, Assessment((RATED,) * 4, c, "w")
            )
        )
    incident = desk.incidents.get(name)
    kept = [(one.body.conclusion, one.actor, one.at) for one in incident.every("assessment")]  # type: ignore[union-attr]
    assert kept == [("low", desk.officer.id, NOW), ("breach", desk.officer.id, NOW)]
    assert incident.standing == "breach"


def test_nothing_is_overwritten_not_even_by_somebody_with_the_database_open(desk: Desk) -> None:
    name = desk.open()
    connection = desk.clinic.record.connection()
    for table in ("incident", "incident_entry"):
        for statement in (f"UPDATE {table} SET actor = 2", f"DELETE FROM {table}"):
            with (
                pytest.raises(Exception, match=r"only added to|reported"),
                connection.transaction(),
            ):
                connection.run(statement)
    assert desk.incidents.get(name).facts.title == "A chart was opened"


def test_facts_are_changed_on_top_of_what_was_seen_or_not_at_all(desk: Desk) -> None:
    name = desk.open()
    entry = desk.incidents.get(name).last("facts")
    assert entry
    change = lambda conn: desk.incidents.change(conn, desk.officer, name, Facts("New", TODAY), seen=entry.id)  # noqa: E731
    desk.write(change)
    with pytest.raises(Problem, match="Somebody else"):
        desk.write(change)
    assert [one.body.title for one in desk.incidents.get(name).every("facts")] == [
        "A chart was opened",
        "New",
    ]  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("facts", "place"),
    [
        (Facts("", TODAY), "title"),
        (Facts("x" * 161, TODAY), "title"),
        (Facts("x", TODAY + timedelta(days=1)), "discovered"),
        (Facts("x", TODAY, diligent=TODAY + timedelta(days=1)), "diligent"),
        (Facts("x", date(2026, 1, 1), began=date(2026, 1, 2)), "began"),
        (Facts("x", TODAY, began=date(2026, 1, 2), ended=date(2026, 1, 1)), "began"),
        (Facts("x", date(1990, 1, 1)), "discovered"),
        (Facts("x", TODAY, kind="aliens"), "kind"),
        (Facts("x", TODAY, locations=("moon",)), "locations"),
        (Facts("x", TODAY, exception="iv"), "exception"),
        (Facts("x", TODAY, exception="workforce"), "exception_why"),
        (Facts("x", TODAY, is_secured=True), "secured_why"),
        (Facts("x", TODAY, estimate=-1), "estimate"),
        (Facts("x", TODAY, happened="y" * 8001), "happened"),
    ],
)
def test_facts_that_do_not_hold_together_name_their_field(small: Desk, facts: Facts, place: str) -> None:
    name = small.open()
    seen = small.incidents.get(name).last("facts")
    assert seen
    with pytest.raises(Problem) as caught:
        small.write(lambda conn: small.incidents.change(conn, small.officer, name, facts, seen=seen.id))
    assert caught.value.issues[0].place == place
    assert small.incidents.get(name).last("facts") == seen


def test_an_incident_closes_when_it_is_decided_and_everybody_was_told(small: Desk) -> None:
    name = small.open(discovered=date(2026, 6, 1))
    shut = lambda conn: small.incidents.state(conn, small.officer, name, is_closed=True, why="Done")  # noqa: E731
    with pytest.raises(Problem, match="Nobody has decided"):
        small.write(shut)
    breach = Assessment((RATED,) * 4, "breach", "w")
    small.write(lambda conn: small.incidents.assess(conn, small.officer, name, breach))
    with pytest.raises(Problem, match="Each person affected"):
        small.write(shut)
    for duty in ("individuals", "hhs"):
        small.write(
            lambda conn, d=duty: small.incidents.notice(conn, small.officer, name, Notice(d, TODAY, "Post"))
        )
    small.write(shut)
    assert small.incidents.get(name).is_closed
    small.write(
        lambda conn: small.incidents.state(conn, small.officer, name, is_closed=False, why="More came up")
    )
    assert not small.incidents.get(name).is_closed


@pytest.mark.parametrize("duty", ["nobody", "media:TX"])
def test_a_notice_that_is_not_owed_cannot_be_given(small: Desk, duty: str) -> None:
    name = small.open()
    with pytest.raises(Problem, match="not owed"):
        small.write(
            lambda conn: small.incidents.notice(conn, small.officer, name, Notice(duty, TODAY, "Post"))
        )
    early = Notice("individuals", TODAY - timedelta(days=1), "Post")
    with pytest.raises(Problem, match="cannot have been given"):
        small.write(lambda conn: small.incidents.notice(conn, small.officer, name, early))


def test_rules_of_states_are_rows_and_a_later_row_of_the_name_holds(desk: Desk) -> None:
    assert desk.incidents.rules() == {}
    rule = Rule("CO", "Attorney General", 30, "C.R.S. 6-1-716", 500)
    name = desk.write(lambda conn: desk.incidents.rule(conn, desk.officer, rule))
    off = Rule("CO", "Attorney General", 30, "C.R.S. 6-1-716", 500, active=False)
    desk.write(lambda conn: desk.incidents.rule(conn, desk.officer, off, name))
    assert desk.incidents.rules() == {name: off}
    with pytest.raises(Problem, match="no such state"):
        desk.write(lambda conn: desk.incidents.rule(conn, desk.officer, Rule("ZZ", "x", 1, "y")))
