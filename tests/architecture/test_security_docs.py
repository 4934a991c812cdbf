"""What the pages on security point to is there: each module, each page, and each test by its name."""

from __future__ import annotations

import ast
import re
from functools import cache
from pathlib import Path

import pytest

from tests.architecture.tree import ROOT, shown

PAGES = [ROOT / "SECURITY.md", *sorted((ROOT / "docs" / "security").glob("*.md"))]
POINTER = re.compile(
    r"`((?:src|tests|docs|building|\.ci)/[\w./-]+|[A-Z]+\.md|Makefile|pyproject\.toml|requirements\.txt)(?:::(\w+))?`"
)
STATES = {"met", "partly", "not met", "not applicable", "the site's"}
# Requirements of levels 1 and 2 by chapter: the numbers that ASVS 4.0.3 gives them, without those it deleted.
CHAPTERS = {1: 38, 2: 54, 3: 18, 4: 9, 5: 30, 6: 13, 7: 12, 8: 15, 9: 7, 10: 5, 11: 8, 12: 15, 13: 13, 14: 23}


@cache
def functions(path: Path) -> frozenset[str]:
    """The names of all functions and methods of a test file."""
    kinds = (ast.FunctionDef, ast.AsyncFunctionDef)
    return frozenset(node.name for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, kinds))


@pytest.mark.parametrize("page", PAGES, ids=shown)
def test_every_pointer_leads_to_something_that_is_there(page: Path) -> None:
    lost = [
        f"{path}::{name}" if name else path
        for path, name in POINTER.findall(page.read_text())
        if not (ROOT / path).exists() or (name and name not in functions(ROOT / path))
    ]
    assert not lost


def rows() -> list[list[str]]:
    """The lines of the checklist."""
    text = (ROOT / "docs" / "security" / "asvs.md").read_text()
    return [
        [cell.strip() for cell in line.strip("|").split("|")]
        for line in text.splitlines()
        if re.match(r"\| \d", line)
    ]


def test_the_checklist_has_each_requirement_once_with_a_state() -> None:
    numbers = [row[0] for row in rows()]
    assert len(numbers) == len(set(numbers))
    assert {row[2] for row in rows()} <= STATES
    assert [
        n for n, _ in sorted(((n, tuple(map(int, n.split(".")))) for n in numbers), key=lambda pair: pair[1])
    ] == numbers
    counted = {chapter: sum(n.split(".")[0] == str(chapter) for n in numbers) for chapter in range(1, 15)}
    assert counted == CHAPTERS


def test_what_is_met_says_where_and_what_is_missing_says_what() -> None:
    silent = [
        row[0] for row in rows() if row[2] in ("met", "partly", "not met", "not applicable") and not row[3]
    ]
    assert not silent
    without = [row[0] for row in rows() if row[2] == "met" and "`" not in row[3]]
    assert without == ["5.4.1"]  # the language itself


def test_the_numbers_at_the_top_of_the_checklist_are_those_of_its_lines() -> None:
    text = " ".join((ROOT / "docs" / "security" / "asvs.md").read_text().split())
    found = re.search(
        r"Of (\d+) requirements (\d+) are met, (\d+) partly, (\d+) not; (\d+) do not apply, (\d+) are the",
        text,
    )
    assert found
    states = [row[2] for row in rows()]
    told = [int(number) for number in found.groups()]
    wanted = ("met", "partly", "not met", "not applicable", "the site's")
    assert told == [len(states), *(states.count(state) for state in wanted)]


def test_the_table_of_the_law_has_each_technical_safeguard_and_each_criterion() -> None:
    text = (ROOT / "SECURITY.md").read_text()
    for number in range(1, 14):
        assert f"| (d)({number}) |" in text
    for rule in (
        "312(a)(1)",
        "312(a)(2)(i)",
        "312(a)(2)(ii)",
        "312(a)(2)(iii)",
        "312(a)(2)(iv)",
        "312(b)",
        "312(d)",
    ):
        assert f"| {rule} |" in text
    assert text.count("| FHIR API") == 1


def test_the_reports_promise_days() -> None:
    text = (ROOT / "SECURITY.md").read_text()
    assert "3 working days" in text
    assert "## Supported versions" in text
