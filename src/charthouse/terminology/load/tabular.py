"""Reads the tabular list of ICD-10-CM: chapters, sections and what the book says at each code.

Layout: the XML that the National Center for Health Statistics publishes beside its lists (root
`ICD10CM.tabular`; `chapter` > `section` > `diag` > `diag` …, each with `name`, `desc` and groups of `note`).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

from lxml import etree

from charthouse.base.errors import invalid
from charthouse.terminology.load.source import Member

LARGEST: Final = 200 << 20  # bytes of the file; the real one has 10 MB
# groups of notes, which become properties of the same name
NOTES: Final = (
    ("includes", "what the category includes"),
    ("excludes1", "never coded together with it"),
    ("excludes2", "not a part of it, may be coded beside it"),
    ("codeFirst", "what must be coded before it"),
    ("useAdditionalCode", "what is to be coded after it"),
    ("codeAlso", "what may have to be coded beside it, in either order"),
    ("notes", "a note of the tabular list"),
    ("sevenChrNote", "which codes below it need a seventh character"),
)
_NAMES: Final = tuple(name for name, _ in NOTES)


@dataclass(slots=True)
class Place:
    """A chapter, section, category or code of the book, with the code of what it stands under (empty at the top)."""

    code: str
    title: str
    above: str
    is_code: bool
    notes: list[tuple[str, str]] = field(default_factory=list)
    terms: list[str] = field(default_factory=list)


def places(member: Member) -> list[Place]:
    """All places of the book in its order. Raises Problem(invalid) for what is no tabular list."""
    if member.size > LARGEST:
        raise invalid(
            "too-long",
            "The tabular list is larger than any that was published.",
            place=member.name,
            value=member.size,
        )
    parser = etree.XMLParser(resolve_entities=False, no_network=True, remove_comments=True, remove_pis=True)
    try:
        with member.open() as stream:
            for chunk in iter(stream.read, b""):
                parser.feed(chunk)
        root = parser.close()
    except etree.XMLSyntaxError as error:
        line = error.lineno or 1
        raise invalid(
            "structure", "The tabular list is not whole XML.", place=f"{member.name}:{line}", value=error.msg,
            repair="Fetch it from its publisher again.",
        ) from None  # fmt: skip
    chapters = root.findall("chapter")
    if not chapters:
        raise invalid(
            "structure", "This XML has no chapters, so it is not the tabular list.", place=member.name, value=root.tag,
            repair="Choose the file with “tabular” in its name, not the index.",
        )  # fmt: skip
    found: list[Place] = []
    waiting = [(chapter, "") for chapter in reversed(chapters)]
    while waiting:
        node, above = waiting.pop()
        place = _place(node, above)
        if place.code:
            found.append(place)
            waiting += [(child, place.code) for child in reversed(node) if child.tag in ("section", "diag")]
    return found


def _place(node: etree._Element, above: str) -> Place:
    place = Place(_code(node), _text(node.find("desc")), above, node.tag == "diag")
    place.notes = [
        (name, _text(note))
        for name in _NAMES
        for group in node.iterfind(name)
        for note in group.iterfind("note")
    ]
    place.terms = [_text(note) for group in node.iterfind("inclusionTerm") for note in group.iterfind("note")]
    if node.tag == "chapter":
        place.notes.append(("chapter", place.code))
    if not place.is_code:
        place.title = (
            place.title.rpartition(" (")[0] if place.title.endswith(")") else place.title
        )  # its range of codes
    meanings = node.find("sevenChrDef")
    if meanings is not None:
        place.notes += [
            ("sevenChr", f"{each.get('char', '')} {_text(each)}") for each in meanings.iterfind("extension")
        ]
    return place


def _code(node: etree._Element) -> str:
    """The number of a chapter, the range of a section (also where it holds one category), a code."""
    if node.tag != "section":
        return node.findtext("name") or ""
    name = node.get("id") or ""
    return name if "-" in name or not name else f"{name}-{name}"


def _text(node: etree._Element | None) -> str:
    return " ".join("".join(map(str, node.itertext())).split()) if node is not None else ""
