"""A condition of a search as index ranges: how to probe one resource for it, and how to gather all that meet it."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from typing import Any, Final, NamedTuple, cast

from charthouse.db.connect import Connection
from charthouse.fhir import references
from charthouse.search import ranges
from charthouse.search.names import Names
from charthouse.search.query import Among, Amount, Criterion, Kind, Link, Measure, Sound, Span, Text, Token
from charthouse.search.ranges import Test
from charthouse.search.text import STREAMS, Fragment, Texts, padded
from charthouse.store.index import Source

GIVEN: Final = "given"  # the test of a condition that is no stretch of an index
END_OF_TEXT: Final = "\U0010ffff"  # sorts after every other character

_TABLES: Final = {
    Kind.TOKEN: "token_index", Kind.REFERENCE: "reference_index", Kind.DATE: "date_index",
    Kind.STRING: "string_index", Kind.NUMBER: "number_index", Kind.QUANTITY: "quantity_index",
    Kind.URI: "uri_index", Kind.ID: "resource", Kind.UPDATED: "resource",
}  # fmt: skip
# Which condition is likely to leave the fewest candidates, before anything is counted.
_RANK: Final = {
    Kind.ID: 0, Kind.REFERENCE: 1, Kind.TOKEN: 2, Kind.URI: 3, Kind.STRING: 4, Kind.QUANTITY: 5, Kind.NUMBER: 6,
    Kind.UPDATED: 7, Kind.DATE: 8,
}  # fmt: skip
# Conditions that most rows meet, or that no index leads to.
_BROAD: Final = frozenset(("token_of_system", "date_ne", "number_ne", "updated_outside", GIVEN))

# Conditions for which every index row of the parameter is looked at.
_SCANNED: Final = frozenset((
    "string_contains", "string_cut", "string_ends", "number_gt", "number_ge", "number_sa", "number_ne",
))  # fmt: skip


class Clause(NamedTuple):
    """A condition with its numbers looked up.

    Without `tests` nothing meets it (or everything, when `negated`). `rank` orders conditions by
    how much they are likely to leave. `given` is the condition itself where it is not about index rows alone.
    `once` says that no resource has two index rows of the parameter, and that the legs of its test have none in common,
    `far` that asking it of one resource looks at all that refers to that.
    """

    table: str
    params: tuple[int, ...]
    tests: tuple[Test, ...]
    negated: bool
    rank: int
    type_number: int
    given: Fragment | None = None
    name: str = ""
    once: bool = False
    far: bool = False

    @property
    def streams(self) -> bool:
        """Whether its index rows come in the order of the keys, each key once."""
        return (
            len(self.params) == 1
            and len(self.tests) == 1
            and not self.negated
            and self.tests[0].size == 1
            and self.tests[0].name in STREAMS
        )

    @property
    def drives(self) -> bool:
        """Whether all that meets it can be gathered from an index."""
        return not self.negated and all(not _BROAD.issuperset(test.name.split("&")) for test in self.tests)

    @property
    def is_of_index(self) -> bool:
        """Whether it is about the index rows of a resource and nothing else."""
        return self.given is None and self.table != "resource"

    @property
    def scans(self) -> bool:
        """Whether gathering reads all index rows of its parameter, or of its unit, however few meet it."""
        if self.table == "quantity_index" and any(not test.size for test in self.tests):
            return True
        return any(test.name in _SCANNED for test in self.tests)

    @property
    def named(self) -> int | None:
        """How many resources it names by their ids, at most; None where it is about something else."""
        return self.tests[0].size if self.tests and self.tests[0].name == "id_is" else None

    def probe(self, texts: Texts) -> Fragment:
        """The condition on one resource `r`."""
        if self.given is not None:
            return self.given
        names = tuple((test.name, test.size) for test in self.tests)
        sql = texts.probe(self.table, len(self.params), names, self.negated)
        return Fragment(sql, (*self.params, *(arg for test in self.tests for arg in test.args)))

    def gather(self, texts: Texts) -> Fragment:
        """The keys of all that meets it, perhaps more than once."""
        legs = [leg for test in self.tests for leg in (test.legs or (test,))]
        sql = texts.gather(self.table, len(self.params), tuple((leg.name, leg.size) for leg in legs))
        front = (self.type_number,) if self.table == "resource" else self.params
        return Fragment(sql, tuple(arg for leg in legs for arg in (*front, *leg.args)))

    def value(self, texts: Texts) -> tuple[str, tuple[Any, ...]]:
        """The test of a condition that streams, and its values, the parameter's in front."""
        test = self.tests[0]
        return texts.test(test.name, test.size, "r"), (*self.params, *test.args)


def clauses(
    connection: Connection, names: Names, type: str, criteria: Sequence[Criterion], at: int
) -> list[Clause]:
    """The clauses of plain conditions on `type`; `at` (ms) is the moment that "approximately" is measured from.

    Date conditions on a parameter with a single value are joined into one, so that a span given by
    its two ends is one stretch of the index.
    """
    number = names.types[type]
    spans: dict[Source, list[Span]] = {}
    found: list[Clause] = []
    for one in criteria:
        if one.kind is Kind.DATE and one.source.single and len(one.values) == 1:
            spans.setdefault(one.source, []).append(cast(Span, one.values[0]))
            continue
        params = names.params(connection, type, one.source.codes)
        tests: Sequence[Test] = ()
        if params or not one.source.codes:
            tests = _tests(connection, names, one, at)
        found.append(
            Clause(
                _TABLES[one.kind], params, tuple(tests), one.negated, _RANK[one.kind], number, None, one.name
            )
        )
    for source, dates in spans.items():
        params = names.params(connection, type, source.codes)
        joined = (ranges.test([ranges.bounds(span, at) for span in dates]),) if params else ()
        rank = _RANK[Kind.DATE]
        found.append(
            Clause("date_index", params, joined, False, rank, number, None, source.codes[0], len(params) == 1)
        )
    return found


def given(fragment: Fragment, type_number: int, name: str) -> Clause:
    """A condition that is asked of each candidate, and leads to none."""
    return Clause("resource", (), (Test(GIVEN, 1, ()),), False, len(_RANK), type_number, fragment, name)


def worded(questions: Sequence[str], type_number: int, name: str, *, listed: bool = False) -> Clause:
    """The condition on the words of a resource: one of the questions, as the engine reads them. With `listed` all that
    answer are listed first, whoever is asked."""
    met = [Test("words_met", 1, (one,)) for one in questions]
    tests = met if listed else [Test("words_probe", 1, one.args, (one,)) for one in met]
    return Clause("resource", (), tuple(tests), False, _RANK[Kind.STRING], type_number, None, name)


def among(keys: Sequence[int], type_number: int, name: str) -> Clause:
    """The condition to be one of `keys`."""
    tests = (Test("key_among", 1, (json.dumps(sorted(keys)),)),) if keys else ()
    return Clause("resource", (), tests, False, 0, type_number, None, name)


def referring(params: tuple[int, ...], keys: Sequence[int], type_number: int, name: str) -> Clause:
    """The condition to refer to one of `keys`."""
    tests = tuple(_any_of("reference_is", keys))
    return Clause("reference_index", params, tests, False, _RANK[Kind.REFERENCE], type_number, None, name)


def valued(kind: Kind, params: tuple[int, ...], tests: Sequence[Test], type_number: int, name: str) -> Clause:
    """The condition to have an index row of `kind` that meets one of `tests`."""
    return Clause(_TABLES[kind], params, tuple(tests), False, _RANK[kind], type_number, None, name)


def table(kind: Kind) -> str:
    """The index of a kind of parameter."""
    return _TABLES[kind]


def nothing(type_number: int, name: str) -> Clause:
    """The condition that none meets."""
    return Clause("resource", (), (), False, 0, type_number, None, name)


def is_hopeless(found: Iterable[Clause]) -> bool:
    """Whether it is known that nothing meets all of the conditions."""
    return any(not one.tests and not one.negated for one in found)


def _tests(connection: Connection, names: Names, criterion: Criterion, at: int) -> Sequence[Test]:
    kind = criterion.kind
    if kind is Kind.TOKEN:
        return _tokens(connection, names, cast(tuple[Token | Among, ...], criterion.values))
    if kind is Kind.REFERENCE:
        links = cast(tuple[Link, ...], criterion.values)
        return _any_of(
            "reference_is",
            (
                number
                for link in links
                if not _is_unresolvable(criterion, link)
                for number in names.targets(connection, link)
            ),
        )
    if kind is Kind.URI:
        texts = cast(tuple[str, ...], criterion.values)
        return _any_of("uri_is", (number for text in texts for number in names.uri(connection, text)))
    if kind is Kind.ID:
        return _any_of("id_is", cast(tuple[str, ...], criterion.values))
    if kind is Kind.STRING:
        return [test for value in cast(tuple[Text | Sound, ...], criterion.values) for test in _texts(value)]
    if kind is Kind.DATE:
        return [ranges.test([ranges.bounds(span, at)]) for span in cast(tuple[Span, ...], criterion.values)]
    if kind is Kind.UPDATED:
        return [_updated(value, at) for value in cast(tuple[Span, ...], criterion.values)]
    if kind is Kind.NUMBER:
        return [_number(value) for value in cast(tuple[Amount, ...], criterion.values)]
    found: list[Test] = []
    for measure in cast(tuple[Measure, ...], criterion.values):
        if measure.unit is None:
            found.append(_number(measure.amount))
        else:
            found += [
                _number(amount, units) for amount, units in names.measures(connection, measure) if units
            ]
    return found


def _any_of(name: str, numbers: Iterable[Any]) -> list[Test]:
    """One test for all values, none when there is none."""
    found = padded(list(dict.fromkeys(numbers)))
    return [Test(name, len(found), tuple(found))] if found else []


def _tokens(connection: Connection, names: Names, asked: tuple[Token | Among, ...]) -> list[Test]:
    tokens = [one for one in asked if isinstance(one, Token)]
    if len(tokens) < len(asked):
        among = {number for one in asked if isinstance(one, Among) for number in names.among(connection, one)}
        if not among:
            return []
        return [Test("token_among", 1, (json.dumps(sorted(among)),))]
    if len(tokens) == 1 and tokens[0].code is not None:
        return _any_of("token_is", names.codes(connection, tokens[0]))
    codes = (number for one in tokens if one.code is not None for number in names.codes(connection, one))
    systems = (
        number for one in tokens if one.code is None for number in names.system(connection, one.system or "")
    )
    return [*_any_of("token_is", codes), *_any_of("token_of_system", systems)]


def _is_unresolvable(criterion: Criterion, link: Link) -> bool:
    """Whether a parameter for references to one type is asked for an address that does not tell its type."""
    return (
        criterion.source.target is not None
        and link.address is not None
        and references.parse(link.address) is None
    )


def _texts(value: Text | Sound) -> list[Test]:
    if isinstance(value, Sound):
        return [Test("string_exact", 1, (code, "")) for code in value.codes]
    return [_text(value)]


def _text(value: Text) -> Test:
    if value.exact is not None:
        return Test("string_exact", 1, (value.folded, value.exact))
    return Test("string_start", 1, (value.folded, value.folded + END_OF_TEXT))


def _updated(span: Span, at: int) -> Test:
    """A point in time, a millisecond long, against the same ranges."""
    prefix, low, high = span
    first, last = -(1 << 62), 1 << 62
    match prefix:
        case "eq" | "po":
            return Test("updated_within", 1, (low, high))
        case "ne":
            return Test("updated_outside", 1, (low, high))
        case "gt" | "sa":
            return Test("updated_within", 1, (high, last))
        case "ge":
            return Test("updated_within", 1, (low, last))
        case "lt" | "eb":
            return Test("updated_within", 1, (first, low))
        case "le":
            return Test("updated_within", 1, (first, high))
        case _:
            return Test("updated_within", 1, ranges.approximate(span, at))


def _number(amount: Amount, units: tuple[int, ...] = ()) -> Test:
    prefix, value, low, high = amount
    match prefix:
        case "eq":
            args: tuple[float, ...] = (low, high, high)
        case "ne":
            args = (low, high)
        case "ap":
            args = (high, low)
        case _:
            args = (value,)
    listed = tuple(padded(units)) if units else ()
    return Test(f"number_{prefix}", len(listed), (*listed, *args))
