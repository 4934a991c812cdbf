"""Defects made from a profile's snapshot in an instance that keeps it, each with the place where it must be found.

The way through the instance is found anew here, by element ids and by what slices say of themselves.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from charthouse.fhir.definitions import Element, load
from tests.conformance.minimal import VALUES, Json, Snapshot
from tests.conformance.uscore import Books, Structures


@dataclass(frozen=True)
class Defect:
    """A broken copy: what was done, where, and where it must be found."""

    kind: str
    id: str
    place: str
    tree: Json


@dataclass(frozen=True)
class Spot:
    """One value in an instance: how to reach it, and its FHIRPath."""

    holder: Json
    name: str
    index: int | None
    place: str
    type: str

    @property
    def value(self) -> Any:
        found = self.holder[self.name]
        return found if self.index is None else found[self.index]

    def put(self, value: Any) -> None:
        if self.index is None:
            self.holder[self.name] = value
        else:
            self.holder[self.name][self.index] = value


class Seeder:
    """Makes the defects of one profile. `prefix` is the path from the resource to the instance."""

    def __init__(self, structure: Json, structures: Structures, books: Books) -> None:
        self.snapshot = Snapshot(structure)
        self.structures = structures
        self.books = books
        self.makers = (
            self.dropped, self.doubled, self.miscoded, self.mistyped, self.astray, self.unsliced, self.misvalued,
            self.crowded,
        )  # fmt: skip

    def defects(self, tree: Json, start: str | None = None) -> Iterator[Defect]:
        """Every defect that can be made in `tree`; `start` is the place of the instance in it (an extension)."""
        for id, element in self.snapshot.elements.items():
            if "." not in id or id.endswith((".id", ".modifierExtension")):
                continue
            for make in self.makers:
                broken = copy.deepcopy(tree)
                place = make(broken, start or self.snapshot.type, id, element)
                if place is not None:
                    yield Defect(make.__name__, id, place, broken)
        yield from self.extended(tree, start)

    # --- the kinds of defects -------------------------------------------------------------------------

    def dropped(self, tree: Json, start: str, id: str, element: Json) -> str | None:
        """Take away what the profile requires."""
        if element["min"] == 0:
            return None
        holders = self.spots(tree, start, id.rpartition(".")[0])
        name = id.rpartition(".")[2].partition(":")[0].removesuffix("[x]")
        for holder in holders:
            found = self.inside(holder, id)
            if not found:
                continue
            remove(holder.value, found)
            if len(holder.value.keys() - {"id", "resourceType"}) == 0:
                return None  # nothing is left: the object itself would be wrong
            place = f"{holder.place}.{name}"
            return place if ":" in id.rpartition(".")[2] else self.seen_at(place, id)
        return None

    def doubled(self, tree: Json, start: str, id: str, element: Json) -> str | None:
        """Give twice what the profile allows once."""
        for spot in self.spots(tree, start, id):
            if element["max"] == "1" and spot.index is not None:
                spot.holder[spot.name].append(copy.deepcopy(spot.value))
                return spot.place.rpartition("[")[0]
        return None

    def crowded(self, tree: Json, start: str, id: str, element: Json) -> str | None:
        """Give what the profile does not allow at all."""
        name = id.rpartition(".")[2]
        if element["max"] != "0" or ":" in name:
            return None
        for holder in self.spots(tree, start, id.rpartition(".")[0]):
            if name == "extension":
                holder.value["extension"] = [{"url": "http://example.org/a", "valueString": "x"}]
            elif name == "value[x]":
                holder.value["valueString"] = "x"
            else:
                continue
            return f"{holder.place}.{name.removesuffix('[x]')}"
        return None

    def miscoded(self, tree: Json, start: str, id: str, element: Json) -> str | None:
        """A code that is not in the set, where a set is required and its codes are known."""
        bound = element.get("binding", {})
        if bound.get("strength") != "required" or "fixedCode" in element:
            return None
        codes, is_open = self.books.codes(bound["valueSet"].partition("|")[0])
        wrong = {"system": "http://example.org/wrong", "code": "wrong"}
        for spot in self.spots(tree, start, id):
            value = {"code": "wrong", "Coding": wrong, "CodeableConcept": {"coding": [wrong]}}.get(spot.type)
            if value is None or is_open or not codes or not isinstance(spot.value, type(value)):
                continue
            spot.put(value)
            return self.seen_at(spot.place, id)
        return None

    def misvalued(self, tree: Json, start: str, id: str, element: Json) -> str | None:
        """Another value than the one the profile names."""
        name = next((key for key in element if key.startswith(("fixed", "pattern"))), None)
        if name is None or id == "Extension.url":
            return None  # an extension of another url is another extension
        for spot in self.spots(tree, start, id):
            if isinstance(spot.value, str):
                spot.put("wrong")
            elif isinstance(spot.value, dict) and ("coding" in element[name] or "code" in element[name]):
                wrong = {"system": "http://example.org/wrong", "code": "wrong"}
                spot.put({"coding": [wrong]} if "coding" in element[name] else wrong)
            else:
                continue
            return self.seen_at(spot.place, id)
        return None

    def mistyped(self, tree: Json, start: str, id: str, element: Json) -> str | None:
        """A type of a choice that the profile does not leave."""
        last = id.rpartition(".")[2]
        if not last.endswith("[x]"):
            return None
        allowed = {entry["code"] for entry in element["type"]}
        for spot in self.spots(tree, start, id):
            stem = last.removesuffix("[x]")
            base = self.base(id.rpartition(".")[0])
            others = [kind for kind in base[stem].types if kind not in allowed and kind in VALUES]
            if others:
                del spot.holder[spot.name]
                kind = others[0]
                spot.holder[stem + kind[0].upper() + kind[1:]] = copy.deepcopy(VALUES[kind])
                return spot.place
        return None

    def astray(self, tree: Json, start: str, id: str, element: Json) -> str | None:
        """A reference to a type that the profile does not name."""
        targets = [url for entry in element.get("type", ()) for url in entry.get("targetProfile", ())]
        if not targets or any(url.endswith("/Resource") for url in targets):
            return None
        for spot in self.spots(tree, start, id):
            if spot.type == "Reference":
                spot.put({"reference": "Basic/1"})
                return f"{spot.place}.reference"
        return None

    def unsliced(self, tree: Json, start: str, id: str, element: Json) -> str | None:
        """The item of a slice that must be there, changed so that it is none."""
        if (
            ":" not in id.rpartition(".")[2]
            or element["min"] == 0
            or element["type"][0]["code"] == "Extension"
        ):
            return None
        for holder in self.spots(tree, start, id.rpartition(".")[0]):
            found = self.inside(holder, id)
            if not found or found[0].index is None:
                continue
            for spot in found:
                other = {
                    "Coding": {"system": "http://example.org/wrong", "code": "wrong"},
                    "CodeableConcept": {"text": "x"},
                }
                spot.put(other.get(spot.type, {"code": {"text": "x"}}))
            return f"{holder.place}.{id.rpartition('.')[2].partition(':')[0]}"
        return None

    def extended(self, tree: Json, start: str | None) -> Iterator[Defect]:
        """Each extension that the profile names on the resource, with a value of a type it does not allow."""
        for id, element in self.snapshot.elements.items():
            holder, _, last = id.rpartition(".")
            urls = element.get("type", [{}])[0].get("profile", [])
            known = self.structures.structure(urls[0]) if urls else None
            if not last.startswith("extension:") or holder != self.snapshot.type or known is None:
                continue
            broken = copy.deepcopy(tree)
            held = broken.setdefault("extension", [])
            held.append({"url": known["url"], "valueBase64Binary": "QQ=="})
            yield Defect(
                "extended", id, f"{start or self.snapshot.type}.extension[{len(held) - 1}].value", broken
            )

    def broken(self, tree: Json, is_false: Callable[[str, Any, str], bool]) -> Iterator[Defect]:
        """Each rule of the profile, broken by taking one element away or by cutting a text short.

        `is_false` says of an expression, a node and its type what another FHIRPath engine finds.
        """
        for id, element in self.snapshot.elements.items():
            for rule in element.get("constraint", ()):
                if rule["severity"] != "error" or not rule["key"].startswith(("us-core-", "vs-", "pd-")):
                    continue
                for change in range(60):
                    copied = copy.deepcopy(tree)
                    spots = self.spots(copied, self.snapshot.type, id)
                    if not spots or not changed(spots[0], change):
                        break
                    if is_false(rule["expression"], spots[0].value, spots[0].type):
                        yield Defect("broken", f"{id} {rule['key']}", spots[0].place, copied)
                        break

    # --- the way through the instance -----------------------------------------------------------------

    def spots(self, tree: Json, start: str, id: str) -> list[Spot]:
        """The values of an element id."""
        above, _, _ = id.rpartition(".")
        if not above:
            node, where = at(tree, start)
            return [Spot({"": node}, "", None, where, self.snapshot.type)]
        return [spot for holder in self.spots(tree, start, above) for spot in self.inside(holder, id)]

    def inside(self, holder: Spot, id: str) -> list[Spot]:
        """The values of an element id in one value of the element around it."""
        name, _, part = id.rpartition(".")[2].partition(":")
        if not isinstance(holder.value, dict):
            return []
        found = [spot for spot in children(holder, name) if not part or self.is_in(spot, id, part)]
        return [spot for spot in found if spot.value is not None]

    def is_in(self, spot: Spot, id: str, part: str) -> bool:
        """Whether a value is in a slice: by its type, its url, or the values that the slice names."""
        element = self.snapshot.elements[id]
        if id.rpartition(".")[2].partition(":")[0].endswith("[x]"):
            return part.lower().endswith(spot.type.lower())
        if spot.type == "Extension":
            urls = element["type"][0].get("profile") or [
                self.snapshot.elements.get(f"{id}.url", {}).get("fixedUri")
            ]
            return bool(spot.value.get("url") == urls[0])
        return all(matches(spot.value, path, value) for path, value in self.named_values(id)) and bool(
            self.named_values(id)
        )

    def named_values(self, id: str) -> list[tuple[list[str], Any]]:
        """(path, value) for all values that a slice names in itself; a set of codes stands for its codes."""
        found: list[tuple[list[str], Any]] = []
        for inner, element in self.snapshot.elements.items():
            if inner == id or inner.startswith(f"{id}."):
                value = next((element[key] for key in element if key.startswith(("fixed", "pattern"))), None)
                bound = element.get("binding", {})
                if value is None and bound.get("strength") == "required" and inner == id:
                    value = self.books.codes(bound["valueSet"].partition("|")[0])[0]
                if value is not None and "value" not in inner[len(id) :]:
                    found.append((inner[len(id) + 1 :].split(".") if inner != id else [], value))
        return found

    def seen_at(self, place: str, id: str) -> str | None:
        """Where a wrong value is found: where it is, unless its slice is told by it, which then misses an item.

        None where nothing need be found, as the slice may be missing.
        """
        steps = id.split(".")
        for depth, step in enumerate(steps[1:], 1):
            part = step.partition(":")[2]
            slice_id = ".".join(steps[: depth + 1])
            if not part or not self.is_told_by(slice_id, id[len(slice_id) + 1 :]):
                continue
            if self.snapshot.elements[slice_id]["min"] == 0:
                return None
            above = place.split(".")
            return ".".join(above[: len(above) - (len(steps) - 1 - depth)]).rpartition("[")[0] or None
        return place

    def is_told_by(self, slice_id: str, inner: str) -> bool:
        """Whether the items of a slice are told by what stands at `inner` in them, or above or below it."""
        how = self.snapshot.elements[slice_id.rpartition(":")[0]].get("slicing", {})
        for one in how.get("discriminator", ()):
            path = "" if one["path"] == "$this" else one["path"]
            if (
                not path
                or not inner
                or f"{path}.".startswith(f"{inner}.")
                or f"{inner}.".startswith(f"{path}.")
            ):
                return one["type"] != "type"
        return False

    def base(self, id: str) -> dict[str, Element]:
        """The elements of the type that an element id has."""
        kind = self.snapshot.type
        for step in id.split(".")[1:]:
            name = step.partition(":")[0]
            element = load().type(kind).elements[name.removesuffix("[x]")]
            kind = element.types[0]
        return dict(load().type(kind).elements)


def children(holder: Spot, name: str) -> list[Spot]:
    """The values of a name in an object; of a choice the one that is there."""
    definition = load().type(holder.type)
    stem = name.removesuffix("[x]")
    for key in holder.value:
        kind: str | None = None
        if name.endswith("[x]") and key in definition.choice and definition.choice[key][0] == stem:
            kind = definition.choice[key][1]
        elif key == name and name in definition.elements:
            kind = definition.elements[name].types[0]
        if kind is not None:
            value = holder.value[key]
            if isinstance(value, list):
                return [
                    Spot(holder.value, key, index, f"{holder.place}.{stem}[{index}]", kind)
                    for index in range(len(value))
                ]
            return [Spot(holder.value, key, None, f"{holder.place}.{stem}", kind)]
    return []


def matches(value: Any, path: list[str], wanted: Any) -> bool:
    """Whether something at the path is, or has, the wanted value."""
    if isinstance(value, list):
        return any(matches(one, path, wanted) for one in value)
    if path:
        return isinstance(value, dict) and path[0] in value and matches(value[path[0]], path[1:], wanted)
    if isinstance(wanted, frozenset):
        codings = value.get("coding", [value]) if isinstance(value, dict) else []
        return any((one.get("system"), one.get("code")) in wanted for one in codings)
    if isinstance(wanted, dict):
        return isinstance(value, dict) and all(
            key in value and matches(value[key], [], part) for key, part in wanted.items()
        )
    if isinstance(wanted, list):
        return all(matches(value, [], one) for one in wanted)
    return bool(value == wanted)


def remove(holder: Json, spots: list[Spot]) -> None:
    """Take the values out, and what stands beside them."""
    name = spots[0].name
    gone = {spot.index for spot in spots}
    if None in gone or len(gone) == len(holder[name]):
        del holder[name]
        holder.pop(f"_{name}", None)
    else:
        holder[name] = [one for index, one in enumerate(holder[name]) if index not in gone]


def changed(spot: Spot, change: int) -> bool:
    """Make the change of that number in a value: take an element away, or cut a text; whether there is such a one."""
    if isinstance(spot.value, str):
        spot.put(spot.value[: 4 - change])
        return change < 4
    names = [name for name in spot.value if name not in ("resourceType", "id", "meta")]
    if change < len(names):
        del spot.value[names[change]]
        return len(names) > 1
    return False


def at(tree: Json, start: str) -> tuple[Json, str]:
    """The object at the place where an instance stands in a resource."""
    if start.endswith(".extension[0]"):
        return tree["extension"][0], start
    return tree, start
