"""Checkpoints: signed heads that are kept elsewhere, and what they find."""

from __future__ import annotations

import json
import shutil
from base64 import b64encode
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from charthouse.access.trail import checkpoint
from charthouse.access.trail.checkpoint import Checkpoint, Signer
from charthouse.access.trail.rounds import Rounds
from charthouse.app import Clinic
from charthouse.base.errors import Problem
from charthouse.base.settings import read
from charthouse.cli import main
from charthouse.ops.integrity import examine
from tests import cast
from tests.unit.access.trails import START, Scene, patient, scene


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def here(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Scene]:
    url = (lambda: request.getfixturevalue("postgres_url")) if request.param == "postgres" else None
    with scene(tmp_path, url) as opened:
        yield opened


def grow(here: Scene, count: int = 3) -> None:
    for number in range(count):
        here.put(patient(f"p{number}", f"Kim{here.rows('SELECT count(*) FROM txn')[0][0]}"))
        here.tell(cast.DOCTOR, START + number, [1])
    if here.clinic.record.sealer is not None:
        with closing(here.clinic.record.connect()) as connection:
            while here.clinic.record.sealer.seal(connection) is not False:
                pass


def made(here: Scene) -> Checkpoint:
    with closing(here.clinic.open_audit()) as audited, closing(here.clinic.record.connect()) as record:
        return Signer(here.clinic.keys).make(record, audited)


def faults(here: Scene, *kept: Checkpoint) -> list[tuple[str, str]]:
    clinic = here.clinic
    with closing(clinic.open_audit()) as audited:
        found = examine(
            clinic.record,
            audited,
            clinic.keys.get("mark"),
            checkpoints=kept,
            public=Signer(clinic.keys).public,
        )
    return [(one.kind, one.place) for one in found.findings if one.broken]


def test_a_record_that_goes_on_agrees_with_every_checkpoint_taken_of_it(here: Scene) -> None:
    kept = []
    for _ in range(3):
        kept.append(made(here))
        grow(here)
    assert kept[0].number == 0
    assert kept[1].number < kept[2].number
    assert faults(here, *kept) == []


def test_a_checkpoint_comes_back_from_its_file(here: Scene, tmp_path: Path) -> None:
    grow(here)
    one = made(here)
    file = tmp_path / checkpoint.name(one)
    checkpoint.keep(file, one)
    assert checkpoint.load(file) == one
    assert checkpoint.is_signed(one)
    assert list(tmp_path.glob("*.part")) == []
    with pytest.raises(FileExistsError):
        checkpoint.keep(file, one)
    assert checkpoint.load(file) == one


def test_anybody_can_check_the_signature_with_the_file_alone(here: Scene) -> None:
    grow(here)
    tree = json.loads(made(here).text())
    from base64 import b64decode

    signature, key = b64decode(tree.pop("signature")), b64decode(tree["key"])
    message = json.dumps(tree, sort_keys=True, separators=(",", ":")).encode()
    Ed25519PublicKey.from_public_bytes(key).verify(signature, message)


@pytest.mark.parametrize("change", ["number", "at", "hash", "events", "audit_hash", "signature"])
def test_a_checkpoint_that_was_changed_is_found_forged(here: Scene, change: str) -> None:
    grow(here)
    one = made(here)
    changed = {
        "number": replace(one, number=one.number - 1), "at": replace(one, at=one.at + 1),
        "hash": replace(one, hash=bytes(32)), "events": replace(one, audit=replace(one.audit, event=1)),
        "audit_hash": replace(one, audit=replace(one.audit, hash=bytes(32))),
        "signature": replace(one, signature=bytes(64)),
    }[change]  # fmt: skip
    assert [place.partition(",")[0] for kind, place in faults(here, changed)] == ["signature"]


def test_a_checkpoint_signed_with_another_key_is_foreign(here: Scene) -> None:
    grow(here)
    key = Ed25519PrivateKey.generate()
    bare = replace(made(here), key=key.public_key().public_bytes_raw())
    assert faults(here, replace(bare, signature=key.sign(bare.content)))[0][1].startswith("key")


def test_an_older_copy_put_back_is_found(tmp_path: Path) -> None:
    with scene(tmp_path) as here:
        grow(here)
    shutil.copytree(tmp_path / "data", tmp_path / "older")
    with _again(tmp_path) as here:
        grow(here)
        kept = made(here)
    shutil.rmtree(tmp_path / "data")
    (tmp_path / "older").rename(tmp_path / "data")
    with _again(tmp_path) as here:
        assert faults(here) == []
        found = faults(here, kept)
        assert [kind for kind, _ in found] == ["audit", "checkpoint"]
        assert found[1][1].startswith("transactions 4 to 6")


def test_a_cut_tail_of_the_record_is_found(tmp_path: Path) -> None:
    with scene(tmp_path) as here:
        grow(here)
        kept = made(here)
        here.clinic.write(_cut)
        assert faults(here)[:1] != [("checkpoint", "")]
        assert next(place for kind, place in faults(here, kept) if kind == "checkpoint").startswith(
            "transaction 3"
        )


def _cut(connection: Any) -> None:
    for statement in (
        "DELETE FROM version WHERE txn = 3", "DELETE FROM txn WHERE id = 3", "DELETE FROM outbox WHERE txn = 3",
    ):  # fmt: skip
        connection.run(statement)


class _again:  # noqa: N801 - reads like the function beside it
    """The same clinic opened once more."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def __enter__(self) -> Scene:
        clinic = Clinic.open(read({}, data=self._folder / "data"))
        self._scene = Scene.__new__(Scene)
        import asyncio

        self._scene.clinic, self._scene.runner = clinic, asyncio.Runner()
        self._scene.people = {one.name: one.id for one in clinic.people.all()}
        return self._scene

    def __exit__(self, *_: object) -> None:
        self._scene.close()


BAD = [
    "", "{}", "[]", "null", "x" * 20_000, '{"form": 1}', "[" * 5_000, '{"form":"charthouse-checkpoint-1"}',
]  # fmt: skip


@pytest.mark.parametrize("text", BAD, ids=range(len(BAD)))
def test_what_is_no_checkpoint_is_refused(text: str) -> None:
    with pytest.raises(Problem, match="not a checkpoint"):
        checkpoint.read(text)


@pytest.mark.parametrize(
    "change",
    [{"at": -1}, {"at": True}, {"at": "1"}, {"record": {}}, {"record": {"chain": "x", "number": 1, "hash": "00" * 32}},
     {"key": "%%"}, {"audit": {"blocks": 1, "events": 1, "hash": "zz"}}, {"time": "2020"}, {"signature": 5}],
)  # fmt: skip
def test_each_part_of_a_checkpoint_is_looked_at(here: Scene, change: dict[str, Any]) -> None:
    tree = json.loads(made(here).text()) | change
    with pytest.raises(Problem, match="not a checkpoint"):
        checkpoint.read(json.dumps(tree))


def test_the_server_exports_when_it_is_time_and_something_happened(here: Scene, tmp_path: Path) -> None:
    at = [1_800_000_000_000]
    folder = tmp_path / "elsewhere"
    folder.mkdir()
    clinic = here.clinic
    rounds = Rounds(
        clinic.record.connect, clinic.open_audit, clinic.record.reader, clinic._found, clinic.write,
        Signer(clinic.keys), folder=folder, minutes=10, clock=lambda: at[0],
    )  # fmt: skip
    with closing(clinic.record.connect()) as record, closing(clinic.open_audit()) as audited:
        files = []
        for minutes, grows in ((0, True), (5, True), (10, False), (20, False), (21, True)):
            at[0] = 1_800_000_000_000 + minutes * 60_000
            files.append(rounds.export(record, audited))
            if grows:
                grow(here, 1)
    assert [file is not None for file in files] == [True, False, True, False, False]
    assert len(checkpoint.exported(here.clinic.record.connection(), 10)) == 2
    assert faults(here, *(checkpoint.load(file) for file in sorted(folder.iterdir()))) == []


def test_the_commands_export_compare_and_tell(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with scene(tmp_path) as here:
        grow(here)
    data, file = str(tmp_path / "data"), str(tmp_path / "kept.json")
    assert _run("checkpoint", "export", file, "--data", data) == 0
    assert _run("checkpoint", "export", file, "--data", data) != 0
    assert "not overwritten" in capsys.readouterr().err
    assert _run("check", "--data", data, "--checkpoint", file) == 0
    assert "held against 1 checkpoint" in capsys.readouterr().out
    assert _run("checkpoint", "key", "--data", data) == 0
    key = capsys.readouterr().out.strip()
    assert key == json.loads(Path(file).read_text())["key"]
    tree = json.loads(Path(file).read_text())
    tree["signature"] = b64encode(bytes(64)).decode()
    Path(file).write_text(json.dumps(tree))
    assert _run("check", "--data", data, "--checkpoint", file) == 1
    assert "changed after it was signed" in capsys.readouterr().out


def _run(*words: str) -> int:
    try:
        main(list(words))
    except SystemExit as end:
        return int(end.code or 0)
    return 0
