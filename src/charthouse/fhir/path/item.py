"""What flows through a running expression: typed values that know where they stand, and the state of one evaluation."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

import msgspec

from charthouse.base.errors import Category, Problem, problem
from charthouse.fhir.path.dates import Temporal
from charthouse.fhir.path.model import Model
from charthouse.fhir.path.quantity import Units

DEFAULT_BUDGET: Final = 500_000


class Item(msgspec.Struct, frozen=True, gc=False):
    """One value of a collection.

    `value` is JSON as in the tree (for System types: bool, int, Decimal, str, Temporal, Quantity), or
    None for a primitive that has only a companion. `type` is a FHIR type, a backbone path or
    `System.…`. `extra` is the companion (`_birthDate`) of a primitive. `parent`, `key` (JSON name,
    or `name[type]`-free stem for display in `place`) and `index` say where it came from; index -1 = no list.
    """

    value: Any
    type: str
    extra: Any = None
    parent: Item | None = None
    key: str = ""
    index: int = -1

    def place(self) -> str:
        """The path from the root with indexes, e.g. `Patient.name[0].given[1]`; empty for computed values."""
        parts: list[str] = []
        item: Item | None = self
        while item is not None:
            label = item.key or (item.type if item.parent is None else "")
            parts.append(label if item.index < 0 else f"{label}[{item.index}]")
            item = item.parent
        return ".".join(reversed(parts))

    def holder(self) -> Item | None:
        """The nearest resource at or above this item; None where none is known."""
        item: Item | None = self
        while item is not None and not (item.value.__class__ is dict and "resourceType" in item.value):
            item = item.parent
        return item


Items = list[Item]
Pair = tuple[Any, str]


@dataclass(frozen=True, slots=True)
class Env:
    """What an evaluation may know beside the tree; everything in it is optional.

    variables: `%name` -> a value, or a list of them; FHIR JSON (trees, text, numbers), or (value, type) pairs.
    resource: the resource `%resource`, where the evaluated tree is a part of it and no Item that knows.
    root: `%rootResource`, where `resource` is contained in another.
    resolve: reference text -> resource or None, for `resolve()`.
    member_of: (value, type, value set url) -> whether, None unknown. conforms_to: (value, type, profile url) likewise.
    subsumes: (a, b) Codings or CodeableConcepts -> whether a subsumes b, None unknown.
    trace: called with the name and the items that pass a `trace()`.
    units: knows UCUM. now: the moment of `now()`; by default that of the evaluation.
    budget: steps allowed (a step is about one item touched); then Problem(too_costly).
    """

    variables: Mapping[str, Any] = field(default_factory=dict)
    resource: Any = None
    root: Any = None
    resolve: Callable[[str], Any] | None = None
    member_of: Callable[[Any, str, str], bool | None] | None = None
    conforms_to: Callable[[Any, str, str], bool | None] | None = None
    subsumes: Callable[[Any, Any], bool | None] | None = None
    trace: Callable[[str, Items], None] | None = None
    units: Units | None = None
    now: datetime | None = None
    budget: int = DEFAULT_BUDGET


NO_ENV: Final = Env()


class State:
    """One evaluation: what is left of its budget, and the values of `$index`, `$total` and `%…`."""

    __slots__ = ("context", "defined", "env", "index", "left", "model", "moment", "total")

    def __init__(self, model: Model, env: Env, context: Item) -> None:
        self.model = model
        self.env = env
        self.context = context
        self.left = env.budget
        self.index = 0
        self.total: Items = []
        self.moment: Temporal | None = None
        self.defined: dict[str, Items] = {}

    def spend(self, steps: int) -> None:
        """Take `steps` from the budget; Problem(too_costly) when it is used up."""
        self.left -= steps
        if self.left < 0:
            raise exhausted(self)


def exhausted(state: State) -> Problem:
    """The Problem of an evaluation that has used its steps."""
    return problem(
        Category.TOO_COSTLY,
        "too-costly",
        f"The expression needs more than {state.env.budget} steps on this resource.",
        repair="Narrow the path, or ask for fewer comparisons.",
    )


TRUE: Final = Item(True, "System.Boolean")
FALSE: Final = Item(False, "System.Boolean")
