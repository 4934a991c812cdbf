"""`check`: the audit is proved whole, and the row where it is not is named."""

from __future__ import annotations

import asyncio
import hashlib
import random
import re
from pathlib import Path

import apsw
import pytest

from charthouse.access.actor import Actor
from charthouse.access.audit import event
from charthouse.access.chain import START, Head, block_hash, canonical, mark
from charthouse.access.check import Check, Finding
from charthouse.db.connect import Connection
from charthouse.db.queries import portable
from tests.unit.access.house import House

EVENTS, PER_BLOCK = 60, 6


@pytest.fixture
def sealed(house: House, doctor: Actor) -> House:
    """A house whose audit holds 60 events in 10 blocks or more, of patients 1 to 6."""

    async def fill() -> None:
        for start in range(1, EVENTS + 1, PER_BLOCK):
            await asyncio.gather(
                *(
                    house.audit.record(
                        event(doctor, "read", "Condition", query=f"{number}", resources=[(number, 1)],
                              patients=[number % 6 + 1])
                    )
                    for number in range(start, start + PER_BLOCK)
                )
            )  # fmt: skip

    asyncio.run(fill())
    assert house.check().events == EVENTS
    return house


def tamper(house: House, *statements: str) -> Connection:
    """Do to the audit what its owner never does."""
    connection = house.audit_connection()
    for statement in statements:
        connection.run(portable(statement, connection.dialect))
    return connection


def first(house: House) -> Finding:
    report = house.check()
    assert not report.whole
    return report.findings[0]


def test_an_untouched_audit_is_whole(sealed: House) -> None:
    report = sealed.check()
    assert report.whole
    assert report.findings == []
    assert report.events == EVENTS
    assert 10 <= report.blocks <= EVENTS
    assert report.head.event == EVENTS


def test_an_empty_audit_is_whole(house: House) -> None:
    report = house.check()
    assert report.whole
    assert (report.blocks, report.events, report.head) == (0, 0, Head())


CHANGES = [
    "at = at + 1", "actor = actor + 1", "client = 'other'", "session = 'session:9'", "interaction = 'search'",
    "outcome = 'forbidden'", "type = 'Patient'", "query = '99'", "request = 'r'", "purpose = 'HRESCH'",
    "address = '192.0.2.9'", "resources = patients", "patients = resources", "mark = resources",
]  # fmt: skip


@pytest.mark.parametrize("change", CHANGES)
@pytest.mark.parametrize("number", [1, 31, EVENTS])
def test_a_change_of_any_column_names_the_row(sealed: House, change: str, number: int) -> None:
    tamper(sealed, f"UPDATE audit_event SET {change} WHERE id = {number}")
    finding = first(sealed)
    assert (finding.table, finding.row, finding.kind) == ("audit_event", str(number), "altered")


@pytest.mark.parametrize("number", [1, 31, EVENTS])
def test_a_deleted_row_is_named(sealed: House, number: int) -> None:
    tamper(sealed, f"DELETE FROM audit_event WHERE id = {number}")
    finding = first(sealed)
    assert (finding.table, finding.row, finding.kind) == ("audit_event", str(number), "missing")


def test_deleted_rows_are_named_as_a_span(sealed: House) -> None:
    tamper(sealed, "DELETE FROM audit_event WHERE id BETWEEN 20 AND 22")
    assert first(sealed).row == "20 to 22"


@pytest.mark.parametrize(("number", "source"), [(0, 5), (-7, 5), (EVENTS + 1, 5), (10**9, 5)])
def test_an_inserted_row_is_named(sealed: House, number: int, source: int) -> None:
    tamper(sealed, _copy(source, number))
    finding = first(sealed)
    assert (finding.table, finding.row, finding.kind) == ("audit_event", str(number), "added")


def test_a_row_put_in_place_of_another_is_named(sealed: House) -> None:
    tamper(sealed, "DELETE FROM audit_event WHERE id = 31", _copy(12, 31))
    finding = first(sealed)
    assert (finding.table, finding.row, finding.kind) == ("audit_event", "31", "reordered")
    assert "event 12" in finding.message


def test_two_rows_that_changed_places_are_named(sealed: House) -> None:
    tamper(
        sealed,
        "UPDATE audit_event SET id = 1000 WHERE id = 20",
        "UPDATE audit_event SET id = 20 WHERE id = 40",
        "UPDATE audit_event SET id = 40 WHERE id = 1000",
    )
    found = [finding for finding in sealed.check().findings if finding.table == "audit_event"]
    assert [(finding.row, finding.kind) for finding in found] == [("20", "reordered"), ("40", "reordered")]
    assert "event 40" in found[0].message


def test_a_row_inserted_in_the_middle_with_all_later_ones_moved_up_is_found_there(sealed: House) -> None:
    tamper(
        sealed,
        "UPDATE audit_event SET id = id + 1000 WHERE id >= 30",
        "UPDATE audit_event SET id = id - 999 WHERE id >= 1000",
        _copy(29, 30),
    )
    assert (first(sealed).row, first(sealed).kind) == ("30", "reordered")


@pytest.mark.parametrize(
    ("change", "table", "row"),
    [
        ("first = first + 1", "audit_block", "5"),
        ("last = last + 1", "audit_block", "5"),
        ("at = at + 1", "audit_block", "5"),
        ("last = 1000000000000", "audit_event", f"{EVENTS + 1} to 1000000000000"),
    ],
)
def test_a_change_of_a_block_is_found(sealed: House, change: str, table: str, row: str) -> None:
    tamper(sealed, f"UPDATE audit_block SET {change} WHERE id = 5")
    assert (first(sealed).table, first(sealed).row) == (table, row)


def test_a_changed_block_hash_names_the_block(sealed: House) -> None:
    tamper(sealed, "UPDATE audit_block SET hash = (SELECT hash FROM audit_block WHERE id = 1) WHERE id = 5")
    finding = first(sealed)
    assert (finding.table, finding.row, finding.kind) == ("audit_block", "5", "altered")


def test_a_deleted_block_is_named(sealed: House) -> None:
    tamper(sealed, "DELETE FROM audit_block WHERE id = 5")
    finding = first(sealed)
    assert (finding.table, finding.row, finding.kind) == ("audit_block", "5", "missing")


def test_a_block_deleted_with_its_events_is_named(sealed: House) -> None:
    connection = tamper(sealed)
    start, end = connection.run("SELECT first, last FROM audit_block WHERE id = 5")[0]
    tamper(
        sealed,
        "DELETE FROM audit_block WHERE id = 5",
        f"DELETE FROM audit_event WHERE id BETWEEN {start} AND {end}",
    )
    assert [(finding.table, finding.kind) for finding in sealed.check().findings[:2]] == [
        ("audit_block", "missing"), ("audit_event", "missing"),
    ]  # fmt: skip


def test_a_chart_opening_taken_out_of_the_index_is_named(sealed: House) -> None:
    tamper(sealed, "DELETE FROM audit_patient WHERE patient = 2 AND event = 31")
    finding = first(sealed)
    assert (finding.table, finding.row, finding.kind) == ("audit_patient", "patient 2, event 31", "missing")


def test_a_chart_opening_added_to_the_index_is_named(sealed: House) -> None:
    tamper(sealed, "INSERT INTO audit_patient (patient, event) VALUES (5, 31)")
    finding = first(sealed)
    assert (finding.table, finding.row, finding.kind) == ("audit_patient", "patient 5, event 31", "added")


def test_a_chart_opening_moved_to_another_patient_is_named(sealed: House) -> None:
    tamper(sealed, "UPDATE audit_patient SET patient = 5 WHERE patient = 2 AND event = 31")
    assert [(finding.row, finding.kind) for finding in sealed.check().findings] == [
        ("patient 2, event 31", "missing"), ("patient 5, event 31", "added"),
    ]  # fmt: skip


def _reseal(connection: Connection, key: bytes) -> None:
    """Compute every mark and hash anew, as somebody who knows the programme would."""
    previous = START
    for block, start, end, at in connection.run("SELECT id, first, last, at FROM audit_block ORDER BY id"):
        bodies = []
        for row in connection.run(
            portable(
                "SELECT id, at, actor, client, session, interaction, outcome, type, query, request, purpose, address, "
                "resources, patients FROM audit_event WHERE id BETWEEN ? AND ? ORDER BY id",
                connection.dialect,
            ),
            (start, end),
        ):
            plain = tuple(bytes(value) if isinstance(value, memoryview) else value for value in row)
            bodies.append(canonical(plain))
            connection.run(
                portable("UPDATE audit_event SET mark = ? WHERE id = ?", connection.dialect),
                (mark(key, bodies[-1]), plain[0]),
            )
        previous = block_hash(previous, block, start, end, at, bodies)
        connection.run(
            portable("UPDATE audit_block SET hash = ? WHERE id = ?", connection.dialect), (previous, block)
        )


def test_a_chain_computed_anew_without_the_clinic_s_key_is_found(sealed: House) -> None:
    connection = tamper(sealed, "UPDATE audit_event SET query = '99' WHERE id = 31")
    _reseal(connection, b"not the key of the clinic")
    assert sealed.check().findings[0].kind == "altered"


def test_a_chain_computed_anew_with_the_key_is_found_against_a_kept_head(sealed: House) -> None:
    kept = sealed.check().head
    connection = tamper(sealed, "UPDATE audit_event SET query = '99' WHERE id = 31")
    _reseal(connection, sealed.keys.get("mark"))
    assert sealed.check().whole  # nothing inside the file tells
    report = Check(sealed.audit_connection(), sealed.keys.get("mark"), against=kept).run()
    assert [finding.kind for finding in report.findings] == ["altered"]
    assert report.findings[0].row == str(kept.block)


def test_a_cut_tail_is_found_against_a_kept_head(sealed: House) -> None:
    kept = sealed.check().head
    connection = tamper(sealed)
    last, start = connection.run("SELECT id, first FROM audit_block ORDER BY id DESC LIMIT 1")[0]
    tamper(
        sealed,
        f"DELETE FROM audit_block WHERE id = {last}",
        f"DELETE FROM audit_event WHERE id >= {start}",
        f"DELETE FROM audit_patient WHERE event >= {start}",
    )
    assert sealed.check().whole
    report = Check(sealed.audit_connection(), sealed.keys.get("mark"), against=kept).run()
    assert [(finding.row, finding.kind) for finding in report.findings] == [(str(last), "cut")]


def test_the_audit_goes_on_and_stays_whole_against_an_older_head(sealed: House, doctor: Actor) -> None:
    kept = sealed.check().head
    asyncio.run(sealed.audit.record(event(doctor, "read")))
    report = Check(sealed.audit_connection(), sealed.keys.get("mark"), against=kept).run()
    assert report.whole
    assert report.head.event == EVENTS + 1


def test_findings_are_bounded(sealed: House) -> None:
    tamper(sealed, "UPDATE audit_event SET query = 'x'")
    report = Check(sealed.audit_connection(), sealed.keys.get("mark"), limit=5).run()
    assert [finding.row for finding in report.findings] == ["1", "2", "3", "4", "5"]


def test_the_seal_needs_nothing_of_this_program(small_house: House, doctor: Actor, tmp_path: Path) -> None:
    """Anybody can compute the chain from the description in `chain.py`, here with SHA-256 and no code of ours."""
    asyncio.run(small_house.audit.record(event(doctor, "read", "Patient", query="x", patients=[3])))
    small_house.audit.close()
    file = apsw.Connection(str(tmp_path / "audit.db"))
    ((*row, _),) = file.execute("SELECT * FROM audit_event").fetchall()
    ((block, start, end, at, sealed_hash),) = file.execute("SELECT * FROM audit_block").fetchall()
    file.close()
    message = bytes(32) + _array([block, start, end, at]) + _array(row)
    assert hashlib.sha256(message).digest() == sealed_hash


def _array(values: list[object]) -> bytes:
    """MessagePack of an array of fewer than 16 integers, short texts and bytes."""
    out = bytes([0x90 | len(values)])
    for value in values:
        if isinstance(value, str):
            raw = value.encode()
            out += bytes([0xA0 | len(raw)]) + raw
        elif isinstance(value, bytes):
            out += bytes([0xC4, len(value)]) + value
        elif isinstance(value, int):
            size, head = next((size, head) for size, head, top in
                              ((0, 0, 2**7), (1, 0xCC, 2**8), (2, 0xCD, 2**16), (4, 0xCE, 2**32), (8, 0xCF, 2**64))
                              if value < top)  # fmt: skip
            out += bytes([value]) if size == 0 else bytes([head]) + value.to_bytes(size, "big")
    return out


def _copy(source: int, number: int) -> str:
    return (
        "INSERT INTO audit_event (id, at, actor, client, session, interaction, outcome, type, query, request, purpose, "
        f"address, resources, patients, mark) SELECT {number}, at, actor, client, session, interaction, outcome, type, "
        f"query, request, purpose, address, resources, patients, mark FROM audit_event WHERE id = {source}"
    )


# -- every table, every kind of alteration, any row

COLUMNS = {
    "audit_event": ("at", "actor", "client", "session", "interaction", "outcome", "type", "query", "request",
                    "purpose", "address", "resources", "patients", "mark"),
    "audit_block": ("first", "last", "at", "hash"),
    "audit_patient": ("patient", "event"),
}  # fmt: skip
KEY = {"audit_event": "id", "audit_block": "id", "audit_patient": "event"}
BYTES = frozenset({"resources", "patients", "mark", "hash"})
TEXT = frozenset(
    {"client", "session", "interaction", "outcome", "type", "query", "request", "purpose", "address"}
)


def _alterations() -> list[tuple[str, str, str]]:
    changes = [(table, "change", column) for table, columns in COLUMNS.items() for column in columns]
    return changes + [(table, kind, "") for table in COLUMNS for kind in ("delete", "insert", "swap")]


@pytest.mark.parametrize(("table", "kind", "column"), _alterations())
def test_any_alteration_of_any_row_of_any_table_is_located(
    sealed: House, table: str, kind: str, column: str
) -> None:
    connection = sealed.audit_connection()
    key, chance = KEY[table], random.Random(f"{table} {kind} {column}")
    rows = [row[0] for row in connection.run(f"SELECT {key} FROM {table} ORDER BY {key}")]
    one, other = sorted(chance.sample(rows, 2))
    span = {
        number
        for first, last in connection.run(
            f"SELECT first, last FROM audit_block WHERE id IN ({one}, {other}, {one - 1}, {one + 1})"
        )
        for number in range(first, last + 1)
    }
    for statement in _statements(table, kind, column, key, one, other):
        tamper(sealed, statement)
    found = sealed.check().findings
    assert found, (one, other)
    named = {int(number) for finding in found[:4] for number in re.findall(r"\d+", finding.row)}
    near = {one, other, one + 1, 9_999} | (span if table == "audit_block" else set())
    assert named & near, (one, other, found)


def _statements(table: str, kind: str, column: str, key: str, one: int, other: int) -> list[str]:
    if kind == "change":
        if column in BYTES:
            value = f"(SELECT {column} FROM {table} WHERE {key} = {other})"
            return [f"UPDATE {table} SET {column} = {value} || {column} WHERE {key} = {one}"]
        value = f"{column} || 'x'" if column in TEXT else f"{column} + 100"
        return [f"UPDATE {table} SET {column} = {value} WHERE {key} = {one}"]
    if kind == "delete":
        return [f"DELETE FROM {table} WHERE {key} = {one}"]
    names = ", ".join(column for column in COLUMNS[table] if column != key)
    if kind == "insert":
        return [f"INSERT INTO {table} ({key}, {names}) SELECT 9999, {names} FROM {table} WHERE {key} = {one}"]
    if table == "audit_patient":
        return [f"UPDATE {table} SET patient = patient + 3 WHERE event = {one}"]
    return [
        f"UPDATE {table} SET {key} = -5 WHERE {key} = {one}",
        f"UPDATE {table} SET {key} = {one} WHERE {key} = {other}",
        f"UPDATE {table} SET {key} = {other} WHERE {key} = -5",
    ]


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE audit_event SET query = CAST(x'ff' AS TEXT) WHERE id = 31",
        "UPDATE audit_event SET mark = 'text' WHERE id = 31",
        "UPDATE audit_event SET resources = 7 WHERE id = 31",
        "UPDATE audit_event SET resources = 0 WHERE id = 31",
        "UPDATE audit_event SET resources = '' WHERE id = 31",
        "UPDATE audit_event SET at = 'noon' WHERE id = 31",
        "UPDATE audit_block SET hash = CAST(x'ff' AS TEXT) WHERE id = 5",
        "UPDATE audit_block SET first = 'one' WHERE id = 5",
        "UPDATE audit_block SET at = x'ff' WHERE id = 5",
        "UPDATE audit_patient SET patient = CAST(x'ff' AS TEXT) WHERE event = 31",
    ],
)
def test_a_value_of_another_kind_does_not_stop_the_check(
    small_house: House, doctor: Actor, statement: str
) -> None:
    for number in range(60):
        small_house.audit.record_now(event(doctor, "read", query=f"{number}", patients=[number % 6 + 1]))
    tamper(small_house, statement)
    found = small_house.check().findings
    assert found[0].table == statement.split()[1]
    assert found[0].row in ("31", "5", "patient 1, event 31", "patient 2, event 31", "some row")


def test_of_several_kept_heads_the_last_that_agrees_bounds_where(sealed: House, doctor: Actor) -> None:
    kept = [sealed.check().head]
    for _ in range(3):
        asyncio.run(sealed.audit.record(event(doctor, "read", query="later")))
        kept.append(sealed.check().head)
    connection = tamper(sealed, f"UPDATE audit_event SET query = '99' WHERE id = {EVENTS + 2}")
    _reseal(connection, sealed.keys.get("mark"))
    report = Check(sealed.audit_connection(), sealed.keys.get("mark"), against=kept).run()
    assert [(finding.row, finding.kind) for finding in report.findings] == [(str(kept[2].block), "altered")]
    assert f"Block {kept[1].block} still agreed" in report.findings[0].message
