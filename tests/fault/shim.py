"""A disk that can lose its power: what was not synced may be dropped, kept or torn; and a disk that can be full."""

from __future__ import annotations

import os
import random
import shutil
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

import apsw

SECTOR = 512  # bytes that a disk writes whole or not at all
BASE = "unix"
CREATE_SYNCED = apsw.SQLITE_OPEN_WAL | apsw.SQLITE_OPEN_MAIN_JOURNAL | apsw.SQLITE_OPEN_SUPER_JOURNAL

Step = tuple[int, bytes] | int  # bytes written at an offset, or the length a file was cut to


@dataclass(slots=True)
class Kept:
    """One file: what is surely on the platter, and what came after the last sync, in order.

    `named` says whether the folder that lists the file was synced since the file was made.
    """

    sure: bytearray
    named: bool
    since: list[Step] = field(default_factory=list)

    def sync(self) -> None:
        """Everything reached the platter."""
        for step in self.since:
            _apply(self.sure, step)
        self.since.clear()


class Shim(apsw.VFS):
    """A VFS of its own name that passes everything on and counts what changes the disk.

    `before(shim, path, kind)` is called ahead of each change (`open`, `write`, `truncate`, `sync`,
    `delete`) and may raise an `apsw` error to make it fail.
    """

    def __init__(self, name: str, before: Callable[[Shim, str, str], None]) -> None:
        super().__init__(name, BASE)
        self.name = name
        self.lock = threading.RLock()
        self.files: dict[str, Kept] = {}
        self.graves: dict[str, Kept] = {}  # removed, but the folder was not synced since: they may come back
        self.before = before
        self.changes = 0
        self.opened: set[str] = set()

    def change(self, path: str, kind: str) -> None:
        """Count a change that is about to be made."""
        self.changes += 1
        self.before(self, path, kind)

    def xOpen(self, name: Any, flags: list[int]) -> apsw.VFSFile:  # noqa: N802
        """Open a file and follow it, unless it is a temporary one without a name."""
        path = name.filename() if isinstance(name, apsw.URIFilename) else name
        if not path:
            return apsw.VFSFile(BASE, name, flags)
        with self.lock:
            self.opened.add(path)
            if path not in self.files:
                there = Path(path).exists()
                if not there:
                    self.change(path, "open")
                self.files[path] = Kept(bytearray(Path(path).read_bytes() if there else b""), named=there)
            return _File(self, path, name, flags)

    def xDelete(self, filename: str, syncdir: bool) -> None:  # noqa: N802
        """Remove a file; without `syncdir` the power cut may bring it back."""
        with self.lock:
            self.change(filename, "delete")
            super().xDelete(filename, syncdir)
            gone = self.files.pop(filename, None)
            if gone is not None and gone.named:
                self.graves[filename] = gone
            if syncdir:
                self.sync_folder()

    def sync_folder(self) -> None:
        """The names of all files reached the platter."""
        self.graves.clear()
        for kept in self.files.values():
            kept.named = True

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.unregister()


class _File(apsw.VFSFile):
    """An open file whose changes are noted as they are made."""

    def __init__(self, shim: Shim, path: str, name: Any, flags: list[int]) -> None:
        super().__init__(BASE, name, flags)
        self._shim = shim
        self._path = path
        self._names = bool(flags[0] & CREATE_SYNCED)

    def _kept(self) -> Kept:
        return self._shim.files[self._path]

    def xWrite(self, data: Any, offset: int) -> None:  # noqa: N802
        with self._shim.lock:
            self._kept().since.append((offset, bytes(data)))  # on its way already when the power goes
            self._shim.change(self._path, "write")
            super().xWrite(data, offset)

    def xTruncate(self, newsize: int) -> None:  # noqa: N802
        with self._shim.lock:
            self._kept().since.append(newsize)
            self._shim.change(self._path, "truncate")
            super().xTruncate(newsize)

    def xSync(self, flags: int) -> None:  # noqa: N802
        """The real disk is not asked: what counts here is what this one remembers."""
        with self._shim.lock:
            self._shim.change(self._path, "sync")
            kept = self._kept()
            kept.sync()
            if self._names and not kept.named:
                self._shim.sync_folder()


class PowerCut:
    """Pulls the plug at change number `at`; what `rest` of the disk is found afterwards depends on the seed.

    For some seeds it waits for the next change that is no mere write: a sync, above all. With
    `once`, only the change under way fails; later ones seem to work, for whoever looks at nothing but the rest.
    """

    def __init__(self, at: int, seed: int, *, once: bool = False) -> None:
        self._at = at
        self._once = once
        self._random = random.Random(seed)
        self._waits = self._random.random() < 0.3
        self.dead = False
        self.quiet = False  # nobody listens any more, so nothing needs to fail
        self.rest: dict[str, bytes] = {}
        self.touched: frozenset[str] = frozenset()
        self.kind = ""

    def __call__(self, shim: Shim, path: str, kind: str) -> None:
        """Let the change pass, or cut; after the cut nothing changes any more."""
        if not self.dead and shim.changes >= self._at and not (self._waits and kind == "write"):
            self.kind = f"{kind} of {Path(path).name}"
            self.cut(shim)
        if self.dead and not self.quiet:
            self.quiet = self._once
            raise apsw.IOError("the power is off")

    def cut(self, shim: Shim) -> None:
        """The power goes now."""
        with shim.lock:
            self.dead = True
            self.rest = dict(self._found(shim))
            self.touched = frozenset(shim.opened)

    def _found(self, shim: Shim) -> Iterator[tuple[str, bytes]]:
        for path, kept in shim.graves.items():
            if path not in shim.files and self._random.random() < 0.5:
                yield path, self._platter(kept)
        for path, kept in shim.files.items():
            if kept.named or self._random.random() < 0.5:
                yield path, self._platter(kept)
            elif path in shim.graves and self._random.random() < 0.5:
                yield path, self._platter(shim.graves[path])

    def _platter(self, kept: Kept) -> bytes:
        """The file's content after the cut: of the steps since the last sync none, all, the first few, or any."""
        chance, dice = self._random, self._random.random()
        found, steps = bytearray(kept.sure), kept.since
        if dice < 0.2:
            return bytes(found)
        if dice < 0.5:
            count = chance.randrange(len(steps) + 1)
            for step in steps[:count]:
                _apply(found, step)
            if count < len(steps):
                self._tear(found, steps[count], chance.random())
        else:
            survives = chance.choice((0.2, 0.5, 0.8, 1.0))
            for step in steps:
                self._tear(found, step, survives)
        return bytes(found)

    def _tear(self, found: bytearray, step: Step, survives: float) -> None:
        """Each sector of a write reaches the platter, does not, or (seldom) holds something else."""
        chance = self._random
        if isinstance(step, int):
            if chance.random() < survives:
                _apply(found, step)
            return
        offset, data = step
        start = 0
        while start < len(data):
            end = min(len(data), start + SECTOR - (offset + start) % SECTOR)
            dice = chance.random()
            if dice < survives:
                _apply(found, (offset + start, data[start:end]))
            elif dice > 0.98:
                _apply(found, (offset + start, chance.randbytes(end - start)))
            start = end

    def leave(self, live: Path, folder: Path) -> None:
        """Lay down in `folder` what is found of `live` when the power is back, the shared memory as rubbish."""
        folder.mkdir()
        for file in live.glob("*.db"):
            if str(file) not in self.touched:  # nobody had opened it yet
                shutil.copy(file, folder)
        for path, content in self.rest.items():
            (folder / Path(path).name).write_bytes(content)
            if path.endswith("-wal") and self._random.random() < 0.5:
                (folder / (Path(path).name.removesuffix("wal") + "shm")).write_bytes(
                    self._random.randbytes(32768)
                )


class Room:
    """A disk with room for `left` more bytes; `None` for as much as you like."""

    def __init__(self) -> None:
        self.left: int | None = None
        self.refused = 0

    def __call__(self, shim: Shim, path: str, kind: str) -> None:
        """Refuse what would write beyond the room there is."""
        if kind not in ("write", "open") or self.left is None:
            return
        self.left -= 4096 if kind == "write" else 0
        if self.left < 0:
            self.refused += 1
            raise apsw.FullError("no room")


def _apply(content: bytearray, step: Step) -> None:
    if isinstance(step, int):
        del content[step:]
        content.extend(bytes(step - len(content)))
        return
    offset, data = step
    if offset > len(content):
        content.extend(bytes(offset - len(content)))
    content[offset : offset + len(data)] = data


def unique(stem: str) -> str:
    """A name no other VFS of this process has."""
    return f"{stem}-{os.getpid()}-{random.randrange(1 << 48):x}"
