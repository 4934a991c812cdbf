"""Finds codes for people: by words as they say or misspell them, or by part of a code, the right one first."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable, Sequence
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
from charthouse.terminology.find.fragment import by_code
from charthouse.terminology.find.hit import Hit, family, note, sides
from charthouse.terminology.find.lexicon import Lexicon
from charthouse.terminology.find.question import Question, ask
from charthouse.terminology.find.weigh import Scale
from charthouse.terminology.load.kinds import named
from charthouse.terminology.shelf import Shelf
from charthouse.terminology.tabled import Tabled

LONGEST: Final = 200  # characters of a question
MOST: Final = 100  # hits

_DAY: Final = 86_400_000  # milliseconds
_LOOK: Final = 0.05  # seconds between two looks at what a site has loaded
_CODE_MERIT: Final = 1000.0  # a code that was typed comes before all that words find

Provider = Callable[[], Connection]


class _Found(NamedTuple):
    """A concept that was found, its merit and the name it was found by (empty for its display)."""

    merit: float
    lexicon: Lexicon
    concept: Concept
    why: tuple[str, ...]
    side: str = ""


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
        self._lexicons: dict[tuple[str, int, int], Lexicon] = {}
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
            found += self._in(self.lexicon(name), text, limit, only_billable=only_billable)
        found.sort(key=lambda each: -each.merit)
        return self._told(_apart(found, limit))

    def lexicon(self, name: str) -> Lexicon:
        """The words of the release in force of a system; Problem(not_found) where there is none."""
        system = self._now().expected(url(name))
        if not isinstance(system, Tabled):
            raise TypeError(f"{system!r} does not stand in tables")
        key = (*system.key, system.system.loaded)
        held = self._lexicons.get(key)
        if held is None:
            with self._lock:
                held = self._lexicons.get(key)
                if held is None:
                    held = self._lexicons[key] = self._read(system)
        return held

    def _read(self, system: Tabled) -> Lexicon:
        provider = self._providers[system.key[0]]
        sql = queries.load("charthouse.terminology", "find", provider().dialect)
        return Lexicon(system, provider, sql, lore.load(system.release.url))

    def _now(self) -> Catalogue:
        """What stands where, looked up anew when a site loads a release, and at midnight UTC."""
        catalogue = self._catalogue
        if time.monotonic() >= self._due:
            self._due = time.monotonic() + _LOOK
            loaded = tuple(shelf.stamp() for shelf in self._shelves if shelf.name != "shipped")
            if loaded != catalogue.stamps or self._clock() // _DAY != catalogue.day:
                catalogue = self._catalogue = self._looked(catalogue)
                self._lexicons = {}
        return catalogue

    def _looked(self, before: Catalogue | None) -> Catalogue:
        return Catalogue(self._shelves, None, None, self._clock() // _DAY, before)

    def _in(self, lexicon: Lexicon, text: str, limit: int, *, only_billable: bool) -> list[_Found]:
        """What one system has, unordered."""
        codes = by_code(text, lexicon, limit * 3)
        if only_billable:
            codes = [each for each in codes if each.is_selectable and each.is_active]
        found = [
            _Found(_CODE_MERIT - place, lexicon, each, ("code",)) for place, each in enumerate(codes)
        ]  # fmt: skip
        if codes:
            return found
        question = ask(text, lexicon)
        ids = chosen(question, lexicon, only_billable=only_billable)
        near = lexicon.entries(ids)
        scale = Scale(question, lexicon, near)
        told = _read_as(question)
        for id in ids:
            if id in near:
                merit, entry, term = scale.weigh(near[id])
                why = (*told, f"also called “{term}”") if term else told
                found.append(_Found(merit, lexicon, entry.concept, why, question.side))
        return found

    def _told(self, found: Iterable[_Found]) -> list[Hit]:
        hits: list[Hit] = []
        for each in found:
            system, concept = each.lexicon.system, each.concept
            choices = sides(system, concept)
            other = choices.get(each.side or UNSPECIFIED, concept)
            if other.id != concept.id and concept.is_selectable:
                concept = other
            hits.append(Hit(
                system.release.url, system.release.version, concept.code, concept.display,
                concept.is_selectable and concept.is_active, each.why,
                {side: choice.code for side, choice in choices.items()},
            ))  # fmt: skip
        return hits


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


def _read_as(question: Question) -> tuple[str, ...]:
    return tuple(unit.told for unit in question.units if unit.told)


def _apart(found: list[_Found], limit: int) -> list[_Found]:
    """The best of each family: of the sides and encounters of one condition."""
    kept: list[_Found] = []
    seen: set[tuple[str, ...]] = set()
    for each in found:
        key = (each.lexicon.system.release.url, each.concept.code[:3], *family(each.concept.display))
        if each.merit >= _CODE_MERIT / 2 or key not in seen:
            seen.add(key)
            kept.append(each)
            if len(kept) == limit:
                break
    return kept
