"""FHIR packages: the profiles, value sets and search parameters of implementation guides."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from charthouse.cli.options import AsJson, Data, Database, opened

SHOWN = 20


def register(app: typer.Typer) -> None:
    """Add the commands of this group."""
    group = typer.Typer(
        name="ig", help="Install and list FHIR packages (implementation guides).", no_args_is_help=True
    )
    group.command()(install)
    group.command("list")(list_)
    app.add_typer(group)


def install(
    files: Annotated[list[Path], typer.Argument(help="Package files (.tgz).", show_default=False)],
    data: Data = None,
    database: Database = None,
    skip_unsound: Annotated[
        bool, typer.Option(help="Leave out resources with errors instead of refusing the package.")
    ] = False,
    examples: Annotated[
        bool, typer.Option(help="Import the examples too: invented patients, under the ids they come with.")
    ] = False,
    json_: AsJson = False,
) -> None:
    """Install FHIR packages: their profiles and value sets hold from then on. Nothing is fetched from anywhere."""
    from rich.progress import BarColumn, Progress, TaskID, TextColumn

    from charthouse.access.actor import SYSTEM
    from charthouse.interop.packages import examples as samples
    from charthouse.interop.packages.install import install as carry_out
    from charthouse.interop.packages.listed import packages
    from charthouse.interop.packages.package import read

    with opened(data, database) as clinic:
        reports = []
        known = [read(file) for file in files]
        coming = {package.label for package in known}

        def present() -> set[str]:
            return coming | {each.label for each in packages(clinic.canonical.all("ImplementationGuide"))}

        for package in known:
            with Progress(
                TextColumn("{task.description}"), BarColumn(bar_width=None), TextColumn("{task.completed:>5}"),
                disable=json_, transient=True,
            ) as bar:  # fmt: skip
                task = bar.add_task(package.label, total=None)

                def step(done: int, all: int, bar: Progress = bar, task: TaskID = task) -> None:
                    bar.update(task, completed=done, total=all)

                report = carry_out(
                    clinic.intake(SYSTEM, "install"), package, present, skip_unsound=skip_unsound, step=step
                )
            reports.append((report, samples.load(clinic, package) if examples else None))
    if json_:
        typer.echo(json.dumps([asdict(report) | {"examples": sample} for report, sample in reports]))
        return
    for report, sample in reports:
        counts = ", ".join(f"{count} {name}" for name, count in sorted(report.by_type.items()))
        typer.echo(f"{report.title} ({report.label}): {counts}")
        typer.echo(
            f"  {report.created} new, {report.changed} became the next version, {report.equal} already here"
        )
        if report.skipped:
            typer.echo(f"  {len(report.skipped)} left out, because of errors:")
            for issue in report.skipped[:SHOWN]:
                typer.echo(f"    {issue.sentence()}")
        if report.missing:
            typer.echo("  It builds upon packages that are not here; what they define is not checked:")
            typer.echo("    " + ", ".join(report.missing))
        if sample is not None:
            typer.echo(f"  examples: {sample['created']} created, {sample['refused']} refused")


def list_(data: Data = None, database: Database = None, json_: AsJson = False) -> None:
    """List the packages that are installed, and what they build upon that is not here."""
    from charthouse.interop.packages.listed import packages

    with opened(data, database) as clinic:
        found = packages(clinic.canonical.all("ImplementationGuide"))
    if json_:
        typer.echo(json.dumps([asdict(each) for each in found]))
        return
    if not found:
        typer.echo("No package is installed. Install one with `charthouse ig install FILE.tgz`.")
    for each in found:
        typer.echo(f"{each.label:40} {each.title}")
        if each.missing:
            typer.echo(f"{'':40} not here: {', '.join(each.missing)}")
