"""What a release of a code system consists of, before it stands in tables and after."""

from __future__ import annotations

from typing import Any, Final

import msgspec

INACTIVE: Final = 1  # flags of a concept
HEADING: Final = 2  # not selectable: chapters, categories that must be divided further, abstract classes

DEFINITION: Final = "definition"  # uses of a designation that is no name but prose about the concept
COMMENT: Final = "comment"


class Designation(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """Another name of a concept.

    `use` is empty for a plain synonym, else a code of the system's own or `system|code`. The
    definition of a concept, and a comment on it, stand here too (`DEFINITION`, `COMMENT`): a
    property's value is indexed, and so must stay short.
    """

    text: str
    language: str = ""
    use: str = ""


class Row(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """One concept as a loader hands it over; `parents` are codes, the main one first."""

    code: str
    display: str
    parents: tuple[str, ...] = ()
    flags: int = 0
    designations: tuple[Designation, ...] = ()
    properties: tuple[tuple[str, str], ...] = ()


class Release(msgspec.Struct, frozen=True):
    """One release of a code system. `about` is the CodeSystem resource without its concepts (R4 codesystem.html).

    `valid_from` and `valid_until` are ISO dates, None where the publisher sets none; `notice` is
    what the owner of the codes wants said beside them.
    """

    url: str
    version: str
    title: str
    content: str = "complete"
    hierarchy: str = "is-a"
    case_sensitive: bool = True
    valid_from: str | None = None
    valid_until: str | None = None
    source: str = ""
    notice: str = ""
    about: dict[str, Any] = {}


class System(msgspec.Struct, frozen=True):
    """A code system in the tables: its release, and which ids its concepts have (`first` … `first + concepts - 1`)."""

    id: int
    release: Release
    first: int
    concepts: int
    loaded: int


class Concept(msgspec.Struct, frozen=True, gc=False):
    """One concept in the tables; see the migration for `id`, `parent` and `last`."""

    id: int
    code: str
    display: str
    flags: int
    parent: int
    last: int

    @property
    def is_active(self) -> bool:
        """Whether its system still lets it be used."""
        return not self.flags & INACTIVE

    @property
    def is_selectable(self) -> bool:
        """Whether it may stand in a record; a heading may not."""
        return not self.flags & HEADING
