"""The lines of a file of a release as text, whatever the encoding it was saved in."""

from __future__ import annotations

import codecs
from collections.abc import Iterator
from typing import Final

from charthouse.base.errors import Problem, invalid
from charthouse.terminology.load.source import AGAIN, Member, Stream

LONGEST: Final = 8 << 20  # bytes of one line
_WIDE: Final = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)

Line = tuple[int, str]


def wrong(
    member: Member, line: int, message: str, value: object = None, repair: str | None = None
) -> Problem:
    """The Problem for something on a line of a file."""
    return invalid("value", message, place=f"{member.name}:{line}", value=value, repair=repair)


def lines(member: Member, *, legacy: bool = False) -> Iterator[Line]:
    """Each line with its number from 1, without its end.

    Files are UTF-8, with or without a mark at the start, or UTF-16 with one. `legacy` files may be
    in Windows' code page 1252 instead, line by line, as those who write them with Excel do.
    Raises Problem(invalid) for bytes that are no text, with the line.
    """
    number = 0
    with member.open() as stream:
        first = stream.read()
        pieces = (
            _wide(member, first, stream) if first.startswith(_WIDE) else _plain(member, first, stream, legacy)
        )
        for piece in pieces:
            for text in piece:
                number += 1
                yield number, text.removesuffix("\r")


def _plain(member: Member, chunk: bytes, stream: Stream, legacy: bool) -> Iterator[list[str]]:
    """Lines of a file with one byte for a letter of English, in pieces that end where lines end."""
    rest, number = b"", 0
    chunk = chunk.removeprefix(codecs.BOM_UTF8)
    while chunk:
        whole, end, tail = chunk.rpartition(b"\n")
        if end:
            piece = rest + whole
            decoded = _decoded(piece, member, number, legacy)
            number += len(decoded)
            yield decoded
            rest = tail
        else:
            rest += chunk
            _bounded(member, len(rest))
        chunk = stream.read()
    if rest:
        yield _decoded(rest, member, number, legacy)


def _decoded(piece: bytes, member: Member, before: int, legacy: bool) -> list[str]:
    """The lines of `piece`, which stand after `before` others."""
    if b"\0" in piece:
        at = piece.count(b"\n", 0, piece.index(b"\0")) + 1
        raise wrong(
            member,
            before + at,
            "The file is not text: it has a zero byte.",
            repair="Look whether it is the right one.",
        )
    try:
        return piece.decode("utf-8").split("\n")
    except UnicodeDecodeError as error:
        if legacy:
            return [_old(text) for text in piece.split(b"\n")]
        raise wrong(
            member, before + piece.count(b"\n", 0, error.start) + 1,
            "The file is not UTF-8, which its publisher writes.",
            piece[max(0, error.start - 20) : error.end].decode("latin-1"),
            "Fetch it from its publisher again; saving it with another program may have changed it.",
        ) from None  # fmt: skip


def _old(text: bytes) -> str:
    """A line in UTF-8 or else in the code page; its few bytes without a meaning are taken as they are."""
    try:
        return text.decode("utf-8")
    except UnicodeDecodeError:
        pass
    try:
        return text.decode("cp1252")
    except UnicodeDecodeError:
        return text.decode("latin-1")


def _wide(member: Member, chunk: bytes, stream: Stream) -> Iterator[list[str]]:
    """Lines of a file in UTF-16, as Excel saves text."""
    decoder = codecs.getincrementaldecoder("utf-16")()
    rest = ""
    while chunk:
        try:
            whole, end, tail = decoder.decode(chunk).rpartition("\n")
        except UnicodeDecodeError:
            raise wrong(
                member, 1, "The file is not UTF-16, though it begins like it.", repair=AGAIN
            ) from None
        if end:
            yield (rest + whole).split("\n")
            rest = tail
        else:
            rest += tail
            _bounded(member, len(rest))
        chunk = stream.read()
    if rest:
        yield [rest]


def _bounded(member: Member, length: int) -> None:
    if length > LONGEST:
        raise invalid(
            "too-long", f"A line is longer than {LONGEST >> 20} MB.", place=member.name,
            repair="Look whether it is the right file.",
        )  # fmt: skip
