"""Ways round a policy that somebody would try: other spellings, own hands, pages, what is masked, what is audited."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from urllib.parse import urlencode

import pytest

from charthouse.base.settings import Settings
from tests import cast
from tests.door.oracle import Tree
from tests.door.rooms import ACT, Room, chart, directory, label, observation, patient
from tests.door.test_leaks import JSON_PATCH, bundle, inside

SECRET = "Zzyzxsecret"  # stands in what is hidden, and nowhere else


@pytest.fixture(scope="module")
def room(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Room]:
    opened = Room(Settings(data=tmp_path_factory.mktemp("loopholes"), rate_session=0))
    opened.store([*directory(), *chart("own01"), label(patient("vip01", name=[{"family": SECRET}]), "VIP")])
    opened.person("nurse", "nurse")
    opened.person("learner", "learner")
    opened.link("learner", practitioner="lea")
    opened.link(cast.DOCTOR.name, practitioner="doc")
    yield opened
    opened.close()


@pytest.fixture
def nurse(room: Room) -> dict[str, str]:
    return room.session("nurse")


SPELLINGS: dict[str, Tree] = {
    "absolute": {"reference": "http://localhost:8080/fhir/Patient/vip01"},
    "of a version": {"reference": "Patient/vip01/_history/1"},
    "with a type": {"type": "Patient", "reference": "Patient/vip01"},
    "with a display": {"reference": "Patient/vip01", "display": "somebody"},
}


@pytest.mark.parametrize("spelling", SPELLINGS)
def test_a_record_is_in_a_chart_however_the_patient_is_spelt(
    room: Room, nurse: dict[str, str], spelling: str
) -> None:
    id = "spelt-" + spelling.replace(" ", "-")
    room.store([{**observation(id, "x"), "subject": SPELLINGS[spelling]}])
    assert room.ask("GET", f"/fhir/Observation/{id}", nurse).status == 404
    assert room.ask("GET", f"/fhir/Observation?_id={id}", nurse).json()["total"] == 0


def writes_of(tree: Tree) -> list[tuple[str, str, dict[str, str], Any]]:
    url = f"{tree['resourceType']}/{tree['id']}"
    return [
        ("PUT", f"/fhir/{url}", {}, tree),
        ("POST", "/fhir", {}, bundle("transaction", inside("PUT", url, tree))),
        ("PATCH", f"/fhir/{url}", JSON_PATCH, [
            {"op": "add", "path": f"/{name}", "value": tree[name]}
            for name in tree if name not in ("id", "resourceType")]),
    ]  # fmt: skip


MOVES = {
    "to a hidden patient": {"subject": {"reference": "Patient/vip01"}},
    "to a hidden patient, spelt out": {"subject": {"reference": "http://localhost:8080/fhir/Patient/vip01"}},
    "to nobody there": {"subject": {"reference": "Patient/abs01"}},
    "under a label": {"meta": {"security": [{"system": ACT, "code": "ETH"}]}},
}


@pytest.mark.parametrize("is_used", [False, True])
def test_a_label_binds_writers_whether_or_not_anything_carries_it_yet(
    tmp_path_factory: pytest.TempPathFactory, is_used: bool
) -> None:
    """Nobody tells from an answer whether something sealed is anywhere in the record."""
    room = Room(Settings(data=tmp_path_factory.mktemp("labels"), rate_session=0))
    try:
        room.store([*directory(), patient("own01"), observation("own01-lab", "own01")])
        if is_used:
            room.store([label(observation("sealed", "own01"), "ETH")])
        room.person("nurse", "nurse")
        nurse = room.session("nurse")
        before = room.state()
        relabelled = label(observation("own01-lab", "own01"), "ETH")
        new = {name: value for name, value in observation("x", "abs01").items() if name != "id"}
        answers = [
            room.ask("PUT", "/fhir/Observation/own01-lab", nurse, relabelled),
            room.ask("PUT", "/fhir/Observation/new-id", nurse, observation("new-id", "own01")),
            room.ask("POST", "/fhir/Observation", nurse, new),
            room.ask("POST", "/fhir/Observation", nurse, label(new, "ETH")),
            room.ask("POST", "/fhir/Condition", nurse, {"resourceType": "Condition", "subject": new["subject"]}),
            room.ask("PUT", "/fhir/Condition/new-id", nurse, {"resourceType": "Condition", "id": "new-id",
                                                              "subject": {"reference": "Patient/own01"}}),
        ]  # fmt: skip
        assert [answer.status for answer in answers] == [403, 404, 403, 403, 403, 404]
        assert room.state() == before
    finally:
        room.close()


@pytest.mark.parametrize("move", MOVES)
def test_nothing_can_be_moved_to_where_one_may_not_write(
    room: Room, nurse: dict[str, str], move: str
) -> None:
    tree = {**observation("own01-vitals", "own01", "vital-signs"), **MOVES[move]}
    for method, path, headers, body in writes_of(tree):
        before = room.state()
        answer = room.ask(method, path, {**nurse, **headers}, body)
        assert answer.status in (403, 404), (method, answer.body)
        assert room.state() == before


def test_nobody_can_make_a_patient_well_known_or_ordinary_who_may_not_see_such(
    room: Room, nurse: dict[str, str]
) -> None:
    for tree in (label(patient("own01"), "VIP"), patient("vip01")):
        before = room.state()
        assert room.ask("PUT", f"/fhir/Patient/{tree['id']}", nurse, tree).status in (403, 404)
        assert room.state() == before


@pytest.mark.parametrize("kind", ["CareTeam", "Encounter", "Appointment", "EpisodeOfCare", "Patient"])
def test_nobody_writes_oneself_into_the_care_of_a_hidden_patient(room: Room, kind: str) -> None:
    """For the doctor the chart of somebody well-known is shut; for the learner every chart."""
    whose, period = (
        {"reference": "Patient/vip01"},
        {"start": "2024-05-06T07:00:00Z", "end": "2024-05-06T08:00:00Z"},
    )
    for name, id in ((cast.DOCTOR.name, "doc"), ("learner", "lea")):
        me = {"reference": f"Practitioner/{id}"}
        tree: Tree = {
            "CareTeam": {"status": "active", "subject": whose, "participant": [{"member": me}]},
            "Encounter": {"status": "finished", "class": {"system": ACT, "code": "AMB"}, "subject": whose,
                          "participant": [{"individual": me}]},
            "Appointment": {"status": "booked", **period, "participant": [
                {"actor": me, "status": "accepted"}, {"actor": whose, "status": "accepted"}]},
            "EpisodeOfCare": {"status": "active", "patient": whose, "careManager": me},
            "Patient": {"generalPractitioner": [me]},
        }[kind]  # fmt: skip
        tree["resourceType"] = kind
        who = room.session(name)
        before = room.state()
        if kind == "Patient":
            answer = room.ask("PUT", "/fhir/Patient/vip01", who, {**tree, "id": "vip01"})
        else:
            answer = room.ask("POST", f"/fhir/{kind}", who, tree)
        assert answer.status in (403, 404), (name, answer.body)
        assert room.state() == before
        assert room.ask("GET", "/fhir/Patient/vip01", who).status == 404


def test_care_ends_with_what_it_rests_on(room: Room) -> None:
    doctor = room.session(cast.DOCTOR.name)
    room.store([label(patient("car01"), "VIP")])
    assert room.ask("GET", "/fhir/Patient/car01", doctor).status == 404
    team = {"resourceType": "CareTeam", "id": "car01-team", "status": "active",
            "subject": {"reference": "Patient/car01"}, "participant": [
                {"member": {"reference": "Practitioner/doc"}}]}  # fmt: skip
    room.store([team])
    assert room.ask("GET", "/fhir/Patient/car01", doctor).status == 200
    room.store([{**team, "participant": [{"member": {"reference": "Practitioner/lea"}}]}])
    assert room.ask("GET", "/fhir/Patient/car01", doctor).status == 404
    room.store([team])
    room.store([], "CareTeam/car01-team")
    assert room.ask("GET", "/fhir/Patient/car01", doctor).status == 404


def test_conditional_interactions_do_as_if_what_is_hidden_were_not_there(
    room: Room, nurse: dict[str, str]
) -> None:
    number = [{"system": "http://example.org/number", "value": "hidden-number"}]
    room.store([observation("con01-observation", "vip01", identifier=number)])
    new = {name: value for name, value in observation("x", "own01").items() if name != "id"}
    met = []
    for value in ("hidden-number", "absent-number"):
        criteria = f"identifier=http://example.org/number|{value}"
        posted = room.ask("POST", "/fhir/Observation", {**nurse, "if-none-exist": criteria}, new)
        put = room.ask("PUT", f"/fhir/Observation?{criteria}", nurse, new)
        patched = room.ask("PATCH", f"/fhir/Observation?{criteria}", {**nurse, **JSON_PATCH},
                           [{"op": "replace", "path": "/status", "value": "amended"}])  # fmt: skip
        deleted = room.ask(
            "DELETE",
            f"/fhir/Observation?{criteria}",
            room.program("system/Observation.rds?category=vital-signs"),
        )
        met.append((posted.status, put.status, patched.status, deleted.status))
    assert met[0] == met[1]
    assert met[0][0] == 201
    kept = room.ask("GET", "/fhir/Observation/con01-observation", room.everything).json()
    assert kept["meta"]["versionId"] == "1"


def test_a_document_does_not_fetch_a_hidden_file(room: Room, nurse: dict[str, str]) -> None:
    for whose in ("vip01", "abs01"):
        if whose == "vip01":
            room.store([{"resourceType": "Binary", "id": "vip01-file", "contentType": "text/plain",
                         "data": "Wnp5enhzZWNyZXQ=", "securityContext": {"reference": "Patient/vip01"}}])  # fmt: skip
        room.store([{"resourceType": "DocumentReference", "id": f"doc-{whose}", "status": "current",
                     "subject": {"reference": "Patient/own01"}, "content": [
                         {"attachment": {"contentType": "text/plain", "url": f"Binary/{whose}-file"}}]}])  # fmt: skip
    hidden, absent = (
        room.ask("GET", f"/record/DocumentReference/doc-{whose}/file/0", nurse)
        for whose in ("vip01", "abs01")
    )
    assert hidden.without("vip01") == absent.without("abs01")
    assert SECRET.encode() not in hidden.body


PAGES = [
    "",
    "/timeline",
    "/documents",
    "/problems",
    "/results",
    "/visits",
    "/medications",
    "/allergies",
    "/orders",
]


def test_an_open_chart_shows_nothing_of_what_is_hidden_in_it(room: Room, nurse: dict[str, str]) -> None:
    text = {"text": SECRET, "coding": [{"system": "http://snomed.info/sct", "code": "1", "display": SECRET}]}
    parts = chart("own01")
    sealed = []
    for tree in parts[1:]:
        more = {name: text for name in ("code", "medicationCodeableConcept", "vaccineCode", "type")
                if isinstance(tree.get(name), dict)}  # fmt: skip
        more |= {name: SECRET for name in ("description", "title") if isinstance(tree.get(name), str)}
        sealed.append(label({**tree, **more, "id": f"sealed-{tree['id']}"}, "PSYTHPN"))
    room.store(sealed)
    administrator = room.session(cast.ADMINISTRATOR.name)
    shown = 0
    for page in PAGES:
        ours = room.ask("GET", f"/chart/own01{page}", nurse)
        assert SECRET.encode() not in ours.body, page
        assert b"sealed-" not in ours.body, page
        theirs = room.ask("GET", f"/chart/own01{page}", administrator)
        shown += SECRET.encode() in theirs.body
    assert shown >= 2  # or the pages would prove nothing


def test_a_hidden_patient_is_not_found_by_name_on_the_pages(room: Room, nurse: dict[str, str]) -> None:
    form = {"content-type": "application/x-www-form-urlencoded"}

    def found(who: dict[str, str]) -> bytes:
        fields = {
            "q": SECRET,
            "words": SECRET,
            "csrf": who["x-csrf-token"],
            "form_token": who["x-csrf-token"],
        }
        return room.ask("POST", "/find", {**who, **form}, urlencode(fields).encode()).body

    assert b"/chart/vip01" not in found(nurse)
    assert b"/chart/vip01" in found(room.session(cast.ADMINISTRATOR.name))
    assert SECRET.encode() not in room.ask("GET", "/", nurse).body


def test_the_history_of_everything_is_for_who_sees_everything(room: Room, nurse: dict[str, str]) -> None:
    for who in (
        nurse,
        room.session(cast.DOCTOR.name),
        room.program("system/Observation.rs", client="narrow"),
    ):
        assert room.ask("GET", "/fhir/_history", who).status == 403
    assert room.ask("GET", "/fhir/_history", room.session(cast.ADMINISTRATOR.name)).status == 200


@pytest.mark.parametrize("path", [
    "AuditEvent?entity=Patient/{}&_total=accurate", "AuditEvent?patient=Patient/{}&_total=accurate",
    "AuditEvent?patient={}&_summary=count",
])  # fmt: skip
def test_the_audit_tells_nobody_of_a_hidden_patient(room: Room, nurse: dict[str, str], path: str) -> None:
    room.ask("GET", "/fhir/Patient/vip01", room.session(cast.ADMINISTRATOR.name))
    hidden, absent = (room.ask("GET", f"/fhir/{path.format(id)}", nurse) for id in ("vip01", "abs01"))
    assert hidden.without("vip01") == absent.without("abs01")


class Masked:
    """An analyst who is not shown who a patient is."""

    elements = ("birthDate", "identifier", "name", "telecom", "generalPractitioner", "managingOrganization")

    def __init__(self, room: Room) -> None:
        room.store([
            patient("mas01", name=[{"family": SECRET}], birthDate="1931-07-08",
                    telecom=[{"system": "phone", "value": f"{SECRET} 555"}],
                    identifier=[{"system": "http://example.org/mrn", "value": SECRET}],
                    generalPractitioner=[{"reference": "Practitioner/doc"}]),
            observation("mas01-observation", "mas01"),
        ])  # fmt: skip
        room.person("analyst", "analyst")
        room.put_policy({"policy": "masks", "title": "Masks", "roles": ["analyst"],
                         "rules": [{"hide": list(self.elements), "on": ["Patient"]}]})  # fmt: skip
        self.headers = room.session("analyst")


@pytest.fixture(scope="module")
def masked(room: Room) -> Masked:
    return Masked(room)


@pytest.mark.parametrize("path", [
    "Patient/mas01", "Patient/mas01/_history/1", "Patient/mas01/_history", "Patient?_id=mas01", "Patient/_history",
    "Observation?_id=mas01-observation&_include=Observation:subject", "Patient/mas01?_format=xml",
    "Patient/mas01?_elements=birthDate,name", "Patient/mas01?_summary=true", "Patient/mas01?_summary=text",
    "Patient?_id=mas01&_elements=name", "Patient?_revinclude=Observation:subject", "Patient/mas01/$validate",
])  # fmt: skip
def test_masked_elements_are_shown_nowhere(room: Room, masked: Masked, path: str) -> None:
    answer = room.ask("GET", f"/fhir/{path}", masked.headers)
    for word in (SECRET, "1931-07-08", "Practitioner/doc", "managingOrganization"):
        assert word.encode() not in answer.body, word
    if "$" not in path:
        assert answer.status == 200
        assert b"mas01" in answer.body


@pytest.mark.parametrize(
    "path", ["/chart/mas01", "/record/Patient/mas01", "/chart/mas01/timeline", "/chart/mas01/documents"]
)
def test_masked_elements_are_on_no_page(room: Room, masked: Masked, path: str) -> None:
    answer = room.ask("GET", path, masked.headers)
    for word in (SECRET, "1931"):
        assert word.encode() not in answer.body, word


@pytest.mark.parametrize("path", [
    "Patient?birthdate={}&_total=accurate", "Patient?birthdate=gt{}", "Patient?birthdate:missing=false&_id=mas01",
    "Patient?name={}", "Patient?family={}", "Patient?name:contains={}", "Patient?identifier={}", "Patient?phone={}",
    "Patient?telecom={}", "Patient?general-practitioner=Practitioner/{}", "Patient?organization=Organization/{}",
    "Patient?_sort=birthdate", "Patient?_sort=-family", "Patient?_sort=name,_id", "Patient?phonetic={}",
    "Patient?_include=Patient:organization", "Patient?_include=Patient:general-practitioner",
    "Observation?subject.birthdate={}", "Observation?subject:Patient.name={}", "Observation?subject:identifier={}",
    "Practitioner?_has:Patient:general-practitioner:_id={}", "Practitioner?_revinclude=Patient:general-practitioner",
    "Organization?_has:Patient:organization:_id={}", "Organization?_revinclude=Patient:organization",
    "Patient?_content={}", "Patient?_text={}", "Patient?_filter=name co {}",
])  # fmt: skip
def test_masked_elements_cannot_be_asked_for(room: Room, masked: Masked, path: str) -> None:
    """Refused, or answered the same whatever is asked, without what rests on them."""
    values = {
        "birthdate": ("1931-07-08", "1901-07-08"),
        "general": ("doc", "xyz"),
        "Organization/": ("here", "nope"),
    }
    right, wrong = next((pair for word, pair in values.items() if word in path), (SECRET, "Yyzyxsecret"))
    if "_has" in path:
        right, wrong = "mas01", "abs01"
    ours, theirs = (
        room.ask("GET", f"/fhir/{path.format(value)}", masked.headers) for value in (right, wrong)
    )
    if "include" in path and ours.status == 200:
        joined = [entry for entry in ours.json().get("entry", ()) if entry["search"]["mode"] == "include"]
        assert joined == []
        return
    if ours.status != 200:
        assert ours.without(right) == theirs.without(wrong)
        return
    assert "_sort" not in path, "a sort by what is masked was done"
    assert ours.without(right)[2] == theirs.without(wrong)[2]


def test_a_masked_type_cannot_be_updated(room: Room, masked: Masked) -> None:
    room.put_policy({"policy": "masks-2", "title": "Masks", "roles": ["analyst"], "rules": [
        {"allow": ["update", "patch", "create", "update-create", "delete"], "on": ["Patient"]}]})  # fmt: skip
    before = room.state()
    test = [{"op": "test", "path": "/birthDate", "value": "1931-07-08"}]
    assert room.ask("PATCH", "/fhir/Patient/mas01", {**masked.headers, **JSON_PATCH}, test).status == 403
    assert room.ask("PUT", "/fhir/Patient/mas01", masked.headers, patient("mas01")).status == 403
    assert room.state() == before
