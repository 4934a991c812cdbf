"""A clinic with charts that are open to some and shut to others, and everybody who asks for them."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote, urlsplit

from charthouse.app import Clinic, build
from charthouse.base.settings import Settings
from tests import cast
from tests.door.oracle import Asker, Tree

FHIR_JSON = "application/fhir+json"
ACT = "http://terminology.hl7.org/CodeSystem/v3-ActCode"
OBSERVATION_CATEGORY = "http://terminology.hl7.org/CodeSystem/observation-category"
# the id of an answering Bundle, and when it was made
OWN = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}|\d{4}-\d\d-\d\dT[\d:.]+Z")
VARIES = frozenset({"x-request-id", "date"})


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back: status, headers but those of the single request, body."""

    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes

    def json(self) -> Any:
        return json.loads(self.body)

    def header(self, name: str) -> str | None:
        return dict(self.headers).get(name)

    def without(self, *ids: str) -> tuple[Any, ...]:
        """The whole answer with the ids that were asked for taken out, and what each answer has of its own."""
        text, headers = OWN.sub("ITS-OWN", self.body.decode("utf-8", "replace")), repr(self.headers)
        for id in ids:
            text, headers = text.replace(id, "THE-ID"), headers.replace(id, "THE-ID")
        return self.status, headers, text


async def call(app: Any, method: str, path: str, headers: Mapping[str, str], body: bytes = b"") -> Answer:
    """One request straight into an ASGI application: tens of thousands of them must be cheap."""
    parts = urlsplit(path)
    given = {"host": "localhost", **headers}
    if body and "content-type" not in given:
        given["content-type"] = FHIR_JSON
    if body:
        given["content-length"] = str(len(body))
    sent: dict[str, Any] = {"status": 0, "headers": []}
    chunks: list[bytes] = []
    asked = False

    async def receive() -> dict[str, Any]:
        nonlocal asked
        if asked:
            await asyncio.sleep(3600)
        asked = True
        return {"type": "http.request", "body": body, "more_body": False}

    async def send(message: dict[str, Any]) -> None:
        if message["type"] == "http.response.start":
            sent.update(message)
        else:
            chunks.append(message.get("body", b""))

    scope = {
        "type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "method": method, "scheme": "http",
        "path": unquote(parts.path), "raw_path": parts.path.encode(), "query_string": parts.query.encode(),
        "root_path": "", "headers": [(name.encode(), value.encode()) for name, value in given.items()],
        "client": ("127.0.0.1", 50000), "server": ("localhost", 80),
    }  # fmt: skip
    await app(scope, receive, send)
    found = tuple(sorted((name.decode(), value.decode()) for name, value in sent["headers"]))
    return Answer(
        sent["status"], tuple(pair for pair in found if pair[0] not in VARIES), b"".join(chunks)
    )  # fmt: skip


class Room:
    """A clinic of its own, called without a socket."""

    def __init__(self, settings: Settings) -> None:
        self.runner = asyncio.Runner()
        self.clinic = Clinic.open(settings, create=True, synchronous="OFF")
        self.app = build(self.clinic)
        self.people: dict[str, int] = self.clinic.write(
            lambda connection: cast.enter(self.clinic.people, connection)
        )
        self.everything = self.program("system/*.cruds", client="upkeep of tests", purpose="HSYSADMIN")

    def ask(self, method: str, path: str, headers: Mapping[str, str], body: Any = None) -> Answer:
        """One request; `body` is sent as JSON."""
        return self.runner.run(call(self.app, method, path, headers, _bytes(body)))

    def ask_all(self, asked: Sequence[tuple[str, str, Mapping[str, str], Any]]) -> list[Answer]:
        """Many requests at once, each `(method, path, headers, body)`; the answers in their order."""

        async def together() -> list[Answer]:
            return await asyncio.gather(*(
                call(self.app, method, path, headers, _bytes(body)) for method, path, headers, body in asked
            ))  # fmt: skip

        return self.runner.run(together())

    def store(self, trees: Iterable[Tree], *gone: str) -> None:
        """Put resources under their own ids, and delete others (`Type/id`), in one transaction."""
        entries = [
            {"resource": tree, "request": {"method": "PUT", "url": f"{tree['resourceType']}/{tree['id']}"}}
            for tree in trees
        ]
        entries += [{"request": {"method": "DELETE", "url": url}} for url in gone]
        answer = self.ask("POST", "/fhir", self.everything, {
            "resourceType": "Bundle", "type": "transaction", "entry": entries,
        })  # fmt: skip
        assert answer.status == 200, answer.body.decode()

    def put_policy(self, document: Tree) -> None:
        """Put a policy in force."""
        text = json.dumps(document)
        self.clinic.write(lambda connection: self.clinic.policies.put(connection, text, 1))
        self.clinic.generation.stale()

    def documents(self) -> list[Tree]:
        """The policies in force."""
        return [json.loads(kept.text) for kept in self.clinic.policies.all() if kept.text]

    def person(self, name: str, *roles: str) -> int:
        """The account of a person, made if there is none."""
        if name not in self.people:
            self.people[name] = self.clinic.write(
                lambda connection: self.clinic.people.add(connection, name, name, roles)
            )
        return self.people[name]

    def session(self, name: str) -> dict[str, str]:
        """The headers of somebody who just signed in at a browser, with what lets them write."""
        key, clinic = self.people[name], self.clinic
        secret = clinic.write(lambda connection: clinic.sessions.open(connection, key, mfa=True))
        cookie = f"{clinic.cookie.name}={secret}"
        live = clinic.door.session({"cookie": cookie})
        assert not isinstance(live, Exception)
        return {"cookie": cookie, "x-csrf-token": live.form_token}

    def token(self, name: str, *scopes: str, patient: str | None = None, **more: Any) -> dict[str, str]:
        """The header of a token by which a program acts for a person."""
        clinic, key = self.clinic, None
        if patient is not None:
            stored = clinic.record.reader.head(clinic.record.connection(), "Patient", patient)
            assert stored is not None
            key = stored.key
        account = clinic.people.get(self.people[name])
        issued = clinic.write(
            lambda connection: clinic.tokens.issue(connection, account, scopes, patient=key, **more)
        )
        return {"authorization": f"Bearer {issued.text}"}

    def program(self, *scopes: str, client: str = "tests", purpose: str = "TREAT") -> dict[str, str]:
        """The header of a token of a program that acts for itself."""
        clinic = self.clinic
        account = clinic.people.get(clinic.write(lambda connection: clinic.people.client(connection, client)))
        issued = clinic.write(
            lambda connection: clinic.tokens.issue(connection, account, scopes, purpose=purpose)
        )
        return {"authorization": f"Bearer {issued.text}"}

    def link(self, name: str, *, patient: str = "", practitioner: str = "") -> None:
        """Say which records a person is."""
        key, people = self.people[name], self.clinic.people
        self.clinic.write(
            lambda connection: people.link(connection, key, patient=patient, practitioner=practitioner)
        )
        self.clinic.generation.stale()

    def work_at(self, name: str, organization: str) -> None:
        """Let a person work at an organization of the record."""
        clinic, key = self.clinic, self.people[name]

        def job(connection: Any) -> None:
            place = clinic.facilities.add(connection, organization, f"Organization/{organization}")
            clinic.facilities.assign(connection, key, [place])

        clinic.write(job)
        clinic.generation.stale()

    def state(self) -> tuple[Any, ...]:
        """What a write would change: counts, the last version, the last change."""
        connection = self.clinic.record.connection()
        last = connection.one("SELECT max(seq), count(*) FROM version")
        return sorted(self.clinic.tallies().items()), last, connection.one("SELECT max(id) FROM txn")

    def walk(self, path: str, headers: Mapping[str, str]) -> Iterator[Answer]:
        """A search with all its pages."""
        while path:
            answer = self.ask("GET", path, headers)
            yield answer
            links = answer.json().get("link", ()) if answer.status == 200 else ()
            path = next((link["url"].partition("localhost")[2].partition("/fhir")[2]
                         for link in links if link["relation"] == "next"), "")  # fmt: skip
            path = path and f"/fhir{path}"

    def close(self) -> None:
        self.clinic.close()
        self.runner.close()


def _bytes(body: Any) -> bytes:
    return b"" if body is None else body if isinstance(body, bytes) else json.dumps(body).encode()


def label(tree: Tree, *codes: str) -> Tree:
    """The resource with security labels."""
    return {**tree, "meta": {"security": [{"system": ACT, "code": code} for code in codes]}}


def observation(id: str, patient: str, category: str = "laboratory", **more: Any) -> Tree:
    """An Observation about a patient."""
    return {
        "resourceType": "Observation", "id": id, "status": "final", "subject": {"reference": f"Patient/{patient}"},
        "category": [{"coding": [{"system": OBSERVATION_CATEGORY, "code": category}]}],
        "code": {"coding": [{"system": "http://loinc.org", "code": "718-7"}]}, **more,
    }  # fmt: skip


def patient(id: str, organization: str = "here", **more: Any) -> Tree:
    """A Patient who is managed by an organization."""
    return {
        "resourceType": "Patient", "id": id, "name": [{"family": f"Family{id}"}], "gender": "female",
        "birthDate": "1980-02-29", "managingOrganization": {"reference": f"Organization/{organization}"},
        "identifier": [{"system": "http://example.org/mrn", "value": f"mrn-{id}"}], **more,
    }  # fmt: skip


def chart(who: str, **patient_more: Any) -> list[Tree]:
    """One patient `who` with a resource of most types that charts are made of; ids are `who-type`."""
    whose, me = {"reference": f"Patient/{who}"}, f"{who}-"
    code = {"coding": [{"system": "http://snomed.info/sct", "code": "38341003"}]}
    visit = {"reference": f"Encounter/{who}-encounter"}
    number = [{"system": "http://example.org/number", "value": f"number-{who}"}]
    moment = "2024-05-06T07:08:09Z"
    period = {"start": "2024-05-06T07:00:00Z", "end": "2024-05-06T08:00:00Z"}
    plain: list[tuple[str, Tree]] = [
        ("Condition", {"subject": whose, "code": code, "encounter": visit}),
        ("Encounter", {"status": "finished", "class": {"system": ACT, "code": "AMB"}, "subject": whose,
                       "period": period, "diagnosis": [{"condition": {"reference": f"Condition/{me}condition"}}]}),
        ("DocumentReference", {"status": "current", "subject": whose, "description": f"letter {who}", "content": [
            {"attachment": {"contentType": "text/plain", "data": "bGV0dGVy", "title": f"letter {who}"}}]}),
        ("Binary", {"contentType": "text/plain", "data": "bGV0dGVy", "securityContext": whose}),
        ("Appointment", {"status": "booked", "start": period["start"], "end": period["end"],
                         "participant": [{"actor": whose, "status": "accepted"}]}),
        ("Coverage", {"status": "active", "beneficiary": whose, "payor": [{"reference": "Organization/here"}]}),
        ("Consent", {"status": "draft", "scope": {"coding": [{"code": "patient-privacy"}]}, "patient": whose,
                     "category": [{"coding": [{"code": "59284-0"}]}], "policyRule": {"coding": [{"code": "OPTIN"}]}}),
        ("List", {"status": "current", "mode": "working", "subject": whose,
                  "entry": [{"item": {"reference": f"Condition/{me}condition"}}]}),
        ("Composition", {"status": "final", "type": code, "subject": whose, "date": moment, "title": f"Note {who}",
                         "author": [{"reference": "Practitioner/doc"}]}),
        ("Provenance", {"target": [whose], "recorded": moment, "agent": [{"who": {"reference": "Practitioner/doc"}}]}),
        ("Device", {"status": "active", "patient": whose, "deviceName": [{"name": "pump", "type": "other"}]}),
        ("CareTeam", {"status": "active", "subject": whose, "participant": []}),
        ("AllergyIntolerance", {"patient": whose, "code": code, "clinicalStatus": {"coding": [{
            "system": "http://terminology.hl7.org/CodeSystem/allergyintolerance-clinical", "code": "active"}]}}),
        ("MedicationRequest", {"status": "active", "intent": "order", "subject": whose,
                               "medicationCodeableConcept": code}),
        ("Procedure", {"status": "completed", "subject": whose, "code": code, "performedDateTime": moment}),
        ("Immunization", {"status": "completed", "patient": whose, "vaccineCode": code, "occurrenceDateTime": moment}),
        ("DiagnosticReport", {"status": "final", "subject": whose, "code": code,
                              "result": [{"reference": f"Observation/{me}observation"}]}),
        ("ServiceRequest", {"status": "active", "intent": "order", "subject": whose, "code": code}),
        ("Claim", {"status": "active", "type": code, "use": "claim", "patient": whose, "created": moment,
                   "provider": {"reference": "Organization/here"}, "priority": code,
                   "insurance": [{"sequence": 1, "focal": True, "coverage": {"reference": f"Coverage/{me}coverage"}}]}),
        ("Flag", {"status": "active", "code": code, "subject": whose}),
        ("RelatedPerson", {"patient": whose, "name": [{"family": f"Kin{who}"}]}),
        ("Account", {"status": "active", "subject": [whose]}),
        ("Task", {"status": "requested", "intent": "order", "for": whose}),
        ("Communication", {"status": "completed", "subject": whose}),
        ("EpisodeOfCare", {"status": "active", "patient": whose}),
        ("Specimen", {"subject": whose}),
        ("Goal", {"lifecycleStatus": "active", "description": {"text": "walk"}, "subject": whose}),
    ]  # fmt: skip
    trees = [
        {"resourceType": kind, "id": me + kind.lower(), "identifier": number, **rest} for kind, rest in plain
    ]
    for tree in trees:
        if tree["resourceType"] in ("Binary", "Provenance", "Composition"):
            del tree["identifier"]
        if not tree.get("participant", True):
            del tree["participant"]
    return [
        patient(who, **patient_more),
        observation(f"{me}observation", who, identifier=number, encounter=visit),
        observation(f"{me}vitals", who, "vital-signs"),
        *trees,
    ]


def directory() -> list[Tree]:
    """What is in nobody's record."""
    return [
        {"resourceType": "Organization", "id": "here", "name": "Here Clinic"},
        {"resourceType": "Organization", "id": "there", "name": "There Clinic"},
        {"resourceType": "Location", "id": "ward", "name": "Ward"},
        *(
            {"resourceType": "Practitioner", "id": id, "name": [{"family": id}]}
            for id in ("doc", "lea", "nur")
        ),
    ]


ROLES = (
    "administrator", "clinician", "nurse", "registrar", "him-technician", "coder", "biller", "analyst",
    "privacy-officer", "implementer", "instructor", "learner", "patient",
)  # fmt: skip


def everybody(room: Room) -> list[Asker]:
    """Every role at a browser, somebody without one, and tokens of several scopes."""
    here = frozenset({"Organization/here"})
    known = {
        "administrator": cast.ADMINISTRATOR.name, "clinician": cast.DOCTOR.name, "biller": cast.BILLER.name,
        "patient": cast.PATIENT.name,
    }  # fmt: skip
    named = {role: known.get(role, f"one.{role}") for role in ROLES}
    for role, name in named.items():
        room.person(name, role)
    room.link(named["patient"], patient="own01")
    room.link(named["clinician"], practitioner="doc")
    room.link(named["learner"], practitioner="lea")
    room.work_at(named["coder"], "here")
    more: dict[str, dict[str, Any]] = {
        "patient": {"patient": "own01"}, "clinician": {"practitioner": "doc"}, "learner": {"practitioner": "lea"},
        "coder": {"places": here},
    }  # fmt: skip
    found = [
        Asker(role, room.session(name), frozenset({role}), **more.get(role, {}))
        for role, name in named.items()
    ]
    found.append(Asker("nobody", room.session(cast.STRANGER.name)))
    doctor, own = named["clinician"], named["patient"]
    roles, carer = frozenset({"clinician"}), {"practitioner": "doc"}
    lab = "user/Observation.rs?category=laboratory"
    found += [
        Asker("laboratory of the doctor", room.token(doctor, lab), roles, scopes=(lab,), **carer),
        Asker("reader of the doctor", room.token(doctor, "user/*.rs"), roles, scopes=("user/*.rs",), **carer),
        Asker("one patient of the doctor", room.token(doctor, "patient/*.cruds", patient="oth01"), roles,
              scopes=("patient/*.cruds",), bound="oth01", **carer),
        Asker("shut patient of the doctor", room.token(doctor, "patient/*.rs", patient="vip01"), roles,
              scopes=("patient/*.rs",), bound="vip01", **carer),
        Asker("app of the patient", room.token(own, "patient/*.rs", patient="own01"), frozenset({"patient"}),
              scopes=("patient/*.rs",), bound="own01", patient="own01"),
        Asker("nurse in an app", room.token(named["nurse"], "user/*.cruds"), frozenset({"nurse"})),
        Asker("narrow program", room.program("system/Observation.rs?category=laboratory", client="narrow"),
              is_person=False, scopes=("system/Observation.rs?category=laboratory",)),
        Asker("reading program", room.program("system/*.rs", client="reader"), is_person=False,
              scopes=("system/*.rs",)),
        Asker("upkeep", room.program("system/*.rs", client="upkeep", purpose="HSYSADMIN"), is_person=False,
              scopes=("system/*.rs",), purpose="HSYSADMIN"),
    ]  # fmt: skip
    return found
