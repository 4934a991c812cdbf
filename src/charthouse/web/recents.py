"""The charts somebody has open or had lately: the browser keeps opaque ids, the server what to call them."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass
from typing import Final

from charthouse.base.ids import is_logical_id
from charthouse.web.chart.identity import Identity

COOKIE: Final = "charthouse_charts"
OPEN: Final = 6
LATELY: Final = 12
KEPT: Final = 60_000  # a chart may be shut meanwhile
REMEMBERED: Final = 4096


@dataclass(frozen=True, slots=True)
class Charts:
    """Patient ids: `open` as tabs in the order they were opened, `lately` newest first."""

    open: tuple[str, ...] = ()
    lately: tuple[str, ...] = ()

    @classmethod
    def parse(cls, text: str) -> Charts:
        """From the cookie; anything that is not an id is dropped."""
        tabs, _, lately = text.partition("|")
        return cls(_ids(tabs, OPEN), _ids(lately, LATELY))

    def __str__(self) -> str:
        return f"{'~'.join(self.open)}|{'~'.join(self.lately)}"

    def opened(self, patient: str) -> Charts:
        """With this chart open and first among the latest; the oldest tab gives way to a seventh."""
        tabs = self.open if patient in self.open else (*self.open, patient)[-OPEN:]
        return Charts(tabs, (patient, *(one for one in self.lately if one != patient))[:LATELY])

    def closed(self, patient: str) -> Charts:
        """Without this tab; it stays among the latest."""
        return Charts(tuple(one for one in self.open if one != patient), self.lately)

    def without(self, gone: frozenset[str]) -> Charts:
        """Without charts that are not to be had any more."""
        return Charts(*(tuple(one for one in ids if one not in gone) for ids in (self.open, self.lately)))


class Recents:
    """What each sign-in was shown of patients lately, so that drawing a tab is not another look into a record.

    Held per session for a quarter of an hour, then asked of the gate again; bounded; gone with the process.
    """

    def __init__(self) -> None:
        self._held: OrderedDict[tuple[str, str, str], tuple[int, Identity]] = OrderedDict()

    def keep(self, session: str, tongue: str, identity: Identity, now: int) -> None:
        """Remember a card this session has just been given."""
        self._held[session, tongue, identity.id] = (now, identity)
        self._held.move_to_end((session, tongue, identity.id))
        while len(self._held) > REMEMBERED:
            self._held.popitem(last=False)

    def get(self, session: str, tongue: str, patient: str, now: int) -> Identity | None:
        """The card, if this session got it within the last quarter of an hour."""
        held = self._held.get((session, tongue, patient))
        return held[1] if held is not None and held[0] + KEPT > now else None

    def forget(self, session: str) -> None:
        """Drop all cards of a session that ended."""
        for key in [key for key in self._held if key[0] == session]:
            del self._held[key]


def _ids(text: str, most: int) -> tuple[str, ...]:
    found = dict.fromkeys(one for one in text.split("~") if is_logical_id(one))
    return tuple(found)[:most]
