"""What is done about the audit again and again while the server runs: watch for unusual access, export checkpoints."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

from charthouse.access.trail import checkpoint
from charthouse.access.trail.checkpoint import Signer
from charthouse.access.trail.facts import Find
from charthouse.access.trail.watch import Watch
from charthouse.base import log
from charthouse.base.clock import now
from charthouse.db.connect import Connection
from charthouse.store.read import Reader

PAUSE: Final = 20.0  # seconds between two looks
REST: Final = 9.0  # times as long as a slice took
LONGEST_PAUSE: Final = 300.0  # after failures
MINUTE: Final = 60_000

Submit = Callable[[Callable[[Connection], Any]], Any]


class Rounds:
    """One thread with connections of its own. `submit` runs a job in the record's writer and waits for it.

    With `folder` a checkpoint is written there every `minutes`, the first one at once, if anything happened since.
    """

    def __init__(
        self,
        record: Callable[[], Connection],
        audited: Callable[[], Connection],
        reader: Reader,
        find: Find,
        submit: Submit,
        signer: Signer,
        *,
        folder: Path | None = None,
        minutes: int = 60,
        clock: Callable[[], int] = now,
    ) -> None:
        self._connect = (record, audited)
        self._reader = reader
        self._find = find
        self._submit = submit
        self._signer = signer
        self._folder = folder
        self._every = minutes * MINUTE
        self._clock = clock
        self._log = log.get("trail")
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._serve, name="trail-rounds", daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def close(self) -> None:
        """Stop after the slice under way."""
        self._stop.set()
        if self._thread.is_alive():
            self._thread.join()

    def export(self, record: Connection, audited: Connection) -> Path | None:
        """Write the next checkpoint if it is time and something happened since the last one."""
        if self._folder is None:
            return None
        last = checkpoint.exported(record)
        at = self._clock()
        if last and at - last[0].at < self._every:
            return None
        made = self._signer.make(record, audited, at)
        if last and (last[0].number, last[0].audit) == (made.number, made.audit):
            return None
        file = self._folder / checkpoint.name(made)
        try:
            checkpoint.keep(file, made)
        except FileExistsError:  # another process was here in the same millisecond
            return None
        self._submit(lambda connection: checkpoint.note(connection, made))
        return file

    def _serve(self) -> None:
        held: tuple[Connection, Connection] | None = None
        pause = PAUSE
        while not self._stop.is_set():
            try:
                record, audited = held = held or (self._connect[0](), self._connect[1]())
                watch = Watch(record, audited, self._reader, self._find, self._submit, clock=self._clock)
                begin = time.monotonic()
                while not self._stop.is_set() and watch.run():
                    self._stop.wait(REST * (time.monotonic() - begin))  # most of the time belongs to others
                    begin = time.monotonic()
                self.export(record, audited)
                pause = PAUSE
            except Exception as error:  # noqa: BLE001 - whatever went wrong, the next round must come
                self._log.error("trail.round_failed", failure=error)
                for connection in held or ():
                    connection.close()
                held = None  # what broke may be the connection
                pause = min(pause * 2, LONGEST_PAUSE)
            self._stop.wait(pause)
        for connection in held or ():
            connection.close()
