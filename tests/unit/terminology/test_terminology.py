"""The one door: lookups, verdicts, subsumption, closure; and that no answer outlives what it was made from."""

from __future__ import annotations

import threading
import time
from datetime import UTC, datetime

import pytest

from charthouse.base.errors import Category, Problem
from charthouse.db.connect import Connection, Place
from charthouse.terminology.answers import Coding, Link, Property, Verdict
from charthouse.terminology.artifacts import Gathered
from charthouse.terminology.terminology import Terminology
from tests.unit.terminology.makers import (
    COLOURS,
    SET,
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

LOOK = 0.06  # seconds after which a loaded release is seen


def asked() -> Terminology:
    return terminology(colours(), valueset(drawn(COLOURS), title="All colours", version="2"))


def judge(*codings: Coding, url: str | None = SET, **more: object) -> Verdict:
    return asked().validate_code(url, codings, **more)  # type: ignore[arg-type]


# ---------------------------------------------------------------- lookup


def test_a_lookup_tells_all_that_is_known() -> None:
    found = asked().lookup(COLOURS, "red")
    assert (found.system, found.version, found.name) == (COLOURS, "1", "Example")
    assert (found.code, found.display) == ("red", "Red")
    assert (found.definition, found.is_active, found.is_selectable) == ("The colour of blood.", True, True)
    assert found.properties == (
        Property("inactive", "false", "boolean"), Property("parent", "warm", "code"),
        Property("child", "crimson", "code"), Property("child", "pink", "code"), Property("child", "purple", "code"),
    )  # fmt: skip
    assert asked().lookup(COLOURS, "red", properties=["definition"]).properties == (
        Property("definition", "The colour of blood.", "string"),
    )


@pytest.mark.parametrize(
    ("url", "code", "version", "place", "words"),
    [
        ("http://example.org/none", "red", None, "url", "code system is not at hand"),
        (COLOURS, "green", None, "code", "no such code in Example 1"),
        (COLOURS, "red", "9", "version", "version of the code system is not at hand"),
        (COLOURS, "red\x00", None, "code", "no such code"),
    ],
)
def test_what_is_not_there_is_named(url: str, code: str, version: str | None, place: str, words: str) -> None:
    with pytest.raises(Problem, match=words) as caught:
        asked().lookup(url, code, version)
    assert caught.value.category is Category.NOT_FOUND
    assert caught.value.issues[0].place == place
    assert caught.value.issues[0].repair


# ---------------------------------------------------------------- verdicts


def test_a_member_is_accepted_with_its_right_display() -> None:
    verdict = judge(Coding(COLOURS, "red"))
    assert verdict.result is True
    assert verdict.message is None
    assert verdict.coding == Coding(COLOURS, "red", "1", "Red")


@pytest.mark.parametrize("display", ["Red", "RED", "  red "])
def test_a_display_may_differ_in_case_and_spaces(display: str) -> None:
    assert judge(Coding(COLOURS, "red", display=display)).message is None


def test_another_name_is_a_display_too() -> None:
    assert judge(Coding(COLOURS, "crimson", display="rødlig")).message is None
    assert judge(Coding(COLOURS, "Grey", display="Ashen tone")).message is None


def test_a_wrong_display_is_a_warning_that_tells_the_right_one() -> None:
    verdict = judge(Coding(COLOURS, "red", display="Blue"))
    assert verdict.result is True
    assert verdict.message == "The display differs. Found: Blue. The right one is “Red”."
    assert [(issue.severity, issue.place) for issue in verdict.issues] == [("warning", "display")]
    assert verdict.display == "Red"


def test_a_definition_is_no_display() -> None:
    assert judge(Coding(COLOURS, "red", display="The colour of blood.")).issues


def test_a_code_that_is_not_there_is_refused_with_where_and_why() -> None:
    verdict = judge(Coding(COLOURS, "green"))
    assert verdict.result is False
    issue = verdict.issues[0]
    assert (issue.severity, issue.place, issue.value) == ("error", "code", "green")
    assert "no such code in Example" in issue.message
    assert "Right would be one of: warm, red," in str(issue.repair)


def test_a_code_of_another_system_is_refused_and_told_which_it_takes() -> None:
    verdict = judge(Coding("http://example.org/other", "red"))
    assert verdict.result is False
    assert "All colours (http://example.org/set|2) takes no codes of this system" in verdict.issues[0].message
    assert COLOURS in str(verdict.issues[0].repair)


def test_a_code_that_the_value_set_leaves_out_is_told_as_that() -> None:
    verdict = terminology(colours(), valueset(listed(COLOURS, "red"))).validate_code(
        SET, [Coding(COLOURS, "blue")]
    )
    assert (
        verdict.message
        == f"The code is not in The value set ({SET}). Found: blue. Right would be one of: red."
    )


@pytest.mark.parametrize(
    ("abstract", "result", "issues"), [(None, True, 1), (True, True, 0), (False, False, 1)]
)
def test_a_heading_is_accepted_as_far_as_is_asked(abstract: bool | None, result: bool, issues: int) -> None:
    for url in (SET, None):
        verdict = judge(Coding(COLOURS, "warm"), url=url, abstract=abstract)
        assert verdict.result is result
        assert len(verdict.issues) == issues


def test_a_code_that_has_ended_is_a_warning() -> None:
    assert "no longer in use" in str(judge(Coding(COLOURS, "pink")).message)


def test_a_coding_without_a_system_is_refused_unless_it_may_be_inferred() -> None:
    assert judge(Coding(None, "red")).result is False
    assert judge(Coding(None, "red"), infer_system=True).coding == Coding(COLOURS, "red", "1", "Red")
    assert judge(Coding(None, "green"), infer_system=True).result is False


def test_a_system_is_not_guessed_where_several_fit() -> None:
    other = system("http://example.org/other", concept("red"))
    found = terminology(colours(), other, valueset(drawn(COLOURS), drawn("http://example.org/other")))
    verdict = found.validate_code(SET, [Coding(None, "red")], infer_system=True)
    assert verdict.result is False
    assert "Several code systems" in str(verdict.message)


def test_one_good_coding_is_enough() -> None:
    verdict = judge(
        Coding("http://example.org/other", "1"), Coding(COLOURS, "blue"), Coding(COLOURS, "green")
    )
    assert verdict.result is True
    assert verdict.coding == Coding(COLOURS, "blue", "1", "Blue")


def test_where_no_coding_is_good_each_is_told() -> None:
    verdict = judge(Coding("http://example.org/other", "1"), Coding(COLOURS, "green"))
    assert verdict.result is False
    assert len(verdict.issues) == 2
    assert judge().result is False


def test_what_cannot_be_told_is_not_called_wrong() -> None:
    found = terminology(valueset(drawn(COLOURS)))
    verdict = found.validate_code(SET, [Coding(COLOURS, "red")])
    assert verdict.result is None
    assert verdict.message == f"This cannot be checked here: the code system {COLOURS} is not at hand."
    assert found.validate_code(None, [Coding(COLOURS, "red")]).result is None
    assert terminology(colours(content="fragment")).validate_code(None, [Coding(COLOURS, "x")]).result is None


def test_a_code_system_alone_can_be_asked() -> None:
    assert judge(Coding(COLOURS, "red"), url=None).result is True
    assert judge(Coding(COLOURS, "green"), url=None).result is False
    assert judge(Coding(None, "red"), url=None).result is False


def test_a_version_that_is_not_at_hand_is_told() -> None:
    verdict = judge(Coding(COLOURS, "red", version="0"))
    assert verdict.result is True
    assert "checked by version 1" in str(verdict.message)
    assert judge(Coding(COLOURS, "red", version="1")).message is None


def test_a_listed_code_that_its_system_does_not_have_is_told() -> None:
    found = terminology(colours(), valueset(listed(COLOURS, "mauve")))
    verdict = found.validate_code(SET, [Coding(COLOURS, "mauve")])
    assert verdict.result is True
    assert "does not have this code" in str(verdict.message)


def test_a_code_in_another_case_is_accepted_with_the_right_writing() -> None:
    loose = system(COLOURS, concept("Red"), caseSensitive=False)
    verdict = terminology(loose, valueset(drawn(COLOURS))).validate_code(SET, [Coding(COLOURS, "RED")])
    assert verdict.result is True
    assert verdict.coding is not None
    assert verdict.coding.code == "Red"
    assert "Write `Red`" in str(verdict.message)


# ---------------------------------------------------------------- hierarchy


@pytest.mark.parametrize(
    ("a", "b", "expected"),
    [
        ("red", "red", "equivalent"), ("warm", "purple", "subsumes"), ("mixed", "purple", "subsumes"),
        ("purple", "warm", "subsumed-by"), ("red", "blue", "not-subsumed"), ("Grey", "red", "not-subsumed"),
    ],
)  # fmt: skip
def test_one_code_stands_to_another(a: str, b: str, expected: str) -> None:
    assert asked().subsumes(COLOURS, a, b) == expected


def test_codes_below_and_above_are_given_for_searches() -> None:
    assert asked().below(COLOURS, "red") == ["red", "crimson", "pink", "purple"]
    assert asked().above(COLOURS, "purple") == ["warm", "red", "cold", "blue", "mixed", "purple"]
    with pytest.raises(Problem, match="no such code"):
        asked().below(COLOURS, "green")


def test_a_closure_table_tells_what_is_new(tables: Connection) -> None:
    found = Terminology(None, lambda: tables, Gathered([colours()]))
    assert found.closure("ours").version == 0
    first = found.closure(
        "ours", [Coding(COLOURS, "red"), Coding(COLOURS, "crimson"), Coding(COLOURS, "blue")]
    )
    assert (first.name, first.version) == ("ours", 1)
    assert first.links == (Link(COLOURS, "crimson", "red"),)
    second = found.closure("ours", [Coding(COLOURS, "warm"), Coding(COLOURS, "red")])
    assert second.version == 2
    assert second.links == (Link(COLOURS, "crimson", "warm"), Link(COLOURS, "red", "warm"))
    assert found.closure("ours", [Coding(COLOURS, "red")]).links == ()
    assert found.closure("ours", version=1).links == second.links
    assert found.closure("ours", version=0).links == (*first.links, *second.links)
    assert found.closure("ours").links == ()
    assert found.closure("ours", version=0).links == ()


def test_closure_tables_do_not_mix_and_have_to_be_started(tables: Connection) -> None:
    found = Terminology(None, lambda: tables, Gathered([colours()]))
    with pytest.raises(Problem, match="no closure table"):
        found.closure("ours", [Coding(COLOURS, "red")])
    found.closure("ours")
    found.closure("theirs")
    found.closure("ours", [Coding(COLOURS, "red")])
    assert found.closure("theirs", [Coding(COLOURS, "warm")]).links == ()
    for name in ("", "a" * 300, "a\x00"):
        with pytest.raises(Problem, match="name of a closure table"):
            found.closure(name)


def test_an_unknown_code_adds_nothing_to_a_closure_table(tables: Connection) -> None:
    found = Terminology(None, lambda: tables, Gathered([colours()]))
    found.closure("ours")
    with pytest.raises(Problem, match="no such code"):
        found.closure("ours", [Coding(COLOURS, "red"), Coding(COLOURS, "green")])
    assert found.closure("ours", [Coding(COLOURS, "warm")]).links == ()


def test_a_closure_table_can_be_kept_in_the_callers_transaction(tables: Connection) -> None:
    found = Terminology(None, None, Gathered([colours()]))
    with tables.transaction():
        found.closure("ours", connection=tables)
        found.closure("ours", [Coding(COLOURS, "red"), Coding(COLOURS, "warm")], connection=tables)
        assert len(found.closure("ours", version=0, connection=tables).links) == 1
    with pytest.raises(Problem, match="need a record"):
        found.closure("ours")


# ---------------------------------------------------------------- what stands where, and what changes


def test_what_a_site_loaded_beats_what_it_stored_and_that_what_is_shipped(
    tables: Connection, shipped: Place
) -> None:
    url = "http://hl7.org/fhir/administrative-gender"
    held = Gathered()
    found = Terminology(shipped, lambda: tables, held)

    def place() -> str:
        standing = found.system(url)
        assert standing is not None
        return standing.place

    assert place() == "shipped"
    held.put(system(url, concept("male"), content="fragment"))
    assert place() == "shipped", "a part does not hide the whole"
    held.put(system(url, concept("male"), concept("x")))
    assert place() == "resource"
    load(tables, system(url, concept("female")))
    time.sleep(LOOK)
    assert place() == "loaded"
    assert found.member("http://hl7.org/fhir/ValueSet/administrative-gender", url, "male") is False
    chosen = [each.place for each in found.systems() if each.release.url == url]
    assert chosen == ["loaded", "resource", "shipped"]
    found.close()


def test_a_release_of_next_year_waits_for_its_first_day(tables: Connection) -> None:
    moment = [int(datetime(2026, 9, 1, tzinfo=UTC).timestamp() * 1000)]
    held = Gathered([system(COLOURS, concept("red"), version="2026")])
    found = Terminology(None, lambda: tables, held, clock=lambda: moment[0])
    load(tables, system(COLOURS, concept("blue"), version="2027"), valid_from="2026-10-01")
    time.sleep(LOOK)
    assert found.validate_code(None, [Coding(COLOURS, "red")]).result is True
    moment[0] += 40 * 86_400_000
    time.sleep(LOOK)
    assert found.validate_code(None, [Coding(COLOURS, "red")]).result is False
    assert found.validate_code(None, [Coding(COLOURS, "blue")]).result is True


def test_a_resource_that_is_written_changes_the_answer_at_once() -> None:
    held = Gathered([colours(), valueset(listed(COLOURS, "red"))])
    found = Terminology(None, None, held)
    before = found.stamp()
    assert found.member(SET, COLOURS, "blue") is False
    assert found.validate_code(SET, [Coding(COLOURS, "blue")]).result is False
    assert found.stamp() == before
    held.put(valueset(listed(COLOURS, "blue")))
    assert found.stamp() != before
    assert found.member(SET, COLOURS, "blue") is True
    assert found.validate_code(SET, [Coding(COLOURS, "blue")]).result is True
    held.put(system(COLOURS, concept("blue", display="Azure")))
    assert found.lookup(COLOURS, "blue").display == "Azure"
    held.drop("ValueSet", SET)
    assert found.member(SET, COLOURS, "blue") is None


def test_a_code_system_in_memory_is_read_again_only_when_it_changed() -> None:
    held = Gathered([colours(), valueset(listed(COLOURS, "red"))])
    found = Terminology(None, None, held)
    first = found._now().catalogue.system(COLOURS)
    held.put(valueset(listed(COLOURS, "blue")))
    assert found._now().catalogue.system(COLOURS) is first
    held.put(colours())
    assert found._now().catalogue.system(COLOURS) is not first


def test_the_newest_version_of_a_value_set_is_meant_unless_one_is_named() -> None:
    found = terminology(
        colours(),
        valueset(listed(COLOURS, "red"), version="1.9"),
        valueset(listed(COLOURS, "blue"), version="1.10"),
    )
    assert found.member(SET, COLOURS, "blue") is True
    assert found.member(f"{SET}|1.9", COLOURS, "blue") is False
    assert found.member(f"{SET}|2", COLOURS, "blue") is None
    tree = found.valueset(SET)
    assert tree is not None
    assert tree["version"] == "1.10"


def test_strange_questions_are_answered_too() -> None:
    found = asked()
    for code in ("", "\x00", "\ud800", "a" * 100_000, "'; --"):
        assert found.member(SET, COLOURS, code) is False
        assert found.member(SET, code, code) is False
        assert found.member(code, COLOURS, "red") is None
        assert found.validate_code(SET, [Coding(code, code, code, code)]).result is False
        assert found.system(code) is None
        why = "A url has at most 2000 characters" if len(code) > 2_000 else "The value set is not at hand"
        assert found.unchecked(code) == why


def test_strange_questions_are_answered_from_tables_too(tables: Connection) -> None:
    load(tables, colours())
    found = Terminology(
        None, lambda: tables, Gathered([valueset(drawn(COLOURS, rule("wave", "=", "long\x00")))])
    )
    for code in ("", "\x00", "\ud800", "a" * 100_000, "'; --"):
        assert found.member(SET, COLOURS, code) is False
        assert found.member(code, code, code) is None
        assert found.system(code) is None
        assert found.validate_code(None, [Coding(code, code)]).result is None
        with pytest.raises(Problem):
            found.lookup(COLOURS, code)
        with pytest.raises(Problem):
            found.translate([Coding(code, code)], url=code or "x")
    assert found.expand(SET).rows == ()


def test_many_threads_may_ask_while_resources_change(shipped: Place) -> None:
    held = Gathered([colours(), valueset(drawn(COLOURS))])
    found = Terminology(shipped, None, held)
    gender = "http://hl7.org/fhir/ValueSet/administrative-gender"
    wrong: list[object] = []

    def ask() -> None:
        try:
            for number in range(400):
                answers = (
                    found.member(SET, COLOURS, "red"), found.member(gender, None, "male"),
                    found.member(gender, None, f"m{number}"), found.expand(SET, count=1 + number % 5).total,
                    found.validate_code(SET, [Coding(COLOURS, "warm")]).result,
                )  # fmt: skip
                if answers != (True, True, False, 10, True):
                    wrong.append(answers)
        except Exception as error:
            wrong.append(error)
            raise

    threads = [threading.Thread(target=ask) for _ in range(4)]
    for thread in threads:
        thread.start()
    for _ in range(60):
        held.put(colours())
        time.sleep(0.005)
    for thread in threads:
        thread.join()
    assert not wrong
    found.close()
