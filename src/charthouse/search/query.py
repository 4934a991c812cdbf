"""A search as the program understands it, before any database is asked."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import NamedTuple

from charthouse.base.errors import Issue
from charthouse.store.index import Source

DEFAULT_COUNT = 20
MAX_COUNT = 1000
# What one search may hold; engines bound the depth and the width of a statement.
MAX_CRITERIA = 50
MAX_SORT_KEYS = 8
MAX_INCLUDES = 20
MAX_RANGES = 100  # alternatives of a parameter whose values are ranges or beginnings
MAX_LISTED = 2000  # alternatives of any other


class Kind(StrEnum):
    """What a parameter's values are; `ID` and `UPDATED` are columns of the resource itself."""

    TOKEN = "token"  # noqa: S105 - a kind of parameter
    REFERENCE = "reference"
    DATE = "date"
    STRING = "string"
    NUMBER = "number"
    QUANTITY = "quantity"
    URI = "uri"
    ID = "id"
    UPDATED = "updated"


class Total(StrEnum):
    """How exact `Bundle.total` has to be; `CHEAP` when the caller did not say."""

    NONE = "none"
    ESTIMATE = "estimate"
    ACCURATE = "accurate"
    CHEAP = "cheap"


class Token(NamedTuple):
    """`system` None = any, "" = none at all; `code` None = any of that system."""

    system: str | None
    code: str | None


class Among(NamedTuple):
    """Codes that a terminology counts: in the value set `system` (`code` None), or by the hierarchy of the
    code system `system` below or above `code`. `modifier` is in, not-in, below or above."""

    name: str
    modifier: str
    system: str
    code: str | None


class Link(NamedTuple):
    """A reference looked for: our own resource of one of `types`, or an address elsewhere."""

    types: tuple[str, ...]
    id: str | None
    address: str | None


class Span(NamedTuple):
    """A date with its prefix: milliseconds, from `low` to just before `high`."""

    prefix: str
    low: int
    high: int


class Amount(NamedTuple):
    """A number with its prefix, and the range its written precision stands for."""

    prefix: str
    value: float
    low: float
    high: float


class Measure(NamedTuple):
    """An amount with its unit: `unit` None = any, `system` None = any."""

    amount: Amount
    system: str | None
    unit: str | None


class Text(NamedTuple):
    """`folded` is the start looked for; `exact` the whole, or None."""

    folded: str
    exact: str | None


Value = Token | Among | Link | Span | Amount | Measure | Text | str


class Criterion(NamedTuple):
    """One condition: any of `values` under the rows of `source`, or none of them when `negated`."""

    name: str
    kind: Kind
    source: Source
    values: tuple[Value, ...]
    negated: bool = False


@dataclass(frozen=True, slots=True)
class SortKey:
    """One key of the order asked for."""

    code: str
    kind: Kind
    source: Source
    descending: bool


@dataclass(frozen=True, slots=True)
class Include:
    """Resources to add: what `type`'s parameter refers to, or (`reverse`) who refers by it."""

    text: str
    reverse: bool
    type: str
    source: Source
    target: str | None


@dataclass(slots=True)
class Query:
    """A parsed search of one resource type.

    `used` is what took part, as the caller wrote it, for the self link; `others` what only the
    answer's form depends on (`_summary`, `_elements`, `_format`, `_pretty`); `ignored` what a
    lenient search left out, as findings.
    """

    type: str
    criteria: list[Criterion] = field(default_factory=list)
    sort: tuple[SortKey, ...] = ()
    count: int = DEFAULT_COUNT
    total: Total = Total.CHEAP
    includes: list[Include] = field(default_factory=list)
    used: list[tuple[str, str]] = field(default_factory=list)
    others: list[tuple[str, str]] = field(default_factory=list)
    ignored: list[Issue] = field(default_factory=list)
