"""Query strings, read strictly: a value that is not UTF-8 is refused instead of guessed."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final
from urllib.parse import quote, unquote_to_bytes

from charthouse.base.errors import invalid

Params = list[tuple[str, str]]

_SAFE: Final = "-._~:/,|$*!()@"  # what a query value may carry unescaped and stay readable (RFC 3986, 3.4)


def parse(text: bytes) -> Params:
    """The (name, value) pairs of a query string or form body, in order, blank values kept.

    Raises `Problem(invalid)` naming the parameter whose bytes are not UTF-8, and for a value without a name.
    """
    if not text:
        return []
    if text[:1] == b"=" or b"&=" in text:
        raise invalid(
            "value", "A value stands without the name of a parameter.", place="query",
            value=text.decode("latin-1"), repair="Write name=value.",
        )  # fmt: skip
    try:
        if b"%" not in text and b"+" not in text:
            pairs = text.decode("ascii").split("&")
            return [(name, value) for name, _, value in (pair.partition("=") for pair in pairs) if name]
        return [_decode(pair) for pair in text.split(b"&") if pair]
    except UnicodeDecodeError:
        return [_decode(pair) for pair in text.split(b"&") if pair]


def _decode(pair: bytes) -> tuple[str, str]:
    name, _, value = pair.replace(b"+", b" ").partition(b"=")
    plain = unquote_to_bytes(name).decode("utf-8", "replace")
    try:
        return plain, unquote_to_bytes(value).decode("utf-8")
    except UnicodeDecodeError:
        raise invalid(
            "value",
            f'The value of the parameter "{plain}" is not UTF-8.',
            place=plain,
            value=value.decode("ascii", "replace"),
            repair="Percent-encode it as UTF-8.",
        ) from None


def write(params: Iterable[tuple[str, str]]) -> str:
    """`params` as a query string, percent-encoded."""
    return "&".join(f"{quote(name, safe=_SAFE)}={quote(value, safe=_SAFE)}" for name, value in params)
