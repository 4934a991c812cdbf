"""A compiled expression, ready to be asked any number of times."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from charthouse.base.errors import Category, problem
from charthouse.fhir.path.code import Code, Static, truth_of
from charthouse.fhir.path.item import NO_ENV, Env, Item, Items, Pair, State
from charthouse.fhir.path.model import Model
from charthouse.fhir.path.nodes import Node
from charthouse.fhir.path.routes import Direct, are_apart, direct
from charthouse.fhir.path.values import pair


class Expression:
    """What `compile` gives. Pure: nothing of the tree or of this object changes by asking.

    `typed` is a function `(tree, env=None) -> [(value, FHIR type), …]`; values are FHIR JSON
    (`("2020", "dateTime")`), without those primitives that have only extensions. `types` are the
    FHIR types that results can have, empty where they are not known beforehand; `static` says the
    same with what else was known. `root_type` is what it was compiled for.
    """

    __slots__ = ("_code", "_truth", "model", "node", "root_type", "static", "text", "typed", "types")

    def __init__(self, text: str, node: Node, code: Code, model: Model, root_type: str) -> None:
        self.text = text
        self.node = node
        self._code = code
        self._truth = truth_of(code, "A condition")
        self.model = model
        self.root_type = root_type
        self.static: Static = code.static
        self.types = frozenset(pair(Item(None, kind))[1] for kind in code.static.types or ())
        shortcut = direct(code.routes)
        self.typed: Callable[..., list[Pair]] = (
            self._typed
            if shortcut is None
            else _straight(shortcut, self)
            if len(code.routes) == 1
            else _united(shortcut, self)
        )

    def values(self, tree: Any, env: Env | None = None) -> list[Any]:
        """Like `typed`, without the types."""
        return [value for value, _ in self.typed(tree, env)]

    def items(self, tree: Any, env: Env | None = None) -> Items:
        """The results as items, which know their place (`item.place()`) and their companion objects.

        `tree` may be an Item, to go on from a part of a resource or a primitive.
        """
        found: Items = self._guarded(self._code.run, tree, env)
        return found

    def truth(self, tree: Any, env: Env | None = None) -> bool | None:
        """The result as a condition: None for empty, Problem(invalid) for several items."""
        answer: bool | None = self._guarded(self._truth, tree, env)
        return answer

    def context(self, tree: Any) -> Item:
        """`tree` as what an evaluation starts from."""
        if isinstance(tree, Item):
            return tree
        return Item(tree, self.model.runtime_type(self.root_type, tree))

    def _typed(self, tree: Any, env: Env | None = None) -> list[Pair]:
        return [pair(item) for item in self._guarded(self._code.run, tree, env) if item.value is not None]

    def _guarded(self, run: Callable[[State, Item], Any], tree: Any, env: Env | None) -> Any:
        """Run; what the machine cannot hold becomes a Problem, too."""
        context = self.context(tree)
        state = State(self.model, env or NO_ENV, context)
        try:
            return run(state, context)
        except (RecursionError, MemoryError):
            raise problem(
                Category.TOO_COSTLY, "too-costly", "The expression goes too deep on this resource."
            ) from None
        except ArithmeticError:
            raise problem(
                Category.INVALID, "processing", "A number is too big or too small to reckon with."
            ) from None

    def __repr__(self) -> str:
        return f"Expression({self.text!r}, {self.root_type!r})"


def _straight(shortcut: Direct, expression: Expression) -> Callable[..., list[Pair]]:
    """The route itself, where there is a tree and no environment (a resolver, a trace) to be asked."""

    def typed(tree: Any, env: Env | None = None) -> list[Pair]:
        if env is None and tree.__class__ is dict:
            return shortcut(tree)
        return expression._typed(tree, env)

    return typed


def _united(shortcut: Direct, expression: Expression) -> Callable[..., list[Pair]]:
    """Routes of a union; where more than one value comes, twins are dropped as `|` does."""

    def typed(tree: Any, env: Env | None = None) -> list[Pair]:
        if env is not None or tree.__class__ is not dict:
            return expression._typed(tree, env)
        found = shortcut(tree)
        return found if len(found) < 2 or are_apart(found) else expression._typed(tree, env)

    return typed
