"""Files, folders and archives as a stream of documents, each with the place it was found.

Archives are read in place, never unpacked to the disk; a member that would leave the archive or
swell beyond bounds is refused by name, and the rest goes on.
"""

from __future__ import annotations

import gzip
import stat
import tarfile
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import IO

from charthouse.base.errors import Problem, invalid

DOCUMENT_LIMIT = 256 * 1024 * 1024  # bytes of one document, or of one line, uncompressed
PART = 4 * 1024 * 1024  # bytes of lines that make one document
RATIO_LIMIT = 400  # compressed to uncompressed, beyond the first 16 MB
RATIO_FLOOR = 16 * 1024 * 1024
CHUNK = 1 << 20
ARCHIVES = (".zip", ".tar.gz", ".tgz", ".tar")
BROKEN = (Problem, OSError, EOFError, RuntimeError, zlib.error, zipfile.BadZipFile, tarfile.TarError)
DOCUMENTS = (".json", ".ndjson", ".jsonl", ".xml")


@dataclass(frozen=True, slots=True)
class Document:
    """One file's content, or a part of it where each line stands for itself.

    `name` tells where it was (archive and member), `size` its packed bytes, `first` how many lines
    of the file come before it.
    """

    name: str
    content: bytes
    size: int
    first: int = 0

    @property
    def is_lines(self) -> bool:
        """Whether each line is a resource of its own."""
        return _has_lines(self.name)

    @property
    def is_xml(self) -> bool:
        """Whether the content is XML."""
        return self.name.lower().removesuffix(".gz").endswith(".xml") or self.content[
            :64
        ].lstrip().startswith(b"<")


@dataclass(frozen=True, slots=True)
class Refusal:
    """A file or member that was not read, and why; `line` and `taken` where its reading broke off, and with what."""

    name: str
    problem: Problem
    line: int = 0
    taken: bytes = b""


class _Ends(Exception):
    """A file of lines breaks off."""

    def __init__(self, refusal: Refusal) -> None:
        super().__init__()
        self.refusal = refusal


def total_size(paths: list[Path]) -> int:
    """Packed bytes of everything below `paths`, for a progress bar.

    Raises `Problem(invalid)` for a path that is not there.
    """
    for path in paths:
        if not path.exists():
            raise invalid("not-found", "There is no such file or folder.", place=str(path), value=str(path))
    return sum(file.stat().st_size for path in paths for file in _files(path))


def documents(paths: list[Path]) -> Iterator[Document | Refusal]:
    """Every document below `paths`, in a stable order."""
    for path in paths:
        for file in _files(path):
            try:
                yield from _open(file)
            except _Ends as end:
                yield end.refusal
            except BROKEN as error:
                yield Refusal(str(file), _why(error, str(file)))


def _files(path: Path) -> list[Path]:
    if path.is_dir():
        return sorted(file for file in path.rglob("*") if file.is_file() and _is_known(file.name))
    return [path]


def _is_known(name: str) -> bool:
    lower = name.lower()
    return lower.removesuffix(".gz").endswith(DOCUMENTS) or lower.endswith(ARCHIVES)


def _open(file: Path) -> Iterator[Document | Refusal]:
    name, size = str(file), file.stat().st_size
    lower = file.name.lower()
    if lower.endswith(".zip"):
        yield from _zip(file)
    elif lower.endswith((".tar.gz", ".tgz", ".tar")):
        yield from _tar(file)
    elif lower.endswith(".gz"):
        with gzip.open(file) as stream:
            yield from _read(stream, name, size, size)
    else:
        with file.open("rb") as stream:
            yield from _read(stream, name, DOCUMENT_LIMIT, size)


def _zip(file: Path) -> Iterator[Document | Refusal]:
    with zipfile.ZipFile(file) as archive:
        for member in sorted(archive.infolist(), key=lambda info: info.filename):
            if member.is_dir() or not _is_known(member.filename):
                continue
            name = f"{file}!{member.filename}"
            try:
                if stat.S_ISLNK(member.external_attr >> 16):
                    raise _link(name)
                _refuse_escape(member.filename, name)
                with archive.open(member) as stream:
                    yield from _member(stream, name, member.compress_size, member.compress_size)
            except _Ends as end:
                yield end.refusal
            except BROKEN as error:
                yield Refusal(name, _why(error, name))


def _tar(file: Path) -> Iterator[Document | Refusal]:
    """The members in the order in which they lie; where the archive itself breaks off, its end is told."""
    packed = max(file.stat().st_size, 1)
    with tarfile.open(file) as archive:
        for member in archive:
            name = f"{file}!{member.name}"
            if not member.isfile():
                if member.issym() or member.islnk():
                    yield Refusal(name, _link(name))
                continue
            stream = archive.extractfile(member) if _is_known(member.name) else None
            if stream is None:
                continue
            try:
                _refuse_escape(member.name, name)
                yield from _member(stream, name, packed, 0)
            except _Ends as end:
                yield end.refusal
            except BROKEN as error:
                yield Refusal(name, _why(error, name))


def _member(stream: IO[bytes] | gzip.GzipFile, name: str, packed: int, size: int) -> Iterator[Document]:
    """A member of an archive, itself unpacked where it is a `.gz`."""
    if name.lower().endswith(".gz"):
        with gzip.GzipFile(fileobj=stream) as inner:
            yield from _read(inner, name, packed, size)
    else:
        yield from _read(stream, name, packed, size)


def _link(name: str) -> Problem:
    return invalid(
        "security", "Links in archives are not followed.", place=name, repair="Pack the file itself."
    )


def _why(error: Exception, name: str) -> Problem:
    if isinstance(error, Problem):
        return error
    return invalid("structure", f"It cannot be read: {error}.", place=name)


def _refuse_escape(member: str, name: str) -> None:
    """A member path must stay inside its archive."""
    path = PurePosixPath(member.replace("\\", "/"))
    if path.is_absolute() or ".." in path.parts or (path.parts and path.parts[0].endswith(":")):
        raise invalid(
            "security",
            "The member's path leads out of the archive.",
            place=name,
            value=member,
            repair="Pack the files again with plain relative names.",
        )


def _read(stream: IO[bytes] | gzip.GzipFile, name: str, packed: int, size: int) -> Iterator[Document]:
    """The content: whole, or in parts where each line stands for itself, so that it may be of any length.

    Raises `Problem(invalid)` where it swells beyond the bounds, `_Ends` where it breaks off after lines.
    """
    if not _has_lines(name):
        yield Document(name, b"".join(_chunks(stream, name, packed)), size)
        return
    first, told = 0, 0
    rest: list[bytes] = []
    length = 0
    try:
        for chunk in _chunks(stream, name, packed):
            rest.append(chunk)
            length += len(chunk)
            if length < PART or b"\n" not in chunk:
                continue
            whole, _, tail = b"".join(rest).rpartition(b"\n")
            share = min(len(whole), size - told)
            yield Document(name, whole, share, first)
            first, told, rest, length = first + whole.count(b"\n") + 1, told + share, [tail], len(tail)
    except BROKEN as error:
        whole, _, tail = b"".join(rest).rpartition(b"\n")
        if whole.strip():
            yield Document(name, whole, 0, first)
        line = first + whole.count(b"\n") + bool(whole) + 1
        raise _Ends(Refusal(name, _why(error, name), line, tail[:CHUNK])) from None
    content = b"".join(rest)
    if content.strip():
        yield Document(name, content, size - told, first)


def _chunks(stream: IO[bytes] | gzip.GzipFile, name: str, packed: int) -> Iterator[bytes]:
    """What there is, as it comes. Raises `Problem(invalid)` for too much of it."""
    read = line = 0
    take = getattr(stream, "read1", stream.read)  # gives what is there before it finds the end missing
    while chunk := take(CHUNK):
        read += len(chunk)
        line = len(chunk) - chunk.rfind(b"\n") - 1 if b"\n" in chunk else line + len(chunk)
        if (line if _has_lines(name) else read) > DOCUMENT_LIMIT:
            raise invalid(
                "too-long", f"The document is larger than {DOCUMENT_LIMIT // 2**20} MB.", place=name,
                repair="Split it into several files, or use NDJSON.",
            )  # fmt: skip
        if read > RATIO_FLOOR and read > packed * RATIO_LIMIT:
            raise invalid(
                "security", f"The content unpacks to more than {RATIO_LIMIT} times its size; it looks like a bomb.",
                place=name, value=f"{read} bytes from {packed}",
            )  # fmt: skip
        yield chunk


def _has_lines(name: str) -> bool:
    return name.lower().removesuffix(".gz").endswith((".ndjson", ".jsonl"))
