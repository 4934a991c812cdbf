"""Where the public test data lies, and how the conformance tests read it."""

from __future__ import annotations

import os
import tarfile
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from charthouse.fhir.resource import parse

PLACE = Path(os.environ.get("CHARTHOUSE_TEST_DATA") or Path(__file__).parents[3] / "shared" / "data")


def folder(name: str) -> Path:
    """The data set `name`; the test is skipped, and says so, where it is absent."""
    found = PLACE / name
    if not found.is_dir():
        pytest.skip(f"no public test data in {found}; CHARTHOUSE_TEST_DATA names another place")
    return found


def synthea(bundles_per_archive: int | None = None) -> Iterator[tuple[str, dict[str, Any]]]:
    """(file name, Bundle) of the Synthea set, all or the first few of each archive."""
    for archive in sorted(folder("synthea-r4").glob("*.zip")):
        with zipfile.ZipFile(archive) as opened:
            for name in sorted(opened.namelist())[:bundles_per_archive]:
                yield name, parse(opened.read(name))


def us_core() -> Iterator[tuple[str, bytes]]:
    """(file name, JSON) of each example in the US Core 6.1.0 package."""
    with tarfile.open(folder("us-core") / "us_core_610.tgz") as opened:
        for member in opened:
            path = Path(member.name)
            if path.parent == Path("package/example") and path.suffix == ".json" and path.name[0] != ".":
                content = opened.extractfile(member)
                assert content is not None
                yield path.name, content.read()


def fhirpath_inputs(suffix: str) -> Iterator[tuple[str, bytes]]:
    """(file name, content) of the inputs of the FHIRPath suite that end in `suffix`."""
    for path in sorted((folder("fhirpath") / "input").glob(f"*{suffix}")):
        yield path.name, path.read_bytes()
