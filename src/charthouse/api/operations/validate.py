"""$validate: what is wrong with a resource, before or after it is stored (R4 resource-operation-validate.html)."""

from __future__ import annotations

import asyncio
from typing import Final

from charthouse.api import respond
from charthouse.api.operations.asked import asked
from charthouse.api.reply import Reply
from charthouse.api.request import Request
from charthouse.base.errors import Issue, invalid
from charthouse.fhir import outcome
from charthouse.fhir.resource import Tree

MODES: Final = ("create", "update", "delete", "profile")
KNOWN: Final = ("resource", "mode", "profile")
PROFILES: Final = 20
PER_PROFILE: Final = 5_000  # bytes that a profile counts for: it may have to be compiled
LARGE: Final = 20_000  # bytes from which looking goes to a thread, so that others are answered meanwhile


async def validate(request: Request) -> Reply:
    """An OperationOutcome with every finding; 200 whatever is found, for the question was answered."""
    given = await asked(request, KNOWN, bare=None if request.id else "resource")
    mode = given.text("mode")
    if mode is not None and mode not in MODES:
        raise invalid(
            "value", "mode has a value that FHIR does not know.", place="mode", value=mode,
            repair=f"Use one of {', '.join(MODES)}.",
        )  # fmt: skip
    tree = given.tree("resource")
    if tree is None and not request.id:
        raise invalid("required", "resource is missing.", place="resource", repair="Send the resource.")
    size, profiles = given.size, given.texts("profile")
    if len(profiles) > PROFILES:
        raise invalid(
            "too-costly", f"At most {PROFILES} profiles are asked for at once.", place="profile",
            value=len(profiles), repair="Ask several times.",
        )  # fmt: skip
    if tree is None:
        stored = await request.context.gate.read(request.actor, request.type, request.id)
        tree, size = stored.tree, len(stored.body)
    if not isinstance(tree.get("resourceType"), str):
        raise invalid("required", "The resource has no resourceType.", place="resource.resourceType")
    issues = (
        []
        if mode == "delete"
        else await _findings(request, tree, profiles, size + PER_PROFILE * len(profiles))
    )
    if tree["resourceType"] != request.type:
        issues.insert(
            0,
            Issue(
                "invalid", f"This is a {tree['resourceType']}, and {request.type} was asked about.", "resourceType",
                tree["resourceType"], f"Send it to {tree['resourceType']}/$validate.",
            ),
        )  # fmt: skip
    if not issues:
        issues = [Issue("informational", "Nothing wrong was found.", severity="information")]
    told = outcome.of(issues)
    return respond.made(request.context, request.view, told)


async def _findings(request: Request, tree: Tree, profiles: list[str], size: int) -> list[Issue]:
    """What validation finds in a resource that takes `size` bytes."""
    look = request.context.gate.books.examine
    if size >= LARGE:
        return await asyncio.to_thread(look, tree, profiles)
    return look(tree, profiles)
