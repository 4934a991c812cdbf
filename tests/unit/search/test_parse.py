"""What is refused, and that the refusal names it and says what would be right."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from charthouse.base.errors import Category, Problem
from charthouse.fhir.definitions import load
from charthouse.search.parse import Parser
from charthouse.search.query import Amount, Kind, Link, Measure, Query, Text, Token
from charthouse.search.values import alternatives, number, plain, quantity, token
from charthouse.store.index import Extractor

PARSER = Parser(load(), Extractor(load()), ("http://localhost/fhir",))


def parsed(type: str, *params: tuple[str, str], lenient: bool = False) -> Query:
    return PARSER.query(type, params, lenient=lenient)


def refusal(type: str, *params: tuple[str, str]) -> Problem:
    with pytest.raises(Problem) as failure:
        PARSER.query(type, params)
    return failure.value


@pytest.mark.parametrize(("type", "name", "value", "place", "hint"), [
    ("Patient", "nmae", "x", "nmae", '"name"'),
    ("Patient", "birthDate", "1980", "birthDate", '"birthdate"'),
    ("Observation", "subject", "not a reference", "subject", "Type/id"),
    ("Observation", "subject", "Practitioner/1", "subject", "Patient"),
    ("Observation", "subject:Practitioner", "1", "subject:Practitioner", "Patient"),
    ("Observation", "code", "", "code", "value"),
    ("Observation", "code", "a,,b", "code", "comma"),
    ("Observation", "code", "a|b|c", "code", "\\|"),
    ("Observation", "code", "|", "code", "|"),
    ("Observation", "date", "yesterday", "date", "2024-05"),
    ("Observation", "date", "2024-13", "date", "2024-05"),
    ("Observation", "date", "xx2024", "date", "eq, ne"),
    ("Observation", "value-quantity", "5.4|mg", "value-quantity", "5.4||mg"),
    ("Observation", "value-quantity", "gt", "value-quantity", "5.4||mg"),
    ("Observation", "value-quantity", "~5", "value-quantity", "5.4||mg"),
    ("Observation", "value-quantity", "1e9999", "value-quantity", "5.4||mg"),
    ("RiskAssessment", "probability", "high", "probability", "5.40"),
    ("Observation", "code", "a\x00b", "code", "UTF-8"),
    ("Observation", "code", "a\ud800b", "code", "UTF-8"),
    ("Patient", "name", "x" * 256, "name", "Shorten"),
    ("Patient", "name", " ", "name", ""),
    ("Patient", "name", "\u0301", "name", ""),
    ("Observation", "code:exactly", "x", "code:exactly", ":not"),
    ("Observation", "_count", "-1", "_count", "50"),
    ("Observation", "_count", "", "_count", ""),
    ("Observation", "_total", "some", "_total", "Use one"),
    ("Observation", "_sort", "-birthdate", "_sort", ""),
    ("Observation", "_include", "subject", "_include", "Observation:subject"),
    ("Observation", "_include", "Patient:link", "_include", "_revinclude"),
    ("Observation", "_include", "Observation:code", "_include", ""),
    ("Observation", "_include", "Observation:nothing", "nothing", ""),
    ("Patient", "_revinclude", "Observation:encounter", "_revinclude", "Encounter"),
    ("Group", "_revinclude", "Observation:patient", "_revinclude", "Patient"),
    ("Patient", "_revinclude", "Observation:subject:Group", "_revinclude", ":Patient"),
    ("Observation", "code.text", "x", "code.text", "references"),
    ("Observation", "subject.shoe", "x", "subject.shoe", "Patient"),
    ("Observation", "subject:Practitioner.name", "x", "subject:Practitioner.name", "Patient"),
    ("Observation", "subject:Patient.shoe", "x", "subject:Patient.shoe", "Patient"),
    ("Provenance", "target._id", "x", "target._id", "Name the type"),
    ("Patient", "_has:Observation:subject", "x", "_has:Observation:subject", "_has:Type:reference:parameter"),
    ("Patient", "_has:Nothing:subject:code", "x", "_has:Nothing:subject:code", "Nothing"),
    ("Patient", "_has:Observation:code:code", "x", "_has:Observation:code:code", "no reference"),
    ("Patient", "_has:Observation:encounter:code", "x", "_has:Observation:encounter:code", "Encounter"),
    ("Patient", "gender:missing", "maybe", "gender:missing", "true or false"),
    ("Patient", "identifier:of-type", "a|b", "identifier:of-type", "system|code|value"),
    ("ValueSet", "url:below", "urn:oid:1.2", "url:below", "urn:oid"),
    ("Observation", "code-value-quantity", "a", "code-value-quantity", "code$value-quantity"),
    ("Observation", "code-value-quantity", "a$x", "code-value-quantity", "number"),
    ("Patient", "_contained", "maybe", "_contained", "both"),
    ("Patient", "_containedType", "both", "_containedType", "container"),
    ("Patient", "_score", "high", "_score", "true"),
    ("Patient", "_content", "(x", "_content", "bracket"),
    ("Patient", "phonetic", "-", "phonetic", ""),
    ("Binary", "_text", "x", "_text", "Binary"),
    ("Location", "phonetic", "x", "phonetic", "Location"),
    ("Observation", "", "x", "", ""),
])  # fmt: skip
def test_a_wrong_parameter_is_refused_by_name_with_what_would_be_right(
    type: str, name: str, value: str, place: str, hint: str
) -> None:
    failure = refusal(type, (name, value))
    assert failure.category is Category.INVALID
    assert failure.issues[0].place == place
    assert hint in failure.issues[0].sentence()


@pytest.mark.parametrize(("type", "name", "value", "named"), [
    ("Patient", "_list", "$current-troubles", "$current-troubles"),
    ("Patient", "name:of-type", "a|b|c", ":of-type"),
    ("Observation", "code:identifier", "x", ":identifier"),
    ("Condition", "subject:below", "Patient/1", ":below"),
    ("Observation", "date:contains", "2024", ":contains"),
    ("Observation", "code-value-quantity:missing", "true", ":missing"),
    ("Observation", "_sort", "code-value-quantity", "code-value-quantity"),
    ("Observation", "_include:recurse", "Observation:subject", ":recurse"),
    ("Patient", "_type", "Patient", "_type"),
    ("Patient", "_query", "x", "_query"),
    ("Patient", "phonetic:exact", "x", ":exact"),
    ("Patient", "_text:missing", "true", ":missing"),
    ("Patient", "_content:contains", "x", ":contains"),
    ("Patient", "_sort", "_score", "_score"),
    ("Patient", "_sort", "_content", "_content"),
    ("Patient", "_sort", "phonetic", "phonetic"),
    ("Patient", "_filter", "_content co x", "_content"),
    ("Location", "near:missing", "true", ":missing"),
    ("Location", "_sort", "near", "near"),
    ("Observation", "_sort", "code:text", "code:text"),
])  # fmt: skip
def test_what_is_right_but_not_answered_is_refused_by_name(
    type: str, name: str, value: str, named: str
) -> None:
    failure = refusal(type, (name, value))
    assert failure.category is Category.UNSUPPORTED
    assert failure.issues[0].code == "not-supported"
    assert named in failure.issues[0].message + str(failure.issues[0].value)
    assert failure.issues[0].repair


def test_a_lenient_search_leaves_out_what_is_wrong_and_reports_it() -> None:
    query = parsed(
        "Patient", ("nmae", "x"), ("name", "anna"), ("birthdate", "soon"), ("_sort", "-shoe"), ("_has:x", "y"),
        lenient=True,
    )  # fmt: skip
    assert query.used == [("name", "anna")]
    assert [criterion.name for criterion in query.criteria] == ["name"]
    assert [issue.place for issue in query.ignored] == ["nmae", "birthdate", "_sort", "_has:x"]


def test_parameters_about_the_answer_are_left_to_who_writes_it() -> None:
    query = parsed(
        "Patient", ("_summary", "true"), ("_elements", "name"), ("_format", "json"), ("_pretty", "true")
    )
    assert [name for name, _ in query.others] == ["_summary", "_elements", "_format", "_pretty"]
    assert query.used == []
    assert query.criteria == []


def test_every_parameter_of_every_type_is_answered_or_refused_by_name() -> None:
    definitions = load()
    samples = {
        Kind.TOKEN: "a|b", Kind.REFERENCE: "some-id", Kind.DATE: "2024", Kind.STRING: "abc", Kind.NUMBER: "5",
        Kind.QUANTITY: "5", Kind.URI: "http://example.org",
    }  # fmt: skip
    answered = refused = 0
    for type in definitions.resource_types:
        for code, param in definitions.search_params(type).items():
            value = samples.get(param.type, "x")  # type: ignore[call-overload]
            if param.type == "composite":
                answered += 1
                assert str(refusal(type, (code, "x"))).count("$") >= 1
                continue
            if param.type == "special":
                answered += 1
                (criterion,) = parsed(type, (code, "1|2|3|km")).criteria
                continue
            if code == "_query":
                refused += 1
                failure = refusal(type, (code, value))
                assert failure.category is Category.UNSUPPORTED
                assert code in failure.issues[0].message
            else:
                answered += 1
                (criterion,) = parsed(type, (code, "2024" if code == "_lastUpdated" else value)).criteria
                assert criterion.source.codes or code in ("_id", "_lastUpdated", "_text", "_content")
    assert answered > 1200
    assert refused > 50


def test_a_backslash_keeps_a_mark_from_parting_a_value() -> None:
    assert alternatives(r"a\,b,c") == [r"a\,b", "c"]
    assert alternatives("a\\\\,b") == ["a\\\\", "b"]
    assert alternatives("a\\") == ["a\\"]
    assert plain(r"a\,b\|c\$d\\e\x") == r"a,b|c$d\e\x"
    assert token("code", r"s\|y|c\|d") == Token("s|y", "c|d")
    assert parsed("Patient", ("name", r"a\,b")).criteria[0].values == (Text("a,b", None),)


def test_the_written_precision_of_a_number_is_its_range() -> None:
    assert number("n", "100") == Amount("eq", 100.0, 99.5, 100.5)
    assert number("n", "100.00") == Amount("eq", 100.0, 99.995, 100.005)
    assert number("n", "1e2") == Amount("eq", 100.0, 95.0, 105.0)
    assert number("n", "1.00e2") == Amount("eq", 100.0, 99.5, 100.5)
    assert number("n", "5.40e-3") == Amount("eq", 0.0054, 0.005395, 0.005405)
    assert number("n", "ge-5.4") == Amount("ge", -5.4, -5.45, -5.35)
    assert number("n", "ap200") == Amount("ap", 200.0, 180.0, 220.0)
    assert quantity("q", "5.4||mg") == Measure(Amount("eq", 5.4, 5.35, 5.45), None, "mg")


def test_a_reference_is_ours_by_type_by_id_and_by_address() -> None:
    def value(text: str) -> Link:
        (found,) = parsed("Observation", ("patient", text)).criteria[0].values
        assert isinstance(found, Link)
        return found

    ours = Link(("Patient",), "1", None)
    assert value("1") == value("Patient/1") == value("http://localhost/fhir/Patient/1") == ours
    assert value("http://other.org/fhir/Patient/1") == Link((), None, "http://other.org/fhir/Patient/1")
    assert value("Patient/1/_history/4") == Link((), None, "Patient/1/_history/4")


NAMES = st.sampled_from([
    "code:text", "subject:Patient.name:contains", "_has:Provenance:target:recorded", "code-value-quantity", "_filter",
    "subject:missing", "encounter.subject.gender", "subject:identifier", "_list",
    "code", "date", "subject", "value-quantity", "value-string", "status", "_id", "_lastUpdated", "_sort", "_count",
    "_include", "_revinclude", "_total", "_tag", "code:not", "subject:Patient", "value-string:exact", "_profile",
])  # fmt: skip


@settings(max_examples=400, deadline=None)
@given(
    NAMES | st.text(max_size=20), st.text(max_size=40) | st.from_regex(r"[a-z]{0,2}-?[0-9|.,e\\:T-]{0,20}")
)
def test_any_text_is_read_or_refused_with_words(name: str, value: str) -> None:
    query = parsed("Observation", (name, value), lenient=True)  # anything but a Problem would come through
    for issue in query.ignored:
        assert issue.message
        assert issue.code in ("value", "not-found", "not-supported", "too-costly")
    assert query.ignored or query.used == [(name, value)] or query.others == [(name, value)]


@pytest.mark.parametrize(("params", "place"), [
    ([("code", ",".join(map(str, range(2001))))], "code"),
    ([("date", ",".join(["2024"] * 101))], "date"),
    ([("code", "a")] * 51, "code"),
    ([("_sort", ",".join(["date"] * 9))], "_sort"),
    ([("_include", "Observation:subject")] * 21, "_include"),
    ([("subject:Patient.link" + ":Patient.link" * 8 + ".name", "x")], "subject:Patient.link"),
    ([("focus._has:Provenance:target:" + "target._has:Provenance:target:" * 3 + "_id", "x")], "focus._has"),
    ([("_filter", "focus." + "subject." * 7 + "name eq x")], "_filter"),
])  # fmt: skip
def test_more_than_one_search_may_hold_is_refused(params: list[tuple[str, str]], place: str) -> None:
    failure = refusal("Observation", *params)
    assert failure.category is Category.INVALID
    assert failure.issues[0].code == "too-costly"
    assert str(failure.issues[0].place).startswith(place)
