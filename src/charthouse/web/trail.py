"""The trail as a page shows it: events of one person in one sitting together, names where the reader may see them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, time, timedelta
from typing import Final

from charthouse.access.trail import words
from charthouse.access.trail.line import Line, Question
from charthouse.access.trail.names import Who
from charthouse.access.trail.watch import NAMING
from charthouse.base.clock import instant
from charthouse.base.errors import invalid
from charthouse.web import ask, labels
from charthouse.web.chart.entry import Context
from charthouse.web.chart.identity import identity
from charthouse.web.reader import Reader
from charthouse.web.site import Desk, Site

SITTING: Final = 30 * 60_000  # ms without an event after which a new sitting begins
MOST_NAMED: Final = 100
COLOURS: Final = {
    words.LOOKED: "grey", words.WROTE: "sea", words.LEFT: "amber", words.DOOR: "grey", words.REFUSED: "red",
    words.OTHER: "violet",
}  # fmt: skip
ORDER: Final = (words.REFUSED, words.LEFT, words.WROTE, words.OTHER, words.DOOR, words.LOOKED)
WHOLE: Final = frozenset(
    {"search", "history", "history-type", "export", "print"}
)  # of many, however many it were
QUIET: Final = frozenset({words.LOOKED, words.DOOR})
HIDDEN: Final = "A patient whose chart is not open to you"


@dataclass(frozen=True, slots=True)
class Step:
    """One event in a sitting."""

    name: str
    clock: str
    said: str
    gist: str
    kind: str
    colour: str
    query: str
    patients: tuple[str, ...]  # ids


@dataclass(slots=True)
class Sitting:
    """Events of one account that follow each other closely, newest first."""

    actor: int
    who: Who
    roles: str
    purpose: str
    through: str
    where: str
    session: str
    last: int
    first: int
    steps: list[Step] = field(default_factory=list)
    patients: dict[str, None] = field(default_factory=dict)

    @property
    def gist(self) -> list[tuple[str, str, int]]:
        """(what was done, its colour or empty for plain looking, how often), the most telling first."""
        counts = Counter((step.gist, step.kind) for step in self.steps)
        told = sorted(counts.items(), key=lambda one: (ORDER.index(one[0][1]), -one[1]))
        return [(said, "" if kind in QUIET else COLOURS[kind], count) for (said, kind), count in told]


def sittings(
    lines: Sequence[Line],
    people: Mapping[int, Who],
    resources: Mapping[int, tuple[str, str]],
    roles: Mapping[tuple[int, int], Sequence[str]],
    reader: Reader,
) -> list[Sitting]:
    """The lines (newest first) in sittings, in the order of their newest event."""
    found: list[Sitting] = []
    open_: dict[tuple[int, str, str, str], Sitting] = {}
    for line in lines:
        key = (line.actor, line.purpose, line.client, line.address if line.source == "r" else "")
        mine = open_.get(key)
        if mine is None or mine.first - line.at > SITTING:
            held = ", ".join(
                role.replace("-", " ").capitalize() for role in roles.get((line.actor, line.at), ())
            )
            mine = Sitting(
                line.actor, people[line.actor], held, words.purpose(line.purpose), line.client, line.address,
                line.session, line.at, line.at,
            )  # fmt: skip
            open_[key] = mine
            found.append(mine)
        mine.first = line.at
        ids = tuple(resources[key][1] for key in line.patients if key in resources)
        mine.patients |= dict.fromkeys(ids)
        kind = words.kind(line)
        moment = reader.clock(instant(line.at))
        types = _types(line, resources)
        listed = {type: (2, labels.many(type).lower()) for type in types} if line.word in WHOLE else types
        told, gist = words.said(line, types), words.said(line, listed, plain=True)
        mine.steps.append(Step(line.name, moment, told, gist, kind, COLOURS[kind], line.query, ids))
    return found


def _types(line: Line, resources: Mapping[int, tuple[str, str]]) -> dict[str, tuple[int, str]]:
    """type -> (how many, what they are called)."""
    counts: dict[str, int] = {}
    for key, _ in line.resources:
        type = resources.get(key, (line.type or "Resource", ""))[0]
        counts[type] = counts.get(type, 0) + 1
    if not counts and line.type and (line.interaction != "search" or line.outcome != "ok"):
        counts[line.type] = 1
    return {
        type: (count, (labels.one(type) if count == 1 else labels.many(type)).lower())
        for type, count in counts.items()
    }


def looking(desk: Desk) -> Desk:
    """The desk as one that only puts names to rows of the audit: it is told as that, and opens no chart."""
    return replace(desk, actor=replace(desk.actor, client=NAMING))


async def patients(site: Site, desk: Desk, ids: Sequence[str]) -> dict[str, str]:
    """id -> name and birth date, of those whom this person may see; asked of the gate like any other look."""
    desk = looking(desk)
    wanted = list(dict.fromkeys(ids))[:MOST_NAMED]
    if not wanted:
        return {}
    answer = await ask.search(
        site, desk, "Patient", [("_id", ",".join(wanted)), ("_count", str(len(wanted)))]
    )
    cards = [identity(tree, Context(desk.reader, {})) for tree in answer.trees]
    return {card.id: f"{card.name.sorted}{f', {card.born}' if card.born else ''}" for card in cards}


KINDS: Final = (
    ("", "Everything"), (words.LOOKED, "Looking"), (words.WROTE, "Writing"), (words.LEFT, "Exports and prints"),
    (words.DOOR, "Coming and going"), (words.REFUSED, "Refused"),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Filter:
    """What a form narrows a question by, as it was typed."""

    since: str = ""
    until: str = ""
    kind: str = ""

    def question(
        self, desk: Desk, asked: str, *, patient: int | None = None, actor: int | None = None
    ) -> Question:
        """The question about a patient or a person; `asked` is how it is told in the audit.

        Raises `Problem(invalid)` for a day or a kind that is none.
        """
        question = Question(patient=patient, actor=actor, words=asked)
        if self.since:
            question = replace(question, since=_day(desk, "since", self.since))
        if self.until:
            question = replace(question, until=_day(desk, "until", self.until, after=1))
        if self.kind == words.REFUSED:
            return replace(question, outcomes=words.FAILURES)
        if self.kind and self.kind not in words.INTERACTIONS:
            raise invalid("value", "There is no such kind.", place="kind", value=self.kind)
        return replace(question, interactions=words.INTERACTIONS.get(self.kind, frozenset()))


def _day(desk: Desk, place: str, text: str, *, after: int = 0) -> int:
    """The beginning of the day in `text`, or of one `after` it, on the reader's clock, in ms."""
    try:
        day = date.fromisoformat(text) + timedelta(days=after)
        moment = datetime.combine(day, time(), desk.reader.zone).astimezone(desk.reader.zone)
        return int(moment.timestamp() * 1000)
    except (ValueError, OverflowError):
        raise invalid(
            "value", "This is no day.", place=place, value=text, repair="Write e.g. 2026-11-12."
        ) from None
