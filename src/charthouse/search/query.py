"""A search as the program understands it, before any database is asked."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from enum import StrEnum
from typing import NamedTuple

from charthouse.base.errors import Issue
from charthouse.search.words import CONTENT, NARRATIVE, Words
from charthouse.store.index import Source

DEFAULT_COUNT = 20
MAX_COUNT = 1000
# What one search may hold; engines bound the depth and the width of a statement.
MAX_CRITERIA = 50
MAX_SORT_KEYS = 8
MAX_INCLUDES = 20
MAX_RANGES = 100  # alternatives of a parameter whose values are ranges or beginnings
MAX_LISTED = 2000  # alternatives of any other
MAX_STEPS = 8  # references that one parameter walks along
MAX_READ = 400  # conditions on all types that the chains of one search lead to
MAX_FOLLOWED = 1000  # types that the steps of one search are tried on
MAX_HOPS = 16  # types that one step may lead to where none is named


class Kind(StrEnum):
    """What a parameter's values are; `ID` and `UPDATED` are columns of the resource itself, and the last ones
    are conditions that no index has."""

    TOKEN = "token"  # noqa: S105 - a kind of parameter
    REFERENCE = "reference"
    DATE = "date"
    STRING = "string"
    NUMBER = "number"
    QUANTITY = "quantity"
    URI = "uri"
    ID = "id"
    UPDATED = "updated"
    COMPOSITE = "composite"
    CHAIN = "chain"
    REVERSE = "reverse"
    FORMULA = "formula"
    SPECIAL = "special"
    WORDS = "words"
    INSIDE = "inside"


SUBJECT = "-subject"  # mode of the condition to be a resource or, by the codes of the source, to refer to it


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


class Branch(NamedTuple):
    """A place in a hierarchy; `parts`: for each type it can be of, where its resources say what they are part of."""

    link: Link
    parts: tuple[tuple[str, Source], ...]


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


class Sound(NamedTuple):
    """How a name sounds: the codes of which one is looked for."""

    codes: tuple[str, ...]


class Typed(NamedTuple):
    """An identifier by the coding of its type, and its value."""

    system: str | None
    code: str
    value: str


class Near(NamedTuple):
    """A place on the earth (degrees) and how far from it another may be (metres)."""

    latitude: float
    longitude: float
    metres: float


class Hop(NamedTuple):
    """A step along a reference: a resource of `type` that meets `criterion`."""

    type: str
    criterion: Criterion


class Pair(NamedTuple):
    """One alternative of a composite: a condition for each component, in their order."""

    parts: tuple[Criterion, ...]


class Inside(NamedTuple):
    """A resource of `type` inside another one, which meets all of the criteria; with `is_itself` also one that is
    inside of none."""

    type: str
    criteria: tuple[Criterion, ...]
    is_itself: bool = False


class Formula(NamedTuple):
    """Conditions joined by `word`: and, or, not (one part)."""

    word: str
    parts: tuple[Formula | Criterion, ...]


Value = (
    Token | Among | Link | Span | Amount | Measure | Text | Sound | Typed | Near | Hop | Pair | Formula | Words
    | Inside | Branch | bool | str
)  # fmt: skip


class Criterion(NamedTuple):
    """One condition: any of `values` under the rows of `source`, or none of them when `negated`.

    `mode` is the modifier where that changes what is compared: missing, contains, text, identifier,
    of-type, below, above. `code` is the parameter's own name.
    """

    name: str
    kind: Kind
    source: Source
    values: tuple[Value, ...]
    negated: bool = False
    mode: str = ""
    code: str = ""

    @property
    def is_plain(self) -> bool:
        """Whether it is a condition on the resource's own index rows, and no more."""
        return not self.mode and self.kind not in _MADE


def every(criteria: Iterable[Criterion]) -> Iterator[Criterion]:
    """All conditions, those inside others too."""
    waiting: list[object] = list(criteria)
    while waiting:
        one = waiting.pop()
        if isinstance(one, Criterion):
            yield one
            waiting += one.values
        elif isinstance(one, Hop):
            waiting.append(one.criterion)
        elif isinstance(one, Pair | Formula):
            waiting += one.parts
        elif isinstance(one, Inside):
            waiting += one.criteria


_MADE = frozenset((
    Kind.COMPOSITE, Kind.CHAIN, Kind.REVERSE, Kind.FORMULA, Kind.SPECIAL, Kind.WORDS, Kind.INSIDE,
))  # fmt: skip


@dataclass(frozen=True, slots=True)
class SortKey:
    """One key of the order asked for."""

    code: str
    kind: Kind
    source: Source
    descending: bool


@dataclass(frozen=True, slots=True)
class Include:
    """Resources to add: what the parameters of `sources` (type, where its values are) refer to, or (`reverse`)
    who refers by them. With `iterates` what was added is followed too."""

    reverse: bool
    sources: tuple[tuple[str, Source], ...]
    target: str | None
    iterates: bool = False


@dataclass(slots=True)
class Query:
    """A parsed search of one resource type, which may be one of several (`types`).

    `used` is what took part, as the caller wrote it, for the self link; `others` what only the
    answer's form depends on (`_summary`, `_elements`, `_format`, `_pretty`); `ignored` what a
    lenient search left out, as findings. `touched` is (type, parameter) of all that the conditions and the order
    rest on, of other types too. `contained` is "true" or "both" where resources inside others are looked for, and
    `opens` says that they are answered themselves; `scores` whether a match tells how well it answers.
    """

    type: str
    types: tuple[str, ...] = ()
    criteria: list[Criterion] = field(default_factory=list)
    sort: tuple[SortKey, ...] = ()
    count: int = DEFAULT_COUNT
    total: Total = Total.CHEAP
    includes: list[Include] = field(default_factory=list)
    used: list[tuple[str, str]] = field(default_factory=list)
    others: list[tuple[str, str]] = field(default_factory=list)
    ignored: list[Issue] = field(default_factory=list)
    touched: list[tuple[str, str]] = field(default_factory=list)
    contained: str = ""
    opens: bool = False
    scores: bool = True

    @property
    def reads_words(self) -> bool:
        """Whether a condition looks at the text of resources, of other types perhaps."""
        return any(code in (NARRATIVE, CONTENT) for _, code in self.touched)

    @property
    def questions(self) -> list[Words]:
        """What is asked of the matches' own text."""
        return [value for one in self.criteria for value in one.values if isinstance(value, Words)]

    @property
    def is_plain(self) -> bool:
        """Whether every condition is one on the resource's own index rows."""
        return not any(one.mode or one.kind in _MADE for one in self.criteria)  # on every search: no calls
