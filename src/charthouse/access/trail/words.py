"""What happened in plain words, for people who never saw an interaction's name."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from charthouse.access.trail.line import WRITE, Line

# Purposes of use (HL7 v3 ActReason) as people say them.
PURPOSES: Final[Mapping[str, str]] = {
    "TREAT": "Treatment",
    "ETREAT": "Emergency treatment",
    "BTG": "Broke the glass",
    "HPAYMT": "Payment",
    "HOPERAT": "Running the clinic",
    "HRESCH": "Research",
    "PATRQT": "Request of the patient",
    "PUBHLTH": "Public health",
    "HSYSADMIN": "Looking after the system",
    "HLEGAL": "Law",
    "COVERAGE": "Coverage",
    "HMARKT": "Marketing",
}
# Kinds of doing; each has a colour.
LOOKED, WROTE, LEFT, DOOR, REFUSED, OTHER = "looked", "wrote", "left", "door", "refused", "other"
KINDS: Final[Mapping[str, str]] = {
    LOOKED: "Looked at", WROTE: "Wrote", LEFT: "Took out", DOOR: "Came and went", REFUSED: "Refused", OTHER: "Other",
}  # fmt: skip
INTERACTIONS: Final[Mapping[str, frozenset[str]]] = {
    LOOKED: frozenset({"read", "vread", "search", "history", "history-type", "history-system"}),
    WROTE: frozenset({"create", "update", "patch", "delete", "transaction", "batch", "import"}),
    LEFT: frozenset({"export", "print"}),
    DOOR: frozenset({"sign-in", "sign-in-failed", "sign-out"}),
}
FAILURES: Final = frozenset(
    {"forbidden", "not_found", "gone", "invalid", "conflict", "unsupported", "too_costly", "busy", "fault"}
)
_SAID: Final[Mapping[str, str]] = {
    "read": "Opened", "vread": "Opened an earlier version of", "history": "Looked at the history of",
    "history-type": "Looked at the history of", "history-system": "Looked at the history of",
    "search": "Looked through", "create": "Wrote", "update": "Changed", "patch": "Changed", "delete": "Deleted",
    "transaction": "Wrote", "batch": "Wrote", "import": "Imported", "export": "Exported", "print": "Printed",
}  # fmt: skip
_WHOLE: Final[Mapping[str, str]] = {
    "sign-in": "Signed in", "sign-in-failed": "Tried to sign in and failed", "sign-out": "Signed out",
    "password-chosen": "Chose a password", "break-glass": "Broke the glass", "glass": "Broke the glass",
}  # fmt: skip
AUDIT: Final = "audit"
_AUDIT: Final[Mapping[str, str]] = {
    "update": "Worked on the audit", "export": "Exported from the audit", "print": "Printed from the audit",
}  # fmt: skip
_OUTCOMES: Final[Mapping[str, str]] = {
    "forbidden": "not open to them", "not_found": "nothing was there", "gone": "it was deleted", "invalid": "not valid",
    "conflict": "it had changed", "busy": "the server was busy", "fault": "something broke",
    "unsupported": "not offered", "too_costly": "it took too long",
}  # fmt: skip


def kind(line: Line) -> str:
    """Looking, writing, taking out, coming and going, refused, or something else."""
    if line.outcome != "ok":
        return REFUSED
    if line.source == WRITE:
        return WROTE
    return next((name for name, words in INTERACTIONS.items() if line.interaction in words), OTHER)


def said(line: Line, types: Mapping[str, tuple[int, str]], *, plain: bool = False) -> str:
    """The event as a sentence without its subject: `Opened 3 observations`; `plain` leaves numbers out.

    `types` are the types of what was seen or written, each with how many and what one or many are called.
    """
    whole = _WHOLE.get(line.interaction)
    if line.type == AUDIT:
        whole = _AUDIT.get(line.interaction, "Asked the audit")
    if whole is None:
        what = ", ".join(_counted(count, name, plain=plain) for count, name in types.values())
        verb = _SAID.get(line.word)
        if verb is None:
            whole = line.interaction.replace("-", " ").replace("_", " ").capitalize()
        elif line.word == "search" and not what:
            whole = "Searched and found nothing"
        else:
            whole = f"{verb} {what or 'nothing'}"
    return whole if line.outcome == "ok" else f"{whole} ({_OUTCOMES.get(line.outcome, 'refused')})"


def _counted(count: int, name: str, *, plain: bool) -> str:
    if count > 1:
        return name if plain else f"{count} {name}"
    return f"{'an' if name[:1] in 'aeiou' else 'a'} {name}"


def purpose(code: str) -> str:
    """A purpose of use in words."""
    return PURPOSES.get(code, code)
