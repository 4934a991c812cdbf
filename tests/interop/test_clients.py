"""Programs written with the FHIR clients that people use, against a running server: they read, page and conflict."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.api.conftest import FHIR_JSON, Served, serve

fhirpy = pytest.importorskip("fhirpy")
fhirclient = pytest.importorskip("fhirclient.client")

FAMILY = "Weatherwax"
COUNT = 23  # people of that name, which is no multiple of any page
KIT = Path(__file__).with_name("kit.mjs")
PACKAGES = Path(__file__).parent / "vendor" / "node_modules"


@dataclass(frozen=True, slots=True)
class House:
    """A running server and the people in it: ids by date of birth, the youngest first."""

    served: Served
    youngest: list[str]

    @property
    def base(self) -> str:
        return f"{self.served.url}/fhir"


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    with serve(tmp_path_factory.mktemp("served")) as served:
        ids = [f"w{number}" for number in range(COUNT)]
        entries: list[dict[str, Any]] = [
            {
                "resource": {
                    "resourceType": "Patient",
                    "id": id,
                    "name": [{"family": FAMILY, "given": [f"Number{number}"]}],
                    "birthDate": f"{1960 + number}-01-01",
                    "generalPractitioner": [{"reference": "Practitioner/p"}],
                },
                "request": {"method": "PUT", "url": f"Patient/{id}"},
            }
            for number, id in enumerate(ids)
        ]
        doctor = {"resourceType": "Practitioner", "id": "p", "name": [{"family": "Ogg"}]}
        entries.append({"resource": doctor, "request": {"method": "PUT", "url": "Practitioner/p"}})
        answer = httpx.post(
            f"{served.url}/fhir", json={"resourceType": "Bundle", "type": "transaction", "entry": entries},
            headers={"authorization": f"Bearer {served.token}", "content-type": FHIR_JSON},
        )  # fmt: skip
        assert answer.status_code == 200, answer.text
        yield House(served, ids[::-1])


# --- fhirpy -----------------------------------------------------------------------------------------------------


def pythonic(house: House, **more: Any) -> Any:
    return fhirpy.SyncFHIRClient(house.base, authorization=f"Bearer {house.served.token}", **more)


def test_fhirpy_pages_to_the_end_and_meets_each_once(house: House) -> None:
    people = pythonic(house).resources("Patient").search(family=FAMILY)
    for one in (people.limit(4), people.limit(4).sort("-birthdate"), people.limit(COUNT), people.limit(1)):
        ids = [person.id for person in one]
        assert sorted(ids) == sorted(house.youngest)
    assert [person.id for person in people.limit(5).sort("-birthdate")] == house.youngest
    assert len(people.limit(6).fetch()) == 6
    assert len(people.limit(6).fetch_all()) == COUNT
    assert people.first().resourceType == "Patient"


def test_fhirpy_creates_reads_changes_and_deletes(house: House) -> None:
    client = pythonic(house)
    made = client.resource("Patient", name=[{"family": "Garlick", "given": ["Magrat"]}], gender="female")
    made.save()
    assert made.id
    assert made["meta"]["versionId"] == "1"
    kept = client.reference("Patient", made.id).to_resource()
    assert kept.serialize() == made.serialize()
    kept["gender"] = "other"
    kept.save()
    assert client.resources("Patient").search(_id=made.id).get()["meta"]["versionId"] == "2"
    stale = pythonic(house, extra_headers={"If-Match": 'W/"1"'})
    with pytest.raises(
        fhirpy.base.exceptions.MultipleResourcesFound, match="version"
    ):  # its word for every 412
        stale.resource("Patient", **kept).save()
    kept.delete()
    with pytest.raises(fhirpy.base.exceptions.ResourceNotFound):
        client.resources("Patient").search(_id=made.id).get()


def test_fhirpy_asks_conditionally_includes_and_follows(house: House) -> None:
    client = pythonic(house)
    number = [{"system": "http://example.org/w", "value": "1"}]
    by_number = client.resources("Patient").search(identifier="http://example.org/w|1")
    once = pythonic(house, extra_headers={"If-None-Exist": "identifier=http://example.org/w|1"})
    first, again = (once.resource("Patient", identifier=number) for _ in range(2))
    first.save()
    again.save()
    assert again.id == first.id
    changed, is_new = by_number.update(client.resource("Patient", identifier=number, gender="female"))
    assert (changed.id, is_new) == (first.id, False)
    bundle = (
        client.resources("Patient").search(family=FAMILY).limit(3).include("Patient", "general-practitioner")
    ).fetch_raw()
    assert [entry.resource.id for entry in bundle.entry if entry.search.mode == "include"] == ["p"]
    having = client.resources("Practitioner").has("Patient", "general-practitioner", family=FAMILY)
    assert [one.id for one in having] == ["p"]
    person = client.resources("Patient").search(_id="w3").get()
    assert person["generalPractitioner"][0].to_resource()["name"][0]["family"] == "Ogg"
    with pytest.raises(fhirpy.base.exceptions.OperationOutcome, match="shoe"):
        client.resources("Patient").search(shoe=1).fetch()
    stranger = fhirpy.SyncFHIRClient(house.base)
    with pytest.raises(fhirpy.base.exceptions.AuthorizationError):
        stranger.resources("Patient").fetch()


@pytest.mark.parametrize("name", ["127.0.0.1", "localhost"])
def test_the_addresses_that_a_server_gives_are_its_own_in_references_and_searches(
    house: House, name: str
) -> None:
    base = house.base.replace("127.0.0.1", name)
    client = fhirpy.SyncFHIRClient(base, authorization=f"Bearer {house.served.token}")
    page = client.resources("Patient").search(_id="w5").fetch_raw()
    whole = page.entry[0].fullUrl
    assert whole == f"{base}/Patient/w5"
    client.resource("Observation", status="final", code={"text": name}, subject={"reference": whole}).save()
    seen = client.resources("Observation")
    for asked in (whole, "Patient/w5", "w5", f"{house.base}/Patient/w5"):
        found = [one["code"]["text"] for one in seen.search(subject=asked)]
        assert name in found, asked


def test_what_fhirpy_says_in_a_dialect_of_its_own_is_refused_by_name_or_left_out_when_asked_to(
    house: House,
) -> None:
    client = pythonic(house)
    people = client.resources("Patient").search(family=FAMILY)
    with pytest.raises(fhirpy.base.exceptions.OperationOutcome, match="_totalMethod"):
        people.count()
    lenient = pythonic(house, extra_headers={"Prefer": "handling=lenient"})
    assert lenient.resources("Patient").search(family=FAMILY).count() == COUNT
    unknown = client.resources("Patient").search(identifier="http://example.org/w|2")
    with pytest.raises(fhirpy.base.exceptions.OperationOutcome, match="If-None-Exist"):  # not made twice
        unknown.get_or_create(client.resource("Patient", name=[{"family": FAMILY}]))
    assert not unknown.fetch()


# --- fhirclient -------------------------------------------------------------------------------------------------


def smart(house: House) -> Any:
    """The client of SMART Health IT, with a token that it got some time before."""
    auth = {"access_token": house.served.token, "app_id": "tests"}
    server = {"base_uri": f"{house.base}/", "auth_type": "oauth2", "auth": auth}
    return fhirclient.FHIRClient(state={"app_id": "tests", "scope": "user/*.*", "server": server})


def test_fhirclient_reads_the_capabilities_and_pages_to_the_end(house: House) -> None:
    from fhirclient.models.patient import Patient

    client = smart(house)
    assert client.ready
    assert client.server.capabilityStatement.fhirVersion == "4.0.1"
    client = smart(house)
    for asked in ({"_count": "4"}, {"_count": "4", "_sort": "-birthdate"}, {}):
        found = Patient.where({"family": FAMILY, **asked}).perform_resources_iter(client.server)
        ids = [person.id for person in found]
        assert sorted(ids) == sorted(house.youngest)
        if "_sort" in asked:
            assert ids == house.youngest
    pages = list(Patient.where({"family": FAMILY, "_count": "5"}).perform_iter(client.server))
    assert [len(page.entry) for page in pages] == [5, 5, 5, 5, 3]
    assert pages[0].total == COUNT


def test_fhirclient_creates_reads_changes_and_deletes(house: House) -> None:
    from fhirclient.models.humanname import HumanName
    from fhirclient.models.patient import Patient
    from fhirclient.server import FHIRNotFoundException, FHIRUnauthorizedException

    client = smart(house)
    person = Patient({"name": [{"family": "Tick", "given": ["Perspicacia"]}], "birthDate": "1950-06-01"})
    made = person.create(client.server)
    kept = Patient.read(made["id"], client.server)
    assert kept.name[0].as_json() == person.name[0].as_json()
    assert kept.birthDate.isostring == "1950-06-01"
    kept.name.append(HumanName({"text": "Miss Tick"}))
    assert kept.update(client.server)["meta"]["versionId"] == "2"
    found = Patient.where({"family": "tick", "birthdate": "lt1951"}).perform_resources_iter(client.server)
    assert [one.id for one in found] == [made["id"]]
    kept.delete(client.server)
    with pytest.raises(Exception, match="410"):
        Patient.read(made["id"], client.server)
    with pytest.raises(FHIRNotFoundException):
        Patient.read("never", client.server)
    stranger = smart(house)
    stranger.server.auth = None
    with pytest.raises(FHIRUnauthorizedException):
        list(Patient.where({"family": "tick"}).perform_resources_iter(stranger.server))


# --- fhir-kit-client --------------------------------------------------------------------------------------------


def node() -> str:
    """A Node.js: that of the playwright package, else the machine's own."""
    import playwright

    bundled = Path(playwright.__file__).parent / "driver" / "node"
    found = str(bundled) if bundled.exists() else shutil.which("node")
    if found is None:
        pytest.skip("NOT TESTED: no Node.js, neither in the playwright package nor on PATH")
    return found


def test_fhir_kit_client_pages_conflicts_and_is_told_what_is_wrong(house: House) -> None:
    assert PACKAGES.is_dir(), "fhir-kit-client is not here: make install brings it"
    done = subprocess.run(
        [node(), KIT, house.base, house.served.token, FAMILY],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert found["fhirVersion"] == "4.0.1"
    assert found["stranger"] == {"status": 401, "type": "OperationOutcome"}
    assert found["read"]["id"] == found["created"] == found["resolved"]
    assert (found["version"], found["updated"], found["patched"]) == ("1", "2", "female")
    assert found["conflict"] == {"status": 412, "type": "OperationOutcome"}
    for walked in (found["walked"], found["posted"]):
        assert [id for id in walked["ids"] if id != found["created"]] == house.youngest
        assert walked["pages"] == 6
    assert found["before"] == found["walked"]["ids"][16:20]
    assert found["wrong"] == {"status": 400, "type": "OperationOutcome"}
    assert found["history"] == 3
    assert found["gone"] == {"status": 410, "type": "OperationOutcome"}
