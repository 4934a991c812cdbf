"""Rules of the house about the code itself."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.architecture.tree import PACKAGE, ROOT, modules, shown, syntax, texts, tracked

FORBIDDEN_NAMES = frozenset(
    {"common", "helper", "helpers", "manager", "managers", "misc", "service", "services", "util", "utils"}
)
LINES = 450
SQL = re.compile(
    r"\b(?:select\b[\s\S]*\bfrom\s+\w|insert\s+(?:or\s+\w+\s+)?into\s+\w|update\s+\w+\s+set\b|delete\s+from\s+\w"
    r"|(?:create|drop|alter)\s+(?:unique\s+|temp\s+|virtual\s+)*(?:table|index|view|trigger|schema)\b"
    r"|pragma\s+\w|order\s+by\s+\w|where\s+\w+\s*(?:=|<|>|in\s*\())",
    re.IGNORECASE,
)
# Opening and closing a transaction is the engine's business, so it may stand in `db`.
CONTROL = re.compile(
    r"^\s*(?:begin|commit|end|rollback|release|savepoint)\b(?:\s+(?:immediate|exclusive|savepoint|to|transaction)\b|\s*$)",
    re.IGNORECASE,
)


def test_imports_keep_to_their_contracts() -> None:
    done = subprocess.run(
        [
            sys.executable,
            "-c",
            "from importlinter.cli import lint_imports_command as run; run()",
            "--no-logo",
            "--no-cache",
        ],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_sql_is_written_in_sql_files_only() -> None:
    found = [
        f"{shown(module)}:{line}: {text.strip()[:60]!r}"
        for module in modules()
        for line, text in texts(module)
        if SQL.search(text) or (CONTROL.search(text) and module.parent.name != "db" and text.isupper())
    ]
    assert not found, "SQL belongs in a .sql file beside the module:\n" + "\n".join(found)


@pytest.mark.parametrize(
    ("text", "is_sql"),
    [
        ("SELECT 1 FROM t", True),
        ("delete from resource", True),
        ("PRAGMA journal_mode", True),
        ("Select a patient from the list", True),  # read as SQL: better one false alarm than a hole
        ("Choose a patient", False),
        ("updated", False),
    ],
)
def test_the_search_for_sql_finds_sql(text: str, *, is_sql: bool) -> None:
    assert bool(SQL.search(text)) is is_sql


def test_every_module_says_in_one_sentence_why_it_exists() -> None:
    silent = [
        shown(module)
        for module in modules()
        if module.stat().st_size and not ast.get_docstring(syntax(module))
    ]
    assert not silent


def test_no_module_has_a_name_that_says_nothing() -> None:
    vague = [
        shown(path) for path in (*modules(), *PACKAGE.rglob("*/")) if path.stem.lower() in FORBIDDEN_NAMES
    ]
    assert not vague


def test_no_module_has_a_name_of_several_words() -> None:
    long = [shown(module) for module in modules() if "_" in module.stem.strip("_")]
    assert set(long) <= {"src/charthouse/access/break_glass.py"}


def test_no_file_grows_beyond_reading() -> None:
    code = [path for path in tracked() if path.suffix in {".py", ".js", ".css", ".sql", ".html"}]
    grown = {shown(path): length for path in code if (length := len(path.read_text().splitlines())) > LINES}
    assert not grown, f"over {LINES} lines; 350 is long already: {grown}"


def test_the_standard_reads_no_files_but_its_definitions() -> None:
    opened: list[str] = []
    for module in (PACKAGE / "fhir").rglob("*.py"):
        for node in ast.walk(syntax(module)):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "open":
                opened.append(shown(module))
            if isinstance(node, ast.ImportFrom) and node.module == "urllib.request":
                opened.append(shown(module))
    assert not opened


def test_nothing_is_logged_past_the_gate() -> None:
    past: list[str] = []
    for module in modules():
        for node in ast.walk(syntax(module)):
            is_logging = isinstance(node, ast.Import) and any(name.name == "logging" for name in node.names)
            if is_logging and shown(module) != "src/charthouse/base/log.py":
                past.append(shown(module))
    assert not past, "log through charthouse.base.log"


def _globals(module: Path) -> list[str]:
    """Names at module level that hold a fresh list, dict or set which the module later changes."""
    tree = syntax(module)
    held = {
        target.id
        for node in tree.body
        if isinstance(node, ast.Assign | ast.AnnAssign)
        and isinstance(node.value, ast.Dict | ast.List | ast.Set)
        for target in (node.targets if isinstance(node, ast.Assign) else [node.target])
        if isinstance(target, ast.Name)
    }
    changed: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Global):
            changed.update(node.names)
        if (
            isinstance(node, ast.Subscript)
            and isinstance(node.ctx, ast.Store | ast.Del)
            and isinstance(node.value, ast.Name)
        ):
            changed.add(node.value.id)
        if (
            isinstance(node, ast.Call)
            and isinstance(node.func, ast.Attribute)
            and isinstance(node.func.value, ast.Name)
            and node.func.attr
            in {"add", "append", "clear", "extend", "insert", "pop", "setdefault", "update"}
        ):
            changed.add(node.func.value.id)
    return sorted(held & changed)


def test_no_module_keeps_state() -> None:
    state = {shown(module): names for module in modules() if (names := _globals(module))}
    assert not state
