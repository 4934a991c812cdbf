"""Scopes in plain words: what a program could do, for the person who is asked and the administrator who decides."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final
from urllib.parse import unquote

from charthouse.access import scopes
from charthouse.access.rules.types import CONFORMANCE, DIRECTORY
from charthouse.access.scopes import Scope
from charthouse.web import labels

OTHERS: Final = {
    "openid": ("Know who you are", "An id that stays the same, so that the app recognises you."),
    "fhirUser": ("See your own staff or patient record", "Its address in this record."),
    "profile": ("See your own staff or patient record", "Its address in this record."),
    "launch": ("Be started from a chart", "It is told which patient and visit you have open."),
    "launch/patient": ("Know which patient is chosen", ""),
    "launch/encounter": ("Know which visit is open", ""),
    "online_access": ("Go on while you are signed in", "It ends when you sign out."),
    "offline_access": (
        "Go on when you are not signed in",
        "For up to a year, or until you take it back under Apps.",
    ),
}
_NOUNS: Final = {
    "*": "the whole record",
    "Patient": "names, birth dates and contact data",
    "AuditEvent": "who saw what",
}
_WHOSE: Final = {
    "patient": "Of the one chosen patient.",
    "user": "Of every patient that the signed-in person may see.",
    "system": "Of every patient, without anybody signed in.",
}
# What is not in any patient's record.
_HOUSE: Final = {
    "user": "For the whole clinic.",
    "system": "For the whole clinic, without anybody signed in.",
}
_READS: Final = frozenset("rs")


@dataclass(frozen=True, slots=True)
class Permit:
    """One scope in words. `writes` says that it can change the record, `fixed` that it is nothing to untick,
    `alone` that it acts without anybody signed in."""

    scope: str
    title: str
    detail: str
    writes: bool = False
    fixed: bool = False
    alone: bool = False


def permits(texts: Iterable[str]) -> list[Permit]:
    """The scopes in words: about the person and the launch first, then what is read, then what is changed."""
    found = [_permit(text) for text in texts]
    return sorted(found, key=lambda one: (one.writes, one.scope not in OTHERS, one.title, one.scope))


def _permit(text: str) -> Permit:
    scope = scopes.parse(text)
    if scope is None:
        title, detail = OTHERS[text]
        return Permit(text, title, detail, fixed=text.startswith("launch"))
    what = _NOUNS.get(scope.type) or labels.many(scope.type).lower()
    only = " Only where " + " and ".join(f"{name} is {_last(value)}" for name, value in scope.criteria) + "."
    writes = not scope.letters <= _READS
    places = _HOUSE if scope.type in DIRECTORY | CONFORMANCE else _WHOSE
    whose = places.get(scope.context, _WHOSE[scope.context])
    return Permit(
        text,
        f"{_does(scope)} {what}",
        whose + (only if scope.criteria else ""),
        writes,
        alone=scope.context == "system",
    )


def _does(scope: Scope) -> str:
    words = ["read"] if scope.letters & _READS else []
    words += [
        word
        for letter, word in (("c", "add to"), ("u", "change"), ("d", "delete"))
        if letter in scope.letters
    ]
    text = ", ".join(words[:-1]) + (" and " if len(words) > 1 else "") + words[-1]
    return text[:1].upper() + text[1:]


def _last(value: str) -> str:
    """A code without its system."""
    return unquote(value).rpartition("|")[2] or value
