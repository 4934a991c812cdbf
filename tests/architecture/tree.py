"""The project's own files, for tests that look at the code and not at what it does."""

from __future__ import annotations

import ast
import subprocess
from collections.abc import Iterator
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "src" / "charthouse"


@cache
def modules() -> tuple[Path, ...]:
    """Every Python module of the package."""
    return tuple(sorted(PACKAGE.rglob("*.py")))


@cache
def syntax(module: Path) -> ast.Module:
    """The parsed module."""
    return ast.parse(module.read_text(), filename=str(module))


@cache
def tracked() -> tuple[Path, ...]:
    """Every file that is, or would be, under version control."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    paths = (ROOT / name for name in listed.split("\0") if name)
    return tuple(path for path in paths if path.is_file() and not path.is_symlink())


def shown(path: Path) -> str:
    """The path as a person writes it, from the project's root."""
    return path.relative_to(ROOT).as_posix()


def texts(module: Path) -> Iterator[tuple[int, str]]:
    """Each string literal of a module with its line, docstrings left out; the fixed parts of f-strings too."""
    tree = syntax(module)
    holders = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
    docstrings = {
        id(node.body[0].value)
        for node in ast.walk(tree)
        if isinstance(node, holders) and node.body and isinstance(node.body[0], ast.Expr)
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in docstrings:
            yield node.lineno, node.value
