"""What can be asked of each resource type, and the words for what cannot."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from difflib import get_close_matches
from typing import Final, NamedTuple

from charthouse.base.errors import Category, Problem, invalid, problem
from charthouse.fhir.definitions import Definitions, Own, SearchParam
from charthouse.search import values
from charthouse.search.implied import token_reader
from charthouse.search.query import Kind, Value
from charthouse.search.words import CONTENT, NARRATIVE, reader
from charthouse.store.index import Extractor, Source
from charthouse.store.index.elements import along, paths
from charthouse.store.index.sources import is_phonetic

Reader = Callable[[str, str], Value]

# Parameters that shape the answer only; who writes the answer reads them.
SHAPING: Final = frozenset(("_format", "_pretty", "_summary", "_elements"))
RESULT: Final = (
    "_sort", "_count", "_include", "_revinclude", "_total", "_contained", "_containedType", "_score", "_query",
)  # fmt: skip
# What R4 knows and this search does not answer: the parameter, and what would work instead.
LATER: Final[Mapping[str, str]] = {
    "_type": "Leave it out, or search the base address, e.g. [base]?_type=Observation,Condition.",
}


class Known(NamedTuple):
    """A search parameter of one type, ready to read values for."""

    code: str
    kind: Kind
    source: Source
    targets: tuple[str, ...]
    read: Reader
    parts: tuple[Known, ...] = ()  # the components of a composite
    is_identifier: bool = False
    is_canonical: bool = False

    @property
    def is_sound(self) -> bool:
        """Whether its values are how names sound."""
        return self.read is values.sound

    def refers_to(self, type: str) -> bool:
        """Whether a reference parameter may name a resource of `type`."""
        return not self.targets or type in self.targets or "Resource" in self.targets


class Book:
    """The parameters of all types by the definitions, a type at a time when first asked for.

    `bases` are the addresses under which this record is served.
    """

    def __init__(self, definitions: Definitions, extractor: Extractor, bases: Collection[str] = ()) -> None:
        self.definitions = definitions
        self._extractor = extractor
        self._bases = frozenset(bases)
        self._learnt: tuple[Own, dict[str, Mapping[str, Known]]] = (definitions.own, {})

    def of(self, type: str) -> Mapping[str, Known]:
        """What can be asked of `type`, by code. Raises `Problem(invalid)` if it is no resource type."""
        own, types = self._learnt
        if own is not self.definitions.own:  # the clinic's own parameters are others now
            own, types = self._learnt = (self.definitions.own, {})
        known = types.get(type)
        if known is None:
            if not self.definitions.is_resource(type):
                raise invalid("value", f'"{type}" is not a resource type.', value=type)
            known = types[type] = self._learn(type)
        return known

    def reference_reader(self, targets: tuple[str, ...]) -> Reader:
        """A reader of references to resources of one of `targets`."""
        if "Resource" in targets or not targets:
            targets = self.definitions.resource_types
        return values.reference_reader(targets, self.definitions.is_resource, self._bases)

    def _learn(self, type: str) -> dict[str, Known]:
        stored = self._extractor.sources(type)
        known = {
            "_id": Known("_id", Kind.ID, Source(()), (), values.uri),
            "_lastUpdated": Known("_lastUpdated", Kind.UPDATED, Source(()), (), values.date),
        }
        for code, param in self.definitions.search_params(type).items():
            if code in stored and code not in LATER:
                known[code] = self._known(type, param, stored[code])
            elif param.type == "special" and code == "near":
                known[code] = Known(code, Kind.SPECIAL, Source(()), (), values.near)
            elif code in (NARRATIVE, CONTENT):
                known[code] = Known(code, Kind.WORDS, Source(()), (), reader(code))
        for code, param in self.definitions.search_params(type).items():
            if param.type == "composite" and (parts := self._parts(type, param, known)):
                known[code] = Known(code, Kind.COMPOSITE, Source(()), (), values.uri, parts)
        return known

    def _parts(self, type: str, param: SearchParam, known: Mapping[str, Known]) -> tuple[Known, ...]:
        """The parameters that a composite is made of; nothing unless all of them can be asked."""
        codes = {one.url: one.code for one in self.definitions.search_params(type).values()}
        found = [known.get(codes.get(url, "")) for url, _ in param.components]
        return tuple(one for one in found if one is not None) if all(found) else ()

    def targets(self, param: Known) -> Sequence[str]:
        """The types that a reference parameter may lead to."""
        if "Resource" in param.targets or not param.targets:
            return self.definitions.resource_types
        return param.targets

    def hierarchy(self, type: str) -> Known | None:
        """The parameter by which resources of `type` say of which other one they are a part (R4 search.html#recursive);
        None where that is no strict hierarchy of its own type."""
        for param in self.definitions.search_params(type).values():
            if param.expression == f"{type}.partOf" and param.targets == (type,):
                return self.of(type).get(param.code)
        return None

    def _known(self, type: str, param: SearchParam, source: Source) -> Known:
        kind = Kind(param.type)
        targets = (source.target,) if source.target else param.targets
        if kind is Kind.REFERENCE:
            read = self.reference_reader(targets)
        elif kind is Kind.TOKEN:
            read = token_reader(self.definitions, type, param.expression or "")
        elif is_phonetic(param):
            read = values.sound
        else:
            read = values.READERS[kind]
        reach = [along(self.definitions, type, one) for one in paths(param.expression or "") or ()]
        last = {one[-1].types for one in reach if one}
        is_identifier = last == {("Identifier",)}
        is_canonical = kind is Kind.REFERENCE and not any("Reference" in types for types in last)
        return Known(param.code, kind, source, targets, read, (), is_identifier, is_canonical and bool(last))

    def missing(self, type: str, code: str, name: str | None = None) -> Problem:
        """Why a code that is not in `of(type)` is refused: what it is, or what was perhaps meant.

        `name` is the parameter as it was sent, where that is more than the code.
        """
        name = name or code
        known = self.of(type)
        param = self.definitions.search_params(type).get(code)
        if code in LATER and (param is not None or code.startswith("_")):
            return unsupported(f'"{code}" is not supported.', name, LATER[code])
        if param is not None:
            return unsupported(
                f'"{code}" is a {param.type} parameter, which is not supported.', name, _instead(param, known)
            )
        names = [*known, *RESULT, *SHAPING]
        near = get_close_matches(code, names, n=1) or get_close_matches(code.lower(), names, n=1)
        repair = f'Did you mean "{near[0]}"?' if near else f"{type} has {', '.join(sorted(known)[:40])}."
        return invalid(
            "not-found", f'{type} has no search parameter "{code}".', place=name, value=name, repair=repair
        )


def _instead(param: SearchParam, known: Iterable[str]) -> str:
    """What to use in place of a composite: its parts, each as a parameter of its own."""
    parts = [url.rpartition("/")[2].partition("-")[2] for url, _ in param.components]
    usable = [part for part in parts if part in known]
    if not parts or len(usable) < len(parts):
        return "Leave it out."
    return f"Use {' and '.join(usable)} as parameters of their own, and check which values belong together."


def too_many(what: str, name: str, most: int) -> Problem:
    """The refusal of more than one search may hold."""
    return invalid("too-costly", f"{what}.", place=name, repair=f"Ask for at most {most} at once.")


def unsupported(message: str, name: str, repair: str) -> Problem:
    """The refusal of something that is right but not answered here."""
    return problem(Category.UNSUPPORTED, "not-supported", message, place=name, value=name, repair=repair)
