"""What a value set itself lists: codes that `compose` enumerates, and an expansion that came with it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, NamedTuple

from charthouse.base.errors import invalid
from charthouse.fhir.resource import Tree
from charthouse.terminology.answers import Coding, Name
from charthouse.terminology.trees import child, items, text

_UNCLOSED: Final = "http://hl7.org/fhir/StructureDefinition/valueset-unclosed"
_MAX_DEPTH: Final = 60


class Entry(NamedTuple):
    """A code as a value set lists it; `display` and `designations` are the value set's own."""

    code: str
    display: str | None = None
    designations: tuple[Name, ...] = ()
    is_active: bool = True
    is_abstract: bool = False


def entry(item: Tree) -> Entry:
    """One `compose.include.concept` or `expansion.contains` with a code."""
    code = text(item, "code")
    if code is None:
        raise invalid(
            "required", "A listed concept has no code.", place="ValueSet.compose.include.concept.code",
            repair="Give each its code.",
        )  # fmt: skip
    return Entry(
        code, text(item, "display"), tuple(_names(item)), item.get("inactive") is not True,
        item.get("abstract") is True,
    )  # fmt: skip


def _names(item: Tree) -> Iterator[Name]:
    for each in items(item, "designation"):
        use = child(each, "use")
        code = text(use, "code")
        coding = Coding(text(use, "system"), code, display=text(use, "display")) if code else None
        if value := text(each, "value"):
            yield Name(value, text(each, "language") or "", coding)


class Given:
    """An expansion that stands in the resource (R4 ValueSet.expansion). `is_whole` says that nothing is left out."""

    def __init__(self, expansion: Tree) -> None:
        self.lists: dict[tuple[str, str | None], dict[str, Entry]] = {}  # (system, version) -> code -> entry
        for item in _contained(expansion, 0):
            if text(item, "code") is not None:
                key = (text(item, "system") or "", text(item, "version"))
                made = entry(item)
                self.lists.setdefault(key, {}).setdefault(made.code, made)
        held = sum(map(len, self.lists.values()))
        total = expansion.get("total")
        is_closed = not any(
            each.get("url") == _UNCLOSED and each.get("valueBoolean")
            for each in items(expansion, "extension")
        )
        # a total may count grouping entries too, so that a few more are no sign of a page
        is_page = bool(expansion.get("offset")) or (isinstance(total, int) and total > held)
        self.is_whole = is_closed and not is_page and held > 0

    def member(self, system: str | None, code: str) -> bool | None:
        """Whether a code is listed; None where it is not, and the list is only a part."""
        for (url, _), listed in self.lists.items():
            if code in listed and system in (None, url):
                return True
        return False if self.is_whole else None


def _contained(tree: Tree, depth: int) -> Iterator[Tree]:
    if depth > _MAX_DEPTH:
        raise invalid("structure", f"An expansion is nested more than {_MAX_DEPTH} levels.", place="contains")
    for item in items(tree, "contains"):
        yield item
        yield from _contained(item, depth + 1)
