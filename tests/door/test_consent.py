"""Consents hold as they are written, from the moment they are written, on either database."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from charthouse.base.settings import Settings
from tests import cast
from tests.door.oracle import Tree
from tests.door.rooms import ACT, Room, directory, label, observation, patient
from tests.postgres import fresh_database

ROLE = "http://terminology.hl7.org/CodeSystem/v3-ParticipationType"
REASON = "http://terminology.hl7.org/CodeSystem/v3-ActReason"
ACTION = "http://terminology.hl7.org/CodeSystem/consentaction"
PAST, FUTURE = "2001-01-01", "2199-01-01"


@pytest.fixture(scope="module", params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def room(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Room]:
    folder = tmp_path_factory.mktemp("consent")
    url = fresh_database(request.getfixturevalue("postgres_url")) if request.param == "postgres" else None
    opened = Room(Settings(data=folder, database_url=url, rate_session=0))
    opened.store(directory())
    opened.person("nurse", "nurse")
    opened.link(cast.DOCTOR.name, practitioner="doc")
    opened.link("nurse", practitioner="nur")
    yield opened
    opened.close()


class Chart:
    """A patient of one test's own, and who asks for what is in the chart."""

    def __init__(self, room: Room) -> None:
        self.room = room
        self.who = who = f"p{uuid4().hex[:12]}"
        room.store(
            [
                patient(who),
                observation(f"{who}-lab", who),
                label(observation(f"{who}-eth", who), "ETH"),
                label(observation(f"{who}-hiv", who), "HIV"),
                {
                    "resourceType": "Condition",
                    "id": f"{who}-cond",
                    "subject": {"reference": f"Patient/{who}"},
                    "code": {"coding": [{"system": "http://snomed.info/sct", "code": "38341003"}]},
                },
            ]
        )
        self.doctor = room.session(cast.DOCTOR.name)
        self.nurse = room.session("nurse")

    def consent(
        self,
        kind: str | None,
        *,
        id: str = "",
        status: str = "active",
        scope: str = "patient-privacy",
        rule: str = "OPTIN",
        **provision: Any,
    ) -> Tree:
        """A Consent of the patient; `kind` is the type of its provision."""
        tree: Tree = {
            "resourceType": "Consent",
            "id": id or f"{self.who}-consent",
            "status": status,
            "scope": {
                "coding": [{"system": "http://terminology.hl7.org/CodeSystem/consentscope", "code": scope}]
            },
            "category": [{"coding": [{"system": "http://loinc.org", "code": "59284-0"}]}],
            "patient": {"reference": f"Patient/{self.who}"},
            "policyRule": {"coding": [{"system": ACT, "code": rule}]},
        }
        inner = ({"type": kind} if kind else {}) | provision
        return tree | ({"provision": inner} if inner else {})

    def write(self, *trees: Tree) -> None:
        self.room.store(trees)

    def opens(self, who: dict[str, str], what: str = "lab", kind: str = "Observation") -> bool:
        """Whether somebody meets a resource; read, search, version and history must agree, and what is found widely."""
        id = f"{self.who}-{what}" if what else self.who
        own = f"Patient/{self.who}"
        paths = [
            f"/{kind}/{id}", f"/{kind}?_id={id}", f"?_type={kind}&_id={id}", f"/{kind}/{id}/_history/1",
            f"/{kind}/{id}/_history",
        ]  # fmt: skip
        if self.room.ask("GET", f"/fhir/{own}", who).status == 200:
            paths += [f"/{own}/{kind}?_id={id}", f"/{own}/*?_id={id}&_type={kind}"]
            whole = self.room.ask("GET", f"/fhir/{own}/$everything", who).json()
            given = {
                (entry["resource"]["resourceType"], entry["resource"].get("id")) for entry in whole["entry"]
            }
            assert ((kind, id) in given) is (self.room.ask("GET", f"/fhir/{kind}/{id}", who).status == 200)
        asked = [(path, self.room.ask("GET", f"/fhir{path}", who)) for path in paths]
        met = []
        for path, answer in asked:
            is_met = answer.status == 200
            if "?" in path:
                assert is_met, answer.body
                is_met = answer.json()["total"] == 1
            else:
                assert answer.status in (200, 404), answer.body
            met.append(is_met)
        assert len(set(met)) == 1, dict(zip((path for path, _ in asked), met, strict=True))
        return met[0]


@pytest.fixture
def chart(room: Room) -> Chart:
    return Chart(room)


def reference(to: str) -> Tree:
    return {"reference": to}


def actor(to: str, role: str = "IRCP") -> Tree:
    return {"role": {"coding": [{"system": ROLE, "code": role}]}, "reference": reference(to)}


def test_an_opt_out_holds_from_the_moment_it_is_written_and_until_it_is_revoked(chart: Chart) -> None:
    assert chart.opens(chart.doctor)
    chart.write(chart.consent("deny"))
    assert not chart.opens(chart.doctor)
    assert not chart.opens(chart.nurse)
    assert not chart.opens(chart.doctor, "cond", "Condition")
    assert not chart.opens(chart.doctor, "", "Patient")
    chart.write(chart.consent("deny", status="inactive"))
    assert chart.opens(chart.doctor)


@pytest.mark.parametrize("status", ["draft", "proposed", "rejected", "inactive", "entered-in-error"])
def test_only_an_active_consent_holds(chart: Chart, status: str) -> None:
    chart.write(chart.consent("deny", status=status))
    assert chart.opens(chart.doctor)


@pytest.mark.parametrize(
    ("scope", "holds"), [("patient-privacy", True), ("research", True), ("adr", False), ("treatment", False)]
)
def test_consents_about_privacy_and_research_hold(chart: Chart, scope: str, holds: bool) -> None:
    chart.write(chart.consent("deny", scope=scope))
    assert chart.opens(chart.doctor) is not holds


def test_the_rule_alone_opts_out(chart: Chart) -> None:
    chart.write(chart.consent(None, rule="OPTOUT"))
    assert not chart.opens(chart.doctor)


def test_the_rule_alone_opts_in(chart: Chart) -> None:
    chart.write(chart.consent(None, rule="OPTIN"))
    assert chart.opens(chart.doctor)


@pytest.mark.parametrize(
    ("period", "holds"),
    [
        ({"start": PAST}, True),
        ({"end": FUTURE}, True),
        ({"start": PAST, "end": FUTURE}, True),
        ({"start": FUTURE}, False),
        ({"end": PAST}, False),
        ({"start": PAST, "end": "2002-01-01"}, False),
    ],
)
def test_a_consent_holds_within_its_period(chart: Chart, period: Tree, holds: bool) -> None:
    chart.write(chart.consent("deny", period=period))
    assert chart.opens(chart.doctor) is not holds


def test_a_permission_for_part_2_data_ends_with_its_period(chart: Chart) -> None:
    marked = [{"system": ACT, "code": "ETH"}]
    chart.write(chart.consent("permit", securityLabel=marked, period={"end": PAST}))
    assert not chart.opens(chart.doctor, "eth")
    chart.write(chart.consent("permit", securityLabel=marked, period={"end": FUTURE}))
    assert chart.opens(chart.doctor, "eth")


def test_part_2_data_are_shut_until_a_consent_permits_them_and_shut_again_when_it_is_revoked(
    chart: Chart,
) -> None:
    assert not chart.opens(chart.doctor, "eth")
    permit = chart.consent("permit", securityLabel=[{"system": ACT, "code": "ETH"}])
    chart.write(permit)
    assert chart.opens(chart.doctor, "eth")
    chart.write({**permit, "status": "inactive"})
    assert not chart.opens(chart.doctor, "eth")


def test_a_permission_of_one_patient_opens_nothing_of_another(room: Room, chart: Chart) -> None:
    other = Chart(room)
    chart.write(chart.consent("permit", securityLabel=[{"system": ACT, "code": "ETH"}]))
    assert not other.opens(other.doctor, "eth")


def test_a_permission_for_one_person_opens_part_2_data_to_that_person_only(chart: Chart) -> None:
    chart.write(
        chart.consent(
            "permit", securityLabel=[{"system": ACT, "code": "ETH"}], actor=[actor("Practitioner/doc")]
        )
    )
    assert chart.opens(chart.doctor, "eth")
    assert not chart.opens(chart.nurse, "eth")


def test_a_permission_that_cannot_be_understood_does_not_hold(chart: Chart) -> None:
    chart.write(
        chart.consent(
            "permit",
            securityLabel=[{"system": ACT, "code": "ETH"}],
            actor=[{"role": {"text": "my cousin"}, "reference": {"display": "my cousin"}}],
        )
    )
    assert not chart.opens(chart.doctor, "eth")


def test_a_denial_that_cannot_be_understood_holds_without_what_is_not_understood(chart: Chart) -> None:
    chart.write(chart.consent("deny", actor=[{"role": {"text": "x"}, "reference": {"display": "my cousin"}}]))
    assert not chart.opens(chart.doctor)


def test_a_denial_for_one_person_holds_for_that_person_only(chart: Chart) -> None:
    chart.write(chart.consent("deny", actor=[actor("Practitioner/nur")]))
    assert chart.opens(chart.doctor)
    assert not chart.opens(chart.nurse)


def test_all_but_one_person_may_be_shut_out(chart: Chart) -> None:
    chart.write(chart.consent("deny", provision=[{"type": "permit", "actor": [actor("Practitioner/doc")]}]))
    assert chart.opens(chart.doctor)
    assert not chart.opens(chart.nurse)


def test_everything_but_a_label_may_be_open(chart: Chart) -> None:
    inner = [{"type": "deny", "securityLabel": [{"system": ACT, "code": "HIV"}]}]
    chart.write(chart.consent("permit", provision=inner))
    assert chart.opens(chart.doctor, "lab")
    assert not chart.opens(chart.doctor, "hiv")


def test_an_exception_may_have_an_exception(chart: Chart) -> None:
    inner = {
        "type": "permit",
        "actor": [actor("Practitioner/doc")],
        "provision": [
            {"type": "deny", "class": [{"system": "http://hl7.org/fhir/resource-types", "code": "Condition"}]}
        ],
    }
    chart.write(chart.consent("deny", provision=[inner]))
    assert chart.opens(chart.doctor)
    assert not chart.opens(chart.doctor, "cond", "Condition")
    assert not chart.opens(chart.nurse)


def test_a_class_of_resources_may_be_shut(chart: Chart) -> None:
    chart.write(
        chart.consent(
            "deny", **{"class": [{"system": "http://hl7.org/fhir/resource-types", "code": "Condition"}]}
        )
    )
    assert not chart.opens(chart.doctor, "cond", "Condition")
    assert chart.opens(chart.doctor)
    assert chart.opens(chart.doctor, "", "Patient")


def test_a_code_may_be_shut(chart: Chart) -> None:
    chart.write(
        chart.consent("deny", code=[{"coding": [{"system": "http://snomed.info/sct", "code": "38341003"}]}])
    )
    assert not chart.opens(chart.doctor, "cond", "Condition")
    assert chart.opens(chart.doctor)


def test_a_label_may_be_shut(chart: Chart) -> None:
    chart.write(chart.consent("deny", securityLabel=[{"system": ACT, "code": "HIV"}]))
    assert not chart.opens(chart.doctor, "hiv")
    assert chart.opens(chart.doctor)


def test_one_resource_may_be_shut(chart: Chart) -> None:
    chart.write(
        chart.consent(
            "deny", data=[{"meaning": "instance", "reference": reference(f"Observation/{chart.who}-lab")}]
        )
    )
    assert not chart.opens(chart.doctor)
    assert chart.opens(chart.doctor, "cond", "Condition")


@pytest.mark.parametrize(("asked_for", "opens"), [("TREAT", True), ("HRESCH", False)])
def test_a_purpose_may_be_shut(room: Room, chart: Chart, asked_for: str, opens: bool) -> None:
    chart.write(chart.consent("deny", purpose=[{"system": REASON, "code": "HRESCH"}]))
    token = room.token(cast.DOCTOR.name, "user/*.rs", purpose=asked_for)
    assert chart.opens(token) is opens


@pytest.mark.parametrize(("asked_for", "opens"), [("TREAT", False), ("HSYSADMIN", True)])
def test_a_program_is_bound_unless_it_keeps_the_system_up(
    room: Room, chart: Chart, asked_for: str, opens: bool
) -> None:
    chart.write(chart.consent("deny"))
    assert chart.opens(room.program("system/*.rs", client=f"c{asked_for}", purpose=asked_for)) is opens


def test_administrators_and_privacy_officers_are_not_bound(room: Room, chart: Chart) -> None:
    chart.write(chart.consent("deny"))
    room.person("officer", "privacy-officer")
    assert chart.opens(room.session(cast.ADMINISTRATOR.name))
    assert chart.opens(room.session("officer"))


def test_a_patient_sees_the_own_record_whatever_the_consent(room: Room, chart: Chart) -> None:
    room.link(cast.PATIENT.name, patient=chart.who)
    chart.write(chart.consent("deny"))
    me = room.session(cast.PATIENT.name)
    for what, kind in (
        ("lab", "Observation"),
        ("eth", "Observation"),
        ("", "Patient"),
        ("consent", "Consent"),
    ):
        assert chart.opens(me, what, kind)
    other = Chart(room)
    assert not other.opens(me)


def test_a_deleted_consent_holds_no_longer(room: Room, chart: Chart) -> None:
    chart.write(chart.consent("deny"))
    assert not chart.opens(chart.doctor)
    room.store([], f"Consent/{chart.who}-consent")
    assert chart.opens(chart.doctor)


def test_of_two_consents_the_denial_holds(room: Room, chart: Chart) -> None:
    chart.write(chart.consent("permit", id=f"{chart.who}-a"), chart.consent("deny", id=f"{chart.who}-b"))
    assert not chart.opens(chart.doctor)
    room.store([], f"Consent/{chart.who}-b")
    assert chart.opens(chart.doctor)


def test_a_consent_that_is_moved_to_another_patient_moves_what_it_shuts(room: Room, chart: Chart) -> None:
    other = Chart(room)
    chart.write(chart.consent("deny"))
    chart.write({**chart.consent("deny"), "patient": reference(f"Patient/{other.who}")})
    assert chart.opens(chart.doctor)
    assert not other.opens(other.doctor)


@pytest.mark.parametrize("way", ["create", "put", "patch", "batch", "undelete"])
def test_a_consent_holds_however_it_was_written(room: Room, chart: Chart, way: str) -> None:
    program = {**room.everything}
    deny = chart.consent("deny")
    place = f"/fhir/Consent/{deny['id']}"
    if way == "create":
        status = room.ask("POST", "/fhir/Consent", program, deny).status
    elif way == "put":
        status = room.ask("PUT", place, program, deny).status
    elif way == "patch":
        chart.write(chart.consent("deny", status="draft"))
        change = [{"op": "replace", "path": "/status", "value": "active"}]
        status = room.ask(
            "PATCH", place, {**program, "content-type": "application/json-patch+json"}, change
        ).status
    elif way == "batch":
        entry = {"resource": deny, "request": {"method": "PUT", "url": f"Consent/{deny['id']}"}}
        status = room.ask(
            "POST", "/fhir", program, {"resourceType": "Bundle", "type": "batch", "entry": [entry]}
        ).status
    else:
        chart.write(deny)
        room.store([], f"Consent/{deny['id']}")
        assert chart.opens(chart.doctor)
        status = room.ask("PUT", place, program, deny).status
    assert status in (200, 201)
    assert not chart.opens(chart.doctor)


def test_a_chart_that_is_written_after_its_consent_is_shut(room: Room) -> None:
    """The patient, the consent and the data in one transaction; then more data."""
    chart = Chart(room)
    who = f"p{uuid4().hex[:12]}"
    deny = {**chart.consent("deny"), "id": f"{who}-consent", "patient": reference(f"Patient/{who}")}
    room.store([deny, observation(f"{who}-lab", who), patient(who)])
    chart.who = who
    assert not chart.opens(chart.doctor)
    room.store([observation(f"{who}-new", who)])
    assert not chart.opens(chart.doctor, "new")


def test_an_import_brings_consents_that_hold(room: Room, chart: Chart, tmp_path: Path) -> None:
    import json
    import subprocess
    import sys

    file = tmp_path / "consents.ndjson"
    file.write_text(json.dumps(chart.consent("deny")) + "\n")
    settings = room.clinic.settings
    place = ["--database", settings.database_url] if settings.database_url else ["--data", str(settings.data)]
    done = subprocess.run(
        [Path(sys.executable).with_name("charthouse"), "import", str(file), *place],
        check=False,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    assert not chart.opens(chart.doctor)


def test_what_is_withheld_cannot_be_changed_either(room: Room, chart: Chart) -> None:
    chart.write(chart.consent("deny"))
    before = room.state()
    place = f"/fhir/Observation/{chart.who}-lab"
    tree = observation(f"{chart.who}-lab", chart.who, status="amended")
    assert room.ask("PUT", place, chart.doctor, tree).status in (403, 404, 405, 409)
    assert room.ask(
        "PUT", f"/fhir/Consent/{chart.who}-consent", chart.doctor, chart.consent("permit")
    ).status in (403, 404, 405)
    assert room.state() == before


def test_a_bounded_person_may_not_lift_a_denial_with_a_consent_of_their_own_making(
    room: Room, chart: Chart
) -> None:
    """Whoever is shut out writes a permission for oneself: about a patient who is not there for them."""
    chart.write(chart.consent("deny"))
    before = room.state()
    mine = {**chart.consent("permit", actor=[actor("Practitioner/doc")]), "id": f"{chart.who}-mine"}
    assert room.ask("PUT", f"/fhir/Consent/{mine['id']}", chart.doctor, mine).status >= 400
    del mine["id"]
    assert room.ask("POST", "/fhir/Consent", chart.doctor, mine).status >= 400
    assert room.state() == before
    assert not chart.opens(chart.doctor)
