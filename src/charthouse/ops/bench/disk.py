"""What the disk under the data folder can do, and how much of it a record takes."""

from __future__ import annotations

import os
import time
from pathlib import Path
from statistics import median
from typing import Final

BLOCK: Final = b"\x5a" * 4096
SYNCS: Final = 200
LONGEST: Final = 3.0  # seconds that are spent on asking a slow disk


def sync_ms(folder: Path) -> float:
    """The p50 of writing a page and `fdatasync`, in ms, on the disk of `folder`."""
    file = folder / "fdatasync.probe"
    descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    sync = getattr(os, "fdatasync", os.fsync)  # macOS has no fdatasync
    times: list[float] = []
    end = time.perf_counter() + LONGEST
    try:
        while len(times) < SYNCS and (not times or time.perf_counter() < end):
            start = time.perf_counter()
            os.pwrite(descriptor, BLOCK, len(times) * len(BLOCK))
            sync(descriptor)
            times.append((time.perf_counter() - start) * 1000)
    finally:
        os.close(descriptor)
        file.unlink()
    return median(times)


def used(folder: Path, name: str) -> int:
    """Bytes of the file `name` in `folder` with its write-ahead log."""
    files = (folder / name, folder / f"{name}-wal")
    return sum(file.stat().st_size for file in files if file.exists())
