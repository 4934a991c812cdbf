"""Proof that the record is whole: chain, versions, heads, counts, index and references."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import groupby
from types import SimpleNamespace

import zstandard

from charthouse.base.errors import Category, Problem
from charthouse.db import queries
from charthouse.db.connect import Connection
from charthouse.fhir.resource import parse
from charthouse.store import blocks, chain
from charthouse.store.body import Codec, front
from charthouse.store.index import Extractor, Rows
from charthouse.store.index.sources import OWN

SLICE = 200  # transactions looked at in one statement


@dataclass(slots=True)
class Finding:
    """One thing found: `kind` is a code, `place` an opaque place, `message` a sentence. `broken` False only informs."""

    kind: str
    place: str
    message: str
    broken: bool = True


@dataclass(slots=True)
class Report:
    """What a check saw."""

    transactions: int = 0
    versions: int = 0
    resources: int = 0
    dangling: int = 0
    head: str = ""
    findings: list[Finding] = field(default_factory=list)

    @property
    def clean(self) -> bool:
        """Whether nothing is broken."""
        return not any(finding.broken for finding in self.findings)

    def add(self, kind: str, place: str, message: str, *, broken: bool = True) -> None:
        """Note a finding."""
        self.findings.append(Finding(kind, place, message, broken))


Progress = Callable[[str, int], None]


def check(
    connection: Connection,
    codec: Codec,
    progress: Progress = lambda step, done: None,
    *,
    extractor: Extractor | None = None,
    waiting: Collection[tuple[str, str]] = (),
) -> Report:
    """Look at everything in one snapshot; the record may be in use meanwhile.

    With `extractor` the search index of each resource is compared with what its body says, but for the (type, name
    of rows) that are `waiting` to be indexed and what is left of parameters that the clinic no longer has.
    """
    sql = queries.load("charthouse.store", "integrity", connection.dialect)
    report = Report()
    with _noting(report), connection.snapshot():
        with _noting(report):
            for (line,) in connection.run(sql.quick_check):
                if line != "ok":
                    report.add("file", "database", f"The database file is damaged: {line}.")
        if connection.dialect == "postgres":
            blocks.check(
                connection, lambda body, place: _digest(codec, body, report, place), report, progress
            )
        else:
            _chain(connection, sql, codec, report, progress)
        for (seq,) in connection.run(sql.stray_versions):
            report.add("chain", f"version row {seq}", "This version belongs to no transaction.")
        _heads(connection, sql, report)
        _counts(connection, sql, report)
        _bodies(connection, sql, codec, extractor, report, progress, frozenset(waiting))
        for kind, key in connection.run(sql.stray_index):
            report.add("index", f"{kind} {key}", "An index row belongs to no resource that is there.")
        row = connection.one(sql.count_dangling)
        report.dangling = row[0] if row else 0
        for source, id, target, target_id in connection.run(sql.dangling, (20,)):
            report.add(
                "dangling",
                f"{source}/{id}",
                f"It refers to {target}/{target_id}, which is not there.",
                broken=False,
            )
    return report


@contextmanager
def _noting(report: Report) -> Iterator[None]:
    """What the engine itself stumbles over is a finding; nothing after it can be looked at."""
    try:
        yield
    except Problem as failure:
        if failure.category is not Category.FAULT:
            raise
        report.add("file", "database", failure.issues[0].message)


def _chain(
    connection: Connection, sql: SimpleNamespace, codec: Codec, report: Report, progress: Progress
) -> None:
    """Recompute every link; the first that does not fit names its transaction."""
    previous, last, expected_id = chain.START, 0, 1
    broken = False
    while rows := connection.run(sql.transactions, (last, SLICE)):
        versions = connection.run(sql.versions, (last, rows[-1][0]))
        written = {txn: list(group) for txn, group in groupby(versions, key=lambda row: row[1])}
        for *log, entries, stored in rows:
            mine = written.get(log[0], [])
            links = [
                (
                    seq,
                    name,
                    id,
                    version,
                    updated,
                    method,
                    _digest(codec, body, report, f"{name}/{id} version {version}"),
                )
                for seq, _, name, id, version, updated, method, body, _ in mine
            ]
            previous = chain.link(previous, tuple(log), links)
            if not broken and (previous != bytes(stored) or entries != len(mine) or log[0] != expected_id):
                broken = True
                report.add(
                    "chain",
                    f"transaction {log[0]}",
                    "This transaction was altered, or something before it was removed, inserted or moved.",
                )
            previous = bytes(stored)
            expected_id = log[0] + 1
            report.transactions += 1
            report.versions += len(mine)
        last = rows[-1][0]
        progress("transactions", report.transactions)
    report.head = previous.hex()


def _digest(codec: Codec, body: bytes | None, report: Report, place: str) -> bytes:
    if body is None:
        return chain.START
    try:
        return chain.digest(codec.unpack(bytes(body)))
    except (ValueError, KeyError, IndexError, zstandard.ZstdError):
        report.add("body", place, "The stored body cannot be read.")
        return b""


def _heads(connection: Connection, sql: SimpleNamespace, report: Report) -> None:
    for name, id in connection.run(sql.wrong_heads):
        report.add("head", f"{name}/{id}", "The current version is not the last one written.")
    for name, id in connection.run(sql.wrong_gaps):
        report.add("versions", f"{name}/{id}", "A version is missing.")


def _counts(connection: Connection, sql: SimpleNamespace, report: Report) -> None:
    counted: dict[str, int] = dict(connection.run(sql.counted))
    kept: dict[str, int] = dict(
        connection.run(queries.load("charthouse.store", "read", connection.dialect).tallies)
    )
    report.resources = sum(counted.values())
    for name in sorted(counted.keys() | kept.keys()):
        if counted.get(name, 0) != int(kept.get(name, 0)):
            report.add(
                "count", name, f"The kept count is {kept.get(name, 0)}, but {counted.get(name, 0)} are there."
            )


def _bodies(
    connection: Connection,
    sql: SimpleNamespace,
    codec: Codec,
    extractor: Extractor | None,
    report: Report,
    progress: Progress,
    waiting: frozenset[tuple[str, str]],
) -> None:
    """Every current body parses and, where that is asked, is found by what is in it."""
    last = done = 0
    while rows := connection.run(sql.live_resources, (last, 500)):
        for key, name, id, body in rows:
            try:
                tree = parse(front(name, id, 1, 0) + codec.unpack(bytes(body)))
            except (Problem, ValueError, KeyError, IndexError, zstandard.ZstdError):
                report.add("body", f"{name}/{id}", "The stored body cannot be read.")
                continue
            if extractor is not None:
                gone = _passed_over(extractor, name, waiting)
                for kind in _wrong_index(connection, sql, key, extractor.rows(tree, name), gone):
                    report.add(
                        "index", f"{name}/{id}", f"Its {kind} in the search index are not those of its body."
                    )
        last = rows[-1][0]
        done += len(rows)
        progress("resources", done)


def _passed_over(
    extractor: Extractor, type: str, waiting: frozenset[tuple[str, str]]
) -> Callable[[str], bool]:
    """Whether rows of a name need not be there, or may be left over."""
    if not waiting and not extractor.own.generation:
        return lambda name: False
    stored = extractor.stored(type)
    return lambda name: (type, name) in waiting or (OWN in name and name not in stored)


def _wrong_index(
    connection: Connection, sql: SimpleNamespace, key: int, rows: Rows, is_over: Callable[[str], bool]
) -> list[str]:
    """The kinds of index rows that differ from what was extracted."""
    return [
        kind
        for kind in ("tokens", "references", "dates", "strings", "numbers", "quantities", "uris")
        if {row for row in connection.run(getattr(sql, f"{kind}_of"), (key,)) if not is_over(row[0])}
        != {row for row in getattr(rows, kind) if not is_over(row[0])}
    ]
