"""Functions that take a part by position, and the indexer: FHIRPath N1 5.3."""

from __future__ import annotations

from collections.abc import Callable

from charthouse.fhir.path.code import Code, Static
from charthouse.fhir.path.compiler import Compiler, Function, Site
from charthouse.fhir.path.equality import Known, distinct
from charthouse.fhir.path.item import Item, Items, State
from charthouse.fhir.path.nodes import Indexer, Node
from charthouse.fhir.path.values import integer_of


def indexer(compiler: Compiler, node: Indexer, scope: Static) -> Code:
    """`base[n]`, from 0; nothing where there is no such place."""
    base = compiler.code(node.base, scope)
    _check_order(compiler, base, node)
    source, place = base.run, compiler.code(node.index, scope).run

    def run(state: State, this: Item) -> Items:
        index = integer_of(place(state, this), "An index")
        if index is None or index < 0:
            return []
        return source(state, this)[index : index + 1]

    return Code(run, Static(base.static.types, is_many=False))


def _check_order(compiler: Compiler, base: Code, node: Node) -> None:
    if compiler.is_strict and not base.static.is_ordered:
        raise compiler.fail(node, "This takes by position from what has no order", "Use where() to choose.")


def _slice(cut: Callable[[Items], Items], *, is_many: bool) -> Function:
    def build(site: Site) -> Code:
        _check_order(site.compiler, site.base, site.node)
        source, static = site.base.run, site.base.static
        return Code(
            lambda state, this: cut(source(state, this)), Static(static.types, is_many and static.is_many)
        )

    return Function(0, 0, build)


def _counted(cut: Callable[[Items, int], Items]) -> Function:
    def build(site: Site) -> Code:
        _check_order(site.compiler, site.base, site.node)
        source, number, what = site.base.run, site.argument(0).run, f"{site.node.name}()"

        def run(state: State, this: Item) -> Items:
            count = integer_of(number(state, this), what)
            return [] if count is None else cut(source(state, this), max(count, 0))

        return Code(run, site.base.static)

    return Function(1, 1, build)


def _selection(*, is_kept: bool) -> Function:
    """`intersect` (without twins) and `exclude` (twins and order kept)."""

    def build(site: Site) -> Code:
        source, others = site.base.run, site.argument(0).run

        def run(state: State, this: Item) -> Items:
            known = Known(others(state, this))
            items = [item for item in source(state, this) if known.holds(state, item) is is_kept]
            return distinct(state, items) if is_kept else items

        return Code(run, site.base.static)

    return Function(1, 1, build)


FUNCTIONS = {
    "first": _slice(lambda items: items[:1], is_many=False),
    "last": _slice(lambda items: items[-1:], is_many=False),
    "tail": _slice(lambda items: items[1:], is_many=True),
    "skip": _counted(lambda items, count: items[count:]),
    "take": _counted(lambda items, count: items[:count]),
    "intersect": _selection(is_kept=True),
    "exclude": _selection(is_kept=False),
}
