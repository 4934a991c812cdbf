"""Whether narrative has only formatting in it, and some content: R4 narrative.html, constraints txt-1 and txt-2."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from typing import Final

_ELEMENTS: Final = frozenset(
    """
    a abbr acronym b big blockquote br caption cite code col colgroup dd dfn div dl dt em h1 h2 h3 h4 h5 h6 hr i img
    kbd li ol p pre q samp small span strong sub sup table tbody td tfoot th thead tr tt ul var
    address area basefont bdo center font map s strike u
    """.split()  # noqa: SIM905 - a list of words
)
_VOID: Final = frozenset({"br", "hr", "img", "col"})
_ATTRIBUTES: Final = frozenset(
    """
    abbr accesskey align alt axis border cellhalign cellpadding cellspacing cellvalign char charoff charset cite class
    clear color colspan compact coords dir face frame headers height href hreflang hspace id ismap lang longdesc name
    nowrap rel rev rowspan rules scope shape size span src start style summary tabindex title type usemap valign value
    vspace width xml:lang xmlns
    """.split()  # noqa: SIM905 - a list of words
)
_SCHEME: Final = re.compile(r"[a-z][a-z0-9+.-]*:")  # RFC 3986, 3.1
_SCHEMES: Final = ("http:", "https:", "mailto:", "tel:", "data:image/", "cid:")


class _Reader(HTMLParser):
    """Notes the first thing that is not allowed, and whether there is any content."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.open: list[str] = []
        self.is_sound = True
        self.has_content = False
        self.roots = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if not self.open:
            self.roots += 1
            self.is_sound &= tag == "div"
        self.is_sound &= tag in _ELEMENTS and all(_is_allowed(name, value or "") for name, value in attrs)
        self.has_content |= tag == "img"
        if tag not in _VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        if tag not in _VOID:
            self.open.pop()

    def handle_endtag(self, tag: str) -> None:
        if tag in _VOID:
            return
        if self.open and self.open[-1] == tag:
            self.open.pop()
        else:
            self.is_sound = False

    def handle_data(self, data: str) -> None:
        if data.strip():
            self.has_content = True
            self.is_sound &= bool(self.open)

    def handle_pi(self, _: str) -> None:
        self.is_sound = False

    def handle_decl(self, _: str) -> None:
        self.is_sound = False

    def unknown_decl(self, _: str) -> None:
        self.is_sound = False


def _is_allowed(name: str, value: str) -> bool:
    if name not in _ATTRIBUTES:
        return False
    if name in ("href", "src"):
        address = "".join(value.split()).lower()
        return _SCHEME.match(address) is None or address.startswith(_SCHEMES)
    return True


def is_safe(text: str) -> bool:
    """One `div` with content, and only allowed elements, attributes and addresses."""
    reader = _Reader()
    reader.feed(text)
    reader.close()
    return reader.is_sound and reader.has_content and not reader.open and reader.roots == 1
