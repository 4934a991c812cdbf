"""Parameters and values drawn by hypothesis, mostly from the data itself, as they are or a little beside."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, Final

from hypothesis import strategies as st

from tests.oracle.cells import Cell
from tests.oracle.held import measures, strings
from tests.oracle.naive import Oracle
from tests.oracle.ranges import date_spans
from tests.oracle.values import Value

UCUM: Final = "http://unitsofmeasure.org"
COLOURS: Final = "http://example.org/colours"
# Which units may stand for another one in a search.
_OTHER_UNITS: Final = {
    "mg/dL": "g/L", "g/L": "mg/dL", "kg": "g", "g": "kg", "cm": "m", "m": "cm", "a": "mo", "min": "h", "h": "min",
    "mmol/L": "mol/L", "g/dL": "mg/dL", "[lb_av]": "kg",
}  # fmt: skip


@dataclass(repr=False)
class Pool:
    """The parameters that find something in the data, by kind, and the values that they find."""

    oracle: Oracle
    params: dict[str, list[tuple[str, str]]] = field(default_factory=dict)
    held: dict[tuple[str, str], list[Value]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for type, trees in sorted(self.oracle.by_type.items()):
            for code, param in self.oracle.definitions.search_params(type).items():
                if param.components or code == "phonetic" or param.expression is None:
                    continue
                found = [value for tree in trees for value in self.oracle.values.of(tree, code)]
                if found and not code.startswith("_"):
                    self.params.setdefault(param.type, []).append((type, code))
                if found:
                    self.held[type, code] = found

    def holding(
        self, kind: str, is_wanted: Callable[[Value], bool]
    ) -> list[tuple[tuple[str, str], list[Value]]]:
        """The parameters of a kind, each with the values that are wanted; those with none are left out."""
        found = (((type, code), [one for one in self.held[type, code] if is_wanted(one)])
                 for type, code in self.params.get(kind, ()))  # fmt: skip
        return [(param, values) for param, values in found if values]


def escaped(text: str) -> str:
    """`text` as it stands in a parameter's value."""
    return re.sub(r"([\\,|$])", r"\\\1", text)


@dataclass(repr=False)
class Drawing:
    """The strategies over one pool."""

    pool: Pool
    kept: dict[str, Any] = field(default_factory=dict)

    def holding(self, key: str, kind: str, is_wanted: Callable[[Value], bool] = lambda _: True) -> Any:
        if key not in self.kept:
            self.kept[key] = self.pool.holding(kind, is_wanted)
        return self.kept[key]

    def plain(self, cell: Cell, type: str | None = None) -> st.SearchStrategy[tuple[str, str, str, str]]:
        """(type, code, value, what stands behind the colon) of one parameter."""
        return _plain(self, cell, type)


def named(cell: Cell, code: str, modifier: str) -> str:
    return f"{code}:{modifier}" if modifier else code


# ---------------------------------------------------------------- values


_CODED: Final = ("CodeableConcept", "Coding", "Identifier")


def wanted(cell: Cell) -> Callable[[Value], bool]:
    """Which values a cell can be drawn from."""
    if cell.modifier == "missing":
        return lambda value: True
    match cell.kind:
        case "token":
            return _wanted_token(cell)
        case "reference":
            return _wanted_reference(cell)
        case "uri" if cell.modifier:
            return lambda value: str(value.data).startswith("http")
        case "quantity" if cell.form == "number|system|code":
            return lambda value: any("system" in unit and "code" in unit for _, unit in measures(value))
        case "number" | "quantity":
            return lambda value: bool(measures(value))
        case "date":
            return lambda value: bool(date_spans(value.type, value.data))
        case "string":
            return lambda value: bool(strings(value))
    return lambda value: True


def _wanted_token(cell: Cell) -> Callable[[Value], bool]:
    match cell.modifier, cell.form:
        case _, "mime":
            return lambda value: value.type == "code" and "/" in str(value.data)
        case "in" | "not-in" | "below" | "above", _:
            return lambda value: COLOURS in json.dumps(value.data, default=str)
        case "of-type", _:
            return lambda value: value.type == "Identifier" and "coding" in value.data.get("type", {})
        case "text", _:
            return lambda value: value.type in _CODED and bool(_texts(value))
        case _, "code" | "":
            return lambda value: True
        case _, "|code":
            return lambda value: value.type in _CODED
    return lambda value: value.type in (*_CODED, "code")


def _wanted_reference(cell: Cell) -> Callable[[Value], bool]:
    match cell.modifier, cell.form:
        case _, "hierarchy":
            return lambda value: "Location/" in str(value.data)
        case "identifier" | "text" as word, _:
            name = "display" if word == "text" else word
            return lambda value: isinstance(value.data, dict) and name in value.data
        case _, "canonical" | "canonical|version":
            return lambda value: value.type == "canonical"
        case _, "url":
            return lambda value: value.type == "Reference" and value.data.get("reference", "#")[0] != "#"
    return lambda value: (
        value.type == "Reference" and bool(re.match(r"[A-Z]\w+/", value.data.get("reference", "")))
    )


@st.composite
def _plain(draw: st.DrawFn, drawing: Drawing, cell: Cell, type: str | None) -> tuple[str, str, str, str]:
    choices = drawing.holding(repr(cell), cell.kind, wanted(cell))
    choices = [one for one in choices if type in (None, one[0][0])]
    (found, code), values = draw(st.sampled_from(choices))
    if cell.modifier == "missing":
        return found, code, draw(st.sampled_from(["true", "false"])), "missing"
    value = draw(st.sampled_from(values))
    text, modifier = VALUES[cell.kind](draw, drawing, cell, value)
    return found, code, text, modifier or cell.modifier


def _number(draw: st.DrawFn, drawing: Drawing, cell: Cell, value: Value) -> tuple[str, str]:
    span, _ = draw(st.sampled_from(measures(value)))
    return cell.prefix + _near_number(draw, span), ""


def _near_number(draw: st.DrawFn, span: Any) -> str:
    """A number at, beside, or around an end of what is held, written in some way."""
    end = draw(st.sampled_from([one for one in (span.low, span.high) if abs(one) != float("inf")]))
    # Ten places: doubles cannot tell the sixteenth digit, and what is a trifle beside a number is drawn as that number.
    exact = round(Decimal(end.numerator) / Decimal(end.denominator), 10)
    exact = Decimal(f"{exact:f}".rstrip("0").rstrip(".")) if "." in f"{exact:f}" else exact
    exact += Decimal(
        draw(st.sampled_from(["0", "0", "0", "0", "0.05", "-0.05", "0.5", "-0.5", "1", "-1", "20", "0.001"]))
    )
    match draw(st.sampled_from(["as it is", "as it is", "longer", "shorter", "exponent"])):
        case "longer":
            return f"{exact:f}" + ("0" if "." in f"{exact:f}" else ".0")
        case "shorter":
            return f"{exact:.1f}" if abs(exact) < 10 else f"{exact:.0f}"
        case "exponent" if exact:
            return f"{exact:.2e}"
    return f"{exact:f}"


def _quantity(draw: st.DrawFn, drawing: Drawing, cell: Cell, value: Value) -> tuple[str, str]:
    pairs = [one for one in measures(value) if cell.form != "number|system|code" or "code" in one[1]]
    span, unit = draw(st.sampled_from(pairs))
    number = _near_number(draw, span)
    if cell.form == "number":
        return f"{cell.prefix}{number}", ""
    code = unit.get("code") or unit.get("unit") or "mg"
    if cell.form == "number||code":
        return f"{cell.prefix}{number}||{escaped(draw(st.sampled_from([code, unit.get('unit', code)])))}", ""
    if code in _OTHER_UNITS and draw(st.booleans()):
        code = _OTHER_UNITS[code]
    return f"{cell.prefix}{number}|{unit['system']}|{code}", ""


def _date(draw: st.DrawFn, drawing: Drawing, cell: Cell, value: Value) -> tuple[str, str]:
    texts = re.findall(
        r'"(\d{4}(?:-\d\d(?:-\d\d(?:T[\d:.]+(?:Z|[+-]\d\d:\d\d))?)?)?)"', json.dumps(value.data, default=str)
    )
    return cell.prefix + _near_date(draw, draw(st.sampled_from(texts))), ""


def _near_date(draw: st.DrawFn, text: str) -> str:
    """The date, or one beside it, as precise or less, in this time zone or another."""
    day, _, time = text.partition("T")
    match draw(st.sampled_from(["as it is", "as it is", "shorter", "beside", "time", "zone"])):
        case "shorter":
            cuts = [4, 7, 10, *([] if not time else [16, 19])]
            cut = draw(st.sampled_from([one for one in cuts if one <= len(text)]))
            return text[:cut] + ("Z" if cut > 10 else "")
        case "beside":
            year = min(max(int(day[:4]) + draw(st.sampled_from([-1, 1])), 1), 9999)
            return f"{year:04}{day[4:].replace('-02-29', '-02-28')}"
        case "time" if len(day) == 10:
            time = draw(
                st.sampled_from(["00:00", "10:00", "10:00:00", "23:59:59", "10:00:00.250", "12:00:00.5"])
            )
            return f"{day}T{time}{draw(st.sampled_from(['', 'Z', '+01:00', '-05:00']))}"
        case "zone" if time and day[:4] not in ("0001", "9999"):
            return re.sub(
                r"(Z|[+-]\d\d:\d\d)$", draw(st.sampled_from(["Z", "+01:00", "-05:00", "+14:00"])), text
            )
    return text


def _string(draw: st.DrawFn, drawing: Drawing, cell: Cell, value: Value) -> tuple[str, str]:
    text = draw(st.sampled_from(strings(value)))
    return escaped(_near_text(draw, text, cell.modifier)), ""


def _near_text(draw: st.DrawFn, text: str, modifier: str) -> str:
    """The text, a part of it, or the same in other letters; never one that folds to nothing."""
    start = draw(st.integers(0, max(len(text) - 3, 0))) if modifier == "contains" else 0
    changed = text[start : start + draw(st.integers(2, max(len(text), 2)))].strip()
    change = draw(st.sampled_from([str, str, str.upper, str.lower, str.title]))
    plain = change(text if modifier == "exact" and draw(st.booleans()) else changed)
    if modifier != "exact" and draw(st.integers(0, 3)) == 0:
        plain = plain.replace(" ", draw(st.sampled_from(["  ", "\t"])))
    return plain if re.search(r"\w", plain) else text


def _texts(value: Value) -> list[str]:
    data = value.data
    found = [data.get("display"), *(one.get("display") for one in data.get("coding", ()))]
    if value.type != "Reference":
        found += [data.get("text"), data.get("type", {}).get("text")]
    return [one for one in found if one]


def _token(draw: st.DrawFn, drawing: Drawing, cell: Cell, value: Value) -> tuple[str, str]:
    if cell.modifier == "text":
        return escaped(_near_text(draw, draw(st.sampled_from(_texts(value))), "")), ""
    if cell.modifier in ("in", "not-in"):
        name = draw(st.sampled_from(["reds", "all-colours"]))
        return (f"http://example.org/{name}" if cell.form == "url" else f"ValueSet/{name}"), ""
    if cell.form == "mime":
        return str(value.data).partition(";")[0], ""
    if cell.modifier in ("below", "above"):
        return f"{COLOURS}|{draw(st.sampled_from(['warm', 'red', 'crimson', 'blue']))}", ""
    if cell.modifier == "of-type":
        kind = value.data["type"]["coding"][0]
        return "|".join(
            escaped(one) for one in (kind["system"], kind["code"], value.data.get("value", "x"))
        ), ""
    text = _token_text(draw, cell.form, drawing.pool.oracle.tokens(value))
    return (text.swapcase() if value.type == "string" and draw(st.booleans()) else text), ""


def _token_text(draw: st.DrawFn, form: str, tokens: list[tuple[str | None, str | None]]) -> str:
    system, code = draw(st.sampled_from(tokens or [(COLOURS, "red")]))
    system, code = escaped(system or COLOURS), escaped(code or "none")
    if draw(st.integers(0, 9)) == 0:
        code = "no-such-code"
    return {"code": code, "system|code": f"{system}|{code}", "|code": f"|{code}", "system|": f"{system}|"}[
        form
    ]


def _reference(draw: st.DrawFn, drawing: Drawing, cell: Cell, value: Value) -> tuple[str, str]:
    oracle = drawing.pool.oracle
    if cell.modifier == "text":
        return escaped(_near_text(draw, value.data["display"], "")), ""
    if cell.modifier == "identifier":
        return _token_text(draw, cell.form, oracle.tokens(Value("Identifier", value.data["identifier"]))), ""
    text = oracle.literal(value)
    if cell.form.startswith("canonical"):
        url, _, version = text.partition("|")
        return url + (rf"|{version or '1.0'}" if cell.form.endswith("version") else ""), ""
    reference = oracle.refer(text)
    if cell.form == "url":
        return (f"{oracle.base}/{text}" if reference.type else text), ""
    if cell.modifier == "Type":
        return str(reference.id), str(reference.type)
    return (str(reference.id) if cell.form == "id" else f"{reference.type}/{reference.id}"), ""


def _uri(draw: st.DrawFn, drawing: Drawing, cell: Cell, value: Value) -> tuple[str, str]:
    text = str(value.data)
    if cell.modifier == "below":
        stems = [text, *(text[: match.start()] for match in re.finditer("/", text[9:])), "http://example.org"]
        text = draw(st.sampled_from([one for one in stems if one.startswith("http") and len(one) > 9]))
    if cell.modifier == "above":
        text += draw(st.sampled_from(["", "/b", "/b/c", "b"]))
    return escaped(text), ""


VALUES: Final[dict[str, Callable[..., tuple[str, str]]]] = {
    "number": _number, "quantity": _quantity, "date": _date, "string": _string, "token": _token,
    "reference": _reference, "uri": _uri,
}  # fmt: skip
