"""The command line: one file per group of commands; the exit code says what kind of failure it was."""

from __future__ import annotations

import os
import sys

import typer

from charthouse.base.errors import EXIT_CODE, Category, Problem
from charthouse.cli import (
    bench,
    codes,
    encryption,
    expression,
    guides,
    people,
    policies,
    reindex,
    salary,
    setup,
    transfer,
    upkeep,
)

app = typer.Typer(
    name="charthouse",
    help="An electronic health record: run a clinic, learn the craft.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
GROUPS = (
    setup, people, policies, encryption, transfer, guides, codes, expression, upkeep, reindex, salary, bench,
)  # fmt: skip
for group in GROUPS:
    group.register(app)


def main(arguments: list[str] | None = None) -> None:
    """Run one command; a `Problem` becomes a sentence on standard error and its exit code."""
    os.umask(0o077)  # whatever a command writes is for this account alone: records, exports, keys
    try:
        app(args=arguments, standalone_mode=True)
    except Problem as failure:
        for issue in failure.issues:
            place = f"{issue.place}: " if issue.place else ""
            typer.echo(f"charthouse: {place}{issue.sentence()}", err=True)
        sys.exit(EXIT_CODE[failure.category])
    except OSError as error:
        named = f"{error.filename}: " if error.filename else ""
        typer.echo(f"charthouse: {named}{error.strerror or error}", err=True)
        sys.exit(EXIT_CODE[Category.FAULT])
    except KeyboardInterrupt:
        sys.exit(130)
