"""The properties of a concept, those stored and those that its place tells, with their types."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Final

from charthouse.terminology.answers import Property
from charthouse.terminology.codesystem import CodeSystem
from charthouse.terminology.concept import COMMENT, DEFINITION, Concept
from charthouse.terminology.names import prose
from charthouse.terminology.trees import items, text

CHILDREN: Final = 1_000  # of a concept that are told; there may be very many

# R4 codesystem-concept-properties.html; what a code system declares goes before.
_KINDS: Final = {
    "status": "code", "inactive": "boolean", "notSelectable": "boolean", "deprecated": "dateTime",
    "deprecationDate": "dateTime", "retirementDate": "dateTime", "effectiveDate": "dateTime",
    "parent": "code", "child": "code", "partOf": "code", "replacedBy": "Coding",
}  # fmt: skip


def kinds(system: CodeSystem) -> Mapping[str, str]:
    """The type of each property of a code system."""
    declared = {
        text(each, "code") or "": text(each, "type") or "" for each in items(system.about(), "property")
    }
    return _KINDS | {name: kind for name, kind in declared.items() if name and kind}


def typed(found: Iterable[tuple[str, str]], kinds: Mapping[str, str]) -> list[Property]:
    """Properties with their types."""
    return [Property(name, value, kinds.get(name, "string")) for name, value in found]


def described(
    system: CodeSystem, concept: Concept, wanted: Sequence[str], kinds: Mapping[str, str]
) -> list[Property]:  # fmt: skip
    """The properties of a concept, with those that its place and its flags tell; only `wanted`, unless it is empty."""
    found = _described(system, concept, wanted, kinds)
    return [each for each in found if not wanted or each.code in wanted]


def _described(
    system: CodeSystem, concept: Concept, wanted: Sequence[str], kinds: Mapping[str, str]
) -> Iterator[Property]:  # fmt: skip
    yield Property("inactive", "false" if concept.is_active else "true", "boolean")
    if not concept.is_selectable or "notSelectable" in wanted:
        yield Property("notSelectable", "false" if concept.is_selectable else "true", "boolean")
    if not wanted or DEFINITION in wanted or COMMENT in wanted:
        texts = system.designations([concept.id]).get(concept.id, ())
        for use in (DEFINITION, COMMENT):
            if (said := prose(texts, use)) is not None:
                yield Property(use, said, "string")
    if not wanted or "parent" in wanted:
        yield from (Property("parent", each.code, "code") for each in system.parents(concept))
    if not wanted or "child" in wanted:
        yield from (Property("child", each.code, "code") for each in system.children(concept, CHILDREN))
    if set(wanted) - {"inactive", "notSelectable", "parent", "child"} or not wanted:
        yield from typed(system.properties([concept.id]).get(concept.id, ()), kinds)
