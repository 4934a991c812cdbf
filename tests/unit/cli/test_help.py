"""Every command explains itself, and quickly."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from building.commands import commands, option_names
from charthouse.cli import app
from tests.unit.cli.terminal import PROGRAM, charthouse, environment

ROOT = Path(__file__).parents[3]
# Whole subsystems that a command loads when it needs them, not before.
HEAVY = (
    "apsw",
    "asyncio",
    "cryptography",
    "jinja2",
    "lxml",
    "msgspec",
    "psycopg",
    "rich",
    "starlette",
    "uvicorn",
)
SECONDS = 1.0  # of processor time, for other work on the machine does not count


@pytest.mark.parametrize("name", sorted(commands()))
def test_a_command_has_help_that_names_each_of_its_options(name: str) -> None:
    answer = CliRunner().invoke(app, [*name.split(), "--help"], terminal_width=200)
    assert answer.exit_code == 0
    plain = re.sub(r"\x1b\[[0-9;]*m", "", answer.output)
    for option in option_names(commands()[name]):
        assert option in plain
    assert commands()[name].help.strip().endswith(".")


@pytest.mark.parametrize("name", sorted(commands()))
def test_each_thing_that_a_command_takes_is_explained_in_a_sentence(name: str) -> None:
    for one in commands()[name].params:
        assert one.help, one.name
        assert one.help.endswith((".", "?")), one.help


def test_help_takes_less_than_a_second() -> None:
    with subprocess.Popen([*PROGRAM, "--help"], env=environment(), stdout=subprocess.DEVNULL) as process:
        _, status, used = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    assert process.returncode == 0
    assert used.ru_utime + used.ru_stime < SECONDS


def test_the_command_line_loads_no_subsystem_before_it_is_needed() -> None:
    code = f"import sys, charthouse.cli; print([name for name in {HEAVY!r} if name in sys.modules])"
    answer = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert answer.stdout.strip() == "[]"


def test_version_is_the_first_in_the_changelog(tmp_path: Path) -> None:
    found = re.search(r"(?m)^## (\d+\.\d+\.\d+)", (ROOT / "CHANGELOG.md").read_text())
    assert found
    answer = charthouse(tmp_path, "version")
    assert (answer.returncode, answer.stdout.strip()) == (0, found[1])


def test_no_command_at_all_shows_what_there_is(tmp_path: Path) -> None:
    answer = charthouse(tmp_path)
    assert all(name.split()[0] in answer.stdout + answer.stderr for name in commands())
