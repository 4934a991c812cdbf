"""A resource as the record keeps it: bytes first, a parsed tree only when somebody looks.

JSON decimals keep their digits (R4 json.html#decimal): a decimal in a tree is a
`decimal.Decimal`, and a text that `Decimal` would write differently travels with it.
"""

from __future__ import annotations

import json
import re
from array import array
from decimal import Decimal
from itertools import accumulate
from typing import Any, Final

import msgspec

from charthouse.base.errors import Problem, invalid, shorten

Tree = dict[str, Any]

MAX_DEPTH: Final = 200
_NOT_MARKS: Final = bytes(byte for byte in range(256) if byte not in b'[]{}"')
_STEPS: Final = bytes.maketrans(b"[{]}", b"\x01\x01\xff\xff")
_PLAIN_PASSES: Final = 16
_TOKEN: Final = re.compile(rb'"(?:[^"\\]|\\.)*"|(?<![eE])-0(?=[\s,\]}])', re.DOTALL)
_WORD: Final = re.compile(r'"(?:[^"\\]|\\.)*"|-?[A-Za-z0-9][A-Za-z0-9.+-]*', re.DOTALL)
_MINUS_ZERO: Final = re.compile(rb"-0(?=[\s,\]}])")
_MINUS_ZERO_MARK: Final = "-0e-00000000000000000000"  # decimal to the decoder, written by nobody
_HALF: Final = re.compile("[\ud800-\udfff]")


class ExactDecimal(Decimal):
    """A decimal whose written form `Decimal` alone would not give back, e.g. `1.0e2`."""

    text: str

    def __reduce__(self) -> tuple[Any, ...]:
        return _decimal, (self.text,)


def _decimal(text: str) -> Decimal:
    text = "-0" if text == _MINUS_ZERO_MARK else text
    number = Decimal(text)
    if str(number) == text and text != "-0":
        return number
    exact = ExactDecimal(text)
    exact.text = text
    return exact


def _exact(value: object) -> msgspec.Raw:
    if isinstance(value, ExactDecimal):
        return msgspec.Raw(value.text.encode())
    raise TypeError(f"{type(value).__name__} has no place in a resource")


_decoder = msgspec.json.Decoder(float_hook=_decimal)
_encoder = msgspec.json.Encoder(decimal_format="number", enc_hook=_exact)


def dump(tree: Any) -> bytes:
    """Compact JSON of `tree`; array order and decimal text as parsed."""
    return _encoder.encode(tree)


def number(text: str) -> int | Decimal:
    """The number that the JSON text `text` means, its digits kept as `parse` keeps them.

    Raises ValueError when `text` is not a JSON number or no machine could hold it.
    """
    if text == "-0":
        return _decimal(text)
    try:
        found = _decoder.decode(text)
        _encoder.encode(found)
    except (msgspec.DecodeError, ArithmeticError) as error:
        raise ValueError(str(error)) from None
    if type(found) is int or isinstance(found, Decimal):
        return found
    raise ValueError(f"{text} is not a number")


def parse(body: bytes) -> Tree:
    """The tree of one resource.

    Raises `Problem(invalid)` naming line, column or key for: text that is not UTF-8 JSON,
    NaN and infinities, numbers beyond any machine, a key given twice, nesting deeper than
    `MAX_DEPTH`, a top level that is not an object.
    """
    if body.startswith(b"\xef\xbb\xbf"):
        body = body[3:]
    sent = body
    if _MINUS_ZERO.search(body):
        body = _TOKEN.sub(_mark_minus_zero, body)  # an integer would lose the sign
    try:
        tree = _decoder.decode(body)
        if not isinstance(tree, dict):
            raise invalid("structure", "A FHIR resource is a JSON object.", value=_start(sent))
        # Who takes a Bundle apart checks each resource in it, and its depth, by itself.
        if tree.get("resourceType") != "Bundle" and _is_deep(body):
            raise too_deep()
        # A dropped twin takes its quotes along; only \u0022 could make up for them.
        if b"\\u0022" in body or body.count(b'"') != dump(tree).count(b'"'):
            _refuse_twins(body)
    except (msgspec.DecodeError, RecursionError, ValueError, ArithmeticError) as error:
        raise _explain(sent, error) from None
    return tree


def too_deep() -> Problem:
    """The answer to content that is nested beyond `MAX_DEPTH`."""
    return invalid(
        "structure",
        f"The content is nested more than {MAX_DEPTH} levels deep.",
        repair="Send resources as the FHIR specification shapes them.",
    )


def _start(body: bytes) -> str:
    return body[:40].decode("utf-8", "replace")


def _mark_minus_zero(token: re.Match[bytes]) -> bytes:
    found = token[0]
    return found if found[0] == 0x22 else _MINUS_ZERO_MARK.encode()


def _is_deep(body: bytes) -> bool:
    """Whether brackets outside strings nest beyond `MAX_DEPTH`; C code in linear time."""
    if body.count(b"{") + body.count(b"[") <= MAX_DEPTH:
        return False
    if b"\\" in body:
        body = body.replace(b"\\\\", b"").replace(b'\\"', b"")
    marks = b"".join(body.translate(None, _NOT_MARKS).split(b'"')[::2])
    rest = marks
    for _ in range(_PLAIN_PASSES):
        rest = rest.replace(b"{}", b"").replace(b"[]", b"")
        if not rest:
            return False
    return max(accumulate(array("b", marks.translate(_STEPS)))) > MAX_DEPTH


class _Pairs(list[tuple[str, Any]]):
    """An object as written, before a key given twice is lost."""


def _refuse_twins(body: bytes) -> None:
    """Raise if any object holds the same key twice (RFC 8259 leaves it open, FHIR forbids it)."""
    root_value = json.loads(body, object_pairs_hook=_Pairs, parse_int=str, parse_float=str)
    waiting: list[tuple[str, Any]] = [("", root_value)]
    while waiting:
        place, value = waiting.pop()
        if isinstance(value, _Pairs):
            seen: set[str] = set()
            root = place or next((str(inner) for key, inner in value if key == "resourceType"), "")
            for key, inner in value:
                inside = f"{root}.{key}".lstrip(".")
                if key in seen:
                    raise invalid(
                        "structure",
                        f'The property "{key}" is given twice in one object.',
                        place=inside,
                        value=key,
                        repair="Keep one of the two.",
                    )
                seen.add(key)
                waiting.append((inside, inner))
        elif isinstance(value, list):
            waiting.extend((f"{place}[{index}]", inner) for index, inner in enumerate(value))


def _explain(body: bytes, error: Exception) -> Problem:
    """The same failure with line, column and the text found there."""
    try:
        text = body.decode("utf-8")
    except UnicodeDecodeError as failure:
        line = body.count(b"\n", 0, failure.start) + 1
        return invalid(
            "structure",
            f"The content is not valid UTF-8 at byte {failure.start} (line {line}).",
            place=f"line {line}",
            value=body[failure.start : failure.start + 4].hex(" "),
            repair="Send UTF-8.",
        )
    try:
        tree = json.loads(text, parse_int=_countable, parse_float=_countable, parse_constant=_no_constant)
    except json.JSONDecodeError as failure:
        found = text[failure.pos : failure.pos + 20]
        return invalid(
            "structure",
            f"The content is not JSON: {failure.msg} at {_spot(text, failure.pos)}.",
            place=_spot(text, failure.pos),
            value=found or "end of content",
            repair="Send well-formed JSON.",
        )
    except _NumberError as failure:
        return _bad_number(text, str(failure))
    except RecursionError:
        return too_deep()
    if _HALF.search(json.dumps(tree, ensure_ascii=False)):
        return invalid(
            "structure",
            "An escape such as \\ud83d names half a character; its other half does not follow.",
            repair="Send whole characters.",
        )
    return invalid("structure", f"The content is not JSON: {error}.")


class _NumberError(Exception):
    """A number that JSON or the machine does not know."""


def _countable(text: str) -> str:
    try:
        number(text)
    except ValueError:
        raise _NumberError(text) from None
    return text


def _no_constant(name: str) -> None:
    raise _NumberError(name)


def _bad_number(text: str, found: str) -> Problem:
    """The problem with `found`, which stands outside the strings of the JSON `text`."""
    at = next((token.start() for token in _WORD.finditer(text) if token[0] == found), 0)
    fault = "is not a JSON number" if found[-1].isalpha() else "is a number too large to be held"
    return invalid(
        "value",
        f"{shorten(found, 30)} {fault}.",
        place=_spot(text, at),
        value=shorten(found),
        repair="Leave the element out.",
    )


def _spot(text: str, at: int) -> str:
    line = text.count("\n", 0, at) + 1
    return f"line {line}, column {at - text.rfind(chr(10), 0, at)}"
