"""Functions that ask whether and how much there is: FHIRPath N1 5.1."""

from __future__ import annotations

from collections.abc import Callable

from charthouse.fhir.path.code import Code, boolean, system
from charthouse.fhir.path.compiler import Function, Site, condition, plain
from charthouse.fhir.path.equality import Known, distinct, is_distinct
from charthouse.fhir.path.item import Item, Items, State
from charthouse.fhir.path.model import BOOLEANS
from charthouse.fhir.path.values import wrong_kind


def _exists(site: Site) -> Code:
    source = site.base.run
    if not site.count:
        return boolean(lambda state, this: bool(source(state, this)))
    test = site.criterion(0)

    def truth(state: State, this: Item) -> bool:
        items = source(state, this)
        state.spend(len(items))
        before = state.index
        answer = False
        for state.index, item in enumerate(items):
            if test(state, item):
                answer = True
                break
        state.index = before
        return answer

    return boolean(truth)


def _all(site: Site) -> Code:
    source, test = site.base.run, site.criterion(0)

    def truth(state: State, this: Item) -> bool:
        items = source(state, this)
        state.spend(len(items))
        before = state.index
        answer = True
        for state.index, item in enumerate(items):
            if not test(state, item):
                answer = False
                break
        state.index = before
        return answer

    return boolean(truth)


def _over_booleans(name: str, holds: Callable[[list[bool]], bool]) -> Function:
    """allTrue and its kin: every item must be a Boolean."""

    def test(_: State, items: Items) -> bool:
        values: list[bool] = []
        for item in items:
            if item.type not in BOOLEANS or not isinstance(item.value, bool | None):
                raise wrong_kind(item, f"{name}()", "true or false only")
            if item.value is not None:
                values.append(item.value)
        return holds(values)

    return Function(0, 0, condition(test))


def _empty(site: Site) -> Code:
    source = site.base.run
    return boolean(lambda state, this: not source(state, this))


def _is_within(state: State, items: Items, others: Items) -> bool:
    known = Known(others)
    return all(known.holds(state, item) for item in items)


def _count(_: State, items: Items) -> Items:
    return [Item(len(items), "System.Integer")]


FUNCTIONS = {
    "empty": Function(0, 0, _empty),
    "exists": Function(0, 1, _exists),
    "all": Function(1, 1, _all),
    "allTrue": _over_booleans("allTrue", all),
    "anyTrue": _over_booleans("anyTrue", any),
    "allFalse": _over_booleans("allFalse", lambda values: not any(values)),
    "anyFalse": _over_booleans("anyFalse", lambda values: not all(values)),
    "subsetOf": Function(1, 1, condition(_is_within)),
    "supersetOf": Function(1, 1, condition(lambda state, items, others: _is_within(state, others, items))),
    "count": Function(0, 0, plain(_count, system("Integer"))),
    "distinct": Function(0, 0, plain(distinct)),
    "isDistinct": Function(0, 0, condition(is_distinct)),
}
