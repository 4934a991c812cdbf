"""A bench with everything small, in a folder of the test."""

from __future__ import annotations

from pathlib import Path

import pytest

from charthouse.cli import bench as command
from charthouse.ops.bench.bench import Bench


@pytest.fixture
def small(tmp_path: Path) -> Bench:
    work = tmp_path / "work"
    work.mkdir()
    return Bench(
        work=work, cache=tmp_path / "kept", url=None, runs=1, seconds=1, short=1, resources=400, small=400,
        encounters=5, fresh=False, client="socket", material=None, opened=command.opened,
        unaudited=command._unaudited, bundles=lambda count: [], say=lambda text: None,
    )  # fmt: skip
