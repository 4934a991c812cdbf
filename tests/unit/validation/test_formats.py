"""The forms of primitive values (R4 datatypes.html#primitive)."""

from __future__ import annotations

import base64
import calendar
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from charthouse.fhir.definitions import load
from charthouse.validation.formats import MAX_STRING, rule
from charthouse.validation.scene import Scene


def fails(name: str, value: Any) -> str | None:
    """The message of the finding, or None for a good value."""
    found = rule(name)(value, None, 0, Scene(None))
    if found is None:
        return None
    assert len(found) == 1
    assert found[0].place == ""
    return found[0].message


GOOD: dict[str, list[Any]] = {
    "date": ["1905", "2024-02", "2024-02-29", "2000-02-29", "0001-01-01", "9999-12-31"],
    "dateTime": [
        "2024", "2024-02", "2024-02-29", "2015-02-07T13:28:17Z", "2015-02-07T13:28:17.239-05:00",
        "2016-12-31T23:59:60Z", "2015-02-07T00:00:00+14:00", "2015-02-07T13:28:17.123456789Z",
    ],
    "instant": ["2015-02-07T13:28:17.239+02:00", "2017-01-01T00:00:00Z"],
    "time": ["00:00:00", "23:59:60", "12:30:00.5"],
    "id": ["a", "A.1-b", "0" * 64],
    "oid": ["urn:oid:0.1", "urn:oid:1.2.3.0", "urn:oid:2.16.840.1.113883.6.96"],
    "uuid": ["urn:uuid:c757873d-ec9a-4326-a141-556f43239520"],
    "code": ["a", "a b", "é", "http://x", "a-b_c+d"],
    "uri": ["http://a/b?c=d#e", "urn:oid:1.2", "é", "a"],
    "base64Binary": ["QQ==", "QUI=", "QUJD", "QU JD\r\nQUJD"],
    "string": ["a", " a ", "a\tb\r\nc", "\u00a0a", "x" * MAX_STRING, "é\u2028", "\x7f"],
    "markdown": ["*a*", "a\n\nb"],
    "boolean": [True, False],
    "integer": [0, -1, 2**31 - 1, -(2**31)],
    "unsignedInt": [0, 2**31 - 1],
    "positiveInt": [1, 2**31 - 1],
    "decimal": [0, -5, 10**30, Decimal("72.50"), Decimal("-0.0"), Decimal("1E-8"), Decimal("1E+300")],
}  # fmt: skip
BAD: dict[str, list[Any]] = {
    "date": [
        "", "24", "0000", "2024-13", "2024-00", "2024-2", "2024-02-30", "2023-02-29", "1900-02-29", "2024-04-31",
        "2024-02-29T00:00:00Z", "2024-01-00", "2024-01-32", "2024/01/01", " 2024", "2024-01-01\n", "٢٠٢٤", 2024,
    ],
    "dateTime": [
        "2024-02-29T10", "2024-02-29T10:00", "2024-02-29T10:00Z", "2024-02-29T10:00:00", "2023-02-29T10:00:00Z",
        "2024-02-29T24:00:00Z", "2024-02-29 10:00:00Z", "2024-02-29T10:00:00+15:00", "2024-02-29T10:00:00z",
        "2024-02-29T10:60:00Z", "2024-02T10:00:00Z", "2024-02-29T10:00:00.Z",
    ],
    "instant": ["2024", "2024-02-29", "2024-02-29T10:00:00", "2023-02-29T10:00:00Z", "2024-02-29T10:00Z"],
    "time": ["24:00:00", "10:00", "10:00:00Z", "1:00:00"],
    "id": ["", "a b", "a_b", "x" * 65, "é", "a/b", "#a", "a\n"],
    "oid": ["1.2.3", "urn:oid:3.1", "urn:oid:1", "urn:oid:1.02", "urn:oid:1.2."],
    "uuid": [
        "c757873d-ec9a-4326-a141-556f43239520", "urn:uuid:C757873D-ec9a-4326-a141-556f43239520", "urn:uuid:c757873d",
    ],
    "code": ["", " a", "a ", "a  b", "a\x00b", "\u2003"],
    "uri": ["", "a b", "a\n", " a", "a\x01"],
    "url": ["a b"],
    "canonical": ["a b"],
    "base64Binary": ["", "   ", "Q", "QQ", "QQ=", "Q===", "QQ==QQ==", "a-_b", "é", "QQ==!"],
    "string": ["", " ", "\t\n", "a\x00", "a\x1f", "a\x0b", "a\ud83d", "a\uffff", "x" * (MAX_STRING + 1)],
    "markdown": ["", "\x0c"],
    "boolean": ["true", 0, 1, "", None],
    "integer": [2**31, -(2**31) - 1, Decimal("1.0"), "1", True],
    "unsignedInt": [-1, 2**31],
    "positiveInt": [0, -1, 2**31],
    "decimal": ["1", True, Decimal("1E+401"), Decimal("1E-401"), Decimal("NaN"), Decimal("Infinity")],
}  # fmt: skip


@pytest.mark.parametrize(
    ("name", "value"), [(name, value) for name, values in GOOD.items() for value in values]
)
def test_a_good_value_passes(name: str, value: Any) -> None:
    assert fails(name, value) is None


@pytest.mark.parametrize(
    ("name", "value"), [(name, value) for name, values in BAD.items() for value in values]
)
def test_a_bad_value_is_refused(name: str, value: Any) -> None:
    assert fails(name, value)


@pytest.mark.parametrize("value", [None, {}, [], [1], {"a": 1}])
def test_null_objects_and_arrays_are_values_of_no_type(value: Any) -> None:
    for name in (*GOOD, "xhtml"):
        assert fails(name, value)


def test_every_primitive_type_of_the_definitions_has_its_own_rule() -> None:
    definitions = load()
    names = [name for name in definitions.type_names if definitions.type(name).kind == "primitive-type"]
    assert len(names) == 20
    assert set(names) == {*GOOD, "url", "canonical", "xhtml"}


@given(st.integers(1, 9999), st.integers(1, 12), st.integers(1, 31))
def test_a_date_passes_exactly_if_the_calendar_has_it(year: int, month: int, day: int) -> None:
    is_real = day <= calendar.monthrange(year, month)[1]
    text = f"{year:04d}-{month:02d}-{day:02d}"
    assert (fails("date", text) is None) == is_real
    assert (fails("dateTime", text + "T00:00:00Z") is None) == is_real
    if is_real:
        assert date.fromisoformat(text).day == day


@given(st.binary(min_size=1, max_size=200))
def test_whatever_is_encoded_as_base64_passes_and_a_lost_character_is_noticed(content: bytes) -> None:
    text = base64.b64encode(content).decode()
    assert fails("base64Binary", text) is None
    assert fails("base64Binary", text[:-1])


@given(st.text(min_size=1, max_size=50))
def test_a_string_passes_exactly_if_fhir_and_xml_can_hold_it(text: str) -> None:
    allowed = all(
        c in "\t\n\r" or (c >= " " and not "\ud800" <= c <= "\udfff" and c not in "\ufffe\uffff")
        for c in text
    )
    assert (fails("string", text) is None) == (allowed and not text.isspace())


DIV = '<div xmlns="http://www.w3.org/1999/xhtml">'


@pytest.mark.parametrize(
    "div",
    [
        f"{DIV}a</div>", "<div>a&nbsp;b</div>", f"\n{DIV}<a href='#x'>a</a><img src='a.png' alt=''/></div>\n",
        f"{DIV}<style>p {{}}</style></div>", "<div/>",
    ],
)  # fmt: skip
def test_a_sound_narrative_passes(div: str) -> None:
    assert fails("xhtml", div) is None


@pytest.mark.parametrize(
    ("div", "word"),
    [
        ("", "empty"),
        ("text", "<div"),
        ("<p>a</p>", "<div"),
        ("<divx/>", "<div"),
        (f"{DIV}<b></div>", "mismatched tag"),
        (f"{DIV}&frobnicate;</div>", "undefined entity"),
        (f"{DIV}</div><div/>", "well-formed"),
        (f"{DIV}<script>alert(1)</script></div>", "<script>"),
        (f"{DIV}<SCRIPT>alert(1)</SCRIPT></div>", "<SCRIPT>"),
        (f"{DIV}<x:script xmlns:x='http://www.w3.org/1999/xhtml'/></div>", "<script>"),
        (f"{DIV}<p onclick='a()'/></div>", "onclick"),
        (f"{DIV}<a href=' JavaScript:a()'/></div>", "href"),
        (f"{DIV}<iframe src='x'/></div>", "<iframe>"),
        (f"{DIV}<form/></div>", "<form>"),
        (f"{DIV}<svg xmlns='http://www.w3.org/2000/svg'/></div>", "namespace"),
        ("<div xmlns='urn:x'/>", "namespace"),
        (f"{DIV}<?go x?></div>", "processing instruction"),
        (f"{DIV}a\x00</div>", "U+0000"),
        (f"{DIV}\ud83d</div>", "U+D83D"),
        (f"{DIV}{'<b>' * 5000}{'</b>' * 5000}</div>", "levels deep"),
    ],
)
def test_an_unsound_narrative_is_refused_with_its_reason(div: str, word: str) -> None:
    assert word in (fails("xhtml", div) or "")
