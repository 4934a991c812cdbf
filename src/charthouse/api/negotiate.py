"""Which form of answer the caller asked for, decided before anything is done (R4 http.html#mime-type)."""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from typing import Final, NamedTuple

from charthouse.base.errors import Category, Problem, invalid, problem

JSON: Final = "application/fhir+json"
XML: Final = "application/fhir+xml"

_FORMATS: Final = {
    "json": JSON,
    "application/fhir+json": JSON,
    "application/json": JSON,
    "text/json": JSON,
    "application/json+fhir": JSON,
    "xml": XML,
    "application/fhir+xml": XML,
    "application/xml": XML,
    "text/xml": XML,
    "application/xml+fhir": XML,
}
_WILD: Final = ("*/*", "application/*")
_FHIR_ONLY: Final = ("json", "xml", JSON, XML)
SUMMARIES: Final = ("true", "text", "data", "count", "false")
_OFFERED: Final = f"Ask for {JSON} or {XML}."
SHAPING: Final = frozenset(("_format", "_pretty", "_summary", "_elements"))


class View(NamedTuple):
    """The form of one answer: media type, indented or not, and which part of each resource.

    `summary` is None, "true", "text", "data" or "count"; `elements` are the names given by
    `_elements`; `raw` says that a Binary is wanted as its content; `asked` are the shaping
    parameters as given, to be repeated in links.
    """

    format: str = JSON
    pretty: bool = False
    summary: str | None = None
    elements: tuple[str, ...] = ()
    raw: bool = False
    asked: tuple[tuple[str, str], ...] = ()

    @property
    def whole(self) -> bool:
        """Whether resources go out as they are stored."""
        return self.summary is None and not self.elements


PLAIN: Final = View()
RAW: Final = View(raw=True)


@lru_cache(maxsize=256)
def accepted(accept: str) -> str | None:
    """The best of our media types for an Accept header, or None where it allows neither."""
    best: tuple[float, str] | None = None
    for part in accept.split(","):
        name, _, rest = part.partition(";")
        name = name.strip().lower()
        settings = dict(_setting(text) for text in rest.split(";") if text.strip())
        kind = JSON if name in _WILD else _FORMATS.get(name)
        if kind is None or settings.get("fhirversion", "4.0") not in ("4.0", "4.0.1"):
            continue
        weight = _weight(settings.get("q", "1"))
        if weight > 0 and (best is None or weight > best[0]):
            best = (weight, kind)
    return best[1] if best else None


def view(accept: str | None, params: Iterable[tuple[str, str]]) -> View:
    """The form asked for by an Accept header and the shaping parameters of a query.

    Raises `Problem(unsupported, "media-out")` (406) naming the type that is not offered, and
    `Problem(invalid)` for values of `_pretty` and `_summary` that R4 does not know.
    """
    asked = tuple((name, value) for name, value in params if name in SHAPING)
    given = dict(asked)
    if "_format" in given:
        kind = _FORMATS.get(_format(given["_format"]))
        if kind is None:
            raise _refused(given["_format"], "_format")
    else:
        kind = JSON if not accept else accepted(accept)
        if kind is None:
            raise _refused(accept or "", "Accept")
    summary = given.get("_summary")
    if summary is not None and summary not in SUMMARIES:
        raise invalid(
            "value",
            "_summary has a value that FHIR does not know.",
            place="_summary",
            value=summary,
            repair=f"Use one of {', '.join(SUMMARIES)}.",
        )
    pretty = given.get("_pretty", "false")
    if pretty not in ("true", "false"):
        raise invalid("value", "_pretty is true or false.", place="_pretty", value=pretty)
    elements = tuple(name.strip() for name in given.get("_elements", "").split(",") if name.strip())
    return View(kind, pretty == "true", None if summary == "false" else summary, elements, False, asked)


def binary(accept: str | None, params: Iterable[tuple[str, str]]) -> View:
    """The form of an answer about one Binary: its content unless a FHIR type is named (R4 binary.html#rest)."""
    params = tuple(params)
    named = [part.partition(";")[0].strip().lower() for part in (accept or "").split(",")]
    if any(name == "_format" for name, _ in params) or any(name in _FHIR_ONLY for name in named):
        return view(accept, params)
    return RAW


def lenient(accept: str | None, params: Iterable[tuple[str, str]]) -> View:
    """The form of an error answer: what was asked for if it is offered, else plain JSON."""
    try:
        return view(accept, [pair for pair in params if pair[0] in ("_format", "_pretty")])
    except Problem:
        return PLAIN


def _format(value: str) -> str:
    """`_format` as a lookup key; a `+` that became a space on its way is a `+` again."""
    return value.partition(";")[0].strip().lower().replace(" ", "+")


def _setting(text: str) -> tuple[str, str]:
    name, _, value = text.partition("=")
    return name.strip().lower(), value.strip().strip('"')


def _weight(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return 0.0


def _refused(value: str, place: str) -> Problem:
    return problem(
        Category.UNSUPPORTED,
        "media-out",
        "The answer is not offered in that format.",
        place=place,
        value=value,
        repair=_OFFERED,
    )
