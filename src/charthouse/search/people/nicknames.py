"""What people are called for short: William is Bill, José is Pepe, and back."""

from __future__ import annotations

import csv
from collections import defaultdict
from collections.abc import Iterable
from importlib import resources
from typing import Final

from charthouse.store.index.text import fold

Pair = tuple[str, str]

FEW: Final = (
    4  # names that a short form stands for, up to which its bearers may have any other short form of theirs
)
ENGLISH: Final = "nicknames.csv"  # made by the build: name, nickname
OTHERS: Final = "diminutives.tsv"


class Nicknames:
    """Names and their short forms, folded."""

    def __init__(self, usual: Iterable[Pair], others: Iterable[Pair] = ()) -> None:
        """Pairs of a name and a short form of it, each one word (of several names, run together)."""
        self._forms: dict[str, dict[str, int]] = defaultdict(dict)
        self._names: dict[str, dict[str, int]] = defaultdict(dict)
        for far, pairs in enumerate((usual, others)):
            for name, short in pairs:
                self._forms[name].setdefault(short, far)
                self._names[short].setdefault(name, far)

    def related(self, word: str) -> dict[str, int]:
        """The names that a person called `word` may have: 0 the name or a usual short form of it, 1 a less usual
        one, 2 another short form of the same name (Bob and Rob)."""
        names = self._names.get(word, {})
        found = {**self._forms.get(word, {}), **names}
        usual = [name for name, far in names.items() if not far]
        if len(usual) <= FEW:
            for name in usual:
                for other, far in self._forms[name].items():
                    if not far:
                        found.setdefault(other, 2)
        found.pop(word, None)
        return found


def shipped() -> Nicknames:
    """The short forms that the program carries: English from the build, others from its own list."""
    folder = resources.files(__package__)
    usual: list[Pair] = []
    with (folder / ENGLISH).open(encoding="utf-8") as file:
        longer = [(fold(row[0]), fold(row[1])) for row in csv.reader(file) if len(row) == 2]
    with (folder / OTHERS).open(encoding="utf-8") as file:
        for line in file:
            name, *forms = line.rstrip("\n").split("\t")
            if not name.startswith("#"):
                usual += [(_joined(name), _joined(form)) for form in forms]
    return Nicknames(usual, longer)


def _joined(text: str) -> str:
    return fold(text).replace(" ", "")
