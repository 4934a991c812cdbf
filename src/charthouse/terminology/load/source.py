"""A release as its publisher hands it out: files, folders and archives, read in place and within bounds."""

from __future__ import annotations

import gzip
import re
import stat
import tarfile
import zipfile
import zlib
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from types import TracebackType
from typing import IO, Final, Self

from charthouse.base.errors import Problem, invalid

MEMBERS: Final = 20_000  # files in one release
SIZE: Final = 6 << 30  # bytes of one file, unpacked; the largest known is RxNorm's RXNSAT with under 1 GB
RATIO: Final = 400  # unpacked to packed, beyond the first 16 MB
FLOOR: Final = 16 << 20
CHUNK: Final = 1 << 20
BROKEN: Final = (
    OSError, EOFError, RuntimeError, NotImplementedError, ValueError, zlib.error, zipfile.BadZipFile, tarfile.TarError,
)  # fmt: skip
AGAIN: Final = "Fetch it from its publisher again."

Told = Callable[[int], None]
Raw = IO[bytes] | gzip.GzipFile


@dataclass(frozen=True, slots=True)
class Member:
    """One file of a release: `path` inside it, `name` as a person is told of it, `size` in bytes, unpacked."""

    name: str
    path: str
    size: int
    packed: int
    _open: Callable[[], Raw]
    _told: Told

    def open(self) -> Stream:
        """Its bytes from the start."""
        try:
            return Stream(self._open(), self, self._told)
        except BROKEN as error:
            raise _damaged(self.name, error) from None

    def head(self, size: int = 8192) -> bytes:
        """Its first bytes, for a look at what it is."""
        with self.open() as stream:
            return stream.read(size)


class Stream:
    """The bytes of a member as they come. Reading raises Problem(invalid) where it breaks off or swells."""

    def __init__(self, raw: Raw, member: Member, told: Told) -> None:
        self._raw = raw
        self._member = member
        self._told = told
        self._read = 0

    def read(self, size: int = CHUNK) -> bytes:
        """Up to `size` bytes; none at the end."""
        member = self._member
        try:
            chunk = self._raw.read(size)
        except BROKEN as error:
            raise _damaged(member.name, error) from None
        self._read += len(chunk)
        if self._read > SIZE:
            raise invalid(
                "too-long", f"The file is larger than {SIZE >> 30} GB.", place=member.name,
                repair="No release has such a file; look whether it is the right one.",
            )  # fmt: skip
        if self._read > FLOOR and self._read > max(member.packed, 1) * RATIO:
            raise invalid(
                "security", f"The file unpacks to more than {RATIO} times its size.", place=member.name,
                value=f"{self._read} bytes from {member.packed}", repair=AGAIN,
            )  # fmt: skip
        self._told(len(chunk))
        return chunk

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._raw.close()


class Source:
    """The files of one release below a path: a file, a folder, or a `.zip`. Use it in a `with`."""

    def __init__(self, path: Path, told: Told = lambda size: None) -> None:
        """Raises Problem(invalid) where there is nothing at `path`, or an archive that cannot be read."""
        self.path = path
        self._told = told
        self._stack = ExitStack()
        try:
            self.members = tuple(self._listed(path))
        except BaseException:
            self._stack.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stack.close()

    @property
    def names(self) -> str:
        """The names of everything in it and of the path itself, where versions are looked for."""
        return "\n".join((self.path.resolve().name, *(member.path for member in self.members)))

    def all(self, pattern: str) -> list[Member]:
        """The members whose path the regular expression matches somewhere, whatever the case; shallow ones first."""
        found = [one for one in self.members if re.search(pattern, one.path, re.IGNORECASE)]
        return sorted(found, key=lambda one: (one.path.count("/"), one.path))

    def find(self, pattern: str) -> Member | None:
        """The one member that the pattern matches; of several the one that lies highest.

        Raises Problem(invalid) where two lie equally high: which release is meant?
        """
        found = self.all(pattern)
        if len(found) > 1 and found[0].path.count("/") == found[1].path.count("/"):
            raise invalid(
                "multiple-matches", "Two files could be the one to read.", place=str(self.path),
                value=f"{found[0].path} and {found[1].path}", repair="Name the file, or put one release in a folder.",
            )  # fmt: skip
        return found[0] if found else None

    def need(self, pattern: str, what: str) -> Member:
        """Like `find`, for a file that the release cannot do without; `what` names it in the message."""
        found = self.find(pattern)
        if found is None:
            here = ", ".join(one.path for one in self.members[:4]) + (" …" if len(self.members) > 4 else "")
            raise invalid(
                "not-found", f"The release lacks {what}.", place=str(self.path), value=here or "no file at all",
                repair="Give the whole release as it was published: its folder or its .zip.",
            )  # fmt: skip
        return found

    def _listed(self, path: Path) -> list[Member]:
        if path.is_dir():
            files = sorted(
                file for file in path.rglob("*") if file.is_file() and not file.name.startswith(".")
            )
            if len(files) > MEMBERS:
                raise _crowd(str(path), len(files))
            return [
                member
                for file in files
                for member in self._file(file, file.relative_to(path).as_posix(), str(file))
            ]
        if not path.is_file():
            raise invalid(
                "not-found", "There is no such file or folder.", place="FILE", value=path,
                repair="Name the file, folder or .zip that the publisher gave you.",
            )  # fmt: skip
        return self._file(path, path.name, str(path))

    def _file(self, file: Path, path: str, name: str) -> list[Member]:
        size = file.stat().st_size
        if path.lower().endswith(".zip"):
            return self._zip(file)
        if path.lower().endswith(".gz"):
            return [Member(name, path[:-3], size, size, lambda: gzip.open(file), self._told)]
        return [Member(name, path, size, size, lambda: file.open("rb"), self._told)]

    def _zip(self, file: Path) -> list[Member]:
        try:
            archive = self._stack.enter_context(zipfile.ZipFile(file))
            infos = [info for info in archive.infolist() if not info.is_dir()]
        except BROKEN as error:
            raise _damaged(str(file), error) from None
        if len(infos) > MEMBERS:
            raise _crowd(str(file), len(infos))
        return [self._packed(archive, info, f"{file}!{info.filename}") for info in infos if _is_content(info)]

    def _packed(self, archive: zipfile.ZipFile, info: zipfile.ZipInfo, name: str) -> Member:
        path = PurePosixPath(info.filename.replace("\\", "/"))
        if stat.S_ISLNK(info.external_attr >> 16) or path.is_absolute() or ".." in path.parts:
            raise invalid(
                "security",
                "A file in the archive leads out of it.",
                place=name,
                value=info.filename,
                repair=AGAIN,
            )
        return Member(
            name, path.as_posix(), info.file_size, info.compress_size, lambda: archive.open(info), self._told
        )


def _is_content(info: zipfile.ZipInfo) -> bool:
    """Not what a Mac adds to archives."""
    return not info.filename.startswith("__MACOSX/") and not info.filename.endswith(".DS_Store")


def _crowd(name: str, count: int) -> Problem:
    return invalid(
        "too-long", f"There are more than {MEMBERS} files in it.", place=name, value=count,
        repair="Name the folder of one release.",
    )  # fmt: skip


def _damaged(name: str, error: BaseException) -> Problem:
    if isinstance(error, RuntimeError) and "password" in str(error):
        return invalid(
            "security",
            "The file is locked with a password.",
            place=name,
            repair="Unpack it first, and name its folder.",
        )
    return invalid(
        "structure", "The file is damaged, or was cut off on its way.", place=name, value=error, repair=AGAIN
    )
