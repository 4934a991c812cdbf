"""What changed between two versions, line by line and in words."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher

Line = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Change:
    """`kind`: added, removed or changed. `old` and `new` are the texts, empty where there was none."""

    kind: str
    label: str
    old: str = ""
    new: str = ""


def difference(old: Iterable[Line], new: Iterable[Line]) -> list[Change]:
    """The changes that make `old` into `new`, both given as (label, text) lines, in the order of the record.

    A line that keeps its label and gets another text is one change; lines that only moved are not mentioned.
    """
    before, after = list(old), list(new)
    matcher = SequenceMatcher(None, before, after, autojunk=False)
    changes: list[Change] = []
    for tag, low, high, start, stop in matcher.get_opcodes():
        if tag != "equal":
            changes += _pair(before[low:high], after[start:stop])
    return _settle(changes)


def _pair(gone: Sequence[Line], come: Sequence[Line]) -> list[Change]:
    """Lines of one stretch: those with the same label belong together."""
    left = list(come)
    changes = []
    for label, text in gone:
        twin = next((line for line in left if line[0] == label), None)
        if twin is None:
            changes.append(Change("removed", label, old=text))
        else:
            left.remove(twin)
            changes.append(Change("changed", label, text, twin[1]))
    changes += [Change("added", label, new=text) for label, text in left]
    return changes


def _settle(changes: list[Change]) -> list[Change]:
    """Drop what was taken away in one place and put back unchanged in another."""
    kept = list(changes)
    for one in changes:
        if one.kind != "removed":
            continue
        twin = next(
            (two for two in kept if two.kind == "added" and (two.label, two.new) == (one.label, one.old)),
            None,
        )
        if twin is not None:
            kept.remove(twin)
            kept.remove(one)
    return kept
