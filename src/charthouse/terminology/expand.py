"""Lists a value set, page by page (R4 valueset-operation-expand.html)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from charthouse.base.errors import invalid
from charthouse.terminology import deadline
from charthouse.terminology.answers import Expansion, Member, Name, Property
from charthouse.terminology.codesystem import CodeSystem, split
from charthouse.terminology.compose import Composed
from charthouse.terminology.concept import HEADING, INACTIVE, Concept
from charthouse.terminology.extent import LIMIT, Extent, Segment
from charthouse.terminology.given import Entry
from charthouse.terminology.names import display, names
from charthouse.terminology.properties import described, kinds
from charthouse.terminology.supplement import Supplements
from charthouse.terminology.versions import joined


@dataclass(frozen=True, slots=True)
class Wish:
    """What an expansion is asked for; see `Terminology.expand`."""

    filter: str = ""
    offset: int = 0
    count: int | None = None
    active_only: bool = False
    designations: bool = False
    language: str | None = None
    properties: tuple[str, ...] = ()
    supplements: tuple[str, ...] = ()
    with_headings: bool = True


def chosen(composed: Composed, whole: Extent, wish: Wish) -> Extent:
    """The members that a wish is about, all pages of them. `whole` is the extent of the value set."""
    found = whole
    if wish.active_only and not composed.drops_inactive:
        found = found.without(INACTIVE)
    if not wish.with_headings:
        found = found.without(HEADING)
    if not wish.filter.strip():
        return found
    words = split(wish.filter)
    return found.named(words) if words else Extent()


def page(composed: Composed, whole: Extent, found: Extent, wish: Wish, supplements: Supplements) -> Expansion:
    """A page of what `chosen` found.

    Raises Problem(invalid) for an offset or count below zero, and for more than `LIMIT` codes at once.
    """
    for name, value in (("offset", wish.offset), ("count", wish.count or 0)):
        if value < 0:
            raise invalid(
                "value", f"`{name}` cannot be below zero.", place=name, value=value, repair="Give 0 or more."
            )
    total = len(found)
    count = max(0, total - wish.offset) if wish.count is None else min(wish.count, total)
    if count > LIMIT:
        raise invalid(
            "too-costly",
            f"The value set has {total} codes here; at most {LIMIT} are listed at once.",
            place="count", value=composed.url,
            repair="Ask for a page with `count` and `offset`, or give a `filter`.",
        )  # fmt: skip
    rows = [
        row
        for segment, placed in found.page(wish.offset, count)
        for row in _rows(segment, placed, wish, supplements)
    ]
    used = dict.fromkeys(joined(each.url, each.version) for each in whole.segments if each.url)
    return Expansion(
        composed.url,
        composed.version,
        composed.title,
        total,
        wish.offset,
        tuple(rows),
        tuple(used),
        whole.is_whole,
    )


def _rows(
    segment: Segment, placed: Sequence[int | str], wish: Wish, supplements: Supplements
) -> Iterator[Member]:  # fmt: skip
    ids = [each for each in placed if isinstance(each, int)]
    system = segment.system
    concepts: dict[int, Concept] = system.concepts(ids) if system is not None and ids else {}
    called: dict[int, list[Name]] = {}
    properties: dict[int, list[Property]] = {}
    if system is not None and ids and (wish.designations or wish.language):
        called = {
            id: list(names(found, segment.url)) for id, found in system.designations(ids).items()
        }  # fmt: skip
    if system is not None and ids and wish.properties:
        properties = _properties(system, concepts, wish.properties)
    own = _language(system) if wish.language else None
    for each in deadline.watched(placed):
        if isinstance(each, str):
            yield _loose(segment, segment.entries.get(each) or Entry(each), wish)
            continue
        concept = concepts[each]
        entry = segment.entries.get(concept.code)
        found = [*(entry.designations if entry else ()), *called.get(each, ())]
        found += supplements.names(segment.url, concept.code)
        text = (entry.display if entry else None) or concept.display
        yield Member(
            segment.url, segment.version, concept.code, display(text, found, wish.language, own),
            is_active=concept.is_active, is_abstract=not concept.is_selectable,
            designations=tuple(found) if wish.designations else (),
            properties=(*properties.get(each, ()), *supplements.properties(segment.url, concept.code, wish.properties)),
        )  # fmt: skip


def _loose(segment: Segment, entry: Entry, wish: Wish) -> Member:
    text = entry.display
    return Member(
        segment.url, segment.version, entry.code,
        display(text, entry.designations, wish.language, None) if text is not None else None,
        is_active=entry.is_active, is_abstract=entry.is_abstract,
        designations=entry.designations if wish.designations else (),
    )  # fmt: skip


def _properties(
    system: CodeSystem, concepts: dict[int, Concept], wanted: Sequence[str]
) -> dict[int, list[Property]]:  # fmt: skip
    types = kinds(system)
    found: dict[int, list[Property]] = {}
    for id, concept in concepts.items():
        deadline.check()  # a concept may have very many children
        found[id] = described(system, concept, wanted, types)
    return found


def _language(system: CodeSystem | None) -> str | None:
    found = system.about().get("language") if system is not None else None
    return found if isinstance(found, str) else None
