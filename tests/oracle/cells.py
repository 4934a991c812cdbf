"""The cells that searches are drawn from: kind of parameter x modifier x prefix x how the value is written.

`CELLS` is all that R4 lets a client ask and docs/reference/search.md says is answered. `REFUSED` is what R4 has
besides: there the search may answer 400, or else it must be right.
"""

from __future__ import annotations

from typing import Final, NamedTuple

from tests.oracle.ranges import PREFIXES

LINES: Final = ("number", "date", "quantity")
TOKENS: Final = ("code", "system|code", "|code", "system|")


class Cell(NamedTuple):
    """Kind of parameter, modifier, prefix, and how the value is written."""

    kind: str
    modifier: str = ""
    prefix: str = ""
    form: str = ""


class Query(NamedTuple):
    """A search: what was drawn, and what is asked."""

    cells: tuple[Cell, ...]
    type: str
    params: tuple[tuple[str, str], ...]


def _cells() -> list[Cell]:
    found = [Cell(kind, "missing") for kind in ("string", "token", "reference", "uri", *LINES)]
    for prefix in ("", *PREFIXES):
        found += [
            Cell("number", "", prefix),
            Cell("date", "", prefix),
            Cell("composite", "", prefix, "token$quantity"),
        ]
        found += [
            Cell("quantity", "", prefix, form) for form in ("number", "number|system|code", "number||code")
        ]
        found += [Cell("composite", "", prefix, "token$number$number")]
        found += [Cell("composite", "", prefix, "token$date"), Cell("_lastUpdated", "", prefix)]
    found += [Cell("composite", "", "", form) for form in ("token$token", "token$string")]
    found += [Cell("string", modifier) for modifier in ("", "exact", "contains")]
    found += [Cell("token", modifier, "", form) for modifier in ("", "not") for form in TOKENS]
    found += [
        Cell("token", "of-type", "", "system|code|value"),
        Cell("token", "text"),
        Cell("token", "below", "", "mime"),
    ]
    found += [Cell("token", modifier, "", "system|code") for modifier in ("below", "above")]
    found += [
        Cell("token", modifier, "", form) for modifier in ("in", "not-in") for form in ("url", "Type/id")
    ]
    found += [
        Cell("reference", "", "", form) for form in ("id", "Type/id", "url", "canonical", "canonical|version")
    ]
    found += [Cell("reference", "Type"), Cell("reference", "text")]
    found += [Cell("reference", modifier, "", "hierarchy") for modifier in ("above", "below")]
    found += [Cell("reference", "identifier", "", form) for form in TOKENS]
    found += [Cell("uri", modifier) for modifier in ("", "below", "above")]
    found += [Cell("special", "", "", form) for form in ("", "distance", "distance|unit")]
    found += [Cell("chain", modifier, "", form) for modifier in ("", "Type") for form in ("1", "2")]
    found += [Cell("_has", "", "", form) for form in ("1", "2")]
    found += [Cell(name) for name in ("_id", "_tag", "_security", "_profile", "_source", "_list")]
    found += [Cell("_filter", "", operator, "string") for operator in ("eq", "co", "sw", "ew", "pr")]
    found += [
        Cell("_filter", "", operator, kind)
        for operator in (*PREFIXES, "pr")
        for kind in ("date", "number", "quantity")
    ]
    found += [
        Cell("_filter", "", operator, kind)
        for kind in ("token", "uri", "reference")
        for operator in ("eq", "ne", "pr")
    ]
    found += [Cell("_filter", "", operator, "token") for operator in ("ss", "sb", "in", "ni")]
    found += [Cell("_filter", "", "ne", "string")]
    found += [Cell("_filter", "", "po", "date"), Cell("_filter", "", "re", "reference")]
    found += [Cell("_filter", word) for word in ("and", "or", "not")]
    found += [Cell("_sort", direction, "", kind) for direction in ("", "-")
              for kind in ("string", "token", "date", "number", "uri", "quantity")]  # fmt: skip
    return found


CELLS: Final = _cells()
# What R4 has and the reference page says is refused, or says nothing of.
REFUSED: Final = [Cell("reference", modifier, "", "canonical") for modifier in ("above", "below")] + [
    Cell("composite", "missing"),
    Cell("special", "missing"),
]
