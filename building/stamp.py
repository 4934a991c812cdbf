"""Tells whether the compiled files are those that the sources and the lock would give now."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from pathlib import Path
from typing import Final

FILE: Final = Path("building/stamp")
SOURCES: Final = (
    "hatch_build.py",
    "building/*.py",
    "building/*.tsv",
    "building/npm/package*.json",
    "building/pypi/requirements.txt",
    "src/charthouse/fhir/branches.py",
    "src/charthouse/fhir/definitions.py",
    "src/charthouse/terminology/concept.py",
    "src/charthouse/terminology/fill.py",
    "src/charthouse/terminology/load/kinds.py",
    "src/charthouse/terminology/load/loaded.py",
    "src/charthouse/terminology/mapping.py",
    "src/charthouse/terminology/order.py",
    "src/charthouse/terminology/reading.py",
    "src/charthouse/terminology/scales.py",
    "src/charthouse/terminology/units.py",
    "src/charthouse/terminology/versions.py",
    "src/charthouse/terminology/sql/fill.sql",
    "src/charthouse/terminology/sql/migrations/sqlite/*.sql",
    "src/charthouse/terminology/find/cost.py",
    "src/charthouse/terminology/find/index.py",
    "src/charthouse/terminology/find/words.py",
)


def digest(root: Path) -> str:
    """SHA-256 over everything that decides what the compiled files hold."""
    key = hashlib.sha256()
    for pattern in SOURCES:
        for path in sorted(root.glob(pattern)):
            content = path.read_bytes()
            key.update(f"{path.relative_to(root).as_posix()} {len(content)}\n".encode())
            key.update(content)
    return key.hexdigest()


def is_current(root: Path, outputs: Iterable[Path]) -> bool:
    """Whether every output is there and was made from the present sources."""
    file = root / FILE
    if not file.is_file() or file.read_text() != digest(root):
        return False
    return all((root / path).is_file() for path in outputs)


def write(root: Path) -> None:
    """Note that the outputs are current."""
    (root / FILE).write_text(digest(root))
