"""The form in which audit rows are sealed: what is hashed, in which bytes, over what came before."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from hashlib import blake2b, sha256
from typing import Any, Final

import msgspec

MARK_SIZE: Final = 8
START: Final = bytes(32)  # stands for the block before the first

_encode = msgspec.msgpack.Encoder().encode
_numbers = msgspec.msgpack.Decoder(list[int]).decode


@dataclass(frozen=True, slots=True)
class Head:
    """The end of the chain: number of the last block, its last event, its hash. Zeros before the first."""

    block: int = 0
    event: int = 0
    hash: bytes = START


def canonical(row: Sequence[Any]) -> bytes:
    """The bytes of one event row that are sealed: a MessagePack array of its columns but for the mark, in order.

    MessagePack writes lengths before contents, so two different rows never give the same bytes.
    """
    return _encode(row)


def mark(key: bytes, row: bytes) -> bytes:
    """The keyed digest of one canonical row (BLAKE2b, RFC 7693). It holds the row's own number, so a
    row that was moved shows where it came from."""
    return blake2b(row, digest_size=MARK_SIZE, key=key).digest()


def block_hash(previous: bytes, block: int, first: int, last: int, at: int, rows: Iterable[bytes]) -> bytes:
    """SHA-256 over the hash before, the block's own columns, and its canonical rows in order."""
    return sha256(b"".join((previous, _encode((block, first, last, at)), *rows))).digest()


def pack_pairs(pairs: Iterable[tuple[int, int]]) -> bytes:
    """(key, version) pairs as variable-length integers: sorted, each key as the distance from the one before."""
    if isinstance(pairs, list) and len(pairs) == 1:  # a point read, most of all there is
        return _encode(pairs[0])
    numbers: list[int] = []
    last = 0
    for key, version in sorted(pairs):
        numbers += (key - last, version)
        last = key
    return _encode(numbers) if numbers else b""


def unpack_pairs(packed: bytes) -> list[tuple[int, int]]:
    """The pairs again, in order of key."""
    found: list[tuple[int, int]] = []
    last = 0
    numbers = iter(_numbers(packed) if packed else ())
    for distance, version in zip(numbers, numbers, strict=True):
        last += distance
        found.append((last, version))
    return found


def pack_keys(keys: Iterable[int]) -> bytes:
    """Distinct keys as variable-length integers: sorted, each as the distance from the one before."""
    if isinstance(keys, set) and len(keys) == 1:
        return _encode((*keys,))
    numbers: list[int] = []
    last = 0
    for key in sorted(set(keys)):
        numbers.append(key - last)
        last = key
    return _encode(numbers) if numbers else b""


def unpack_keys(packed: bytes) -> list[int]:
    """The keys again, in order."""
    found: list[int] = []
    last = 0
    for distance in _numbers(packed) if packed else ():
        last += distance
        found.append(last)
    return found
