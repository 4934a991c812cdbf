"""From a document to the resources it brings: ids kept or given anew, references made literal. Pure."""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from charthouse.base.errors import Problem, invalid
from charthouse.base.ids import is_logical_id
from charthouse.fhir import references
from charthouse.fhir.definitions import Definitions
from charthouse.fhir.resource import Tree, dump

URN = "urn:uuid:"
SOURCE_NAMESPACE = uuid.UUID(
    "6c1c7b2e-0a54-5f0e-9d3b-4f1f9a3c7d10"
)  # of ids given anew; any fixed value would do


@dataclass(slots=True)
class Arrival:
    """One resource that wants in. `place` is where it was in its document (`entry 12`, `line 7`)."""

    tree: Tree
    type: str
    id: str
    place: str
    index: int
    problem: Problem | None = None
    patients: tuple[str, ...] = ()  # the Patients it refers to, as `Patient/id`


def arrivals(
    document: Tree, index: int, definitions: Definitions, new_ids: str | None = None
) -> list[Arrival]:
    """The resources of a Bundle, or the one resource that `document` is.

    `index` is the line it stood on (0 for a whole file). `new_ids` names the source whose ids are
    to be replaced; the same source and id always give the same new id, so that files of one
    source agree and a second import finds what the first one made.
    """
    if document.get("resourceType") == "Bundle" and isinstance(document.get("entry"), list):
        found = list(_entries(document, index, definitions))
        strict = document.get("type") in ("transaction", "batch")
    else:
        found = [_arrival(document, None, f"line {index}" if index else "file", 0, definitions)]
        strict = False
    for arrival in found:
        if arrival.problem is None:
            _settle_id(arrival, definitions, new_ids)
    _link(found, _targets(document, found), strict=strict, new_ids=new_ids)
    return found


def _entries(bundle: Tree, line: int, definitions: Definitions) -> Iterator[Arrival]:
    for index, entry in enumerate(bundle["entry"]):
        place = f"line {line}, entry {index}" if line else f"entry {index}"
        resource = entry.get("resource") if isinstance(entry, dict) else None
        if not isinstance(resource, dict):
            yield Arrival(
                {}, "", "", place, index, invalid("required", "The entry holds no resource.", place=place)
            )
        else:
            yield _arrival(resource, entry.get("fullUrl"), place, index, definitions)


def _arrival(tree: Tree, full_url: Any, place: str, index: int, definitions: Definitions) -> Arrival:
    """The arrival with the id it came with, or one derived from its content."""
    type = tree.get("resourceType")
    if not isinstance(type, str) or not definitions.is_resource(type):
        problem = invalid("structure", "This is not a FHIR R4 resource.", place="resourceType", value=type)
        return Arrival(tree, str(type or ""), "", place, index, problem)
    id = tree.get("id")
    if id is None and isinstance(full_url, str) and full_url.startswith(URN):
        id = full_url.removeprefix(URN)
    if id is None:
        id = str(uuid.UUID(bytes=hashlib.sha256(dump(tree)).digest()[:16], version=4))
    if not isinstance(id, str) or not is_logical_id(id):
        problem = invalid(
            "value",
            "The id is not a FHIR id.",
            place=f"{type}.id",
            value=id,
            repair="Use up to 64 letters, digits, hyphens and dots.",
        )
        return Arrival(tree, type, "", place, index, problem)
    return Arrival(tree, type, id, place, index)


def new_id(source: str, type: str, id: str) -> str:
    """The id that a resource of a source gets here."""
    return str(uuid.uuid5(SOURCE_NAMESPACE, f"{source}\n{type}/{id}"))


def identifier_system(source: str) -> str:
    """The identifier system under which a source's old ids are kept."""
    return source if ":" in source else f"urn:source:{source}"


def _settle_id(arrival: Arrival, definitions: Definitions, new_ids: str | None) -> None:
    tree = dict(arrival.tree)
    if new_ids is not None:
        _keep_old_id(tree, arrival, definitions, new_ids)
        arrival.id = new_id(new_ids, arrival.type, arrival.id)
    tree["id"] = arrival.id
    arrival.tree = tree


def _keep_old_id(tree: Tree, arrival: Arrival, definitions: Definitions, source: str) -> None:
    """Add the old id as an identifier, where the type has room for one."""
    element = definitions.type(arrival.type).elements.get("identifier")
    if element is None:
        return
    kept = {"system": identifier_system(source), "value": arrival.id}
    if element.max == 1:
        tree.setdefault("identifier", kept)
    else:
        tree["identifier"] = [*tree.get("identifier", ()), kept]


def _targets(document: Tree, found: list[Arrival]) -> dict[str, str]:
    """fullUrl of an entry -> `Type/id`."""
    targets: dict[str, str] = {}
    entries = document.get("entry") if document.get("resourceType") == "Bundle" else None
    for arrival in found:
        if arrival.problem is None and isinstance(entries, list):
            full_url = entries[arrival.index].get("fullUrl")
            if isinstance(full_url, str):
                targets[full_url] = f"{arrival.type}/{arrival.id}"
    return targets


def _link(found: list[Arrival], targets: dict[str, str], *, strict: bool, new_ids: str | None) -> None:
    """Make the references of every arrival literal, in place (the trees belong to this import)."""
    for arrival in found:
        if arrival.problem is not None:
            continue
        patients: set[str] = set()
        for holder in references.walk(arrival.tree):
            text = holder["reference"]
            if text in targets:
                text = holder["reference"] = targets[text]
            elif text.startswith(URN):
                if strict:
                    arrival.problem = invalid(
                        "not-found",
                        "It refers to an entry that is not in its Bundle.",
                        place=arrival.type,
                        value=text,
                    )
                    break
            elif new_ids is not None and (ref := references.parse(text)) and ref.base is None:
                text = holder["reference"] = f"{ref.type}/{new_id(new_ids, ref.type, ref.id)}"
            if text.startswith("Patient/"):
                patients.add("/".join(text.split("/")[:2]))  # whatever version
        arrival.patients = tuple(patients)
