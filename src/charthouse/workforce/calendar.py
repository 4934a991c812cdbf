"""Days of a plan as a calendar file (RFC 5545), each with a reminder a week before, for any calendar program."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import date, timedelta

from charthouse.workforce.continuing import Held
from charthouse.workforce.planner import Step

_SPECIAL = re.compile(r"([\\;,])")


def calendar(steps: Iterable[Step], held: Iterable[Held], today: date) -> bytes:
    """Steps that have a day and are not done, and the ends of renewal periods."""
    lines = ["BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//Charthouse//Your steps//EN"]
    for step in steps:
        if step.due is not None and step.state != "done":
            lines += _event(f"step-{step.id}", step.due, step.title, today)
    for one in held:
        lines += _event(f"credential-{one.name}", one.ends, f"{one.name}: renewal is due", today)
    lines.append("END:VCALENDAR")
    return "".join(_folded(line) + "\r\n" for line in lines).encode()


def _event(id: str, day: date, title: str, today: date) -> list[str]:
    after = day + timedelta(days=1)
    return [
        "BEGIN:VEVENT",
        f"UID:{_text(id)}@charthouse",
        f"DTSTAMP:{today:%Y%m%d}T000000Z",
        f"DTSTART;VALUE=DATE:{day:%Y%m%d}",
        f"DTEND;VALUE=DATE:{after:%Y%m%d}",
        f"SUMMARY:{_text(title)}",
        "BEGIN:VALARM",
        "ACTION:DISPLAY",
        f"DESCRIPTION:{_text(title)}",
        "TRIGGER:-P7D",
        "END:VALARM",
        "END:VEVENT",
    ]


def _text(text: str) -> str:
    return _SPECIAL.sub(r"\\\1", " ".join(text.split()))


def _folded(line: str) -> str:
    """No line is longer than 75 octets (RFC 5545, 3.1); cut between letters, whatever their bytes."""
    parts, part = [], ""
    for letter in line:
        if len((part + letter).encode()) > 73:
            parts.append(part)
            part = ""
        part += letter
    return "\r\n ".join([*parts, part])
