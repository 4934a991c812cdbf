"""The bytes of one resource as they came, cut out of the file it came in. Pure."""

from __future__ import annotations

from xml.parsers import expat

import msgspec

ENTRY = ("Bundle", "entry", "resource")


class _RawEntry(msgspec.Struct):
    resource: msgspec.Raw = msgspec.Raw(b"")


class _RawBundle(msgspec.Struct):
    entry: list[_RawEntry] = []


class Originals:
    """One content, taken apart when first asked and only once, however many of its resources are refused."""

    def __init__(self, content: bytes) -> None:
        self.content = content
        self._lines: list[bytes] | None = None
        self._entries: list[tuple[bytes, int]] | None = None

    def line(self, number: int) -> bytes:
        """A line, counted from 1."""
        if self._lines is None:
            self._lines = self.content.split(b"\n")
        return self._lines[number - 1]

    def entry(self, index: int) -> tuple[bytes, int]:
        """(bytes, line they begin on) of the resource in entry `index` of a Bundle; else the whole content."""
        if self._entries is None:
            self._entries = _placed(self.content, _taken(self.content))
        return self._entries[index] if index < len(self._entries) else (self.content, 1)


def _taken(content: bytes) -> list[bytes]:
    """The resource of each entry; empty where the content is no Bundle."""
    if content[:64].lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"<"):
        return _from_xml(content)
    try:
        return [bytes(entry.resource) for entry in msgspec.json.decode(content, type=_RawBundle).entry]
    except (msgspec.MsgspecError, ValueError):
        return []


def _from_xml(content: bytes) -> list[bytes]:
    """The same of XML, which has been read before: it has no entities and is well-formed."""
    found: list[bytes] = []
    open_: list[str] = []
    start = 0
    parser = expat.ParserCreate("utf-8")

    def on_start(name: str, _: object) -> None:
        nonlocal start
        if (*open_,) == ENTRY:
            start = parser.CurrentByteIndex
        elif (*open_, name) == ENTRY[:2]:
            found.append(b"")
        open_.append(name)

    def on_end(_: str) -> None:
        open_.pop()
        if (*open_,) == ENTRY:
            end = content.index(b">", parser.CurrentByteIndex) + 1
            found[-1] = content[start:end]

    parser.StartElementHandler = on_start
    parser.EndElementHandler = on_end
    try:
        parser.Parse(content, True)
    except expat.ExpatError:
        return []
    return found


def _placed(content: bytes, parts: list[bytes]) -> list[tuple[bytes, int]]:
    """Each part with the line it begins on; they come in this order."""
    placed: list[tuple[bytes, int]] = []
    counted, after, line = 0, 0, 1
    for part in parts:
        at = content.find(part, after)
        line += content.count(b"\n", counted, at)
        counted, after = at, at + len(part)
        placed.append((part, line))
    return placed
