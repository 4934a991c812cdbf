"""Tells of every command what it does and takes, read off the command line itself."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final, get_args

import typer

from charthouse.cli import app

PAGE: Final = Path("docs/reference/commands.md")

_HEAD: Final = """# Commands

Written by `make docs` from the commands themselves in `src/charthouse/cli`; change it there.

`charthouse COMMAND --help` prints the same at a terminal. A clinic is named by `--data` (a folder) or
`--database` (a PostgreSQL URL); without either, `CHARTHOUSE_DATABASE_URL`, then `CHARTHOUSE_DATA`, then the
folder `charthouse-data` where you are. Every other [setting](settings.md) comes from the environment.

A command that fails prints a sentence on standard error: what is wrong, where, what was found, and what
would be right. Its exit code tells the [kind of failure](errors.md).
"""
_KINDS: Final = {"Path": "PATH", "str": "TEXT", "int": "NUMBER", "float": "NUMBER"}


def commands() -> dict[str, Any]:
    """The commands by name, as the command line knows them; those of a group as `ig install`."""
    whole: Any = typer.main.get_command(app)
    found: dict[str, Any] = {}
    for name, command in whole.commands.items():
        inner = getattr(command, "commands", None)
        found.update({f"{name} {word}": each for word, each in inner.items()} if inner else {name: command})
    return found


def page() -> str:
    """The whole text of the page."""
    return _HEAD + "".join(_section(name, command) for name, command in sorted(commands().items()))


def option_names(command: Any) -> frozenset[str]:
    """Every option of a command as it may be written, e.g. `--data`, `-h`."""
    names = {name for one in _options(command) for name in (*one.opts, *one.secondary_opts)}
    return frozenset(names | {"--help", "-h"})


def _section(name: str, command: Any) -> str:
    arguments = [one for one in command.params if one.param_type_name == "argument"]
    usage = " ".join(["charthouse", name, "[OPTIONS]", *map(_argument, arguments)])
    rows = [f"| `{_argument(one)}` | {_default(one)} | {_help(one)} |\n" for one in arguments]
    rows += [f"| {_option(one)} | {_default(one)} | {_help(one)} |\n" for one in _options(command)]
    table = (
        "".join(("| takes | default | what it is |\n|---|---|---|\n", *rows))
        if rows
        else "It takes nothing.\n"
    )
    said = " ".join(command.help.split())
    return f"\n## {name}\n\n{said}\n\n    {usage}\n\n{table}"


def _options(command: Any) -> list[Any]:
    return [one for one in command.params if one.param_type_name == "option" and "--help" not in one.opts]


def _argument(argument: Any) -> str:
    word = (argument.metavar or argument.name).strip("[].").upper() + ("..." if argument.nargs == -1 else "")
    return word if argument.required else f"[{word}]"


def _option(option: Any) -> str:
    names = [*option.opts, *option.secondary_opts]
    if option.is_flag:
        return ", ".join(f"`{name}`" for name in names)
    return ", ".join(f"`{name} {option.metavar or _kind(option)}`" for name in names)


def _kind(option: Any) -> str:
    annotation = option.type_descriptor.annotation
    annotation = next(iter(get_args(annotation)), annotation)  # of a list, what it holds
    return _KINDS[getattr(annotation, "__name__", str(annotation))]


def _default(parameter: Any) -> str:
    if parameter.required:
        return "(must be given)"
    if isinstance(parameter.show_default, str):
        return parameter.show_default
    if parameter.default is None or parameter.default is False:
        return ""
    return f"`{parameter.default}`"


def _help(parameter: Any) -> str:
    repeated = " May be given several times." if getattr(parameter, "multiple", False) else ""
    low, high = parameter.min, parameter.max
    bounds = f" From {low} to {high}." if high is not None else "" if low is None else f" At least {low}."
    return f"{parameter.help}{bounds}{repeated}".replace("|", "\\|")
