"""Matches a pattern in time linear in the text, whatever the pattern: sets of states instead of backtracking."""

from __future__ import annotations

import re
from typing import Final

from charthouse.fhir.path.item import State
from charthouse.fhir.path.pattern import Part, Unreadable

MAX_NODES: Final = 4000
_STEP: Final = 16  # transitions that weigh as one step of the budget


class Automaton:
    """States are numbers; `edges` take a character of a class, `jumps` nothing, some of them only at a start or end."""

    def __init__(self, part: Part, flags: int) -> None:
        """Raises Unreadable for what needs to look around, and for patterns that unfold too far."""
        self.edges: list[list[tuple[re.Pattern[str], int]]] = []
        self.jumps: list[list[tuple[str, int]]] = []
        self.flags = flags
        self.first = self._node()
        self.last = self._node()
        self._build(part, self.first, self.last)

    def _node(self) -> int:
        if len(self.edges) >= MAX_NODES:
            raise Unreadable("size")
        self.edges.append([])
        self.jumps.append([])
        return len(self.edges) - 1

    def _build(self, part: Part, start: int, end: int) -> None:
        if part.kind == "any":
            self.edges[start].append((re.compile(part.text, self.flags), end))
        elif part.kind in ("start", "end"):
            self.jumps[start].append((part.kind, end))
        elif part.kind == "all":
            for one in part.parts[:-1]:
                middle = self._node()
                self._build(one, start, middle)
                start = middle
            if part.parts:
                self._build(part.parts[-1], start, end)
            else:
                self.jumps[start].append(("", end))
        elif part.kind == "one":
            for one in part.parts:
                self._build(one, start, end)
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
            self.jumps[start].append(("", loop))
            again = self._node()
            self._build(inner, loop, again)
            self.jumps[again].append(("", loop))
            self.jumps[loop].append(("", end))
            return
        for _ in range(part.high - part.low):
            self.jumps[start].append(("", end))
            after = self._node()
            self._build(inner, start, after)
            start = after
        self.jumps[start].append(("", end))

    def _reach(self, nodes: set[int], is_start: bool, is_end: bool) -> frozenset[int]:
        """All states that can be reached from `nodes` without a character."""
        reached = set(nodes)
        waiting = list(nodes)
        while waiting:
            for place, target in self.jumps[waiting.pop()]:
                is_open = not place or (is_start if place == "start" else is_end)
                if is_open and target not in reached:
                    reached.add(target)
                    waiting.append(target)
        return frozenset(reached)

    def matches(self, state: State, text: str, *, is_whole: bool) -> bool:
        """Whether `text` matches (`is_whole`), or contains a match."""
        nodes = self._reach({self.first}, True, not text)
        known: dict[tuple[frozenset[int], str], frozenset[int]] = {}
        for place, character in enumerate(text, 1):
            if not is_whole and self.last in nodes:
                return True
            is_end = place == len(text)
            following = None if is_end else known.get((nodes, character))
            if following is None:
                state.spend(1 + len(nodes) // 4)
                moved = {
                    target
                    for node in nodes
                    for pattern, target in self.edges[node]
                    if pattern.match(character)
                }
                if not is_whole:
                    moved.add(self.first)
                following = self._reach(moved, False, is_end)
                if not is_end:
                    known[nodes, character] = following
            nodes = following
            if not nodes:
                return False
        state.spend(len(text) // _STEP)
        return self.last in nodes
