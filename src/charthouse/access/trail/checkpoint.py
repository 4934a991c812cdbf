"""Checkpoints: the heads of both chains, signed with the clinic's Ed25519 key, to be kept where nobody here can reach.

A chain shows what was changed inside it. That its end was cut off, that all of it was computed anew, or
that an older copy was put back shows only against a head that was kept elsewhere.
"""

from __future__ import annotations

import json
import os
import re
from base64 import b64decode, b64encode
from binascii import Error as NotBase64
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from charthouse.access.chain import START, Head
from charthouse.access.keys import Keys
from charthouse.base.clock import instant, now
from charthouse.base.errors import Problem, invalid
from charthouse.db import queries
from charthouse.db.connect import Connection

FORM: Final = "charthouse-checkpoint-1"
LARGEST: Final = 10_000  # bytes of a checkpoint
_HASH: Final = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """Both heads at a moment (ms). `chain` says what `number` counts: transactions or blocks of them.

    `key` is the public key (32 bytes) and `signature` the 64 bytes over `content` (RFC 8032).
    """

    at: int
    chain: str
    number: int
    hash: bytes
    audit: Head
    key: bytes
    signature: bytes = b""

    @property
    def content(self) -> bytes:
        """What is signed: JSON with its keys in order and no blanks (RFC 8785 for what stands here)."""
        return json.dumps(self._plain(), sort_keys=True, separators=(",", ":")).encode()

    def text(self) -> str:
        """The file: one small JSON object."""
        return json.dumps(self._plain() | {"signature": b64encode(self.signature).decode()}, indent=2) + "\n"

    @property
    def fingerprint(self) -> str:
        """A short name of it, for a printed page."""
        return self.signature.hex()[:16]

    def _plain(self) -> dict[str, Any]:
        return {
            "form": FORM,
            "time": instant(self.at),
            "at": self.at,
            "record": {"chain": self.chain, "number": self.number, "hash": self.hash.hex()},
            "audit": {"blocks": self.audit.block, "events": self.audit.event, "hash": self.audit.hash.hex()},
            "key": b64encode(self.key).decode(),
        }


@dataclass(frozen=True, slots=True)
class Fault:
    """What does not agree with a checkpoint: `altered`, `cut`, `forged` or `foreign`, where, and a sentence."""

    kind: str
    place: str
    message: str


class Signer:
    """The clinic's key. Its private half never leaves this object."""

    def __init__(self, keys: Keys) -> None:
        self._key = Ed25519PrivateKey.from_private_bytes(keys.get("checkpoint"))

    @property
    def public(self) -> bytes:
        """The public key, 32 bytes."""
        return self._key.public_key().public_bytes_raw()

    def make(self, record: Connection, audited: Connection, at: int | None = None) -> Checkpoint:
        """A checkpoint of this moment. The audit is read last, so that it is never older than the record."""
        sql = queries.load("charthouse.access.trail", "checkpoint", record.dialect)
        row = record.one(sql.record_head)
        number, hash = (int(row[0]), bytes(row[1])) if row else (0, START)
        head = audited.one(sql.audit_head)
        audit = Head(head[0], head[1], bytes(head[2])) if head else Head()
        chain = "transactions" if record.dialect == "sqlite" else "blocks"
        bare = Checkpoint(now() if at is None else at, chain, number, hash, audit, self.public)
        signature = self._key.sign(bare.content)
        return Checkpoint(bare.at, chain, number, hash, audit, self.public, signature)


def read(text: str, place: str = "checkpoint") -> Checkpoint:
    """The checkpoint in a file. Raises `Problem(invalid)` for what is none; its signature is not looked at."""
    try:
        if len(text) > LARGEST:
            raise ValueError("too long")
        tree = json.loads(text)
        record, audit = tree["record"], tree["audit"]
        if tree["form"] != FORM or record["chain"] not in ("transactions", "blocks"):
            raise ValueError("another form")
        head = Head(_count(audit["blocks"]), _count(audit["events"]), _digest(audit["hash"]))
        found = Checkpoint(
            _count(tree["at"]), record["chain"], _count(record["number"]), _digest(record["hash"]), head,
            b64decode(tree["key"], validate=True), b64decode(tree["signature"], validate=True),
        )  # fmt: skip
        if instant(found.at) != tree["time"]:
            raise ValueError("two times")
    except (ValueError, KeyError, TypeError, NotBase64, OverflowError, RecursionError):
        raise invalid(
            "structure", "This is not a checkpoint.", place=place,
            repair="Give a file that `charthouse checkpoint export FILE` wrote.",
        ) from None  # fmt: skip
    return found


def load(file: Path) -> Checkpoint:
    """The checkpoint in `file`; raises `Problem(invalid)`, `OSError`."""
    with file.open("rb") as opened:
        text = opened.read(LARGEST + 1).decode("utf-8", "replace")
    return read(text, file.name)


def is_signed(checkpoint: Checkpoint) -> bool:
    """Whether the signature is that of the key that stands in it."""
    try:
        Ed25519PublicKey.from_public_bytes(checkpoint.key).verify(checkpoint.signature, checkpoint.content)
    except (InvalidSignature, ValueError):
        return False
    return True


def compare(checkpoint: Checkpoint, record: Connection, public: bytes) -> list[Fault]:
    """What of a record's chain does not agree with `checkpoint`. That the chain itself is whole, and what
    the audit says, is for others to prove; `public` is the key of the clinic as it is now."""
    if not is_signed(checkpoint):
        return [Fault("forged", "signature", "The checkpoint was changed after it was signed.")]
    if checkpoint.key != public:
        return [
            Fault("foreign", "key", "The checkpoint is of another clinic, or the clinic's key was replaced.")
        ]
    sql = queries.load("charthouse.access.trail", "checkpoint", record.dialect)
    one = "transaction" if checkpoint.chain == "transactions" else "block"
    if (record.dialect == "sqlite") != (one == "transaction"):
        return [Fault("foreign", "chain", f"The checkpoint counts {checkpoint.chain}, this record does not.")]
    if not checkpoint.number:
        return []
    row = record.one(sql.record_hash, (checkpoint.number,))
    if row is not None and bytes(row[0]) == checkpoint.hash:
        return []
    if row is not None:
        message = "It differs from what the checkpoint says: it, or something before it, was written anew."
        return [Fault("altered", f"{one} {checkpoint.number}", message)]
    end = record.one(sql.record_end)
    last = int(end[0]) if end else 0
    if last < checkpoint.number:
        span = (
            f"{one}s {last + 1} to {checkpoint.number}"
            if last + 1 < checkpoint.number
            else f"{one} {last + 1}"
        )
        message = f"The end is missing: the record had {checkpoint.number} on {instant(checkpoint.at)}."
        return [Fault("cut", span, message)]
    return [Fault("altered", f"{one} {checkpoint.number}", "It was removed.")]


def keep(file: Path, checkpoint: Checkpoint) -> None:
    """Write `checkpoint` to `file` so that it is whole or not there; an existing file is not overwritten.

    Raises `FileExistsError`, and any other `OSError`.
    """
    part = file.with_name(f".{file.name}.part")
    with part.open("w", encoding="utf-8") as opened:
        opened.write(checkpoint.text())
        opened.flush()
        os.fsync(opened.fileno())
    try:
        os.link(part, file)
    finally:
        part.unlink()
    folder = os.open(file.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def name(checkpoint: Checkpoint) -> str:
    """A file name that sorts by time."""
    return f"checkpoint-{instant(checkpoint.at).replace(':', '').replace('.', '')}.json"


def note(connection: Connection, checkpoint: Checkpoint) -> None:
    """Note in the record that it was exported, in the caller's transaction."""
    sql = queries.load("charthouse.access.trail", "checkpoint", connection.dialect)
    connection.run(sql.add, (checkpoint.at, checkpoint.text()))


def exported(connection: Connection, count: int = 1) -> list[Checkpoint]:
    """The last checkpoints that were exported, newest first."""
    sql = queries.load("charthouse.access.trail", "checkpoint", connection.dialect)
    found: list[Checkpoint] = []
    for _, _, body in connection.run(sql.last, (count,)):
        try:
            found.append(read(body))
        except Problem:
            continue
    return found


def _count(value: object) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value < 2**62:
        raise ValueError("no count")
    return value


def _digest(value: object) -> bytes:
    if not isinstance(value, str) or not _HASH.fullmatch(value):
        raise ValueError("no hash")
    return bytes.fromhex(value)
