"""Statements and values in the form that PostgreSQL's protocol takes them, lists as binary arrays.

A statement of ours has `%s` for each value and `%%` for a percent sign; a list is a value whose place
says what it is a list of, e.g. `%s::bigint[]`. Single values go as text, whose type the server takes
from where they stand, so that one prepared statement serves every size of number.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from functools import lru_cache
from struct import Struct
from typing import Any, Final, NamedTuple

# A value on the wire: its bytes (None is NULL) and whether they are binary.
Wired = tuple[bytes | None, int]
Encoder = Callable[[Sequence[Any]], bytes]

TEXT: Final = 0
BINARY: Final = 1
STATEMENTS: Final = 4096  # translated statements that are remembered

_PLACE: Final = re.compile(r"%%|%s(?:::([a-z]+(?: [a-z]+)?)\[\])?")
_HEAD: Final = Struct(">iiiii").pack  # dimensions, whether there are nulls, type, length, lower bound
_LENGTH: Final = Struct(">i").pack
_NULL: Final = _LENGTH(-1)
_AT_ONCE: Final = 256  # numbers that are packed with one call


class Statement(NamedTuple):
    """`text` with numbered places; for each of them the encoder of its list, None for a single value."""

    text: bytes
    lists: tuple[Encoder | None, ...]

    @property
    def is_bulk(self) -> bool:
        """Whether every place takes a whole column, so that one execution writes many rows."""
        return bool(self.lists) and None not in self.lists


@lru_cache(maxsize=STATEMENTS)
def statement(sql: str) -> Statement:
    """`sql` as the server wants it. Raises KeyError for a list of a type that has no encoder."""
    lists: list[Encoder | None] = []

    def number(found: re.Match[str]) -> str:
        if found[0] == "%%":
            return "%"
        lists.append(_ARRAYS[found[1]] if found[1] else None)
        return f"${len(lists)}{found[0][2:]}"

    return Statement(_PLACE.sub(number, sql).encode(), tuple(lists))


def values(places: Sequence[Encoder | None], params: Sequence[Any]) -> tuple[list[bytes | None], list[int]]:
    """The values of one execution, and the format of each."""
    if len(places) != len(params):
        raise ValueError(f"the statement has {len(places)} places and was given {len(params)} values")
    sent: list[bytes | None] = []
    formats: list[int] = []
    for encode, value in zip(places, params, strict=True):
        if encode is not None:
            sent.append(encode(value))
            formats.append(BINARY)
            continue
        data, form = _single(value)
        sent.append(data)
        formats.append(form)
    return sent, formats


def columns(
    places: Sequence[Encoder | None], rows: Iterable[Sequence[Any]]
) -> tuple[list[bytes | None], list[int]]:
    """The values of one execution of a bulk statement, a list for each column of `rows`."""
    sent: list[bytes | None] = [
        encode(column)
        for encode, column in zip(places, zip(*rows, strict=True), strict=True)
        if encode is not None
    ]
    return sent, [BINARY] * len(sent)


def text(value: str) -> bytes:
    """UTF-8 as the server takes it: without NUL, which it cannot store, and without half characters."""
    if "\0" in value:
        value = value.replace("\0", "\ufffd")
    return value.encode("utf-8", "replace")


def _single(value: Any) -> Wired:
    kind = type(value)
    if kind is str:
        return text(value), TEXT
    if kind is int:
        return b"%d" % value, TEXT
    if value is None:
        return None, TEXT
    if kind is bytes or isinstance(value, bytes | bytearray | memoryview):
        return bytes(value), BINARY
    return str(value).encode(), TEXT  # float, Decimal, bool: as the server reads them


def _integers(type_number: int, size: int) -> Encoder:
    """An encoder for whole numbers of `size` bytes, packed many at a time."""
    code = {4: "i", 8: "q"}[size]
    single = Struct(f">i{code}").pack
    several = Struct(">" + f"i{code}" * _AT_ONCE).pack

    def encode(numbers: Sequence[Any]) -> bytes:
        count = len(numbers)
        parts = [_HEAD(1, 0, type_number, count, 1)] if count else [_empty(type_number)]
        whole = count - count % _AT_ONCE
        for start in range(0, whole, _AT_ONCE):
            laid: list[Any] = [size] * (2 * _AT_ONCE)
            laid[1::2] = numbers[start : start + _AT_ONCE]
            parts.append(several(*laid))
        parts += [single(size, number) for number in numbers[whole:]]
        return b"".join(parts)

    return encode


def _floats(numbers: Sequence[Any]) -> bytes:
    count = len(numbers)
    parts = [_HEAD(1, 0, 701, count, 1)] if count else [_empty(701)]
    parts += [_FLOAT(8, number) for number in numbers]
    return b"".join(parts)


_FLOAT: Final = Struct(">id").pack


def _blobs(type_number: int, encoded: Callable[[Any], bytes]) -> Encoder:
    """An encoder for what has a length of its own; None is NULL."""

    def encode(items: Sequence[Any]) -> bytes:
        parts = [_HEAD(1, int(None in items), type_number, len(items), 1)] if items else [_empty(type_number)]
        for item in items:
            if item is None:
                parts.append(_NULL)
            else:
                data = encoded(item)
                parts += (_LENGTH(len(data)), data)
        return b"".join(parts)

    return encode


def _empty(type_number: int) -> bytes:
    """An array without elements has no dimensions."""
    return Struct(">iii").pack(0, 0, type_number)


# Type names as they stand in the statements; the numbers are those of the server's catalogue (pg_type).
_ARRAYS: Final[dict[str, Encoder]] = {
    "bigint": _integers(20, 8), "integer": _integers(23, 4), "double precision": _floats,
    "text": _blobs(25, text), "bytea": _blobs(17, bytes),
}  # fmt: skip
