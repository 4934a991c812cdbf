"""An empty clinic for each test."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.interop.desk import Desk


@pytest.fixture
def desks(tmp_path: Path) -> Iterator[Callable[[], Desk]]:
    """Opens new, empty clinics."""
    opened: list[Desk] = []

    def make() -> Desk:
        opened.append(Desk.open(tmp_path / f"clinic{len(opened)}"))
        return opened[-1]

    yield make
    for desk in opened:
        desk.close()


@pytest.fixture
def desk(desks: Callable[[], Desk]) -> Desk:
    """A new, empty clinic."""
    return desks()
