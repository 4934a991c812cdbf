"""Starting a program from a chart: a launch that one sign-in may use, once, for one program, within minutes
(SMART App Launch, "EHR launch")."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from hashlib import sha256
from typing import Final
from urllib.parse import urlencode, urlsplit

from charthouse.access.oauth.apps import App
from charthouse.base.clock import now
from charthouse.base.ids import secret
from charthouse.db import queries
from charthouse.db.connect import Connection

LIFETIME: Final = 5 * 60_000
KEPT: Final = 24 * 60 * 60_000  # rows that were never used go after this


@dataclass(frozen=True, slots=True)
class Launch:
    """A launch in force: its row, and the ids of patient and encounter it is about."""

    id: int
    patient: str | None
    encounter: str | None


class Launches:
    """The launches of one record. For the thread that owns `connection`; changes take their own."""

    def __init__(self, connection: Connection, *, clock: Callable[[], int] = now) -> None:
        self._connection = connection
        self._clock = clock
        self._sql = queries.load("charthouse.access.oauth", "codes", connection.dialect)

    def start(
        self, connection: Connection, app: App, session: int, patient: str | None, encounter: str | None
    ) -> str:
        """A new launch of `app`, bound to the sign-in `session`; returns its text for the address."""
        text = secret()
        moment = self._clock()
        connection.run(self._sql.forget_launches, (moment - KEPT,))
        connection.run(
            self._sql.add_launch, (_hash(text), app.id, session, patient, encounter, moment + LIFETIME)
        )
        return text

    def find(self, text: str, app: App, session: int) -> Launch | None:
        """The launch behind `text` if it is for this program and sign-in, unused and not too old."""
        row = self._connection.one(self._sql.launch, (_hash(text), app.id, session, self._clock()))
        return None if row is None else Launch(*row)

    def use(self, connection: Connection, launch: Launch) -> bool:
        """Use it up; of several at once only one gets it."""
        return connection.one(self._sql.use_launch, (self._clock(), launch.id)) is not None


def address(app: App, issuer: str, launch: str) -> str:
    """Where the browser goes: the program's launch address with `iss` (our FHIR base) and `launch`."""
    target = app.launch_address or ""
    joint = "&" if urlsplit(target).query else "?"
    return f"{target}{joint}{urlencode({'iss': issuer, 'launch': launch})}"


def _hash(text: str) -> bytes:
    return sha256(text.encode("utf-8", "replace")).digest()
