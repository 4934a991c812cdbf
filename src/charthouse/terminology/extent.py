"""All members of a value set as intervals of concept ids and a few loose codes: counted and paged without listing."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

from charthouse.base.errors import Category, Problem, problem
from charthouse.terminology.codesystem import COMPLETE, CodeSystem, is_named
from charthouse.terminology.compose import Composed, Missing, Part
from charthouse.terminology.concept import HEADING, INACTIVE
from charthouse.terminology.given import Entry
from charthouse.terminology.spans import NONE, Spans
from charthouse.terminology.versions import joined

LIMIT: Final = 20_000  # codes listed at once

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


class Extent:
    """The members in order. No code of a system stands in two segments."""

    def __init__(self, segments: Iterable[Segment] = ()) -> None:
        """Of a code that several segments have, the first keeps it."""
        self.segments: list[Segment] = []
        self.is_whole = True
        for segment in segments:
            self.is_whole = self.is_whole and segment.is_whole
            rest = self.cut(segment)
            if len(rest):
                self.segments.append(rest)

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
        pairs: list[tuple[int, int]] = []
        loose: set[str] = set()
        for own in self.segments:
            if own.url != segment.url:
                continue
            is_same = (
                own.system is not None and segment.system is not None and own.system.key == segment.system.key
            )
            if is_same:
                pairs.extend(own.spans.pairs())
            if segment.system is not None and segment.spans:
                others = own.loose if is_same else _few(own)
                if others:
                    found = segment.system.found(others)
                    pairs.extend((concept.id, concept.id) for concept in found.values())
            if segment.loose:
                loose.update(_shared(own, segment.loose))
        return Spans(pairs), loose

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


def of(composed: Composed) -> Extent:
    """The extent of a value set.

    Raises Problem(unsupported) where its codes cannot be listed, Problem(not_found) where a value
    set that it imports is not at hand.
    """
    if composed.is_given:
        return _given(composed)
    try:
        return _composed(composed)
    except Problem as failure:
        if failure.category not in (Category.UNSUPPORTED, Category.NOT_FOUND) or composed.given is None:
            raise
        return _given(composed)  # what cannot be worked out here, its author has worked out


def _composed(composed: Composed) -> Extent:
    if not composed.includes:
        raise _unlisted(composed.url, composed.why() or "")
    found = Extent(segment for part in composed.includes for segment in _part(part))
    for part in composed.excludes:
        out = Extent(_part(part))
        found = Extent(out.cut(segment) for segment in found.segments)
    return found.without(INACTIVE) if composed.drops_inactive else found


def _part(part: Part) -> list[Segment]:
    """The members of one include or exclude."""
    others = [_imported(each) for each in part.imports]
    segments = [_drawn(part)] if part.url else others.pop(0).segments
    for other in others:
        segments = [other.kept(segment) for segment in segments]
    return segments


def _imported(imported: Composed | Missing) -> Extent:
    if isinstance(imported, Missing):
        raise problem(
            Category.NOT_FOUND, "not-found", "A value set that is imported is not at hand.",
            place="ValueSet.compose.include.valueSet", value=imported.url,
            repair="Load the package that defines it, or store it as a ValueSet.",
        )  # fmt: skip
    return of(imported)


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
        raise problem(
            Category.TOO_COSTLY, "too-costly", "Two versions of a large code system would have to be compared.",
            place="ValueSet.compose", value=segment.url, repair="Name the same version in both parts.",
        )  # fmt: skip
    return list(segment.codes())


def _shared(own: Segment, loose: Sequence[str]) -> Iterator[str]:
    """Which of `loose` a segment has."""
    yield from set(own.loose).intersection(loose)
    if own.system is not None and own.spans:
        found = own.system.found(loose)
        yield from (code for code, concept in found.items() if concept.id in own.spans)


def _is_flagged(entry: Entry | None, flag: int) -> bool:
    if entry is None:
        return False
    return entry.is_abstract if flag == HEADING else not entry.is_active


def _unlisted(url: str | None, reason: str) -> Problem:
    return problem(
        Category.UNSUPPORTED, "not-supported", f"The codes cannot be listed: {reason}.", place="ValueSet",
        value=url, repair="Load the release that has them; a single code may still be checked.",
    )  # fmt: skip
