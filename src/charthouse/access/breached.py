"""A site's own list of passwords that are known to thieves, asked without ever being read whole."""

from __future__ import annotations

import re
from hashlib import sha1
from pathlib import Path
from typing import BinaryIO, Final

from charthouse.base.errors import Category, Problem, invalid, problem

SETTING: Final = "CHARTHOUSE_PASSWORD_LIST"
CHUNK: Final = 1 << 20
PROBES: Final = 64  # places at which a list of hashes is looked at to see that it is sorted
_HASHED: Final = re.compile(rb"[0-9A-Fa-f]{40}(:[0-9]+)?\s*")


class Breached:
    """A file of passwords, one a line; or of SHA-1 hashes in hexadecimal, sorted, each with `:count` or without,
    as the public lists of breached passwords come. Raises `Problem(invalid)` for a file that is neither."""

    def __init__(self, path: Path) -> None:
        self._path = path
        try:
            with path.open("rb") as file:
                first = file.readline(4096)
                self._is_hashed = _HASHED.fullmatch(first) is not None
                if not first.strip() or (self._is_hashed and not _is_sorted(file)):
                    raise invalid(
                        "value", f"{SETTING} names a list that cannot be used.", place=SETTING, value=path,
                        repair="Give passwords one a line, or SHA-1 hashes sorted upwards.",
                    )  # fmt: skip
        except OSError as error:
            raise invalid(
                "value", f"{SETTING} names a file that cannot be read ({error.strerror}).", place=SETTING,
                value=path, repair="Name a file that the server may read.",
            ) from None  # fmt: skip

    def __contains__(self, password: str) -> bool:
        """Whether the list has it. Raises `Problem(fault)` when the file cannot be read any more."""
        try:
            with self._path.open("rb") as file:
                if self._is_hashed:
                    digest = sha1(password.encode("utf-8", "replace"), usedforsecurity=False)
                    return _found(file, digest.hexdigest().encode())
                return _stands(file, password.encode("utf-8", "replace"))
        except OSError:
            raise _unreadable() from None


def _found(file: BinaryIO, wanted: bytes) -> bool:
    """Binary search over lines of any length."""
    low, high = 0, file.seek(0, 2)
    while low < high:  # the line, if there is one, begins at or after `low` and before `high`
        middle = (low + high) // 2
        line, end = _line(file, middle)
        hashed = line[:40].lower()
        if hashed == wanted:
            return True
        if not line or hashed > wanted:
            high = middle
        else:
            low = end
    return False


def _line(file: BinaryIO, at: int) -> tuple[bytes, int]:
    """The first line that begins at or after the place `at`, and where it ends."""
    file.seek(max(0, at - 1))
    if at:
        file.readline()
    return file.readline(), file.tell()


def _is_sorted(file: BinaryIO) -> bool:
    size = file.seek(0, 2)
    seen = [_line(file, size * step // PROBES)[0][:40].lower() for step in range(PROBES)]
    held = [one for one in seen if one]
    return held == sorted(held)


def _stands(file: BinaryIO, wanted: bytes) -> bool:
    """Whether a line of the file is `wanted`, reading a piece at a time."""
    left = b"\n"
    while piece := file.read(CHUNK):
        left += piece.replace(b"\r\n", b"\n")
        if b"\n" + wanted + b"\n" in left:
            return True
        left = left[-(len(wanted) + 2) :]
    return (left + b"\n").endswith(b"\n" + wanted + b"\n")


def _unreadable() -> Problem:
    return problem(
        Category.FAULT, "no-store", "The list of breached passwords cannot be read, so none can be chosen.",
        repair=f"Tell whoever looks after this server to look at {SETTING}.",
    )  # fmt: skip
