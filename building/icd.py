"""Reads ICD-10-CM: its tabular list and the list of its codes, as concepts with what the book says at each."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Final
from xml.etree import ElementTree as ET

from building.wheels import DIAGNOSES, TABULAR
from charthouse.terminology.concept import HEADING, Designation, Release, Row
from charthouse.terminology.load.kinds import named
from charthouse.terminology.load.loaded import Asked, release, row

# Groups of notes in the book, which become properties of the same name; inclusion terms are designations.
# The table of visual impairment at H54 is no note, and left out.
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
RELEASE: Final[Release] = release(
    named("icd-10-cm"), Asked(), "2026-04", TABULAR.name,
    title="ICD-10-CM, fiscal year 2026, April update", valid_from="2026-04-01", valid_until="2026-09-30",
    case_sensitive=False,
    properties=(
        *NOTES,
        ("sevenChr", "a seventh character and what it means"),
        ("chapter", "number of the chapter"),
        ("laterality", "right, left, bilateral or unspecified; holds for all that is below"),
    ),
)  # fmt: skip

_SIDE: Final = re.compile(r"\b(right|left|bilateral|unspecified)\b", re.IGNORECASE)
_RANGE: Final = re.compile(r" \([A-Z]\w\w(-[A-Z]\w\w)?\)$")
_REPAIR: Final = "The two files are damaged, or not of one release: empty the build's cache, and build again."


def rows(folder: Path) -> Iterator[Row]:
    """Every chapter, section, category, subcategory and code of the release in `folder`, parents first.

    A property stands at the highest concept it holds for (a chapter's note at the chapter); what is
    below inherits it. What must be divided further before it may be reported is a heading. A section of
    one category has the category's code twice (`B20-B20`), since the book gives both the same.
    RuntimeError where a file cannot be read, or the two do not agree.
    """
    try:
        book = ET.parse(folder / TABULAR).getroot()  # noqa: S314 (checked against its hash when fetched)
    except ET.ParseError as error:
        raise _damaged(f"{TABULAR.name} is not whole XML: {error}.") from None
    listed = (folder / DIAGNOSES).read_text(encoding="utf-8", errors="replace").split()
    divided = _divided(listed, _dotted(book))
    missing = set(listed)
    for node, parents in _parts(book):
        for each in _below(node, parents, "", divided, {}):
            code = _listed(each.code)
            if code not in missing:
                raise _damaged(f"{each.code} is twice in {TABULAR.name}, or not in {DIAGNOSES.name}.")
            if each.code != f"{code}-{code}":  # a section, whose one category has yet to come
                missing.remove(code)
            yield each
    if missing:
        raise _damaged(f"{min(missing)} of {DIAGNOSES.name} is not in {TABULAR.name}.")


def _damaged(what: str) -> RuntimeError:
    return RuntimeError(f"{what} {_REPAIR}")


def _parts(book: ET.Element) -> Iterator[tuple[ET.Element, tuple[str, ...]]]:
    """The chapters and sections with the codes of what each stands under.

    The book lists sections one after the other. One without categories is the title of those after it that
    lie in its range, as C00-C96 of C15-C26, and so stands above them too.
    """
    for chapter in book.iterfind("chapter"):
        yield chapter, ()
        titles: list[str] = []
        for section in chapter.iterfind("section"):
            code = _code(section)
            while titles and _last(titles[-1]) < _last(code):
                titles.pop()
            yield section, (_code(chapter), *titles[-1:])
            if section.find("diag") is None:
                titles.append(code)


def _last(section: str) -> str:
    return section.rpartition("-")[2]


def _listed(code: str) -> str:
    """What the list calls a code: no dot, and a section of one category as that category."""
    first, _, last = code.partition("-")
    return first if first == last else code.replace(".", "")


def _dotted(tree: ET.Element) -> dict[str, str]:
    """Every category and subcategory of the book by its code without the dot."""
    codes = (str(found.findtext("name")) for found in tree.iter("diag"))
    return {code.replace(".", ""): code for code in codes}


def _divided(listed: list[str], codes: Mapping[str, str]) -> dict[str, list[str]]:
    """For codes of the book that take a seventh character: the full codes, e.g. S13.4 -> S13.4XXA, S13.4XXD …"""
    divided: dict[str, list[str]] = {}
    for code in listed:
        if len(code) == 7 and code not in codes and "-" not in code:
            base = code[:6]
            while base and base not in codes:
                base = base[:-1]
            if not base:
                raise _damaged(f"{code} of {DIAGNOSES.name} belongs to no category of {TABULAR.name}.")
            divided.setdefault(codes[base], []).append(f"{code[:3]}.{code[3:]}")
    return divided


def _below(
    node: ET.Element,
    parents: tuple[str, ...],
    side: str,
    divided: Mapping[str, list[str]],
    seventh: Mapping[str, str],
) -> Iterator[Row]:
    """`node` and the categories below. `side` is its laterality, `seventh` the seventh characters in force above."""
    code, display = _code(node), _display(node)
    properties = [(name, _text(note)) for name, _ in NOTES for note in node.iterfind(f"{name}/note")]
    if node.tag == "chapter":
        properties.append(("chapter", code))
    own = node.find("sevenChrDef")
    if own is not None:
        seventh = {each.get("char", ""): _text(each) for each in own.iterfind("extension")}
        properties += [("sevenChr", f"{char} {meaning}") for char, meaning in seventh.items()]
    properties.append(("laterality", side))
    below = node.findall("diag")
    full = {each: f"{display}, {_meaning(each, seventh)}" for each in divided.get(code, ())}
    yield row(
        code, display, parents=parents,
        flags=HEADING if below or full or node.tag != "diag" else 0,
        names=(Designation(_text(note)) for note in node.iterfind("inclusionTerm/note")),
        properties=dict.fromkeys(properties),
    )  # fmt: skip
    for child, its_side in zip(below, _sides(map(_display, below), display), strict=True):
        yield from _below(child, (code,), its_side, divided, seventh)
    for (each, name), its_side in zip(full.items(), _sides(full.values(), display), strict=True):
        yield row(each, name, parents=(code,), properties=[("laterality", its_side)])


def _meaning(code: str, seventh: Mapping[str, str]) -> str:
    try:
        return seventh[code[-1]]
    except KeyError:
        raise _damaged(f"The seventh character of {code} is not explained in {TABULAR.name}.") from None


def _sides(displays: Iterable[str], above: str) -> list[str]:
    """The laterality of siblings: what each names oftener than the concept above them does; empty for none.

    "Left" tells of a side only beside a sibling with "right", as not in "left heart failure", and
    "unspecified" only beside both. A name with both words ("blindness, right eye, normal vision left
    eye") is of neither side.
    """
    known = _words(above)
    found = [_words(display) - known for display in displays]
    is_sided = {"right", "left"} <= {word for words in found for word in words}
    return [_side(words, is_sided=is_sided) for words in found]


def _side(words: Counter[str], *, is_sided: bool) -> str:
    if "bilateral" in words:
        return "bilateral"
    if not is_sided or {"right", "left"} <= words.keys():
        return ""
    return next((side for side in ("right", "left", "unspecified") if side in words), "")


def _words(display: str) -> Counter[str]:
    return Counter(word.lower() for word in _SIDE.findall(display))


def _code(node: ET.Element) -> str:
    """The code of a chapter (its number), a section (its range, also where it holds one category) or a category."""
    if node.tag != "section":
        return str(node.findtext("name"))
    name = node.get("id", "")
    return name if "-" in name else f"{name}-{name}"


def _display(node: ET.Element) -> str:
    """What a node is called; the range of codes that chapters and sections carry at the end is left out."""
    display = _text(node.find("desc"))
    return display if node.tag == "diag" else _RANGE.sub("", display)


def _text(node: ET.Element | None) -> str:
    return " ".join("".join(node.itertext()).split()) if node is not None else ""
