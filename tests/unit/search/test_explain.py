"""How a search is carried out, told in words: truly, and without the values that are looked for."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from charthouse.search import Explanation, Fragment
from tests.unit.search.conftest import BOTH, place
from tests.unit.search.drawing import Drawing
from tests.unit.search.shelf import Shelf


@pytest.fixture(scope="module", params=BOTH)
def shelf(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shelf]:
    opened = Shelf(place(request, tmp_path_factory.mktemp("explain")))
    opened.put(*Drawing(7).trees())
    yield opened
    opened.close()


def explained(shelf: Shelf, *params: tuple[str, str], bounded: bool = False) -> Explanation:
    def narrow(type: str) -> Fragment | None:
        return shelf.search.condition(shelf.connection, type, [("_tag:not", "hidden")])

    return shelf.search.explain(shelf.connection, "Observation", params, narrow=narrow if bounded else None)


def test_the_condition_that_leaves_the_fewest_drives(shelf: Shelf) -> None:
    found = explained(shelf, ("status", "final"), ("_id", "b1"))
    assert '"_id"' in found.driver
    assert {one.name: one.rows for one in found.conditions}["_id"] == 1
    assert found.matches in (0, 1)


def test_a_step_that_leads_to_few_is_a_condition_like_another(shelf: Shelf) -> None:
    found = explained(shelf, ("subject:Patient.name", "an"))
    assert [one.name for one in found.conditions] == ["subject:Patient.name"]
    assert "look up names and other resources" in found.seconds
    assert all(seconds >= 0 for seconds in found.seconds.values())


def test_what_leads_nowhere_comes_with_advice(shelf: Shelf) -> None:
    found = explained(shelf, ("code:missing", "false"))
    assert "all resources" in found.driver
    assert found.advice


def test_what_cannot_match_is_said_to_match_nothing(shelf: Shelf) -> None:
    found = explained(shelf, ("code", "not-there"))
    assert "Nothing can match" in found.driver
    assert found.statements == []


def test_the_policy_stands_there_without_its_values(shelf: Shelf) -> None:
    found = explained(shelf, ("value-string:contains", "positive"), bounded=True)
    assert found.policy is not None
    assert "token_index" in found.policy
    told = str(found.parameters())
    assert "positive" not in told
    assert "hidden" not in told
    assert any(found.policy in sql for sql in found.statements)
    assert explained(shelf, ("status", "final")).policy is None


def test_it_is_a_parameters_resource(shelf: Shelf) -> None:
    tree: dict[str, Any] = explained(
        shelf, ("status", "final"), ("_sort", "-date"), bounded=True
    ).parameters()
    assert tree["resourceType"] == "Parameters"
    names = [one["name"] for one in tree["parameter"]]
    assert {"type", "driver", "order", "condition", "policy", "statement", "step"} <= set(names)
