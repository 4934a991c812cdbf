"""A clinic with its cast, its incidents, and a clock that stands still."""

from __future__ import annotations

import asyncio
from datetime import date
from typing import Any

from hypothesis import strategies as st

from charthouse.access.actor import SYSTEM, Actor
from charthouse.access.audit import event
from charthouse.access.incidents import letters
from charthouse.access.incidents.affected import Affected, Question
from charthouse.access.incidents.assessment import Factor
from charthouse.access.incidents.clocks import (
    Scale,
)
from charthouse.access.incidents.incident import Incidents, Letter
from charthouse.app import Clinic
from charthouse.fhir.bundle import Entry
from tests import cast

DAY = 86_400_000
TODAY = date(2026, 6, 15)
NOW = (TODAY - date(1970, 1, 1)).days * DAY + DAY // 2
DAYS = st.dates(date(1997, 1, 1), date(2150, 12, 31))
NOBODY = Scale(0, {})
RATED = Factor("low", "Only a name, read by a nurse who is bound to secrecy.")
LETTER = Letter("Somebody opened it.", "Your name.", "Read your bills.", "We looked.", "Call 800-555-0100.")


class Desk:
    """A clinic with its cast, its incidents, and a clock that stands at noon of TODAY."""

    def __init__(self, clinic: Clinic) -> None:
        self.clinic = clinic
        connection = clinic.record.connection()
        self.incidents = Incidents(connection, clock=lambda: NOW)
        self.affected = Affected(connection, clock=lambda: NOW)
        self.templates = letters.Templates(connection, clock=lambda: NOW)
        self.keys = clinic.write(lambda conn: cast.enter(clinic.people, conn))
        self.officer = cast.ADMINISTRATOR.at_the_screen(self.keys[cast.ADMINISTRATOR.name])
        self.nurse = cast.NURSE.at_the_screen(self.keys[cast.NURSE.name])

    def open(self, title: str = "A chart was opened", **more: Any) -> str:
        more = {"discovered": TODAY, "source": "Page"} | more
        name: str = self.write(lambda conn: self.incidents.open(conn, self.officer, title=title, **more))
        return name

    def write(self, job: Any) -> Any:
        return self.clinic.write(job)

    def patients(self, *trees: dict[str, Any]) -> dict[str, int]:
        """Put patients into the record; id -> key."""
        entries = [
            Entry("PUT", "Patient", one["id"], index=number, tree={"resourceType": "Patient"} | one)
            for number, one in enumerate(trees)
        ]
        asyncio.run(self.clinic.gate.commit(SYSTEM, entries, interaction="transaction"))
        found = self.find(Question(patients=[one["id"] for one in trees]))
        keys = sorted(found.patients)
        return {str(self.affected.id_of(key)): key for key in keys}

    def find(self, question: Question) -> Any:
        audit = self.clinic.open_audit()
        try:
            return self.affected.find(audit, self.clinic.record.connection(), question)
        finally:
            audit.close()

    def look(self, actor: Actor, *patients: int, at: int = NOW) -> None:
        from msgspec.structs import replace

        self.clinic.audit.record_now(replace(event(actor, "read", "Patient", patients=patients), at=at))
