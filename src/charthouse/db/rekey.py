"""Another key for a SQLite file: written anew beside the old one, looked at, and put in its place in one step.

The engine can change a key inside the file, but then a crash leaves it to a journal to know which page has
which key. A new file needs no such faith: until the moment it takes the old one's name nothing was changed.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Final

import apsw

from charthouse.base.errors import Category, problem
from charthouse.db.connect import TROUBLE, full_or_busy

PLAIN: Final = b"SQLite format 3\0"
ENDING: Final = ".rekeyed"  # of the file that is being written; one that is found was left by a crash
PAGES: Final = 2000  # copied between two reports

Told = Callable[[float], None]


def is_plain(path: Path) -> bool:
    """Whether the file is a SQLite database that anybody can read."""
    with path.open("rb") as file:
        return file.read(len(PLAIN)) == PLAIN


def opens(path: Path, key: bytes | None) -> bool:
    """Whether the file can be read with `key` (None = without any)."""
    if is_plain(path):
        return key is None
    if key is None:
        return False
    try:
        connection = _opened(path, key)
    except TROUBLE as error:
        raise full_or_busy(error) from None
    try:
        connection.pragma("schema_version")
    except apsw.NotADBError:
        return False
    except TROUBLE as error:
        raise full_or_busy(error) from None
    finally:
        connection.close()
    return True


def rekey(path: Path, old: bytes | None, new: bytes, told: Told) -> None:
    """Give the database another key (or a first one, where `old` is None). `told` gets the part that is done, 0 to 1.

    Nobody else may have the file open. Killed at any moment it leaves the old file, or the new one whole.
    Raises `Problem(busy)` where another process uses it, `Problem(fault)` where the disk is full or the copy
    is not sound; the old file stands then.
    """
    fresh = path.with_name(path.name + ENDING)
    _forget(fresh)
    _roomy(path)
    try:
        source = _source(path, old)
        try:
            _copy(source, fresh, old and new, told)
            if old is None:
                _lock(fresh, new)
            _prove(fresh, new)
            _settle(fresh)
            fresh.replace(path)
            _settle(path.parent)
        finally:
            source.close()
    except TROUBLE as error:
        raise full_or_busy(error) from None
    finally:
        _forget(fresh)


def _source(path: Path, key: bytes | None) -> apsw.Connection:
    """The old file with everything in it, its log folded in, and locked until it is closed."""
    source = _opened(path, key)
    try:
        source.pragma("locking_mode", "exclusive")
        if source.pragma("journal_mode", "delete") != "delete":
            raise apsw.BusyError("the log is in use")
    except BaseException:
        source.close()
        raise
    return source


def _copy(source: apsw.Connection, place: Path, key: bytes | None, told: Told) -> None:
    """Page by page; the engine reads with one key and writes with the other."""
    target = _opened(place, key)
    try:
        target.pragma("synchronous", "off")  # it is synced as a whole before it counts
        with target.backup("main", source, "main") as backup:
            while not backup.done:
                backup.step(PAGES)
                told(1 - backup.remaining / max(1, backup.page_count))
    finally:
        target.close()


def _lock(place: Path, key: bytes) -> None:
    """Encrypt a copy in place. Pages of a plain file lack the room for a cipher's marks, so it is made in two steps."""
    copy = _opened(place, None)
    try:
        copy.pragma("journal_mode", "off")
        copy.pragma("synchronous", "off")
        copy.pragma("hexrekey", key.hex())
    finally:
        copy.close()


def _prove(place: Path, key: bytes) -> None:
    """Every page of the new file has its marks and its place."""
    copy = _opened(place, key)
    try:
        if copy.pragma("quick_check") != "ok":
            raise problem(
                Category.FAULT, "exception", "The copy under the new key is not sound; nothing was changed.",
                repair="See what `charthouse check` finds.",
            )  # fmt: skip
    finally:
        copy.close()


def _opened(path: Path, key: bytes | None) -> apsw.Connection:
    connection = apsw.Connection(str(path))
    if key is not None:
        connection.pragma("hexkey", key.hex())
    connection.pragma("temp_store", "memory")
    return connection


def _roomy(path: Path) -> None:
    """Refuse before anything is begun where the disk cannot hold the file twice."""
    needed = path.stat().st_size
    if shutil.disk_usage(path.parent).free < needed * 1.05:
        raise problem(
            Category.FAULT, "no-store", f"{path.name} is written anew, for which the disk has no room.",
            value=f"{needed} bytes", repair="Free as much as the file takes, then try again.",
        )  # fmt: skip


def _settle(path: Path) -> None:
    """Wait until a file, or a folder's list of names, is on the disk."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _forget(fresh: Path) -> None:
    for ending in ("", "-journal", "-wal", "-shm"):
        fresh.with_name(fresh.name + ending).unlink(missing_ok=True)
