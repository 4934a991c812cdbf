"""SMART scopes: what each text opens, and what is not a scope at all."""

from __future__ import annotations

import pytest

from charthouse.access import scopes
from charthouse.base.errors import Problem, http_status

# scope, type, interactions it opens on that type
TABLE = [
    ("system/*.cruds", "Observation", set(scopes.INTERACTIONS)),
    ("system/*.cruds", "*", set(scopes.INTERACTIONS)),
    ("user/Observation.rs", "Observation",
     {"read", "vread", "history", "print", "search", "history-type", "history-system", "export"}),
    ("user/Observation.rs", "Condition", set()),
    ("user/Observation.rs", "*", set()),
    ("user/Observation.r", "Observation", {"read", "vread", "history", "print"}),
    ("user/Observation.s", "Observation", {"search", "history-type", "history-system"}),
    ("patient/Condition.c", "Condition", {"create"}),
    ("patient/Condition.u", "Condition", {"update", "patch"}),
    ("patient/Condition.d", "Condition", {"delete"}),
    ("user/*.cud", "Encounter", {"create", "update", "patch", "delete", "update-create"}),
    # version 1
    ("user/Observation.read", "Observation",
     {"read", "vread", "history", "print", "search", "history-type", "history-system", "export"}),
    ("user/Observation.write", "Observation", {"create", "update", "patch", "delete", "update-create"}),
    ("user/Observation.*", "Observation", set(scopes.INTERACTIONS)),
    # a star stands for resource types, never for things of the house
    ("system/*.cruds", "account", set()),
]  # fmt: skip


@pytest.mark.parametrize(("text", "type_name", "opened"), TABLE)
def test_a_scope_opens_exactly_its_interactions(text: str, type_name: str, opened: set[str]) -> None:
    scope = scopes.parse(text)
    assert scope is not None
    assert {word for word in scopes.INTERACTIONS if scope.opens(type_name, word)} == opened


@pytest.mark.parametrize("word", ["", "reed", "CREATE", "$everything", "r"])
def test_an_interaction_that_is_not_known_is_shut_for_every_scope(word: str) -> None:
    scope = scopes.parse("system/*.cruds")
    assert scope is not None
    assert not scope.opens("Patient", word)


@pytest.mark.parametrize(
    "text",
    ["system/*", "system/*.", "system/*.sr", "system/*.crudsx", "System/*.r", "system/observation.r", "admin/*.r",
     "system/Observation.rs?", "system/Obs ervation.r", "*", "", "system/**.r", "launch/practice", "system/*.rr"],
)  # fmt: skip
def test_what_is_not_a_scope_is_refused_and_named(text: str) -> None:
    with pytest.raises(Problem) as caught:
        scopes.parse(text)
    assert http_status(caught.value) == 400
    assert caught.value.issues[0].value == text


@pytest.mark.parametrize("text", sorted(scopes.OTHERS))
def test_a_scope_about_launch_or_person_opens_no_resource(text: str) -> None:
    assert scopes.parse(text) is None
    assert scopes.resources([text]) == ()


def test_criteria_after_the_question_mark_are_kept() -> None:
    scope = scopes.parse("patient/Observation.rs?category=laboratory&status=final")
    assert scope is not None
    assert scope.criteria == (("category", "laboratory"), ("status", "final"))


def test_a_scope_of_another_context_or_of_no_type_is_refused() -> None:
    scopes.require_known({"user/Patient.r", "openid"}, ("user", "patient"), {"Patient"})
    with pytest.raises(Problem, match="system/ scope cannot be given here"):
        scopes.require_known({"system/Patient.r"}, ("user", "patient"))
    with pytest.raises(Problem, match="no such resource type"):
        scopes.require_known({"user/Patiant.r"}, ("user",), {"Patient"})


def test_a_list_is_split_at_any_blank() -> None:
    assert scopes.split(" user/Patient.r\n system/*.s ") == {"user/Patient.r", "system/*.s"}
