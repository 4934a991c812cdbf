"""Slicing: which items of an element belong to which slice, and what that asks (R4 profiling.html#slicing)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any

from charthouse.fhir.path import Item
from charthouse.validation.finding import Finding
from charthouse.validation.formats import Found
from charthouse.validation.profile.fixed import summary
from charthouse.validation.profile.judging import Judge, open_, placed, step, times
from charthouse.validation.profile.marks import Criterion, Marks
from charthouse.validation.profile.outline import Outline
from charthouse.validation.scene import Scene, listed

Sliced = Callable[[list[Item], Scene], Found]


@dataclass(slots=True)
class Slice:
    """One slice, compiled: how to tell its items, how many it wants, and what it asks of each."""

    name: str
    short: str
    written: str
    words: str
    least: int
    most: int | None
    criteria: list[Criterion]
    judge: Judge | None
    inner: Sliced | None

    def label(self) -> str:
        """The slice in a message."""
        return f'"{self.name}" ({self.short})' if self.short else f'"{self.name}"'

    def holds(self, item: Item, scene: Scene) -> bool | None:
        """Whether an item belongs to it; None where that cannot be told."""
        answer: bool | None = True
        for criterion in self.criteria:
            found = criterion(item, scene)
            if found is False:
                return False
            if found is None:
                answer = None
        return answer


@dataclass(frozen=True, slots=True)
class Slicing:
    """The slices of one element, and its rules: `open`, `closed` or `openAtEnd`."""

    author: str
    name: str
    slices: tuple[Slice, ...]
    rules: str
    is_ordered: bool
    is_many: bool

    def __call__(self, items: list[Item], scene: Scene) -> Found:
        """What is wrong with the items as a whole and with each in its slice; places from the element around."""
        chosen = [self._slice_of(item, scene) for item in items]
        found: list[Finding] = []
        for slice, item in zip(chosen, items, strict=True):
            if isinstance(slice, Slice) and slice.judge is not None:
                found += placed(item, slice.judge(item, scene)) or ()
        has_open = any(slice is None for slice in chosen)
        for slice in self.slices:
            own = [item for item, other in zip(items, chosen, strict=True) if other is slice]
            found += self._counted(slice, len(own), has_open)
            if slice.inner is not None:
                found += slice.inner(own, scene) or ()
        found += self._strays(items, chosen, scene)
        if self.is_ordered:
            found += self._order(items, chosen)
        return found or None

    def _slice_of(self, item: Item, scene: Scene) -> Slice | bool | None:
        """The slice of an item; False for none of them, None where that cannot be told."""
        answer: bool | None = False
        for slice in self.slices:
            found = slice.holds(item, scene)
            if found:
                return slice
            if found is None:
                answer = None
        return answer

    def _counted(self, slice: Slice, count: int, has_open: bool) -> list[Finding]:
        place, what = f".{self.name}", f"{self.name} {slice.label()}"
        if count < slice.least and not has_open:
            many = "" if slice.least == 1 else f" at least {times(slice.least)}"
            message = f"{self.author} wants {what}{many}, and there {_so_many(count)}."
            repair = f"Add {'an item to ' if self.is_many else ''}{slice.written}"
            words = f": {slice.words}." if slice.words and self.is_many else "."
            return [Finding("required", message, None, repair + words, place)]
        if slice.most == 0 and count:
            return [Finding("invalid", f"{self.author} allows no {what}.", None, "Leave it out.", place)]
        if slice.most is not None and count > slice.most:
            message = f"{self.author} allows {what} {times(slice.most)} only, and it is given {times(count)}."
            return [Finding("invalid", message, None, f"Keep {slice.most} of them.", place)]
        return []

    def _strays(self, items: list[Item], chosen: list[Slice | bool | None], scene: Scene) -> list[Finding]:
        """Items that are in no slice, where the rules do not allow them."""
        found: list[Finding] = []
        last = max((at for at, slice in enumerate(chosen) if isinstance(slice, Slice)), default=-1)
        known = "; ".join(
            f"{slice.label()}{': ' + slice.words if slice.words else ''}" for slice in self.slices
        )
        for at, (item, slice) in enumerate(zip(items, chosen, strict=True)):
            if slice is None and scene.once("slice", self.author, self.name):
                what = f"which slice of {self.author} this {self.name} belongs to"
                found.append(_at(item, open_(f"It could not be told {what}, so that it was not checked.")))
            elif slice is False and (self.rules == "closed" or (self.rules == "openAtEnd" and at < last)):
                allowed = (
                    "only these"
                    if self.rules == "closed"
                    else "others than these at the end of the list only"
                )
                message = f"{self.author} allows {allowed} for {self.name}: {known}."
                repair = "Make it one of them, or leave it out."
                found.append(_at(item, Finding("invalid", message, summary(item.value), repair)))
        return found

    def _order(self, items: list[Item], chosen: list[Slice | bool | None]) -> list[Finding]:
        places = [
            (self.slices.index(slice), item)
            for slice, item in zip(chosen, items, strict=True)
            if isinstance(slice, Slice)
        ]
        for (before, _), (after, item) in pairwise(places):
            if after < before:
                names = ", ".join(slice.name for slice in self.slices)
                message = f"{self.author} wants {self.name} in this order: {names}."
                return [_at(item, Finding("invalid", message, None, "Put the items in that order."))]
        return []


def slicing(
    outline: Outline, author: str, marks: Marks, judge_of: Callable[[Outline], Judge | None]
) -> Sliced | None:
    """The slicing of an element, compiled; None where it has no slices that ask anything.

    `judge_of` compiles what a slice asks of one item.
    """
    if not outline.slices:
        return None
    how = outline.element.get("slicing")
    how = how if isinstance(how, dict) else {}
    keys = _discriminators(outline, how)
    slices = tuple(_slice(part, keys, author, marks, judge_of) for part in outline.slices)
    rules = str(how.get("rules", "open"))
    is_idle = all(
        slice.judge is None and slice.inner is None and slice.least == 0 and slice.most is None
        for slice in slices
    )
    if is_idle and rules == "open":
        return None
    return Slicing(author, outline.name, slices, rules, how.get("ordered") is True, _is_many(outline))


def _slice(
    part: Outline,
    keys: list[tuple[str, str]],
    author: str,
    marks: Marks,
    judge_of: Callable[[Outline], Judge | None],
) -> Slice:
    found = [marks.mark(kind, path, part) for kind, path in keys]
    criteria = [mark.criterion for mark in found] or [_nobody_knows]
    words = " and ".join(mark.words for mark in found if mark.words)
    limit = part.base.max if part.base is not None else None
    most = part.most
    if most is not None and limit is not None and most >= limit:
        most = None
    return Slice(
        name=str(part.slice),
        short=part.short,
        written=part.written,
        words=words,
        least=part.least,
        most=most,
        criteria=criteria,
        judge=judge_of(part),
        inner=slicing(part, author, marks, judge_of),
    )


def _discriminators(outline: Outline, how: dict[str, Any]) -> list[tuple[str, str]]:
    """(type, path) of each; those that the standard implies for extensions and choices where none is written."""
    found = [
        (str(one.get("type")), str(one.get("path")))
        for one in listed(how, "discriminator")
        if isinstance(one, dict)
    ]
    if found:
        return found
    if outline.types == ("Extension",):
        return [("value", "url")]
    return [("type", "$this")] if outline.base is not None and outline.base.is_choice else []


def _at(item: Item, finding: Finding) -> Finding:
    return replace(finding, place=step(item) + finding.place)


def _so_many(count: int) -> str:
    return "is none" if count == 0 else "is one" if count == 1 else f"are {count}"


def _is_many(outline: Outline) -> bool:
    return outline.base is None or outline.base.max != 1


def _nobody_knows(_item: Item, _scene: Scene) -> bool | None:
    return None
