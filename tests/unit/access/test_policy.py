"""Policy: shut by default, a denial beats every permission, and no scope opens more than the roles do."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from charthouse.access.actor import NOBODY, SYSTEM, Actor
from charthouse.access.policy import Policy
from charthouse.access.rules.grant import Grant
from charthouse.access.rules.node import ALWAYS, Criteria, Homes, Labelled, Mine, Node, Not, every
from charthouse.access.rules.rights import compile_rule
from charthouse.access.scopes import INTERACTIONS, resources
from charthouse.access.sessions import SCOPES
from charthouse.base.errors import Problem, http_status
from charthouse.fhir.definitions import load
from tests import cast
from tests.unit.access.house import House

TYPES = load().resource_types
TODAY = date(2026, 11, 26)
ANY = frozenset({"*"})


def policy(*grants: Grant) -> Policy:
    return Policy(lambda: grants, lambda: 1)


def allow(role: str, type_name: str = "*", *words: str, **more: object) -> Grant:
    return Grant(role, "allow", frozenset({type_name}), frozenset(words) or ANY, **more)  # type: ignore[arg-type]


def deny(role: str, type_name: str = "*", *words: str, **more: object) -> Grant:
    return Grant(role, "deny", frozenset({type_name}), frozenset(words) or ANY, **more)  # type: ignore[arg-type]


def actor(*roles: str, scopes: frozenset[str] = SCOPES, patient: int | None = None) -> Actor:
    return Actor(7, "x", frozenset(roles), "web", scopes, session="session:7", patient=patient)


def opened(rules: Policy, who: Actor) -> set[tuple[str, str]]:
    return {(name, word) for name in (*TYPES, "*") for word in INTERACTIONS if rules.may(who, name, word)}


def test_default_deny_nothing_is_open_where_no_rule_opens_it() -> None:
    assert opened(policy(), actor("clinician", "administrator")) == set()


def test_default_deny_a_role_gets_only_what_its_rules_name() -> None:
    rules = policy(allow("a", "Patient", "read"))
    assert opened(rules, actor("a")) == {("Patient", "read")}
    assert opened(rules, actor("b")) == set()


def test_default_deny_an_actor_without_scopes_may_do_nothing() -> None:
    assert opened(policy(allow("a")), actor("a", scopes=frozenset())) == set()


def test_default_deny_nobody_may_do_nothing() -> None:
    assert opened(policy(allow("a")), NOBODY) == set()


@pytest.mark.parametrize("member", cast.SHUT_OUT, ids=lambda member: member.name)
def test_default_deny_those_without_a_rule_see_nothing_in_a_fresh_record(
    house: House, member: cast.Member
) -> None:
    assert opened(house.policy, member.at_the_screen()) == set()


def test_a_denial_beats_every_permission() -> None:
    rules = policy(allow("a"), allow("b", "Patient", "read"), deny("c", "Patient", "read"))
    assert rules.may(actor("a", "b"), "Patient", "read")
    assert not rules.may(actor("a", "b", "c"), "Patient", "read")
    assert rules.may(actor("a", "b", "c"), "Patient", "search")


def test_a_denial_beats_a_system_scope() -> None:
    who = actor("held", scopes=frozenset({"system/*.cruds"}))
    assert policy().may(who, "Patient", "delete")
    assert not policy(deny("held", "Patient", "delete")).may(who, "Patient", "delete")


def test_a_denial_of_one_type_shuts_the_whole_record() -> None:
    rules = policy(allow("a"), deny("a", "AuditEvent", "search"))
    assert not rules.may(actor("a"), "*", "search")
    assert rules.may(actor("a"), "*", "read")
    assert rules.types(actor("a"), "search", ["Patient", "AuditEvent"]) == ["Patient"]


GRANTS = st.lists(
    st.builds(
        Grant,
        st.sampled_from("ab"),
        st.sampled_from(["allow", "deny"]),
        st.frozensets(st.sampled_from(["*", "Patient", "Observation"]), min_size=1),
        st.frozensets(st.sampled_from(("*", *INTERACTIONS)), min_size=1, max_size=3),
        st.sampled_from([ALWAYS, Mine(), Labelled(((None, "R"),))]),
    ),
    max_size=6,
)
SOME_SCOPES = st.frozensets(
    st.sampled_from(["user/*.cruds", "user/Patient.r", "patient/*.rs", "system/Observation.s"]), max_size=3
)


@given(GRANTS, SOME_SCOPES, st.sampled_from("ab"), st.sampled_from(["Patient", "Observation"]))
def test_adding_a_denial_never_opens_anything(
    grants: list[Grant], granted: frozenset[str], role: str, type_name: str
) -> None:
    who = actor("a", "b", scopes=granted, patient=3)
    before = compile_rule(who, type_name, grants, resources(granted), today=TODAY)
    after = compile_rule(who, type_name, [*grants, deny(role, type_name)], resources(granted), today=TODAY)
    assert after.open <= before.open


@given(GRANTS, SOME_SCOPES, st.sampled_from(["Patient", "Observation", "Condition"]))
def test_a_person_s_scopes_never_open_more_than_the_roles(
    grants: list[Grant], granted: frozenset[str], type_name: str
) -> None:
    mine = {scope for scope in granted if not scope.startswith("system/")}
    who = actor("a", "b", scopes=frozenset(mine), patient=3)
    full = replace(who, scopes=frozenset({"user/*.cruds"}))
    narrow = compile_rule(who, type_name, grants, resources(who.scopes), today=TODAY)
    assert narrow.open <= compile_rule(full, type_name, grants, resources(full.scopes), today=TODAY).open


def test_a_token_for_a_person_opens_only_what_scope_and_roles_open_together() -> None:
    rules = policy(allow("a", "*", "read", "search"))
    who = actor("a", scopes=frozenset({"user/Observation.cruds"}))
    assert opened(rules, who) == {("Observation", "read"), ("Observation", "search")}


def test_a_patient_scope_narrows_to_the_compartment_of_its_patient() -> None:
    rules = policy(allow("a"))
    who = actor("a", scopes=frozenset({"patient/Observation.rs?category=laboratory"}), patient=42)
    assert rules.may(who, "Observation", "read")
    assert rules.narrow(who, "Observation") == every(
        [Criteria((("category", "laboratory"),)), Homes(frozenset({42}))]
    )


def test_a_patient_scope_without_a_patient_opens_nothing() -> None:
    assert opened(policy(allow("a")), actor("a", scopes=frozenset({"patient/*.cruds"}))) == set()


def test_a_rule_about_the_own_record_opens_nothing_to_who_has_none() -> None:
    rules = policy(allow("a", "Observation", "read", where=Mine()))
    assert not rules.may(actor("a"), "Observation", "read")
    assert rules.may(actor("a", patient=9), "Observation", "read")
    assert rules.narrow(actor("a", patient=9), "Observation") == Homes(frozenset({9}))


def test_rows_that_are_denied_stay_hidden_where_everything_else_is_open() -> None:
    restricted: Node = Labelled(((None, "R"),))
    rules = policy(allow("a"), deny("a", "Observation", "read", where=restricted))
    assert rules.narrow(actor("a"), "Observation") == Not(restricted)
    assert rules.narrow(actor("a"), "Condition") is None


def test_hidden_elements_leave_the_rows_as_they_are() -> None:
    hide = Grant("a", "hide", frozenset({"Patient"}), ANY, fields=frozenset({"telecom"}))
    rules = policy(allow("a"), hide)
    assert rules.may(actor("a"), "Patient", "read")
    assert rules.narrow(actor("a"), "Patient") is None
    assert rules.hidden(actor("a"), "Patient") == {"telecom"}
    assert rules.hidden(actor("a"), "Practitioner") == frozenset()


def test_a_patient_scope_leaves_people_and_places_open() -> None:
    rules = Policy(lambda: [allow("a")], lambda: 1, {"Observation"})
    who = actor("a", scopes=frozenset({"patient/*.rs"}), patient=42)
    assert rules.narrow(who, "Observation") == Homes(frozenset({42}))
    assert rules.narrow(who, "Practitioner") is None


def test_things_of_the_house_are_not_reached_by_a_star_nor_by_a_system_scope() -> None:
    assert not policy(allow("a")).may(actor("a"), "people", "update")
    assert policy(allow("a", "people")).may(actor("a"), "people", "update")
    assert not policy(allow("a", "people")).may(
        actor("a", scopes=frozenset({"user/Patient.rs"})), "people", "update"
    )
    assert not policy(allow("a", "people")).may(SYSTEM, "people", "update")


def test_what_is_shut_is_403_and_names_type_and_interaction_only() -> None:
    with pytest.raises(Problem) as caught:
        policy().require(actor("a"), "Patient", "delete")
    assert http_status(caught.value) == 403
    assert "delete" in str(caught.value)
    assert "Patient" in str(caught.value)


def test_clinicians_of_a_fresh_record_read_and_write_charts_but_delete_nothing(
    house: House, doctor: Actor
) -> None:
    for name in ("Patient", "Observation", "MedicationRequest"):
        for word in ("read", "search", "history", "create", "update", "patch"):
            assert house.policy.may(doctor, name, word), (name, word)
        assert not house.policy.may(doctor, name, "delete")
        assert not house.policy.may(doctor, name, "export")
    assert house.policy.may(doctor, "ValueSet", "read")
    assert not house.policy.may(doctor, "ValueSet", "update")


def test_administrators_of_a_fresh_record_may_do_everything_but_write_the_audit(
    house: House, administrator: Actor
) -> None:
    shut = {(name, word) for name in TYPES for word in INTERACTIONS} - opened(house.policy, administrator)
    assert shut == {("AuditEvent", word) for word in ("create", "update", "update-create", "patch", "delete")}


def test_the_system_may_do_everything_with_resources(house: House) -> None:
    assert opened(house.policy, SYSTEM) == {(name, word) for name in (*TYPES, "*") for word in INTERACTIONS}


def test_rights_are_compiled_once_for_an_actor() -> None:
    rules = policy(allow("a"))
    assert rules.rights(actor("a")) is rules.rights(actor("a"))
    assert rules.rights(actor("a")) is not rules.rights(actor("a", patient=1))
