"""Filling a demo clinic with invented patients through the same door as any import."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date
from typing import TYPE_CHECKING, Any

import typer

from charthouse.base.clock import moment, now
from charthouse.base.errors import Category, problem
from charthouse.fhir.resource import dump
from charthouse.interop.bulk.importer import Importer
from charthouse.interop.bulk.ready import Kitchen, Ready
from charthouse.interop.bulk.refused import Refused
from charthouse.interop.bulk.sources import Document
from charthouse.ops import demo

if TYPE_CHECKING:
    from charthouse.app import Clinic

SEED = 1


def fill(clinic: Clinic, patients: int, *, today: date | None = None) -> None:
    """Write the invented clinic and its patients, then the changes that give some of them a history."""
    from charthouse.access.actor import SYSTEM

    day = today or moment(now()).date()
    intake = clinic.intake(SYSTEM, "demo")
    kitchen = Kitchen(clinic.definitions, intake.preparer)
    with Refused(clinic.settings.data / "demo-refused.ndjson") as sheet:
        importer = Importer(intake, intake.marks("demo"), sheet)
        importer.run(_units(kitchen, demo.bundles(SEED, patients, day), "demo"))
        importer.run(_units(kitchen, demo.revisions(SEED, day, patients), "later"))
    intake.marks("demo").clear()
    totals = importer.totals
    if totals.refused:
        raise problem(
            Category.FAULT,
            "exception",
            f"{totals.refused} of the invented resources were refused.",
            place=str(sheet.path),
        )
    typer.echo(f"{patients} invented patients, {totals.created} resources.")


def _units(kitchen: Kitchen, bundles: Iterable[dict[str, Any]], name: str) -> Iterator[Ready]:
    for number, bundle in enumerate(bundles):
        yield from kitchen.units(Document(f"{name}-{number}.json", dump(bundle), 0))
