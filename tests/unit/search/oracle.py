"""A search that is slow and plain: every resource is looked at, with no index; it shares no code with the real one
but the FHIRPath that finds the values."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from functools import cache
from typing import Any

from charthouse.fhir import path
from charthouse.fhir.definitions import load
from charthouse.terminology import ucum

Tree = dict[str, Any]
Params = list[tuple[str, str]]
FOREVER = (datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC))
PARTS = {
    "HumanName": "family given prefix suffix text",
    "Address": "line city district state country postalCode text",
}  # fmt: skip
UP_AND_DOWN = (Decimal("-Infinity"), Decimal("Infinity"))


class Oracle:
    """Answers searches over `trees`."""

    def __init__(self, trees: Iterable[Tree]) -> None:
        self.by_type: dict[str, list[Tree]] = {}
        for tree in trees:
            self.by_type.setdefault(tree["resourceType"], []).append(tree)
        self._values: dict[tuple[str, str, str], list[tuple[Any, str]]] = {}

    def matches(self, type: str, params: Params) -> set[str]:
        """The ids of the resources that meet all of `params`."""
        return {
            tree["id"] for tree in self.by_type.get(type, ())
            if all(self._meets(type, tree, name, text) for name, text in params)
        }  # fmt: skip

    def values(self, type: str, tree: Tree, code: str) -> list[tuple[Any, str]]:
        """(value, FHIR type) of a parameter in one resource."""
        place = (type, tree["id"], code)
        if place not in self._values:
            self._values[place] = _expression(type, code).typed(tree)
        return self._values[place]

    def _meets(self, type: str, tree: Tree, name: str, text: str) -> bool:
        code, _, modifier = name.partition(":")
        if code == "_id":
            return tree["id"] in text.split(",")
        kind = load().search_params(type)[code].type
        found = self.values(type, tree, code)
        met = any(
            MATCHES[kind](value, its, asked, modifier) for value, its in found for asked in text.split(",")
        )  # fmt: skip
        return not met if modifier == "not" else met

    def sorted_by(self, type: str, tree: Tree, code: str, *, descending: bool) -> Any:
        """What `tree` is sorted by: the first of its values in that order, None when it has none."""
        if code == "_id":
            return tree["id"]
        kind = load().search_params(type)[code].type
        found = [key for value, its in self.values(type, tree, code) for key in _sort_keys(kind, value, its)]
        return (max if descending else min)(found) if found else None


@cache
def _expression(type: str, code: str) -> Any:
    return path.compile(load().search_params(type)[code].expression or "", type, load())


def _sort_keys(kind: str, value: Any, its: str) -> list[Any]:
    if kind == "token":
        return [code.encode() for _, code in tokens(value, its)]
    if kind == "string":
        return [fold(text)[:256].encode() for text in texts(value, its) if fold(text)]
    if kind == "reference":
        text = value.get("reference", "#") if isinstance(value, dict) else value
        return [] if text.startswith("#") else [text.encode()]
    if kind == "uri":
        return [value.encode()]
    if kind == "date":
        span = times(value, its)
        return [span[0]] if span else []
    return [ends[0] for ends, _ in amounts(value, its)]


# --- values


def tokens(value: Any, its: str) -> list[tuple[str | None, str]]:
    if its == "CodeableConcept":
        return [(one.get("system"), one["code"]) for one in value.get("coding", []) if "code" in one]
    if its == "Coding":
        return [(value.get("system"), value["code"])] if "code" in value else []
    if its == "Identifier":
        return [(value.get("system"), value["value"])] if "value" in value else []
    if its == "ContactPoint":
        return [(None, value["value"])] if "value" in value else []
    if isinstance(value, bool):
        return [(None, str(value).lower())]
    return [(None, value)]


def texts(value: Any, its: str) -> list[str]:
    if not isinstance(value, dict):
        return [value]
    found: list[str] = []
    for name in PARTS[its].split():
        part = value.get(name, [])
        found += [part] if isinstance(part, str) else part
    return found


def fold(text: str) -> str:
    bare = "".join(one for one in unicodedata.normalize("NFD", text) if unicodedata.category(one) != "Mn")
    return " ".join(bare.casefold().split())


def times(value: Any, its: str) -> tuple[datetime, datetime] | None:
    """The first moment, and the first moment after."""
    if its == "Period":
        start = moment(value["start"])[0] if "start" in value else FOREVER[0]
        end = moment(value["end"])[1] if "end" in value else FOREVER[1]
        return start, end
    if its == "Timing":
        spans = [moment(event) for event in value.get("event", [])]
        bounds = value.get("repeat", {}).get("boundsPeriod")
        if bounds:
            spans.append(times(bounds, "Period"))  # type: ignore[arg-type]
        return (min(one[0] for one in spans), max(one[1] for one in spans)) if spans else None
    return moment(value)


def moment(text: str) -> tuple[datetime, datetime]:
    parts = re.fullmatch(r"(\d{4})(?:-(\d\d))?(?:-(\d\d))?(?:T(.+?))?(Z|[+-]\d\d:\d\d)?", text)
    assert parts, text
    year, month, day, clock, _ = parts.groups()
    if clock is None:
        start = datetime(int(year), int(month or 1), int(day or 1), tzinfo=UTC)
        if day:
            return start, start + timedelta(days=1)
        if not month:
            return start, start.replace(year=start.year + 1)
        return start, (start.replace(day=28) + timedelta(days=4)).replace(day=1)
    start = datetime.fromisoformat(text if re.search(r"Z|[+-]\d\d:\d\d$", text) else text + "Z")
    if "." in clock:
        return start, start + timedelta(milliseconds=1)
    return start, start + (timedelta(seconds=1) if clock.count(":") == 2 else timedelta(minutes=1))


def amounts(value: Any, its: str) -> list[tuple[tuple[Decimal, Decimal], list[tuple[str | None, str]]]]:
    """The ends of the amount, and the units it is stated in."""
    if its in ("decimal", "integer", "positiveInt", "unsignedInt"):
        return [((Decimal(value), Decimal(value)), [])]
    if its == "Money":
        exact = Decimal(value["value"])
        return [
            ((exact, exact), [("urn:iso:std:iso:4217", value["currency"])] if "currency" in value else [])
        ]
    if its == "Range":
        low, high = value.get("low", {}), value.get("high", {})
        ends = (Decimal(low.get("value", UP_AND_DOWN[0])), Decimal(high.get("value", UP_AND_DOWN[1])))
        return [(ends, units(low or high))]
    if "value" not in value:
        return []
    exact = Decimal(value["value"])
    ends = {
        None: (exact, exact), "<": (UP_AND_DOWN[0], exact.next_minus()), "<=": (UP_AND_DOWN[0], exact),
        ">": (exact.next_plus(), UP_AND_DOWN[1]), ">=": (exact, UP_AND_DOWN[1]),
    }  # fmt: skip
    return [(ends[value.get("comparator")], units(value))]


def in_unit(amount: Decimal, stated: list[tuple[str | None, str]], asked: list[str]) -> Decimal | None:
    """The amount in the unit asked for, if that is one of UCUM; what is open at an end stays open."""
    system, unit = asked
    measured = ucum.shared().dimension(unit) if system == ucum.SYSTEM else None
    for own, name in stated:
        if own == ucum.SYSTEM and measured is not None and ucum.shared().dimension(name) == measured:
            return ucum.shared().convert(amount, name, unit) if amount.is_finite() else amount
    return None


def units(value: Any) -> list[tuple[str | None, str]]:
    found = [(value.get("system"), value["code"])] if "code" in value else []
    return [*found, (None, value["unit"])] if "unit" in value else found


# --- comparing


def match_token(value: Any, its: str, asked: str, modifier: str) -> bool:
    system, bar, code = asked.rpartition("|")
    for its_system, its_code in tokens(value, its):
        if bar and (system or None) != its_system:
            continue
        if code in ("", its_code):
            return True
    return False


def match_string(value: Any, its: str, asked: str, modifier: str) -> bool:
    if modifier == "exact":
        return asked in texts(value, its)
    return any(fold(text).startswith(fold(asked)) for text in texts(value, its) if fold(text))


def match_reference(value: Any, its: str, asked: str, modifier: str) -> bool:
    text = value.get("reference", "") if isinstance(value, dict) else value
    if modifier:
        asked = f"{modifier}/{asked}"
    if text.startswith("#"):
        return False
    if asked in (text, text.partition("|")[0]):
        return True
    return "/" not in asked and re.fullmatch(rf"[A-Z]\w+/{re.escape(asked)}", text) is not None


def match_uri(value: Any, its: str, asked: str, modifier: str) -> bool:
    return asked == value or (its == "canonical" and asked == value.partition("|")[0])


def prefixed(asked: str) -> tuple[str, str]:
    return (asked[:2], asked[2:]) if asked[:2].isalpha() else ("eq", asked)


def match_date(value: Any, its: str, asked: str, modifier: str) -> bool:
    prefix, text = prefixed(asked)
    span = times(value, its)
    if span is None:
        return False
    (low, high), (start, end) = moment(text), span
    is_equal = low <= start and end <= high
    return {
        "eq": is_equal, "ne": not is_equal, "gt": end > high, "lt": start < low, "ge": end > high or is_equal,
        "le": start < low or is_equal, "sa": start >= high, "eb": end <= low,
    }[prefix]  # fmt: skip


def match_number(value: Any, its: str, asked: str, modifier: str) -> bool:
    text, *unit = asked.split("|")
    prefix, digits = prefixed(text)
    exact = Decimal(digits)
    half = Decimal(5).scaleb(int(exact.as_tuple().exponent) - 1)
    for (start, end), stated in amounts(value, its):
        if unit and not any(unit[1] == name and unit[0] in ("", system) for system, name in stated):
            low, high = in_unit(start, stated, unit), in_unit(end, stated, unit)
            if low is None or high is None:
                continue
            start, end = low, high
        is_equal = exact - half <= start and end < exact + half
        wide = abs(exact) / 10
        if {
            "eq": is_equal, "ne": not is_equal, "gt": end > exact, "lt": start < exact, "ge": end >= exact,
            "le": start <= exact, "sa": start > exact, "eb": end < exact,
            "ap": start <= exact + wide and end >= exact - wide,
        }[prefix]:  # fmt: skip
            return True
    return False


MATCHES = {
    "token": match_token, "string": match_string, "reference": match_reference, "uri": match_uri,
    "date": match_date, "number": match_number, "quantity": match_number,
}  # fmt: skip
