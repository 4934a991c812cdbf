"""How a body lies on the disk and how it becomes the bytes a client gets.

Kept is the JSON after `resourceType`, `id` and `meta.versionId`/`lastUpdated`: those are in columns
and are written in front again when the body is served, so that reading never parses.
A stored body is one byte naming its dictionary (0 = none), then a zstd frame.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable

import zstandard

from charthouse.base.clock import instant
from charthouse.fhir.resource import Tree, dump, parse

LEVEL = 3
METHODS = ("", "POST", "PUT", "PATCH", "DELETE")
METHOD_CODE = {name: code for code, name in enumerate(METHODS)}


def rest(tree: Tree) -> bytes:
    """The part of the body that is kept: from after `lastUpdated` inside `meta` to the end."""
    meta = tree.get("meta")
    head = b"}"
    if meta:
        kept = {name: value for name, value in meta.items() if name not in ("versionId", "lastUpdated")}
        if kept:
            head = b"," + dump(kept)[1:]
    others = {name: value for name, value in tree.items() if name not in ("resourceType", "id", "meta")}
    return head + (b"," + dump(others)[1:] if others else b"}")


def front(type_name: str, id: str, version: int, updated: int) -> bytes:
    """What stands before the kept part."""
    return (
        f'{{"resourceType":"{type_name}","id":"{id}","meta":{{"versionId":"{version}",'
        f'"lastUpdated":"{instant(updated)}"'
    ).encode()


class Codec:
    """Compression with the dictionaries of one database; each thread gets its own zstd contexts."""

    def __init__(self, dictionaries: Iterable[tuple[int, bytes]]) -> None:
        self._dictionaries = {number: zstandard.ZstdCompressionDict(data) for number, data in dictionaries}
        self._current = max(self._dictionaries, default=0)
        self._local = threading.local()

    def pack(self, kept: bytes) -> bytes:
        """The blob for a kept part."""
        local = self._local
        try:
            compress = local.compress
        except AttributeError:
            compress = local.compress = zstandard.ZstdCompressor(
                level=LEVEL,
                dict_data=self._dictionaries.get(self._current),
                write_checksum=False,
                write_dict_id=False,
            ).compress
        packed: bytes = compress(kept)
        return bytes((self._current,)) + packed

    def unpack(self, blob: bytes) -> bytes:
        """The kept part in a blob."""
        try:
            opened = self._local.opened
        except AttributeError:
            opened = self._local.opened = {}
        number = blob[0]
        decompress = opened.get(number)
        if decompress is None:
            dictionary = self._dictionaries[number] if number else None
            decompress = opened[number] = zstandard.ZstdDecompressor(dict_data=dictionary).decompress
        kept: bytes = decompress(blob[1:])
        return kept


class Stored:
    """One version of one resource as it came from the store; bytes now, a tree when asked for."""

    __slots__ = (
        "_blob",
        "_body",
        "_codec",
        "_kept",
        "_tree",
        "actor",
        "deleted",
        "home",
        "id",
        "key",
        "method",
        "seq",
        "type",
        "updated",
        "version",
    )

    def __init__(
        self,
        codec: Codec,
        key: int,
        type: str,
        id: str,
        version: int,
        updated: int,
        method: int,
        home: int,
        blob: bytes | None,
        seq: int = 0,
        kept: bytes = b"",
        actor: int | None = None,
    ) -> None:
        """`blob` None is a deletion; `kept`, where the caller has it, saves unpacking the blob.

        `actor` is the account that wrote this version, where that was asked for (history).
        """
        self.actor = actor
        self._kept = kept
        self.key = key
        self.type = type
        self.id = id
        self.version = version
        self.updated = updated
        self.method = METHODS[method]
        self.home = home
        self.seq = seq
        self.deleted = blob is None
        self._codec = codec
        self._blob = blob
        self._body: bytes | None = None
        self._tree: Tree | None = None

    @classmethod
    def inside(cls, container: Stored, tree: Tree) -> Stored:
        """A resource that another one contains. It has the key, version and home of that, and no `meta` of its own
        (R4 domainresource.html, dom-4)."""
        type, id = str(tree["resourceType"]), str(tree.get("id", ""))
        method = METHOD_CODE[container.method]
        found = cls(
            container._codec, container.key, type, id, container.version, container.updated, method,
            container.home, b"", container.seq, kept=rest(tree),
        )  # fmt: skip
        found._body, found._tree = dump(tree), tree
        return found

    @property
    def body(self) -> bytes:
        """Complete JSON; empty for a deletion."""
        if self._body is None:
            if self._blob is None:
                return b""
            self._body = front(self.type, self.id, self.version, self.updated) + self.kept
        return self._body

    @property
    def kept(self) -> bytes:
        """The part of the body that the store keeps and the chain covers."""
        return self._kept or (b"" if self._blob is None else self._codec.unpack(self._blob))

    @property
    def tree(self) -> Tree:
        """The parsed body; treat as read-only."""
        if self._tree is None:
            self._tree = parse(self.body)
        return self._tree

    def __repr__(self) -> str:
        return f"<{self.type}/{self.id} version {self.version}{' deleted' if self.deleted else ''}>"
