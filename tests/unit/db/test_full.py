"""PostgreSQL on a full disk: writes are refused in plain words, what was acknowledged stays, and work goes on later."""

from __future__ import annotations

import os
import random
import shutil
import subprocess
from base64 import b64encode
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import psycopg
import pytest

from charthouse.base.errors import Category, Problem
from charthouse.db.connect import Place
from tests.postgres import NOBODY, fresh_database, own_server
from tests.unit.store.desk import Desk

pytestmark = pytest.mark.postgres


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 48 MB."""
    if os.geteuid() != 0 or shutil.which("mount") is None:
        pytest.skip("only root can make a small file system")
    place = tmp_path / "disk"
    place.mkdir()
    done = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=48m", "tmpfs", str(place)], check=False)
    if done.returncode:
        pytest.skip("file systems cannot be mounted here")
    try:
        for parent in (place, *place.parents):
            parent.chmod(parent.stat().st_mode | 0o005)
        yield place
    finally:
        subprocess.run(["umount", "--lazy", str(place)], check=True)


def test_a_full_disk_refuses_writes_until_there_is_room(disk: Path) -> None:
    os.chown(disk, NOBODY, NOBODY)
    with own_server() as server:
        with psycopg.connect(server.url, autocommit=True) as administrator:
            administrator.execute(f"CREATE TABLESPACE small LOCATION '{disk}'")  # type: ignore[call-overload]
        desk = Desk(Place(url=fresh_database(server.url, tablespace="small")))
        with closing(desk):
            ballast = disk / "ballast"
            text = b64encode(random.Random(1).randbytes(200_000)).decode()  # which no compression makes small
            desk.put("Patient", "before")
            ballast.write_bytes(b"\0" * (shutil.disk_usage(disk).free - 300_000))
            puts = (
                desk.put("Binary", f"b{n}", {"contentType": "text/plain", "data": text}) for n in range(20)
            )
            with pytest.raises(Problem) as failure:
                list(puts)
            assert failure.value.category is Category.FAULT
            assert "disk is full" in str(failure.value)
            before = desk.record.reader.tallies(desk.connection)  # reading goes on
            ballast.unlink()
            desk.put("Binary", "after", {"contentType": "text/plain", "data": text})
            assert desk.record.reader.tallies(desk.connection)["Binary"] == before.get("Binary", 0) + 1
            assert desk.check().clean
