"""String functions and `&`: FHIRPath N1 5.6, 6.6.6, and additions of the later ballot that R4 tools use."""

from __future__ import annotations

import base64
import binascii
import html
import json
import re
from collections.abc import Callable
from typing import Any, Final

from charthouse.base.errors import invalid
from charthouse.fhir.path.code import Code, Static, system
from charthouse.fhir.path.compiler import Compiler, Function, plain
from charthouse.fhir.path.item import Item, Items, State
from charthouse.fhir.path.nodes import Binary
from charthouse.fhir.path.regex import matcher
from charthouse.fhir.path.values import integer_of, item_of, text_of

TEXT: Final = "text"
NUMBER: Final = "number"
_LONE_QUOTE: Final = re.compile(r'(?<!\\)((?:\\\\)*)"')
_CHARACTERS_PER_STEP: Final = 64


def spend_on(state: State, text: str) -> None:
    """Long text costs more, so that doubling it again and again comes to an end."""
    state.spend(1 + len(text) // _CHARACTERS_PER_STEP)


def _on_text(
    name: str, apply: Callable[..., Any], kind: str, *wanted: str, optional: int = 0, many: bool = False
) -> Function:
    """A function of one string: empty input or an empty argument gives an empty result (N1 5.6)."""
    what = f"{name}()"
    least = len(wanted) - optional

    def run(state: State, items: Items, *given: Items) -> Items:
        text = text_of(items, what)
        values: list[str | int] = []
        for place, (argument, form) in enumerate(zip(given, wanted, strict=False)):
            value = text_of(argument, what) if form == TEXT else integer_of(argument, what)
            if value is None:
                if place >= least:  # an empty optional argument is as good as none
                    break
                return []
            values.append(value)
        if text is None:
            return []
        spend_on(state, text)
        found = apply(state, text, *values)
        if found is None:
            return []
        if isinstance(found, str):
            spend_on(state, found)
        return [item_of(part) for part in found] if isinstance(found, list) else [item_of(found)]

    return Function(least, len(wanted), plain(run, system(kind, is_many=many)))


def _substring(_: State, text: str, start: int, length: int | None = None) -> str | None:
    if not 0 <= start < len(text):
        return None
    return text[start:] if length is None else text[start : start + max(length, 0)]


def _replace(state: State, text: str, pattern: str, substitution: str) -> str:
    parts = text.count(pattern) if pattern else len(text) + 1
    state.spend(parts * len(substitution) // _CHARACTERS_PER_STEP)
    return text.replace(pattern, substitution)


def _matches(state: State, text: str, pattern: str) -> bool:
    return matcher(state, pattern).search(state, text)


def _matches_full(state: State, text: str, pattern: str) -> bool:
    return matcher(state, pattern).fullmatch(state, text)


def _replace_matches(state: State, text: str, pattern: str, substitution: str) -> str:
    return matcher(state, pattern).replace(state, text, substitution) if pattern else text


def _characters(state: State, text: str) -> list[str]:
    state.spend(len(text))
    return list(text)


def _split(state: State, text: str, separator: str) -> list[str]:
    state.spend(text.count(separator) if separator else len(text))
    return text.split(separator) if separator else list(text)


def _encode(_: State, text: str, form: str) -> str:
    content = text.encode()
    if form == "hex":
        return content.hex()
    if form == "base64":
        return base64.b64encode(content).decode()
    if form == "urlbase64":
        return base64.urlsafe_b64encode(content).decode()
    raise _no_form("encode", form, "base64, urlbase64 or hex")


def _decode(_: State, text: str, form: str) -> str | None:
    try:
        if form == "hex":
            return bytes.fromhex(text).decode()
        if form == "base64":
            return base64.b64decode(text, validate=True).decode()
        if form == "urlbase64":
            return base64.b64decode(text, altchars=b"-_", validate=True).decode()
    except (binascii.Error, ValueError):
        return None
    raise _no_form("decode", form, "base64, urlbase64 or hex")


def _escape(_: State, text: str, form: str) -> str:
    if form == "html":
        return html.escape(text, quote=True)
    if form == "json":
        return json.dumps(text, ensure_ascii=False)[1:-1]
    raise _no_form("escape", form, "html or json")


def _unescape(_: State, text: str, form: str) -> str | None:
    if form == "html":
        return html.unescape(text)
    if form == "json":
        try:  # a quote that was not escaped stays what it is
            found = _LONE_QUOTE.sub(r'\1\\"', text)
            return (
                str(json.loads(f'"{found}"', strict=False)).encode("utf-16", "surrogatepass").decode("utf-16")
            )
        except ValueError:
            return None
    raise _no_form("unescape", form, "html or json")


def _no_form(name: str, form: str, wanted: str) -> Exception:
    return invalid("processing", f"{name}() does not know this form.", value=form, repair=f"Use {wanted}.")


def _join(state: State, items: Items, *separator: Items) -> Items:
    """All strings of the input as one; FHIRPath's later ballot."""
    between = text_of(separator[0], "join()") if separator else ""
    if between is None:
        return []
    texts = [text for item in items if (text := text_of([item], "join()")) is not None]
    for text in texts:
        spend_on(state, text + between)
    return [item_of(between.join(texts))] if texts else []


def _concatenation(compiler: Compiler, node: Binary, scope: Static) -> Code:
    """`&`: like `+` on strings, with nothing as the empty string."""
    left, right = compiler.code(node.left, scope).run, compiler.code(node.right, scope).run

    def run(state: State, this: Item) -> Items:
        text = (text_of(left(state, this), "&") or "") + (text_of(right(state, this), "&") or "")
        spend_on(state, text)
        return [item_of(text)]

    return Code(run, system("String"))


OPERATORS = {"&": _concatenation}
FUNCTIONS: Final[dict[str, Function]] = {
    "indexOf": _on_text("indexOf", lambda state, text, part: text.find(part), "Integer", TEXT),
    "lastIndexOf": _on_text("lastIndexOf", lambda state, text, part: text.rfind(part), "Integer", TEXT),
    "substring": _on_text("substring", _substring, "String", NUMBER, NUMBER, optional=1),
    "startsWith": _on_text("startsWith", lambda state, text, part: text.startswith(part), "Boolean", TEXT),
    "endsWith": _on_text("endsWith", lambda state, text, part: text.endswith(part), "Boolean", TEXT),
    "contains": _on_text("contains", lambda state, text, part: part in text, "Boolean", TEXT),
    "upper": _on_text("upper", lambda state, text: text.upper(), "String"),
    "lower": _on_text("lower", lambda state, text: text.lower(), "String"),
    "replace": _on_text("replace", _replace, "String", TEXT, TEXT),
    "matches": _on_text("matches", _matches, "Boolean", TEXT),
    "matchesFull": _on_text("matchesFull", _matches_full, "Boolean", TEXT),
    "replaceMatches": _on_text("replaceMatches", _replace_matches, "String", TEXT, TEXT),
    "length": _on_text("length", lambda state, text: len(text), "Integer"),
    "toChars": _on_text("toChars", _characters, "String", many=True),
    "trim": _on_text("trim", lambda state, text: text.strip(), "String"),
    "split": _on_text("split", _split, "String", TEXT, many=True),
    "encode": _on_text("encode", _encode, "String", TEXT),
    "decode": _on_text("decode", _decode, "String", TEXT),
    "escape": _on_text("escape", _escape, "String", TEXT),
    "unescape": _on_text("unescape", _unescape, "String", TEXT),
    "join": Function(0, 1, plain(_join, system("String"))),
}
