"""Whether a measured value is usual: by its own interpretation, else by its own reference range."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final

from charthouse.fhir.resource import Tree
from charthouse.web import codes, quantities
from charthouse.web.reader import Reader

USUAL: Final = "usual"


@dataclass(frozen=True, slots=True)
class Judgement:
    """`level`: '' (nothing known), usual, abnormal or critical; `word` says it without colour; `sign` is an arrow."""

    level: str = ""
    word: str = ""
    sign: str = ""


@dataclass(frozen=True, slots=True)
class Limits:
    """The usual range, either end open; `said` in words."""

    low: Decimal | None = None
    high: Decimal | None = None
    said: str = ""


def limits(tree: Tree, reader: Reader) -> Limits:
    """The usual range of an Observation or component: the first reference range of type normal or of no type."""
    for one in tree.get("referenceRange") or ():
        kind = codes.code(one.get("type"))
        if kind not in ("", "normal", "recommended"):
            continue
        low, high = (_value(one.get(side)) for side in ("low", "high"))
        text = one.get("text")
        said = quantities.span(one, reader, exact=False) or (text if isinstance(text, str) else "")
        if said:
            return Limits(low, high, said)
    return Limits()


def judge(tree: Tree, value: Decimal | None, usual: Limits) -> Judgement:
    """What to say of `value`: an interpretation sent with it wins over the range."""
    code = codes.interpretation(tree)
    if code:
        word = codes.INTERPRETATIONS[code]
        sign = "↑" if code[0] == "H" else "↓" if code[0] == "L" else ""
        if code in codes.CRITICAL:
            return Judgement("critical", word, sign)
        if code in codes.ABNORMAL:
            return Judgement("abnormal", word, sign)
        return Judgement(USUAL if code in ("N", "NEG", "ND") else "", word)
    if value is None:
        return Judgement()
    if usual.low is not None and value < usual.low:
        return Judgement("abnormal", "low", "↓")
    if usual.high is not None and value > usual.high:
        return Judgement("abnormal", "high", "↑")
    return Judgement(USUAL if usual.low is not None or usual.high is not None else "")


def _value(quantity: Any) -> Decimal | None:
    return quantities.decimal(quantity.get("value")) if isinstance(quantity, dict) else None
