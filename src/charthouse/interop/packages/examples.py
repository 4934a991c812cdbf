"""The examples of a package: ordinary resources, brought in as any import is."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from charthouse.interop.bulk import run
from charthouse.interop.packages.package import Package


def load(clinic: Any, package: Package) -> dict[str, Any]:
    """Import the examples of `package` with the ids they have; the report of the import."""
    with TemporaryDirectory() as folder:
        place = Path(folder)
        for number, example in enumerate(package.examples):
            (place / f"{number:05}.json").write_bytes(example.content)
        return run.load(clinic, [place], refused=place / "refused.ndjson", quiet=True)
