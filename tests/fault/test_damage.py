"""A damaged file: the check says so and where, every command says it in words, and nothing shows a trace."""

from __future__ import annotations

import json
import random
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.fault import samples
from tests.fault.serving import COMMAND, House, environment

TRACES = ("Traceback", 'File "', ".py", "apsw")
PAGE = 4096


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The data folder of a clinic with 600 resources."""
    house = House.make(tmp_path_factory.mktemp("damage") / "whole")
    chance = random.Random(1)
    for number in range(20):
        bundle = samples.transaction(chance, samples.number(chance), 30)
        (house.folder / f"{number}.json").write_text(json.dumps(bundle))
    house.command("import", *(str(file) for file in sorted(house.folder.glob("*.json"))))
    house.checked()
    return house.folder


def _check(folder: Path) -> subprocess.CompletedProcess[str]:
    done = subprocess.run(
        [*COMMAND, "check", "--data", str(folder)],
        env=environment(), capture_output=True, text=True, check=False, timeout=60,
    )  # fmt: skip
    assert not any(sign in done.stdout + done.stderr for sign in TRACES), done.stderr
    return done


@pytest.mark.parametrize("seed", range(6))
def test_pages_full_of_rubbish_are_found(whole: Path, tmp_path: Path, seed: int) -> None:
    folder = tmp_path / "clinic"
    shutil.copytree(whole, folder)
    chance = random.Random(seed)
    content = bytearray((folder / "record.db").read_bytes())
    pages = len(content) // PAGE
    for page in chance.sample(range(pages // 3, pages), 2 + 8 * (seed % 2)):
        content[page * PAGE : (page + 1) * PAGE] = chance.randbytes(PAGE)
    (folder / "record.db").write_bytes(content)
    done = _check(folder)
    assert done.returncode == 1
    assert "damaged" in done.stdout + done.stderr


@pytest.mark.parametrize("left", [0.02, 0.5, 0.9])
def test_a_file_that_was_cut_off_is_found(whole: Path, tmp_path: Path, left: float) -> None:
    folder = tmp_path / "clinic"
    shutil.copytree(whole, folder)
    content = (folder / "record.db").read_bytes()
    (folder / "record.db").write_bytes(content[: int(len(content) * left)])
    done = _check(folder)
    assert done.returncode == 1
    assert "damaged" in done.stdout + done.stderr


def test_a_file_that_is_something_else_is_told(whole: Path, tmp_path: Path) -> None:
    folder = tmp_path / "clinic"
    shutil.copytree(whole, folder)
    (folder / "record.db").write_bytes(b"This is a letter, not a record. " * 400)
    done = _check(folder)
    assert done.returncode == 1
    assert "not a readable record" in done.stderr


def test_a_folder_in_place_of_the_file_is_told(tmp_path: Path) -> None:
    (tmp_path / "clinic" / "record.db").mkdir(parents=True)
    done = _check(tmp_path / "clinic")
    assert done.returncode == 1
    assert "cannot be opened" in done.stderr


def test_an_audit_that_is_rubbish_is_told(whole: Path, tmp_path: Path) -> None:
    folder = tmp_path / "clinic"
    shutil.copytree(whole, folder)
    (folder / "audit.db").write_bytes(random.Random(1).randbytes(3 * PAGE))
    done = _check(folder)
    assert done.returncode == 1
    assert "not a readable record" in done.stderr
