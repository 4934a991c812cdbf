"""The read audit: durable before the answer, refused where it cannot be, whatever was asked."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from pathlib import Path

import apsw
import pytest
from hypothesis import given
from hypothesis import strategies as st

from charthouse.access import audit as audit_module
from charthouse.access.actor import Actor
from charthouse.access.audit import Audit, Event, event
from charthouse.access.chain import canonical, pack_keys, pack_pairs, unpack_keys, unpack_pairs
from charthouse.base.clock import now
from charthouse.base.errors import Category, Problem
from charthouse.db.connect import Connection, Sqlite, connect
from tests.unit.access.house import House


def read(doctor: Actor, number: int = 1) -> Event:
    return event(
        doctor, "read", "Observation", query=f"Observation/{number}", resources=[(number, 1)], patients=[7]
    )


async def gathered(audit: Audit, events: list[Event]) -> list[BaseException | None]:
    async with asyncio.timeout(30):
        return await asyncio.gather(*(audit.record(item) for item in events), return_exceptions=True)


def kept(house: House) -> list[Event]:
    page = house.reporting().latest(count=1_000_000)
    return [entry.event for entry in reversed(page.entries)]


def test_an_event_is_in_the_file_when_record_returns(house: House, doctor: Actor) -> None:
    async def run() -> list[Event]:
        await house.audit.record(read(doctor))
        return kept(house)

    assert len(asyncio.run(run())) == 1


def test_an_event_comes_back_with_everything_that_was_said(house: House, doctor: Actor) -> None:
    asked = event(
        doctor, "search", "Condition", outcome="ok", query="patient=7&code=http://loinc.org|1-8", request="r-1",
        address="192.0.2.1", resources=[(9, 2), (3, 1), (9, 1)], patients={12, 7, 300_000},
    )  # fmt: skip
    asyncio.run(house.audit.record(asked))
    (found,) = kept(house)
    assert (found.resources, found.patients) == ([(3, 1), (9, 1), (9, 2)], [7, 12, 300_000])
    for name in ("at", "actor", "client", "session", "interaction", "outcome", "type", "query", "request", "purpose",
                 "address"):  # fmt: skip
        assert getattr(found, name) == getattr(asked, name), name
    assert (found.actor, found.session, found.purpose) == (doctor.id, "session:1", "TREAT")
    assert abs(found.at - now()) < 60_000


def test_events_that_wait_together_share_a_commit(house: House, doctor: Actor) -> None:
    asyncio.run(gathered(house.audit, [read(doctor, number) for number in range(1, 501)]))
    report = house.check()
    assert report.whole
    assert report.events == 500
    assert report.blocks < 50


def test_events_keep_their_order(house: House, doctor: Actor) -> None:
    asyncio.run(gathered(house.audit, [read(doctor, number) for number in range(1, 101)]))
    assert [found.query for found in kept(house)] == [f"Observation/{number}" for number in range(1, 101)]


def test_two_processes_write_one_chain(house: House, doctor: Actor) -> None:
    other = house.open_audit()

    async def run() -> None:
        events = [read(doctor, number) for number in range(1, 101)]
        for start in range(0, 100, 10):
            await asyncio.gather(
                gathered(house.audit, events[start : start + 5]),
                gathered(other, events[start + 5 : start + 10]),
            )

    asyncio.run(run())
    report = house.check()
    assert report.findings == []
    assert report.events == 100


def test_a_command_without_an_event_loop_can_record(house: House, doctor: Actor) -> None:
    house.audit.record_now(read(doctor))
    assert len(kept(house)) == 1


def test_a_page_of_a_thousand_stays_small() -> None:
    packed = pack_pairs([(1_000_000 + 3 * number, 1) for number in range(1000)])
    assert len(packed) < 2_100
    assert len(pack_keys(range(5000, 6000))) < 1_050


@given(st.lists(st.tuples(st.integers(1, 2**62), st.integers(0, 10_000)), max_size=50))
def test_pairs_come_back_sorted_whatever_they_are(pairs: list[tuple[int, int]]) -> None:
    assert unpack_pairs(pack_pairs(pairs)) == sorted(pairs)


@given(st.lists(st.integers(1, 2**62), max_size=50))
def test_keys_come_back_sorted_and_once(keys: list[int]) -> None:
    assert unpack_keys(pack_keys(keys)) == sorted(set(keys))


ROWS = st.tuples(st.integers(0, 9), st.text(max_size=3), st.text(max_size=3), st.binary(max_size=3))


@given(ROWS, ROWS)
def test_two_different_rows_are_never_sealed_as_the_same_bytes(
    one: tuple[object, ...], two: tuple[object, ...]
) -> None:
    assert (canonical(one) == canonical(two)) == (one == two)


@pytest.mark.parametrize(
    "text", ["a\0b", "\ud800", "name=" + "x" * 100_000, "é😀", "';DROP TABLE audit_event;--", "%s ? %"]
)
def test_no_text_a_caller_sends_can_make_the_audit_fail(house: House, doctor: Actor, text: str) -> None:
    bad = event(doctor, "search", text, query=text, request=text, address=text)
    outcomes = asyncio.run(gathered(house.audit, [read(doctor), bad, read(doctor)]))
    assert outcomes == [None, None, None]
    assert len(kept(house)) == 3
    assert house.check().whole
    if len(text) < 100 and "\0" not in text and text.isprintable():
        assert kept(house)[1].query == text


# -- failure refuses


def bounded(house: House, pages: list[int]) -> Callable[[], Connection]:
    """Opens the audit on a disk that takes only so many pages more."""

    def opened() -> Connection:
        connection = connect(house.audit_place)
        assert isinstance(connection, Sqlite)
        connection.raw.pragma("max_page_count", pages[0])
        connection.raw.set_busy_timeout(50)
        return connection

    return opened


def test_on_a_full_disk_the_read_is_refused_and_nothing_half_written_stays(
    small_house: House, doctor: Actor
) -> None:
    size = small_house.audit_connection().run("PRAGMA page_count")[0][0]
    audit = small_house.open_audit(bounded(small_house, [size + 2]))
    wide = [event(doctor, "search", query="x" * 3000, patients=range(1, 50)) for _ in range(20)]
    outcomes = asyncio.run(gathered(audit, wide))
    assert outcomes
    for failure in outcomes:
        assert isinstance(failure, Problem)
        assert failure.category is Category.FAULT
        assert "nothing is shown" in failure.issues[0].message
    assert kept(small_house) == []
    assert small_house.check().whole


def test_while_another_program_holds_the_file_the_read_is_refused_and_later_goes_through(
    small_house: House, doctor: Actor
) -> None:
    audit = small_house.open_audit(bounded(small_house, [1_000_000]))
    holder = small_house.audit_connection()

    async def run() -> None:
        with holder.transaction():
            outcomes = await gathered(audit, [read(doctor), read(doctor)])
        assert [type(failure) for failure in outcomes] == [Problem, Problem]
        assert [failure.category for failure in outcomes if isinstance(failure, Problem)] == [
            Category.BUSY
        ] * 2
        await audit.record(read(doctor))

    asyncio.run(run())
    assert len(kept(small_house)) == 1


def test_without_a_database_the_read_is_refused_and_later_goes_through(
    small_house: House, doctor: Actor
) -> None:
    broken = [True]

    def opened() -> Connection:
        if broken[0]:
            raise apsw.CantOpenError("no such folder")
        return connect(small_house.audit_place)

    audit = small_house.open_audit(opened)

    async def run() -> None:
        outcomes = await gathered(audit, [read(doctor) for _ in range(5)])
        assert [type(failure) for failure in outcomes] == [Problem] * 5
        broken[0] = False
        assert await gathered(audit, [read(doctor)]) == [None]

    asyncio.run(run())
    assert len(kept(small_house)) == 1


def test_a_closed_audit_refuses_the_read(small_house: House, doctor: Actor) -> None:
    small_house.audit.close()
    with pytest.raises(Problem, match="nothing is shown") as caught:
        asyncio.run(small_house.audit.record(read(doctor)))
    assert caught.value.category is Category.BUSY


def test_beyond_the_bound_a_read_is_refused_at_once(
    small_house: House, doctor: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(audit_module, "MOST_WAITING", 10)

    async def _all() -> list[BaseException | None]:
        return await gathered(small_house.audit, [read(doctor, number) for number in range(1, 31)])

    outcomes = asyncio.run(_all())
    refused = [failure for failure in outcomes if isinstance(failure, Problem)]
    assert refused
    assert {failure.category for failure in refused} == {Category.BUSY}
    assert len(kept(small_house)) == 30 - len(refused)


def test_a_caller_who_goes_away_leaves_the_event_and_the_others_in_peace(
    small_house: House, doctor: Actor
) -> None:
    async def run() -> None:
        tasks = [asyncio.create_task(small_house.audit.record(read(doctor, number))) for number in (1, 2, 3)]
        await asyncio.sleep(0)
        tasks[1].cancel()
        outcomes = await asyncio.gather(*tasks, return_exceptions=True)
        assert outcomes[0] is None
        assert isinstance(outcomes[1], asyncio.CancelledError)
        assert outcomes[2] is None

    asyncio.run(run())
    assert len(kept(small_house)) == 3


def test_what_waits_is_written_before_the_audit_closes(small_house: House, doctor: Actor) -> None:
    async def run() -> None:
        tasks = [
            asyncio.create_task(small_house.audit.record(read(doctor, number))) for number in range(1, 50)
        ]
        await asyncio.sleep(0)
        await asyncio.to_thread(small_house.audit.close)
        await asyncio.gather(*tasks)

    asyncio.run(run())
    assert len(kept(small_house)) == 49


def test_the_audit_of_reads_is_quick_enough_for_the_server(small_house: House, doctor: Actor) -> None:
    async def reader() -> None:
        for number in range(1, 101):
            await small_house.audit.record(read(doctor, number))

    async def run() -> float:
        start = time.process_time()
        await asyncio.gather(*(reader() for _ in range(16)))
        return (time.process_time() - start) / 1600

    assert asyncio.run(run()) < 0.0003  # seconds of CPU; about 0.00003 on an idle machine


def test_the_file_of_the_audit_survives_being_copied_while_open(
    small_house: House, doctor: Actor, tmp_path: Path
) -> None:
    """What `record` promised is in the files, not only in this process."""
    asyncio.run(small_house.audit.record(read(doctor)))
    folder = tmp_path / "copy"
    folder.mkdir()
    for file in tmp_path.glob("audit.db*"):
        (folder / file.name).write_bytes(file.read_bytes())
    copy = apsw.Connection(str(folder / "audit.db"))
    assert copy.execute("SELECT count(*) FROM audit_event").fetchall() == [(1,)]
    copy.close()
