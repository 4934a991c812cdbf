"""What people type and upload into their steps, read and refused in one way."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date
from typing import Final

from charthouse.base.errors import Problem, invalid

LARGEST: Final = 960 * 1024  # bytes of one file; forms of a megabyte are read without touching the disk
ALL: Final = 24 * 1024 * 1024  # bytes of all files of one person
MEDIA: Final[Mapping[bytes, str]] = {
    b"%PDF-": "application/pdf",
    b"\x89PNG\r\n\x1a\n": "image/png",
    b"\xff\xd8\xff": "image/jpeg",
}
ENDINGS: Final[Mapping[str, str]] = {"application/pdf": "pdf", "image/png": "png", "image/jpeg": "jpg"}
_NAME: Final = 80  # letters
_NOT_A_NAME: Final = re.compile(r"[\x00-\x1f\x7f<>:\"/\\|?*\u202a-\u202e\u2066-\u2069]+")


def day(words: Mapping[str, str], name: str) -> date:
    """A day as ISO 8601 writes it. Raises `Problem(invalid)`."""
    text = words.get(name, "").strip()
    try:
        found = date.fromisoformat(text)
    except ValueError:
        found = None
    if found is None or not 1950 <= found.year <= 2200:
        raise invalid("value", "This is no day.", place=name, value=text, repair="Give it as 2027-03-31.")
    return found


def line(words: Mapping[str, str], name: str, wanted: str = "", *, most: int = 300) -> str:
    """One line of text. `wanted` is what is said where it must not be empty. Raises `Problem(invalid)`."""
    text = " ".join(words.get(name, "").split())
    if wanted and not text:
        raise invalid("required", wanted, place=name)
    if len(text) > most:
        raise invalid("too-long", "This is too long.", place=name, repair=f"Give at most {most} letters.")
    return text


def number(words: Mapping[str, str], name: str, low: float, high: float) -> float:
    """A number within bounds. Raises `Problem(invalid)`, also for what is none."""
    text = words.get(name, "").strip()
    try:
        value = float(text)
    except ValueError:
        value = low - 1
    if not low <= value <= high:
        raise invalid(
            "value",
            "This is no such number.",
            place=name,
            value=text,
            repair=f"Give a number from {low:g} to {high:g}.",
        )
    return value


def media(file: bytes) -> str:
    """What a file is by its first bytes, whatever it was called. Raises `Problem(invalid)`."""
    if len(file) > LARGEST:
        raise invalid(
            "value", "The file is too large.", place="file", repair=f"Give at most {LARGEST // 1024} KB."
        )
    for begin, found in MEDIA.items():
        if file.startswith(begin):
            return found
    raise invalid("value", "This kind of file is not taken.", place="file", repair="Give a PDF, PNG or JPEG.")


def file_name(said: str, kind: str) -> str:
    """A name that is safe on every disk, with the ending of what the file is (`kind`, a media type)."""
    said = said.replace("%22", " ")  # as forms write a quotation mark (HTML, multipart form data)
    stem = _NOT_A_NAME.sub(" ", said.replace("\\", "/").rpartition("/")[2])
    stem = " ".join(stem.rpartition(".")[0].split() if "." in stem else stem.split()).strip(" .")
    return f"{stem[:_NAME].rstrip(' .') or 'document'}.{ENDINGS[kind]}"


def full() -> Problem:
    """The refusal of one thing too many."""
    return invalid("business-rule", "The list is full.", repair="Take out what is no longer needed.")
