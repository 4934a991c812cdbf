"""Searches through the text of resources: the real search and a plain look at every resource answer the same, on both
databases, while resources change, and whoever keeps the index of words is stopped or has company."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from charthouse.base.errors import Category, Problem
from charthouse.search import Fragment
from charthouse.search import concordance as concordances
from charthouse.search.words import CONTENT, NARRATIVE, Words, reader, score
from charthouse.store.index.words import GAP, MOST, SAME, Wording, vector, wording
from tests.unit.search.conftest import BOTH, place
from tests.unit.search.reading import Drawing, Room, written
from tests.unit.search.shelf import Shelf, matches


@pytest.fixture(params=BOTH)
def room(request: pytest.FixtureRequest, tmp_path: Any) -> Iterator[Room]:
    shelf = Shelf(place(request, tmp_path))
    yield Room(shelf)
    shelf.close()


@pytest.fixture
def small_slices(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(concordances, "ROWS", 7)


@pytest.mark.usefixtures("small_slices")
def test_words_are_found_as_by_a_plain_look_while_resources_change(
    room: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    draw = Drawing(5)
    ids = [f"r{number}" for number in range(60)]
    room.put(*(draw.tree(id) for id in ids[:40]))
    hits = 0
    for turn in range(160):
        if turn % 8 == 0:
            room.put(*(draw.tree(id) for id in draw.random.sample(ids, 3)))
        if turn % 20 == 3:
            room.drop(draw.random.choice(sorted(room.trees)))
        if turn % 4 == 0:  # as if these were too many to list, and as they are
            monkeypatch.setattr("charthouse.search.resolve.LISTED", draw.random.choice((0, 20_000)))
        column, asked, all = draw.random.choice((NARRATIVE, CONTENT)), draw.question(), turn % 3 > 0
        type = draw.random.choice(("Basic", "Flag"))
        sort = draw.random.choice(([], [("_sort", "-_id")], [("_sort", "_lastUpdated")]))
        count = ("_count", draw.random.choice(("3", "100")))
        params = [(column, written(asked)), count, ("_total", "accurate"), *sort]
        found, total = room.walk(type, params, all=all)
        expected = room.expected(type, column, asked, all=all)
        assert sorted(found) == expected, (type, params)
        assert total == len(expected), params
        hits += bool(expected)
    assert hits > 60, "most questions find nothing, so they show little"
    assert room.checked() == []


def test_words_go_along_with_other_conditions_and_several_words_mean_any(
    room: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    draw = Drawing(6)
    room.put(*(draw.tree(f"r{number}") for number in range(50)))
    liver, bone = ("phrase", "liver"), ("phrase", "bone")
    for crowded in (False, True):
        if crowded:  # as if words always led to too many
            monkeypatch.setattr("charthouse.search.plan.ENOUGH", 1)
            monkeypatch.setattr("charthouse.search.plan.PAGE", 0)
            monkeypatch.setattr("charthouse.search.resolve.LISTED", 0)
        found, _ = room.walk("Basic", [("_content", "liver,bone"), ("_tag:not", "hidden"), ("_count", "4")])
        assert sorted(found) == room.expected("Basic", CONTENT, ("or", liver, bone), all=False)
        found, _ = room.walk("Basic", [("_content", "liver"), ("_text", "bone")])
        both = set(room.expected("Basic", CONTENT, liver, all=True))
        assert set(found) == both & set(room.expected("Basic", NARRATIVE, bone, all=True))
    several = room.shelf.search.search(
        room.shelf.connection, None, [("_type", "Basic,Flag"), ("_content", "liver"), ("_count", "100")]
    )
    expected = [id for type in ("Basic", "Flag") for id in room.expected(type, CONTENT, liver, all=True)]
    assert sorted(matches(several)) == sorted(expected)
    assert several.total == len(expected)


def test_words_are_asked_of_other_resources_along_references(room: Room) -> None:
    note = {"resourceType": "Basic", "id": "b", "code": {"text": "x"}, "subject": {"reference": "Patient/p"}}
    room.put(note, {"resourceType": "Patient", "id": "p", "name": [{"text": "Bone Liver"}]})
    assert room.shelf.ids("Basic?subject:Patient._content=liver") == ["b"]
    assert room.shelf.ids("Patient?_has:Basic:subject:_content=x") == ["p"]
    assert room.shelf.ids("Basic?subject:Patient._content=knee") == []
    hidden = room.shelf.ids("Basic?subject:Patient._content=liver", narrow=lambda type: Fragment("r.id <> ?" if
        room.shelf.record.place.dialect == "sqlite" else "r.id <> %s", ("p",)))  # fmt: skip
    assert hidden == []


def test_conditions_of_writes_and_of_policies_cannot_look_at_words(room: Room) -> None:
    search, connection = room.shelf.search, room.shelf.connection
    with pytest.raises(Problem, match="words"):
        search.find(connection, "Basic", [("_content", "x")])
    with pytest.raises(Problem, match="rule"):
        search.condition(connection, "Basic", [("_content", "x")])


def test_a_match_tells_how_well_it_answers_and_is_told_the_same_everywhere(room: Room) -> None:
    room.put(
        {"resourceType": "Basic", "id": "often", "code": {"text": "liver liver liver"}},
        {"resourceType": "Basic", "id": "once", "code": {"text": "liver"}},
        {"resourceType": "Basic", "id": "long", "code": {"text": "liver " + "x " * 200}},
    )
    page = room.shelf.page("Basic?_content=liver")
    scores = {hit.stored.id: hit.score for hit in page.entries}
    assert scores == {"often": 0.9054, "once": 0.7666, "long": 0.4536}
    assert [hit.score for hit in room.shelf.page("Basic?_content=liver&_score=false").entries] == [None] * 3
    assert [hit.score for hit in room.shelf.page("Basic").entries] == [None] * 3
    with pytest.raises(Problem, match="_score"):
        room.shelf.page("Basic?_content=liver&_sort=-_score")


PIECES = (
    "liver", "no", "and", "OR", "not", "NEAR/2", "near", "(", ")", '"', "*", "col:", "'", "&", "|", "<->", "-", "^",
    "{", "}", "\\", ":A", "--", ";", "%s", "?", "{row}", "bón*", "a", "\ufffd", "½",
)  # fmt: skip


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.sampled_from(PIECES), max_size=8))
def test_no_text_is_ever_read_as_the_engines_own_syntax(probed: Shelf, pieces: list[str]) -> None:
    for text in (" ".join(pieces), "".join(pieces)):
        for name in (CONTENT, NARRATIVE):
            found, refusal = _answered(probed, name, text)
            assert found <= {"a", "b"}
            assert refusal is None or (refusal.category, refusal.issues[0].place) == (Category.INVALID, name)


def _answered(shelf: Shelf, name: str, text: str) -> tuple[set[str], Problem | None]:
    try:
        page = shelf.search.search(shelf.connection, "Basic", [(name, text)])
    except Problem as failure:
        return set(), failure
    return {hit.stored.id for hit in page.entries}, None


@pytest.fixture(scope="module", params=BOTH)
def probed(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shelf]:
    shelf = Shelf(place(request, tmp_path_factory.mktemp("probed")))
    shelf.put({"resourceType": "Basic", "id": "a", "code": {"text": "liver no and near"}})
    shelf.put(
        {"resourceType": "Basic", "id": "b", "code": {"text": "bone"}, "text": {"div": "<div>liver</div>"}}
    )
    yield shelf
    shelf.close()


@pytest.mark.parametrize(("text", "hint"), [
    ("", "no value"), ("  ", "no word"), ("*", "no word"), ("a*", "at least 2"), ("lo*ng", "end of a word"),
    ("not liver", "beside it"), ("liver or not bone", "beside it"), ("liver or", 'beside "or"'), ("or liver", "or"),
    ("and liver", 'beside "and"'), ("liver and", 'beside "and"'), ("(liver", "not closed"), ("liver)", "not opened"),
    ('"liver', "no second"), ("liver near", "two single words"), ('"a b" near c', "two single words"),
    ("liver near/21 bone", "near/20"), ("near liver", "quotation marks"), (" ".join(["x"] * 33), "more than 32"),
    ("(" * 40 + "x" + ")" * 40, "brackets"), ("liver not ()", 'after "not"'),
])  # fmt: skip
def test_a_question_that_cannot_be_read_is_refused_with_the_reason(
    empty: Shelf, text: str, hint: str
) -> None:
    with pytest.raises(Problem, match=re.escape(hint)) as failure:
        empty.search.parser.query("Basic", [("_content", text)])
    assert failure.value.issues[0].place == "_content"


@pytest.fixture(scope="module")
def empty(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shelf]:
    from charthouse.db.connect import Place

    shelf = Shelf(Place(path=tmp_path_factory.mktemp("empty") / "record.db"))
    yield shelf
    shelf.close()


def test_what_one_reads_is_text_and_what_points_or_encodes_is_not() -> None:
    found = wording({
        "resourceType": "Basic", "id": "secretid", "meta": {"profile": ["http://profile"], "tag": [{"code": "tagged"}]},
        "text": {"status": "generated", "div": "<div>One<br/>two<!-- no --> thr<i>ee</i> &eacute;t&#233;</div>"},
        "code": {"coding": [{"system": "http://sys", "code": "A-1", "display": "Shown"}], "text": "Said"},
        "extension": [{"url": "http://ext", "valueString": "Extended"}, {"url": "x", "valueDateTime": "2024-05-06"}],
        "subject": {"reference": "Patient/p", "display": "Somebody"}, "created": "2024-05-06", "valueTime": "12:00:00",
        "author": {"identifier": {"value": "ID-7"}}, "content": [{"data": "aGVsbG8=", "title": "Scan"}],
    })  # fmt: skip
    assert found.narrative == ("one", "two", "three", "ete")
    assert found.content == (
        "generated",
        "a",
        "1",
        "shown",
        "said",
        "extended",
        "somebody",
        "id",
        "7",
        "scan",
    )


def test_texts_without_end_are_kept_in_part_the_same_for_every_database() -> None:
    found = wording(
        {"resourceType": "Basic", "code": {"text": "x " * 600 + "y " * (2 * MOST)}, "note": "z" * 200}
    )
    assert len(found.content) == MOST
    assert found.content.count("x") == SAME
    assert found.content[SAME:600] == (GAP,) * (600 - SAME)
    assert wording({"resourceType": "Basic", "note": "z" * 200}).content == ("z" * 64,)
    places = re.findall(r"'(\w+)':([\d,]+)", vector(found))
    assert {word: len(its.split(",")) for word, its in places} == {"x": SAME, "y": SAME}
    both = wording({"text": {"div": "<div>" + "w " * 200 + "</div>"}, "code": {"text": "w " * 200}})
    assert both.narrative.count("w") + both.content.count("w") == SAME
    assert all(int(its.rpartition(",")[2]) < 16_383 for _, its in places)


@given(st.lists(st.sampled_from(["liver", "bone", "x"]), max_size=30))
def test_a_score_is_between_nothing_and_one_and_above_nothing_where_the_words_stand(text: list[str]) -> None:
    asked = reader(CONTENT)("_content", 'liver or "bone x"')
    assert isinstance(asked, Words)
    found = score(asked, Wording((), tuple(text)))
    assert 0 <= found <= 1
    joined = " ".join(text)
    assert (found > 0) == ("liver" in text or "bone x" in joined)
