"""`bench encryption`: what a key costs, read and written, beside the same record without one."""

from __future__ import annotations

import secrets
from pathlib import Path

from charthouse.ops.bench import disk, load
from charthouse.ops.bench.bench import Bench
from charthouse.ops.bench.creating import bodies, check, count
from charthouse.ops.bench.figure import Figure, Goal, Run
from charthouse.ops.bench.house import House, house
from charthouse.ops.bench.load import Request
from charthouse.ops.bench.process import Server
from charthouse.ops.bench.reading import CONNECTIONS, as_run, sent, warm


def measure(bench: Bench) -> list[Figure]:
    """Reads and creates per second of an encrypted record; the floor is the same load on one that is not."""
    if bench.url:
        bench.say("encryption: a key encrypts a folder; in PostgreSQL it is the server's or the disk's")
        return []
    key = bench.work / "encryption.key"
    key.touch(0o600)
    key.write_text(secrets.token_hex(32), encoding="ascii")
    with house(bench, "encryption-off") as plain, house(bench, "encryption-on", key_file=key) as locked:
        ids = list(plain.size.ids())
        gets = load.write(bench.work / "read.txt", [Request("GET", f"/fhir/{id}") for id in ids])
        posts = load.write(
            bench.work / "create.txt",
            [Request("POST", "/fhir/Observation", body) for body in bodies(plain.size.patients)],
        )
        with plain.served() as bare, locked.served() as server:
            warm(bench, bare, gets, plain.headers)
            warm(bench, server, gets, locked.headers)
            reads: list[Run] = []
            creates: list[Run] = []
            for number in range(bench.runs):
                bench.round("encryption", number)
                reads.append(_pair(bench, number, gets, (plain, bare), (locked, server)))
                creates.append(_pair(bench, number, posts, (plain, bare), (locked, server)))
    notes = {"client": bench.client, "connections": CONNECTIONS, "cipher": "ChaCha20-Poly1305"}
    return [
        Figure("encryption: read", "requests/s", reads, Goal(), notes),
        Figure("encryption: create", "resources/s", creates, Goal(), notes),
    ]


def _pair(
    bench: Bench, number: int, file: Path, plain: tuple[House, Server], locked: tuple[House, Server]
) -> Run:
    """The same load on both, one after the other."""
    is_write = file.name == "create.txt"
    rates = []
    for home, server in (plain, locked):
        before = count(home, server, "Observation") if is_write else 0
        order = str(number * 5000) if is_write else "random"
        answered = sent(bench, server, file, home.headers, bench.seconds, order=order)
        if is_write:
            check(home, server, before, answered.requests)
        rates.append(answered)
    floors = {
        "unencrypted": rates[0].rate, "share": rates[1].rate / rates[0].rate,
        "fdatasync_p50_ms": disk.sync_ms(bench.work),
    }  # fmt: skip
    return as_run(rates[1], floors)
