"""A whole clinic behind one application, a marked patient in it, and callers of every kind."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest

from charthouse.access.reporting import Entry, Reporting
from charthouse.access.routes import describe
from charthouse.app import Clinic, build
from charthouse.base.settings import Settings
from tests import cast

MARK = "Zzyzxmarker"  # stands in every resource of the marked record, and nowhere else
FHIR_JSON = "application/fhir+json"
JSON = {"content-type": FHIR_JSON}
FORM = {"content-type": "application/x-www-form-urlencoded"}


class House:
    """The clinic with its application, called over ASGI without a socket."""

    def __init__(self, folder: Path) -> None:
        self.runner = asyncio.Runner()
        self.clinic = Clinic.open(Settings(data=folder, body_limit=2_000_000), create=True)
        self.app = build(self.clinic)
        self.people: dict[str, int] = self.clinic.write(
            lambda connection: cast.enter(self.clinic.people, connection)
        )
        self.everything = self.token("system/*.cruds", "everything")
        self.ids = self._fill()

    def token(self, scope: str, client: str = "tests", lifetime: int = 3_600_000) -> dict[str, str]:
        """The header of a fresh bearer token."""
        clinic = self.clinic
        account = clinic.people.get(clinic.write(lambda connection: clinic.people.client(connection, client)))
        issued = clinic.write(
            lambda connection: clinic.tokens.issue(connection, account, scope.split(), lifetime=lifetime)
        )
        return {"authorization": f"Bearer {issued.text}"}

    def session(self, member: cast.Member) -> dict[str, str]:
        """The cookie of a fresh session of that member."""
        sessions, key = self.clinic.sessions, self.people[member.name]
        secret = self.clinic.write(lambda connection: sessions.open(connection, key))
        return {"cookie": f"{self.clinic.cookie.name}={secret}"}

    def form_token(self, cookie: Mapping[str, str]) -> str:
        live = self.clinic.door.session(cookie)
        assert not isinstance(live, Exception)
        return live.form_token

    def ask(self, method: str, path: str, headers: Any = None, **given: Any) -> httpx.Response:
        """One request by somebody who keeps no cookies."""

        async def send() -> httpx.Response:
            transport = httpx.ASGITransport(app=self.app, raise_app_exceptions=False)
            async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as client:
                return await client.request(method, path, headers=headers, **given)

        return self.runner.run(send())

    def make(self, resource: dict[str, Any]) -> str:
        answer = self.ask(
            "POST", f"/fhir/{resource['resourceType']}", {**self.everything, **JSON}, json=resource
        )
        assert answer.status_code == 201, answer.text
        return str(answer.headers["location"].split("/")[-3])

    def state(self) -> tuple[Any, ...]:
        """What a write would change: the live counts, the last version, the last change."""
        connection = self.clinic.record.connection()
        last = connection.one("SELECT max(seq), count(*) FROM version")
        return (sorted(self.clinic.tallies().items()), last, connection.one("SELECT max(id) FROM txn"))

    def events(self) -> list[Entry]:
        """The whole audit, newest first."""
        connection = self.clinic.open_audit()
        try:
            return list(Reporting(connection).latest(count=100_000).entries)
        finally:
            connection.close()

    def _fill(self) -> dict[str, str]:
        subject = self.make({
            "resourceType": "Patient", "name": [{"family": MARK}], "birthDate": "1980-02-29",
            "identifier": [{"system": "http://example.org/mrn", "value": MARK}],
            "photo": [{"contentType": "image/png", "data": "AAAA", "title": MARK}],
        })  # fmt: skip
        whose = {"reference": f"Patient/{subject}"}
        return {
            "Patient": subject,
            "Observation": self.make({
                "resourceType": "Observation", "status": "final", "subject": whose,
                "code": {"text": MARK}, "valueString": MARK,
            }),
            "Binary": self.make({
                "resourceType": "Binary", "contentType": "text/plain", "data": "Wnp5enhtYXJrZXI=",
                "securityContext": whose,
            }),
            "DocumentReference": self.make({
                "resourceType": "DocumentReference", "status": "current", "subject": whose, "description": MARK,
                "content": [{"attachment": {"contentType": "text/plain", "data": "Wnp5enhtYXJrZXI=", "title": MARK}}],
            }),
        }  # fmt: skip

    def close(self) -> None:
        self.clinic.close()
        self.runner.close()


@dataclass(frozen=True, slots=True)
class Way:
    """One method at one address of the table, filled in with what is there."""

    method: str
    template: str
    path: str
    is_open: bool


def ways(house: House, type_name: str = "Patient") -> list[Way]:
    """Every method at every address that `charthouse routes --json` prints."""
    real = {
        "type": type_name, "id": house.ids[type_name], "version": "1", "patient": house.ids["Patient"],
        "section": "documents", "number": "0", "hash": "0", "name": "base.css", "secret": "x", "path": "x",
        "kind": "Observation",
    }  # fmt: skip

    def path(method: str, template: str) -> str:
        found = template.replace(":path}", "}").format_map(defaultdict(lambda: "x", real))
        if template.endswith("$lastn"):  # which is refused as malformed as well
            return f"{found}?patient=x&code=x"
        # without criteria a change of a whole type is refused as malformed before anybody is asked
        return (
            f"{found}?_id={real['id']}"
            if template == "/fhir/{type}" and method in ("PUT", "PATCH", "DELETE")
            else found
        )

    return [
        Way(method, row["path"], path(method, row["path"]), row["open"])
        for row in describe(house.app)
        for method in row["methods"]
    ]  # fmt: skip


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    found = House(tmp_path_factory.mktemp("door"))
    yield found
    found.close()
