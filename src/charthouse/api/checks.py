"""What can be refused in a change before the record is asked (R4 http.html#update, #concurrency, #cond-update)."""

from __future__ import annotations

from typing import Any, Final

from charthouse.api import query
from charthouse.api.query import Params
from charthouse.base.errors import invalid
from charthouse.fhir.resource import Tree

# They shape an answer and select nothing: alone they would match every resource there is.
_NO_CRITERIA: Final = frozenset(
    {
        "_count",
        "_sort",
        "_include",
        "_revinclude",
        "_total",
        "_cursor",
        "_contained",
        "_containedType",
        "_format",
        "_pretty",
        "_summary",
        "_elements",
    }
)


def matched(tag: str) -> str:
    """The version that an If-Match value (`W/"3"`, or `*`) names, e.g. `3`."""
    plain = tag.strip()
    if plain == "*":
        return plain
    plain = plain.removeprefix("W/")
    if len(plain) > 2 and plain[0] == plain[-1] == '"' and plain[1:-1].isascii() and plain[1:-1].isdigit():
        return plain[1:-1]
    raise invalid(
        "value",
        "If-Match does not name one version of a resource.",
        place="If-Match",
        value=tag,
        repair='Send the ETag of the version you read, e.g. If-Match: W/"3".',
    )


def same_type(tree: Tree, name: str) -> None:
    """Refuse a body of another type than the address names."""
    found = tree.get("resourceType")
    if found != name:
        raise invalid(
            "value",
            f"The address is that of {name}, but the resource is of another type.",
            place="resourceType",
            value=found,
            repair=f'Send a {name}, or use the address "{found}".',
        )


def same_id(tree: Tree, type_name: str, address: str) -> None:
    """Refuse a body whose id is not that of the address."""
    found: Any = tree.get("id")
    if found == address:
        return
    if found is None:
        raise invalid(
            "required",
            f'The body has no id; the address says "{address}".',
            place=f"{type_name}.id",
            repair=f'Add "id": "{address}".',
        )
    raise invalid(
        "value",
        f'The id in the body is not the id in the address, "{address}".',
        place=f"{type_name}.id",
        value=found,
        repair=f'Use the address "{type_name}/{found}", or change the id.',
    )


def condition(text: bytes, place: str) -> Params:
    """The criteria in an If-None-Exist value, with or without a leading `Type?`."""
    return criteria(query.parse(text.strip().rpartition(b"?")[2]), place)


def criteria(params: Params, place: str) -> Params:
    """`params` of a conditional interaction, which must select something; what does not is named."""
    for name, value in params:
        if name in _NO_CRITERIA:
            raise invalid(
                "value",
                f"{name} selects nothing, so it cannot decide what is changed.",
                place=place,
                value=f"{name}={value}",
                repair="Leave it out.",
            )
    if not params:
        raise invalid(
            "required",
            "There are no search parameters to find the resource by.",
            place=place,
            repair="Give some, e.g. identifier=http://example.org|123.",
        )
    return params
