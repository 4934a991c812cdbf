"""Measuring: every claim of speed is a line here, beside its floor in the same run."""

from __future__ import annotations

import json
import os
import signal
import sys
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Annotated, Any, NoReturn

import typer

from charthouse.base.errors import EXIT_CODE, Category
from charthouse.base.settings import read as read_settings
from charthouse.cli.options import AsJson, Database

if TYPE_CHECKING:
    from charthouse.app import Clinic
    from charthouse.ops.bench.place import Place

MATERIAL = "synthea-r4"
TODAY = date(2026, 1, 2)  # made-up charts end here, so that each run imports the same


def register(app: typer.Typer) -> None:
    """Add the commands of this group."""
    app.command()(bench)


def bench(
    what: Annotated[
        list[str] | None,
        typer.Argument(
            help="start, read, create, encryption, transaction, import, chart, search, access, validation, "
            "terminology, fhirpath, codes, patients, salary; all when none is named.",
            show_default=False,
        ),
    ] = None,
    runs: Annotated[int, typer.Option(help="Runs of which the median counts.", min=1, max=99)] = 5,
    seconds: Annotated[int, typer.Option(help="Seconds of each load.", min=1, max=600)] = 5,
    resources: Annotated[
        int, typer.Option(help="Resources in the record that is searched.", min=400, max=100_000_000)
    ] = 1_000_000,
    small: Annotated[
        int, typer.Option(help="Resources in the small record beside it.", min=400, max=100_000_000)
    ] = 16_000,
    folder: Annotated[
        Path | None, typer.Option("--dir", help="Folder on the disk to measure.", show_default="the system's")
    ] = None,
    cache: Annotated[
        Path | None,
        typer.Option(help="Folder where large records are kept.", show_default="in --dir, else ~/.cache"),
    ] = None,
    fresh: Annotated[bool, typer.Option(help="Make large records anew.")] = False,
    client: Annotated[
        str | None, typer.Option(help="wrk or socket.", show_default="wrk where it is installed")
    ] = None,
    quick: Annotated[
        bool, typer.Option(help="One short run and a small record: does it work at all?")
    ] = False,
    database: Database = None,
    json_: AsJson = False,
) -> None:
    """Measure speed and memory on this machine, each figure beside its floors. Real servers, durable and audited."""
    from charthouse.ops.bench import load, table
    from charthouse.ops.bench.bench import Bench
    from charthouse.ops.bench.run import named, run

    names = named(what or [])
    with _stoppable(), TemporaryDirectory(prefix="charthouse-bench-", dir=folder) as work:
        asked = Bench(
            work=Path(work), cache=cache or _cache(folder), url=database,
            runs=1 if quick else runs, seconds=1 if quick else seconds, short=1 if quick else min(2, seconds),
            resources=min(resources, 20_000) if quick else resources, small=min(small, 4_000) if quick else small,
            encounters=100 if quick else 1000,
            fresh=fresh, client=load.chosen(client), material=_material(), opened=opened, unaudited=_unaudited,
            bundles=_bundles, say=_say,
        )  # fmt: skip
        outcome = run(asked, names)
    if json_:
        typer.echo(json.dumps(outcome.json(), indent=2))
    else:
        for line in table.lines(outcome.machine, outcome.figures):
            typer.echo(line)
    if outcome.failed:
        raise typer.Exit(EXIT_CODE[Category.FAULT])


def opened(place: Place) -> Clinic:
    """The clinic of a place of a bench, made if need be."""
    from charthouse.app import Clinic

    asked = read_settings({}, data=place.folder, database_url=place.address, key_file=place.key_file)
    return Clinic.open(asked, create=True)


def unaudited(arguments: Sequence[str]) -> None:
    """A server without read audit, for records of a bench only; in a process of its own (see `_unaudited`)."""
    from charthouse.app import Clinic
    from charthouse.cli import server
    from charthouse.ops.bench.process import UNLIMITED
    from charthouse.ops.bench.unaudited import silence

    option, place, port = arguments
    given: dict[str, Any] = {"database_url": place} if option == "--database" else {"data": Path(place)}
    given |= dict.fromkeys(UNLIMITED, 0)
    clinic = Clinic.open(read_settings({}, port=int(port), **given))
    try:
        silence(clinic)
        server.run(clinic)
    finally:
        clinic.close()


def _unaudited(place: Place, port: int) -> list[str]:
    code = "import sys; from charthouse.cli.bench import unaudited; unaudited(sys.argv[1:])"
    return [sys.executable, "-c", code, *place.options, str(port)]


def _bundles(count: int) -> Iterable[dict[str, Any]]:
    from charthouse.ops import demo

    found: Iterable[dict[str, Any]] = demo.bundles(1, count, TODAY)
    return found


def _material() -> Path | None:
    """The public patients, where they are."""
    root = Path(__file__).parents[3]
    named = os.environ.get("CHARTHOUSE_TEST_DATA")
    place = (Path(named) if named else root.parent / "shared" / "data") / MATERIAL
    return place if place.is_dir() else None


def _cache(folder: Path | None) -> Path:
    """Where large records are kept: on the disk that is measured."""
    if folder is not None:
        return folder / "charthouse-bench-kept"
    home = os.environ.get("XDG_CACHE_HOME")
    return (Path(home) if home else Path.home() / ".cache") / "charthouse" / "bench"


def _say(text: str) -> None:
    typer.echo(text, err=True)


@contextmanager
def _stoppable() -> Iterator[None]:
    """Turn SIGTERM into an exception, so that servers are ended and folders removed on the way out."""

    def stop(number: int, frame: object) -> NoReturn:  # noqa: ARG001 - the signature is the system's
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGTERM, stop)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
