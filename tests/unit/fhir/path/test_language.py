"""What the operators and functions answer, beyond the published cases: FHIRPath N1 sections 4 to 7."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from charthouse.fhir import path
from charthouse.fhir.definitions import load
from charthouse.fhir.path import Item
from tests.unit.fhir.path.ask import PATIENT, refusal, typed, values


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        # three-valued logic and singleton evaluation
        ("{} or true", [True]),
        ("{} and true", []),
        ("name.exists() and active", [True]),
        ("name.first() and true", [True]),
        # equality
        ("1 = 1.0", [True]),
        ("1 = '1'", [False]),
        ("true = 1", [False]),
        ("name.given = name.given", [True]),
        ("@2012 = @2012-01", []),
        ("@2012-01-01T10:00Z = @2012-01-01T11:00+01:00", [True]),
        ("@2012-01-01T10:00Z = @2012-01-05T10:00", [False]),
        ("birthDate = @1974-12-25", [True]),
        ("birthDate = '1974-12-25'", [False]),
        ("1 'mg' = 1 'mg'", [True]),
        ("1 'mg' = 1 'kg'", []),
        ("1 year = 12 months", [True]),
        ("1 'a' = 1 year", []),
        ("1 'a' ~ 1 year", [True]),
        ("24 hours = 1 'd'", [True]),
        ("'A  b' ~ 'a B'", [True]),
        ("1.10 ~ 1.1", [True]),
        # order
        ("@2012-01 < @2012-02-01", [True]),
        ("@2012-01 < @2012-01-15", []),
        ("@T10:00 < @T10:00:30", []),
        ("3 days > 2 days", [True]),
        ("birthDate < @1980", [True]),
        # collections
        ("(1 | 2 | 2).count()", [2]),
        ("1.combine(1).count()", [2]),
        ("(1 | 2) in (1 | 2)", None),
        ("2 in (1 | 2)", [True]),
        ("{} in (1 | 2)", []),
        ("1 in {}", [False]),
        ("(3 | 1 | 2).sort()", [1, 2, 3]),
        ("(1 | 2 | 3).intersect(3 | 1)", [1, 3]),
        ("name.given.skip(1).take(2)", ["James", "Jim"]),
        ("name[5]", []),
        ("name[-1]", []),
        ("(1 | 2 | 3).where($this > $index + 1)", []),
        ("('a' | 'b').select($index)", [0, 1]),
        ("(1 | 2 | 3).aggregate($total + $this, 0)", [6]),
        ("name.select(given.first())", ["Peter", "Jim"]),
        ("(1 | 2 | 3).all($this > 0)", [True]),
        ("{}.all(false)", [True]),
        # arithmetic
        ("7 div 2", [3]),
        ("-7 mod 2", [-1]),
        ("5 / 2", [Decimal("2.5")]),
        ("1 / 0", []),
        ("2147483647 + 1", []),
        ("2.power(40)", []),
        ("(-1).sqrt()", []),
        ("@2020-01-31 + 1 month", ["2020-02-29"]),
        ("@2020-02-29 - 1 year", ["2019-02-28"]),
        ("@2020 + 13 months", ["2021"]),
        ("@2020 + 364 days", ["2020"]),
        ("@2020-01 + 31 days", ["2020-02"]),
        ("@2020-01-01T23:59:59.500Z + 500 milliseconds", ["2020-01-02T00:00:00.000Z"]),
        ("@2020-01-01T10:00+02:00 + 90 minutes", ["2020-01-01T11:30+02:00"]),
        ("@T23:30 + 1 hour", ["00:30"]),
        ("@9999-12-31 + 1 day", []),
        ("@0001-01-01 - 1 day", []),
        ("'a' + 'b'", ["ab"]),
        ("'a' & {}", ["a"]),
        ("'a' + {}", []),
        # conversion
        ("'1.0'.toInteger()", []),
        ("'yes'.toBoolean()", [True]),
        ("'2014-01-01T10:00'.toDate()", ["2014-01-01"]),
        ("'4 days'.toQuantity().toString()", ["4 days"]),
        ("1.5.toString()", ["1.5"]),
        ("iif(name.empty(), 1 / 0, 'named')", ["named"]),
        ("{}.iif($this.exists(), 'some', 'none')", ["none"]),
        ("{}.iif(empty(), 'none', 1 / 0)", ["none"]),
        ("{}.iif(true, name)", []),
        ("{}.iif(true, %context.name.given.count())", [4]),
        ("name.where(false).iif(true, given | $this | Patient.name)", []),
        ("name.where(false).iif(exists(), 1, $this.iif($this.empty(), 'none within', 2))", ["none within"]),
        ("name.first().iif(given.exists(), given.first(), 'x')", ["Peter"]),
        ("name.select(where(false).iif(true, family | id))", []),
        # strings
        ("'abc'.substring(1, {})", ["bc"]),
        ("'abc'.substring(3)", []),
        ("'a.b'.replaceMatches('(?<x>.)\\\\.', '${x}-')", ["a-b"]),
        ("'ab'.toChars()", ["a", "b"]),
        # the tree
        ("name.given.count()", [4]),
        ("name.given.where(hasValue()).count()", [3]),
        ("name.given.extension('urn:x').value", ["masked"]),
        ("birthDate.extension('urn:time').value", ["1974-12-25T14:35:45-05:00"]),
        ("birthDate.hasExtension('urn:time')", [True]),
        ("birthDate.value is System.Date", [True]),
        ("birthDate.children().count()", [1]),
        ("contained.name", ["Inside"]),
        ("contained.ofType(Organization).id", ["o1"]),
        ("descendants().ofType(Coding)", []),
        ("managingOrganization.resolve().name", ["Inside"]),
        ("deceased is boolean", [True]),
        ("deceased.not()", [True]),
        ("name.type().name.distinct()", ["HumanName"]),
        ("Resource.id", ["p1"]),
        ("Observation.status", []),
        ("nothing.at.all", []),
    ],
)  # fmt: skip
def test_expressions_answer_as_the_standard_says(expression: str, expected: list[Any] | None) -> None:
    if expected is None:
        refusal(expression)
        return
    found = values(expression)
    assert found == expected
    assert [type(value) for value in found] == [type(value) for value in expected]


@pytest.mark.parametrize(
    ("expression", "word"),
    [
        ("name.nonsense()", "no function"),
        ("name.wher(use = 'x')", "where()"),
        ("name.where()", "takes 1 arguments"),
        ("name.single()", "found 2"),
        ("name.given + 'x'", "needs one item"),
        ("1 + 'x'", "no meaning"),
        ("1 < 'x'", "no order"),
        ("name < 1", "needs one item"),
        ("name.first() < 1", "got HumanName"),
        ("name is Patiënt", "no meaning"),
        ("name is Pateint", "Is Patient meant"),
        ("birthDate + 1 'mg'", "no time span"),
        ("birthDate + 1 'mo'", "no time span"),
        ("%unknown", "%unknown"),
        ("'x'.matches('(')", "no regular expression"),
        ("name.exists(given)", "needs one"),
        ("active.memberOf('urn:v')", "terminology"),
        ("conformsTo('http://trash')", "not known"),
        ("1.startsWith('x')", "a string"),
        ("-'x'", "number"),
        ("(1 | 'x').allTrue()", "true or false"),
        ("'x'.encode('rot13')", "base64"),
    ],
)  # fmt: skip
def test_what_has_no_meaning_is_refused_in_plain_words(expression: str, word: str) -> None:
    assert word in str(refusal(expression))


@pytest.mark.parametrize(
    ("expression", "word"),
    [
        ("Patient.name.givn", "given"),
        ("Patient.deceasedBoolean", "deceased.ofType(boolean)"),
        ("Observation.status", "never Observation"),
        ("children().first()", "no order"),
        ("name.as(HumanName)", "ofType"),
        ("iif('x', 1, 2)", "never true or false"),
    ],
)
def test_strictness_refuses_what_can_be_seen_to_be_wrong(expression: str, word: str) -> None:
    assert word in str(refusal(expression, strict=True))
    values(expression)


def test_items_know_their_place() -> None:
    def places(text: str) -> list[str]:
        return [item.place() for item in path.compile(text, "Patient", load()).items(PATIENT)]

    assert places("name.given") == [
        "Patient.name[0].given[0]",
        "Patient.name[0].given[1]",
        "Patient.name[1].given[0]",
        "Patient.name[1].given[1]",
    ]
    assert places("deceased") == ["Patient.deceased"]
    assert places("birthDate.extension.value") == ["Patient.birthDate.extension[0].value"]
    assert places("contained.name") == ["Patient.contained[0].name"]


def test_values_that_are_only_extensions_are_items_but_no_results() -> None:
    expression = path.compile("name.given", "Patient", load())
    items = expression.items(PATIENT)
    assert [item.value for item in items] == ["Peter", "James", "Jim", None]
    assert items[3].extra == {"extension": [{"url": "urn:x", "valueCode": "masked"}]}
    assert expression.values(PATIENT) == ["Peter", "James", "Jim"]


def test_an_expression_can_go_on_from_a_part_of_a_resource() -> None:
    name = path.compile("name[0]", "Patient", load()).items(PATIENT)[0]
    assert (
        path.compile("given.last()", "HumanName", load()).items(name)[0].place() == "Patient.name[0].given[1]"
    )
    assert path.compile("$this.length() > 3", "string", load()).truth(Item("abcd", "string")) is True
    assert (
        path.compile("code.exists() or text.exists()", "Observation.component", load()).truth({"code": {}})
        is True
    )


def test_quantities_of_fhir_compare_with_quantities_of_the_language() -> None:
    ucum = {"value": Decimal("5.0"), "system": "http://unitsofmeasure.org", "code": "mg"}
    tree = {"resourceType": "Observation", "valueQuantity": ucum}
    assert values("value = 5 'mg'", tree) == [True]
    assert values("value > 4 'mg'", tree) == [True]
    assert values("(value as Quantity) = value", tree) == [True]
    assert values("value > 4 'kg'", tree) == []
    assert values("value > 4 'mg'", {**tree, "valueQuantity": {**ucum, "comparator": "<"}}) == []
    years = {"value": 30, "system": "http://unitsofmeasure.org", "code": "a"}
    onset = {"resourceType": "Condition", "onsetAge": years}
    assert values("onset > 18 years", onset) == [True]


def test_computed_quantities_and_dates_come_out_as_fhir() -> None:
    unit = {"system": "http://unitsofmeasure.org"}
    assert typed("1.50 'mg'") == [
        ({"value": Decimal("1.50"), "unit": "mg", **unit, "code": "mg"}, "Quantity")
    ]
    assert typed("2 days") == [({"value": Decimal(2), "unit": "day", **unit, "code": "d"}, "Quantity")]
    assert typed("@T10:30") == [("10:30", "time")]
    assert typed("birthDate + 1 day") == [("1974-12-26", "date")]


def test_html_checks_pass_formatting_and_refuse_scripts() -> None:
    for div, is_allowed in {
        '<div xmlns="http://www.w3.org/1999/xhtml"><p style="color: red">a <b>b</b> &nbsp;</p></div>': True,
        '<div><a href="https://x.example">x</a><img src="data:image/png;base64,x"/></div>': True,
        "<div> </div>": False,
        "<p>a</p>": False,
        "<div>a<script>b</script></div>": False,
        '<div onclick="x()">a</div>': False,
        '<div><a href="javascript:x()">a</a></div>': False,
        "<div>a<b></div>": False,
        "<div>a</div><div>b</div>": False,
        "<div><video>a</video></div>": False,
    }.items():
        tree = {"resourceType": "Patient", "text": {"status": "generated", "div": div}}
        assert values("text.div.htmlChecks()", tree) == [is_allowed], div
