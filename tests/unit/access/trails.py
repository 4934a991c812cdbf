"""A whole clinic for tests of the trail: people, charts, and a way to say what happened when."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager
from typing import Any
from urllib.parse import quote
from uuid import uuid4

from charthouse.access.actor import SYSTEM, Actor
from charthouse.access.audit import Event
from charthouse.access.sessions import SCOPES
from charthouse.access.trail.watch import Watch
from charthouse.app import Clinic
from charthouse.base.settings import read
from charthouse.db.connect import connect
from charthouse.fhir.bundle import Entry
from tests import cast

DAY = 86_400_000
START = 1_790_000_000_000 // DAY * DAY  # midnight UTC of a day


class Scene:
    """The clinic of a test. Coroutines run in one event loop, `run`."""

    def __init__(self, clinic: Clinic) -> None:
        self.clinic = clinic
        self.runner = asyncio.Runner()
        self.people = clinic.write(lambda connection: cast.enter(clinic.people, connection))
        self.client = clinic.people.get(
            clinic.write(lambda connection: clinic.people.client(connection, "lab"))
        )

    def run(self, job: Any) -> Any:
        return self.runner.run(job)

    def actor(self, member: cast.Member, **given: Any) -> Actor:
        return Actor(
            self.people[member.name], member.name, member.roles, "web", SCOPES, session="session:1", **given
        )

    def link(
        self, member: cast.Member, *, practitioner: str | None = None, patient: str | None = None
    ) -> None:
        """Say who the account is in the record."""
        key = self.people[member.name]
        links = f"practitioner = {_text(practitioner)}, patient = {_text(patient)}"
        statement = f"UPDATE account SET {links} WHERE id = {key}"
        self.clinic.write(lambda connection: connection.run(statement))

    def put(self, *trees: dict[str, Any], actor: Actor | None = None) -> list[int]:
        """Write resources under their ids, in one transaction; their keys."""
        who = actor or SYSTEM
        entries = [
            Entry("PUT", tree["resourceType"], tree["id"], tree, index=place)
            for place, tree in enumerate(trees)
        ]
        done = self.run(self.clinic.gate.commit(who, entries, interaction="transaction"))
        return [outcome.stored.key for outcome in done]

    def tell(
        self,
        member: cast.Member,
        at: int,
        patients: Collection[int],
        *,
        interaction: str = "read",
        type: str = "Condition",
        outcome: str = "ok",
        resources: Sequence[tuple[int, int]] = (),
        query: str = "",
    ) -> None:
        """Put an event of that moment into the audit."""
        key = self.people[member.name]
        self.clinic.audit.record_now(
            Event(
                at,
                key,
                "web",
                "session:1",
                interaction,
                outcome,
                type,
                query,
                "",
                "TREAT",
                "192.0.2.7",
                resources,
                patients,
            )
        )

    @contextmanager
    def watching(self) -> Iterator[Watch]:
        clinic = self.clinic
        record, audited = clinic.record.connect(), clinic.open_audit()
        try:
            yield Watch(
                record, audited, clinic.record.reader, clinic._found, clinic.write, clock=lambda: START
            )
        finally:
            record.close()
            audited.close()

    def watch(self) -> int:
        """Look through everything new; how many events there were."""
        seen = 0
        with self.watching() as watch:
            while done := watch.run():
                seen += done
        return seen

    def rows(self, statement: str) -> list[Any]:
        connection = self.clinic.record.connect()
        try:
            return connection.run(statement)
        finally:
            connection.close()

    def close(self) -> None:
        self.runner.close()
        self.clinic.close()


@contextmanager
def scene(folder: Any, postgres_url: Callable[[], str] | None = None) -> Iterator[Scene]:
    """A clinic in `folder`, or in a schema of its own of a PostgreSQL server."""
    given: dict[str, Any] = {"data": folder / "data"}
    if postgres_url is not None:
        url, schema = postgres_url(), f"t{uuid4().hex}"
        from charthouse.db.connect import Place

        made = connect(Place(url=url))
        made.script(f'CREATE SCHEMA "{schema}"')
        made.close()
        option = "options=" + quote(f"-csearch_path={schema}", safe="")
        given = {"database_url": f"{url}{'&' if '?' in url else '?'}{option}"}
    clinic = Clinic.open(read({}, **given), create=True, synchronous="OFF")
    opened = Scene(clinic)
    try:
        yield opened
    finally:
        opened.close()


def patient(id: str, family: str = "Kim", given: str = "Pat", **more: Any) -> dict[str, Any]:
    return {"resourceType": "Patient", "id": id, "name": [{"family": family, "given": [given]}]} | more


def practitioner(id: str, family: str, given: str = "Ada", **more: Any) -> dict[str, Any]:
    return {"resourceType": "Practitioner", "id": id, "name": [{"family": family, "given": [given]}]} | more


def encounter(id: str, patient: str, day: str, practitioner: str = "") -> dict[str, Any]:
    made: dict[str, Any] = {
        "resourceType": "Encounter",
        "id": id,
        "status": "finished",
        "class": {"system": "http://terminology.hl7.org/CodeSystem/v3-ActCode", "code": "AMB"},
        "subject": {"reference": f"Patient/{patient}"},
        "period": {"start": f"{day}T09:00:00Z", "end": f"{day}T10:00:00Z"},
    }
    if practitioner:
        made["participant"] = [{"individual": {"reference": f"Practitioner/{practitioner}"}}]
    return made


def _text(value: str | None) -> str:
    return "NULL" if value is None else f"'{value}'"
