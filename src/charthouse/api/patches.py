"""The two forms of a patch that are read: JSON Patch (RFC 6902) and FHIRPath Patch (R4 fhirpatch.html)."""

from __future__ import annotations

from typing import Any, Final

import msgspec

from charthouse.api.body import JSON_PATCH
from charthouse.api.negotiate import JSON, XML
from charthouse.base.errors import invalid
from charthouse.fhir import resource
from charthouse.fhir.resource import Tree

OFFERED: Final = f"Send {JSON_PATCH}, or Parameters as {JSON} or {XML}."


def parameters(tree: Tree) -> Tree:
    """`tree`, which must be the Parameters of a FHIRPath Patch."""
    if tree.get("resourceType") != "Parameters":
        raise invalid(
            "value",
            "A FHIRPath Patch is a Parameters resource.",
            place="resourceType",
            value=tree.get("resourceType"),
            repair=OFFERED,
        )
    return tree


def operations(content: bytes) -> list[Any]:
    """The operations of a JSON Patch, decimals with their digits."""
    if not content or content.isspace():
        raise invalid(
            "required", "The request has no body.", place="body", repair="Send the list of operations."
        )
    try:
        is_list = isinstance(msgspec.json.decode(content), list)
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError):
        is_list = False
        resource.parse(content)  # says where it is not JSON
    if not is_list:
        raise invalid(
            "structure", "A JSON Patch is a list of operations.", place="body", repair="Send [{…}, {…}]."
        )
    found: list[Any] = resource.parse(b'{"operations":' + content + b"}")["operations"]
    return found
