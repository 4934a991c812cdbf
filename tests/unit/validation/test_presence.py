"""What is decided by presence alone is what FHIRPath would have said, for every constraint of the standard."""

from __future__ import annotations

import random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from charthouse.base.errors import Problem
from charthouse.fhir import path
from charthouse.fhir.definitions import Invariant, load
from charthouse.fhir.path import Env, parse
from charthouse.fhir.path.model import model_of
from charthouse.validation.presence import ANY, FALSE, NOTHING, TRUE, Presence
from tests.unit.validation.grown import Grower

DEFINITIONS = load()
MODEL = model_of(DEFINITIONS)
ANSWERS = {True: TRUE, False: FALSE, None: NOTHING}


def constraints() -> list[tuple[str, Invariant]]:
    """(type or backbone path, constraint) wherever a constraint stands on objects of one type."""
    return [
        (at, invariant)
        for name in DEFINITIONS.type_names
        for at, note in DEFINITIONS.notes(name).items()
        for invariant in note.invariants
        if MODEL.definition(at) is not None
    ]


ALL = constraints()
KEYS = sorted({f"{at} {invariant.key}" for at, invariant in ALL})


def some_object(type_name: str, seed: int) -> dict[str, Any]:
    """An object of the type, some of its elements taken away again."""
    grower = Grower(DEFINITIONS, seed)
    node: dict[str, Any] = {}
    if DEFINITIONS.is_resource(type_name):
        node["resourceType"] = type_name
    grower.fill(node, type_name, type_name, 0)
    chance = random.Random(seed)
    for name in list(node):
        if name != "resourceType" and chance.random() < 0.4:
            del node[name]
    return node


def truth(invariant: Invariant, type_name: str, node: Any) -> int:
    """What FHIRPath says, or ANY where it refuses the question."""
    try:
        return ANSWERS[
            path.compile(invariant.expression, type_name, DEFINITIONS).truth(node, Env(resource=node))
        ]
    except Problem:
        return ANY


@pytest.mark.parametrize("key", KEYS)
def test_a_mask_leaves_room_for_what_the_expression_says(key: str) -> None:
    for at, invariant in ALL:
        if f"{at} {invariant.key}" != key or at in (
            "Resource",
            "DomainResource",
            "Element",
            "BackboneElement",
        ):
            continue
        mask = Presence(MODEL, at).mask(parse(invariant.expression))
        for seed in range(12):
            node = some_object(at, seed)
            answer = truth(invariant, at, node)
            if answer != ANY:
                assert mask(node) & answer, (invariant.expression, node)


@settings(max_examples=300, deadline=None)
@given(st.sampled_from(ALL), st.integers(0, 10_000))
def test_and_so_for_any_object(chosen: tuple[str, Invariant], seed: int) -> None:
    at, invariant = chosen
    type_name = {"DomainResource": "Patient", "Resource": "Binary"}.get(at, at)
    if type_name in ("Element", "BackboneElement"):
        return
    node = some_object(type_name, seed)
    answer = truth(invariant, type_name, node)
    if answer != ANY:
        assert Presence(MODEL, type_name).mask(parse(invariant.expression))(node) & answer


@pytest.mark.parametrize(
    ("expression", "node", "answers"),
    [
        ("value.empty() or code.exists()", {}, TRUE),
        ("value.empty() or code.exists()", {"valueString": "x"}, FALSE),
        ("value.empty() or code.exists()", {"_valueString": {}, "code": {}}, TRUE),
        ("status = 'final'", {"status": "final"}, TRUE),
        ("status = 'final'", {"status": "amended"}, FALSE),
        ("status = 'final'", {}, NOTHING),
        ("status = 'final'", {"_status": {"id": "a"}}, ANY),
        ("status != 'final'", {"status": "final"}, FALSE),
        ("status in ('final' | 'amended')", {"status": "amended"}, TRUE),
        ("status in ('final' | 'amended')", {"status": "registered"}, FALSE),
        (
            "code.coding.where(code = 'a').exists()",
            {"code": {"coding": [{"code": "b"}, {"code": "a"}]}},
            TRUE,
        ),
        ("code.coding.where(code = 'a').exists()", {"code": {"coding": [{"code": "b"}]}}, FALSE),
        (
            "code.coding.where(code = 'a').exists()",
            {"code": {"coding": [{"_code": {"id": "x"}}]}},
            TRUE | FALSE,
        ),
        ("code.coding.where(code = 'a').exists()", {}, FALSE),
        ("component.code.where(coding.intersect(%resource.code.coding).exists()).empty()", {}, TRUE),
        ("value.exists() implies status = 'final'", {"valueString": "x"}, NOTHING),
        ("value.exists() xor code.exists()", {"valueString": "x", "code": {}}, FALSE),
        ("value.exists() = code.exists()", {"valueString": "x", "code": {}}, TRUE),
        ("value.exists() != code.exists()", {"valueString": "x", "code": {}}, FALSE),
        ("issued.hasValue().not()", {"_issued": {"id": "x"}}, TRUE),
        ("issued.hasValue().not()", {"issued": "2024-01-01T00:00:00Z"}, FALSE),
        ("issued <= effective", {}, NOTHING),
        ("note.count() > 2", {}, ANY),
        ("frobnicate.exists()", {"frobnicate": 1}, ANY),
    ],
)
def test_what_can_be_seen_at_a_glance(expression: str, node: Any, answers: int) -> None:
    assert Presence(MODEL, "Observation").mask(parse(expression))(node) == answers
