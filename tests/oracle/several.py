"""Whole searches drawn by hypothesis: one of each cell, and several parameters together."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Final

from hypothesis import strategies as st

from tests.oracle.cells import CELLS, LINES, Cell, Query
from tests.oracle.drawing import VALUES, Drawing, named, wanted
from tests.oracle.values import Value


@st.composite
def _composite(draw: st.DrawFn, drawing: Drawing, cell: Cell) -> Query:
    pool = drawing.pool
    kinds = cell.form.split("$")
    choices = []
    for type in pool.oracle.by_type:
        known = pool.oracle.definitions.search_params(type)
        by_url = {one.url: one.type for one in known.values()}
        for param in known.values():
            its_kinds = [by_url.get(url) for url, _ in param.components]
            if param.components and (not cell.form or its_kinds == kinds):
                choices.append((type, param))
    bases = [
        (type, param, tree, base)
        for type, param in choices
        for tree in pool.oracle.by_type[type]
        for base in pool.oracle.values.bases(tree, param.expression)
        if all(_usable(kind, pool.oracle.values.at(expression, base, tree))
               for kind, (_, expression) in zip(kinds, param.components, strict=False))
    ] if ("bases", cell.form) not in drawing.kept else drawing.kept["bases", cell.form]  # fmt: skip
    drawing.kept["bases", cell.form] = bases
    type, param, tree, base = draw(st.sampled_from(bases))
    if cell.modifier == "missing":
        return Query((cell,), type, ((f"{param.code}:missing", "true"),))
    texts = []
    for kind, (_, expression) in zip(kinds, param.components, strict=True):
        value = draw(st.sampled_from(_usable(kind, pool.oracle.values.at(expression, base, tree))))
        form = draw(
            st.sampled_from(
                {"token": ["code", "system|code"], "quantity": ["number", "number|system|code"]}.get(
                    kind, [""]
                )
            )
        )
        if kind == "quantity" and not wanted(Cell("quantity", "", "", form))(value):
            form = "number"
        part = Cell(kind, "", cell.prefix if kind in LINES else "", form)
        texts.append(VALUES[kind](draw, drawing, part, value)[0])
    return Query((cell,), type, ((param.code, "$".join(texts)),))


def _usable(kind: str, values: list[Value]) -> list[Value]:
    if kind == "token":
        return [
            one
            for one in values
            if not isinstance(one.data, dict) or one.data.get("coding") or "code" in one.data
        ]
    return [one for one in values if wanted(Cell(kind))(one)]


@st.composite
def _special(draw: st.DrawFn, drawing: Drawing, cell: Cell) -> Query:
    if cell.modifier:
        return Query((cell,), "Location", (("near:missing", "true"),))
    latitude, longitude = draw(st.floats(51.9, 52.5)), draw(st.floats(4.2, 5.0))
    text = f"{latitude:.4f}|{longitude:.4f}"
    if cell.form:
        unit = draw(st.sampled_from(["km", "m", "[mi_i]"])) if "unit" in cell.form else ""
        distance = draw(st.integers(5, 60)) * (1000 if unit == "m" else 1)
        text += f"|{distance}" + (f"|{unit}" if unit else "")
    return Query((cell,), "Location", (("near", text),))


# Chains that the data has: type, the links, the type where it ends.
_CHAINS: Final = {
    "1": [
        ("Observation", "subject", "Patient"), ("Encounter", "location", "Location"),
        ("Encounter", "patient", "Patient"), ("Patient", "organization", "Organization"),
        ("Organization", "partof", "Organization"), ("Condition", "encounter", "Encounter"),
        ("Observation", "has-member", "Observation"),
    ],
    "2": [
        ("Observation", "subject:Patient.organization", "Organization"), ("Patient", "link:Patient.link", "Patient"),
        ("Encounter", "location.organization", "Organization"), ("Condition", "encounter.patient", "Patient"),
    ],
}  # fmt: skip
_ENDS: Final = [
    Cell("string"), Cell("string", "contains"), Cell("string", "missing"), Cell("token", "", "", "code"),
    Cell("token", "not", "", "code"), Cell("token", "below", "", "system|code"), Cell("date", "", "ge"),
    Cell("date", "missing"),
]  # fmt: skip


@st.composite
def _end(draw: st.DrawFn, drawing: Drawing, type: str) -> tuple[str, str]:
    """Parameter and value at the end of a chain."""
    ends = [
        one
        for one in _ENDS
        if any(param[0] == type for param, _ in drawing.holding(repr(one), one.kind, wanted(one)))
    ]
    cell = draw(st.sampled_from(ends))
    _, code, value, modifier = draw(drawing.plain(cell, type))
    return named(cell, code, modifier), value


@st.composite
def _chain(draw: st.DrawFn, drawing: Drawing, cell: Cell) -> Query:
    type, links, target = draw(st.sampled_from(_CHAINS[cell.form]))
    name, value = draw(_end(drawing, target))
    links += f":{target}" if cell.modifier else ""
    return Query((cell,), type, ((f"{links}.{name}", value),))


@st.composite
def _has(draw: st.DrawFn, drawing: Drawing, cell: Cell) -> Query:
    type, link, target = draw(st.sampled_from(_CHAINS["1"]))
    if cell.form == "1":
        name, value = draw(_end(drawing, type))
        return Query((cell,), target, ((f"_has:{type}:{link}:{name}", value),))
    name, value = draw(_end(drawing, "Observation"))
    inner = draw(
        st.sampled_from(
            [
                f"_has:Patient:link:_has:Observation:patient:{name}",
                f"_has:Encounter:subject:_has:Observation:encounter:{name}",
            ]
        )
    )
    return Query((cell,), "Patient", ((inner, value),))


@st.composite
def _meta(draw: st.DrawFn, drawing: Drawing, cell: Cell) -> Query:
    """`_id`, `_tag`, `_list` and what else every type has."""
    if cell.kind == "_list":
        number, type = draw(st.integers(0, 4)), draw(st.sampled_from(["Patient", "Observation"]))
        return Query((cell,), type, (("_list", f"list-{number}"),))
    type, code = draw(st.sampled_from([param for param in drawing.pool.held if param[1] == cell.kind]))
    value = draw(st.sampled_from(drawing.pool.held[type, code]))
    kind = {"_id": "token", "_lastUpdated": "date", "_tag": "token", "_security": "token"}.get(code, "uri")
    forms = ["system|code", "code", "system|"] if value.type == "Coding" else ["code"]
    part = Cell(kind, "", cell.prefix, draw(st.sampled_from(forms)) if kind == "token" else "")
    return Query((cell,), type, ((code, VALUES[kind](draw, drawing, part, value)[0]),))


def _quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)


# Operators of a filter that ask code systems, and the parameters that draw their values.
_ASKING: Final = {
    "ss": Cell("token", "below", "", "system|code"), "sb": Cell("token", "above", "", "system|code"),
    "in": Cell("token", "in", "", "url"), "ni": Cell("token", "not-in", "", "url"),
}  # fmt: skip


@st.composite
def _comparison(draw: st.DrawFn, drawing: Drawing, cell: Cell, type: str | None = None) -> tuple[str, str]:
    """(type, `path operator value`) of one comparison."""
    form = {"token": "code", "reference": "Type/id", "quantity": "number"}.get(cell.form, "")
    part = _ASKING.get(cell.prefix, Cell(cell.form, "", "", form))
    found, code, text, _ = draw(drawing.plain(part, type))
    if cell.prefix == "pr":
        return found, f"{code} pr {draw(st.sampled_from(['true', 'false']))}"
    if cell.form in ("string", "uri", "token"):
        text = re.sub(r"\\(.)", r"\1", text)
    return found, f"{code} {cell.prefix} {_quoted(text) if cell.form in ('string', 'token', 'uri') else text}"


@st.composite
def _filter(draw: st.DrawFn, drawing: Drawing, cell: Cell) -> Query:
    if not cell.modifier:
        type, text = draw(_comparison(drawing, cell))
        return Query((cell,), type, (("_filter", text),))
    type = draw(st.sampled_from(["Observation", "Patient", "Condition"]))
    some = st.sampled_from(
        [
            Cell("_filter", "", "eq", "token"),
            Cell("_filter", "", "ge", "date"),
            Cell("_filter", "", "lt", "date"),
        ]
    )
    one, other, third = (draw(_comparison(drawing, draw(some), type))[1] for _ in range(3))
    text = draw(st.sampled_from({
        "not": [f"not ({one})", f"not ({one} and {other})", f"{third} and not ({one})"],
        "and": [f"{one} and {other}", f"({one} and {other}) or {third}", f"{one} or {other} and {third}"],
        "or": [f"{one} or {other}", f"({one} or {other}) and {third}", f"{one} and {other} or {third}"],
    }[cell.modifier]))  # fmt: skip
    return Query((cell,), type, (("_filter", text),))


@st.composite
def _sort(draw: st.DrawFn, drawing: Drawing, cell: Cell) -> Query:
    type, code = draw(st.sampled_from(drawing.pool.params[cell.form]))
    return Query((cell,), type, (("_sort", cell.modifier + code),))


@st.composite
def mixed(draw: st.DrawFn, drawing: Drawing) -> Query:
    """Several parameters of one type, each with one value or several."""
    plain = [cell for cell in CELLS if cell.kind in VALUES]
    first = draw(st.sampled_from(plain))
    type, code, value, modifier = draw(drawing.plain(first))
    cells, params = [first], [(named(first, code, modifier), value)]
    if draw(st.booleans()) and modifier != "missing":
        params[0] = (params[0][0], f"{value},{_alternative(draw, drawing, first, type, code, value)}")
    for cell in draw(st.lists(st.sampled_from(plain), max_size=2)):
        if any(param[0][0] == type for param in drawing.holding(repr(cell), cell.kind, wanted(cell))):
            _, code, value, modifier = draw(drawing.plain(cell, type))
            cells.append(cell)
            params.append((named(cell, code, modifier), value))
    return Query(tuple(cells), type, tuple(params))


def _alternative(draw: st.DrawFn, drawing: Drawing, cell: Cell, type: str, code: str, value: str) -> str:
    """Another value for the same parameter."""
    held = dict(drawing.holding(repr(cell), cell.kind, wanted(cell)))[type, code]
    if cell.modifier == "Type":
        return value
    return VALUES[cell.kind](draw, drawing, cell, draw(st.sampled_from(held)))[0]


_DRAWN: Final[dict[str, Callable[[Drawing, Cell], st.SearchStrategy[Query]]]] = {
    "composite": _composite, "special": _special, "chain": _chain, "_has": _has, "_filter": _filter, "_sort": _sort,
} | dict.fromkeys(("_id", "_lastUpdated", "_tag", "_security", "_profile", "_source", "_list"), _meta)  # fmt: skip


def of(drawing: Drawing, cell: Cell) -> st.SearchStrategy[Query]:
    """Searches of one cell."""
    if cell.kind in _DRAWN:
        return _DRAWN[cell.kind](drawing, cell)
    return drawing.plain(cell).map(
        lambda one: Query((cell,), one[0], ((named(cell, one[1], one[3]), one[2]),))
    )
