"""What the summary draws together: equal prescriptions become one line that says how many there are."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from charthouse.web.chart.entry import Entry, Mark


def medications(entries: Sequence[Entry]) -> list[Entry]:
    """Active medications, one line for each; the newest prescription of equal ones stands for them all."""
    lines: dict[str, Entry] = {}
    for entry in entries:
        if entry.struck:
            continue
        name = entry.title.lower()
        held = lines.get(name)
        if held is None:
            lines[name] = entry
            continue
        count = held.count + 1
        newest = max(held, entry, key=lambda one: one.when)
        lines[name] = replace(newest, count=count, mark=Mark("amber", f"{count} active orders"))
    return list(lines.values())
