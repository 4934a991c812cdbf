"""What the work pays, from public labour statistics that came with the program; no clinic is needed."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated

import typer

from charthouse.cli.options import AsJson

if TYPE_CHECKING:
    from charthouse.workforce.method import Answer
    from charthouse.workforce.shelf import Shelf


def register(app: typer.Typer) -> None:
    """Add the commands of this group."""
    app.command()(salary)


def salary(
    soc: Annotated[
        str, typer.Option(metavar="CODE", help="Occupation, e.g. 29-2072.", show_default="29-2072")
    ] = "",
    role: Annotated[
        str, typer.Option(metavar="PATH", help="A career path instead, e.g. coder or trainer.")
    ] = "",
    area: Annotated[
        str, typer.Option(metavar="AREA", help="US, a state's postal code, a five-digit CBSA, or a name.")
    ] = "US",
    industry: Annotated[
        str,
        typer.Option(
            metavar="NAICS", help="Kind of employer: a code, or a word such as hospital or federal."
        ),
    ] = "",
    years: Annotated[float | None, typer.Option(help="Years of experience.", show_default=False)] = None,
    education: Annotated[str, typer.Option(help="school, certificate, associate or bachelor.")] = "",
    certified: Annotated[
        bool | None,
        typer.Option(
            "--certified/--not-certified", help="Whether a certificate is held.", show_default=False
        ),
    ] = None,
    skills: Annotated[str, typer.Option(help="Skills, with commas; told apart, for no figure exists.")] = "",
    json_: AsJson = False,
) -> None:
    """Tell what the work pays in a place: published percentiles, and a range for one person with all its arithmetic."""
    from charthouse.workforce.shelf import Shelf

    words = {
        "soc": soc,
        "role": role,
        "area": area,
        "industry": industry,
        "education": education,
        "skills": skills,
        "years": "" if years is None else f"{years:g}",
        "certified": "" if certified is None else str(certified).lower(),
    }
    shelf = Shelf()
    if json_:
        typer.echo(shelf.json(words).decode())
        return
    for line in _lines(shelf, shelf.answer(words)):
        typer.echo(line)


def _lines(shelf: Shelf, answer: Answer) -> Iterator[str]:
    """The answer for a person; each line of numbers says where they come from."""
    from charthouse.workforce.bands import bands
    from charthouse.workforce.extract import POINTS

    method = shelf.method
    place = "United States" if answer.area.kind == "N" else answer.area.name
    employer = f", {answer.industry.name}" if answer.industry else ""
    yield f"{shelf.extract.occupations[answer.question.soc]} ({answer.question.soc}), {place}{employer}"
    source = shelf.sources["oews"]
    cell = answer.wages if answer.industry and answer.area.kind != "N" else answer.cell
    yield f"\nPublished wages a year ({source.publisher}, {source.title}):"
    for point, one in zip(POINTS, cell.wages, strict=True):
        figure = method.published(one, "usd")
        yield f"  p{point}  {figure.said():>14}  {figure.note}".rstrip()
    jobs, error = method.published(cell.jobs, "jobs"), method.published(cell.jobs_rse, "percent")
    yield f"  jobs {jobs.said():>14}  standard error {error.said()}"
    if answer.low is not None and answer.median is not None and answer.high is not None:
        yield f"\nFor the person described: {answer.low.said()} to {answer.high.said()}, middle {answer.median.said()}"
        yield "\nHow it was counted:"
    for step in answer.steps:
        figure = step.figure
        yield f"  {figure.said():>12}  {step.label}  [{figure.source} {figure.year}, {figure.kind.value}]"
    for flag in answer.flags:
        yield f"  note: {flag.said}"
    if answer.question.soc == method.factors["bands"]["occupation"] and answer.wages.is_whole:
        found = bands(method, answer.basis)
        yield f"\nThe classic bands ({shelf.sources['bands'].trust}):"
        for band in found.bands:
            more = " and more" if band.is_open else ""
            yield f"  {band.title:12} {band.low.said()} to {band.high.said()}{more}, {band.years}"
        for edge in found.edges:
            at, here = edge.nation, edge.here
            yield f"  {edge.figure.said()} is {at.note or at.said()} of the nation, {here.note or here.said()} here"
    yield f"\n{shelf.extract.about['notice']}"
