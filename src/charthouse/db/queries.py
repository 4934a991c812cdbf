"""SQL by name, so that every statement the program can send stands in a file one can read.

A file holds statements, each opened by `-- name: word`; comment lines below the name are kept out
of the statement. Placeholders are `?`; for PostgreSQL they become `%s` here, once, at load.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from importlib import resources
from types import SimpleNamespace

_NAME = re.compile(r"^-- name: (\w+)\s*$", re.MULTILINE)


def statements(text: str) -> Iterator[tuple[str, str]]:
    """(name, SQL) for each named statement in `text`."""
    parts = _NAME.split(text)
    for name, body in zip(parts[1::2], parts[2::2], strict=True):
        lines = [line for line in body.splitlines() if not line.lstrip().startswith("--")]
        yield name, "\n".join(lines).strip().rstrip(";")


def portable(sql: str, dialect: str) -> str:
    """`sql` with the placeholders that `dialect` ("sqlite" or "postgres") wants."""
    if dialect == "postgres":
        return sql.replace("%", "%%").replace("?", "%s")
    return sql


def load(package: str, stem: str, dialect: str) -> SimpleNamespace:
    """The statements of `sql/{stem}.sql` in `package` as attributes.

    `sql/{stem}.{dialect}.sql`, where it exists, replaces statements of the same name.
    """
    folder = resources.files(package) / "sql"
    found: dict[str, str] = {}
    for name in (f"{stem}.sql", f"{stem}.{dialect}.sql"):
        file = folder / name
        if file.is_file():
            found.update(statements(file.read_text(encoding="utf-8")))
    if not found:
        raise FileNotFoundError(f"{package}/sql/{stem}.sql")
    return SimpleNamespace(**{name: portable(sql, dialect) for name, sql in found.items()})
