"""Matches a pattern in time linear in the text, whatever the pattern: sets of states instead of backtracking."""

from __future__ import annotations

import re
from typing import Final, Protocol

from charthouse.fhir.path.pattern import Part, Unreadable

MAX_SIZE: Final = 8000  # states, and ways between them
_ROOM: Final = 200_000  # states in all the sets that one memory holds
_STEP: Final = 16  # characters that weigh as one step of the budget where the move is known
# What is true of a place in the text: a mask of these is what a jump needs.
_START, _END, _LAST, _EDGE, _INSIDE = 1, 2, 4, 8, 16
_PLACES: Final = {"start": _START, "end": _END, "last": _LAST, "edge": _EDGE, "inside": _INSIDE}


class Meter(Protocol):
    """Counts what work costs."""

    def spend(self, steps: int) -> None:
        """Take so many steps; Problem(too_costly) when they are used up."""


_States = frozenset[int]
_Move = str | tuple[int, str]  # a character in the middle of a text; elsewhere with what is true of the place


class _Stand:
    """States that hold together, and where characters lead from them as far as that was worked out."""

    __slots__ = ("after", "is_found", "is_over", "nodes")

    def __init__(self, nodes: _States, *, is_found: bool = False) -> None:
        self.nodes = nodes
        self.is_found = is_found
        self.is_over = is_found or not nodes
        self.after: dict[_Move, _Stand] = {}


class Memory:
    """What was worked out for texts, so that the next ones are quick; bounded in size."""

    def __init__(self) -> None:
        self.known: dict[_States, _Stand] = {}
        self.room = _ROOM

    def stand(self, nodes: _States) -> _Stand:
        """The one stand of these states."""
        found = self.known.get(nodes)
        if found is None:
            found = _Stand(nodes)
            self.room -= len(nodes)
            self.known[nodes] = found
        return found

    def keep(self, stand: _Stand, move: _Move, following: _Stand) -> None:
        """Remember a move, and forget everything when it takes too much room."""
        self.room -= 1
        if self.room < 0:
            for each in list(self.known.values()):
                each.after = {}
            self.known.clear()
            self.room = _ROOM
        stand.after[move] = following


class Automaton:
    """States are numbers; `edges` take a character of a class, `jumps` none, some of them only at a certain place."""

    def __init__(self, part: Part, flags: int) -> None:
        """Raises Unreadable for what needs to look around, and for patterns that unfold too far."""
        self.edges: list[list[tuple[re.Pattern[str], int]]] = []
        self.jumps: list[list[tuple[int, int]]] = []
        self.flags = flags
        self.size = 0
        self.minds_words = False
        self.first = self._node()
        self.last = self._node()
        self._build(part, self.first, self.last)

    def _grow(self) -> None:
        self.size += 1
        if self.size > MAX_SIZE:
            raise Unreadable("size")

    def _node(self) -> int:
        self._grow()
        self.edges.append([])
        self.jumps.append([])
        return len(self.edges) - 1

    def _jump(self, start: int, end: int, needs: int = 0) -> None:
        self._grow()
        self.jumps[start].append((needs, end))

    def _build(self, part: Part, start: int, end: int) -> None:
        if part.kind == "any":
            self._grow()
            self.edges[start].append((re.compile(part.text, self.flags), end))
        elif part.kind in _PLACES:
            self.minds_words = self.minds_words or part.kind in ("edge", "inside")
            self._jump(start, end, _PLACES[part.kind])
        elif part.kind == "all":
            for one in part.parts:
                middle = self._node()
                self._build(one, start, middle)
                start = middle
            self._jump(start, end)
        elif part.kind == "one":
            # Each branch has a state of its own to start from: a loop in one must not lead into another.
            for one in part.parts:
                branch = self._node()
                self._jump(start, branch)
                self._build(one, branch, end)
        elif part.kind == "repeat":
            self._repeat(part, start, end)
        else:
            raise Unreadable(part.kind)

    def _repeat(self, part: Part, start: int, end: int) -> None:
        inner = part.parts[0]
        for _ in range(part.low):
            after = self._node()
            self._build(inner, start, after)
            start = after
        if part.high is None:
            loop = self._node()
            self._jump(start, loop)
            again = self._node()
            self._build(inner, loop, again)
            self._jump(again, loop)
            self._jump(loop, end)
            return
        for _ in range(part.high - part.low):
            self._jump(start, end)
            after = self._node()
            self._build(inner, start, after)
            start = after
        self._jump(start, end)

    def _reach(self, nodes: _States, place: int) -> set[int]:
        """All states that can be reached from `nodes` without a character, at such a place."""
        reached = set(nodes)
        waiting = list(nodes)
        while waiting:
            for needs, target in self.jumps[waiting.pop()]:
                if target not in reached and needs & place == needs:
                    reached.add(target)
                    waiting.append(target)
        return reached

    def _follow(
        self, nodes: _States, place: int, character: str, meter: Meter, *, is_whole: bool
    ) -> _States | None:
        """The states after `character`; None where a match was found before it and that is all that is asked."""
        reached = self._reach(nodes, place)
        ways = sum(len(self.edges[node]) + len(self.jumps[node]) for node in reached)
        meter.spend(1 + (len(reached) + ways) // 4)
        if not is_whole and self.last in reached:
            return None
        moved = {
            target
            for node in reached
            for pattern, target in self.edges[node]
            if pattern.match(character) is not None
        }
        return frozenset(moved if is_whole else moved | {self.first})

    def _place(self, text: str, at: int) -> int:
        """What is true of the place before the character `at`."""
        place = _START if at == 0 else 0
        if at == len(text):
            place |= _END | _LAST
        elif at == len(text) - 1 and text[at] == "\n":
            place |= _LAST
        if self.minds_words and text:  # Python finds neither in an empty text
            before, after = at > 0 and _is_word(text[at - 1]), at < len(text) and _is_word(text[at])
            place |= _EDGE if before is not after else _INSIDE
        return place

    def matches(self, meter: Meter, text: str, *, is_whole: bool, memory: Memory | None = None) -> bool:
        """Whether `text` matches (`is_whole`), or contains a match.

        `memory` is of this automaton and this `is_whole`, and makes the next texts quick.
        """
        memory = Memory() if memory is None else memory
        meter.spend(1 + len(text) // _STEP + (0 if memory.known else self.size // 4))
        stand = memory.stand(frozenset({self.first}))
        before_end = len(text) - 1
        for at, character in enumerate(text):
            is_plain = 0 < at < before_end and not self.minds_words
            move = character if is_plain else (self._place(text, at), character)
            following = stand.after.get(move)
            if following is None:
                place = 0 if isinstance(move, str) else move[0]
                nodes = self._follow(stand.nodes, place, character, meter, is_whole=is_whole)
                following = _Stand(stand.nodes, is_found=True) if nodes is None else memory.stand(nodes)
                memory.keep(stand, move, following)
            if following.is_over:
                return following.is_found
            stand = following
        return self.last in self._reach(stand.nodes, self._place(text, len(text)))


def _is_word(character: str) -> bool:
    """As `\\w` has it."""
    return character.isalnum() or character == "_"
