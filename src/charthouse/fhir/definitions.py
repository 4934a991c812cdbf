"""The R4 (4.0.1) definitions, read from one compact file, a type at a time and only when asked for.

The file is made at build time (`building/definitions.py`) from the shapes below and is not
kept in version control. Layout: magic, length of the index, index, then sections; index and
sections are MessagePack in Zstandard frames that share one dictionary.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final, NamedTuple, TypeVar

import msgspec
import zstandard

FILE: Final = Path(__file__).with_name("definitions.bin")
MAGIC: Final = b"CHFHIR01"


class Element(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """One element of a type, as its snapshot has it (R4 elementdefinition.html).

    `types` holds type codes, or the path of a backbone element such as `Patient.contact`
    (also for a content reference). `max` None is `*`. `targets` are the types a Reference or
    canonical may name (`Resource` = any). `binding` is a value set url without version.
    """

    name: str
    types: tuple[str, ...] = ()
    min: int = 0
    max: int | None = 1
    is_choice: bool = False
    is_summary: bool = False
    is_modifier: bool = False
    targets: tuple[str, ...] = ()
    binding: str | None = None
    strength: str | None = None
    regex: str | None = None
    profiles: tuple[str, ...] = ()
    is_attribute: bool = False


class TypeDef(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """A resource, a data type or a backbone element (named by its path).

    `elements` are in the order of the snapshot, inherited ones included, by JSON name, a
    choice by its stem (`value`). `choice` maps each JSON name of a choice to (stem, type).
    `regex` is the format of a primitive's value.
    """

    name: str
    kind: str
    base: str | None
    abstract: bool
    elements: Mapping[str, Element]
    choice: Mapping[str, tuple[str, str]]
    regex: str | None = None


class SearchParam(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """A search parameter as one resource type has it: `expression` holds that type's branches only.

    `components` of a composite: (definition url, expression relative to `expression`).
    """

    code: str
    type: str
    expression: str | None
    url: str
    targets: tuple[str, ...]
    components: tuple[tuple[str, str], ...]
    description: str


class Invariant(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """A constraint (`ele-1`): FHIRPath that must hold on the element it stands on."""

    key: str
    severity: str
    human: str
    expression: str


class Concept(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """One code of a value set."""

    system: str
    code: str
    display: str | None = None


class Note(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """What is only needed now and then about one element: its short label and its invariants."""

    short: str
    invariants: tuple[Invariant, ...] = ()


class Index(msgspec.Struct, frozen=True, array_like=True):
    """Where each section lies, as (offset, length) from the end of the index, by its name in its group."""

    version: str
    resource_types: tuple[str, ...]
    types: dict[str, tuple[int, int]]
    notes: dict[str, tuple[int, int]]
    search: dict[str, tuple[int, int]]
    values: dict[str, tuple[int, int]]
    compartments: dict[str, tuple[int, int]]


class Own(NamedTuple):
    """The search parameters that a clinic has beside those of the standard: by resource type and code.

    `generation` moves with them; two with the same one are the same.
    """

    generation: int = 0
    types: Mapping[str, Mapping[str, SearchParam]] = {}


NOTHING: Final = Own()
_Shape = TypeVar("_Shape")


class Definitions:
    """The standard as the build found it; look-ups are cached, and nothing in here changes."""

    def __init__(self, content: bytes) -> None:
        """Read the index of `content` (the whole compact file); `ValueError` if it is another format."""
        if content[: len(MAGIC)] != MAGIC:
            raise ValueError("not a definitions file of this version; build the project again")
        start = len(MAGIC) + 8
        dictionary_size = int.from_bytes(content[len(MAGIC) : len(MAGIC) + 4], "little")
        index_size = int.from_bytes(content[len(MAGIC) + 4 : start], "little")
        self._dictionary = zstandard.ZstdCompressionDict(content[start : start + dictionary_size])
        index_end = start + dictionary_size + index_size
        frame = content[start + dictionary_size : index_end]
        self._index = self._decode(frame, Index)
        self._content = content
        self._base = index_end
        self._types: dict[str, TypeDef] = {}
        self.version = self._index.version
        self.resource_types = self._index.resource_types
        self._resources = frozenset(self.resource_types)
        self._read: dict[tuple[str, str], Any] = {}

    def _section(self, group: str, name: str, shape: type[_Shape]) -> _Shape:
        """The section `name` of a group, read once; KeyError if there is none."""
        found: _Shape | None = self._read.get((group, name))
        if found is None:
            offset, length = getattr(self._index, group)[name]
            found = self._decode(self._content[self._base + offset : self._base + offset + length], shape)
            self._read[group, name] = found
        return found

    def _decode(self, frame: bytes, shape: type[_Shape]) -> _Shape:
        # one decompressor a call: two threads may ask at once, and it is not theirs to share
        body = zstandard.ZstdDecompressor(dict_data=self._dictionary).decompress(frame)
        return msgspec.msgpack.decode(body, type=shape)

    @property
    def standard(self) -> Definitions:
        """The definitions without what a clinic has of its own."""
        return self

    @property
    def own(self) -> Own:
        """What a clinic has of its own, as last told; nothing but in an `Overlay`."""
        return NOTHING

    def current(self) -> Own:
        """The same as it is now."""
        return self.own

    def is_resource(self, name: str) -> bool:
        """Whether `name` is a resource type that can be stored (no abstract one)."""
        return name in self._resources

    def type(self, name: str) -> TypeDef:
        """The type, data type or backbone element (`Patient.contact`) of that name; KeyError if unknown."""
        found = self._types.get(name)
        if found is None:
            self._types.update(self._section("types", name.partition(".")[0], dict[str, TypeDef]))
            found = self._types[name]
        return found

    @property
    def type_names(self) -> tuple[str, ...]:
        """Every resource and data type, abstract ones included, backbone elements left out."""
        return tuple(self._index.types)

    def notes(self, name: str) -> Mapping[str, Note]:
        """Labels and invariants of one resource or data type, by element path; KeyError if unknown.

        Only what the type itself declares: `Patient` has `pat-1`, `DomainResource` has `dom-2`,
        `Element` has `ele-1`. Choices are under their stem (`Observation.value`).
        """
        return self._section("notes", name, dict[str, Note])

    def search_params(self, resource_type: str) -> Mapping[str, SearchParam]:
        """The parameters of a resource type by code, those of Resource and DomainResource included.

        KeyError if `resource_type` is none (`Resource` and `DomainResource` may be asked for).
        """
        return self._section("search", resource_type, dict[str, SearchParam])

    def compartment(self, name: str = "Patient") -> Mapping[str, tuple[str, ...]]:
        """Resource type -> codes of the search parameters that link it to the compartment's subject.

        Types outside the compartment are absent; a `{def}` parameter (the subject itself) stays
        as `{def}`. KeyError for a compartment the build did not take in.
        """
        return self._section("compartments", name, dict[str, tuple[str, ...]])

    def concepts(self, valueset: str) -> tuple[Concept, ...] | None:
        """All concepts of a value set that a required binding names, or None.

        None where the list is not in the file: open-ended (MIME types, currencies), or not bound
        as required. A `|version` at the end of the url is ignored.
        """
        url = valueset.partition("|")[0]
        return self._section("values", url, tuple[Concept, ...]) if url in self._index.values else None

    def codes(self, valueset: str) -> frozenset[str] | None:
        """The codes of `concepts(valueset)` without their systems, or None as there."""
        url = valueset.partition("|")[0]
        found: frozenset[str] | None = self._read.get(("codes", url))
        concepts = self.concepts(url) if found is None else None
        if concepts is not None:
            found = self._read["codes", url] = frozenset(concept.code for concept in concepts)
        return found


class Overlay(Definitions):
    """The standard with the search parameters of one clinic laid over it. Those change; the standard does not, and
    a code that it has is never another's."""

    def __init__(self, standard: Definitions) -> None:
        self.__dict__.update(standard.__dict__)  # what was read is shared
        self._standard = standard
        self._renew: Callable[[], object] | None = None
        self._laid: tuple[Own, dict[str, Mapping[str, SearchParam]]] = (NOTHING, {})

    @property
    def standard(self) -> Definitions:
        """The definitions without what the clinic has of its own."""
        return self._standard

    @property
    def own(self) -> Own:
        """What the clinic has of its own, as last told."""
        return self._laid[0]

    def current(self) -> Own:
        """The same as it is now."""
        if self._renew is not None:
            self._renew()
        return self._laid[0]

    def follow(self, renew: Callable[[], object]) -> None:
        """`renew()` is called whenever it matters what is there now; it calls `lay` where something changed."""
        self._renew = renew

    def lay(self, own: Own) -> None:
        """From now on the clinic has these."""
        self._laid = (own, {})

    def search_params(self, resource_type: str) -> Mapping[str, SearchParam]:
        """The parameters of a resource type by code, the clinic's own after those of the standard."""
        own, merged = self._laid
        more = own.types.get(resource_type)
        if more is None:
            return self._standard.search_params(resource_type)
        found = merged.get(resource_type)
        if found is None:
            standard = self._standard.search_params(resource_type)
            new = {code: param for code, param in more.items() if code not in standard}
            found = merged[resource_type] = {**standard, **new}
        return found


@functools.cache
def load() -> Definitions:
    """The definitions this installation carries.

    Raises FileNotFoundError with the repair where the compact file was never built.
    """
    try:
        return Definitions(FILE.read_bytes())
    except FileNotFoundError:
        repair = "install the project again, for a checkout with `pip install -e .`"
        raise FileNotFoundError(f"{FILE} is missing: {repair}") from None
