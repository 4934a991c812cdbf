"""What a rule found, before anybody needs it as an issue: cheap to make, told relative to where it stands."""

from __future__ import annotations

import difflib
from collections.abc import Collection
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any, Final

from charthouse.base.errors import Issue, shorten
from charthouse.fhir.resource import MAX_DEPTH

MOST: Final = 100  # errors gathered before a rule stops looking


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is wrong. `place` is the path from the rule's own place, e.g. `.name[0]` or empty.

    `near` are the names that would have been right instead of `value`; the nearest is only
    looked for when the finding is told.
    """

    code: str
    message: str
    value: str | None = None
    repair: str | None = None
    place: str = ""
    near: Collection[str] = ()
    severity: str = "error"

    def issue(self, root: str) -> Issue:
        """The same for the caller, its place beginning at `root`."""
        repair = self.repair
        if self.near and self.value is not None:
            close = _closest(self.value, self.near)
            if close:
                repair = f'Did you mean "{close}"?'
        place = (root + self.place).lstrip(".") or None
        return Issue(self.code, self.message, place, self.value, repair, self.severity)


def under(step: str, found: list[Finding]) -> list[Finding]:
    """The same findings seen from one level further out, where `step` (`.name`, `[0]`) leads to them."""
    return [replace(finding, place=step + finding.place) for finding in found]


def enough(found: list[Finding]) -> bool:
    """Whether to stop looking: many errors, or a great deal of anything."""
    if len(found) < MOST:
        return False
    return len(found) >= 10 * MOST or sum(finding.severity == "error" for finding in found) >= MOST


def is_shapeless(found: list[Finding]) -> bool:
    """Whether something has not even the shape that further rules rely on."""
    return any(finding.code == "structure" for finding in found)


def too_deep() -> list[Finding]:
    """The finding where nesting goes beyond what `resource.parse` would read back."""
    message = f"The resource is nested more than {MAX_DEPTH} levels deep."
    return [Finding("structure", message, None, "Send resources as the FHIR specification shapes them.")]


def shown(value: Any) -> str:
    """A JSON value as a message may show it: text shortened, objects and arrays only named."""
    if isinstance(value, str):
        return shorten(value)
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, dict):
        return "an object"
    if isinstance(value, list):
        return "an array"
    if isinstance(value, Decimal) or -(10**80) < value < 10**80:
        return shorten(str(value))
    return "a very large number"


def kind(value: Any) -> str:
    """The JSON type of `value` in words."""
    if isinstance(value, bool):
        return "true or false"
    if isinstance(value, str):
        return "a string"
    if value is None:
        return "null"
    if isinstance(value, dict):
        return "an object"
    return "an array" if isinstance(value, list) else "a number"


def _closest(name: str, names: Collection[str]) -> str | None:
    wanted = name.casefold()
    folded = {candidate.casefold(): candidate for candidate in names}
    close = difflib.get_close_matches(wanted[:64], folded, n=1, cutoff=0.7)
    return folded[close[0]] if close else None
