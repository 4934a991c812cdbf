"""What the figures were measured on, without which they say nothing."""

from __future__ import annotations

import os
import platform
from importlib.metadata import version
from pathlib import Path
from typing import Any, Final

import apsw

CPU_INFO: Final = Path("/proc/cpuinfo")
STATUS: Final = "/proc/{}/status"


def describe(folder: Path) -> dict[str, Any]:
    """The machine and the programs on it; `load` is its load average at the start, `folder` where data goes."""
    return {
        "cpu": _processor(),
        "cores": len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count(),
        "memory_mb": os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") // 1024**2,
        "system": platform.platform(),
        "python": platform.python_version(),
        "sqlite": apsw.sqlite_lib_version(),
        "charthouse": version("charthouse"),
        "load": round(os.getloadavg()[0], 2),
        "folder": str(folder),
    }


def _processor() -> str:
    if CPU_INFO.exists():
        for line in CPU_INFO.read_text(encoding="utf-8", errors="replace").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()


def resident_mb(process: int) -> float | None:
    """The memory a process holds (resident set, MB); None where the system does not tell."""
    file = Path(STATUS.format(process))
    if not file.exists():
        return None
    for line in file.read_text(encoding="ascii", errors="replace").splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) / 1024
    return None
