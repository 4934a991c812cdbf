"""What a file is by its first bytes, whatever whoever sent it called it: only what it is is shown as that."""

from __future__ import annotations

from typing import Final

LOOKED_AT: Final = 1024
# Types that a browser may show, and the bytes that each begins with (the WHATWG MIME Sniffing Standard, section 6).
MARKS: Final[dict[str, tuple[bytes, ...]]] = {
    "image/png": (b"\x89PNG\r\n\x1a\n",),
    "image/jpeg": (b"\xff\xd8\xff",),
    "image/gif": (b"GIF87a", b"GIF89a"),
    "image/webp": (b"RIFF",),
    "application/pdf": (b"%PDF-",),
}
TEXT: Final = "text/plain"


def is_what_it_says(media: str, body: bytes) -> bool:
    """Whether `body` is of the type `media` and may be shown as that; False for every type that is not shown."""
    head = body[:LOOKED_AT]
    if media == TEXT:
        return b"\0" not in head
    if not head.startswith(MARKS.get(media, ())):
        return False
    return media != "image/webp" or head[8:12] == b"WEBP"
