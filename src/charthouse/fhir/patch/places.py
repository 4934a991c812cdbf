"""Changes at the place of an element in JSON: lists, companions, keys of choices, and what is left empty."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from charthouse.fhir.patch.content import Content, Fail, insert, put
from charthouse.fhir.path.item import Item
from charthouse.fhir.path.model import Key, Model


@dataclass(frozen=True, slots=True)
class Place:
    """A list in `holder`, together with the list of companions that runs beside it."""

    holder: dict[str, Any]
    key: Key

    def _lists(self) -> list[list[Any]]:
        names = (self.key.name, self.key.hidden)
        return [
            held for name in names if name is not None and isinstance(held := self.holder.get(name), list)
        ]

    @property
    def length(self) -> int:
        """How many elements there are."""
        return max(map(len, self._lists()), default=0)

    def has_value(self, index: int) -> bool:
        """Whether there is more than a companion at `index`."""
        values = self.holder.get(self.key.name)
        return isinstance(values, list) and index < len(values) and values[index] is not None

    def insert(self, index: int, content: Content) -> None:
        """Put an element at `index`, 0 to `length`."""
        insert(self.holder, content, index)

    def move(self, source: int, destination: int) -> None:
        """Take the element at `source` out and put it so that it is at `destination`."""
        length = self.length
        for held in self._lists():
            held.extend([None] * (length - len(held)))
            held.insert(destination, held.pop(source))

    def remove(self, index: int) -> None:
        """Take an element out; a list without elements goes too."""
        for held in self._lists():
            if index < len(held):
                del held[index]
        self.tidy()

    def tidy(self) -> None:
        """Drop lists that say nothing: FHIR has no empty arrays, nor arrays of nulls only."""
        for name in (self.key.name, self.key.hidden):
            held = self.holder.get(name) if name is not None else None
            if name is not None and isinstance(held, list) and all(one is None for one in held):
                del self.holder[name]


def lists_at(holder: Item, key: Key) -> Place:
    """The place of the list under `key`."""
    return Place(_tree(holder), key)


def _tree(item: Item) -> dict[str, Any]:
    """The object that holds the elements of `item`; an empty one for a primitive without companion."""
    for candidate in (item.value, item.extra):
        if isinstance(candidate, dict):
            return candidate
    return {}


def add_to(model: Model, holder: Item, content: Content, fail: Fail) -> None:
    """Add an element to `holder`, making the companion where a primitive has none yet."""
    tree = _tree(holder)
    twins = _other_keys(model, holder, content.key)
    if any(name in tree for name in twins):
        raise fail(
            f"{content.key.name} cannot be added beside another value of the same element.",
            repair="Use replace.",
        )
    put(tree, content, fail)
    if holder.parent is not None and not isinstance(holder.value, dict) and holder.extra is None:
        _give_companion(model, holder, tree)


def _other_keys(model: Model, holder: Item, key: Key) -> list[str]:
    """The other JSON names of the choice that `key` is one of."""
    definition = model.definition(holder.type)
    if definition is None or key.name not in definition.choice:
        return []
    stem = definition.choice[key.name][0]
    names = [name for name, (other, _) in definition.choice.items() if other == stem and name != key.name]
    return names + [f"_{name}" for name in names]


def _give_companion(model: Model, item: Item, companion: dict[str, Any]) -> None:
    """Hang `companion` beside a primitive that had none."""
    place = _place(model, item)
    name = f"_{place.key.name}"
    if item.index < 0:
        place.holder[name] = companion
        return
    held = place.holder.get(name)
    companions = held if isinstance(held, list) else []
    companions.extend([None] * (place.length - len(companions)))
    companions[item.index] = companion
    place.holder[name] = companions


def _place(model: Model, item: Item) -> Place:
    """Where an item that came from a tree stands in its holder."""
    step = None if item.parent is None else model.step(item.parent.type, item.key)
    if item.parent is None or step is None:
        raise LookupError(f"{item.type} stands in no tree")
    tree = _tree(item.parent)
    held = [key for key in step.keys if key.name in tree or (key.hidden is not None and key.hidden in tree)]
    kinds = [key for key in held if key.type == item.type]
    return Place(tree, (kinds or held)[0])


def delete(model: Model, item: Item) -> None:
    """Take an element away, and every holder that is empty without it."""
    place = _place(model, item)
    if item.index >= 0:
        place.remove(item.index)
    else:
        place.holder.pop(place.key.name, None)
        if place.key.hidden is not None:
            place.holder.pop(place.key.hidden, None)
    holder = item.parent
    if not place.holder and holder is not None and holder.parent is not None:
        _drop_empty(model, holder, place.holder)


def _drop_empty(model: Model, holder: Item, tree: dict[str, Any]) -> None:
    """Take away an object that has become empty: an element, or only the companion of a primitive."""
    if holder.value is tree and not model.is_primitive(holder.type):
        delete(model, holder)
        return
    place = _place(model, holder)
    name = f"_{place.key.name}"
    if holder.index < 0:
        place.holder.pop(name, None)
    elif not place.has_value(holder.index):
        place.remove(holder.index)
    else:
        place.holder[name][holder.index] = None
        place.tidy()
    if not place.holder and holder.parent is not None and holder.parent.parent is not None:
        _drop_empty(model, holder.parent, place.holder)


def replace(model: Model, item: Item, content: Content) -> None:
    """Put other content in an element's place, the key of a choice following the type of the value."""
    place = _place(model, item)
    if item.index >= 0:
        place.remove(item.index)
        insert(place.holder, content, item.index)
        place.tidy()
        return
    content_keys = [place.key.name, place.key.hidden]
    _exchange(place.holder, [name for name in content_keys if name is not None], content)


def _exchange(holder: dict[str, Any], names: list[str], content: Content) -> None:
    """Swap single elements in place, so that the order of the other properties stays."""
    fresh: dict[str, Any] = {}
    if content.value is not None:
        fresh[content.key.name] = content.value
    if content.extra is not None and content.key.hidden is not None:
        fresh[content.key.hidden] = content.extra
    before = dict(holder)
    holder.clear()
    for name, value in before.items():
        if name in names:
            holder.update(fresh)
            fresh = {}
        else:
            holder[name] = value
