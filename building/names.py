"""Makes the list of English short forms of names out of the one that a Python package carries."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Final

SOURCE: Final = Path("nicknames/names.csv")  # in the wheel of nicknames
_HEAD: Final = ["name1", "relationship", "name2"]
_FORM: Final = "has_nickname"


def compile_names(source: Path, target: Path) -> None:
    """Write `name,short form` for each line of `source` to `target`. RuntimeError for a list of another form."""
    with source.open(encoding="utf-8", newline="") as file:
        head, *rows = csv.reader(file)
    if head != _HEAD or not rows or any(len(row) != len(_HEAD) or row[1] != _FORM for row in rows):
        raise RuntimeError(f"{source.name} is not the list of names that was expected")
    with target.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file, lineterminator="\n").writerows((name, short) for name, _, short in rows)
