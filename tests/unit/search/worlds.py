"""What a plain look at every resource of a small world answers to the whole matrix of searches."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from charthouse.fhir import path
from charthouse.fhir.definitions import load
from tests.unit.search import oracle
from tests.unit.search.oracle import Oracle, Tree, fold

UCUM = "http://unitsofmeasure.org"
FACTORS = {"mol/L": Decimal(1), "mmol/L": Decimal("0.001"), "umol/L": Decimal("0.000001")}


class World(Oracle):
    """Answers the searches that `Oracle` answers, and those that lead to other resources or look closely."""

    def _meets(self, type: str, tree: Tree, name: str, text: str) -> bool:
        if name.startswith("_has:"):
            return self._has(type, tree, name, text)
        if name == "_list":
            return self._has(type, tree, "_has:List:item:_id", text)
        if "." in name:
            return self._chained(type, tree, name, text)
        code, _, modifier = name.partition(":")
        if code == "_id":
            return tree["id"] in text.split(",")
        param = load().search_params(type)[code]
        if param.type == "composite":
            return any(self._composite(type, tree, param, one.split("$")) for one in text.split(","))
        found = self.values(type, tree, code)
        if modifier == "missing":
            return (not any(_is_findable(param.type, value, its) for value, its in found)) == (text == "true")
        if modifier in CLOSELY:
            return any(
                CLOSELY[modifier](value, its, asked) for value, its in found for asked in text.split(",")
            )
        if param.type == "quantity":
            return any(_quantity(value, its, asked) for value, its in found for asked in text.split(","))
        return super()._meets(type, tree, name, text)

    def _target(self, reference: Any) -> Tree | None:
        text = reference.get("reference", "") if isinstance(reference, dict) else reference
        type, _, id = text.partition("/")
        return next((tree for tree in self.by_type.get(type, ()) if tree["id"] == id), None)

    def _chained(self, type: str, tree: Tree, name: str, text: str) -> bool:
        first, _, rest = name.partition(".")
        code, _, wanted = first.partition(":")
        for value, _ in self.values(type, tree, code):
            target = self._target(value)
            if target is None or (wanted and target["resourceType"] != wanted):
                continue
            kind = target["resourceType"]
            own = rest.partition(".")[0].partition(":")[0]
            known = own in ("_id", "_has", "_list") or own in load().search_params(kind)
            if known and self._meets(kind, target, rest, text):
                return True
        return False

    def _has(self, type: str, tree: Tree, name: str, text: str) -> bool:
        _, other, code, rest = name.split(":", 3)
        return any(
            self._target(value) is tree and self._meets(other, one, rest, text)
            for one in self.by_type.get(other, ())
            for value, _ in self.values(other, one, code)
        )

    def _composite(self, type: str, tree: Tree, param: Any, asked: list[str]) -> bool:
        kinds = {one.url: one.type for one in load().search_params(type).values()}
        for element, its in path.compile(param.expression, type, load()).typed(tree):
            for (url, expression), text in zip(param.components, asked, strict=True):
                found = path.compile(expression, its, load()).typed(element)
                match = _quantity if kinds[url] == "quantity" else _plainly(kinds[url])
                if not any(match(value, kind, text) for value, kind in found):
                    break
            else:
                return True
        return False


def _plainly(kind: str) -> Any:
    return lambda value, its, asked: oracle.MATCHES[kind](value, its, asked, "")


def _quantity(value: Any, its: str, asked: str) -> bool:
    number, *unit = asked.split("|")
    if len(unit) < 2 or unit[0] != UCUM or unit[1] not in FACTORS:
        return oracle.match_number(value, its, asked, "")
    stated = value.get("code")
    if value.get("system") != UCUM or stated not in FACTORS or "value" not in value:
        return False
    prefix, digits = oracle.prefixed(number)
    factor = FACTORS[unit[1]]
    exact = Decimal(digits)
    half = Decimal(5).scaleb(int(exact.as_tuple().exponent) - 1)
    own = Decimal(value["value"]) * FACTORS[stated]
    low, high, point = (exact - half) * factor, (exact + half) * factor, exact * factor
    wide = abs(point) / 10
    return bool({
        "eq": low <= own < high, "ne": not low <= own < high, "gt": own > point, "lt": own < point,
        "ge": own >= point, "le": own <= point, "sa": own > point, "eb": own < point,
        "ap": point - wide <= own <= point + wide,
    }[prefix])  # fmt: skip


def _is_findable(kind: str, value: Any, its: str) -> bool:
    """Whether the parameter finds something in this value: a code, an address, a number, a letter."""
    if kind == "token":
        return bool(oracle.tokens(value, its))
    if kind == "string":
        return any(fold(text) for text in oracle.texts(value, its))
    if kind == "reference":
        text = value.get("reference", "#") if isinstance(value, dict) else value
        return not text.startswith("#")
    if kind == "date":
        return oracle.times(value, its) is not None
    if kind in ("number", "quantity"):
        return bool(oracle.amounts(value, its))
    return True


def _contains(value: Any, its: str, asked: str) -> bool:
    return any(fold(asked) in fold(text) for text in oracle.texts(value, its))


def _text(value: Any, its: str, asked: str) -> bool:
    if not isinstance(value, dict):
        return False
    if its == "CodeableConcept":
        words = [value.get("text"), *(one.get("display") for one in value.get("coding", ()))]
    elif its == "Identifier":
        words = [value.get("type", {}).get("text")]
    else:
        words = [value.get("display")]
    return any(fold(word).startswith(fold(asked)) for word in words if word)


def _identifier(value: Any, its: str, asked: str) -> bool:
    own = value.get("identifier") if isinstance(value, dict) else None
    return bool(own) and oracle.match_token(own, "Identifier", asked, "")


def _of_type(value: Any, its: str, asked: str) -> bool:
    system, code, text = asked.split("|")
    return bool(value.get("value") == text) and any(
        (one.get("system"), one.get("code")) == (system, code)
        for one in value.get("type", {}).get("coding", ())
    )


def _below(value: Any, its: str, asked: str) -> bool:
    return bool(value.rstrip("/") == asked.rstrip("/")) or value.startswith(asked.rstrip("/") + "/")


def _above(value: Any, its: str, asked: str) -> bool:
    return _below(asked, its, value)


CLOSELY = {
    "contains": _contains, "text": _text, "identifier": _identifier, "of-type": _of_type, "below": _below,
    "above": _above,
}  # fmt: skip
