"""Pure paths run straight on JSON, without items: what nearly every search parameter is, and what writing waits for.

A route is only a shortcut: it must give the same pairs as the closures that carry items.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final

from charthouse.fhir.path.item import Pair
from charthouse.fhir.path.model import Key

Direct = Callable[[dict[str, Any]], list[Pair]]
Test = Callable[[Any, dict[str, Any]], bool]  # (value, the evaluated tree) -> kept or not
Finder = Callable[[Any, dict[str, Any], list[Pair]], None]

_FEW: Final = 8


@dataclass(frozen=True, slots=True)
class Hop:
    """A step: into one of `keys` (several only for a choice, which ends a route), or a `test` that keeps or drops."""

    keys: tuple[Key, ...] = ()
    test: Test | None = None


@dataclass(frozen=True, slots=True)
class Route:
    """Hops from the focus; no hops is the focus itself. `type` is what stands at the end, None after a choice."""

    hops: tuple[Hop, ...]
    type: str | None

    def then(self, hop: Hop, kind: str | None) -> Route:
        """This route and one hop more."""
        return Route((*self.hops, hop), kind)


def direct(routes: tuple[Route, ...]) -> Direct | None:
    """A function from a tree to (value, type) pairs along all routes; None where routes do not help.

    Values of a primitive that has only a companion are left out. Twins are not removed here.
    """
    if not routes or any(not route.hops or not route.hops[0].keys for route in routes):
        return None
    parts = tuple(_one(route) for route in routes)
    return parts[0] if len(parts) == 1 else _together(parts)


def _together(parts: tuple[Direct, ...]) -> Direct:
    def run(tree: dict[str, Any]) -> list[Pair]:
        found: list[Pair] = []
        for part in parts:
            found += part(tree)
        return found

    return run


def _one(route: Route) -> Direct:
    """The first hop looks itself, so that an absent element costs one look-up."""
    first, rest = route.hops[0], route.hops[1:]
    if len(first.keys) > 1:
        return _choice(first.keys)
    name, kind = first.keys[0].name, first.keys[0].type
    if not rest:
        return _leaf(name, kind)
    go_on = _finder(rest, kind)

    def run(tree: dict[str, Any]) -> list[Pair]:
        value = tree.get(name)
        if value is None:
            return []
        found: list[Pair] = []
        if value.__class__ is list:
            for member in value:
                if member is not None:
                    go_on(member, tree, found)
        else:
            go_on(value, tree, found)
        return found

    return run


def _leaf(name: str, kind: str) -> Direct:
    def run(tree: dict[str, Any]) -> list[Pair]:
        value = tree.get(name)
        if value is None:
            return []
        if value.__class__ is list:
            return [(member, kind) for member in value if member is not None]
        return [(value, kind)]

    return run


def _choice(keys: tuple[Key, ...]) -> Direct:
    look = _finder((Hop(keys),), "")

    def run(tree: dict[str, Any]) -> list[Pair]:
        found: list[Pair] = []
        look(tree, tree, found)
        return found

    return run


def _finder(hops: tuple[Hop, ...], kind: str) -> Finder:
    """What appends the pairs that lie at the end of `hops` from one value of type `kind`."""
    if not hops:
        return lambda value, tree, found: found.append((value, kind))
    first, rest = hops[0], hops[1:]
    if first.test is not None:
        return _kept(first.test, _finder(rest, kind))
    if len(first.keys) > 1:
        return _of_choice(tuple((key.name, key.type) for key in first.keys))
    key = first.keys[0]
    return _into(key.name, key.type) if not rest else _through(key.name, _finder(rest, key.type))


def _kept(test: Test, go_on: Finder) -> Finder:
    def find(value: Any, tree: dict[str, Any], found: list[Pair]) -> None:
        if test(value, tree):
            go_on(value, tree, found)

    return find


def _into(name: str, kind: str) -> Finder:
    def find(value: Any, _: dict[str, Any], found: list[Pair]) -> None:
        if value.__class__ is dict:
            inner = value.get(name)
            if inner is None:
                return
            if inner.__class__ is list:
                found.extend([(member, kind) for member in inner if member is not None])
            else:
                found.append((inner, kind))

    return find


def _through(name: str, go_on: Finder) -> Finder:
    def find(value: Any, tree: dict[str, Any], found: list[Pair]) -> None:
        if value.__class__ is dict:
            inner = value.get(name)
            if inner is None:
                return
            if inner.__class__ is list:
                for member in inner:
                    if member is not None:
                        go_on(member, tree, found)
            else:
                go_on(inner, tree, found)

    return find


def _of_choice(names: tuple[tuple[str, str], ...]) -> Finder:
    wanted = frozenset(name for name, _ in names)
    is_wide = len(names) > _FEW

    def find(value: Any, _: dict[str, Any], found: list[Pair]) -> None:
        if value.__class__ is not dict or (is_wide and wanted.isdisjoint(value)):
            return
        for name, kind in names:
            inner = value.get(name)
            if inner is not None:
                if inner.__class__ is list:
                    found.extend([(member, kind) for member in inner if member is not None])
                else:
                    found.append((inner, kind))

    return find


# Properties that hold plain text in whatever FHIR type has them; other text might be a date.
_TEXTS: Final = frozenset(
    {"code", "display", "system", "reference", "url", "id", "text", "unit", "use", "type"}
)
_MAX_PAIRS: Final = 12


def are_apart(pairs: list[Pair]) -> bool:
    """Whether a quick look shows that no two pairs are equal in the sense of `=`; False where it takes a closer one."""
    if len(pairs) > _MAX_PAIRS:
        return False
    for place, (value, kind) in enumerate(pairs):
        for other, other_kind in pairs[place + 1 :]:
            if not (_differ(value, other) if kind == other_kind else _is_complex_beside(value, other)):
                return False
    return True


def _is_complex_beside(value: Any, other: Any) -> bool:
    return (value.__class__ is dict) != (other.__class__ is dict)


def _differ(value: Any, other: Any) -> bool:
    """Whether two JSON values of one type are certainly unequal."""
    if value.__class__ is not other.__class__:
        return False
    if value.__class__ is dict:
        for key, part in value.items():
            theirs = other.get(key)
            if part is theirs or part == theirs:
                continue
            if part.__class__ is str and key in _TEXTS and theirs.__class__ is str:
                return True
            if key == "value" and _are_numbers(part, theirs):
                if value.get("code") == other.get("code"):  # one unit: no conversion makes them equal
                    return True
            elif _differ(part, theirs):
                return True
        return False
    if value.__class__ is list:
        return len(value) == len(other) and any(map(_differ, value, other))
    if value.__class__ is str:
        return value != other and not (value[:1].isdigit() and other[:1].isdigit())
    return False


def _are_numbers(one: Any, other: Any) -> bool:
    return isinstance(one, int | Decimal) and isinstance(other, int | Decimal)
