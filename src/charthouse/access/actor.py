"""Who is asking: the one value that every decision and every audit row is made from."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Actor:
    """A person or program on whose behalf a request runs.

    `id` is the account's key (0 = the house itself, -1 = nobody signed in). `roles` are what a person
    was given; `scopes` are SMART v2 texts and bound what this one sign-in or token may do, so an
    actor without scopes may do nothing. `client` names the program used, `session` the row that let
    it in (`session:7`, `token:12`), `patient` the key of the patient that `patient/…` scopes and
    own-record rules are about. `purpose` is a code of the HL7 v3 PurposeOfUse code system.
    `practitioner` is the logical id of the Practitioner that a person is, `facilities` are where they
    work: `Organization/ID` or `Location/ID`, and `facility/NUMBER` for one the record does not know.
    `glass` are the keys of the patients for whom the person broke the glass, while that lasts.
    """

    id: int
    name: str
    roles: frozenset[str]
    client: str
    scopes: frozenset[str]
    purpose: str = "TREAT"
    session: str | None = None
    patient: int | None = None
    practitioner: str | None = None
    facilities: frozenset[str] = frozenset()
    glass: frozenset[int] = frozenset()


SYSTEM: Final = Actor(0, "system", frozenset(), "charthouse", frozenset({"system/*.cruds"}), "HSYSADMIN")
NOBODY: Final = Actor(-1, "", frozenset(), "", frozenset())
