"""The distinct words of all patients' names in memory: which of them somebody may have meant by a word.

Only words are held, not whose they are: that is asked of the index, and answered under the policy of who asks.
A word that nobody bears any more stays until the next start and leads to nobody.
"""

from __future__ import annotations

from bisect import bisect_left, insort
from collections import defaultdict
from collections.abc import Iterable
from typing import Final

from rapidfuzz import process
from rapidfuzz.distance import OSA

from charthouse.search.people.nicknames import Nicknames
from charthouse.search.people.tiers import Fit, Tier
from charthouse.search.people.words import words
from charthouse.store.index.phonetic import as_one, sounds

KEPT: Final = 500  # words whose fits are remembered
MANY: Final = 100  # new words from which on they are sorted in together
TELLING: Final = 3  # letters of a beginning from which on shorter names come before longer ones
SOUNDING: Final = 3  # letters from which on a word is looked for by its sound
ALIKE: Final = 0.45  # of the letters at least that words which sound alike have in common
LONG: Final = 6  # letters from which on two slips are mended, below one
MENDED: Final = 3  # letters of the shortest word that is mended
FOREIGN: Final = 0.5  # what a slip in the first letter counts more


class Vocabulary:
    """Words, and the indexed texts (whole name parts, folded) that they stand in. Not for two threads at once."""

    def __init__(self, nicknames: Nicknames) -> None:
        self._nicknames = nicknames
        self._counts: dict[str, int] = {}  # text -> about how many bear it
        self._sorted: list[str] = []
        self._known: set[str] = set()
        self._inside: dict[str, list[str]] = {}  # word -> texts of which it is a part
        self._sounds: dict[str, list[str]] = defaultdict(list)
        self._sizes: dict[int, list[str]] = defaultdict(list)  # length -> words
        self._kept: dict[
            tuple[str, Tier], dict[str, Fit]
        ] = {}  # what was asked lately; typing goes on letter by letter

    def __contains__(self, word: object) -> bool:
        return word in self._known

    def __len__(self) -> int:
        return len(self._sorted)

    def add(self, texts: Iterable[tuple[str, int]]) -> None:
        """Take in texts, each with how many more bear it."""
        fresh: list[str] = []
        for text, count in texts:
            before = self._counts.get(text)
            self._counts[text] = (before or 0) + count
            if before is not None:
                continue
            for word in words(text):
                if word != text:
                    self._inside.setdefault(word, []).append(text)
                if word not in self._known:
                    self._known.add(word)
                    fresh.append(word)
                    self._sizes[len(word)].append(word)
                    for code in sounds(word):
                        self._sounds[code].append(word)
        if fresh:
            self._kept.clear()
        if len(fresh) > MANY:
            self._sorted = sorted((*self._sorted, *fresh))
        else:
            for word in fresh:
                insort(self._sorted, word)

    def texts(self, wanted: Iterable[str]) -> list[str]:
        """The indexed texts in which one of the words stands."""
        found: dict[str, None] = {}
        for word in wanted:
            if word in self._counts:
                found[word] = None
            for text in self._inside.get(word, ()):
                found[text] = None
        return list(found)

    def weight(self, texts: Iterable[str]) -> int:
        """About how many patients bear one of the texts."""
        return sum(self._counts.get(text, 1) for text in texts)

    def fits(self, word: str, tier: Tier) -> dict[str, Fit]:
        """The words that fit `word` in that way."""
        kept = self._kept.get((word, tier))
        if kept is None:
            if len(self._kept) >= KEPT:
                self._kept.clear()
            kept = self._kept[word, tier] = self._fits(word, tier)
        return kept

    def _fits(self, word: str, tier: Tier) -> dict[str, Fit]:
        if tier is Tier.EXACT:
            return {word: Fit(tier)} if word in self._known else {}
        if tier is Tier.START:
            return self._starts(word)
        if tier is Tier.NICKNAME:
            related = self._nicknames.related(word)
            return {other: Fit(tier, far) for other, far in related.items() if other in self._known}
        if tier is Tier.SOUND:
            return self._sounding(word)
        return self._near(word)

    def _starts(self, word: str) -> dict[str, Fit]:
        found: dict[str, Fit] = {}
        for place in range(bisect_left(self._sorted, word), len(self._sorted)):
            other = self._sorted[place]
            if not other.startswith(word):
                break
            if other != word:
                found[other] = Fit(Tier.START, len(other) - len(word) if len(word) >= TELLING else 0)
        return found

    def _sounding(self, word: str) -> dict[str, Fit]:
        if len(word) < SOUNDING:
            return {}
        found: dict[str, Fit] = {}
        for code in as_one(word):
            for other in self._sounds.get(code, ()):
                likeness = OSA.normalized_similarity(word, other)
                if other != word and likeness >= ALIKE:
                    found[other] = Fit(Tier.SOUND, 1 - likeness)
        return found

    def _near(self, word: str) -> dict[str, Fit]:
        if len(word) < MENDED or not word.isalpha():
            return {}
        limit = 2 if len(word) >= LONG else 1
        return {
            other: Fit(Tier.SPELLING, slips + FOREIGN * (other[0] != word[0]))
            for size in range(len(word) - limit, len(word) + limit + 1)
            for other, slips, _ in process.extract(
                word, self._sizes.get(size, ()), scorer=OSA.distance, score_cutoff=limit, limit=None
            )
            if slips
        }
