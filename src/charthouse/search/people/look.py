"""The search for patients: candidates from the index kind by kind of fit, judged one by one, the best first.

Certain fits are asked for first, likely ones only while there is room on the page. The policy of who asks stands
in the statement that gathers the candidates; what it hides is never read.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import islice, pairwise
from typing import Any, Final

from charthouse.db import queries
from charthouse.db.connect import Connection
from charthouse.fhir import dates
from charthouse.search.people.judge import FIELDS, Hit, Meaning, judge
from charthouse.search.people.memory import NUMBERED, PATIENT, Memory
from charthouse.search.people.question import MOST_READINGS, Question, Term, read
from charthouse.search.people.tiers import Fit, Tier
from charthouse.search.text import EVERYTHING, Fragment
from charthouse.store.body import Stored
from charthouse.store.read import Reader

MOST: Final = 20  # hits on the page
SECONDS: Final = 10.0  # that one search may take
CANDIDATES: Final = 120  # that are read and judged for one kind of fit
ENOUGH: Final = 5  # hits from which on slips of spelling are no longer looked for
SIEVED: Final = 8  # times as many as the candidates, up to which all who meet another term are gathered first
SPLIT: Final = 3  # letters of each part of a word that may have lost the blank in it
LOOSE: Final = 5  # terms of a question up to which one of them may be left out
NEARLY: Final = 10  # who fits all but one term, up to this many; more would be noise

Masked = Callable[[Stored], Stored]
Allowed = Callable[[], Fragment | None]
Borne = Callable[[str], bool]  # whether a word stands in a name that is open to who asks


@dataclass(frozen=True, slots=True)
class Finding:
    """Hits, the best first; `more` says that there are others, `nearly` that nobody fits all that was typed."""

    hits: tuple[Hit, ...] = ()
    more: bool = False
    nearly: bool = False


@dataclass(frozen=True, slots=True)
class _Way:
    """One way to meet a term: the keys that lead to it, the probe of one patient, and about how many meet it."""

    leg: Fragment
    probe: Fragment
    size: int


class People:
    """The search over one record; shared by its reader threads."""

    def __init__(self, reader: Reader, dialect: str) -> None:
        self._reader = reader
        self._dialect = dialect
        self._sql = queries.load("charthouse.search.people", "people", dialect)
        self.memory = Memory(self._sql, reader.numbers)

    def refresh(self, connection: Connection) -> None:
        """Read the words and numbers that were written since the last search; all of them before the first."""
        with connection.snapshot(), self.memory.lock:
            self.memory.refresh(connection)

    def find(
        self,
        connection: Connection,
        text: str,
        today: date,
        *,
        day_first: bool = False,
        narrow: Fragment | None = None,
        fields: Collection[str] = FIELDS,
        mask: Masked = lambda stored: stored,
        most: int = MOST,
        seconds: float = SECONDS,
    ) -> Finding:
        """At most `most` patients for what was typed. Raises `Problem(too_costly)` after `seconds`, in which the
        reading of what is new does not count: after a large import it may take longer, once.

        `narrow` is the policy as a condition on a resource `r`; `fields` are the elements that may be asked
        about; `mask` takes away what the person who asks may not see, before anything is judged by it.
        """
        readings = read(text, today, day_first=day_first)
        if not readings:
            return Finding()
        self.refresh(connection)
        with connection.within(seconds), connection.snapshot():
            looking = _Looking(self, connection, narrow or EVERYTHING, frozenset(fields), mask, most)
            for reading in [*readings, *_respelled(readings, looking.is_borne)]:
                looking.look(reading)
                if looking.is_full:
                    break
            if not looking.hits:
                looking.nearly(readings[0])
            return looking.found()


def _respelled(readings: Sequence[Question], is_borne: Borne) -> list[Question]:
    """Readings in which words that were typed apart stand together ("mac donald"), or the other way round."""
    found = (
        other for reading in readings for other in (*_joined(reading, is_borne), *_divided(reading, is_borne))
    )
    return list(islice(found, MOST_READINGS))


def _joined(reading: Question, is_borne: Borne) -> Iterator[Question]:
    for place, (one, other) in enumerate(pairwise(reading)):
        if one.word and other.word and is_borne(one.word + other.word):
            whole = Term(f"{one.text} {other.text}", word=one.word + other.word)
            yield (*reading[:place], whole, *reading[place + 2 :])


def _divided(reading: Question, is_borne: Borne) -> Iterator[Question]:
    for place, term in enumerate(reading):
        if not term.word or is_borne(term.word):
            continue
        for cut in range(SPLIT, len(term.word) - SPLIT + 1):
            parts = (term.word[:cut], term.word[cut:])
            if all(is_borne(part) for part in parts):
                yield (*reading[:place], *(Term(part, word=part) for part in parts), *reading[place + 1 :])


class _Looking:
    """One search under way."""

    def __init__(
        self, people: People, connection: Connection, narrow: Fragment, fields: frozenset[str], mask: Masked,
        most: int,
    ) -> None:  # fmt: skip
        self._people = people
        self._sql = people._sql
        self._memory = people.memory
        self._connection = connection
        self._narrow = narrow
        self._fields = fields
        self._mask = mask
        self._most = most
        self._more = False
        self.hits: dict[int, Hit] = {}

    @property
    def is_full(self) -> bool:
        """Whether the page is full."""
        return len(self.hits) >= self._most

    def found(self) -> Finding:
        """What was found."""
        hits = sorted(self.hits.values(), key=lambda hit: hit.rank)
        nearly = bool(hits) and bool(hits[0].rank[0])
        return Finding(tuple(hits[: self._most]), self._more or len(hits) > self._most, nearly)

    def is_borne(self, word: str) -> bool:
        """Whether the word stands in a name that is open to who asks: how a question is read tells of no other."""
        with self._memory.lock:
            if word not in self._memory.words:
                return False
        if self._narrow is EVERYTHING and "name" in self._fields:
            return True
        return bool(self._candidates([Meaning(Term(word, word=word), {word: Fit(Tier.EXACT)})], 1))

    def look(self, question: Question) -> None:
        """Look for everybody who fits, kind by kind."""
        words: list[dict[str, Fit]] = [{} for _ in question]
        has_words = any(term.word for term in question)
        for tier in Tier:
            if tier is not Tier.EXACT and (not has_words or self.is_full):
                return
            if tier is Tier.SPELLING and len(self.hits) >= ENOUGH:
                return
            if self._widen(question, words, tier) or tier is Tier.EXACT:
                meanings = [Meaning(*pair) for pair in zip(question, words, strict=True)]
                self._take(meanings, CANDIDATES)

    def nearly(self, question: Question) -> None:
        """Look for who fits all that was typed but one thing, where that is only a few."""
        if not 2 <= len(question) <= LOOSE:
            return
        words: list[dict[str, Fit]] = [{} for _ in question]
        for tier in Tier:
            self._widen(question, words, tier)
        meanings = [Meaning(*pair) for pair in zip(question, words, strict=True)]
        for place in reversed(range(len(question))):
            rest = [*meanings[:place], *meanings[place + 1 :]]
            self._take(rest, NEARLY + 1, missing=question[place].text, few=True)

    def _widen(self, question: Question, words: list[dict[str, Fit]], tier: Tier) -> bool:
        """Add the words that fit in that way; False where there is none."""
        is_wider = False
        with self._memory.lock:
            for term, own in zip(question, words, strict=True):
                if not term.word:
                    continue
                for word, fit in self._memory.words.fits(term.word, tier).items():
                    if word not in own:
                        own[word] = fit
                        is_wider = True
        return is_wider

    def _take(self, meanings: Sequence[Meaning], limit: int, *, missing: str = "", few: bool = False) -> None:
        """Read and judge the candidates of these meanings; with `few` all of them, or none where they are many."""
        stored = self._candidates(meanings, limit)
        if few and len(stored) >= limit:
            return
        self._more = self._more or len(stored) >= limit
        for one in stored:
            hit = judge(self._mask(one), meanings, fields=self._fields, missing=missing)
            if hit is not None and (one.key not in self.hits or hit.rank < self.hits[one.key].rank):
                self.hits[one.key] = hit

    def _candidates(self, meanings: Sequence[Meaning], limit: int) -> list[Stored]:
        ways = [self._ways(meaning) for meaning in meanings]
        if not all(ways):
            return []
        ways.sort(key=lambda some: sum(way.size for way in some))
        first, *others = ways
        few = SIEVED * sum(way.size for way in first)
        gathered = [first]
        probed: list[list[_Way]] = []
        for some in others:
            (gathered if sum(way.size for way in some) <= few else probed).append(some)
        legs = [_either(" UNION ALL ", (way.leg for way in some)) for some in gathered]
        probes = [_either(" OR ", (way.probe for way in some)) for some in probed]
        sql = self._sql.candidates.format(
            keys=" INTERSECT ".join(self._sql.gathered.format(legs=leg.sql) for leg in legs),
            conditions="".join(f" AND ({one.sql})" for one in (*probes, self._narrow)),
        )  # fmt: skip
        args = [arg for one in (*legs, *probes, self._narrow) for arg in one.args]
        rows = self._connection.run(sql, (*args, limit))
        return self._people._reader.found(PATIENT, rows)

    def _ways(self, meaning: Meaning) -> list[_Way]:
        """The ways to meet a term that are open to who asks."""
        found: list[_Way] = []
        term, memory = meaning.term, self._memory
        with memory.lock:
            texts = memory.words.texts(meaning.words) if "name" in self._fields else []
            size = memory.words.weight(texts)
            codes = _codes(memory, term.number) if term.number else []
        if texts:
            found.append(self._way("word", (memory.param("name"), self._list(texts)), size))
        numbered = [field for field in NUMBERED if codes and field in self._fields]
        found += [self._way("number", (memory.param(one), self._list(codes)), len(codes)) for one in numbered]
        for birth in term.births if "birthDate" in self._fields else ():
            span = dates.period(birth.text)
            if span is not None:
                days = (span[1] - span[0]) // 86_400_000
                found.append(self._way("born", (memory.param("birthdate"), *span), 4 * days))
        return found

    def _way(self, kind: str, args: tuple[Any, ...], size: int) -> _Way:
        statements: Mapping[str, str] = vars(self._sql)
        return _Way(
            Fragment(statements[f"{kind}_leg"], args), Fragment(statements[f"{kind}_probe"], args), size
        )

    def _list(self, values: Sequence[Any]) -> object:
        return json.dumps(values, ensure_ascii=False) if self._people._dialect == "sqlite" else list(values)


def _either(sign: str, parts: Iterable[Fragment]) -> Fragment:
    """The parts with a sign between them."""
    found = list(parts)
    return Fragment(sign.join(one.sql for one in found), tuple(arg for one in found for arg in one.args))


def _codes(memory: Memory, asked: str) -> list[int]:
    """The codes that a number may be: itself, and what ends so."""
    return list(dict.fromkeys(_ordered(memory, asked)))


def _ordered(memory: Memory, asked: str) -> Iterator[int]:
    yield from memory.numbers.whole(asked)
    yield from memory.numbers.ending(asked)
