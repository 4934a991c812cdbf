"""No question takes without end, nor leaves behind more than it is worth."""

from __future__ import annotations

import gc
import tracemalloc
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from typing import Any

import pytest

from charthouse.base.errors import Category, Problem, http_status
from charthouse.db.connect import Connection
from charthouse.terminology import deadline, extent, properties
from charthouse.terminology.answers import Coding
from charthouse.terminology.artifacts import Gathered
from charthouse.terminology.compose import Composed
from charthouse.terminology.recent import Recent
from charthouse.terminology.tabled import Tabled
from charthouse.terminology.terminology import Terminology
from tests.unit.terminology.makers import (
    COLOURS,
    SET,
    Tree,
    colours,
    concept,
    drawn,
    listed,
    load,
    rule,
    system,
    terminology,
    valueset,
)

SENT = "http://example.org/sent"


def refused(ask: Callable[[], object]) -> Problem:
    with pytest.raises(Problem) as caught:
        ask()
    return caught.value


def lasting(ask: Callable[[], object], place: str) -> None:
    """It is refused for good, and says where."""
    failure = refused(ask)
    assert (failure.category, http_status(failure)) == (Category.INVALID, 400)
    assert failure.issues[0].code == "too-costly"
    assert failure.issues[0].place == place
    assert failure.issues[0].repair


# ---------------------------------------------------------------- what stays behind


def left() -> list[Composed]:
    gc.collect()
    return [
        each for each in gc.get_objects() if isinstance(each, Composed) and each.tree.get("title") == "Sent"
    ]


@pytest.mark.parametrize("more", [{"url": SENT}, {"url": ""}])
def test_a_value_set_that_is_sent_leaves_nothing_behind(more: Tree) -> None:
    asked = terminology(colours(), valueset(listed(COLOURS, "red")))
    parts = listed(COLOURS, "blue"), drawn(COLOURS, rule("concept", "is-a", "warm")), {"valueSet": [SET]}
    sent = valueset(*parts, title="Sent", **more)
    assert asked.expand(sent, filter="r", count=2).rows
    assert asked.expand(sent).rows
    assert asked.validate_code(sent, [Coding(COLOURS, "nothing")]).result is False
    assert asked.validate_code(sent, [Coding(COLOURS, "blue")]).result is True
    assert not left()


@pytest.mark.parametrize("more", [{"url": SENT}, {"url": ""}])
def test_a_value_set_that_is_sent_and_refused_leaves_nothing_behind(more: Tree) -> None:
    odd = system("http://example.org/odd", concept("a"), concept("a"))
    stored = valueset(drawn(COLOURS, rule("concept", "is-a", "none")), url="http://example.org/wrong")
    asked = terminology(colours(), odd, stored)
    for part in (
        {"valueSet": ["http://example.org/none"]},
        {"valueSet": ["http://example.org/wrong"]},
        drawn("http://example.org/odd"),
    ):
        refused(partial(asked.expand, valueset(part, title="Sent", **more)))
    assert not left()


def grown(ask: Callable[[str], object]) -> int:
    """Bytes that are kept of ten questions in which one name is long."""

    def carried(number: int) -> None:
        with suppress(Problem):
            ask(f"http://example.org/{number}/" + "y" * 100_000)

    carried(0)
    gc.collect()
    tracemalloc.start()
    try:
        for number in range(1, 11):
            carried(number)
        gc.collect()
        return tracemalloc.get_traced_memory()[0]
    finally:
        tracemalloc.stop()


def question(name: str, asked: Terminology) -> Callable[[str], object]:
    """A question with one name to be filled in."""
    red = [Coding(COLOURS, "red")]
    return {
        "valueset": lambda text: asked.validate_code(text, red),
        "member": lambda text: asked.member(text, COLOURS, "red"),
        "member's system": lambda text: asked.member(SET, text, "red"),
        "system": lambda text: asked.validate_code(None, [Coding(text, "red")]),
        "version": lambda text: asked.validate_code(SET, [Coding(COLOURS, "red", text)]),
        "language": lambda text: asked.validate_code(SET, red, language=text),
        "supplement": lambda text: asked.validate_code(SET, red, supplements=[text]),
        "wish": lambda text: asked.expand(SET, language=text),
        "property": lambda text: asked.expand(SET, properties=[text]),
        "lookup": lambda text: asked.lookup(text, "red"),
        "import": lambda text: asked.expand(valueset({"valueSet": [text]}, url="")),
        "include": lambda text: asked.expand(valueset(listed(text, "a"), url="")),
    }[name]


NAMES = ("valueset", "member", "member's system", "system", "version", "language", "supplement", "wish", "property",
         "lookup", "import", "include")  # fmt: skip


@pytest.mark.parametrize("name", NAMES)
def test_what_was_asked_with_a_long_name_is_not_kept(name: str) -> None:
    asked = terminology(colours(), valueset(drawn(COLOURS)))
    assert grown(question(name, asked)) < 100_000


def test_a_question_about_many_codes_is_not_kept() -> None:
    asked = terminology(colours(), valueset(drawn(COLOURS)))
    many = [Coding(COLOURS, f"c{number}") for number in range(900)]
    assert asked.validate_code(SET, many) is not asked.validate_code(SET, many)
    few = [Coding(COLOURS, "red"), Coding(COLOURS, "blue")]
    assert asked.validate_code(SET, few) is asked.validate_code(SET, few)


def test_only_short_keys_are_remembered() -> None:
    recent: Recent[Any, int] = Recent(10, longest=20)
    key: Any
    for key in ("a" * 21, ("a" * 10, "b" * 11), ("a", ("b" * 20,)), (None,) * 30, (Coding("s" * 20, "c"), 1)):
        recent.put(key, 1)
        assert recent.get(key) is None
    for key in ("a" * 20, ("a" * 10, None, "b" * 9), Coding("s", "c"), 7, object()):
        recent.put(key, 1)
        assert recent.get(key) == 1


def test_no_url_has_thousands_of_characters() -> None:
    asked = terminology(colours(), valueset(drawn(COLOURS)))
    url = "http://example.org/" + "a" * 2_000
    red = [Coding(COLOURS, "red")]
    for ask in (
        lambda: asked.expand(url), lambda: asked.validate_code(url, red), lambda: asked.valueset_codes(url),
        lambda: asked.lookup(url, "a"), lambda: asked.subsumes(url, "a", "b"), lambda: asked.below(url, "a"),
        lambda: asked.translate(red, url=url), lambda: asked.translate(red, source=url),
        lambda: asked.translate(red, target_system=url), lambda: asked.lookup(COLOURS, "red", supplements=[url]),
        lambda: asked.expand(valueset({"valueSet": [url]})),
    ):  # fmt: skip
        failure = refused(ask)
        assert failure.category is Category.INVALID
        assert "2000 characters" in failure.issues[0].message
        assert len(str(failure.issues[0].value)) < 100
    assert asked.member(url, COLOURS, "red") is None
    assert asked.system(url) is None


# ---------------------------------------------------------------- how long it takes


def test_a_question_over_its_time_is_stopped_and_may_be_asked_again() -> None:
    asked = terminology(
        colours(), valueset(drawn(COLOURS, rule("display", "regex", "R.*")), {"valueSet": [f"{SET}/2"]}),
        valueset(listed(COLOURS, "blue"), url=f"{SET}/2"),
    )  # fmt: skip
    red = [Coding(COLOURS, "red")]
    for ask in (
        lambda: asked.expand(SET, seconds=0), lambda: asked.validate_code(SET, red, seconds=0),
        lambda: asked.validate_code(None, red, seconds=0), lambda: asked.translate(red, seconds=0),
        lambda: asked.valueset_codes(SET, seconds=0),
    ):  # fmt: skip
        failure = refused(ask)
        assert (failure.category, http_status(failure)) == (Category.TOO_COSTLY, 503)
        assert "Narrow it" in str(failure.issues[0].repair)
    assert [row.code for row in asked.expand(SET).rows] == ["red", "blue"]
    assert asked.validate_code(SET, red).result is True


@pytest.mark.parametrize("where", ["tables", "memory"])
@pytest.mark.parametrize(
    "ask",
    [
        lambda system: list(system.walk(system.all())), lambda system: list(system.values("wave")),
        lambda system: system.having("wave", "long"), lambda system: system.named(["red"], system.all()),
    ],
)  # fmt: skip
def test_every_walk_through_a_code_system_looks_at_the_clock(
    tables: Connection, where: str, ask: Callable[[Any], object]
) -> None:
    load(tables, colours())
    asked = Terminology(None, lambda: tables) if where == "tables" else terminology(colours())
    system = asked._now().catalogue.system(COLOURS)
    ask(system)
    with deadline.within(0):
        assert refused(lambda: ask(system)).category is Category.TOO_COSTLY
    ask(system)


def test_of_two_ends_of_time_the_first_one_counts() -> None:
    with deadline.within(0), deadline.within(100):
        refused(deadline.check)
    with deadline.within(100):
        deadline.check()
        with deadline.within(0):
            refused(deadline.check)
        deadline.check()
    deadline.check()


def test_many_parts_are_compared_by_few_statements(
    tables: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    load(tables, colours())
    asked = Terminology(None, lambda: tables)
    statements = []
    plain = Tabled._by_codes

    def counted(self: Tabled, codes: Any) -> Any:
        statements.append(codes)
        return plain(self, codes)

    monkeypatch.setattr(Tabled, "_by_codes", counted)
    parts = [listed(COLOURS, "red", f"x{number}") for number in range(300)]
    found = asked.expand(valueset(*parts, exclude=parts[1:200]))
    assert {row.code for row in found.rows} == {"x0", *(f"x{number}" for number in range(200, 300))}
    assert len(statements) < 3 * 500


def test_an_imported_value_set_is_worked_out_once(monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[str | None] = []
    plain = extent._composed

    def counted(composed: Composed, *more: Any) -> Any:
        made.append(composed.url)
        return plain(composed, *more)

    monkeypatch.setattr(extent, "_composed", counted)
    base = valueset(drawn(COLOURS), url=f"{SET}/base")
    asked = terminology(colours(), base)
    for _ in range(3):
        sent = valueset(*({"valueSet": [f"{SET}/base"]} for _ in range(5)), url=SENT)
        assert asked.expand(sent).total == 10
    assert made.count(f"{SET}/base") == 1


# ---------------------------------------------------------------- what is refused for good


def test_what_a_sent_value_set_may_hold_is_bounded() -> None:
    asked = terminology(colours())
    codes = [f"c{number}" for number in range(15_000)]
    rules = [rule("display", "=", str(number)) for number in range(150)]
    contains = [{"system": COLOURS, "code": code} for code in codes]
    nested = {"contains": [{**contains[0], "contains": contains}]}
    some = valueset(listed(COLOURS, *codes))
    assert asked.expand(some).total == 15_000
    for tree, place in (
        (valueset(*[{"system": COLOURS}] * 1_001), "ValueSet.compose"),
        (
            valueset(listed(COLOURS, *codes), exclude=[listed(COLOURS, *codes)]),
            "ValueSet.compose.exclude[0].concept",
        ),
        (valueset(drawn(COLOURS, *rules), drawn(COLOURS, *rules)), "ValueSet.compose.include[1].filter"),
        (valueset({"valueSet": [SET] * 500}), "ValueSet.compose.include[0].valueSet"),
        (
            valueset(drawn(COLOURS, rule("display", "in", "a," * 5_000))),
            "ValueSet.compose.include[0].filter.value",
        ),
        ({**some, "expansion": nested}, "ValueSet.expansion.contains"),
    ):
        lasting(partial(asked.expand, tree), place)
        lasting(partial(asked.validate_code, tree, [Coding(COLOURS, "red")]), place)


def test_what_will_be_too_much_tomorrow_too_is_a_bad_question() -> None:
    base = system(COLOURS, concept("top", *(concept(f"c{number}") for number in range(20_100))))
    asked = terminology(base, valueset(drawn(COLOURS)))
    lasting(lambda: asked.expand(SET), "count")
    lasting(lambda: asked.below(COLOURS, "top"), "code")
    lasting(lambda: asked.valueset_codes(SET), "valueset")
    many = [Coding(COLOURS, "red")] * 1_001
    lasting(lambda: asked.validate_code(SET, many), "coding")
    lasting(lambda: asked.translate(many), "coding")
    lasting(lambda: asked.expand(SET, properties=["a"] * 101), "property")
    lasting(lambda: asked.lookup(COLOURS, "top", supplements=["a"] * 21), "useSupplement")


# ---------------------------------------------------------------- concepts with many children


@pytest.mark.parametrize("where", ["tables", "memory"])
def test_of_very_many_children_the_first_thousand_are_told(tables: Connection, where: str) -> None:
    count = properties.CHILDREN + 500
    tree = system(
        COLOURS, concept("top", *(concept(f"c{number}") for number in range(count))), concept("other"),
        concept("also", properties={"parent": "top"}),
    )  # fmt: skip
    load(tables, tree)
    asked = Terminology(None, lambda: tables) if where == "tables" else terminology(tree)
    found = [each.value for each in asked.lookup(COLOURS, "top").properties if each.code == "child"]
    assert found == [f"c{number}" for number in range(properties.CHILDREN)]
    some = asked._now().catalogue.system(COLOURS)
    assert some is not None
    top = some.find("top")
    assert top is not None
    assert [each.code for each in some.children(top, 2)] == ["c0", "c1"]
    assert len(some.children(top)) == count + 1


def test_whether_a_code_system_may_have_to_be_read_first_is_told_without_looking(
    tables: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    held = Gathered([colours()])
    loaded = "http://example.org/loaded"
    load(tables, system(loaded, concept("a")))
    asked = Terminology(None, lambda: tables, held)
    for url, code in ((COLOURS, "red"), (loaded, "a")):
        with monkeypatch.context() as patch:
            patch.setattr(held, "get", None)
            assert asked.is_warm(url) is False
        asked.lookup(url, code)
        assert asked.is_warm(url) is True
    assert asked.is_warm("urn:ietf:bcp:47") is True
    held.put(colours())
    assert asked.is_warm(COLOURS) is False
    assert Terminology(None, lambda: tables).is_warm(loaded) is True


def test_a_pattern_that_takes_too_long_leaves_membership_open() -> None:
    costly = valueset(drawn(COLOURS, rule("code", "regex", r"(a)\1")))
    asked = terminology(colours(), costly)
    for _ in range(2):
        assert asked.member(SET, COLOURS, "red") is None
