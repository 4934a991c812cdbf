"""What an import refused: one line each, with where it was, why, and its bytes as they came."""

from __future__ import annotations

import os
from hashlib import sha256
from pathlib import Path
from types import TracebackType
from typing import IO, Self

import msgspec

from charthouse.base.errors import Problem
from charthouse.interop.bulk.originals import Originals
from charthouse.interop.bulk.ready import Candidate, Ready


class Refused:
    """An NDJSON file of refusals, made when the first one comes.

    Each line: `source`, `line` (counted from 1), `place`, `reason` (a sentence), `where` (FHIRPath) and
    `original` (the resource as text; `original_hex` where it is not UTF-8). What stands in the file
    already, from an import that was stopped or from the same one before, is not written again.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._file: IO[bytes] | None = None
        self._known: set[bytes] = set()
        self._originals = Originals(b"")

    def candidate(self, ready: Ready, one: Candidate, problem: Problem) -> None:
        """Note a resource of a unit."""
        if self._originals.content is not ready.content:
            self._originals = Originals(ready.content)
        taken, line = ready.content, 1
        if one.line:
            taken, line = self._originals.line(one.line - ready.first), one.line
            if one.index >= 0:
                taken, _ = Originals(taken).entry(one.index)
        elif one.index >= 0:
            taken, line = self._originals.entry(one.index)
        self.write(ready.source, line, one.place, problem, taken)

    def write(self, source: str, line: int, place: str, problem: Problem, taken: bytes) -> None:
        """Note anything."""
        file = self._file or self._open()
        row: dict[str, object] = {
            "source": source,
            "line": line,
            "place": place,
            "reason": "; ".join(issue.sentence() for issue in problem.issues),
            "where": [issue.place for issue in problem.issues if issue.place],
        }
        try:
            row["original"] = taken.decode("utf-8")
        except UnicodeDecodeError:
            row["original_hex"] = taken.hex()
        text = msgspec.json.encode(row) + b"\n"
        key = sha256(text).digest()
        if key not in self._known:
            self._known.add(key)
            file.write(text)

    def keep(self) -> None:
        """Return when all that was noted is on the disk."""
        if self._file is not None:
            self._file.flush()
            os.fsync(self._file.fileno())

    def _open(self) -> IO[bytes]:
        self.path.parent.mkdir(parents=True, exist_ok=True)
        self._file = self.path.open("a+b")
        self._file.seek(0)
        text = b""
        for text in self._file:
            self._known.add(sha256(text).digest())
        if text and not text.endswith(b"\n"):  # a stop in the middle of a line
            self._file.write(b"\n")
        return self._file

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._file is not None:
            self._file.close()
