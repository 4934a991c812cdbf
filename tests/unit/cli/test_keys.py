"""`init --key-file`: a key is made once, kept from others, never beside what it locks."""

from __future__ import annotations

import re
import stat
from pathlib import Path

import pytest

from tests.unit.cli.terminal import charthouse


@pytest.fixture(scope="module")
def locked(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder in which an encrypted clinic `c` and its key `key` lie; tests leave them as they are."""
    folder = tmp_path_factory.mktemp("locked")
    made = charthouse(folder, "init", "--data", "c", "--key-file", "key")
    assert made.returncode == 0, made.stderr
    assert "not encrypted" not in made.stdout
    assert "CHARTHOUSE_KEY_FILE=key" in made.stdout
    return folder


def test_the_key_is_for_this_account_alone(locked: Path) -> None:
    assert stat.S_IMODE((locked / "key").stat().st_mode) == 0o600
    assert re.fullmatch(r"[0-9a-f]{64}\n", (locked / "key").read_text())


def test_the_folder_and_its_files_are_for_this_account_alone(locked: Path) -> None:
    assert stat.S_IMODE((locked / "c").stat().st_mode) == 0o700
    assert {stat.S_IMODE(file.stat().st_mode) for file in (locked / "c").iterdir()} == {0o600}


def test_the_record_cannot_be_read_without_its_key(locked: Path) -> None:
    assert not (locked / "c" / "record.db").read_bytes().startswith(b"SQLite format 3")
    answer = charthouse(locked, "check", "--data", "c")
    assert answer.returncode == 1
    assert "CHARTHOUSE_KEY_FILE" in answer.stderr
    assert "Traceback" not in answer.stderr


def test_the_record_is_whole_with_its_key(locked: Path) -> None:
    answer = charthouse(locked, "check", "--data", "c", CHARTHOUSE_KEY_FILE="key")
    assert (answer.returncode, answer.stderr) == (0, "")
    assert "The record is whole." in answer.stdout


def test_another_key_does_not_open_it(locked: Path, tmp_path: Path) -> None:
    answer = charthouse(locked, "check", "--data", "c", CHARTHOUSE_KEY="ab" * 32)
    assert answer.returncode == 1
    assert "ab" * 32 not in answer.stderr


def test_a_second_run_refuses_and_leaves_the_key(locked: Path) -> None:
    key = (locked / "key").read_bytes()
    again = charthouse(locked, "init", "--data", "c", "--key-file", "key")
    assert (again.returncode, "record in this data folder already" in again.stderr) == (5, True)
    other = charthouse(locked, "init", "--data", "other", "--key-file", "key")
    assert (other.returncode, "key file is there already" in other.stderr) == (2, True)
    assert (locked / "key").read_bytes() == key
    assert not (locked / "other").exists()


@pytest.mark.parametrize("place", ["d/key", "d/deep/key", "e/../d/key"])
def test_a_key_inside_the_data_folder_is_refused_and_nothing_made(tmp_path: Path, place: str) -> None:
    answer = charthouse(tmp_path, "init", "--data", "d", "--key-file", place)
    assert answer.returncode == 2
    assert "protects nothing" in answer.stderr
    assert not list(tmp_path.iterdir())


def test_a_key_for_a_database_is_refused_and_not_made(tmp_path: Path) -> None:
    answer = charthouse(tmp_path, "init", "--database", "postgresql://x@localhost:1/y", "--key-file", "key")
    assert answer.returncode == 2
    assert "PostgreSQL" in answer.stderr
    assert not list(tmp_path.iterdir())


def test_an_init_without_a_key_says_what_that_means(tmp_path: Path) -> None:
    answer = charthouse(tmp_path, "init", "--data", "plain")
    assert answer.returncode == 0
    assert "not encrypted" in answer.stdout
    assert "charthouse serve --data plain" in answer.stdout
    assert (tmp_path / "plain" / "record.db").read_bytes().startswith(b"SQLite format 3")
