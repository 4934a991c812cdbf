"""Rows of found patients can be told apart, and say in calm words why they are there."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace
from typing import Any

from charthouse.access.find import Hit, Patients, Reason, Standing
from charthouse.base.errors import Category, problem
from charthouse.web import find
from tests.unit.web.makers import READER


def hit(
    id: str, given: str = "Maria", standing: Standing = Standing.LIVE, *reasons: Reason, **more: Any
) -> Hit:
    tree = {
        "resourceType": "Patient", "id": id, "name": [{"family": "Garcia", "given": [given]}],
        "birthDate": "1962-03-14", "gender": "female", "identifier": [{"value": "00421877"}],
        "telecom": [{"system": "phone", "value": "(617) 555-0134"}],
    } | more  # fmt: skip
    return Hit(SimpleNamespace(tree=tree), standing, reasons, ())  # type: ignore[arg-type]


def laid(answer: Patients | Exception, text: str = "maria garcia") -> tuple[find.Found, list[str]]:
    async def asked(*_: Any, **__: Any) -> Patients:
        if isinstance(answer, Exception):
            raise answer
        return answer

    noticed: list[str] = []
    site = SimpleNamespace(clinic=SimpleNamespace(gate=SimpleNamespace(find=asked)))
    desk = SimpleNamespace(actor=None, reader=READER, noticed=noticed)
    return asyncio.run(find.patients(site, desk, text)), noticed  # type: ignore[arg-type]


def test_a_row_shows_two_identifiers_and_more_to_ask_about() -> None:
    found, _ = laid(Patients((hit("one"),)))
    (card,) = found.cards
    assert (card.name.sorted, card.born, card.age, card.sex) == (
        "Garcia, Maria",
        "14 Mar 1962",
        "64 y",
        "Female",
    )
    assert (card.number, card.phone_end) == ("00421877", "0134")


def test_namesakes_and_charts_out_of_use_are_marked() -> None:
    found, _ = laid(Patients((
        hit("one"), hit("two"), hit("three", "Marta"), hit("four", "Ana", Standing.INACTIVE),
        hit("five", "Eva", Standing.MERGED), hit("six", "Ida", Standing.DECEASED, deceasedDateTime="2020-01-02"),
    )))  # fmt: skip
    assert [row.twin for row in found.rows] == [True, True, False, False, False, False]
    assert [row.standing for row in found.rows] == [
        "", "", "", "Inactive chart", "Merged chart", "",
    ]  # fmt: skip
    assert found.rows[5].card.died.startswith("Died 2 Jan 2020")


def test_each_reason_is_said_once_in_a_few_words_and_whole_numbers_are_not_repeated() -> None:
    reasons = [
        Reason("nickname", "bill"), Reason("sound", "smyth"), Reason("spelling", "jhonson"),
        Reason("former", "Ana Ruiz"),
        Reason("born", "3/4/62"), Reason("number", "00421877"), Reason("number", "900-12-6789"),
        Reason("phone", "617-555-0134"),
        Reason("ending", "0134"), Reason("missing", "1961"), Reason("email", "a@b.c"), Reason("nickname", "bill"),
    ]  # fmt: skip
    found, _ = laid(Patients((hit("one", "Maria", Standing.LIVE, *reasons),)))
    assert found.rows[0].why == (
        "nickname: Bill", "sounds like “smyth”", "spelled like “jhonson”", "former name: Ana Ruiz",
        "day and month the other way round", "identifier ending 6789", "phone number", "number ending 0134",
        "does not fit “1961”", "e-mail address",
    )  # fmt: skip


def test_nobody_found_offers_the_parts_and_a_notice_travels_with_the_rows() -> None:
    assert laid(Patients(), "garcia, maria 1962")[0].parts == ("garcia", "maria", "1962")
    assert laid(Patients(), "garcia")[0].parts == ()
    found, noticed = laid(Patients((hit("one"),), notice="Do not pass it on."))
    assert found.parts == ()
    assert noticed == ["Do not pass it on."]


def test_who_may_see_no_patients_finds_nobody() -> None:
    refused = problem(Category.FORBIDDEN, "forbidden", "Not open to you.")
    assert laid(refused)[0] == find.Found()
