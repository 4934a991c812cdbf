"""Importing: every form a resource may come in, and what becomes of it."""

from __future__ import annotations

import gzip
import io
import json
import tarfile
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from charthouse.fhir import definitions, xml
from charthouse.fhir.resource import parse
from charthouse.interop.bulk import run, sources
from tests.interop.desk import Decimal, Desk, bundle, lines, patient, plain, put, text, weight

PEOPLE = [patient(f"p{number}", f"Family{number}") for number in range(3)]
WEIGHTS = [weight(f"w{number}", f"Patient/p{number}", f"7{number}.50") for number in range(3)]
ALL = [*PEOPLE, *WEIGHTS]


def _zip(folder: Path, members: dict[str, bytes]) -> Path:
    with zipfile.ZipFile(folder / "all.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return folder / "all.zip"


def _tar(folder: Path, name: str, members: dict[str, bytes]) -> Path:
    with tarfile.open(folder / name, "w:gz" if name.endswith("gz") else "w") as archive:
        for member, content in members.items():
            info = tarfile.TarInfo(member)
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
    return folder / name


def _folder(folder: Path) -> Path:
    for number, tree in enumerate(ALL):
        put(folder / "in" / f"deep{number % 2}", f"{number}.json", tree)
    (folder / "in" / "README.txt").write_text("not for import")
    return folder / "in"


def _file(folder: Path, name: str, content: bytes) -> Path:
    (folder / name).write_bytes(content)
    return folder / name


def _as_xml(tree: Any) -> bytes:
    return xml.to_xml(parse(text(tree)), definitions.load())


FORMS: dict[str, Callable[[Path], Path]] = {
    "ndjson": lambda at: _file(at, "all.ndjson", lines(*ALL)),
    "ndjson without a last newline": lambda at: _file(at, "all.ndjson", lines(*ALL)[:-1]),
    "ndjson with empty lines": lambda at: _file(at, "all.ndjson", lines(*ALL).replace(b"\n", b"\r\n\r\n")),
    "ndjson.gz": lambda at: _file(at, "all.ndjson.gz", gzip.compress(lines(*ALL))),
    "transaction": lambda at: put(at, "all.json", bundle("transaction", *ALL)),
    "batch": lambda at: put(at, "all.json", bundle("batch", *ALL)),
    "collection": lambda at: put(at, "all.json", bundle("collection", *ALL), indent=2),
    "document": lambda at: put(at, "all.json", bundle("document", *ALL)),
    "json.gz": lambda at: _file(at, "all.json.gz", gzip.compress(text(bundle("collection", *ALL)))),
    "ndjson of bundles": lambda at: _file(
        at, "all.ndjson", lines(bundle("batch", *PEOPLE), bundle("collection", *WEIGHTS))
    ),
    "folder": _folder,
    "zip": lambda at: _zip(
        at, {"people.ndjson": lines(*PEOPLE), "in/w.json": text(bundle("batch", *WEIGHTS))}
    ),
    "zip of gz": lambda at: _zip(at, {"all.ndjson.gz": gzip.compress(lines(*ALL))}),
    "tar.gz": lambda at: _tar(at, "all.tar.gz", {"./p.ndjson": lines(*PEOPLE), "w.ndjson": lines(*WEIGHTS)}),
    "tgz of gz": lambda at: _tar(at, "all.tgz", {"all.ndjson.gz": gzip.compress(lines(*ALL))}),
    "tar": lambda at: _tar(at, "all.tar", {"all.ndjson": lines(*ALL)}),
    "xml": lambda at: _file(at, "all.xml", _as_xml(bundle("transaction", *ALL))),
    "byte order mark": lambda at: _file(at, "all.json", b"\xef\xbb\xbf" + text(bundle("batch", *ALL))),
}


@pytest.mark.parametrize("form", FORMS)
def test_a_resource_may_come_in_any_form(desk: Desk, tmp_path: Path, form: str) -> None:
    source = FORMS[form](tmp_path)
    assert desk.counts(source) == (6, 6, 0, 0, 0)
    assert desk.everything() == {(tree["resourceType"], tree["id"]): tree for tree in ALL}
    assert desk.read("Observation", "w1")["valueQuantity"]["value"] == Decimal("71.50")
    assert desk.counts(source) == (6, 0, 0, 6, 0)
    assert desk.written() == 6


def test_a_plain_resource_may_come_alone(desk: Desk, tmp_path: Path) -> None:
    assert desk.counts(put(tmp_path, "one.json", PEOPLE[0])) == (1, 1, 0, 0, 0)
    assert desk.read("Patient", "p0") == PEOPLE[0]


def test_many_files_may_come_at_once(desk: Desk, tmp_path: Path) -> None:
    parts = [put(tmp_path, f"{number}.json", tree) for number, tree in enumerate(ALL)]
    assert desk.counts(*parts) == (6, 6, 0, 0, 0)


def test_several_processes_do_the_same_as_one(desks: Callable[[], Desk], tmp_path: Path) -> None:
    for number in range(8):
        mine = [patient(f"p{number}-{one}", "Same") for one in range(20)]
        put(tmp_path / "in", f"{number}.json", bundle("transaction", *mine))
    (tmp_path / "in" / "bad.ndjson").write_bytes(lines(patient("x")) + b"{broken\n")
    one, two = desks(), desks()
    assert one.counts(tmp_path / "in") == two.counts(tmp_path / "in", processes=2) == (162, 161, 0, 0, 1)
    assert one.everything() == two.everything()
    assert one.refused() == two.refused()


def test_a_resource_without_an_id_takes_that_of_its_full_url(desk: Desk, tmp_path: Path) -> None:
    names = [f"urn:uuid:00000000-0000-4000-8000-00000000000{number}" for number in range(2)]
    source = put(
        tmp_path, "all.json", bundle("transaction", patient(None), weight(None, names[0]), urls=list(names))
    )
    assert desk.counts(source) == (2, 2, 0, 0, 0)
    found = desk.read("Observation", "00000000-0000-4000-8000-000000000001")
    assert found["subject"] == {"reference": "Patient/00000000-0000-4000-8000-000000000000"}
    assert desk.checked().dangling == 0


def test_references_by_full_url_become_references_to_the_ids_kept(desk: Desk, tmp_path: Path) -> None:
    urls = ["http://elsewhere.example/fhir/Patient/a", "urn:uuid:00000000-0000-4000-8000-000000000001"]
    trees = [patient("a"), weight("b", urls[0], derivedFrom=[{"reference": urls[1]}])]
    assert desk.counts(put(tmp_path, "all.json", bundle("collection", *trees, urls=list(urls)))) == (
        2,
        2,
        0,
        0,
        0,
    )
    found = desk.read("Observation", "b")
    assert found["subject"]["reference"] == "Patient/a"
    assert found["derivedFrom"] == [{"reference": "Observation/b"}]


def test_a_resource_with_neither_is_the_same_when_it_comes_again(desk: Desk, tmp_path: Path) -> None:
    source = tmp_path / "all.ndjson"
    source.write_bytes(lines(patient(None, "One"), patient(None, "Two"), patient(None, "One")))
    assert desk.counts(source) == (3, 2, 0, 1, 0)
    assert desk.counts(source) == (3, 0, 0, 3, 0)


def test_other_content_becomes_the_next_version(desk: Desk, tmp_path: Path) -> None:
    desk.load(put(tmp_path, "1.json", PEOPLE[0]))
    changed = PEOPLE[0] | {"gender": "female"}
    assert desk.counts(put(tmp_path, "2.json", changed)) == (1, 0, 1, 0, 0)
    assert desk.versions("Patient", "p0") == [PEOPLE[0], changed]


def test_what_was_deleted_comes_back_as_the_next_version(desk: Desk, tmp_path: Path) -> None:
    source = put(tmp_path, "1.json", PEOPLE[0])
    desk.load(source)
    _delete(desk, "Patient", "p0")
    assert desk.counts(source) == (1, 1, 0, 0, 0)
    assert desk.versions("Patient", "p0") == [PEOPLE[0], None, PEOPLE[0]]


def test_each_content_of_a_resource_that_comes_often_becomes_a_version(desk: Desk, tmp_path: Path) -> None:
    """In one file, in one bundle, and over several files alike: none is lost, and the report counts what is stored."""
    steps = [PEOPLE[0] | {"language": language} for language in ("en", "fr", "fr", "de")]
    source = tmp_path / "steps.ndjson"
    source.write_bytes(lines(steps[0], PEOPLE[1], *steps[1:], PEOPLE[2]))
    assert desk.counts(source) == (6, 3, 2, 1, 0)
    assert [tree["language"] for tree in desk.versions("Patient", "p0")] == ["en", "fr", "de"]
    other = [WEIGHTS[0] | {"status": status} for status in ("registered", "preliminary", "final")]
    assert desk.counts(put(tmp_path, "b.json", bundle("collection", *other))) == (3, 1, 2, 0, 0)
    assert [tree["status"] for tree in desk.versions("Observation", "w0")] == [
        "registered",
        "preliminary",
        "final",
    ]
    assert desk.written() == 3 + 2 + 3


def test_what_the_sender_says_of_versions_is_the_senders_alone(desk: Desk, tmp_path: Path) -> None:
    meta = {
        "versionId": "17",
        "lastUpdated": "2019-01-01T00:00:00Z",
        "tag": [{"code": "kept"}],
        "source": "urn:x",
    }
    desk.load(put(tmp_path, "1.json", PEOPLE[0] | {"meta": meta}))
    head = desk.clinic.record.reader.head(desk.clinic.record.connection(), "Patient", "p0")
    assert head is not None
    assert head.version == 1
    served = json.loads(head.body)["meta"]
    assert served["versionId"] == "1"
    assert served["tag"] == [{"code": "kept"}]
    assert served["source"] == "urn:x"
    assert not served["lastUpdated"].startswith("2019")


def test_the_content_of_a_contained_resource_keeps_its_own_references(desk: Desk, tmp_path: Path) -> None:
    doctor = {"resourceType": "Practitioner", "id": "dr", "name": [{"family": "Tran"}]}
    tree = weight("w", "Patient/p0", contained=[doctor], performer=[{"reference": "#dr"}])
    assert desk.counts(put(tmp_path, "1.json", tree)) == (1, 1, 0, 0, 0)
    assert desk.read("Observation", "w") == plain(tree)


@pytest.mark.parametrize("processes", [1, 2])
def test_a_file_of_lines_may_be_of_any_length(desk: Desk, tmp_path: Path, processes: int) -> None:
    """It is taken in parts, and each refusal still tells its line in the whole file."""
    note = [{"text": "A long note. " * 200}]
    trees = [weight(f"w{number}", "Patient/p", note=note) for number in range(4000)]
    content = lines(*trees)
    assert len(content) > 2 * sources.PART
    bad = (0, 1999, 3999)
    parts = content.splitlines(keepends=True)
    for at in bad:
        parts[at] = parts[at].replace(b'"final"', b'"eternal"')
    for name, packed in (("a.ndjson", b"".join(parts)), ("b.ndjson.gz", gzip.compress(b"".join(parts), 1))):
        (tmp_path / name).write_bytes(packed)
        report = desk.load(tmp_path / name, processes=processes)
        assert (report["found"], report["refused"]) == (4000, 3)
        mine = [row for row in desk.refused() if row["source"].endswith(name)]
        assert [row["line"] for row in mine] == [at + 1 for at in bad]
        assert [row["original"].encode() + b"\n" for row in mine] == [parts[at] for at in bad]
    assert desk.written() == 3997


def test_the_report_says_it_in_words(desk: Desk, tmp_path: Path) -> None:
    desk.load(put(tmp_path, "1.json", PEOPLE[0]))
    (tmp_path / "2.ndjson").write_bytes(lines(*ALL, PEOPLE[1] | {"gender": "male"}) + b"{broken\n")
    other = put(tmp_path, "3.json", patient("p2", "Ruiz", "1975-01-01"))
    told = list(run.told(desk.load(tmp_path / "2.ndjson", other)))
    assert [line.split()[:2] for line in told[:5]] == [
        ["9", "found"],
        ["5", "created"],
        ["1", "became"],
        ["1", "already"],
        ["2", "refused,"],
    ]
    assert told[4].endswith(f"see {desk.refusals}")
    assert told[5].split(maxsplit=4) == [
        "possible",
        "overlay",
        "of",
        "Patient/p2:",
        "birth date contradict",
    ]


def _delete(desk: Desk, type: str, id: str) -> None:
    import asyncio

    from charthouse.access.actor import SYSTEM
    from charthouse.fhir.bundle import Entry

    asyncio.run(desk.clinic.gate.commit(SYSTEM, [Entry("DELETE", type, id)], interaction="delete"))
