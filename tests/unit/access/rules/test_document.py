"""Policies as documents: what is wrong is named at its place, and what comes with the program is right."""

from __future__ import annotations

import json
from importlib import resources
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from charthouse.access.rules.document import Reader
from charthouse.access.rules.node import (
    ALWAYS,
    Aged,
    Caring,
    Consented,
    Criteria,
    ForUse,
    Labelled,
    Mine,
    Not,
    UnderGlass,
    every,
    negated,
    some,
)
from charthouse.access.rules.types import groups
from charthouse.base.errors import Problem, invalid
from charthouse.fhir.definitions import load

DEFINITIONS = load()
GROUPS = groups(DEFINITIONS)


def asked(type: str, params: Any) -> None:
    for name, _ in params:
        if name not in DEFINITIONS.search_params(type):
            raise invalid("not-found", f"{type} has no {name}.", place=name)


READER = Reader(GROUPS, asked, lambda type: DEFINITIONS.type(type).elements)


def policy(*rules: dict[str, Any], **more: Any) -> str:
    return json.dumps({"policy": "p", "roles": ["nurse"], "rules": rules, **more})


def refused(text: str) -> list[tuple[str | None, str | None]]:
    with pytest.raises(Problem) as caught:
        READER.read(text)
    return [(issue.place, issue.repair) for issue in caught.value.issues]


SHIPPED = [
    file
    for file in (resources.files("charthouse.access.rules") / "shipped").iterdir()
    if file.name.endswith(".json")
]


@pytest.mark.parametrize("file", SHIPPED, ids=lambda file: file.name)
def test_what_comes_with_the_program_can_be_read(file: Any) -> None:
    document = READER.read(file.read_text())
    assert document.grants
    assert document.name == file.name[:-5]


def test_a_rule_becomes_a_grant_for_each_role_and_client() -> None:
    document = READER.read(policy({"allow": ["read"], "on": ["Patient", "Observation"]}, clients=["lab"]))
    assert [grant.role for grant in document.grants] == ["nurse", "client:lab"]
    assert document.grants[0].types == {"Patient", "Observation"}
    assert document.grants[0].where == ALWAYS


def test_conditions_hold_together_and_one_exception_lifts_the_rule() -> None:
    rule = {
        "deny": ["*"], "on": ["Observation"],
        "where": {"labels": ["ETH", "s|R"], "criteria": "category=laboratory"},
        "unless": {"care": True, "glass": True, "purpose": ["ETREAT"], "consent": ["ETH"]},
    }  # fmt: skip
    (grant,) = READER.read(policy(rule)).grants
    where = every([Labelled(((None, "ETH"), ("s", "R"))), Criteria((("category", "laboratory"),))])
    lifted = some([Caring(), UnderGlass(), ForUse(frozenset({"ETREAT"})), Consented(((None, "ETH"),))])
    assert grant.where == every([where, negated(lifted)])


def test_a_condition_can_be_turned_around() -> None:
    (grant,) = READER.read(policy({"allow": ["read"], "on": ["Patient"], "where": {"own": False}})).grants
    assert grant.where == Not(Mine())


def test_an_age_is_in_full_years() -> None:
    rule = {"deny": ["read"], "on": ["@patient"], "where": {"age": {"from": 12, "to": 17}}}
    assert READER.read(policy(rule)).grants[0].where == Aged(12, 17)


WRONG: list[tuple[dict[str, Any], str]] = [
    ({"on": ["Patient"]}, "rules[0]"),
    ({"allow": ["read"], "deny": ["read"], "on": ["Patient"]}, "rules[0]"),
    ({"allow": ["read"], "on": []}, "rules[0].on"),
    ({"allow": ["read"], "on": ["Pateint"]}, "rules[0].on"),
    ({"allow": ["raed"], "on": ["Patient"]}, "rules[0].allow"),
    ({"allow": ["read"], "on": ["Patient"], "where": {"lable": ["R"]}}, "rules[0].where.lable"),
    ({"allow": ["read"], "on": ["Patient"], "where": {"labels": "R"}}, "rules[0].where.labels"),
    ({"allow": ["read"], "on": ["Patient"], "where": {"labels": [""]}}, "rules[0].where.labels"),
    ({"allow": ["read"], "on": ["Patient"], "where": {"own": "yes"}}, "rules[0].where.own"),
    ({"allow": ["read"], "on": ["*"], "where": {"criteria": "status=final"}}, "rules[0].where.criteria"),
    ({"allow": ["read"], "on": ["Patient"], "where": {"criteria": "colour=red"}}, "rules[0].where.criteria"),
    ({"allow": ["read"], "on": ["Patient"], "where": {"criteria": ""}}, "rules[0].where.criteria"),
    ({"allow": ["read"], "on": ["Patient"], "where": {"age": {"from": 18, "to": 12}}}, "rules[0].where.age"),
    ({"allow": ["read"], "on": ["Patient"], "where": {"age": {"from": True}}}, "rules[0].where.age"),
    ({"hide": ["telecom"], "on": ["*"]}, "rules[0].hide"),
    ({"hide": ["id"], "on": ["Patient"]}, "rules[0].hide"),
    ({"hide": ["telecom"], "on": ["Patient"], "where": {"own": True}}, "rules[0].where"),
]


@pytest.mark.parametrize(("rule", "place"), WRONG)
def test_what_is_wrong_is_named_at_its_place(rule: dict[str, Any], place: str) -> None:
    assert [found for found, _ in refused(policy(rule))] == [place]


def test_every_mistake_of_a_document_is_told_at_once() -> None:
    rules = ({"allow": ["raed"], "on": ["Patient"]}, {"allow": ["read"], "on": ["Pateint"]})
    assert refused(policy(*rules)) == [
        ("rules[0].allow", 'Did you mean "read"?'), ("rules[1].on", 'Did you mean "Patient"?'),
    ]  # fmt: skip


def test_a_policy_that_is_about_nobody_or_has_no_name_is_refused() -> None:
    assert [place for place, _ in refused('{"policy": " ", "rules": []}')] == ["policy", "roles"]


def test_a_word_that_no_policy_knows_is_refused_not_passed_over() -> None:
    assert (
        refused(policy({"allow": ["read"], "on": ["Patient"], "except": {"own": True}}))[0][0] == "rules[0]"
    )


@given(st.text() | st.binary())
def test_no_text_does_more_than_be_refused(text: str | bytes) -> None:
    try:
        READER.read(text)
    except Problem:
        return
    raise AssertionError(text)
