"""Search parameters that come with a package, or while an import is under way in several processes."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from charthouse.access.actor import SYSTEM
from charthouse.access.intake import Change
from charthouse.interop.bulk import run
from charthouse.interop.packages.install import install
from charthouse.interop.packages.package import read
from charthouse.ops import reindex
from tests.conformance.material import folder
from tests.interop.desk import Desk
from tests.unit.store.changing import POOL, URL, definition

US_CORE = "http://hl7.org/fhir/us/core/StructureDefinition/us-core-"


def test_the_parameters_of_us_core_find_what_they_are_for(desk: Desk) -> None:
    clinic = desk.clinic
    race = {
        "url": "ombCategory",
        "valueCoding": {"system": "urn:oid:2.16.840.1.113883.6.238", "code": "2106-3"},
    }
    before = _patient("before", extension=[{"url": f"{US_CORE}race", "extension": [race]}])
    _put(desk, before)
    _put(desk, {
        "resourceType": "Condition", "id": "c", "subject": {"reference": "Patient/before"},
        "extension": [
            {"url": "http://hl7.org/fhir/StructureDefinition/condition-assertedDate", "valueDateTime": "2020-02-01"}
        ],
    })  # fmt: skip
    report = install(clinic.intake(SYSTEM, "install"), read(folder("us-core") / "us_core_610.tgz"), set)
    assert report.by_type["SearchParameter"] == 106
    _put(desk, before | {"id": "after"})
    assert _ids(desk, "Patient", race="2106-3") == (["after"], ["incomplete"])
    reindex.run(clinic.record)
    assert _ids(desk, "Patient", race="2106-3") == (["after", "before"], [])
    assert _ids(desk, "Patient", race="2106-5") == ([], [])
    assert _ids(desk, "Condition", **{"asserted-date": "ge2020"}) == (["c"], [])
    assert _ids(desk, "Condition", **{"asserted-date": "lt2020"}) == ([], [])
    # what it says again of the standard stays the standard's
    assert _ids(desk, "Patient", birthdate="1980-01-01") == (["after", "before"], [])
    own = clinic.record.definitions.own.types
    assert sorted((type, code) for type in own for code in own[type]) == [
        ("CareTeam", "role"), ("Condition", "asserted-date"), ("Encounter", "discharge-disposition"),
        ("Goal", "description"), ("Patient", "ethnicity"), ("Patient", "gender-identity"), ("Patient", "race"),
    ]  # fmt: skip


def test_worker_processes_index_by_the_parameters_there_are(
    desk: Desk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _put(desk, {**POOL["tongue"][0], "id": "tongue"})
    files = []
    for number in range(3):
        lines = [
            json.dumps(_patient(f"p{number}-{line}", language="de", multipleBirthInteger=2))
            for line in range(20)
        ]
        files.append(tmp_path / f"{number}.ndjson")
        files[-1].write_text("\n".join(lines))
    anew: list[str] = []
    parameters = desk.clinic.record.parameters
    again = parameters.again

    def noted(own: Any, change: Change) -> Any:
        anew.append(change.id)
        return again(own, change)

    monkeypatch.setattr(parameters, "again", noted)
    served = run._served

    def comes(*given: Any) -> Any:
        """Another parameter comes when the first file was made ready and is not written."""
        if "births" not in desk.clinic.record.definitions.own.types.get("Patient", {}):
            _put(desk, {**POOL["births"][0], "id": "births"})
        return served(*given)

    monkeypatch.setattr(run, "_served", comes)
    monkeypatch.setattr(run, "AHEAD", 0)
    assert desk.counts(*files, processes=2) == (60, 60, 0, 0, 0)
    reindex.run(desk.clinic.record)
    assert len(_ids(desk, "Patient", tongue="de")[0]) == 60
    assert len(_ids(desk, "Patient", births="2")[0]) == 60
    assert set(anew) <= {f"p0-{line}" for line in range(20)} | {
        "births"
    }  # the others knew it from the beginning


def test_an_import_refuses_what_cannot_take_effect_and_goes_on(desk: Desk, tmp_path: Path) -> None:
    _put(desk, {**definition("mark", "token", "Patient.maritalStatus"), "id": "mark"})
    wrong = definition("broken", "token", "Patient.name.where(")
    taken = {**definition("mark", "token", "Patient.language"), "url": URL + "another"}
    good = definition("good", "token", "Patient.language")
    file = tmp_path / "all.ndjson"
    trees = [
        {**wrong, "id": "wrong"}, {**taken, "id": "taken"}, {**good, "id": "good"}, _patient("p", language="de"),
    ]  # fmt: skip
    file.write_text("\n".join(map(json.dumps, trees)))
    assert desk.counts(file) == (4, 2, 0, 0, 2)
    assert _ids(desk, "Patient", good="de")[0] == ["p"]
    assert desk.counts(file) == (4, 0, 0, 2, 2)


def _patient(id: str, **more: Any) -> dict[str, Any]:
    return {"resourceType": "Patient", "id": id, "birthDate": "1980-01-01", **more}


def _put(desk: Desk, tree: dict[str, Any]) -> None:
    intake, type = desk.clinic.intake(SYSTEM), tree["resourceType"]
    intake.submit([Change("PUT", type, tree["id"], intake.preparer(tree, type))]).result()


def _ids(desk: Desk, type: str, **params: str) -> tuple[list[str], list[str]]:
    """The ids that a search finds, and the codes of its findings."""
    page = desk.clinic.search.search(
        desk.clinic.record.connection(), type, [*params.items(), ("_count", "100")]
    )
    return sorted(hit.stored.id for hit in page.entries), [note.code for note in page.notes]
