"""The hash chain over transactions: what makes a changed, lost, added or moved row visible.

A transaction's hash is SHA-256 over the previous hash, its own log row and, for each version it
wrote, the version's columns and the SHA-256 of the uncompressed kept body. A body can therefore be
replaced by a tombstone that states its digest without breaking the chain.
"""

from __future__ import annotations

from collections.abc import Iterable
from hashlib import sha256

START = b"\0" * 32


def digest(kept: bytes | None) -> bytes:
    """The SHA-256 of a kept body; 32 zero bytes for a deletion."""
    return START if kept is None else sha256(kept).digest()


def link(
    previous: bytes,
    txn: tuple[int, int, int, str, str, str, str],
    versions: Iterable[tuple[int, str, str, int, int, int, bytes]],
) -> bytes:
    """The hash of a transaction.

    `txn` is (id, at, actor, client, interaction, purpose, request); each version is
    (seq, type name, id, version, updated, method, body digest), in order of `seq`.
    """
    sum_ = sha256(previous)
    sum_.update("\x1f".join(map(str, txn)).encode())
    for seq, type_name, id, version, updated, method, body in versions:
        sum_.update(f"\x1e{seq}\x1f{type_name}\x1f{id}\x1f{version}\x1f{updated}\x1f{method}\x1f".encode())
        sum_.update(body)
    return sum_.digest()
