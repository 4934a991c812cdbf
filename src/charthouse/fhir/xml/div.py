"""The narrative while it is being read: its source text where that stands alone, else the same rebuilt."""

from __future__ import annotations

from typing import Final
from xml.sax.saxutils import escape, quoteattr

from charthouse.fhir.resource import MAX_DEPTH
from charthouse.fhir.xml.layout import XHTML

_XML: Final = "http://www.w3.org/XML/1998/namespace"
_VOID: Final = frozenset({"br", "col", "hr", "img"})


class Div:
    """One `div` in the XHTML namespace.

    `own` says that the element itself declares XHTML as its default namespace; then its source can
    be lifted out as it is, unless a prefix from further out is used in it.
    """

    def __init__(self, start: int, own: bool) -> None:
        self._start = start
        self._lift = own
        self._open: list[str] = []
        self._parts: list[str] = []

    def start(self, space: str, local: str, attributes: dict[str, str]) -> str | None:
        """An element begins. Answers what is wrong with it, or None."""
        if space != XHTML:
            return f"<{local}> is not in the XHTML namespace."
        if len(self._open) >= MAX_DEPTH:
            return f"The narrative is nested more than {MAX_DEPTH} levels deep."
        tag = f'{local} xmlns="{XHTML}"' if not self._open else local
        for name, value in attributes.items():
            *space_of, plain = name.split(" ")[:2]
            outer = "".join(space_of)
            if outer not in ("", _XML):
                return f'The attribute "{plain}" of <{local}> is not an XHTML attribute.'
            tag += f" {'xml:' if outer else ''}{plain}={quoteattr(value)}"
        self._open.append(local)
        self._parts.append(f"<{tag}>")
        return None

    def prefixed(self) -> None:
        """A name with a prefix was used: the source would not stand alone."""
        self._lift = False

    def text(self, text: str) -> None:
        """Text inside the innermost element."""
        self._parts.append(escape(text))

    def end(self) -> bool:
        """The innermost element ends. Answers whether that was the `div` itself."""
        local = self._open.pop()
        last = self._parts[-1]
        if local in _VOID and last.startswith(f"<{local}") and not last.endswith("/>"):
            self._parts[-1] = last[:-1] + "/>"
        else:
            self._parts.append(f"</{local}>")
        return not self._open

    def source(self, body: bytes, end: int) -> str:
        """The text of the div; `end` is where its end tag begins in `body`, if it has one."""
        if self._lift and body.startswith(b"</div", end):
            return body[self._start : body.index(b">", end) + 1].decode("utf-8")
        return "".join(self._parts)
