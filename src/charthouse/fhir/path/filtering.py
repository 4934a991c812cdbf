"""Functions that choose and project: FHIRPath N1 5.2, `aggregate` of 7, and `sort` of the later ballot."""

from __future__ import annotations

import functools

from charthouse.base.errors import invalid
from charthouse.fhir.path.code import Code, Run, Static
from charthouse.fhir.path.comparison import order
from charthouse.fhir.path.compiler import Function, Site, plain
from charthouse.fhir.path.equality import bucket, equal
from charthouse.fhir.path.item import Item, Items, State
from charthouse.fhir.path.model import TEXTUAL, Model
from charthouse.fhir.path.nodes import Binary, Literal, Member, Node, Unary
from charthouse.fhir.path.resolving import reference_test
from charthouse.fhir.path.routes import Hop, Route, Test
from charthouse.fhir.path.values import single


def _where(site: Site) -> Code:
    source, test = site.base.run, site.criterion(0)

    def run(state: State, this: Item) -> Items:
        items = source(state, this)
        if not items:
            return items
        state.spend(len(items))
        before = state.index
        kept: Items = []
        for state.index, item in enumerate(items):
            if test(state, item):
                kept.append(item)
        state.index = before
        return kept

    return Code(run, site.base.static, routes=_filtered_routes(site))


def _filtered_routes(site: Site) -> tuple[Route, ...]:
    """The routes of `base` with a test at the end, for the criteria that search parameters use."""
    model, criterion, routes = site.compiler.model, site.node.args[0], site.base.routes
    if len(routes) != 1 or routes[0].type is None:
        return ()
    route, kind = routes[0], routes[0].type
    test = reference_test(model, criterion, kind) or _text_test(model, criterion, kind)
    return () if test is None else (route.then(Hop(test=test), kind),)


def _text_test(model: Model, criterion: Node, kind: str) -> Test | None:
    """`name = 'text'` on JSON."""
    if not (isinstance(criterion, Binary) and criterion.op == "="):
        return None
    left, right = criterion.left, criterion.right
    if not (
        isinstance(left, Member)
        and left.base is None
        and isinstance(right, Literal)
        and right.kind == "String"
    ):
        return None
    step = model.step(kind, left.name)
    if step is None or step.is_many or len(step.keys) != 1 or step.keys[0].type not in TEXTUAL:
        return None
    name, wanted = step.keys[0].name, right.value
    return lambda value, tree: value.__class__ is dict and value.get(name) == wanted


def _select(site: Site) -> Code:
    projected = site.projection(0)
    source, project = site.base.run, projected.run

    def run(state: State, this: Item) -> Items:
        items = source(state, this)
        state.spend(len(items))
        before = state.index
        found: Items = []
        for state.index, item in enumerate(items):
            found += project(state, item)
        state.index = before
        return found

    static = projected.static
    return Code(run, Static(static.types, site.base.static.is_many or static.is_many, static.is_ordered))


def _repeat(site: Site) -> Code:
    """Project again and again until nothing new comes; a value already found is not taken twice."""
    source, project = site.base.run, site.compiler.code(site.node.args[0], Static()).run

    def run(state: State, this: Item) -> Items:
        found: Items = []
        buckets: dict[object, Items] = {}
        waiting = source(state, this)
        while waiting:
            fresh: Items = []
            state.spend(len(waiting))
            for item in waiting:
                for candidate in project(state, item):
                    rivals = buckets.setdefault(bucket(candidate), [])
                    state.spend(1 + len(rivals))
                    if not any(equal(state, candidate, rival) for rival in rivals):
                        rivals.append(candidate)
                        fresh.append(candidate)
            found += fresh
            waiting = fresh
        return found

    return Code(run, Static())


def _aggregate(site: Site) -> Code:
    source, step = site.base.run, site.projection(0).run
    start = site.argument(1).run if site.count > 1 else None

    def run(state: State, this: Item) -> Items:
        total = start(state, this) if start is not None else []
        outer, before = state.total, state.index
        items = source(state, this)
        state.spend(len(items))
        for state.index, item in enumerate(items):
            state.total = total
            total = step(state, item)
        state.total, state.index = outer, before
        return total

    return Code(run, Static())


def _sort(site: Site) -> Code:
    """The first key that differs decides; a minus turns a key round; an absent key always comes first."""
    source = site.base.run
    keys: list[tuple[Run, int]] = []
    for arg in site.node.args:
        if isinstance(arg, Unary) and arg.op == "-":
            keys.append((site.compiler.code(arg.operand, site.element).run, -1))
        else:
            keys.append((site.compiler.code(arg, site.element).run, 1))

    def run(state: State, this: Item) -> Items:
        items = source(state, this)
        rows = [
            ([single(key(state, item), "A sort key") for key, _ in keys] or [item], item) for item in items
        ]
        signs = [sign for _, sign in keys] or [1]

        def compare_rows(one: tuple[list[Item | None], Item], other: tuple[list[Item | None], Item]) -> int:
            state.spend(1)
            for left, right, sign in zip(one[0], other[0], signs, strict=True):
                if left is None or right is None:
                    found = (left is not None) - (right is not None)
                else:
                    found = (order(state, left, right) or 0) * sign
                if found:
                    return found
            return 0

        rows.sort(key=functools.cmp_to_key(compare_rows))
        return [item for _, item in rows]

    return Code(run, site.base.static)


def _single(_: State, items: Items) -> Items:
    if len(items) > 1:
        raise invalid("processing", f"single() found {len(items)} items.")
    return items


FUNCTIONS = {
    "where": Function(1, 1, _where),
    "select": Function(1, 1, _select),
    "repeat": Function(1, 1, _repeat),
    "aggregate": Function(1, 2, _aggregate),
    "sort": Function(0, 9, _sort),
    "single": Function(0, 0, plain(_single)),
}
