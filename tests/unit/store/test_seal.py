"""The chain on PostgreSQL: blocks within a second, and every kind of tampering located."""

from __future__ import annotations

import time
from collections.abc import Iterator
from urllib.parse import urlsplit

import pytest

from charthouse.db.connect import Place, connect
from charthouse.store.seal import Sealer, pack, unpack
from tests.postgres import fresh_database
from tests.unit.store.desk import Desk

pytestmark = pytest.mark.postgres


def sealed(desk: Desk, transactions: int, seconds: float = 5.0) -> None:
    """Wait until that many transactions are in blocks."""
    end = time.monotonic() + seconds
    while members(desk) < transactions:
        assert time.monotonic() < end, f"{members(desk)} of {transactions} transactions are sealed"
        time.sleep(0.02)


def members(desk: Desk) -> int:
    row = desk.connection.one("SELECT coalesce(sum(entries), 0)::bigint FROM block")
    return int(row[0]) if row else 0


def round_(desk: Desk) -> bool | None:
    """One round of another process's sealer."""
    connection = connect(desk.place)
    try:
        return Sealer(lambda: connection).seal(connection)
    finally:
        connection.close()


@pytest.fixture(scope="module")
def original(postgres_url: str) -> str:
    """The name of a database with three blocks of three transactions each."""
    url = fresh_database(postgres_url)
    desk = Desk(Place(url=url))
    for block in range(3):
        for turn in range(3):
            desk.put("Patient", f"p{block}", {"multipleBirthInteger": turn})
        sealed(desk, 3 * (block + 1))
    assert desk.check().clean
    desk.close()
    return urlsplit(url).path[1:]


@pytest.fixture
def chain(postgres_url: str, original: str) -> Iterator[Desk]:
    """A copy of it."""
    desk = Desk(Place(url=fresh_database(postgres_url, template=original)))
    yield desk
    desk.close()


def findings(desk: Desk) -> list[str]:
    return [one.place for one in desk.check(index=False).findings if one.kind == "chain"]


def tamper(desk: Desk, sql: str) -> None:
    desk.connection.script(sql)


def test_a_commit_is_sealed_within_a_second(shared_desk: Desk) -> None:
    shared_desk.put("Patient", "warm")
    sealed(shared_desk, 1)
    begun = time.monotonic()
    shared_desk.put("Patient", "a")
    sealed(shared_desk, 2)
    assert time.monotonic() - begun < 1.5  # a second, and what a busy machine adds
    assert shared_desk.connection.run("SELECT txn FROM outbox ORDER BY place") == [(1,), (2,)]


def test_what_was_committed_last_is_sealed_when_the_record_is_closed(shared_desk: Desk) -> None:
    shared_desk.put("Patient", "a")
    shared_desk.close()
    reopened = Desk(shared_desk.place)
    assert members(reopened) == 1
    reopened.close()


def test_an_unsealed_tail_is_whole_and_counted(chain: Desk) -> None:
    chain.record.sealer.close()  # type: ignore[union-attr]
    chain.put("Patient", "late")
    report = chain.check()
    assert report.clean
    assert report.transactions == 10
    assert members(chain) == 9


def test_a_transaction_that_commits_late_is_sealed_in_a_later_block(chain: Desk) -> None:
    slow, quick = connect(chain.place), connect(chain.place)
    with slow.transaction():
        slow.run(
            "INSERT INTO txn (id, at, actor, client, interaction, purpose, request, entries, hash) "
            "SELECT nextval('txn_id'), 0, 0, '', '', '', '', 0, '\\x00'"
        )
        chain.put("Patient", "quick")
        sealed(chain, 10)
        assert round_(chain) is False
    assert round_(chain) is True
    assert members(chain) == 11
    assert round_(chain) is False
    slow.close()
    quick.close()


def test_only_one_seals_at_a_time(chain: Desk) -> None:
    first = connect(chain.place)
    with first.transaction():
        assert first.one("SELECT pg_try_advisory_xact_lock(7210033)") == (True,)
        assert round_(chain) is None
    assert round_(chain) is False
    first.close()


@pytest.mark.parametrize(
    ("sql", "place"),
    [
        ("UPDATE txn SET client = 'somebody' WHERE id = 5", "transaction 5"),
        ("UPDATE txn SET at = at + 1 WHERE id = 5", "transaction 5"),
        ("UPDATE txn SET hash = hash || '\\x00' WHERE id = 5", "transaction 5"),
        ("UPDATE version SET method = 1 WHERE txn = 5", "transaction 5"),
        ("UPDATE version SET updated = updated + 1 WHERE txn = 9", "transaction 9"),
        ("UPDATE version SET body = (SELECT body FROM version WHERE txn = 4) WHERE txn = 5", "transaction 5"),
        ("DELETE FROM txn WHERE id = 5", "transaction 5"),
        ("DELETE FROM version WHERE txn = 5", "transaction 5"),
        ("UPDATE version SET txn = 11 - txn WHERE txn IN (5, 6)", "transaction 5"),
        (("INSERT INTO version SELECT seq + 100, home, key + 900, type, version, 5, updated, method, body "
         "FROM version WHERE txn = 4"), "transaction 5"),
        (("INSERT INTO txn SELECT 99, at, actor, client, interaction, purpose, request, entries, hash, xact "
         "FROM txn WHERE id = 4"), "transaction 99"),
        ("DELETE FROM block WHERE id = 2", "block 2"),
        ("UPDATE block SET at = at + 1 WHERE id = 2", "block 2"),
        ("UPDATE block SET low = low + 1 WHERE id = 3", "block 3"),
        ("UPDATE block SET hash = sha256('forged') WHERE id = 2", "block 2"),
        (("UPDATE block SET id = 6 - id WHERE id = 5; UPDATE block SET id = id + 10 WHERE id = 2; "
         "UPDATE block SET id = 2 WHERE id = 3; UPDATE block SET id = 3 WHERE id = 12"), "block 2"),
        ("UPDATE block SET members = substr(members, 1, length(members) - 16), entries = entries - 1 WHERE id = 2",
         "block 2"),
    ],
)  # fmt: skip
def test_tampering_is_located(chain: Desk, sql: str, place: str) -> None:
    chain.record.sealer.close()  # type: ignore[union-attr]
    tamper(chain, sql)
    assert place in findings(chain)
    assert not chain.check(index=False).clean


def test_a_transaction_forged_with_its_hash_is_located_by_its_mark(chain: Desk) -> None:
    """Somebody who alters a row and computes its own hash anew is named all the same."""
    chain.record.sealer.close()  # type: ignore[union-attr]
    from charthouse.store import chain as links

    row = chain.connection.one(
        "SELECT id, at, actor, client, interaction, purpose, request FROM txn WHERE id = 5"
    )
    version = chain.connection.one(
        "SELECT v.seq, 'Patient', r.id, v.version, v.updated, v.method, v.body FROM version v "
        "JOIN resource r ON r.key = v.key WHERE v.txn = 5"
    )
    assert row is not None
    assert version is not None
    digest = links.digest(chain.record.codec.unpack(version[6]))
    forged = links.link(links.START, (*row[:3], "somebody", *row[4:]), [(*version[:6], digest)])  # type: ignore[arg-type]
    chain.connection.run("UPDATE txn SET client = 'somebody', hash = %s WHERE id = 5", (forged,))
    assert findings(chain) == ["transaction 5"]


def test_the_counts_are_folded_and_stay_right(shared_desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("charthouse.store.seal.FOLD", 1)
    for number in range(20):
        shared_desk.put("Patient", f"p{number}")
    shared_desk.write(shared_desk.change("DELETE", "Patient", "p3"))
    sealed(shared_desk, 21)
    shared_desk.put("Observation", "o", {"status": "final", "code": {"text": "a"}})
    sealed(shared_desk, 22)
    rows = shared_desk.connection.one("SELECT count(*) FROM tally")
    assert rows == (2,)
    assert shared_desk.record.reader.tallies(shared_desk.connection) == {"Observation": 1, "Patient": 19}
    assert shared_desk.check().clean


def test_a_record_on_a_server_that_counts_anew_goes_on(chain: Desk) -> None:
    """As after a dump was restored elsewhere: transaction numbers of before lie in the future there."""
    chain.record.sealer.close()  # type: ignore[union-attr]
    chain.put("Patient", "unsealed")
    tamper(chain, "UPDATE txn SET xact = (xact::text::bigint + 900000000)::text::xid8")
    tamper(chain, "UPDATE block SET moment = '900000100:900000100:' WHERE id = (SELECT max(id) FROM block)")
    assert round_(chain) is True
    assert members(chain) == 10
    assert round_(chain) is False
    reopened = Desk(chain.place)
    reopened.put("Patient", "fresh")
    sealed(reopened, 11)
    time.sleep(0.1)
    assert members(reopened) == 11
    assert reopened.check().clean
    reopened.close()


def test_low_passes_what_can_not_come_any_more_and_nothing_else(shared_desk: Desk) -> None:
    def low() -> int:
        row = shared_desk.connection.one("SELECT low FROM block ORDER BY id DESC LIMIT 1")
        return int(row[0]) if row else 0

    slow = connect(shared_desk.place)
    with slow.transaction():
        held = slow.one("SELECT nextval('version_seq')")
        assert held is not None
        for turn in range(4):
            shared_desk.put("Patient", f"p{turn}")
            sealed(shared_desk, turn + 1)
        assert low() < held[0]
    for turn in range(4, 9):
        shared_desk.put("Patient", f"p{turn}")
        sealed(shared_desk, turn + 1)
    assert low() > held[0]
    slow.close()


def test_members_are_packed_and_unpacked() -> None:
    pairs = [(1, b"a" * 32), (1 << 60, bytes(range(32)))]
    assert unpack(pack(pairs)) == [(number, hash[:8]) for number, hash in pairs]
