"""`--new-ids SOURCE`: fresh ids for a source whose ids mean nothing here, the old ones kept as identifiers."""

from __future__ import annotations

from pathlib import Path

from charthouse.base.ids import is_logical_id
from tests.interop.desk import Desk, bundle, lines, patient, plain, put, weight

SOURCE = "http://clinic-b.example/ids"


def _kept(value: str, system: str = SOURCE) -> dict[str, str]:
    return {"system": system, "value": value}


def test_the_old_id_becomes_an_identifier_and_references_follow(desk: Desk, tmp_path: Path) -> None:
    """Over two files of one source, whatever comes first."""
    put(
        tmp_path / "in",
        "a.json",
        weight("w", "Patient/p", derivedFrom=[{"reference": "Observation/w/_history/1"}]),
    )
    put(tmp_path / "in", "b.json", patient("p", identifier=[_kept("9", "http://mrn")]))
    assert desk.counts(tmp_path / "in", new_ids=SOURCE) == (2, 2, 0, 0, 0)
    found = {type: (id, tree) for (type, id), tree in desk.everything().items()}
    person, tree = found["Patient"]
    assert person != "p"
    assert is_logical_id(person)
    assert tree["identifier"] == [_kept("9", "http://mrn"), _kept("p")]
    thing, tree = found["Observation"]
    assert tree["identifier"] == [_kept("w")]
    assert tree["subject"] == {"reference": f"Patient/{person}"}
    assert tree["derivedFrom"] == [{"reference": f"Observation/{thing}"}]
    assert desk.checked().dangling == 0


def test_a_second_import_finds_the_first(desk: Desk, tmp_path: Path) -> None:
    source = put(tmp_path, "1.json", bundle("transaction", patient("p"), weight("w", "Patient/p")))
    assert desk.counts(source, new_ids=SOURCE) == (2, 2, 0, 0, 0)
    assert desk.counts(source, new_ids=SOURCE) == (2, 0, 0, 2, 0)
    changed = put(tmp_path, "2.json", patient("p", gender="female"))
    assert desk.counts(changed, new_ids=SOURCE) == (1, 0, 1, 0, 0)
    later = put(tmp_path, "3.json", weight("v", "Patient/p"))
    assert desk.counts(later, new_ids=SOURCE) == (1, 1, 0, 0, 0)
    assert desk.checked().dangling == 0
    assert len({id for type, id in desk.everything() if type == "Patient"}) == 1


def test_two_sources_do_not_meet(desk: Desk, tmp_path: Path) -> None:
    source = put(tmp_path, "1.json", patient("p"))
    for name in ("north", "south"):
        assert desk.counts(source, new_ids=name) == (1, 1, 0, 0, 0)
    desk.load(source)
    systems = {tree.get("identifier", [{}])[0].get("system") for tree in desk.everything().values()}
    assert systems == {None, "urn:source:north", "urn:source:south"}
    assert len(desk.everything()) == 3


def test_references_by_full_url_follow_as_well(desk: Desk, tmp_path: Path) -> None:
    urls = [f"urn:uuid:00000000-0000-4000-8000-00000000000{number}" for number in range(2)]
    trees = [patient(None), weight(None, urls[0])]
    assert (
        desk.counts(put(tmp_path, "1.json", bundle("transaction", *trees, urls=[*urls])), new_ids=SOURCE)[1]
        == 2
    )
    found = {type: (id, tree) for (type, id), tree in desk.everything().items()}
    assert found["Patient"][1]["identifier"] == [_kept("00000000-0000-4000-8000-000000000000")]
    assert found["Observation"][1]["subject"]["reference"] == f"Patient/{found['Patient'][0]}"


def test_what_is_inside_or_elsewhere_keeps_its_reference(desk: Desk, tmp_path: Path) -> None:
    doctor = {"resourceType": "Practitioner", "id": "dr", "name": [{"family": "Tran"}]}
    tree = weight(
        "w", "http://elsewhere.example/fhir/Patient/p", contained=[doctor], performer=[{"reference": "#dr"}]
    )
    desk.load(put(tmp_path, "1.json", tree), new_ids=SOURCE)
    ((_, found),) = desk.everything().items()
    assert found["performer"] == [{"reference": "#dr"}]
    assert found["contained"] == plain({"contained": [doctor]})["contained"]
    assert found["subject"] == {"reference": "http://elsewhere.example/fhir/Patient/p"}


def test_types_with_one_identifier_or_none_are_taken_too(desk: Desk, tmp_path: Path) -> None:
    """A Binary has no room for one, a Composition for one that may be taken."""
    binary = {"resourceType": "Binary", "id": "b", "contentType": "text/plain", "data": "aGVsbG8="}
    composition = {
        "resourceType": "Composition",
        "id": "c",
        "status": "final",
        "type": {"text": "Letter"},
        "date": "2024-01-01",
        "author": [{"reference": "Practitioner/d"}],
        "title": "Letter",
    }
    taken = composition | {"id": "t", "identifier": {"system": "http://own", "value": "1"}}
    source = tmp_path / "all.ndjson"
    source.write_bytes(lines(binary, composition, taken))
    assert desk.counts(source, new_ids=SOURCE) == (3, 3, 0, 0, 0)
    identifiers = [
        tree.get("identifier") for (type, _), tree in sorted(desk.everything().items()) if type != "Binary"
    ]
    assert _kept("c") in identifiers
    assert {"system": "http://own", "value": "1"} in identifiers
    assert desk.counts(source, new_ids=SOURCE) == (3, 0, 0, 3, 0)
