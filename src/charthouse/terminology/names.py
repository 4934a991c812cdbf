"""How a concept is called: its names as answers, and which of them is for a language."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from charthouse.terminology.answers import Coding, Name
from charthouse.terminology.codesystem import PROSE
from charthouse.terminology.concept import Designation


def name(designation: Designation, system: str) -> Name:
    """A designation as an answer; a use without a system is a code of the concept's own."""
    if not designation.use:
        return Name(designation.text, designation.language)
    own, bar, code = designation.use.rpartition("|")
    return Name(designation.text, designation.language, Coding(own if bar else system, code))


def names(designations: Iterable[Designation], system: str) -> Iterator[Name]:
    """The designations that name something; definition and comment are left out."""
    return (name(each, system) for each in designations if each.use not in PROSE)


def prose(designations: Iterable[Designation], use: str) -> str | None:
    """The definition or comment among designations."""
    return next((each.text for each in designations if each.use == use), None)


def display(default: str, names: Sequence[Name], language: str | None, own: str | None) -> str:
    """The name in a language (BCP 47), or of a wider one (`de` for `de-CH`), else `default`.

    `own` is the language of `default`, None where nobody says.
    """
    wanted = (language or "").lower()
    while wanted:
        if own is not None and own.lower() == wanted:
            return default
        found = next(
            (each.text for each in names if each.language.lower() == wanted and not _is_special(each)), None
        )
        if found is not None:
            return found
        wanted = wanted.rpartition("-")[0]
    return default


def is_called(text: str, names: Iterable[str]) -> bool:
    """Whether a display is one of the names, whatever its case and spaces."""
    wanted = _plain(text)
    return any(_plain(each) == wanted for each in names)


def _plain(text: str) -> str:
    return " ".join(text.casefold().split())


def _is_special(name: Name) -> bool:
    """Whether a name is for something else than display."""
    return name.use is not None and name.use.code == "definition"
