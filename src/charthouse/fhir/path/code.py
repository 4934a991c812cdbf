"""What compiling gives for each node: closures, and what is known of their results before they run."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from charthouse.base.errors import invalid
from charthouse.fhir.path.item import FALSE, TRUE, Item, Items, State
from charthouse.fhir.path.model import BOOLEANS
from charthouse.fhir.path.routes import Route

Run = Callable[[State, Item], Items]
Truth = Callable[[State, Item], bool | None]


@dataclass(frozen=True, slots=True)
class Static:
    """Known at compile time: the types that can come (None = unknown), whether several can, and in an order."""

    types: frozenset[str] | None = None
    is_many: bool = True
    is_ordered: bool = True


@dataclass(frozen=True, slots=True)
class Code:
    """A compiled node. `run` gives its items for one focus; the rest are shortcuts to the same answer.

    `truth` gives it as Boolean without building items. `routes` are the pure paths it consists
    of. `constant` is its value if it is a literal.
    """

    run: Run
    static: Static
    truth: Truth | None = None
    routes: tuple[Route, ...] = ()
    constant: Item | None = None


ONE_BOOLEAN: Final = Static(frozenset({"System.Boolean"}), is_many=False)
NOTHING: Final = Code(lambda state, this: [], Static(frozenset(), is_many=False))


def system(kind: str, *, is_many: bool = False) -> Static:
    """Results of one System type."""
    return Static(frozenset({f"System.{kind}"}), is_many)


def merged(one: Static, other: Static) -> Static:
    """What is known of a result that is either of the two."""
    types = None if one.types is None or other.types is None else one.types | other.types
    return Static(types, one.is_many or other.is_many, one.is_ordered and other.is_ordered)


def boolean(truth: Truth) -> Code:
    """Code whose answer is true, false or empty."""

    def run(state: State, this: Item) -> Items:
        answer = truth(state, this)
        return [] if answer is None else [TRUE] if answer else [FALSE]

    return Code(run, ONE_BOOLEAN, truth)


def truth_of(code: Code, what: str) -> Truth:
    """`code` as Boolean by singleton evaluation (N1 4.5): empty is None, one item that is no Boolean is true."""
    if code.truth is not None:
        return code.truth
    run = code.run

    def truth(state: State, this: Item) -> bool | None:
        return as_truth(run(state, this), what)

    return truth


def as_truth(items: Items, what: str) -> bool | None:
    """A collection as Boolean; Problem(invalid) if it has more than one item."""
    if not items:
        return None
    if len(items) > 1:
        raise invalid("processing", f"{what} needs one true or false and got {len(items)} items.")
    item = items[0]
    if item.type in BOOLEANS:
        return item.value if isinstance(item.value, bool) else None
    return True
