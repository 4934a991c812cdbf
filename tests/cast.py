"""The people of every access test: who they are, what they may do, and who must see nothing."""

from __future__ import annotations

from dataclasses import dataclass

from charthouse.access.actor import Actor
from charthouse.access.people import People
from charthouse.access.sessions import SCOPES
from charthouse.db.connect import Connection


@dataclass(frozen=True, slots=True)
class Member:
    """One of the cast: sign-in name, name on the screen, roles."""

    name: str
    display: str
    roles: frozenset[str]

    def at_the_screen(self, key: int = 1, session: str = "session:1") -> Actor:
        """The member signed in at a browser, under the account `key`."""
        return Actor(key, self.name, self.roles, "web", SCOPES, session=session)


ADMINISTRATOR = Member("asa.lund", "Asa Lund", frozenset({"administrator"}))
DOCTOR = Member("dr.okafor", "Dr Ada Okafor", frozenset({"clinician"}))
NURSE = Member("n.petrov", "Nadia Petrov RN", frozenset({"clinician"}))
BILLER = Member("b.ruiz", "Bruno Ruiz", frozenset({"biller"}))
PATIENT = Member("pat.kim", "Pat Kim", frozenset({"patient"}))
# Signed in like everybody else, but nobody gave this person a role: must see nothing at all.
STRANGER = Member("s.nobody", "Sam Nobody", frozenset())

CAST = (ADMINISTRATOR, DOCTOR, NURSE, BILLER, PATIENT, STRANGER)
# Who sees nothing: without a role, or a patient whose account is not linked to a chart.
SHUT_OUT = (STRANGER,)


def enter(people: People, connection: Connection) -> dict[str, int]:
    """Give every member an account, in the caller's transaction; name -> key."""
    return {member.name: people.add(connection, member.name, member.display, member.roles) for member in CAST}
