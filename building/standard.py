"""Tells what the FHIR API answers and what it refuses: addresses from the table that dispatches, search
by asking the very parser that reads searches."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Final, NamedTuple

from charthouse.api import body, negotiate, routes
from charthouse.api.capability import searchable
from charthouse.base.errors import Problem
from charthouse.fhir import definitions as r4
from charthouse.search.named import NAME as QUERY
from charthouse.search.named import Asked
from charthouse.search.parse import Parser
from charthouse.search.query import DEFAULT_COUNT, MAX_COUNT
from charthouse.store.index import Extractor

PAGE: Final = Path("docs/reference/fhir.md")


class Sample(NamedTuple):
    """A parameter that stands for its kind; `modifiers` are those R4 gives the kind (search.html#ptypes)."""

    kind: str
    type: str
    code: str
    value: str
    example: str
    modifiers: tuple[str, ...]


SAMPLES: Final = (
    Sample("string", "Patient", "name", "oka", "`name=oka`: the start of any part, whatever case or accents",
           ("missing", "exact", "contains")),
    Sample("token", "Observation", "code", "29463-7",
           "`code=29463-7`, `code=http://loinc.org\\|29463-7`, `code=http://loinc.org\\|`, `code=\\|29463-7`",
           ("missing", "not", "text", "in", "not-in", "above", "below", "of-type")),
    Sample("reference", "Observation", "subject", "Patient/ada", "`subject=Patient/ada`, or a whole address",
           ("missing", "Patient", "identifier", "above", "below")),
    Sample("date", "Observation", "date", "2026", "`date=2026-01`, `date=ge2026-01-02T09:30:00Z`", ("missing",)),
    Sample("number", "RiskAssessment", "probability", "0.5", "`probability=gt0.5`", ("missing",)),
    Sample("quantity", "Observation", "value-quantity", "5",
           "`value-quantity=72.5\\|http://unitsofmeasure.org\\|kg`, `value-quantity=ge70\\|\\|kg`", ("missing",)),
    Sample("uri", "ValueSet", "url", "http://example.org/x", "`url=http://example.org/x`",
           ("missing", "above", "below")),
    Sample("composite", "Observation", "code-value-quantity", "29463-7$70",
           "`code-value-quantity=29463-7$gt70`", ("missing",)),
    Sample("special", "Location", "near", "42.3|-71.1|5|km", "`near=42.3\\|-71.1\\|5\\|km`", ("missing",)),
)  # fmt: skip
_VALUES: Final = {
    "missing": "true", "in": "http://example.org/set", "not-in": "http://example.org/set",
    "above": "http://example.org|1", "below": "http://example.org|1",
    "of-type": "http://example.org|MR|1", "identifier": "http://example.org|1", "Patient": "ada",
}  # fmt: skip

# (how it is written, a search that uses it on Observation, what it does)
OTHERS: Final = (
    ("_id", ("_id", "w1"), "by logical id"),
    ("_lastUpdated", ("_lastUpdated", "ge2026"), "by the time of the last change"),
    ("_tag, _profile, _security", ("_tag", "x"), "by what `meta` says"),
    ("_sort", ("_sort", "-date,code"), "order; `-` turns it round; several keys with commas"),
    ("_count", ("_count", "20"),
     f"results on a page: {DEFAULT_COUNT} when not given, at most {MAX_COUNT}; 0 asks for the total only"),
    ("_total", ("_total", "accurate"), "`none`, `estimate` or `accurate`"),
    ("_include", ("_include", "Observation:subject"), "what a match refers to comes along"),
    ("_revinclude", ("_revinclude", "Provenance:target"), "what refers to a match comes along"),
    ("_include:iterate", ("_include:iterate", "Observation:subject"), "includes of what was included"),
    ("_include=*", ("_include", "*"), "everything referred to comes along"),
    ("_summary", ("_summary", "true"), "`true`, `text`, `data`, `count` or `false`"),
    ("_elements", ("_elements", "status"), "only these elements, and what must be there"),
    ("subject.name", ("subject.name", "oka"), "a search through a reference (chain)"),
    ("_has", ("_has:Provenance:target:agent", "x"), "by what refers to it (reverse chain)"),
    ("_filter", ("_filter", "status eq final"), "one expression for all conditions"),
    ("_list", ("_list", "x"), "what a List names"),
    ("_text, _content", ("_text", "x"), "by any word of the resource"),

    ("_query", ("_query", "x"), "a search that the clinic keeps under a name"),
    ("_contained", ("_contained", "true"), "resources inside resources"),
    ("_type", ("_type", "Observation"), "several types in one search, at the base address and in a compartment"),
)  # fmt: skip

_INTERACTIONS: Final = {
    "capabilities": "What this server can do. The only address here that needs no token.",
    "transaction": "All entries or none.",
    "batch": "Each entry by itself.",
    "history-system": "Every version of everything, newest first. `_count`, `_since`, `_at`; `_list` leaves what a "
    "List names.",
    "history-type": "The same for one type.",
    "history-instance": "The same for one resource.",
    "search-system": "Several types at once: those of `_type`, or all that are open to the caller, by parameters that "
    "all of them have. The house's own audit trail is at AuditEvent alone.",
    "search-type": "Parameters in the address, or as a form to `_search`. With an id before the type, what is in the "
    "compartment of a Patient, Encounter, RelatedPerson, Practitioner or Device; `*` is every type.",
    "create": "`If-None-Exist` makes it conditional.",
    "update": "`If-Match` guards against a lost update; `If-None-Match: *` against overwriting; an id that is "
    "not there is made; with a query instead of an id it is conditional.",
    "patch": "JSON Patch or FHIRPath Patch; `If-Match`; with a query instead of an id it is conditional.",
    "delete": "Earlier versions stay, a later read answers 410; with a query instead of an id it takes one match.",
    "read": "`If-None-Match` and `If-Modified-Since` answer 304.",
    "vread": "One version.",
}

_OPERATIONS: Final = {
    "$fhirpath": "Evaluates an expression on a resource that is sent along, step by step if wanted; reads nothing of "
    "the record.",
    "$lookup": "What is known of a code: its names, its properties, what stands above and below it.",
    "$validate-code": "Whether a code is in a value set, or in a code system, and what its right display is.",
    "$subsumes": "Whether one code stands above another.",
    "$expand": "The codes of a value set, `filter` by words; `offset` and `count` make pages.",
    "$translate": "What a code becomes in another code system, by the ConceptMaps at hand; `reverse` too.",
    "$everything": "The whole record of a patient, of all patients open to the caller, or of an encounter, and what it "
    "refers to. `_since`, `_type`, `_count`; for patients `start` and `end` of care.",
    "$lastn": "The newest observations of each code, `max` of them (1 when not given) and all of the same time; "
    "`patient` or `subject`, and `category` or a code; codes that stand together are one.",
    "$closure": "A table of what subsumes what, kept by name and added to.",
    "$validate": "Everything that is wrong with a resource, by its own profiles and by `profile`; stores nothing.",
}

_HEAD: Final = """# FHIR API

Written by `make docs` from the code that answers; change it there.

FHIR R4 (4.0.1) at `/fhir`. Every request needs `Authorization: Bearer TOKEN`
([how to get one](../how-to/tokens-and-people.md)). Errors are OperationOutcomes that say what is wrong,
where, what was found and what would be right ([which status](errors.md)). What is not listed here is not
offered: another operation or address answers 404, a parameter that is not known or not supported answers 400.
`GET /fhir/metadata` says the same to a program.
"""
_SEARCH: Final = """
## Search

{count} search parameters of the standard over {types} resource types are answered; `metadata` lists them.
Values between commas mean any of them; a parameter given twice means both. Dates, numbers and quantities
take the prefixes `eq`, `ne`, `gt`, `lt`, `ge`, `le`, `sa`, `eb` and `ap`.

| kind | how it is written | modifiers | refused with 400 |
|---|---|---|---|
"""
_OTHER: Final = """
| parameter | what it does | |
|---|---|---|
"""
_TAIL: Final = """
## What gets a 400

- A parameter that the type does not have. The answer names the nearest that it has.
- A parameter, modifier or prefix of the standard that is refused in the tables above. The answer says what to
  use instead.
- A value that cannot be read: a date that is none, a reference to a type the parameter cannot refer to, an
  empty value, `name=` with nothing to compare.
- A body that is no FHIR, or does not fit the structure of its type: the answer says which element, by FHIRPath.

With `Prefer: handling=lenient` a search leaves out what it would refuse and says so in an OperationOutcome
beside the matches. The default is strict, because a condition that is left out in silence finds other
people's results.
"""


def page() -> str:
    """The whole text of the page."""
    known = [list(searchable(r4.load())(name)) for name in r4.load().resource_types]
    search = _SEARCH.format(count=sum(map(len, known)), types=len(known))
    return "".join(
        (
            _HEAD,
            *_interactions(),
            *_operations(),
            *_formats(),
            search,
            *map(_kind, SAMPLES),
            _OTHER,
            *_others(),
            _TAIL,
        )
    )


def is_answered(type: str, name: str, value: str) -> bool:
    """Whether a search with this one parameter is read, or refused."""
    try:
        if name == QUERY:  # which the record has to know
            _parser().query(type, [(name, value)], named=Asked(frozenset(), (), ""))
        else:
            _parser().queries((type,), [(name, value)])
    except Problem:
        return False
    return True


def _interactions() -> Iterator[str]:
    yield "\n## Interactions\n\n| interaction | request | |\n|---|---|---|\n"
    found: dict[str, list[str]] = {}
    for route in routes.ROUTES:
        for code in route.codes:
            found.setdefault(code, []).append(f"`{route.method} /{route.path}`")
    for code, asked in found.items():
        yield f"| {code} | {', '.join(asked)} | {_INTERACTIONS[code]} |\n"


def _operations() -> Iterator[str]:
    yield "\n## Operations\n\n| operation | request | |\n|---|---|---|\n"
    found: dict[str, dict[str, list[str]]] = {}
    for route in routes.ROUTES:
        if route.operation:
            name = f"${route.path.rpartition('$')[2]}"
            found.setdefault(name, {}).setdefault(route.path, []).append(route.method)
    for name, paths in sorted(found.items()):
        asked = ", ".join(f"`{' '.join(sorted(methods))} /{path}`" for path, methods in paths.items())
        yield f"| {name} | {asked} | {_OPERATIONS[name]} |\n"


def _formats() -> Iterator[str]:
    yield "\n## Formats\n\n"
    yield f"`{negotiate.JSON}` (the default) and `{negotiate.XML}`, by `Accept` or `_format=json` and `_format=xml`; "
    yield f"`_pretty=true` indents. A JSON Patch is sent as `{body.JSON_PATCH}`, a search form as `{body.FORM}`. "
    yield "A Binary comes and goes as what it holds, unless a FHIR format is asked for. `Prefer: return=minimal`, "
    yield "`representation` or `OperationOutcome` says what a write gives back.\n"


def _kind(sample: Sample) -> str:
    if not is_answered(sample.type, sample.code, sample.value):
        return f"| {sample.kind} | {sample.example} | | the whole kind |\n"
    answered: list[str] = []
    refused: list[str] = []
    for modifier in sample.modifiers:
        value = _VALUES.get(modifier, sample.value)
        is_read = is_answered(sample.type, f"{sample.code}:{modifier}", value)
        shown = "`:Type`" if modifier == sample.value.partition("/")[0] else f"`:{modifier}`"
        (answered if is_read else refused).append(shown)
    return f"| {sample.kind} | {sample.example} | {', '.join(answered)} | {', '.join(refused)} |\n"


def _others() -> Iterator[str]:
    for shown, (name, value), words in OTHERS:
        verdict = "answered" if is_answered("Observation", name, value) else "refused with 400"
        names = ", ".join(f"`{one}`" for one in shown.split(", "))
        yield f"| {names} | {words} | {verdict} |\n"


@cache
def _parser() -> Parser:
    definitions = r4.load()
    return Parser(definitions, Extractor(definitions))
