"""The index of words follows what is written: in slices, through stops, with company, and never wrong while behind."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from itertools import count
from typing import Any

import pytest

from charthouse.base.errors import Category, Problem
from charthouse.search import concordance as concordances
from charthouse.search.concordance import Concordance
from charthouse.search.run import Search
from charthouse.search.words import CONTENT
from tests.unit.search.conftest import BOTH, place
from tests.unit.search.oracle import Tree
from tests.unit.search.reading import Drawing, Room, holds, texts
from tests.unit.search.shelf import BASE, KEY, Shelf, matches


@pytest.fixture(params=BOTH)
def room(request: pytest.FixtureRequest, tmp_path: Any) -> Iterator[Room]:
    shelf = Shelf(place(request, tmp_path))
    yield Room(shelf)
    shelf.close()


@pytest.fixture
def small_slices(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(concordances, "ROWS", 7)


def _clock(monkeypatch: pytest.MonkeyPatch, step: float) -> None:
    """Time passes by `step` seconds whenever the index of words looks at the clock."""
    ticks = count()

    class Clock:
        @staticmethod
        def monotonic() -> float:
            return next(ticks) * step

    monkeypatch.setattr(concordances, "time", Clock)


@pytest.mark.usefixtures("small_slices")
def test_what_is_not_read_up_in_time_is_told_and_nothing_wrong_is_shown(
    room: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    def tree(number: int, text: str) -> Tree:
        return {"resourceType": "Basic", "id": f"r{number:02}", "code": {"text": text}}

    room.put(*(tree(number, "liver") for number in range(40)))
    with monkeypatch.context() as patch:
        _clock(patch, 0.2)
        page = room.shelf.page("Basic?_content=liver&_total=accurate&_count=3")
    assert page.total is None
    (note,) = page.notes
    assert (note.code, note.severity) == ("incomplete", "information")
    assert set(matches(page)) < set(room.trees)
    # what is reached is kept for whoever goes on, and a page link of then has no total either
    assert page.next
    later = room.shelf.page("Basic?", cursor=page.next)
    assert later.total is None
    assert later.notes == []
    whole = room.shelf.page("Basic?_content=liver&_count=100&_total=accurate")
    assert (len(whole.entries), whole.total, whole.notes) == (40, 40, [])
    # all of them change, and only some of that is known: none is shown by the words that it had
    room.put(*(tree(number, "knee") for number in range(40)))
    with monkeypatch.context() as patch:
        _clock(patch, 0.2)
        stale = room.shelf.page("Basic?_content=liver&_count=100")
        fresh = room.shelf.page("Basic?_content=knee&_count=100")
    assert matches(stale) == []
    assert stale.notes
    assert 0 < len(fresh.entries) < 40
    assert room.shelf.ids("Basic?_content=knee&_count=100") == [
        f"r{number:02}" for number in reversed(range(40))
    ]
    assert room.checked() == []


def test_a_search_without_time_for_the_writer_gives_way_only_when_there_is_something_to_do(
    room: Room,
) -> None:
    room.put({"resourceType": "Basic", "id": "a", "code": {"text": "liver"}})
    search, connection = room.shelf.search, room.shelf.connection
    with pytest.raises(Problem) as failure:
        search.search(connection, "Basic", [("_content", "liver")], seconds=0.003)
    assert failure.value.category is Category.TOO_COSTLY
    assert room.shelf.ids("Basic?_content=liver") == ["a"]
    words = Concordance(room.shelf.record)
    assert words.catch_up(connection, 0.0)
    room.put({"resourceType": "Basic", "id": "b", "code": {"text": "liver"}})
    with pytest.raises(Problem):
        words.catch_up(connection, 0.0)


@pytest.mark.usefixtures("small_slices")
def test_a_stop_at_any_slice_loses_nothing(room: Room, monkeypatch: pytest.MonkeyPatch) -> None:
    draw = Drawing(8)
    room.put(*(draw.tree(f"r{number}") for number in range(45)))
    stopped = 0
    write = Concordance._write

    def failing(words: Concordance, job: Callable[..., Any]) -> Any:
        """Every second write is not done, as when the process is killed before it."""
        nonlocal stopped
        stopped += 1
        if stopped % 2:
            raise KeyboardInterrupt
        return write(words, job)

    with monkeypatch.context() as patch:
        patch.setattr(Concordance, "_write", failing)
        for _ in range(60):
            try:
                Concordance(room.shelf.record).catch_up(room.shelf.connection, 10)
                break
            except KeyboardInterrupt:
                continue
    assert stopped > 6
    asked = ("phrase", "liver")
    found, _ = room.walk("Flag", [("_content", "liver")])
    assert sorted(found) == room.expected("Flag", CONTENT, asked, all=True)
    assert room.checked() == []


@pytest.mark.usefixtures("small_slices")
def test_several_processes_may_read_up_at_once_while_others_write(room: Room) -> None:
    draw = Drawing(9)
    room.put(*(draw.tree(f"r{number}") for number in range(30)))
    others = [Shelf(room.shelf.record.place) for _ in range(2)]
    failures: list[Exception] = []

    def work(shelf: Shelf, seed: int) -> None:
        try:
            own = Drawing(seed)
            for number in range(8):
                shelf.put(own.tree(f"s{seed}-{number % 5}"))
                shelf.ids("Basic?_content=liver")
        except Exception as failure:  # noqa: BLE001 - the test tells it
            failures.append(failure)

    threads = [threading.Thread(target=work, args=(shelf, seed)) for seed, shelf in enumerate(others)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for shelf in others:
        shelf.close()
    assert failures == []
    record = room.shelf.record
    for type in ("Basic", "Flag"):
        trees = [one.tree for one in record.reader.after(room.shelf.connection, type, 0, 1000)]
        expected = sorted(tree["id"] for tree in trees if holds(("phrase", "liver"), texts(tree, CONTENT)))
        assert sorted(room.shelf.ids(f"{type}?_content=liver&_count=1000")) == expected
    assert room.checked() == []


def test_the_index_is_kept_up_meanwhile_only_once_it_is_in_use(room: Room) -> None:
    room.put({"resourceType": "Basic", "id": "a", "code": {"text": "liver"}})
    record, connection = room.shelf.record, room.shelf.connection
    asked, on, off = (Concordance(record, mode) for mode in ("asked", "on", "off"))

    def reached() -> bool:
        try:
            return asked.catch_up(connection, 0.0)
        except Problem:
            return False

    assert not asked.keep()
    assert not off.keep()
    assert not reached()
    assert not on.keep()  # all is done in one go
    assert reached()
    room.put({"resourceType": "Basic", "id": "b", "code": {"text": "liver"}})
    assert not off.keep()
    assert not reached()
    assert not asked.keep()
    assert reached()


@pytest.mark.usefixtures("small_slices")
def test_work_that_is_left_is_told_to_who_does_it_meanwhile(
    room: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    room.put(*({"resourceType": "Basic", "id": f"r{number}", "code": {"text": "x"}} for number in range(60)))
    on = Concordance(room.shelf.record, "on")
    turns = 0
    with monkeypatch.context() as patch:
        _clock(patch, 0.2)
        while on.keep():
            turns += 1
    assert turns > 1
    assert len(room.shelf.ids("Basic?_content=x&_count=100")) == 60


def test_while_much_is_written_the_index_waits(room: Room, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(concordances, "QUIET", 5)
    on = Concordance(room.shelf.record, "on")
    assert not on.keep()
    room.put(*({"resourceType": "Basic", "id": f"r{number}", "code": {"text": "x"}} for number in range(20)))
    assert not on.keep()
    with pytest.raises(Problem):
        on.catch_up(room.shelf.connection, 0.0)
    assert not on.keep()
    assert on.catch_up(room.shelf.connection, 0.0)


def test_words_that_are_not_kept_are_refused_or_left_out(room: Room) -> None:
    record = room.shelf.record
    search = Search(
        record.definitions, record.extractor, record.reader, record.place.dialect, key=KEY, bases=(BASE,),
        words=Concordance(record, "off"),
    )  # fmt: skip
    room.put({"resourceType": "Basic", "id": "a", "code": {"text": "liver"}})
    params = [("_content", "liver"), ("_id", "a")]
    with pytest.raises(Problem, match="CHARTHOUSE_WORDS") as failure:
        search.search(room.shelf.connection, "Basic", params)
    assert failure.value.category is Category.UNSUPPORTED
    page = search.search(room.shelf.connection, "Basic", params, lenient=True)
    assert (matches(page), page.params, len(page.notes)) == (["a"], [("_id", "a")], 1)


def test_a_check_finds_words_that_do_not_agree_with_the_record(room: Room) -> None:
    room.put(*({"resourceType": "Basic", "id": id, "code": {"text": f"word{id}"}} for id in ("a", "b", "c")))
    assert room.shelf.ids("Basic?_content=worda") == ["a"]
    assert room.checked() == []
    connection = room.shelf.connection
    key = connection.run("SELECT key FROM resource ORDER BY key")[0][0]
    is_sqlite = room.shelf.record.place.dialect == "sqlite"
    column, words = (
        ("rowid", "content = 'other', narrative = ''") if is_sqlite else ("key", "words = '''other'':1'")
    )

    def seen(*statements: str) -> str:
        for statement in statements:
            with connection.transaction():
                connection.run(statement)
        return " ".join(room.checked())

    assert "Basic/a: Its words in the index are not those" in seen(
        f"UPDATE word_index SET {words} WHERE {column} = {key}"
    )
    assert "Basic/a: Its words are not in the index" in seen(
        "UPDATE word_mark SET seq = (SELECT max(seq) FROM version)",
        f"DELETE FROM word_index WHERE {column} = {key}",
    )
    stray = (
        "(rowid, content, narrative) VALUES (999999, 'x', '')"
        if is_sqlite
        else "VALUES (999999, 1, '''x'':1')"
    )
    assert "key 999999: Words in the index belong to no" in seen(f"INSERT INTO word_index {stray}")
    assert "beyond the newest version" in seen("UPDATE word_mark SET seq = 999999")
