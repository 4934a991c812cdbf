"""The words of one release and the concepts that have them, as far as they were asked for."""

from __future__ import annotations

import json
import re
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cached_property
from types import SimpleNamespace
from typing import Final

import msgspec

from charthouse.db.connect import Connection
from charthouse.terminology.codesystem import PROSE
from charthouse.terminology.concept import Concept, Row
from charthouse.terminology.find.bits import spanned
from charthouse.terminology.find.cost import Name, read
from charthouse.terminology.find.index import GROUPS, LATER, NOTE, TIER, TIERS, unpack, words
from charthouse.terminology.find.lore import Lore
from charthouse.terminology.find.spelling import Speller
from charthouse.terminology.find.words import split, stem
from charthouse.terminology.recent import Recent
from charthouse.terminology.tabled import Tabled

# notes of other concepts that name a concept and its code, e.g. "wheezing NOS (R06.2)"
_POINTING: Final = ("excludes1", "excludes2", "codeFirst", "useAdditionalCode")
_POINTED: Final = re.compile(
    r"(?P<name>[^()]+(?:\([^()]*\)[^()]*)*) \((?P<code>[A-Z]\d[\dA-Z](?:\.[\dA-Z]+)?)-?\)"
)
_LATE: Final = 20_000  # concepts of a release that is read through where it has no word index
_SETS: Final = 150  # words whose concepts are kept at hand, twice that at most
_ENTRIES: Final = 1_000
_ASKED: Final = 400  # concepts read at once

_LAST: Final = "\U0010ffff"  # behind every letter

# where a name comes from: what is subtracted for that
GIVEN: Final = 0.05  # by the lore
TERM: Final = 0.1  # an inclusion term, a synonym
INCLUDED: Final = 0.2  # in an "includes" note
POINTED: Final = 0.3  # in a note of another concept


class Term(msgspec.Struct, gc=False):
    """A further name of a concept: the text, and what is subtracted for it."""

    text: str
    worth: float
    _name: Name | None = None

    @property
    def name(self) -> Name:
        """The text taken apart, which is done when it is first asked for: few of all names are."""
        if self._name is None:
            self._name = read(self.text)
        return self._name

    @property
    def is_own(self) -> bool:
        """Whether the release itself gives this name to the concept."""
        return self.worth in {TERM, INCLUDED}


class Entry(msgspec.Struct, gc=False):
    """A concept with its further names."""

    concept: Concept
    terms: tuple[Term, ...]
    _name: Name | None = None

    @property
    def name(self) -> Name:
        """Its display taken apart, as the name of a term is."""
        if self._name is None:
            self._name = read(self.concept.display)
        return self._name


class Lexicon:
    """What a search needs of one release. Threads may share it; each brings its own connection."""

    def __init__(
        self, system: Tabled, connection: Callable[[], Connection], sql: SimpleNamespace, lore: Lore
    ) -> None:  # fmt: skip
        self.system = system
        self.lore = lore
        self.first = system.system.first
        self._connection = connection
        self._sql = sql
        rows = connection().run(sql.vocabulary, (system.system.id,))
        self._late = self._made_late() if not rows and system.system.concepts <= _LATE else {}
        rows = rows or [(word, blob[:3]) for word, blob in self._late.items()]
        held = {word: int.from_bytes(bytes(head), "little") for word, head in rows}
        self.groups = max(2, held.pop(GROUPS, 0))
        self.vocabulary: dict[str, int] = {word: count for word, count in held.items() if word[0] != "="}
        self._names, self._spans = self._given()
        for word, pairs in self._spans.items():
            self.vocabulary[word] = max(self.vocabulary.get(word, 0), min(len(pairs), 3))
        self._sets: Recent[str, int] = Recent(_SETS)
        self._entries: Recent[int, Entry] = Recent(_ENTRIES)

    def _given(self) -> tuple[dict[str, list[tuple[str, float]]], dict[str, list[tuple[int, int]]]]:
        """Names that concepts have from elsewhere, by code; and their words with the places they hold for."""
        names = {code: [(name, GIVEN) for name in each.names] for code, each in self.lore.common.items()}
        for note in _POINTING:
            for _, value in self.system.values(note):
                pointed = _POINTED.fullmatch(value)
                if pointed is not None:
                    names.setdefault(pointed["code"], []).append((pointed["name"], POINTED))
        spans: dict[str, list[tuple[int, int]]] = {}
        codes = [code for code, given in names.items() if given]
        for concept in self.system.found(codes).values():
            pair = concept.id - self.first, concept.last - self.first
            for word in {stem(word) for name, _ in names[concept.code] for word in split(name)}:
                spans.setdefault(word, []).append(pair)
        return names, spans

    def _made_late(self) -> dict[str, bytes]:
        """The word index of a small release that was filled without one."""
        concepts = list(self.system.walk(self.system.all()))
        codes = {each.id: each.code for each in concepts}
        ids = list(codes)
        names = self.system.designations(ids)
        notes = self._included(ids)
        rows = [
            Row(
                each.code, each.display, (codes[each.parent],) if each.parent else (), each.flags,
                tuple(names.get(each.id, ())), tuple((NOTE, text) for text in notes.get(each.id, ())),
            )
            for each in concepts
        ]  # fmt: skip
        return dict(words(rows, self.first))

    @cached_property
    def speller(self) -> Speller:
        """Mends words into those of the release, of its given names and of the lore."""
        known = dict(self.vocabulary)
        for word in (*self.lore.same, *self.lore.parts):
            known.setdefault(word, 2)
        return Speller(known)

    @cached_property
    def tiers(self) -> tuple[int, ...]:
        """The selectable concepts with the plainest names, then more of them, at last all."""
        names = [f"{TIER}{number}" for number in range(len(TIERS))]
        found = self._read(names)
        return tuple(found.get(name, 0) for name in names)

    @property
    def selectable(self) -> int:
        """The concepts that may stand in a record."""
        return self.tiers[-1]

    @cached_property
    def later(self) -> int:
        """The concepts for a further encounter, or for a late effect."""
        return self._read([LATER]).get(LATER, 0)

    @cached_property
    def common(self) -> int:
        """The concepts that are known to be common, without those below them."""
        codes = [code for code, each in self.lore.common.items() if each.weight >= 1]
        return spanned((each.id - self.first,) * 2 for each in self.system.found(codes).values())

    @cached_property
    def _ordered(self) -> list[str]:
        return sorted(self.vocabulary)

    def begun(self, beginning: str) -> list[str]:
        """The words that begin so."""
        words = self._ordered
        low = bisect_left(words, beginning)
        return words[low : bisect_right(words, beginning + _LAST, low)]

    def sets(self, words: Iterable[str]) -> Mapping[str, int]:
        """For each word the concepts that have it, one bit for each place in the walk."""
        found: dict[str, int] = {}
        missing: list[str] = []
        for word in words:
            if word not in self.vocabulary:
                found[word] = 0
                continue
            held = self._sets.get(word)
            if held is None:
                missing.append(word)
            else:
                found[word] = held
        if missing:
            read = self._read(missing)
            for word in missing:
                bits = read.get(word, 0) | spanned(self._spans.get(word, ()))
                found[word] = self._sets.put(word, bits)
        return found

    def _read(self, words: Sequence[str]) -> dict[str, int]:
        if self._late:
            return {word: unpack(self._late[word])[1] for word in words if word in self._late}
        rows = self._connection().run(self._sql.sets, (self.system.system.id, json.dumps(list(words))))
        return {word: unpack(bytes(blob))[1] for word, blob in rows}

    def starting(self, beginning: str, limit: int) -> list[Concept]:
        """Concepts whose code begins so, in walking order."""
        asked = (self.system.system.id, beginning, beginning, limit)
        return [Concept(*row) for row in self._connection().run(self._sql.starting, asked)]

    def entries(self, ids: Sequence[int]) -> dict[int, Entry]:
        """Concepts with their names, and all above them, by id."""
        found: dict[int, Entry] = {}
        wanted = list(ids)
        while wanted:
            missing: list[int] = []
            for id in wanted:
                held = self._entries.get(id)
                if held is None:
                    missing.append(id)
                else:
                    found[id] = held
            for start in range(0, len(missing), _ASKED):
                for entry in self._made(missing[start : start + _ASKED]):
                    found[entry.concept.id] = self._entries.put(entry.concept.id, entry)
            above = {found[id].concept.parent for id in wanted if id in found}
            wanted = [id for id in above if id and id not in found]
        return found

    def _made(self, ids: Sequence[int]) -> Iterable[Entry]:
        concepts = self.system.concepts(ids)
        designations = self.system.designations(ids)
        included = self._included(ids)
        for id, concept in concepts.items():
            texts = [(each.text, TERM) for each in designations.get(id, ()) if each.use not in PROSE]
            texts += [(text, INCLUDED) for text in included.get(id, ())]
            texts += self._names.get(concept.code, ())
            yield Entry(concept, tuple(Term(text, worth) for text, worth in texts))

    def _included(self, ids: Sequence[int]) -> dict[int, list[str]]:
        """What concepts are said to include, by id."""
        included: dict[int, list[str]] = {}
        for id, text in self._connection().run(self._sql.included, (NOTE, json.dumps(list(ids)))):
            included.setdefault(id, []).append(text)
        return included
