"""Who uses a data folder: many at once as long as they only use it, one alone to change what it is made of."""

from __future__ import annotations

import fcntl
import os
from pathlib import Path

from charthouse.base.errors import Category, problem


class Claim:
    """A hold on a folder until `release`, or the end of the process, however it ends.

    It is a lock on the folder itself, so that nothing is left behind in it.
    """

    def __init__(self, folder: Path, mode: int) -> None:
        self._handle: int | None = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            fcntl.flock(self._handle, mode | fcntl.LOCK_NB)
        except OSError:
            self.release()
            raise

    @classmethod
    def shared(cls, folder: Path) -> Claim:
        """Use the folder beside others; `Problem(conflict)` while somebody has it alone."""
        try:
            return cls(folder, fcntl.LOCK_SH)
        except BlockingIOError:
            raise problem(
                Category.CONFLICT, "conflict", "The key of this data folder is being changed.", place="--data",
                value=folder, repair="Wait until `charthouse key rotate` is done, then try again.",
            ) from None  # fmt: skip

    @classmethod
    def alone(cls, folder: Path) -> Claim:
        """Have the folder alone; `Problem(conflict)` while a server or a command uses it."""
        try:
            return cls(folder, fcntl.LOCK_EX)
        except BlockingIOError:
            raise problem(
                Category.CONFLICT, "conflict", "A server or another command uses this data folder.",
                place="--data", value=folder, repair="Stop it, then try again.",
            ) from None  # fmt: skip

    def release(self) -> None:
        """Let go; a second call does nothing."""
        if self._handle is not None:
            os.close(self._handle)
            self._handle = None
