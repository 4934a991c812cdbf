"""What changed in how the standard's parameters are indexed, so that records made before are brought up to it.

Whoever changes what is extracted (a converter, a parameter that gets rows of its own, new definitions) adds a step
with the names under which the rows lie. A record notes how many steps it has been through; what the later ones name
is then indexed anew in the background, and searches that rest on it say so until that is done.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from charthouse.store.index.extract import CONTAINED, Extractor

EVERY: Final = "*"  # in place of a type: every type that has it

Step = tuple[tuple[str, str], ...]  # (type, name of the rows)

STEPS: Final[tuple[Step, ...]] = (
    ((EVERY, "phonetic"), (EVERY, CONTAINED)),
)  # fmt: skip
INSIDE: Final = frozenset({CONTAINED})  # names of rows that no parameter has, but every type


def since(steps: Sequence[Step], extractor: Extractor, types: Sequence[str]) -> Iterator[tuple[str, str]]:
    """The (type, name of rows) that these steps changed, for the types that have such rows."""
    for type, name in dict.fromkeys(pair for step in steps for pair in step):
        for one in types if type == EVERY else (type,):
            if name in INSIDE or name in extractor.stored(one):
                yield one, name
