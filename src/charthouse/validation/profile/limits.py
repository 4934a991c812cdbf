"""Bounds that a profile sets: `minValue[x]`, `maxValue[x]` and `maxLength` (R4 elementdefinition.html)."""

from __future__ import annotations

from typing import Any

from charthouse.base.errors import Problem
from charthouse.fhir.path import Item
from charthouse.fhir.path.comparison import order
from charthouse.fhir.path.item import State
from charthouse.fhir.path.model import Model
from charthouse.validation.finding import Finding, shown
from charthouse.validation.formats import Found
from charthouse.validation.invariants import unchecked
from charthouse.validation.profile.fixed import described
from charthouse.validation.profile.judging import Judge
from charthouse.validation.profile.outline import Outline
from charthouse.validation.scene import Scene


def bounds(outline: Outline, author: str, model: Model) -> list[Judge]:
    """The judges for what an element's bounds allow."""
    found: list[Judge] = []
    for stem, sign, words in (("minValue", -1, "less"), ("maxValue", 1, "greater")):
        limit, kind = outline.typed(stem)
        if limit is not None:
            found.append(_bound(Item(limit, kind), sign, words, author, model))
    longest = outline.element.get("maxLength")
    if isinstance(longest, int) and longest > 0:
        found.append(_no_longer(longest, author))
    return found


def _bound(limit: Item, sign: int, words: str, author: str, model: Model) -> Judge:
    text = described(limit.value)
    most = "least" if sign < 0 else "most"

    def judge(item: Item, scene: Scene) -> Found:
        try:
            found = order(State(model, scene.env, item), item, limit)
        except Problem as problem:
            return [unchecked(f"The bound {text} of {author}", problem)]
        if found != sign:
            return None
        message = f"The value is {words} than {author} allows; it may be {text} at {most}."
        return [Finding("value", message, _number(item.value), "Check the value and its unit.")]

    return judge


def _no_longer(longest: int, author: str) -> Judge:
    def judge(item: Item, _scene: Scene) -> Found:
        value = item.value
        if not isinstance(value, str) or len(value) <= longest:
            return None
        message = f"The text has {len(value)} characters; {author} allows {longest}."
        return [Finding("value", message, shown(value), "Shorten the text.")]

    return judge


def _number(value: Any) -> str:
    return described(value) if isinstance(value, dict) else shown(value)
