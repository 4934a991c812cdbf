"""One person's data under another person's id: refused with all that refers to it, and told."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.interop.desk import Desk, bundle, lines, patient, put, weight

MRN = {"system": "http://hospital.example/mrn", "value": "100"}
ADA = patient("p", "Okafor", "1980-02-29", identifier=[MRN])


@pytest.mark.parametrize(
    ("other", "said"),
    [
        (ADA | {"birthDate": "1981-02-28"}, ["birth date"]),
        (ADA | {"birthDate": "1981"}, ["birth date"]),
        (ADA | {"name": [{"family": "Petrov", "given": ["Nadia"]}]}, ["name"]),
        (ADA | {"identifier": [MRN | {"value": "200"}]}, ["identifier"]),
        (
            patient("p", "Ruiz", "1975-01-01", name=[{"text": "Bruno", "given": ["Bruno"]}]),
            ["birth date", "name"],
        ),
    ],
)
def test_a_patient_who_contradicts_the_holder_of_the_id_is_refused(
    desk: Desk, tmp_path: Path, other: dict[str, Any], said: list[str]
) -> None:
    desk.load(put(tmp_path, "1.json", ADA))
    source = put(
        tmp_path, "2.json", bundle("transaction", other, weight("w", "Patient/p"), weight("v", "Patient/q"))
    )
    report = desk.load(source)
    assert (report["found"], report["created"], report["refused"]) == (3, 1, 2)
    assert report["overlays"] == {"Patient/p": said}
    person, thing = desk.refused()
    assert "Possible overlay" in person["reason"]
    assert all(word in person["reason"] for word in said)
    assert "Patient/p" in thing["reason"]
    assert desk.versions("Patient", "p") == [ADA]
    assert desk.read("Observation", "w") is None
    assert desk.read("Observation", "v") is not None


@pytest.mark.parametrize(
    "same",
    [
        ADA | {"name": [{"family": "Lund", "given": ["Ada"]}]},  # married
        ADA | {"name": [{"family": "ÓKAFOR", "given": ["Adaeze"]}]},
        ADA | {"birthDate": "1980"},
        ADA | {"identifier": [MRN, {"system": "http://other.example", "value": "9"}]},
        ADA | {"identifier": [{"system": "http://other.example", "value": "9"}]},
        {"resourceType": "Patient", "id": "p", "gender": "female"},
    ],
)
def test_a_patient_who_may_be_the_same_becomes_the_next_version(
    desk: Desk, tmp_path: Path, same: dict[str, Any]
) -> None:
    desk.load(put(tmp_path, "1.json", ADA))
    assert desk.counts(put(tmp_path, "2.json", same)) == (1, 0, 1, 0, 0)


@pytest.mark.parametrize("processes", [1, 2])
def test_what_refers_to_the_patient_is_refused_whatever_file_it_is_in(
    desk: Desk, tmp_path: Path, processes: int
) -> None:
    """The files before that of the Patient, too."""
    desk.load(put(tmp_path, "1.json", ADA))
    folder = tmp_path / "in"
    visit = {
        "resourceType": "Encounter",
        "id": "e",
        "status": "finished",
        "class": {"code": "AMB"},
        "subject": {"reference": "Patient/p/_history/1"},
    }
    put(folder, "a.json", weight("w", "Patient/p"))
    put(folder, "b.json", visit)
    (folder / "Patient.ndjson").write_bytes(lines(patient("p", "Ruiz", "1975-01-01"), patient("q", "Kim")))
    put(folder, "z.json", weight("v", "Patient/p", performer=[{"reference": "Patient/q"}]))
    put(folder, "zz.json", weight("u", "Patient/q"))
    report = desk.load(folder, processes=processes)
    assert (report["found"], report["created"], report["refused"]) == (6, 2, 4)
    names = sorted(Path(row["source"]).name for row in desk.refused())
    assert names == ["Patient.ndjson", "a.json", "b.json", "z.json"]
    assert set(desk.everything()) == {("Patient", "p"), ("Patient", "q"), ("Observation", "u")}


def test_two_people_under_one_id_in_the_same_import_are_told_apart(desk: Desk, tmp_path: Path) -> None:
    """In an empty record, over two files: the first holds the id."""
    put(tmp_path / "in", "1.json", bundle("collection", ADA, weight("w", "Patient/p")))
    stranger = patient("p", "Ruiz", "1975-01-01")
    put(tmp_path / "in", "2.json", bundle("collection", stranger, weight("v", "Patient/p")))
    report = desk.load(tmp_path / "in")
    assert (report["found"], report["created"], report["refused"]) == (4, 2, 2)
    assert desk.versions("Patient", "p") == [ADA]
    assert set(desk.everything()) == {("Patient", "p"), ("Observation", "w")}


def test_two_people_under_one_id_in_one_file_give_neither_the_others_data(desk: Desk, tmp_path: Path) -> None:
    """Nobody can say whose the rest is."""
    trees = [weight("w", "Patient/p"), ADA, patient("p", "Ruiz", "1975-01-01"), weight("v", "Patient/p")]
    report = desk.load(put(tmp_path, "1.json", bundle("collection", *trees)))
    assert (report["found"], report["created"], report["refused"]) == (4, 1, 3)
    assert set(desk.everything()) == {("Patient", "p")}


def test_with_new_ids_both_people_have_a_place(desk: Desk, tmp_path: Path) -> None:
    desk.load(put(tmp_path, "1.json", ADA))
    other = patient("p", "Ruiz", "1975-01-01")
    source = put(tmp_path, "2.json", bundle("transaction", other, weight("w", "Patient/p")))
    assert desk.counts(source)[4] == 2
    assert desk.counts(source, new_ids="clinic-b") == (2, 2, 0, 0, 0)
    assert desk.versions("Patient", "p") == [ADA]
    people = {id: tree for (type, id), tree in desk.everything().items() if type == "Patient" and id != "p"}
    ((id, tree),) = people.items()
    assert tree["birthDate"] == "1975-01-01"
    (found,) = (tree for (type, _), tree in desk.everything().items() if type == "Observation")
    assert found["subject"]["reference"] == f"Patient/{id}"
