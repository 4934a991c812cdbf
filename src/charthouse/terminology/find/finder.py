"""Finds codes for people: by words as they say or misspell them, or by part of a code, the right one first."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Final, NamedTuple

from charthouse.base.clock import now
from charthouse.base.errors import Problem, invalid
from charthouse.db import queries
from charthouse.db.connect import Connection
from charthouse.terminology.catalogue import Catalogue
from charthouse.terminology.concept import Concept
from charthouse.terminology.find import lore
from charthouse.terminology.find.choose import chosen
from charthouse.terminology.find.cost import UNSPECIFIED
from charthouse.terminology.find.fragment import by_code, whole
from charthouse.terminology.find.guide import Guide, guide
from charthouse.terminology.find.hit import Hit, note
from charthouse.terminology.find.lexicon import Entry, Lexicon
from charthouse.terminology.find.question import Question, ask
from charthouse.terminology.find.sides import Sides, family
from charthouse.terminology.find.weigh import Scale
from charthouse.terminology.find.words import split, stem
from charthouse.terminology.load.kinds import named
from charthouse.terminology.shelf import Shelf
from charthouse.terminology.tabled import Tabled

LONGEST: Final = 200  # characters of a question
MOST: Final = 100  # hits

_DAY: Final = 86_400_000  # milliseconds
_LOOK: Final = 0.05  # seconds between two looks at what a site has loaded
_TYPED: Final = 1000.0  # the merit of a code that was typed: before all that words find

Provider = Callable[[], Connection]


class _Found(NamedTuple):
    """A concept that was found: its merit, the name it was found by (empty for its display), and the
    question, None for a code that was typed."""

    merit: float
    held: _Index
    concept: Concept
    term: str = ""
    question: Question | None = None


class _Index(NamedTuple):
    """What is kept of one release."""

    lexicon: Lexicon
    sides: Sides


class Finder:
    """Searches the releases in force of code systems. Threads may share it.

    What a site loaded beats what is shipped, and what is in force today beats the rest, as for
    `Terminology`. Words are read from the tables when they are first asked for.
    """

    def __init__(
        self, shipped: Provider | None, record: Provider | None = None, clock: Callable[[], int] = now
    ) -> None:  # fmt: skip
        """`shipped` and `record` give the calling thread's connection to the file that came with the
        program, and to the record; `clock` tells milliseconds since 1970."""
        self._clock = clock
        self._providers = {
            name: each for name, each in (("loaded", record), ("shipped", shipped)) if each is not None
        }  # fmt: skip
        self._shelves = [
            Shelf(name, "sqlite" if name == "shipped" else each().dialect, each)
            for name, each in self._providers.items()
        ]
        self._lock = threading.Lock()
        self._indexes: dict[tuple[str, int, int], _Index] = {}
        self._due = 0.0
        self._catalogue = self._looked(None)

    def find(
        self, text: str, systems: Sequence[str] = ("icd-10-cm",), limit: int = 20, *, only_billable: bool = False
    ) -> list[Hit]:  # fmt: skip
        """The codes that `text` means, the likeliest first; nothing for a text without words.

        `systems` are short names or urls. The sides and encounters of one condition are one hit.
        Raises Problem(invalid) for a text of more than LONGEST characters or an unknown system name,
        Problem(not_found) where a system is not at hand.
        """
        if len(text) > LONGEST:
            raise invalid(
                "too-long", f"A search has at most {LONGEST} characters.", place="text", value=text[:40],
                repair="Give a few words, or part of a code.",
            )  # fmt: skip
        limit = max(0, min(limit, MOST))
        if not text.strip() or not limit:
            return []
        found: list[_Found] = []
        for name in dict.fromkeys(systems):
            found += self._in(self._index(name), text, limit, only_billable=only_billable)
        found.sort(key=lambda each: -each.merit)
        return _told(_apart(found, limit))

    def guide(self, system: str, code: str) -> Guide:
        """What a coder must know at a code, in any spelling of it.

        Raises Problem(not_found) that names the system or code that is not there.
        """
        held = self._index(system)
        concept = whole(code, held.lexicon)
        if concept is None:
            _, concept = self._catalogue.concept(url(system), code)
        return guide(held.lexicon, held.sides, concept)

    def lexicon(self, name: str) -> Lexicon:
        """The words of the release in force of a system; Problem(not_found) where there is none."""
        return self._index(name).lexicon

    def _index(self, name: str) -> _Index:
        system = self._now().expected(url(name))
        if not isinstance(system, Tabled):
            raise TypeError(f"{system!r} does not stand in tables")
        key = (*system.key, system.system.loaded)
        held = self._indexes.get(key)
        if held is None:
            with self._lock:
                held = self._indexes.get(key)
                if held is None:
                    held = self._indexes[key] = self._read(system)
        return held

    def _read(self, system: Tabled) -> _Index:
        provider = self._providers[system.key[0]]
        sql = queries.load("charthouse.terminology", "find", provider().dialect)
        lexicon = Lexicon(system, provider, sql, lore.load(system.release.url))
        return _Index(lexicon, Sides(lexicon))

    def _now(self) -> Catalogue:
        """What stands where, looked up anew when a site loads a release, and at midnight UTC."""
        catalogue = self._catalogue
        if time.monotonic() >= self._due:
            self._due = time.monotonic() + _LOOK
            loaded = tuple(shelf.stamp() for shelf in self._shelves if shelf.name != "shipped")
            if loaded != catalogue.stamps or self._clock() // _DAY != catalogue.day:
                catalogue = self._catalogue = self._looked(catalogue)
                self._indexes = {key: held for key, held in self._indexes.items() if key[0] == "shipped"}
        return catalogue

    def _looked(self, before: Catalogue | None) -> Catalogue:
        return Catalogue(self._shelves, None, None, self._clock() // _DAY, before)

    def _in(self, index: _Index, text: str, limit: int, *, only_billable: bool) -> list[_Found]:
        """What one system has, unordered."""
        lexicon = index.lexicon
        codes, text = by_code(text, lexicon, limit * 3)
        if only_billable:
            codes = [each for each in codes if _is_billable(each)]
        found = [_Found(_TYPED - place, index, each) for place, each in enumerate(codes)]
        question = ask(text, lexicon)
        ids = chosen(question, lexicon, limit, only_billable=only_billable)
        near = lexicon.entries(ids)
        scale = Scale(question, lexicon, near)
        for id in ids:
            if id in near:
                merit, entry, term = scale.weigh(near[id])
                found.append(_Found(merit, index, entry.concept, term, question))
        return found


def _told(found: Sequence[_Found]) -> list[Hit]:
    """What was found as hits. Where a side is asked for, or none, its code stands for the condition."""
    hits: list[Hit] = []
    notes = _notes(found)
    for each in found:
        release, concept = each.held.lexicon.system.release, each.concept
        sides = each.held.sides.of(concept)
        if each.question is not None and concept.is_selectable:
            concept = sides.get(each.question.side or UNSPECIFIED, concept)
        hits.append(Hit(
            release.url, release.version, concept.code, concept.display, _is_billable(concept), _why(each),
            {side: choice.code for side, choice in sides.items()}, notes[release.url, each.concept.id],
        ))  # fmt: skip
    return hits


def _is_billable(concept: Concept) -> bool:
    return concept.is_selectable and concept.is_active


def _why(found: _Found) -> tuple[str, ...]:
    """How the question was read, as far as the name that was found does not show it."""
    if found.question is None:
        return ("code",)
    said = {stem(word): word for word in reversed(split(f"{found.concept.display} {found.term}"))}
    told: list[str] = []
    for unit in found.question.units:
        if unit.told:
            told.append(unit.told)
        elif not unit.is_aside and stem(unit.said) not in said:
            meant = (stem for option in unit.options for word in option.words for stem in word.accepts)
            word = next((said[stem] for stem in meant if stem in said), None)
            if word is not None:
                told.append(f"{unit.said} → {word}")
    return (*told, f"also called “{found.term}”") if found.term else tuple(told)


def _notes(found: Iterable[_Found]) -> dict[tuple[str, int], str]:
    """What the book says of each concept and of those above it that its code begins with, by url and id."""
    notes: dict[tuple[str, int], str] = {}
    for lexicon in {id(each.held): each.held.lexicon for each in found}.values():
        own = [each.concept for each in found if each.held.lexicon is lexicon]
        near = lexicon.entries([concept.id for concept in own])
        lines = {concept.id: list(_line(concept, near)) for concept in own}
        said = lexicon.system.properties(sorted({id for line in lines.values() for id in line}))
        for number, line in lines.items():
            notes[lexicon.system.release.url, number] = note(pair for id in line for pair in said.get(id, ()))
    return notes


def _line(concept: Concept, near: Mapping[int, Entry]) -> Iterator[int]:
    """The ids of a concept and of those above it that its code begins with, the nearest first."""
    above = near.get(concept.id)
    while above is not None and concept.code.startswith(above.concept.code):
        yield above.concept.id
        above = near.get(above.concept.parent)


def url(name: str) -> str:
    """The url of a system by short name or url; Problem(invalid) for a name that means none."""
    if ":" in name:
        return name
    try:
        return named(name).url
    except Problem:
        raise invalid(
            "value", "There is no code system of this name.", place="system", value=name,
            repair="Say icd-10-cm, icd-10-pcs, or the url of the system.",
        ) from None  # fmt: skip


def _apart(found: Iterable[_Found], limit: int) -> list[_Found]:
    """The best of each condition: of the codes for its sides and encounters. Codes that were typed all stay."""
    kept: list[_Found] = []
    seen: set[tuple[str, str, str]] = set()
    for each in found:
        key = (each.held.lexicon.system.release.url, each.concept.code[:3], family(each.concept.display))
        if each.question is None or key not in seen:
            kept.append(each)
            if len(kept) == limit:
                break
        seen.add(key)
    return kept
