"""Parsing and dumping: nothing of a resource is lost, and nothing unsound gets in."""

from __future__ import annotations

import contextlib
import copy
import json
import pickle
import time
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from charthouse.base.errors import Category, Problem
from charthouse.fhir.resource import MAX_DEPTH, dump, number, parse


def refusal(body: bytes) -> Problem:
    with pytest.raises(Problem) as caught:
        parse(body)
    assert caught.value.category is Category.INVALID
    return caught.value


NUMBERS = st.from_regex(r"\A-?(0|[1-9][0-9]{0,24})(\.[0-9]{1,12})?([eE][+-]?[0-9]{1,3})?\Z")
TEXTS = st.text(st.characters(codec="utf-8"), max_size=30) | st.sampled_from(
    ['"', "\\", '":', "[-0, 1]", "{[", "]}", '\\"', "-0", '{"a":1,"a":2}', "\u2028", "😀", "NaN"]
)


@st.composite
def json_texts(draw: st.DrawFn) -> str:
    """JSON as people write it: any white space, any escapes, any form of number."""
    space = st.sampled_from(["", " ", "\n", "\t", " \r\n "])

    def value(depth: int) -> str:
        kind = draw(st.integers(0, 5 if depth < 4 else 3))
        if kind == 0:
            return draw(NUMBERS)
        if kind == 1:
            return draw(st.sampled_from(["true", "false", "null"]))
        if kind in (2, 3):
            return json.dumps(draw(TEXTS), ensure_ascii=draw(st.booleans()))
        items = [value(depth + 1) for _ in range(draw(st.integers(0, 3)))]
        if kind == 4:
            return "[" + draw(space) + ("," + draw(space)).join(items) + draw(space) + "]"
        return members(items)

    def members(items: list[str]) -> str:
        names = draw(st.lists(TEXTS, min_size=len(items), max_size=len(items), unique=True))
        pairs = [
            json.dumps(name) + draw(space) + ":" + draw(space) + item
            for name, item in zip(names, items, strict=True)
        ]
        return "{" + draw(space) + ("," + draw(space)).join(pairs) + draw(space) + "}"

    return members([value(1) for _ in range(draw(st.integers(0, 4)))])


def as_written(text: str) -> Any:
    """The content of JSON with each number as its text, by the standard library."""
    return json.loads(
        text, parse_int=lambda digits: ("number", digits), parse_float=lambda digits: ("number", digits)
    )


@settings(max_examples=200, deadline=None)
@given(json_texts())
def test_what_is_parsed_is_dumped_with_every_digit_and_character(text: str) -> None:
    assert as_written(dump(parse(text.encode())).decode()) == as_written(text)


@pytest.mark.parametrize(
    "digits",
    [
        "72.50", "1.0e2", "1.0E2", "1E+2", "1e-8", "0.00000001", "-0", "-0.0", "-0e0", "0", "0.0", "100.0",
        "123456789012345678901234567890", "18446744073709551616", "-9223372036854775809", "0.1000000000000000055",
        "1e-0", "1" * 400,
    ],
)  # fmt: skip
def test_a_number_keeps_its_digits(digits: str) -> None:
    body = f'{{"v":{digits},"w":[{digits},{digits}]}}'.encode()
    tree = parse(body)
    assert dump(tree) == body
    assert dump(copy.deepcopy(tree)) == body
    assert dump(pickle.loads(pickle.dumps(tree))) == body
    assert Decimal(tree["v"]) == Decimal(digits)
    assert dump(number(digits)) == digits.encode()


def test_a_minus_zero_inside_a_string_stays_as_it_is() -> None:
    body = b'{"a":"range [-0, 5]","b":-0,"c":"x:-0}","d":[ -0 ,1e-0],"e":"\\",-0,"}'
    assert dump(parse(body)) == body.replace(b"[ -0 ,1e-0]", b"[-0,1e-0]")


@pytest.mark.parametrize(
    "text", ["", " ", "x", "true", "null", '"1"', "[]", "NaN", "Infinity", "1e99999999999999999999"]
)
def test_number_refuses_what_is_no_json_number(text: str) -> None:
    with pytest.raises(ValueError):
        number(text)


@pytest.mark.parametrize(
    ("body", "place"),
    [
        (b'{"a":1,"a":2}', "a"),
        (b'{"a" :1,"a":2}', "a"),
        (b'{"a":1,"a":2,"b":"\\u0022:"}', "a"),
        (b'{"a":1,"a":2,"b":"\\u0022\\u0022"}', "a"),
        (b'{"a":1,"\\u0061":1}', "a"),
        (
            b'{"resourceType":"Patient","name":[{"x":1},{"family":"A","family":"A"}]}',
            "Patient.name[1].family",
        ),
    ],
)
def test_a_duplicate_key_is_refused_and_names_the_key(body: bytes, place: str) -> None:
    issue = refusal(body).issues[0]
    assert issue.place == place
    assert issue.value == place.rpartition(".")[2]
    assert "twice" in issue.message


@given(st.dictionaries(TEXTS, TEXTS, min_size=1, max_size=5), st.data())
def test_any_key_given_twice_is_refused(tree: dict[str, str], data: st.DataObject) -> None:
    key = data.draw(st.sampled_from(sorted(tree)))
    body = (json.dumps(tree)[:-1] + f",{json.dumps(key, ensure_ascii=False)}:1}}").encode()
    assert refusal(body).issues[0].value == key


@pytest.mark.parametrize("word", ["NaN", "Infinity", "-Infinity"])
def test_what_is_not_a_number_is_refused_with_its_place(word: str) -> None:
    issue = refusal(f'{{"NaN":"Infinity",\n "v": {word}}}'.encode()).issues[0]
    assert (issue.code, issue.value, issue.place) == ("value", word, "line 2, column 7")


@pytest.mark.parametrize("digits", ["9" * 5000, "1e99999999999999999999", "1e-99999999999999999999"])
def test_a_number_beyond_any_machine_is_refused(digits: str) -> None:
    issue = refusal(f'{{"v":{digits}}}'.encode()).issues[0]
    assert issue.place == "line 1, column 6"
    assert "too large" in issue.message


@pytest.mark.parametrize(
    ("body", "where"),
    [
        (b'{"a":"\xff"}', "byte 6 (line 1)"),
        (b'{"a":1,\n"b":"\xed\xa0\x80"}', "byte 13 (line 2)"),
        (b'{"a":"\xc0\xaf"}', "byte 6 (line 1)"),
        ('{"a":1}'.encode("utf-16"), "byte 0 (line 1)"),
    ],
)
def test_invalid_utf8_is_refused_with_byte_and_line(body: bytes, where: str) -> None:
    assert where in refusal(body).issues[0].message


def test_a_byte_order_mark_is_passed_over() -> None:
    assert parse(b'\xef\xbb\xbf{"a":"\xef\xbb\xbf"}') == {"a": "\ufeff"}


def test_an_escaped_surrogate_pair_is_one_character_and_a_half_is_refused() -> None:
    assert parse(b'{"a":"\\ud83d\\ude00"}') == {"a": "😀"}
    for half in ("\\ud83d", "\\ude00", "\\ud83dx", "\\ude00\\ud83d"):
        assert "half" in refusal(f'{{"a":"{half}"}}'.encode()).issues[0].message


@pytest.mark.parametrize(
    ("body", "place", "value"),
    [
        (b"", "line 1, column 1", "end of content"),
        (b'{"a":1} x', "line 1, column 9", "x"),
        (b'{"a":\n  tru}', "line 2, column 3", "tru}"),
        (b'{"a":"x\ny"}', "line 1, column 8", '\ny"}'),
        (b'{"a":01}', "line 1, column 7", "1}"),
        (b'{"a":1,}', None, None),
        (b"{'a':1}", "line 1, column 2", "'a':1}"),
    ],
)
def test_malformed_json_is_refused_with_line_column_and_what_was_found(
    body: bytes, place: str | None, value: str | None
) -> None:
    issue = refusal(body).issues[0]
    assert issue.place
    assert issue.place.startswith("line ")
    if place is not None:
        assert (issue.place, issue.value) == (place, value)


@pytest.mark.parametrize("body", [b"[1]", b'"text"', b"17", b"null", b"true"])
def test_a_top_level_that_is_no_object_is_refused(body: bytes) -> None:
    issue = refusal(body).issues[0]
    assert "JSON object" in issue.message
    assert issue.value == body.decode()


def chain(levels: int, open_: str = '{"a":', close: str = "}") -> bytes:
    return (open_ * levels + "1" + close * levels).encode()


def test_nesting_is_allowed_up_to_the_limit_and_not_one_level_more() -> None:
    mixed = '{"a":[', "]}"
    assert dump(parse(chain(MAX_DEPTH))) == chain(MAX_DEPTH)
    assert dump(parse(chain(MAX_DEPTH // 2, *mixed))) == chain(MAX_DEPTH // 2, *mixed)
    for body in (chain(MAX_DEPTH + 1), b'{"a":' + chain(MAX_DEPTH // 2, *mixed) + b"}"):
        assert "levels deep" in refusal(body).issues[0].message


@pytest.mark.parametrize("levels", [MAX_DEPTH + 1, 2000, 200_000])
def test_a_bomb_hidden_by_brackets_in_strings_is_refused(levels: int) -> None:
    hidden = b'{"a":' + b'["]",' * levels + b"1" + b',"["]' * levels + b"}"
    escaped = b'{"a":' + b'["\\"]\\\\",' * levels + b"1" + b',"[\\\\\\""]' * levels + b"}"
    unclosed = b'{"a":' + b"[" * levels
    for body in (hidden, escaped):
        assert "levels deep" in refusal(body).issues[0].message
    assert refusal(unclosed).issues[0].code == "structure"


@pytest.mark.parametrize("text", ["[" * 500, "[" * 500 + "]" * 500, "}{" * 300, '\\"[' * 300])
def test_brackets_inside_a_string_are_only_text(text: str) -> None:
    body = json.dumps({"a": [{"text": text}] * 3}).encode()
    assert parse(body) == {"a": [{"text": text}] * 3}


@given(
    st.recursive(TEXTS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3))
)
def test_depth_is_counted_by_nesting_alone(value: Any) -> None:
    def depth(found: Any) -> int:
        inner = found.values() if isinstance(found, dict) else found if isinstance(found, list) else ()
        return (1 if isinstance(found, dict | list) else 0) + max(map(depth, inner), default=0)

    padding = MAX_DEPTH - 1 - depth(value)
    fits = {"a": json.loads("[" * padding + "]" * padding)}
    body = json.dumps(fits, ensure_ascii=False).replace("[]", f"[{json.dumps(value)}]", 1).encode()
    assert dump(parse(body)) == dump(json.loads(body))
    assert "levels deep" in refusal(b'{"b":' + body + b"}").issues[0].message


def test_a_large_bomb_is_refused_in_time_that_grows_with_its_size_only() -> None:
    wide = b'{"a":[' + b",".join([chain(MAX_DEPTH - 3)] * 2000) + b"]}"
    started = time.perf_counter()
    parse(wide)
    assert time.perf_counter() - started < 5
    started = time.perf_counter()
    refusal(b'{"a":[' + b",".join([chain(MAX_DEPTH)] * 2000) + b"]}")
    assert time.perf_counter() - started < 5


PIECES = [
    b'"',
    b"\\",
    b"{",
    b"}",
    b"[",
    b"]",
    b":",
    b",",
    b"-0",
    b"1e999",
    b"NaN",
    b"\\ud800",
    b"\xff",
    b"\x00",
    b"9" * 30,
]
SAMPLE = b'{"resourceType":"Patient","name":[{"given":["A","B"],"_given":[null,{"id":"g"}]}],"v":[-0,72.50]}'


@settings(max_examples=300)
@given(
    st.lists(st.tuples(st.integers(0, len(SAMPLE)), st.integers(0, 6), st.sampled_from(PIECES)), max_size=4)
)
def test_a_damaged_body_is_parsed_or_refused_and_nothing_else(cuts: list[tuple[int, int, bytes]]) -> None:
    body = SAMPLE
    for at, length, piece in cuts:
        body = body[:at] + piece + body[at + length :]
    with contextlib.suppress(Problem):
        assert as_written(dump(parse(body)).decode()) == as_written(body.decode())
