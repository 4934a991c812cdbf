"""Writing, on both databases: versions, groups of transactions, what is undone and what stays."""

from __future__ import annotations

from concurrent.futures import Future
from threading import Thread
from typing import Any

import apsw
import pytest

from charthouse.base.errors import Problem
from charthouse.db.connect import Connection
from charthouse.store.write import Stale
from tests.unit.store.desk import Desk

SUBJECT = {"status": "final", "code": {"coding": [{"system": "http://loinc.org", "code": "8480-6"}]}}


def observation(patient: str | None, **more: Any) -> dict[str, Any]:
    """An Observation about somebody."""
    return {**SUBJECT, **({"subject": {"reference": f"Patient/{patient}"}} if patient else {}), **more}


def patients(connection: Connection) -> list[str]:
    """The ids of the Patients that are there, as a search in a write would see them."""
    return [
        row[0]
        for row in connection.run(
            "SELECT r.id FROM resource r JOIN type t ON t.id = r.type "
            "WHERE t.name = 'Patient' AND r.version > 0 AND r.deleted = 0 ORDER BY r.id LIMIT 2"
        )
    ]


def test_versions_count_up_over_update_and_delete(desk: Desk) -> None:
    assert [desk.put("Patient", "a", {"active": flag}).version for flag in (True, False)] == [1, 2]
    gone = desk.write(desk.change("DELETE", "Patient", "a"))[0]
    assert (gone.version, gone.status) == (3, "deleted")
    again = desk.write(desk.change("DELETE", "Patient", "a"))[0]
    assert (again.version, again.status) == (3, "unchanged")
    back = desk.put("Patient", "a", {"active": True})
    assert (back.version, back.status) == (4, "created")
    history = desk.record.reader.history(desk.connection, "Patient", "a")
    assert [(one.version, one.deleted) for one in history] == [(4, False), (3, True), (2, False), (1, False)]
    assert desk.check().clean


def test_deleting_what_never_was_changes_nothing(desk: Desk) -> None:
    found = desk.write(desk.change("DELETE", "Patient", "nobody"))[0]
    assert (found.version, found.status) == (0, "unchanged")
    assert desk.check().transactions == 0


@pytest.mark.parametrize(("expected", "is_stale"), [(0, True), (1, True), (2, False), (3, True)])
def test_the_version_a_decision_was_made_on_is_checked(desk: Desk, expected: int, *, is_stale: bool) -> None:
    desk.put("Patient", "a")
    desk.put("Patient", "a")
    if is_stale:
        with pytest.raises(Stale):
            desk.put("Patient", "a", expected=expected)
        assert desk.tree("Patient", "a")["meta"]["versionId"] == "2"
    else:
        assert desk.put("Patient", "a", expected=expected).version == 3


def test_a_transaction_is_written_whole_or_not_at_all(desk: Desk) -> None:
    desk.put("Patient", "a")
    with pytest.raises(Stale):
        desk.write(desk.change("PUT", "Patient", "b", {}), desk.change("PUT", "Patient", "a", {}, expected=5))
    assert desk.read("Patient", "b") is None
    assert desk.check().clean


def test_what_is_only_referred_to_is_not_there(desk: Desk) -> None:
    desk.put("Observation", "o", observation("later"))
    assert desk.read("Patient", "later") is None
    assert desk.record.reader.live(desk.connection, "Patient") == 0
    key = desk.put("Patient", "later").key
    found = desk.read("Observation", "o")
    assert found is not None
    assert found.home == key
    assert desk.check().clean


def test_counts_follow(desk: Desk) -> None:
    for id in "abc":
        desk.put("Patient", id)
    desk.put("Patient", "a", {"active": True})
    desk.write(
        desk.change("DELETE", "Patient", "b"), desk.change("PUT", "Observation", "o", observation("a"))
    )
    assert desk.record.reader.tallies(desk.connection) == {"Observation": 1, "Patient": 2}
    assert desk.check().clean


def test_jobs_of_one_group_see_each_other_s_changes(desk: Desk) -> None:
    done = desk.together(
        lambda: desk.submit(desk.change("POST", "Patient", "a", {"active": True}, expected=0, fresh=True)),
        lambda: desk.submit(desk.change("PUT", "Patient", "a", {"active": False}, expected=1)),
        lambda: desk.submit(desk.change("PUT", "Observation", "o", observation("a"))),
        lambda: desk.submit(desk.change("PUT", "Patient", "a", {"active": True}, expected=1)),
        lambda: desk.submit(desk.change("DELETE", "Patient", "a", expected=2)),
        lambda: desk.submit(desk.change("PUT", "Observation", "o", observation("b"))),
    )
    assert isinstance(done.pop(3), Stale)
    assert [one[0].version for one in done] == [1, 2, 1, 3, 2]
    head = desk.read("Patient", "a")
    assert head is not None
    assert (head.version, head.deleted) == (3, True)
    assert desk.record.reader.tallies(desk.connection) == {"Observation": 1}
    assert desk.check().clean


def test_a_condition_is_asked_again_where_earlier_jobs_of_the_group_are_seen(desk: Desk) -> None:
    def register(id: str) -> Future[Any]:
        return desk.submit(
            desk.change("POST", "Patient", id, {}, expected=0, fresh=True),
            conditions=[desk.condition(patients, None)],
        )

    done = desk.together(*(lambda id=id: register(id) for id in "abcd"))  # type: ignore[misc]
    assert [isinstance(one, Stale) for one in done] == [False, True, True, True]
    assert patients(desk.connection) == ["a"]
    matched = desk.write(
        desk.change("PUT", "Observation", "o", observation("a")), conditions=[desk.condition(patients, "a")]
    )
    assert matched[0].version == 1
    assert desk.check().clean


def test_a_job_that_fails_takes_nothing_of_the_others_along(desk: Desk) -> None:
    def wrong(connection: Connection, group: Any) -> None:
        connection.run("SELECT nothing FROM nowhere")

    done = desk.together(
        lambda: desk.submit(desk.change("PUT", "Patient", "a", {})),
        lambda: desk.record.writer.submit(wrong),
        lambda: desk.submit(
            desk.change("PUT", "Patient", "b", {}), desk.change("PUT", "Patient", "a", {}, expected=9)
        ),
        lambda: desk.submit(desk.change("PUT", "Patient", "c", {})),
    )
    assert isinstance(done[1], Problem)
    assert isinstance(done[2], Stale)
    assert (done[0][0].version, done[3][0].version) == (1, 1)
    assert desk.read("Patient", "b") is None
    assert desk.record.reader.live(desk.connection, "Patient") == 2
    assert desk.check().clean


def test_the_mark_of_a_transaction_is_written_with_it(desk: Desk) -> None:
    note = "INSERT INTO about (name, value) VALUES ('marked', {})"

    def mark(written: Any) -> tuple[str, list[str]]:
        place = "%s" if desk.place.dialect == "postgres" else "?"
        return note.format(place), [" ".join(one.status for one in written)]

    desk.write(desk.change("PUT", "Patient", "a", {}), desk.change("DELETE", "Patient", "b"), mark=mark)
    assert desk.record.about()["marked"] == "created unchanged"


def test_a_change_of_subject_moves_the_record_to_the_other_patient(desk: Desk) -> None:
    first, second = desk.put("Patient", "a").key, desk.put("Patient", "b").key
    desk.put("Observation", "o", observation("a"))
    desk.put("Observation", "o", observation("a", issued="2024-05-17T10:30:00Z"))
    assert desk.read("Observation", "o").home == first  # type: ignore[union-attr]
    assert desk.put("Observation", "o", observation("b")).home == second
    assert desk.read("Observation", "o").home == second  # type: ignore[union-attr]
    assert desk.put("Observation", "o", observation(None)).home == 0
    assert len(desk.record.reader.history(desk.connection, "Observation", "o")) == 4
    assert desk.record.reader.version(desk.connection, "Observation", "o", 2) is not None
    done = desk.together(
        *(
            lambda who=who: desk.submit(desk.change("PUT", "Observation", "o", observation(who)))
            for who in "abab"
        )  # type: ignore[misc]
    )
    assert [one[0].version for one in done] == [5, 6, 7, 8]
    assert desk.read("Observation", "o").home == second  # type: ignore[union-attr]
    assert len(desk.record.reader.history(desk.connection, "Observation", "o")) == 8
    assert desk.check().clean


@pytest.mark.parametrize("text", ["nul\0inside", "\U0010ffff", "x" * 5000, "é" * 600, "it's; --", "%s ? %%"])
def test_no_text_makes_a_write_fail(desk: Desk, text: str) -> None:
    tree = {
        "identifier": [{"system": f"http://example.org/{text}", "value": text}],
        "name": [{"family": text, "given": [text, ""]}], "address": [{"city": text}],
    }  # fmt: skip
    desk.put("Patient", "a", tree)
    desk.put("Patient", "b", tree)
    desk.put("Observation", "o", {**SUBJECT, "focus": [{"reference": f"http://elsewhere.org/{text}"}]})
    assert desk.tree("Patient", "a")["name"][0]["family"] == text


def test_a_bundle_of_ten_thousand_is_one_transaction(desk: Desk) -> None:
    trees = [desk.change("PUT", "Observation", f"o{n}", observation(f"p{n % 50}")) for n in range(2_000)]
    copies = [desk.change("POST", "Observation", f"f{n}", None, expected=0, fresh=True) for n in range(8_000)]
    for place, change in enumerate(copies):
        change.prepared = trees[place % 2_000].prepared
    written = desk.write(*trees, *copies)
    assert {one.status for one in written} == {"created"}
    assert desk.record.reader.live(desk.connection, "Observation") == 10_000
    report = desk.check(index=False)
    assert (report.transactions, report.versions) == (1, 10_000)
    assert report.clean


def test_a_thread_that_ends_gives_its_connection_back(desk: Desk) -> None:
    desk.put("Patient", "a")
    opened = []

    def look() -> None:
        opened.append(desk.connection)
        assert desk.read("Patient", "a") is not None

    for _ in range(5):
        thread = Thread(target=look)
        thread.start()
        thread.join()
    assert len({id(one) for one in opened}) == 5
    for one in opened:
        with pytest.raises((Problem, apsw.ConnectionClosedError)):
            one.run("SELECT 1")
    assert desk.read("Patient", "a") is not None


def test_what_comes_and_goes_within_one_group_ends_as_its_last_change_says(desk: Desk) -> None:
    key = desk.put("Patient", "p").key
    create = {"expected": 0, "fresh": True}
    done = desk.together(
        lambda: desk.submit(desk.change("POST", "Observation", "a", observation("p"), **create)),
        lambda: desk.submit(desk.change("DELETE", "Observation", "a")),
        lambda: desk.submit(desk.change("POST", "Observation", "b", observation("p"), **create)),
        lambda: desk.submit(desk.change("DELETE", "Observation", "b")),
        lambda: desk.submit(desk.change("PUT", "Observation", "b", observation("p", status="amended"))),
    )
    assert [one[0].status for one in done] == ["created", "deleted", "created", "deleted", "created"]
    heads = [desk.read("Observation", id) for id in "ab"]
    assert [(head.version, head.deleted, head.home) for head in heads if head] == [
        (2, True, key),
        (3, False, key),
    ]
    assert [len(desk.record.reader.history(desk.connection, "Observation", id)) for id in "ab"] == [2, 3]
    assert desk.check().clean


def test_a_memory_that_fills_up_in_the_middle_of_a_transaction_makes_no_resource_twice(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in ("intern", "register"):
        monkeypatch.setattr(f"charthouse.store.{module}.REMEMBERED", 3)
    people = [desk.change("PUT", "Patient", f"p{number}", {}, expected=0) for number in range(8)]
    about = [
        desk.change("PUT", "Observation", f"o{number}", observation(f"p{number % 8}"), expected=0)
        for number in range(16)
    ]
    strangers = [
        desk.change("PUT", "Observation", f"s{number}", observation(f"x{number % 5}")) for number in range(20)
    ]
    assert len(desk.write(*about, *people, *strangers)) == 44
    assert desk.check().clean
    assert desk.read("Patient", "x1") is None
