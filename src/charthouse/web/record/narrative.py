"""The words of a narrative: its XHTML is read, never passed on (R4 narrative.html)."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from typing import Final


class _Text(HTMLParser):
    """Keeps the words of a narrative and where its blocks end; tags and attributes are dropped."""

    BLOCKS: Final = frozenset(
        {"p", "div", "br", "li", "tr", "h1", "h2", "h3", "h4", "h5", "h6", "table", "ul", "ol"}
    )

    SILENT: Final = frozenset({"script", "style"})

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.parts: list[str] = []
        self.silent = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:  # noqa: ARG002 - given
        self.parts.append("\n" if tag in self.BLOCKS else "")
        self.parts.append("• " if tag == "li" else "")
        self.silent += tag in self.SILENT

    def handle_endtag(self, tag: str) -> None:
        self.parts.append("\n" if tag in self.BLOCKS else "  " if tag in ("td", "th") else "")
        self.silent -= tag in self.SILENT and self.silent > 0

    def handle_data(self, data: str) -> None:
        if not self.silent:
            self.parts.append(re.sub(r"\s+", " ", data))


def text_of(div: str) -> str:
    """The plain text of a narrative's XHTML, blocks on lines of their own."""
    reader = _Text()
    reader.feed(div)
    reader.close()
    lines = [line.strip() for line in "".join(reader.parts).split("\n")]
    return "\n".join(line for line in lines if line)
