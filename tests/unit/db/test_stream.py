"""Questions from an event loop: many at once, none blocking, healed after an outage."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

import pytest

from charthouse.base.errors import Problem
from charthouse.db.connect import Place, stream
from charthouse.db.postgres import Postgres
from charthouse.db.stream import Stream
from tests.postgres import Server, own_server

pytestmark = pytest.mark.postgres

WORD = "SELECT word, number FROM word WHERE number = %s"


@pytest.fixture
def asking(database: str, connection: Postgres) -> Iterator[Stream]:
    connection.run("INSERT INTO word (number, word) SELECT n, 'w' || n FROM generate_series(1, 100) n")
    opened = stream(Place(url=database))
    yield opened
    opened.close()


def test_many_questions_at_once_get_their_own_answers(asking: Stream) -> None:
    async def run() -> list[object]:
        assert asking.is_free()
        return list(await asyncio.gather(*(asking.one(WORD, (number % 120,)) for number in range(500))))

    found = asyncio.run(run())
    for number, row in enumerate(found):
        expected = number % 120
        assert row == ((f"w{expected}", expected) if 1 <= expected <= 100 else None)


def test_a_question_that_fails_leaves_its_neighbours_alone(asking: Stream) -> None:
    async def run() -> list[object]:
        assert asking.is_free()
        questions = [asking.one(WORD, (1,)), asking.one(WORD, ("no number",)), asking.one(WORD, (2,))]
        questions += [asking.one("SELECT nothing FROM nowhere", ()), asking.one(WORD, (3,))]
        return list(await asyncio.gather(*questions, return_exceptions=True))

    one, wrong, two, *_, three = asyncio.run(run())
    assert (one, two) == (("w1", 1), ("w2", 2))
    assert isinstance(wrong, Problem)
    assert three == ("w3", 3)


def test_the_loop_goes_on_while_an_answer_is_waited_for(asking: Stream) -> None:
    async def run() -> int:
        assert asking.is_free()
        slow = asyncio.ensure_future(asking.one("SELECT pg_sleep(0.3)::text", ()))
        turns = 0
        while not slow.done():
            await asyncio.sleep(0.01)
            turns += 1
        return turns

    assert asyncio.run(run()) > 10


def test_a_caller_that_goes_away_does_not_mix_up_the_answers(asking: Stream) -> None:
    async def run() -> object:
        assert asking.is_free()
        gone = asyncio.ensure_future(asking.one(WORD, (1,)))
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        gone.cancel()
        return await asking.one(WORD, (2,))

    assert asyncio.run(run()) == ("w2", 2)


def test_one_loop_after_the_other_may_ask_but_not_two_at_once(asking: Stream) -> None:
    async def one(number: int) -> object:
        assert asking.is_free()
        return await asking.one(WORD, (number,))

    async def elsewhere() -> bool:
        return asking.is_free()

    async def both() -> bool:
        await one(3)
        return await asyncio.to_thread(asyncio.run, elsewhere())

    assert asyncio.run(one(1)) == ("w1", 1)
    assert asyncio.run(one(2)) == ("w2", 2)
    assert asyncio.run(both()) is False


def test_long_answers_arrive_whole(asking: Stream) -> None:
    async def run() -> list[object]:
        assert asking.is_free()
        question = "SELECT repeat(%s, 300000)"
        return list(await asyncio.gather(*(asking.one(question, (letter,)) for letter in "abcdefgh")))

    assert asyncio.run(run()) == [(letter * 300_000,) for letter in "abcdefgh"]


def test_long_questions_leave_whole(asking: Stream) -> None:
    async def run() -> list[object]:
        assert asking.is_free()
        question = "SELECT length(%s::text)"
        return list(
            await asyncio.gather(*(asking.one(question, ("x" * size,)) for size in (10, 5_000_000, 20)))
        )

    assert asyncio.run(run()) == [(10,), (5_000_000,), (20,)]


def test_a_server_that_was_restarted_is_asked_again() -> None:
    async def run(server: Server, asking: Stream) -> None:
        assert asking.is_free()
        assert await asking.one("SELECT 1", ()) == (1,)
        await asyncio.to_thread(server.stop, "fast")
        await asyncio.to_thread(server.start)
        assert await asking.one("SELECT 2", ()) == (2,)
        slow = asyncio.ensure_future(asking.one("SELECT 3 FROM pg_sleep(1)", ()))
        await asyncio.sleep(0.2)
        await asyncio.to_thread(server.stop, "immediate")
        await asyncio.to_thread(server.start)
        done = await asyncio.gather(slow, return_exceptions=True)
        assert done == [(3,)] or isinstance(done[0], Problem)  # asked once more, perhaps too early
        await asyncio.to_thread(server.stop, "fast")
        with pytest.raises(Problem):
            await asking.one("SELECT 4", ())
        await asyncio.to_thread(server.start)
        assert await asking.one("SELECT 5", ()) == (5,)

    with own_server() as server:
        asking = stream(Place(url=server.url))
        asyncio.run(run(server, asking))
        asking.close()
