"""Which process serves a data folder, and under which address; a folder has one at a time."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from charthouse.base.errors import Category, problem

FILE: Final = "serving.lock"  # two lines: the process, and the address that people use


@contextmanager
def held(folder: Path | None, address: str) -> Iterator[None]:
    """Hold the folder's lock while it is served as `address`; a database URL (None) needs no lock.

    Raises `Problem(conflict)` when another process holds it.
    """
    if folder is None:
        yield
        return
    with (folder / FILE).open("a+", encoding="utf-8") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            file.seek(0)
            raise problem(
                Category.CONFLICT,
                "conflict",
                "This data folder is being served already.",
                place="--data",
                value=f"process {file.readline().strip() or 'unknown'}",
                repair="Stop that process, or serve another folder.",
            ) from None
        file.truncate(0)
        file.write(f"{os.getpid()}\n{address}\n")
        file.flush()
        try:
            yield
        finally:  # a signal ends serving by an exception
            file.truncate(0)


def address(folder: Path) -> str | None:
    """The address under which a process that lives serves the folder, or None."""
    try:
        process, _, rest = (folder / FILE).read_text(encoding="utf-8").partition("\n")
        lives = _lives(int(process))
    except (OSError, ValueError):
        return None  # no file, or an empty one: nobody serves
    return rest.strip() or None if lives else None


def _lives(process: int) -> bool:
    try:
        os.kill(process, 0)  # signal 0 only asks
    except ProcessLookupError:
        return False  # it was killed, and left its file
    except PermissionError:
        pass  # somebody else's
    return True
