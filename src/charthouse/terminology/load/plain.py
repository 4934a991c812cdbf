"""Reads a code system of one's own from a table: a local list of services, clinics, reasons.

Layout: `code,display` and, if wanted, `parent` (several parted by `;`), `synonym` (several parted by `;`),
`definition`, `active` and `heading` (yes or no). Any other column becomes a property of its name.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from charthouse.base.errors import invalid
from charthouse.terminology.concept import DEFINITION, HEADING, INACTIVE, Designation, Row
from charthouse.terminology.load.kinds import OWN
from charthouse.terminology.load.lines import wrong
from charthouse.terminology.load.loaded import Asked, Loaded, release, row
from charthouse.terminology.load.source import Member, Source
from charthouse.terminology.load.table import Once, header, table

FILE: Final = r"\.(csv|tsv|txt|xlsx)$"
_KNOWN: Final = ("parent", "synonym", "definition", "active", "heading")
_SPELLINGS: Final = ("parent|parents", "synonym|synonyms", "definition", "active", "heading")
_YES: Final = frozenset({"yes", "y", "true", "1"})
_NO: Final = frozenset({"no", "n", "false", "0"})
_URL: Final = re.compile(r"[a-zA-Z][a-zA-Z0-9+.-]*:\S+")


def read(source: Source, asked: Asked) -> Loaded:
    """A code system under the url, version and title that were given."""
    if not _URL.fullmatch(asked.url):
        raise invalid(
            "required", "A code system of one's own needs an address that names it.", place="--url",
            value=asked.url or "none", repair="Choose one for good, e.g. `--url https://clinic.example/codes/services`.",
        )  # fmt: skip
    member = source.members[0] if len(source.members) == 1 else source.need(FILE, "a table of codes")
    names = [name for name in header(member, ("code", "display")) if name]
    plain = {name.lower().rstrip("s") for name in ("code", "display", *_KNOWN)}
    more = tuple(name for name in names if name.lower().rstrip("s") not in plain)
    found = list(_rows(member, more))
    rows = [made for _, made in found]
    known = {made.code for made in rows}
    for line, made in found:
        for parent in made.parents:
            if parent not in known:
                raise wrong(
                    member, line, f"The code {made.code} names a parent that is not in the table.", parent,
                    "Add the parent, or leave the cell empty.",
                )  # fmt: skip
    return Loaded(
        release(
            OWN, asked, "", member.path, title=asked.title or asked.url,
            hierarchy="is-a" if any(made.parents for made in rows) else "", properties=[(name, name) for name in more],
        ),
        rows,
    )  # fmt: skip


def _rows(member: Member, more: tuple[str, ...]) -> Iterator[tuple[int, Row]]:
    once = Once(member)
    for line, values in table(member, ("code", "display"), (*_SPELLINGS, *more), legacy=True):
        code, display, parents, synonyms, definition, active, heading, *rest = values
        flags = (0 if _is(member, line, "active", active, default=True) else INACTIVE) | (
            HEADING if _is(member, line, "heading", heading, default=False) else 0
        )
        if not display:
            raise wrong(member, line, "The code has no display.", code, "Write what the code means.")
        names = [Designation(name.strip()) for name in synonyms.split(";") if name.strip()]
        yield line, row(
            once.add(line, code), display, parents=[one.strip() for one in parents.split(";") if one.strip()],
            flags=flags, names=[*names, Designation(definition, "", DEFINITION)],
            properties=zip(more, rest, strict=True),
        )  # fmt: skip


def _is(member: Member, line: int, column: str, text: str, *, default: bool) -> bool:
    if not text:
        return default
    if text.lower() in _YES or text.lower() in _NO:
        return text.lower() in _YES
    raise wrong(
        member, line, f"The column {column} holds yes or no.", text, "Write yes or no, or leave it empty."
    )
