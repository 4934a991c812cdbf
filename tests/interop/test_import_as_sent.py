"""`--as-sent`: Bundles carried out as a server would, ids drawn anew, a transaction all or nothing."""

from __future__ import annotations

import json
import zipfile
from collections import Counter
from pathlib import Path
from typing import Any

import apsw
import pytest

from charthouse.app import Clinic
from charthouse.base.errors import Category, Problem
from charthouse.base.settings import Settings
from charthouse.db.connect import Place
from charthouse.fhir import definitions, xml
from charthouse.fhir.resource import parse
from tests.conformance.material import folder
from tests.fault.shim import Shim, unique
from tests.interop.desk import Desk, bundle, exact, lines, patient, put, text, weight

URLS: list[str | None] = [f"urn:uuid:00000000-0000-4000-8000-00000000000{number}" for number in range(9)]
PAIR = bundle("transaction", patient(None), weight(None, str(URLS[0])), urls=URLS[:2])


def _request(tree: dict[str, Any], index: int, **more: str) -> dict[str, Any]:
    """The Bundle with another request for one entry."""
    changed: dict[str, Any] = json.loads(text(tree))
    changed["entry"][index]["request"].update(more)
    return changed


def test_a_transaction_makes_new_resources_each_time(desk: Desk, tmp_path: Path) -> None:
    source = put(tmp_path, "1.json", PAIR)
    for _ in range(2):
        assert desk.counts(source, as_sent=True) == (2, 2, 0, 0, 0)
    everything = desk.everything()
    people = {f"Patient/{id}" for type, id in everything if type == "Patient"}
    subjects = [
        tree["subject"]["reference"] for (type, _), tree in everything.items() if type == "Observation"
    ]
    assert len(people) == 2
    assert sorted(subjects) == sorted(people)
    assert desk.checked().dangling == 0


def test_conditions_are_asked(desk: Desk, tmp_path: Path) -> None:
    person = patient(None, identifier=[{"system": "http://mrn", "value": "1"}])
    tree = bundle("transaction", person, weight(None, "Patient?identifier=http://mrn|1"))
    source = put(tmp_path, "1.json", _request(tree, 0, ifNoneExist="identifier=http://mrn|1"))
    first = put(tmp_path, "0.json", bundle("transaction", person))
    assert desk.counts(first, as_sent=True) == (1, 1, 0, 0, 0)
    assert desk.counts(source, as_sent=True) == (2, 1, 0, 1, 0)
    known = bundle("transaction", person | {"gender": "female"})
    updated = _request(known, 0, method="PUT", url="Patient?identifier=1")
    assert desk.counts(put(tmp_path, "2.json", updated), as_sent=True) == (1, 0, 1, 0, 0)
    assert Counter(type for type, _ in desk.everything()) == {"Patient": 1, "Observation": 1}


@pytest.mark.parametrize("form", ["json", "ndjson", "xml"])
def test_a_transaction_that_fails_is_refused_as_a_whole(desk: Desk, tmp_path: Path, form: str) -> None:
    bad = bundle("transaction", patient("x"), weight(None, "Patient/x") | {"status": "finished"})
    source = tmp_path / f"1.{form}"
    content = {
        "json": text(bad),
        "ndjson": lines(PAIR, bad),
        "xml": xml.to_xml(parse(text(bad)), definitions.load()),
    }
    source.write_bytes(content[form])
    good = 2 if form == "ndjson" else 0
    assert desk.counts(source, as_sent=True) == (2 + good, good, 0, 0, 2)
    rows = desk.refused()
    assert {row["line"] for row in rows} == ({2} if form == "ndjson" else {1})
    assert all("finished" in row["reason"] for row in rows)
    assert desk.checked().resources == good
    if form != "xml":
        assert [json.loads(row["original"])["resourceType"] for row in rows] == ["Patient", "Observation"]


def test_an_entry_of_a_batch_fails_alone(desk: Desk, tmp_path: Path) -> None:
    tree = bundle("batch", patient("x"), weight(None, "Patient/x") | {"status": "finished"}, patient("y"))
    assert desk.counts(put(tmp_path, "1.json", tree), as_sent=True) == (3, 2, 0, 0, 1)
    (row,) = desk.refused()
    assert row["place"] == "entry 1"


def test_what_no_server_carries_out_is_refused(desk: Desk, tmp_path: Path) -> None:
    put(tmp_path / "in", "1.json", bundle("collection", patient("x")))
    put(tmp_path / "in", "2.json", patient("x"))
    (tmp_path / "in" / "3.json").write_bytes(b"{broken")
    (tmp_path / "in" / "4.ndjson").write_bytes(lines(PAIR) + b"{broken\n")
    assert desk.counts(tmp_path / "in", as_sent=True) == (6, 2, 0, 0, 4)
    assert [row["line"] for row in desk.refused()] == [1, 1, 1, 2]
    assert desk.refused()[3]["original"] == "{broken"


def test_real_transactions_are_carried_out(desk: Desk, tmp_path: Path) -> None:
    """Content as it was, references to the ids drawn, none of them leading nowhere."""
    wanted: Counter[str] = Counter()
    sources: list[Path] = []
    for archive in sorted(folder("synthea-r4").glob("patients_*.zip")):
        with zipfile.ZipFile(archive) as opened:
            name = min(opened.namelist())
            content = opened.read(name)
        (tmp_path / Path(name).name).write_bytes(content)
        sources.append(tmp_path / Path(name).name)
        wanted.update(_shape(entry["resource"]) for entry in exact(content)["entry"])
    report = desk.load(*sources, as_sent=True)
    assert (report["created"], report["refused"]) == (wanted.total(), 0)
    assert Counter(_shape(tree) for tree in desk.everything().values()) == wanted
    assert desk.checked().dangling == 0


def _shape(tree: Any) -> str:
    """The content without ids and without what references point at."""

    def bare(value: Any) -> Any:
        if isinstance(value, list):
            return [bare(item) for item in value]
        if isinstance(value, dict):
            return {name: "" if name == "reference" else bare(item) for name, item in value.items()}
        return value

    return repr(sorted((name, bare(value)) for name, value in tree.items() if name != "id"))


def test_a_full_disk_is_no_fault_of_the_bundle(tmp_path: Path) -> None:
    """Nothing is called refused that would be taken another time; the import ends, and goes on later."""
    put(tmp_path / "in", "1.json", PAIR)
    put(tmp_path / "in", "2.json", PAIR)
    clinic = tmp_path / "clinic"
    Clinic.open(Settings(data=clinic), create=True).close()
    full: list[bool] = []

    def before(shim: Shim, path: str, kind: str) -> None:
        if full and kind == "write":
            raise apsw.FullError("no room")

    with Shim(unique("full"), before) as shim:
        opened = Clinic(
            Settings(data=clinic),
            Place(path=clinic / "record.db", vfs=shim.name),
            Place(path=clinic / "audit.db"),
        )
        desk = Desk(opened, clinic / "refused.ndjson")
        try:
            full.append(True)
            with pytest.raises(Problem) as stopped:
                desk.load(tmp_path / "in", as_sent=True)
            assert stopped.value.category is Category.FAULT
            assert desk.refused() == []
            full.clear()
            assert desk.counts(tmp_path / "in", as_sent=True) == (4, 4, 0, 0, 0)
        finally:
            desk.close()
