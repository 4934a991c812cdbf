"""The guide's shelf as it is shipped, and copies of its tables that tests may spoil."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from importlib import resources
from pathlib import Path

import pytest

from charthouse.workforce.extract import Extract
from charthouse.workforce.shelf import Shelf

Spoil = Callable[[Callable[[str], str]], Shelf]


@pytest.fixture(scope="session")
def shelf() -> Shelf:
    return Shelf()


@pytest.fixture
def spoilt(tmp_path: Path) -> Spoil:
    """Makes a shelf whose table of wages went through a function."""

    def make(change: Callable[[str], str]) -> Shelf:
        folder = tmp_path / "data"
        shutil.copytree(str(resources.files("charthouse.workforce") / "data"), folder)
        table = folder / "oews.tsv"
        table.write_text(change(table.read_text()))
        return Shelf(Extract(folder))

    return make
