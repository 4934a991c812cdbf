"""The words of a file, where a file is words: a note is read on its page, not downloaded."""

from __future__ import annotations

import base64
import binascii
from typing import Any, Final

MOST: Final = 200_000


def words(media: str, data: object) -> str:
    """The text of base64 `data` of media type `media`; empty for what is no plain text, or too long for a page."""
    kind, _, parameters = media.partition(";")
    if kind.strip().lower() != "text/plain" or not isinstance(data, str) or len(data) > MOST:
        return ""
    charset = parameters.partition("charset=")[2].strip(' "') or "utf-8"
    try:
        return base64.b64decode(data).decode(charset, "replace").strip()
    except (binascii.Error, ValueError, LookupError):
        return ""


def address(attachment: dict[str, Any]) -> str:
    """Where the content of an attachment lies when it is not inside the record."""
    return str(attachment.get("url") or "") if attachment.get("data") is None else ""
