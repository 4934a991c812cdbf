"""The compiler's frame: hands each node to the builder of its form, and carries what all builders share.

The builders live in the chapters (existence, filtering, …); `compile` puts them together. The same
tree can be given to other tables of builders for another target.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from charthouse.base.errors import Problem
from charthouse.fhir.path.code import NOTHING, Code, Run, Static, Truth, boolean, truth_of
from charthouse.fhir.path.item import Item, Items, State
from charthouse.fhir.path.model import Model
from charthouse.fhir.path.nodes import Call, Node
from charthouse.fhir.path.routes import Route
from charthouse.fhir.path.tokens import refusal

Form = Callable[["Compiler", Any, Static], Code]
Build = Callable[["Site"], Code]


@dataclass(frozen=True, slots=True)
class Function:
    """A function of the language: how many arguments it takes, and what builds its code."""

    least: int
    most: int
    build: Build


@dataclass(frozen=True, slots=True)
class Compiler:
    """One compilation. `is_strict` refuses what can be seen to be no path or no sensible order (N1 section 10)."""

    text: str
    model: Model
    is_strict: bool
    forms: Mapping[type[Node], Form]

    def code(self, node: Node, scope: Static) -> Code:
        """Compile `node`, where `scope` is what is known of `$this`."""
        return self.forms[type(node)](self, node, scope)

    def truth(self, node: Node, scope: Static) -> Truth:
        """Compile `node` as a condition."""
        return truth_of(self.code(node, scope), "A condition")

    def based(self, base: Node | None, scope: Static) -> Code:
        """The code of what a form continues from; the focus itself where nothing is written."""
        return focus(scope) if base is None else self.code(base, scope)

    def fail(self, node: Node, message: str, repair: str | None = None) -> Problem:
        """A Problem that points at `node`."""
        return refusal(self.text, node.at, message, repair)


@dataclass(frozen=True, slots=True)
class Site:
    """One call of a function: its input `base`, the node, and `scope`, what is known of `$this` there."""

    compiler: Compiler
    base: Code
    node: Call
    scope: Static

    @property
    def count(self) -> int:
        """The number of arguments."""
        return len(self.node.args)

    @property
    def element(self) -> Static:
        """What is known of `$this` in an argument that runs for each item of the input."""
        return Static(self.base.static.types, is_many=False)

    def argument(self, place: int) -> Code:
        """An argument that runs once, where the function stands."""
        return self.compiler.code(self.node.args[place], self.scope)

    def projection(self, place: int) -> Code:
        """An argument that runs for each item of the input."""
        return self.compiler.code(self.node.args[place], self.element)

    def criterion(self, place: int) -> Truth:
        """An argument that runs for each item of the input, as a condition."""
        return self.compiler.truth(self.node.args[place], self.element)


def _itself(_state: State, this: Item) -> Items:
    return [this]


def focus(scope: Static) -> Code:
    """The code of `$this`; nothing where that is known to be nothing."""
    if scope.types is not None and not scope.types:
        return NOTHING
    known = tuple(scope.types) if scope.types is not None and len(scope.types) == 1 else ()
    return Code(_itself, scope, routes=tuple(Route((), kind) for kind in known))


def plain(run: Callable[..., Items], result: Static | None = None) -> Build:
    """A function of the input and of arguments that are evaluated where the function stands (N1 5).

    `run(state, items, *argument items)`; `result` None = as the input.
    """

    def build(site: Site) -> Code:
        source = site.base.run
        args: list[Run] = [site.argument(place).run for place in range(site.count)]

        def without(state: State, this: Item) -> Items:
            return run(state, source(state, this))

        def with_arguments(state: State, this: Item) -> Items:
            return run(state, source(state, this), *[arg(state, this) for arg in args])

        return Code(with_arguments if args else without, site.base.static if result is None else result)

    return build


def condition(test: Callable[..., bool | None]) -> Build:
    """Like `plain`, for a function that answers true, false or empty (None)."""

    def build(site: Site) -> Code:
        source = site.base.run
        args: list[Run] = [site.argument(place).run for place in range(site.count)]

        def without(state: State, this: Item) -> bool | None:
            return test(state, source(state, this))

        def with_arguments(state: State, this: Item) -> bool | None:
            return test(state, source(state, this), *[arg(state, this) for arg in args])

        return boolean(with_arguments if args else without)

    return build
