"""The elements of a StructureDefinition as a tree, from a snapshot or a differential (R4 profiling.html)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Final

from charthouse.fhir.definitions import Element
from charthouse.fhir.path.model import Model
from charthouse.validation.scene import listed

Json = dict[str, Any]

CORE: Final = "http://hl7.org/fhir/StructureDefinition/"
_SYSTEM: Final = "http://hl7.org/fhirpath/System."
PRIMITIVES: Final = frozenset(
    {
        "base64Binary", "boolean", "canonical", "code", "date", "dateTime", "decimal", "id", "instant", "integer",
        "markdown", "oid", "positiveInt", "string", "time", "unsignedInt", "uri", "url", "uuid",
    }
)  # fmt: skip
_MARK: Final = re.compile(r"^\([A-Z][A-Z ]*\)\s*")
_MERGED: Final = frozenset({"constraint", "condition", "mapping", "alias", "example"})


@dataclass(slots=True)
class Outline:
    """One element of a profile.

    `name` is the element without `[x]`, `element` its ElementDefinition (only `path` where the profile
    skips it), `base` the element of the type that it constrains and `types` the types it can have.
    `children` are by name, `slices` in the order of the profile, slices of slices inside them.
    """

    name: str
    element: Json
    base: Element | None
    types: tuple[str, ...]
    slice: str | None = None
    children: dict[str, Outline] = field(default_factory=dict)
    slices: list[Outline] = field(default_factory=list)

    @property
    def least(self) -> int:
        """The smallest number of values."""
        found = self.element.get("min")
        return found if isinstance(found, int) else 0

    @property
    def most(self) -> int | None:
        """The greatest number of values; None where there is no limit, or none is named."""
        found = self.element.get("max")
        return int(found) if isinstance(found, str) and found.isdigit() else None

    @property
    def short(self) -> str:
        """What the profile calls it in a few words, without marks such as `(USCDI)` in front."""
        return _MARK.sub("", " ".join(str(self.element.get("short", "")).split())).rstrip(".")

    @property
    def written(self) -> str:
        """The names that JSON has for it: of a choice one for each type that is left."""
        if self.base is None or not self.base.is_choice:
            return self.name
        names = [f"{self.name}{kind[0].upper()}{kind[1:]}" for kind in self.types[:4]]
        return " or ".join([*names, "another"] if len(self.types) > 4 else names)

    def urls(self, key: str) -> list[str]:
        """The `profile` or `targetProfile` urls of all its types."""
        found = [url for entry in listed(self.element, "type") for url in listed(entry, key)]
        return [url for url in found if isinstance(url, str)]

    def typed(self, stem: str) -> tuple[Any, str]:
        """What stands under `fixed[x]`, `pattern[x]`, `minValue[x]` …, and its type; (None, "") if nothing does."""
        size = len(stem)
        for key, found in self.element.items():
            if key.startswith(stem) and key[size : size + 1].isupper():
                kind = key[size:]
                return found, kind if f"{kind[0].lower()}{kind[1:]}" not in PRIMITIVES else kind[
                    0
                ].lower() + kind[1:]
        return None, ""

    def value(self, stem: str) -> Any:
        """The same without the type."""
        return self.typed(stem)[0]

    @property
    def asks_value(self) -> bool:
        """Whether it names the value itself."""
        return self.value("fixed") is not None or self.value("pattern") is not None

    def walk(self) -> Iterator[Outline]:
        """The outline and all below it."""
        yield self
        for child in (*self.children.values(), *self.slices):
            yield from child.walk()


def read(elements: list[Any], type_name: str, model: Model) -> Outline:
    """The tree of `snapshot.element` or `differential.element` of a profile on `type_name`.

    Elements whose place the type does not have are left out: they can ask nothing of any resource.
    """
    root = Outline(type_name, {"path": type_name}, None, (type_name,))
    latest: dict[str, Outline] = {type_name: root}
    for element in elements:
        path = element.get("path") if isinstance(element, dict) else None
        if not isinstance(path, str):
            continue
        if path == type_name:
            root.element = element
            continue
        holder = _holder(path.rpartition(".")[0], latest, model)
        found = None if holder is None else _place(holder, path.rpartition(".")[2], element, model)
        if found is not None:
            for stale in [known for known in latest if known.startswith(f"{path}.")]:
                del latest[stale]
            latest[path] = found
    return root


def merged(base: Outline, own: Outline) -> Outline:
    """What `base` asks, and what a profile derived from it asks more (its differential)."""
    element = base.element | own.element
    for key in _MERGED:
        if key in base.element and key in own.element:
            element[key] = [*base.element[key], *own.element[key]]
    types = own.types if "type" in own.element else base.types
    children = dict(base.children)
    for name, child in own.children.items():
        children[name] = merged(children[name], child) if name in children else child
    slices = {part.slice: part for part in base.slices}
    for part in own.slices:
        slices[part.slice] = merged(slices[part.slice], part) if part.slice in slices else part
    return Outline(
        own.name, element, own.base or base.base, types, own.slice, children, list(slices.values())
    )


def child_of(holder: Outline, name: str, model: Model) -> Outline | None:
    """The child of that name, made where the profile skips it; None if no type of the holder has it."""
    found = holder.children.get(name)
    if found is None:
        base = base_of(holder.types, name, model)
        if base is None:
            return None
        path = f"{holder.element['path']}.{name}"
        found = holder.children[name] = Outline(name, {"path": path}, base, base.types)
    return found


def base_of(types: tuple[str, ...], name: str, model: Model) -> Element | None:
    """The element `name` of the first of some types that has it."""
    for type_name in types:
        definition = model.definition(type_name)
        if definition is not None and name in definition.elements:
            return definition.elements[name]
    return None


def _holder(path: str, latest: dict[str, Outline], model: Model) -> Outline | None:
    """The outline at `path`, with those above it made where the differential skips them."""
    found = latest.get(path)
    if found is not None:
        return found
    above, _, step = path.rpartition(".")
    holder = _holder(above, latest, model) if above else None
    if holder is None:
        return None
    found = _place(holder, step, {"path": path}, model)
    if found is not None:
        latest[path] = found
    return found


def _place(holder: Outline, step: str, element: Json, model: Model) -> Outline | None:
    """The outline for one ElementDefinition under its holder: an element, a slice, or a slice of a slice."""
    name = step.removesuffix("[x]")
    slice_name = element.get("sliceName")
    stem, kind = _choice(holder, name, model)
    if stem is not None:
        # `valueQuantity` written in short stands for the slice of `value[x]` of that type
        element = {"type": [{"code": kind}]} | element
        name, slice_name = stem, slice_name or name
    child = child_of(holder, name, model)
    if child is None:
        return None
    types = _types(element, child.base)
    if slice_name is None:
        child.element, child.types = element, types
        return child
    parent, _, _ = str(slice_name).rpartition("/")
    place = next((part for part in child.slices if part.slice == parent), child) if parent else child
    found = next((part for part in place.slices if part.slice == slice_name), None)
    if found is None:
        found = Outline(name, element, child.base, types, str(slice_name))
        place.slices.append(found)
    return found


def _choice(holder: Outline, name: str, model: Model) -> tuple[str | None, str]:
    """(stem, type) where `name` is one of the names of a choice element, as in `valueQuantity`."""
    for type_name in holder.types:
        definition = model.definition(type_name)
        if definition is not None and name in definition.choice:
            return definition.choice[name]
    return None, ""


def _types(element: Json, base: Element | None) -> tuple[str, ...]:
    """The types an element can have: those of the type it belongs to, as far as the profile leaves them."""
    known = base.types if base is not None else ()
    codes = [entry.get("code") for entry in listed(element, "type") if isinstance(entry, dict)]
    named = [code for code in codes if isinstance(code, str) and not code.startswith(_SYSTEM)]
    if not named or (len(known) == 1 and "." in known[0]):
        return known
    if known and known[0] in ("Resource", "DomainResource"):
        return tuple(dict.fromkeys(named))
    kept = tuple(dict.fromkeys(code for code in named if code in known))
    return kept or known
