"""Code systems: which are here, loading releases of them, finding codes."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from charthouse.cli.options import AsJson, Data, Database, opened

if TYPE_CHECKING:
    from charthouse.app import Clinic
    from charthouse.db.connect import Connection
    from charthouse.terminology.concept import Release as Standard
    from charthouse.terminology.load.review import Release, Review
    from charthouse.terminology.load.run import Progress, Report

SHOWN = 12


def register(app: typer.Typer) -> None:
    """Add the commands of this group."""
    group = typer.Typer(
        name="codes", help="Code systems: list them, load releases, see what is in force, find codes.",
        no_args_is_help=True,
    )  # fmt: skip
    group.command("list")(list_)
    group.command("import")(import_)
    group.command()(status)
    group.command()(search)
    group.command()(remove)
    app.add_typer(group)


def list_(data: Data = None, database: Database = None, json_: AsJson = False) -> None:
    """List every code system that is here: what came with the program, and what was loaded."""
    with opened(data, database) as clinic:
        found = _review(clinic)
    if json_:
        typer.echo(
            json.dumps([asdict(one) for each in (*found.held, *found.others) for one in each.releases])
        )
        return
    head = f"{'version':12} {'concepts':>9}  {'in force':24} {'from':24}"
    typer.echo(f"{'name':12} {head}".rstrip())
    for each in found.held:
        for one in each.releases:
            typer.echo(f"{one.name:12} {_columns(one)}".rstrip())
    if found.missing:
        typer.echo(
            f"Not here: {', '.join(kind.name for kind in found.missing)}; `charthouse codes status` tells more."
        )
    typer.echo(f"\n{head} address")
    for each in found.others:
        for one in each.releases:
            typer.echo(f"{_columns(one)} {one.url}")


def import_(
    path: Annotated[
        Path,
        typer.Argument(
            metavar="FILE|FOLDER", help="The release: a file, a folder or a .zip.", show_default=False
        ),
    ],
    data: Data = None,
    database: Database = None,
    as_: Annotated[
        str,
        typer.Option(
            "--as", metavar="KIND", help="What it is, where the files do not tell: icd-10-cm, csv, …."
        ),
    ] = "",
    version: Annotated[str, typer.Option(help="Its version, where the files do not tell.")] = "",
    url: Annotated[
        str, typer.Option(help="Address that names a code system of one's own (with --as csv).")
    ] = "",
    title: Annotated[str, typer.Option(help="Title of a code system of one's own.")] = "",
    language: Annotated[
        list[str] | None, typer.Option(metavar="TAG", help="Take in names of this language too, e.g. es-ES.")
    ] = None,
    replace: Annotated[
        bool, typer.Option("--replace", help="Load it anew where it is here already.")
    ] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Read and check it, and write nothing.")] = False,
    json_: AsJson = False,
) -> None:
    """Load a release of a code system that you licensed or downloaded. Nothing is fetched from anywhere."""
    from charthouse.terminology.load.loaded import Asked
    from charthouse.terminology.load.run import load

    asked = Asked(version, url, title, tuple(language or ()))
    with opened(data, database) as clinic:
        before = _used(clinic)
        with _bar(quiet=json_) as progress, _alone(clinic) as connection:
            report = load(
                connection, path, kind=as_ or ("csv" if url else ""), asked=asked, replace=replace, dry_run=dry_run,
                progress=progress,
            )  # fmt: skip
        after = _used(clinic)
    address = report.release.url
    if json_:
        typer.echo(json.dumps(_told(report, after.get(address), written=not dry_run)))
        return
    for line in _lines(report, before.get(address), after.get(address), written=not dry_run):
        typer.echo(line)


def status(data: Data = None, database: Database = None, json_: AsJson = False) -> None:
    """Tell what is in force today, what has ended or ends within 60 days, what is missing and where one gets it."""
    with opened(data, database) as clinic:
        found = _review(clinic)
    if json_:
        typer.echo(json.dumps({
            "in_force": [asdict(each.used) for each in found.held],
            "pressing": [one.url for one in found.pressing()],
            "missing": [{"name": kind.name, "url": kind.url, "whence": kind.whence} for kind in found.missing],
        }))  # fmt: skip
        return
    for each in found.held:
        one = each.used
        typer.echo(
            f"{each.name:12} {one.state.upper() if one in found.pressing() else one.state:16} {_until(one)}"
        )
    if found.others:
        typer.echo(f"{'and':12} {len(found.others):,} others, of FHIR, HL7 v2 and v3, and of this clinic")
    for one in found.pressing():
        kind = next(each.kind for each in found.held if each.used is one)
        typer.echo(f"\n{kind.name if kind else one.url} {one.state}: {_until(one)}. Load the next release.")
        if kind:
            typer.echo(f"  {kind.whence}\n  charthouse codes import {kind.sample}")
    if found.missing:
        typer.echo("\nNot here:")
    for kind in found.missing:
        typer.echo(f"{kind.name:12} {kind.whence}\n{'':12} charthouse codes import {kind.sample}")


def search(
    words: Annotated[list[str], typer.Argument(help="Words, or part of a code.", show_default=False)],
    data: Data = None,
    database: Database = None,
    system: Annotated[
        list[str] | None,
        typer.Option(metavar="SYSTEM", help="Look in this code system only: a short name or its address."),
    ] = None,
    limit: Annotated[int, typer.Option(help="Codes to print.", min=1, max=200)] = SHOWN,
    json_: AsJson = False,
) -> None:
    """Find codes by words, abbreviations or part of a code; the likeliest comes first."""
    from charthouse.terminology.load.kinds import address, short

    with opened(data, database) as clinic:
        systems = [address(name) for name in system or ()] or _review(clinic).searchable()
        hits = clinic.finder.find(" ".join(words), systems=systems, limit=limit)
    if json_:
        import msgspec

        typer.echo(msgspec.json.encode(hits).decode())
        return
    if not hits:
        typer.echo("No code was found. Try fewer or other words.")
    for hit in hits:
        kind = "" if hit.is_billable else " (heading)"
        typer.echo(f"{short(hit.system) or hit.system:12} {hit.code:12} {hit.display}{kind}")
        for said in (*hit.why, hit.note, "; ".join(f"{side} {code}" for side, code in hit.sides.items())):
            if said:
                typer.echo(f"{'':25} {said}")


def remove(
    release: Annotated[
        str,
        typer.Argument(
            metavar="SYSTEM|VERSION", help="Which one, as in `icd-10-cm|2026`.", show_default=False
        ),
    ],
    data: Data = None,
    database: Database = None,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
) -> None:
    """Take a release out again that was loaded here. What came with the program stays."""
    from charthouse.base.errors import not_found
    from charthouse.terminology.load import companions
    from charthouse.terminology.load.kinds import address

    name, _, version = release.partition("|")
    url = address(name)
    with opened(data, database) as clinic:
        found = [
            one for each in (*_review(clinic).held, *_review(clinic).others) for one in each.releases
            if one.url == url and one.version == version and one.place == "loaded"
        ]  # fmt: skip
        if not found:
            raise not_found(
                f"No release {release} was loaded here. `charthouse codes list` shows what there is."
            )
        if not yes:
            typer.confirm(f"Remove {found[0].title} with its {found[0].concepts:,} concepts?", abort=True)
        with _alone(clinic) as connection:
            companions.remove(connection, url, version)
    typer.echo(f"{found[0].title} is removed.")


@contextmanager
def _alone(clinic: Clinic) -> Iterator[Connection]:
    """A connection to the record, for the one process that loads or removes releases."""
    from charthouse.terminology.load.companions import alone

    lock = clinic.settings.data / "codes.lock" if clinic.place.path else None
    with closing(clinic.record.connect()) as connection, alone(connection, lock):
        yield connection


def _review(clinic: Clinic) -> Review:
    from charthouse.base.clock import moment, now
    from charthouse.terminology.load.review import review

    return review(clinic.terminology.systems(), moment(now()).date())


def _used(clinic: Clinic) -> dict[str, str]:
    """By address of a code system, the version that a question without a version gets."""
    found = _review(clinic)
    return {each.used.url: each.used.version for each in (*found.held, *found.others)}


@contextmanager
def _bar(*, quiet: bool) -> Iterator[Progress]:
    """A bar for each stage, with its rate and the time that is left."""
    from rich.progress import (
        BarColumn,
        ProgressColumn,
        SpinnerColumn,
        Task,
        TextColumn,
        TimeElapsedColumn,
        TimeRemainingColumn,
    )
    from rich.progress import Progress as Bar
    from rich.text import Text

    class Rate(ProgressColumn):
        def render(self, task: Task) -> Text:
            speed = task.finished_speed or task.speed
            if speed is None:
                return Text("")
            return Text(f"{speed / 1e6:,.1f} MB/s" if task.description == "reading" else f"{speed:,.0f}/s")

    with Bar(
        SpinnerColumn(), TextColumn("{task.description:>8}"), BarColumn(bar_width=None),
        TextColumn("{task.percentage:>3.0f} %"), Rate(), TimeElapsedColumn(), TextColumn("left"), TimeRemainingColumn(),
        disable=quiet, transient=False,
    ) as bar:  # fmt: skip
        tasks: dict[str, Any] = {}

        def told(stage: str, done: int, all: int) -> None:
            if stage not in tasks:
                tasks[stage] = bar.add_task(stage, total=all)
            bar.update(tasks[stage], completed=done, total=all)

        yield told


def _told(report: Report, used: str | None, *, written: bool) -> dict[str, Any]:
    release = report.release
    return {
        "kind": report.kind, "url": release.url, "version": release.version, "title": release.title,
        "concepts": report.concepts, "headings": report.headings, "inactive": report.inactive, "maps": report.maps,
        "value_sets": report.value_sets, "valid_from": release.valid_from, "valid_until": release.valid_until,
        "in_use": used, "notes": report.notes, "notice": release.notice, "written": written,
    }  # fmt: skip


def _lines(report: Report, before: str | None, after: str | None, *, written: bool) -> Iterator[str]:
    """What came of an import, for a person."""
    release = report.release
    yield f"{release.title} ({report.kind}, version {release.version})"
    yield f"{report.concepts:>9,} concepts" + (
        f", {report.headings:,} of them headings" if report.headings else ""
    )
    if report.inactive:
        yield f"{report.inactive:>9,} are no longer in use, and kept for older records"
    for title, count in report.maps.items():
        yield f"{count:>9,} lines of the map {title}"
    if report.value_sets:
        yield f"{report.value_sets:>9,} value sets"
    for note in report.notes:
        yield f"note: {note}"
    if release.notice:
        yield f"notice: {release.notice}"
    if not written:
        yield "It was only checked; nothing was written."
    else:
        yield _force(release, before, after)


def _force(release: Standard, before: str | None, after: str | None) -> str:
    """What comes into force by a release that was loaded; `before` and `after` are the versions in use."""
    from charthouse.base.clock import moment, now

    today = moment(now()).date().isoformat()
    until = f" until {release.valid_until}" if release.valid_until else ""
    if release.valid_from and release.valid_from > today:
        until_then = f"; {after} is used until then" if after and after != release.version else ""
        return f"It comes into force on {release.valid_from}{until_then}."
    if release.valid_until and release.valid_until < today:
        rest = f"; {after} is used for what does not name a version" if after != release.version else ""
        return f"It was in force{until}{rest}."
    if after == release.version:
        return f"It is in force{until}" + (f", in place of {before}." if before and before != after else ".")
    return f"It is here for what names its version; {after} is used for the rest."


def _columns(one: Release) -> str:
    return f"{_version(one):12} {one.concepts:>9,}  {_span(one):24} {_origin(one):24}"


def _version(one: Release) -> str:
    """A version short enough for a column: SNOMED CT's has its date at the end."""
    return one.version.rsplit("/", 1)[-1] if "/" in one.version else one.version


def _span(one: Release) -> str:
    if one.since or one.until:
        return f"{one.since or '…'} to {one.until or '…'}"
    return "always"


def _until(one: Release) -> str:
    said = f"{_version(one)}, {one.concepts:,} codes"
    if one.state == "not yet in force":
        return f"{said}, from {one.since}"
    return f"{said}, until {one.until}" if one.until else said


def _origin(one: Release) -> str:
    said = {"shipped": "came with the program", "loaded": "loaded", "resource": "a resource of the record"}[
        one.place
    ]
    return f"{said}: {one.source}" if one.source and one.place == "loaded" else said
