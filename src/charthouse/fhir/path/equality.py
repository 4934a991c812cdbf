"""When two values are equal (`=`), equivalent (`~`), or cannot be told apart: FHIRPath N1 6.1."""

from __future__ import annotations

from collections.abc import Callable
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from charthouse.fhir.path.dates import TIME, Temporal, compare
from charthouse.fhir.path.item import Item, Items, State
from charthouse.fhir.path.model import TEXTUAL
from charthouse.fhir.path.navigate import children_named
from charthouse.fhir.path.quantity import Quantity, aligned, duration_word
from charthouse.fhir.path.quantity import equal as quantities_equal
from charthouse.fhir.path.values import MISSING, Missing, Value, system_value

# elements that are text in every type that has them, and so can sort values into buckets
_TELLING = ("id", "url", "system", "code", "reference", "linkId", "path")


def collections_equal(state: State, left: Items, right: Items) -> bool | None:
    """`left = right`: item by item in order; None if either is empty or something stays open."""
    if not left or not right:
        return None
    if len(left) != len(right):
        return False
    answer: bool | None = True
    for one, other in zip(left, right, strict=True):
        found = equal(state, one, other)
        if found is False:
            return False
        if found is None:
            answer = None
    return answer


def equal(state: State, left: Item, right: Item) -> bool | None:
    """`=` of two items."""
    if left.type in TEXTUAL and right.type in TEXTUAL and left.value is not None and right.value is not None:
        return bool(left.value == right.value)
    one, other = system_value(left), system_value(right)
    if not isinstance(one, Missing) and not isinstance(other, Missing):
        both_fhir = isinstance(left.value, dict) and isinstance(right.value, dict)
        if not (
            both_fhir
            and isinstance(one, Quantity)
            and isinstance(other, Quantity)
            and None in (one.unit, other.unit)
        ):
            return _values_equal(state, one, other)
    return _trees_agree(state, left, right, equal, is_ordered=True)


def _values_equal(state: State, one: Value, other: Value) -> bool | None:
    if isinstance(one, bool) or isinstance(other, bool):
        return one is other
    if isinstance(one, Temporal) and isinstance(other, Temporal):
        if (one.kind == TIME) != (other.kind == TIME):
            return False
        order = compare(one, other)
        return None if order is None else order == 0
    pair = quantities(one, other)
    if pair is not None:
        return quantities_equal(pair[0], pair[1], state.env.units)
    if isinstance(one, str) != isinstance(other, str):
        return False
    return one == other


def quantities(one: Value, other: Value) -> tuple[Quantity, Quantity] | None:
    """Both as quantities if at least one is, a bare number then in unit `1`; None if they are something else."""
    if isinstance(one, Quantity):
        if isinstance(other, Quantity):
            return one, other
        return (one, Quantity(Decimal(other))) if isinstance(other, int | Decimal) else None
    if isinstance(other, Quantity) and isinstance(one, int | Decimal):
        return Quantity(Decimal(one)), other
    return None


def _trees_agree(
    state: State,
    left: Item,
    right: Item,
    same: Callable[[State, Item, Item], bool | None],
    is_ordered: bool,
) -> bool | None:
    """Whether two complex values have the same elements, each the same by `same`."""
    if left.value is right.value and left.extra is right.extra:
        return True
    if left.type != right.type or (left.value is None) != (right.value is None):
        return False
    names = state.model.names(left.type)
    if not names:
        return bool(left.value == right.value)
    answer: bool | None = True
    for name in names:
        ours, theirs = children_named(state.model, left, name), children_named(state.model, right, name)
        if len(ours) != len(theirs):
            return False
        state.spend(len(ours))
        found = (
            _in_order(state, ours, theirs, same) if is_ordered else _in_any_order(state, ours, theirs, same)
        )
        if found is False:
            return False
        if found is None:
            answer = None
    return answer


def _in_order(
    state: State, ours: Items, theirs: Items, same: Callable[[State, Item, Item], bool | None]
) -> bool | None:
    answer: bool | None = True
    for one, other in zip(ours, theirs, strict=True):
        found = same(state, one, other)
        if found is False:
            return False
        if found is None:
            answer = None
    return answer


def _in_any_order(
    state: State, ours: Items, theirs: Items, same: Callable[[State, Item, Item], bool | None]
) -> bool:
    """Whether each item has a partner of its own."""
    waiting = list(theirs)
    for one in ours:
        state.spend(len(waiting))
        for place, other in enumerate(waiting):
            if same(state, one, other):
                del waiting[place]
                break
        else:
            return False
    return True


def collections_equivalent(state: State, left: Items, right: Items) -> bool:
    """`left ~ right`: the same items in any order; two empty collections are equivalent."""
    return len(left) == len(right) and _in_any_order(state, left, right, equivalent)


def equivalent(state: State, left: Item, right: Item) -> bool:
    """`~` of two items."""
    one, other = system_value(left), system_value(right)
    if isinstance(one, Missing) or isinstance(other, Missing):
        if one is not other:
            return False
        return bool(_trees_agree(state, left, right, equivalent, is_ordered=False))
    if isinstance(one, str) and isinstance(other, str):
        return folded(one) == folded(other)
    if isinstance(one, Temporal) and isinstance(other, Temporal):
        return (one.kind == TIME) == (other.kind == TIME) and compare(one, other) == 0
    pair = quantities(one, other)
    if pair is not None:
        return _quantities_equivalent(state, *pair)
    if isinstance(one, bool) or isinstance(other, bool):
        return one is other
    if isinstance(one, int | Decimal) and isinstance(other, int | Decimal):
        return numbers_equivalent(Decimal(one), Decimal(other))
    return False


def folded(text: str) -> str:
    """Text as `~` sees it: case, and what kind and how much white space, do not count."""
    return " ".join(text.lower().split())


def numbers_equivalent(one: Decimal, other: Decimal) -> bool:
    """Equal when both are rounded to the decimals of the less precise one; trailing zeros do not count."""
    try:
        one, other = one.normalize(), other.normalize()
        places = Decimal(1).scaleb(-min(_decimals(one), _decimals(other)))
        return one.quantize(places, ROUND_HALF_UP) == other.quantize(places, ROUND_HALF_UP)
    except ArithmeticError:  # more digits than the arithmetic keeps
        return one == other


def _decimals(value: Decimal) -> int:
    exponent = value.as_tuple().exponent
    return max(0, -exponent) if isinstance(exponent, int) else 0


def _quantities_equivalent(state: State, one: Quantity, other: Quantity) -> bool:
    pair = aligned(one, other, state.env.units)
    if pair is None:  # a year and an 'a' are equivalent though not equal (N1 6.1.2)
        words = {"a": "year", "mo": "month"}
        first = duration_word(one) or words.get(one.unit or "")
        second = duration_word(other) or words.get(other.unit or "")
        if first is None or first != second:
            return False
        pair = one.value, other.value
    if pair != (one.value, other.value) and one.value and other.value:  # round in the bigger unit
        first_factor, second_factor = pair[0] / one.value, pair[1] / other.value
        is_first_bigger = first_factor >= second_factor
        pair = (
            (one.value, pair[1] / first_factor) if is_first_bigger else (pair[0] / second_factor, other.value)
        )
    return numbers_equivalent(*pair)


def bucket(item: Item) -> Any:
    """A key that equal items share; telling enough to keep pairwise comparison short."""
    value = system_value(item)
    if value is MISSING:
        tree = item.value
        return (
            (item.type, *(_word(tree.get(name)) for name in _TELLING))
            if isinstance(tree, dict)
            else item.type
        )
    if isinstance(value, bool):
        return ("b", value)
    if isinstance(value, int | Decimal):
        return ("n", value)
    if isinstance(value, str):
        return ("s", value)
    if isinstance(value, Quantity):  # 1 '1' equals 1
        return ("n", value.value) if value.unit == "1" else "q"
    return "t"


def _word(value: Any) -> str | None:
    return value if isinstance(value, str) else None


def distinct(state: State, items: Items) -> Items:
    """The items without those equal to an earlier one (N1 5.3.2); what stays open is kept."""
    if len(items) < 2:
        return items
    kept: Items = []
    buckets: dict[Any, Items] = {}
    for item in items:
        rivals = buckets.setdefault(bucket(item), [])
        state.spend(1 + len(rivals))
        if not any(equal(state, item, rival) for rival in rivals):
            rivals.append(item)
            kept.append(item)
    return kept


class Known:
    """Items to look others up in, for membership in one pass."""

    def __init__(self, items: Items) -> None:
        self.buckets: dict[Any, Items] = {}
        for item in items:
            self.buckets.setdefault(bucket(item), []).append(item)

    def holds(self, state: State, item: Item) -> bool:
        """Whether an equal item is among them."""
        rivals = self.buckets.get(bucket(item), ())
        state.spend(1 + len(rivals))
        return any(equal(state, rival, item) for rival in rivals)


def is_distinct(state: State, items: Items) -> bool:
    """Whether no two are equal."""
    return len(distinct(state, items)) == len(items)
