"""What cannot be taken in is refused with its place, the reason and its bytes as they came; the rest goes on."""

from __future__ import annotations

import gzip
import io
import stat
import tarfile
import time
import zipfile
import zlib
from pathlib import Path
from typing import Any

import pytest

from charthouse.fhir import definitions, xml
from charthouse.fhir.resource import parse
from tests.interop.desk import Desk, bundle, lines, patient, put, text, weight

MANY = 2500
GOOD = [patient(f"g{number}", f"Good{number}") for number in range(3)]


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (b'{"resourceType": "Patient", "id": "b", ', "line 1"),
        (b'{"resourceType": "Patient", "id": "b", "id": "c"}', "twice"),
        (b'{"resourceType": "Patient", "id": "b", "multipleBirthInteger": NaN}', "NaN"),
        (b'{"resourceType": "Patient", "id": "b", "nam": [{}]}', "nam"),
        (b'{"resourceType": "Patient", "id": "b", "birthDate": "29.2.1980"}', "29.2.1980"),
        (b'{"resourceType": "Patient", "id": "b_1"}', "b_1"),
        (b'{"resourceType": "Dragon", "id": "b"}', "Dragon"),
        (b'{"id": "b"}', "resource"),
        (b'["Patient"]', ""),
        (b"nothing of the kind", ""),
        (b'{"resourceType": "Patient", "name": ' + b"[" * 100_000, "nest"),
        (b'{"resourceType": "Patient", "id": "b", "name": [{"family": "\xff\xfe"}]}', "UTF-8"),
    ],
)
def test_a_broken_line_is_refused_and_the_others_come_in(
    desk: Desk, tmp_path: Path, line: bytes, reason: str
) -> None:
    source = tmp_path / "people.ndjson"
    source.write_bytes(lines(*GOOD[:2]) + line + b"\n" + lines(GOOD[2]))
    assert desk.counts(source) == (4, 3, 0, 0, 1)
    (row,) = desk.refused()
    assert row["source"] == str(source)
    assert row["line"] == 3
    assert reason.casefold() in row["reason"].casefold()
    taken = bytes.fromhex(row["original_hex"]) if "original_hex" in row else row["original"].encode()
    assert taken == line
    assert len(row["reason"]) < 600
    assert set(desk.everything()) == {("Patient", tree["id"]) for tree in GOOD}


def test_a_broken_entry_is_refused_with_its_own_bytes(desk: Desk, tmp_path: Path) -> None:
    """As they stood in the file, white space, order and digits included."""
    bad = (
        '{ "resourceType":"Observation",\n  "id" : "bad","status":"final", "valueQuantity":{"value":1.50e1} }'
    )
    good = text(GOOD[0]).decode()
    content = (
        '{"resourceType": "Bundle", "type": "collection",\n "entry": [\n'
        f'  {{"resource": {good}}},\n  {{"resource": {bad}}},\n'
        f'  {{"fullUrl": "urn:uuid:1"}},\n  {{"resource": {bad}}}]}}'
    )
    source = tmp_path / "b.json"
    source.write_text(content)
    assert desk.counts(source) == (4, 1, 0, 0, 3)
    first, empty, second = desk.refused()
    assert (first["place"], first["line"], first["original"]) == ("entry 1", 4, bad)
    assert (empty["place"], empty["original"]) == ("entry 2", "")
    assert (second["place"], second["line"], second["original"]) == ("entry 3", 7, bad)
    assert "code" in first["reason"]
    assert first["where"] == ["Observation.code"]


def test_a_broken_entry_of_an_xml_bundle_is_refused_with_its_own_bytes(desk: Desk, tmp_path: Path) -> None:
    trees = [GOOD[0], weight("w", "Patient/g0") | {"status": "finished"}, GOOD[1]]
    whole = xml.to_xml(parse(text(bundle("collection", *trees))), definitions.load())
    source = tmp_path / "b.xml"
    source.write_bytes(whole.replace(b"<entry>", b"\n<entry>"))
    assert desk.counts(source) == (3, 2, 0, 0, 1)
    (row,) = desk.refused()
    assert row["original"].startswith("<Observation>")
    assert row["original"].endswith("</Observation>")
    assert row["original"].encode() in whole
    assert row["line"] == 3
    assert "finished" in row["reason"]


def test_a_broken_line_that_is_a_bundle_is_refused_entry_by_entry(desk: Desk, tmp_path: Path) -> None:
    source = tmp_path / "all.ndjson"
    bad = weight("w", "Patient/g0") | {"status": "finished"}
    source.write_bytes(lines(GOOD[0], bundle("batch", GOOD[1], bad)))
    assert desk.counts(source) == (3, 2, 0, 0, 1)
    (row,) = desk.refused()
    assert (row["line"], row["place"]) == (2, "line 2, entry 1")
    assert row["original"].encode() == text(bad)


def test_an_urn_that_no_entry_of_a_transaction_has_is_refused(desk: Desk, tmp_path: Path) -> None:
    trees = [GOOD[0], weight("w", "urn:uuid:00000000-0000-4000-8000-000000000009")]
    assert desk.counts(put(tmp_path, "t.json", bundle("transaction", *trees))) == (2, 1, 0, 0, 1)
    assert "urn:uuid:00000000-0000-4000-8000-000000000009" in desk.refused()[0]["reason"]


def test_many_refusals_take_no_longer_than_their_number(desk: Desk, tmp_path: Path) -> None:
    bad = [weight(f"w{number}", "Patient/g0") | {"status": "finished"} for number in range(MANY)]
    source = tmp_path / "bad.ndjson"
    source.write_bytes(lines(*bad))
    whole = put(tmp_path, "bad.json", bundle("collection", *bad))
    begun = time.monotonic()
    assert desk.counts(source, whole) == (2 * MANY, 0, 0, 0, 2 * MANY)
    assert time.monotonic() - begun < 20  # by the square it would be minutes
    rows = desk.refused()
    assert len(rows) == 2 * MANY
    assert [row["original"].encode() for row in rows[:MANY]] == [text(tree) for tree in bad]
    assert [row["original"].encode() for row in rows[MANY:]] == [text(tree) for tree in bad]
    assert [row["line"] for row in rows[:MANY]] == list(range(1, MANY + 1))


def test_a_refusal_stands_once_in_the_file_however_often_it_is_tried(desk: Desk, tmp_path: Path) -> None:
    source = tmp_path / "people.ndjson"
    source.write_bytes(lines(GOOD[0]) + b"{broken\n")
    for _ in range(3):
        report = desk.load(source)
        assert report["refused"] == 1
        assert report["refused_file"] == str(desk.refusals)
    assert len(desk.refused()) == 1


def test_nothing_refused_makes_no_file(desk: Desk, tmp_path: Path) -> None:
    assert desk.load(put(tmp_path, "1.json", GOOD[0]))["refused_file"] is None
    assert not desk.refusals.exists()


# ---------------------------------------------------------------- archives


def _zip(file: Path, members: list[tuple[zipfile.ZipInfo | str, bytes]]) -> Path:
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for info, content in members:
            archive.writestr(info, content)
    return file


def _tar(file: Path, members: list[tuple[Any, bytes]]) -> Path:
    with tarfile.open(file, "w:gz") as archive:
        for member, content in members:
            info = member if isinstance(member, tarfile.TarInfo) else tarfile.TarInfo(member)
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
    return file


def _link(name: str, target: str, kind: bytes) -> tarfile.TarInfo:
    info = tarfile.TarInfo(name)
    info.type, info.linkname = kind, target
    return info


@pytest.mark.parametrize(
    "name", ["../evil.json", "/evil.json", "a/../../evil.json", "..\\evil.json", "C:/evil.json"]
)
def test_a_member_whose_path_leads_out_is_refused(desk: Desk, tmp_path: Path, name: str) -> None:
    members = [("a.json", text(GOOD[0])), (name, text(GOOD[1])), ("z.json", text(GOOD[2]))]
    for archive in (_zip(tmp_path / "all.zip", [*members]), _tar(tmp_path / "all.tar.gz", [*members])):
        report = desk.load(archive)
        assert (report["found"], report["refused"]) == (3, 1)
        row = desk.refused()[-1]
        assert "out of the archive" in row["reason"]
        assert row["source"].startswith(f"{archive}!")
    assert set(desk.everything()) == {("Patient", "g0"), ("Patient", "g2")}
    assert not list(tmp_path.parent.glob("evil*"))


def test_a_link_in_an_archive_is_refused(desk: Desk, tmp_path: Path) -> None:
    secret = put(tmp_path, "secret.json", GOOD[1])
    tar = _tar(
        tmp_path / "all.tar.gz",
        [
            ("a.json", text(GOOD[0])),
            (_link("soft.json", str(secret), tarfile.SYMTYPE), b""),
            (_link("hard.json", "a.json", tarfile.LNKTYPE), b""),
            (_link("device.json", "", tarfile.CHRTYPE), b""),
        ],
    )
    soft = zipfile.ZipInfo("soft.json")
    soft.external_attr = (stat.S_IFLNK | 0o777) << 16
    packed = _zip(tmp_path / "all.zip", [("b.json", text(GOOD[2])), (soft, str(secret).encode())])
    assert desk.counts(tar) == (3, 1, 0, 0, 2)
    assert desk.counts(packed) == (2, 1, 0, 0, 1)
    assert all("Links" in row["reason"] for row in desk.refused())
    assert ("Patient", "g1") not in desk.everything()


def test_a_bomb_is_refused_before_it_fills_the_memory(desk: Desk, tmp_path: Path) -> None:
    zeros = gzip.compress(bytes(300 * 2**20), 9)
    single = tmp_path / "bomb.json.gz"
    single.write_bytes(zeros)
    with zipfile.ZipFile(tmp_path / "bomb.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a.json", text(GOOD[0]))
        with archive.open("bomb.json", "w") as member:
            for _ in range(40):
                member.write(bytes(2**20))
        archive.writestr("nested.json.gz", zeros)
    report = desk.load(single, tmp_path / "bomb.zip")
    assert (report["found"], report["created"], report["refused"]) == (4, 1, 3)
    assert [row["source"].rpartition("!")[2] for row in desk.refused()] == [
        str(single),
        "bomb.json",
        "nested.json.gz",
    ]
    assert all("bomb" in row["reason"] for row in desk.refused())


@pytest.mark.parametrize("cut", [0.2, 0.6, 0.95])
def test_a_truncated_file_is_refused_and_the_others_come_in(desk: Desk, tmp_path: Path, cut: float) -> None:
    many = lines(*(patient(f"m{number}", f"Many{number}") for number in range(200)))
    whole = gzip.compress(many)
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "a.ndjson.gz").write_bytes(whole[: int(len(whole) * cut)])
    put(tmp_path / "in", "b.json", GOOD[0])
    left = zlib.decompressobj(31).decompress(whole[: int(len(whole) * cut)])
    lines_left = left.count(b"\n")
    assert 0 < lines_left < 200
    assert desk.counts(tmp_path / "in") == (lines_left + 2, lines_left + 1, 0, 0, 1)
    (row,) = desk.refused()
    assert row["source"].endswith("a.ndjson.gz")
    assert row["line"] == lines_left + 1
    assert row["original"].encode() == left.rpartition(b"\n")[2]
    assert "cannot be read" in row["reason"]


def test_a_truncated_archive_gives_what_it_still_holds(desk: Desk, tmp_path: Path) -> None:
    noise = [patient(f"n{number}", f"Noise{number}{hash(number)}") for number in range(400)]
    whole = _tar(tmp_path / "w.tar.gz", [("a.json", text(GOOD[0])), ("b.ndjson", lines(*noise))]).read_bytes()
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "a.tar.gz").write_bytes(whole[: int(len(whole) * 0.8)])
    (tmp_path / "in" / "b.zip").write_bytes(
        _zip(tmp_path / "w.zip", [("c.json", text(GOOD[1]))]).read_bytes()[:-30]
    )
    put(tmp_path / "in", "c.json", GOOD[2])
    desk.load(tmp_path / "in")
    sources = [row["source"].rpartition("/")[2] for row in desk.refused()]
    assert sources == ["a.tar.gz!b.ndjson", "a.tar.gz", "b.zip"]
    assert {("Patient", "g0"), ("Patient", "g2")} <= set(desk.everything())


def test_a_broken_member_does_not_take_the_others_along(desk: Desk, tmp_path: Path) -> None:
    broken = gzip.compress(text(GOOD[1]))[:-12]
    members: list[Any] = [
        ("a.json", text(GOOD[0])),
        ("b.json.gz", broken),
        ("c.json.gz", b"no gzip"),
        ("d.json", text(GOOD[2])),
    ]
    assert desk.counts(_tar(tmp_path / "all.tar.gz", members)) == (4, 2, 0, 0, 2)
    assert desk.counts(_zip(tmp_path / "all.zip", members)) == (4, 0, 0, 2, 2)


def test_a_damaged_zip_member_is_refused(desk: Desk, tmp_path: Path) -> None:
    archive = _zip(tmp_path / "all.zip", [("a.json", text(GOOD[0])), ("b.json", text(GOOD[1]))])
    content = bytearray(archive.read_bytes())
    at = content.index(b"b.json") + len("b.json") + 10
    content[at] ^= 0xFF
    archive.write_bytes(content)
    assert desk.counts(archive) == (2, 1, 0, 0, 1)


def test_a_path_that_is_not_there_is_told(desk: Desk, tmp_path: Path) -> None:
    from charthouse.base.errors import Problem

    with pytest.raises(Problem, match="no such file"):
        desk.load(put(tmp_path, "1.json", GOOD[0]), tmp_path / "missing.json")
    assert desk.everything() == {}
