"""`bench validation`: what it takes to look at a resource, at each level, in one process."""

from __future__ import annotations

import tarfile
import time
import zipfile
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, Final

from charthouse.fhir import definitions as r4
from charthouse.fhir import resource
from charthouse.fhir.resource import Tree
from charthouse.ops.bench.bench import Bench
from charthouse.ops.bench.figure import Figure, Goal, Run
from charthouse.validation import structure
from charthouse.validation.validator import Level, Validator

BUNDLES: Final = 8  # of each archive
GUIDE: Final = "us_core_610.tgz"
BASE: Final = "http://hl7.org/fhir/us/core/StructureDefinition/us-core-"
# The profile that each type is asked for, where nothing tells which of several it is meant to be.
PROFILES: Final = {
    "Patient": "patient", "Encounter": "encounter", "Condition": "condition-problems-health-concerns",
    "Observation": "simple-observation", "Procedure": "procedure", "Immunization": "immunization",
    "DiagnosticReport": "diagnosticreport-lab", "MedicationRequest": "medicationrequest",
    "AllergyIntolerance": "allergyintolerance", "CarePlan": "careplan", "Goal": "goal",
    "Organization": "organization", "Practitioner": "practitioner",
}  # fmt: skip


class Shelf:
    """The StructureDefinitions of a package."""

    def __init__(self, file: Path) -> None:
        self._held: dict[str, Tree] = {}
        with tarfile.open(file) as archive:
            for member in archive:
                name = member.name.removeprefix("package/")
                stream = archive.extractfile(member) if name.startswith("StructureDefinition-") else None
                if stream is not None:
                    tree = resource.parse(stream.read())
                    self._held[tree["url"]] = tree

    def structure(self, url: str) -> Tree | None:
        """The one of that url."""
        return self._held.get(url.partition("|")[0])


def measure(bench: Bench) -> list[Figure]:
    """Milliseconds per resource: the default level of a write beside structure alone, and with profiles."""
    trees = list(_trees(bench))
    definitions = r4.load()
    validator = Validator(definitions)
    usual, full = [], []
    guide = None if bench.material is None else bench.material.parent / "us-core" / GUIDE
    profiled = Validator(definitions, Shelf(guide)) if guide is not None and guide.is_file() else None

    def bare(tree: Tree) -> object:
        return structure.check(tree, definitions, limit=1)

    def default(tree: Tree) -> object:
        return validator.check(tree, level=Level.STRUCTURE)

    def whole(tree: Tree) -> object:
        name = PROFILES.get(tree["resourceType"])
        return (profiled or validator).check(tree, level=Level.FULL, profiles=[BASE + name] if name else ())

    for number in range(bench.runs):
        bench.round("validation", number)
        floor = {"structure_ms": _each(bare, trees)}
        usual.append(Run(_each(default, trees), floors=floor))
        if profiled is not None:
            full.append(Run(_each(whole, trees), floors=floor))
    notes = {
        "resources": len(trees),
        "material": "made up" if bench.material is None else bench.material.name,
    }
    figures = [Figure("validation, default", "ms/resource", usual, Goal(0.2, 0.12, low=True), notes)]
    if full:
        figures.append(Figure("validation, with a guide", "ms/resource", full, Goal(1.5, low=True), notes))
    return figures


def _trees(bench: Bench) -> Iterator[Tree]:
    """The resources of some charts."""
    if bench.material is None:
        for made in bench.bundles(BUNDLES):
            yield from (entry["resource"] for entry in made["entry"])
        return
    for archive in sorted(bench.material.glob("patients*.zip")):
        with zipfile.ZipFile(archive) as opened:
            for name in sorted(opened.namelist())[:BUNDLES]:
                bundle: Any = resource.parse(opened.read(name))
                yield from (entry["resource"] for entry in bundle["entry"])


def _each(look: Callable[[Tree], object], trees: Sequence[Tree]) -> float:
    """Milliseconds that one resource takes, over all of them; once before for what is made on first use."""
    for tree in trees[:: max(1, len(trees) // 500)]:
        look(tree)
    begun = time.perf_counter()
    for tree in trees:
        look(tree)
    return (time.perf_counter() - begun) / len(trees) * 1000
