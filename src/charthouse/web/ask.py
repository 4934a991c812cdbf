"""Questions the pages put to the gate: a patient's searches, counts, and names behind references."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from charthouse.access.notice import TEXT
from charthouse.base.errors import Category, Problem
from charthouse.fhir.references import walk
from charthouse.fhir.resource import Tree
from charthouse.web import codes, names
from charthouse.web.chart.entries import read
from charthouse.web.chart.entry import Context, local
from charthouse.web.sections import Params, Query

if TYPE_CHECKING:
    from charthouse.web.site import Desk, Site

# Whom a page names beside the patient; other references are shown by their display or their kind.
STAFF: Final = ("Practitioner", "Organization", "Location", "PractitionerRole")
MOST_NAMES: Final = 100


@dataclass(frozen=True, slots=True)
class Answer:
    """What a search gave: trees in order, the total where known, how to go on, and whether it was refused outright."""

    trees: tuple[Tree, ...] = ()
    total: int | None = None
    next: str | None = None
    refused: bool = False

    @property
    def count(self) -> int:
        """How many there are, as far as is known."""
        return self.total if self.total is not None else len(self.trees)


REFUSED: Final = Answer(refused=True)


async def patient(
    site: Site,
    desk: Desk,
    query: Query,
    patient_id: str,
    *,
    count: int,
    params: Params | None = None,
    cursor: str | None = None,
) -> Answer:
    """One search of one patient's chart, newest first. A type this person may not see gives `REFUSED`, not an error."""
    asked: list[tuple[str, str]] = [
        ("patient", f"Patient/{patient_id}"),
        *(query.params if params is None else params),
    ]
    if count == 0:
        asked.append(("_summary", "count"))
    else:
        asked.append(("_count", str(count)))
        if query.sort:
            asked.append(("_sort", query.sort))
    asked.append(("_total", "accurate"))
    return await search(site, desk, query.type, asked, cursor=cursor)


async def search(
    site: Site, desk: Desk, resource_type: str, asked: Sequence[tuple[str, str]], *, cursor: str | None = None
) -> Answer:
    """A search through the gate; 403 for the whole type becomes `REFUSED`."""
    try:
        page = await site.clinic.gate.search(desk.actor, resource_type, asked, cursor=cursor)
        desk.noticed.extend(note.message for note in page.notes if note.message == TEXT)
    except Problem as failure:
        if failure.category is Category.FORBIDDEN and failure.issues[0].code not in ("login", "expired"):
            return REFUSED
        raise
    trees = tuple(found.stored.tree for found in page.entries if found.mode == "match")
    return Answer(trees, page.total, page.next)


async def named(
    site: Site, desk: Desk, trees: Iterable[Any], *, types: Sequence[str] | None = STAFF
) -> dict[str, str]:
    """`Type/id` -> name for the references in `trees` that bring no display of their own; one search for each type.

    `types` None means every type but Patient, which the frame of the chart names already.
    """
    wanted: dict[str, dict[str, None]] = {}
    for tree in trees:
        for holder in walk(tree):
            target = "" if holder.get("display") else local(holder)
            kind, _, name = target.partition("/")
            wished = kind != "Patient" if types is None else kind in types
            if kind and wished and len(wanted.setdefault(kind, {})) < MOST_NAMES:
                wanted[kind][name] = None
    kinds = list(wanted)
    answers = await asyncio.gather(
        *(
            search(site, desk, kind, [("_id", ",".join(wanted[kind])), ("_count", str(len(wanted[kind])))])
            for kind in kinds
        )
    )
    context = Context(desk.reader, {})
    return {
        f"{kind}/{tree['id']}": said
        for kind, answer in zip(kinds, answers, strict=True)
        for tree in answer.trees
        if (said := title(tree, context))
    }


def title(tree: Mapping[str, Any], context: Context) -> str:
    """What a record is called where it is only referred to."""
    name = tree.get("name")
    if isinstance(name, str):
        return name
    if isinstance(name, list) and name and isinstance(name[0], dict):
        return names.with_title(name)
    if tree.get("resourceType") == "PractitionerRole":
        who = (tree.get("practitioner") or {}).get("display")
        return str(who or codes.first(tree.get("code")))
    return read(dict(tree), context).title
