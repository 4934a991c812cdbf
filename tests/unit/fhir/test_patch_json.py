"""JSON Patch: every operation, and messages that name the operation, the path and the value."""

from __future__ import annotations

from copy import deepcopy
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from charthouse.base.errors import Category, Problem, http_status
from charthouse.fhir.patch import json_patch
from charthouse.fhir.resource import dump, parse

PATIENT: dict[str, Any] = {
    "resourceType": "Patient",
    "name": [{"given": ["Ada", "Bea"], "family": "Xi"}],
    "active": True,
    "a/b~c": 1,
}


def patched(*operations: dict[str, Any]) -> dict[str, Any]:
    untouched = deepcopy(PATIENT)
    found = json_patch(PATIENT, list(operations))
    assert untouched == PATIENT
    return found


def refused(*operations: Any) -> Problem:
    untouched = deepcopy(PATIENT)
    with pytest.raises(Problem) as caught:
        json_patch(PATIENT, list(operations))
    assert untouched == PATIENT
    return caught.value


def test_every_operation_does_its_work() -> None:
    given = ("name", 0, "given")
    for operation, place, expected in (
        ({"op": "add", "path": "/gender", "value": "female"}, ("gender",), "female"),
        ({"op": "add", "path": "/active", "value": False}, ("active",), False),
        ({"op": "add", "path": "/name/0/given/0", "value": "Cy"}, given, ["Cy", "Ada", "Bea"]),
        ({"op": "add", "path": "/name/0/given/2", "value": "Cy"}, given, ["Ada", "Bea", "Cy"]),
        ({"op": "add", "path": "/name/0/given/-", "value": "Cy"}, given, ["Ada", "Bea", "Cy"]),
        ({"op": "remove", "path": "/name/0/given/0"}, given, ["Bea"]),
        ({"op": "replace", "path": "/name/0/given/1", "value": "Cy"}, given, ["Ada", "Cy"]),
        ({"op": "replace", "path": "/a~1b~0c", "value": 2}, ("a/b~c",), 2),
        ({"op": "move", "from": "/name/0/given/0", "path": "/name/0/given/1"}, given, ["Bea", "Ada"]),
        ({"op": "copy", "from": "/name/0", "path": "/name/-"}, ("name", 1, "family"), "Xi"),
        ({"op": "test", "path": "/name/0/given", "value": ["Ada", "Bea"]}, given, ["Ada", "Bea"]),
        ({"op": "replace", "path": "", "value": {"resourceType": "Group"}}, ("resourceType",), "Group"),
    ):
        found: Any = patched(operation)
        for step in place:
            found = found[step]
        assert found == expected, operation


def test_operations_see_what_those_before_them_did() -> None:
    found = patched(
        {"op": "add", "path": "/contact", "value": [{}]},
        {"op": "copy", "from": "/name/0", "path": "/contact/0/name"},
        {"op": "remove", "path": "/name"},
        {"op": "test", "path": "/contact/0/name/family", "value": "Xi"},
    )
    assert found["contact"] == [{"name": PATIENT["name"][0]}]
    assert "name" not in found


def test_a_failing_operation_undoes_those_before_it() -> None:
    refused({"op": "remove", "path": "/name"}, {"op": "test", "path": "/active", "value": False})


def test_a_copy_and_its_origin_are_two() -> None:
    found = patched(
        {"op": "copy", "from": "/name/0", "path": "/name/-"},
        {"op": "replace", "path": "/name/1/family", "value": "Yu"},
    )
    assert [name["family"] for name in found["name"]] == ["Xi", "Yu"]


@pytest.mark.parametrize(
    ("operation", "status", "value", "word"),
    [
        ({"op": "test", "path": "/active", "value": False}, 422, "true", "not false"),
        ({"op": "test", "path": "/active", "value": 1}, 422, "true", "not 1"),
        ({"op": "test", "path": "/a~1b~0c", "value": "1"}, 422, "1", "is not 1"),
        ({"op": "remove", "path": "/gender"}, 422, "gender", "nothing at '/gender'"),
        ({"op": "replace", "path": "/gender", "value": "x"}, 422, "gender", "nothing"),
        ({"op": "add", "path": "/contact/0", "value": {}}, 422, "contact", "nothing at '/contact'"),
        ({"op": "add", "path": "/active/x", "value": 1}, 422, "x", "true holds nothing"),
        ({"op": "add", "path": "/name/3", "value": {}}, 422, "3", "ends at 1"),
        ({"op": "add", "path": "/name/01", "value": {}}, 422, "01", "no index"),
        ({"op": "remove", "path": "/name/-"}, 422, "-", "no index"),
        ({"op": "remove", "path": "/name/-1"}, 422, "-1", "no index"),
        ({"op": "move", "from": "/name", "path": "/name/0/x"}, 422, "/name", "into itself"),
        ({"op": "remove", "path": ""}, 422, None, "whole resource"),
        ({"op": "replace", "path": "", "value": 3}, 422, "3", "no object"),
        ({"op": "merge", "path": "/active"}, 400, "merge", "add, remove"),
        ({"op": ["add"], "path": "/active"}, 400, "an array", "add, remove"),
        ({"op": "add", "path": "/active"}, 400, None, "value is missing"),
        ({"op": "add", "path": "active", "value": 1}, 400, "active", "no JSON Pointer"),
        ({"op": "add", "path": "/a~2", "value": 1}, 400, "/a~2", "no JSON Pointer"),
        ({"op": "add", "value": 1}, 400, "null", "no JSON Pointer"),
        ({"op": "move", "path": "/active"}, 400, "null", "from is no JSON Pointer"),
        ("remove", 400, "remove", "not an object"),
    ],
)  # fmt: skip
def test_a_failure_names_operation_path_and_value(
    operation: Any, status: int, value: str | None, word: str
) -> None:
    fine = {"op": "test", "path": "/active", "value": True}
    failure = refused(fine, operation)
    issue = failure.issues[0]
    assert http_status(failure) == status
    assert issue.value == value
    assert word in issue.sentence()
    if isinstance(operation, dict) and operation.get("path") != "":
        assert "Operation 1" in issue.message
        assert issue.place is not None
        assert str(operation.get("path")) in (issue.place, issue.value) or "[1]" in issue.place


def test_numbers_are_tested_by_value_and_keep_their_digits() -> None:
    tree = parse(b'{"resourceType": "Observation", "valueQuantity": {"value": 72.50}, "n": 1.0e2}')
    test = [
        {"op": "test", "path": "/valueQuantity/value", "value": 72.5},
        {"op": "test", "path": "/n", "value": 100},
    ]
    change = {"op": "copy", "from": "/n", "path": "/m"}
    assert dump(json_patch(tree, [*test, change])).endswith(
        b'"valueQuantity":{"value":72.50},"n":1.0e2,"m":1.0e2}'
    )


def test_copies_that_double_the_document_are_stopped() -> None:
    twice = {"op": "copy", "from": "/name", "path": "/name/-"}
    with pytest.raises(Problem) as caught:
        json_patch(PATIENT, [twice] * 40)
    assert caught.value.category in (Category.TOO_COSTLY, Category.INVALID)
    wide = {"op": "copy", "from": "", "path": "/{}"}
    with pytest.raises(Problem) as caught:
        json_patch(PATIENT, [{**wide, "path": f"/x{number}"} for number in range(100)])
    assert caught.value.category is Category.TOO_COSTLY
    assert "list" in str(refused_whole({"op": "add"}))
    with pytest.raises(Problem):
        json_patch(PATIENT, [{"op": "test", "path": "/active", "value": True}] * 1001)


def test_a_document_cannot_be_made_deeper_than_a_resource_may_be() -> None:
    for times, is_fine in ((5, True), (9, False), (16, False)):
        depth = 1
        patch: list[dict[str, Any]] = [{"op": "add", "path": "/a", "value": {}}]
        for _ in range(times):
            patch.append({"op": "copy", "from": "/a", "path": "/a" * (depth + 1)})
            depth *= 2
        if is_fine:
            assert patched(*patch)["a"]["a"]
        else:
            assert "deep" in str(refused(*patch))


def refused_whole(patch: Any) -> Problem:
    with pytest.raises(Problem) as caught:
        json_patch(PATIENT, patch)
    return caught.value


VALUES = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(-3, 3), st.sampled_from(["", "a", "0"])),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3), st.dictionaries(st.sampled_from(["a", "0", ""]), inner, max_size=3)
    ),
    max_leaves=6,
)
POINTERS = st.lists(st.sampled_from(["a", "0", "1", "-", "", "name", "given"]), max_size=4).map(
    lambda tokens: "".join(f"/{token}" for token in tokens)
)
OPERATIONS = st.fixed_dictionaries(
    {
        "op": st.sampled_from(["add", "remove", "replace", "move", "copy", "test"]),
        "path": POINTERS,
        "from": POINTERS,
        "value": VALUES,
    }
)


@settings(max_examples=300, deadline=None)
@given(
    st.dictionaries(st.sampled_from(["a", "0", "name"]), VALUES, max_size=3), st.lists(OPERATIONS, max_size=6)
)
def test_any_patch_gives_a_tree_or_a_problem_and_changes_nothing_else(
    tree: dict[str, Any], patch: list[Any]
) -> None:
    before = deepcopy((tree, patch))
    try:
        found = json_patch(tree, patch)
    except Problem:
        pass
    else:
        assert isinstance(found, dict)
    assert (tree, patch) == before
