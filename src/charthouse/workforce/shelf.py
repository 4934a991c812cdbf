"""All that the workforce guide knows, put together once: the extract, its sources, the method, the careers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import msgspec

from charthouse.workforce import places, question
from charthouse.workforce.careers import Careers
from charthouse.workforce.extract import Extract
from charthouse.workforce.figure import Sources
from charthouse.workforce.method import Answer, Method
from charthouse.workforce.question import Question
from charthouse.workforce.told import Teller

DEFAULT: Final = "29-2072"
_HELD: Final = 2048  # answers that are kept; some 10 KB each


class Shelf:
    """The guide of one program. It holds nothing of any clinic's record."""

    def __init__(self, extract: Extract | None = None) -> None:
        self.extract = extract or Extract()
        self.sources = Sources()
        self.method = Method(self.extract, self.sources)
        self.careers = Careers(self.extract, self.sources)
        self._held: dict[tuple[str, ...], bytes] = {}
        self._teller = Teller(self.method)

    def question(self, words: Mapping[str, str]) -> Question:
        """The question in a query: `soc`, or `role` (a path, whose first occupation is meant), and the rest.

        Raises `Problem(invalid)`.
        """
        role, soc = words.get("role", "").strip(), words.get("soc", "").strip()
        if role:
            stands = self.careers.get(role).occupations
            if soc and places.occupation(self.extract, soc) not in {one.soc for one in stands}:
                role = ""
            soc = soc or stands[0].soc
        return question.read(words, places.occupation(self.extract, soc or DEFAULT), role=role)

    def answer(self, words: Mapping[str, str]) -> Answer:
        """The answer to a query. Raises `Problem(invalid)`."""
        return self.method.answer(self.question(words))

    def json(self, words: Mapping[str, str]) -> bytes:
        """The same as JSON; answers that were asked for before are kept, the oldest go."""
        key = tuple(words.get(name, "") for name in question.FIELDS)
        found = self._held.get(key)
        if found is None:
            if sum(map(len, key)) > 1000:
                words = {name: words.get(name, "")[:200] for name in question.FIELDS}
            found = msgspec.json.encode(self._teller.told(self.answer(words)))
            if len(self._held) >= _HELD:
                del self._held[next(iter(self._held))]
            self._held[key] = found
        return found
