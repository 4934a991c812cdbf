"""All members of a value set as intervals of concept ids and a few loose codes: counted and paged without listing."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

from charthouse.base.errors import Category, Problem, invalid, problem
from charthouse.terminology import deadline
from charthouse.terminology.codesystem import COMPLETE, CodeSystem, is_named
from charthouse.terminology.compose import Composed, Missing, Part
from charthouse.terminology.concept import HEADING, INACTIVE
from charthouse.terminology.given import Entry
from charthouse.terminology.spans import NONE, Spans
from charthouse.terminology.versions import joined

LIMIT: Final = 20_000  # codes listed at once
_FEW: Final = 1_000  # ids that are quicker compared one by one

_NO_ENTRIES: Final[Mapping[str, Entry]] = {}


@dataclass(frozen=True, slots=True)
class Segment:
    """Members of one version of one code system.

    `spans` are ids of `system`, and `order` tells their order where the value set gives one.
    `loose` are codes that have no id here, because the system is not at hand or does not have them.
    `entries` is what the value set itself says of codes (display, designations). `is_whole` is
    false where only a part of the code system is at hand, so that members may be missing.
    """

    url: str
    version: str | None
    system: CodeSystem | None = None
    spans: Spans = NONE
    order: tuple[int, ...] | None = None
    loose: tuple[str, ...] = ()
    entries: Mapping[str, Entry] = field(default_factory=lambda: _NO_ENTRIES)
    is_whole: bool = True

    def __len__(self) -> int:
        return len(self.spans) + len(self.loose)

    def codes(self) -> Iterator[str]:
        """Every code."""
        if self.system is not None:
            yield from (concept.code for concept in self.system.walk(self.spans))
        yield from self.loose

    def place(self, offset: int, count: int) -> Iterator[int | str]:
        """Ids and then loose codes, from the place `offset` on."""
        if self.order is not None:
            ids: Iterable[int] = [id for id in self.order if id in self.spans][offset : offset + count]
        else:
            ids = (id for low, high in self.spans.part(offset, count) for id in range(low, high + 1))
        given = 0
        for id in ids:
            given += 1
            yield id
        start = max(0, offset - len(self.spans))
        yield from self.loose[start : start + count - given]


class _Ids:
    """Ids of one system, as they are put together: few of them one by one, many as intervals."""

    def __init__(self, system: CodeSystem) -> None:
        self.system = system
        self._spans = NONE
        self._few: set[int] = set()

    def add(self, spans: Spans) -> None:
        if len(spans) <= _FEW:
            self._few.update(spans.ids())
        else:
            self._spans = self._spans | spans

    def __contains__(self, id: int) -> bool:
        return id in self._few or id in self._spans

    def among(self, wanted: Spans) -> Spans:
        """Which of `wanted` are in here."""
        if len(wanted) <= _FEW:
            return Spans.of(id for id in wanted.ids() if id in self)
        return wanted & (self._spans | Spans.of(self._few))


class _Held:
    """What an extent has of one url, so that a segment is compared with all others at once.

    When the extent is made it does not change any more, but for what is looked up of other versions, where
    a later look replaces the one before; so threads may share it.
    """

    def __init__(self) -> None:
        self._segments: list[Segment] = []
        self._loose: set[str] = set()
        self._ids: dict[tuple[str, int], _Ids] = {}  # by the key of the system
        self._foreign: dict[tuple[str, int], tuple[int, frozenset[int]]] = {}

    def add(self, segment: Segment) -> None:
        self._segments.append(segment)
        self._loose.update(segment.loose)
        if segment.system is not None and segment.spans:
            self._ids.setdefault(segment.system.key, _Ids(segment.system)).add(segment.spans)

    def among(self, system: CodeSystem, wanted: Spans) -> Spans:
        """Which ids of a system are in here; its other versions are compared by code."""
        own = self._ids.get(system.key)
        same = own.among(wanted) if own is not None else NONE
        foreign = self._others(system)
        return same | (wanted & Spans.of(foreign)) if foreign else same

    def _others(self, system: CodeSystem) -> frozenset[int]:
        """The ids that a system has for what is in here of other versions; each segment is looked up once."""
        looked, found = self._foreign.get(system.key, (0, frozenset()))
        count = len(self._segments)
        if looked < count:
            others = (
                own for own in self._segments[looked:] if own.system is None or own.system.key != system.key
            )
            if codes := [code for own in others for code in _few(own)]:
                found = found.union(concept.id for concept in system.found(codes).values())
            self._foreign[system.key] = (count, found)
        return found

    def codes(self, segment: Segment) -> set[str]:
        """The loose codes of a segment that are in here. Its own system has none of them."""
        shared = self._loose.intersection(segment.loose)
        for key, ids in self._ids.items():
            if segment.system is None or key != segment.system.key:
                found = ids.system.found(segment.loose)
                shared.update(code for code, concept in found.items() if concept.id in ids)
        return shared


class Extent:
    """The members in order. No code of a system stands in two segments."""

    def __init__(self, segments: Iterable[Segment] = ()) -> None:
        """Of a code that several segments have, the first keeps it."""
        self.segments: list[Segment] = []
        self._held: dict[str, _Held] = {}
        self.is_whole = True
        for segment in segments:
            deadline.check()
            self.is_whole = self.is_whole and segment.is_whole
            rest = self.cut(segment)
            if len(rest):
                self.segments.append(rest)
                self._held.setdefault(rest.url, _Held()).add(rest)

    def __len__(self) -> int:
        return sum(map(len, self.segments))

    def cut(self, segment: Segment) -> Segment:
        """What of `segment` is not in here."""
        spans, loose = self._covered(segment)
        return replace(
            segment, spans=segment.spans - spans,
            loose=tuple(code for code in segment.loose if code not in loose) if loose else segment.loose,
        )  # fmt: skip

    def kept(self, segment: Segment) -> Segment:
        """What of `segment` is in here too."""
        spans, loose = self._covered(segment)
        return replace(
            segment, spans=segment.spans & spans, loose=tuple(code for code in segment.loose if code in loose)
        )

    def _covered(self, segment: Segment) -> tuple[Spans, set[str]]:
        """The ids and loose codes of `segment` that are in here; other versions are compared by code."""
        held = self._held.get(segment.url)
        if held is None:
            return NONE, set()
        spans = NONE
        if segment.system is not None and segment.spans:
            spans = held.among(segment.system, segment.spans)
        return spans, held.codes(segment) if segment.loose else set()

    def without(self, flag: int) -> Extent:
        """The members that do not have a flag (INACTIVE, HEADING)."""
        return Extent(self._without(flag))

    def _without(self, flag: int) -> Iterator[Segment]:
        for segment in self.segments:
            loose = tuple(code for code in segment.loose if not _is_flagged(segment.entries.get(code), flag))
            spans = segment.spans
            if segment.system is not None and spans:
                spans = spans - segment.system.flagged(flag)
            yield replace(segment, spans=spans, loose=loose)

    def named(self, words: Sequence[str]) -> Extent:
        """The members in which each word begins a word of the code or of a name."""
        return Extent(self._named(words))

    def _named(self, words: Sequence[str]) -> Iterator[Segment]:
        for segment in self.segments:
            fits = {
                code for code, entry in segment.entries.items()
                if is_named(words, (entry.display or "", *(name.text for name in entry.designations), code))
            }  # fmt: skip
            loose = tuple(code for code in segment.loose if code in fits)
            spans = NONE
            if segment.system is not None and segment.spans:
                own = segment.system.found(sorted(fits))
                spans = segment.system.named(words, segment.spans)
                spans = spans | (Spans.of(concept.id for concept in own.values()) & segment.spans)
            yield replace(segment, spans=spans, loose=loose)

    def page(self, offset: int, count: int) -> Iterator[tuple[Segment, list[int | str]]]:
        """Ids and loose codes from the place `offset` on, by segment."""
        for segment in self.segments:
            if count <= 0:
                return
            size = len(segment)
            if offset < size:
                placed = list(segment.place(offset, count))
                count -= len(placed)
                yield segment, placed
            offset = max(0, offset - size)


def of(composed: Composed, imported: Callable[[Composed], Extent] | None = None) -> Extent:
    """The extent of a value set; `imported` gives those of the value sets that it imports.

    Raises Problem(unsupported) where its codes cannot be listed, Problem(not_found) where a value
    set that it imports is not at hand.
    """
    if composed.is_given:
        return _given(composed)
    try:
        return _composed(composed, imported or of)
    except Problem as failure:
        if failure.category not in (Category.UNSUPPORTED, Category.NOT_FOUND) or composed.given is None:
            raise
        return _given(composed)  # what cannot be worked out here, its author has worked out


def _composed(composed: Composed, imported: Callable[[Composed], Extent]) -> Extent:
    if not composed.includes:
        raise _unlisted(composed.url, composed.why() or "")
    found = Extent(segment for part in composed.includes for segment in _part(part, imported))
    if composed.excludes:
        out = Extent(segment for part in composed.excludes for segment in _part(part, imported))
        found = Extent(out.cut(segment) for segment in found.segments)
    return found.without(INACTIVE) if composed.drops_inactive else found


def _part(part: Part, imported: Callable[[Composed], Extent]) -> list[Segment]:
    """The members of one include or exclude."""
    deadline.check()
    others = [_imported(each, imported) for each in part.imports]
    segments = [_drawn(part)] if part.url else others.pop(0).segments
    for other in others:
        segments = [other.kept(segment) for segment in segments]
    return segments


def _imported(other: Composed | Missing, imported: Callable[[Composed], Extent]) -> Extent:
    if isinstance(other, Missing):
        raise problem(
            Category.NOT_FOUND, "not-found", "A value set that is imported is not at hand.",
            place="ValueSet.compose.include.valueSet", value=other.url,
            repair="Load the package that defines it, or store it as a ValueSet.",
        )  # fmt: skip
    return imported(other)


def _drawn(part: Part) -> Segment:
    """The members of a part that come from its own system."""
    system = part.system
    if part.entries is not None:
        return listed(part.url, part.version, system, part.entries)
    if part.grammar is not None:
        raise _unlisted(part.url, "its codes follow a grammar and cannot be listed")
    if system is None:
        raise _unlisted(joined(part.url, part.version), "the code system is not at hand")
    spans = system.all()
    for sieve in part.sieves():
        spans = spans & sieve.spans()
    is_whole = system.release.content == COMPLETE
    return Segment(part.url, system.release.version or None, system, spans, is_whole=is_whole)


def listed(
    url: str, version: str | None, system: CodeSystem | None, entries: Mapping[str, Entry]
) -> Segment:  # fmt: skip
    """The members that a value set lists itself, in its order."""
    if system is None:
        return Segment(url, version, loose=tuple(entries), entries=entries)
    found = system.found(list(entries))
    order = tuple(dict.fromkeys(found[code].id for code in entries if code in found))
    own = {found[code].code: each for code, each in entries.items() if code in found}
    loose = tuple(code for code in entries if code not in found)
    return Segment(
        url, system.release.version or None, system, Spans.of(order), order, loose, {**entries, **own}
    )


def _given(composed: Composed) -> Extent:
    """The extent that an expansion in the resource lists."""
    given = composed.given
    if given is None or not given.is_whole:
        raise _unlisted(composed.url, composed.why() or "its expansion is only a part")
    return Extent(
        Segment(url, version, loose=tuple(entries), entries=entries)
        for (url, version), entries in given.lists.items()
    )


def _few(segment: Segment) -> list[str]:
    """The codes of a segment that have to be compared one by one."""
    if len(segment) > LIMIT:
        raise invalid(
            "too-costly", "Two versions of a large code system would have to be compared.",
            place="ValueSet.compose", value=segment.url, repair="Name the same version in both parts.",
        )  # fmt: skip
    return list(segment.codes())


def _is_flagged(entry: Entry | None, flag: int) -> bool:
    if entry is None:
        return False
    return entry.is_abstract if flag == HEADING else not entry.is_active


def _unlisted(url: str | None, reason: str) -> Problem:
    return problem(
        Category.UNSUPPORTED, "not-supported", f"The codes cannot be listed: {reason}.", place="ValueSet",
        value=url, repair="Load the release that has them; a single code may still be checked.",
    )  # fmt: skip
