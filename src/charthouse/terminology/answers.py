"""What the terminology answers: plain values, which the API turns into Parameters and pages into words."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from charthouse.base.errors import Issue
from charthouse.terminology.concept import Release

Subsumption = Literal["equivalent", "subsumes", "subsumed-by", "not-subsumed"]


@dataclass(frozen=True, slots=True)
class Coding:
    """A code as data carries it, or as an answer names it. `system` is None where the sender gave none."""

    system: str | None
    code: str
    version: str | None = None
    display: str | None = None


@dataclass(frozen=True, slots=True)
class Name:
    """A designation: another name of a concept, its language (empty if not said) and what it is for."""

    text: str
    language: str = ""
    use: Coding | None = None


@dataclass(frozen=True, slots=True)
class Property:
    """A property of a concept. `type` is code, Coding, string, integer, boolean, dateTime or decimal;
    `value` its text, of a Coding `system|code`."""

    code: str
    value: str
    type: str = "string"


@dataclass(frozen=True, slots=True)
class Standing:
    """A version of a code system that is at hand.

    `place` says where: `resource` (a CodeSystem in the record), `loaded` (a release that this site
    loaded), `shipped` (came with the program). `is_chosen` marks the version that a question without
    a version gets; `is_in_force` whether today lies between its dates. `loaded` is in milliseconds.
    """

    release: Release
    concepts: int
    place: str
    loaded: int | None = None
    is_in_force: bool = True
    is_chosen: bool = False


@dataclass(frozen=True, slots=True)
class Looked:
    """All that is known of one concept (R4 codesystem-operation-lookup.html).

    `name` is the title of the code system, `notice` what its owner wants said beside its codes.
    """

    system: str
    version: str
    name: str
    code: str
    display: str
    definition: str | None = None
    comment: str | None = None
    is_active: bool = True
    is_selectable: bool = True
    designations: tuple[Name, ...] = ()
    properties: tuple[Property, ...] = ()
    notice: str = ""


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether a coding is valid (R4 valueset-operation-validate-code.html).

    `result` is None where it cannot be told here; `message` then says why. `coding` is the coding
    that decided, with the version of its code system and the right display; `issues` are errors,
    warnings and information, each with the place `code`, `system`, `version` or `display`.
    """

    result: bool | None
    message: str | None = None
    display: str | None = None
    coding: Coding | None = None
    issues: tuple[Issue, ...] = ()


@dataclass(frozen=True, slots=True)
class Member:
    """One row of an expansion."""

    system: str
    version: str | None
    code: str
    display: str | None
    is_active: bool = True
    is_abstract: bool = False
    designations: tuple[Name, ...] = ()
    properties: tuple[Property, ...] = ()


@dataclass(frozen=True, slots=True, eq=False, weakref_slot=True)
class Expansion:
    """A page of a value set (R4 valueset-operation-expand.html), flat: nothing is nested.

    `total` counts all members that fit, not only this page. `used` names the code systems as
    `url|version`; `is_whole` is false where only a part of one is at hand. The same object is given
    again until something changes, so that what is made of it can be kept with it.
    """

    url: str | None
    version: str | None
    title: str | None
    total: int
    offset: int
    rows: tuple[Member, ...]
    used: tuple[str, ...]
    is_whole: bool = True


@dataclass(frozen=True, slots=True)
class Match:
    """One target of a translation. `source` is the canonical url of the map that says so; `products` are
    (element, value) of what else follows from the mapping."""

    equivalence: str
    coding: Coding | None
    source: str
    comment: str | None = None
    products: tuple[tuple[str, Coding], ...] = ()


@dataclass(frozen=True, slots=True)
class Translation:
    """What a code maps to; `result` is whether anything but `unmatched` and `disjoint` was found."""

    result: bool
    message: str | None
    matches: tuple[Match, ...]


@dataclass(frozen=True, slots=True)
class Link:
    """`target` stands above `source` in `system`: R4 says `target` *subsumes* `source`."""

    system: str
    source: str
    target: str


@dataclass(frozen=True, slots=True)
class Closure:
    """What is new in a closure table since a version (R4 conceptmap-operation-closure.html)."""

    name: str
    version: int
    links: tuple[Link, ...]
