"""The constraints that R4 itself writes in FHIRPath: they compile, and hold on real resources."""

from __future__ import annotations

from collections import Counter
from typing import Any

from charthouse.base.errors import Problem
from charthouse.fhir import path
from charthouse.fhir.definitions import load
from charthouse.fhir.path import Env, Expression, Item
from charthouse.fhir.path.item import State
from charthouse.fhir.path.model import Model, model_of
from charthouse.fhir.path.navigate import descendants
from tests.conformance.material import synthea

# Constraints that name an element which their type does not have, so that strictness refuses them.
ERRATA = {
    "cid-0": "ChargeItemDefinition has no name",
    "evv-1": "names the choice by JSON's names, and elements of a later version",
    "ras-1": "asks a decimal for the bounds of a Range",
}
# Synthea has no narrative; dom-6 is a warning.
NOT_HELD = {"dom-6"}


def constraints() -> list[tuple[str, str, str]]:
    """(type or element path, key, expression) of all constraints."""
    notes = [(at, note) for name in load().type_names for at, note in load().notes(name).items()]
    return [(at, one.key, one.expression) for at, note in notes for one in note.invariants]


def types_at(at: str) -> tuple[str, ...]:
    """The types of the value that a constraint stands on."""
    if model_of(load()).definition(at) is not None:
        return (at,)
    holder, _, name = at.rpartition(".")
    return load().type(holder).elements[name].types


def test_every_constraint_compiles_and_strictly_too_but_for_errata() -> None:
    refused: set[str] = set()
    found = constraints()
    for at, key, expression in found:
        for kind in types_at(at):
            path.compile(expression, kind, load())
            try:
                path.compile(expression, kind, load(), strict=True)
            except Problem:
                refused.add(key)
    assert len(found) > 200
    assert refused <= set(ERRATA)


def applying(
    model: Model, compiled: dict[str, list[tuple[str, Expression]]], kind: str
) -> list[tuple[str, Expression]]:
    return [pair for name in model.ancestors(kind) for pair in compiled.get(name, ())]


def test_constraints_hold_on_resources_that_were_made_to_keep_them() -> None:
    model = model_of(load())
    compiled: dict[str, list[tuple[str, Expression]]] = {}
    for at, key, expression in constraints():
        if model.definition(at) is not None:
            compiled.setdefault(at, []).append((key, path.compile(expression, at, load())))
    failed: Counter[tuple[str, str]] = Counter()
    asked = 0
    for resource in some_resources():
        root = Item(resource, resource["resourceType"])
        env = Env(resource=resource)
        for item in (root, *descendants(State(model, env, root), root)):
            for key, constraint in applying(model, compiled, item.type):
                asked += 1
                if constraint.truth(item, env) is False and key not in NOT_HELD:
                    failed[key, item.place()] += 1
    assert asked > 3_000
    assert not failed


def some_resources() -> list[dict[str, Any]]:
    """A few resources of every type in the Synthea set."""
    seen: Counter[str] = Counter()
    found: list[dict[str, Any]] = []
    for _, bundle in synthea(bundles_per_archive=1):
        for entry in bundle["entry"]:
            seen[entry["resource"]["resourceType"]] += 1
            if seen[entry["resource"]["resourceType"]] <= 10:
                found.append(entry["resource"])
    return found
