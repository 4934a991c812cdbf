"""Functions that walk the tree, and those for people and clocks: FHIRPath N1 5.8 and 5.9."""

from __future__ import annotations

from charthouse.base.clock import moment, now
from charthouse.fhir.path.code import Code, Static, system
from charthouse.fhir.path.compiler import Function, Site, plain
from charthouse.fhir.path.dates import TIME, Temporal, day_of, from_moment
from charthouse.fhir.path.item import Item, Items, State
from charthouse.fhir.path.navigate import children, descendants
from charthouse.fhir.path.values import item_of, text_of

_UNORDERED = Static(None, is_many=True, is_ordered=False)


def _children(state: State, items: Items) -> Items:
    return [child for item in items for child in children(state, item)]


def _descendants(state: State, items: Items) -> Items:
    return [child for item in items for child in descendants(state, item)]


def _trace(site: Site) -> Code:
    """Show what passes (or a projection of it) to `env.trace`, and pass it on."""
    source, name = site.base.run, site.argument(0).run
    projection = site.projection(1).run if site.count > 1 else None

    def run(state: State, this: Item) -> Items:
        items = source(state, this)
        listener = state.env.trace
        if listener is not None:
            label = text_of(name(state, this), "trace()") or ""
            shown = (
                items
                if projection is None
                else [found for item in items for found in projection(state, item)]
            )
            state.spend(len(shown))
            listener(label, shown)
        return items

    return Code(run, site.base.static)


def _now(state: State) -> Temporal:
    """The one moment of this evaluation (N1 5.9.2: the same wherever it is asked)."""
    if state.moment is None:
        state.moment = from_moment(state.env.now or moment(now()))
    return state.moment


def _today(state: State, _: Items) -> Items:
    return [item_of(day_of(_now(state)))]


def _time_of_day(state: State, _: Items) -> Items:
    return [item_of(Temporal(TIME, _now(state).fields[3:]))]


FUNCTIONS = {
    "children": Function(0, 0, plain(_children, _UNORDERED)),
    "descendants": Function(0, 0, plain(_descendants, _UNORDERED)),
    "trace": Function(1, 2, _trace),
    "now": Function(0, 0, plain(lambda state, items: [item_of(_now(state))], system("DateTime"))),
    "today": Function(0, 0, plain(_today, system("Date"))),
    "timeOfDay": Function(0, 0, plain(_time_of_day, system("Time"))),
}
