"""The search index: what of it is not complete, and making it anew beside all other work."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated, Any

import typer

from charthouse.base.errors import invalid
from charthouse.cli.options import AsJson, Data, Database, opened

if TYPE_CHECKING:
    from charthouse.app import Clinic
    from charthouse.ops.reindex import Report


def register(app: typer.Typer) -> None:
    """Add the commands of this group."""
    app.command()(reindex)


def reindex(
    data: Data = None,
    database: Database = None,
    type: Annotated[list[str] | None, typer.Option(help="Resource types; all when not given.")] = None,
    pending: Annotated[
        bool, typer.Option("--pending", help="Only what is not complete yet, e.g. for new search parameters.")
    ] = False,
    status: Annotated[
        bool, typer.Option("--status", help="Only say what is not complete; exit code 0.")
    ] = False,
    json_: AsJson = False,
) -> None:
    """Make the search index anew while the clinic is served. Goes on where it was after a stop."""
    from charthouse.ops import reindex as work

    with opened(data, database) as clinic:
        types = _checked(clinic, type or [])
        if status:
            found = [one for one in work.status(clinic.record) if not types or one["type"] in types]
            _show(found, as_json=json_)
            return
        if not pending:
            work.again(clinic.record, types)
        report = _run(clinic, types, quiet=json_)
    if json_:
        typer.echo(json.dumps({
            "resources": report.total, "by_type": dict(sorted(report.resources.items())),
            "changed": report.changed, "seconds": round(report.seconds, 3),
        }))  # fmt: skip
        return
    rate = report.total / report.seconds if report.seconds else 0
    typer.echo(f"{report.total:>9} resources gone through in {report.seconds:.1f} s ({rate:,.0f}/s)")
    typer.echo(f"{report.changed:>9} rows of the index were added or removed")


def _checked(clinic: Clinic, types: Sequence[str]) -> Sequence[str]:
    for type in types:
        if not clinic.definitions.is_resource(type):
            raise invalid(
                "value", f'"{type}" is not a resource type.', place="--type", value=type,
                repair="Write e.g. --type Observation.",
            )  # fmt: skip
    return types


def _run(clinic: Clinic, types: Sequence[str], *, quiet: bool) -> Report:
    """Do it, with a bar that says how many a second and how long it takes."""
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

    from charthouse.ops import reindex as work

    with Progress(
        TextColumn("{task.completed:>9,.0f} resources"), BarColumn(bar_width=None),
        TextColumn("{task.percentage:>3.0f} %  {task.fields[rate]:>7,.0f}/s"), TimeElapsedColumn(), TextColumn("left"),
        TimeRemainingColumn(), disable=quiet, transient=True,
    ) as bar:  # fmt: skip
        task = bar.add_task("reindex", total=None, rate=0.0)

        def step(report: Report, left: int) -> None:
            elapsed = bar.tasks[0].elapsed or 0.0
            rate = report.total / elapsed if elapsed else 0.0
            bar.update(task, completed=report.total, total=report.total + left, rate=rate)

        return work.run(clinic.record, types, step)


def _show(found: Sequence[dict[str, Any]], *, as_json: bool) -> None:
    if as_json:
        typer.echo(json.dumps({"complete": not found, "parameters": list(found)}))
        return
    if not found:
        typer.echo("The index is complete.")
    for one in found:
        name = "everything anew" if one["parameter"] == "*" else one["parameter"]
        typer.echo(f"{one['percent']:>3} %  {one['type']:28} {name:28} {one['done']:>9} of {one['of']}")
    if found:
        typer.echo("The server does what is left; without one, run `charthouse reindex --pending`.")
