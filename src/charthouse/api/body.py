"""Request bodies: bounded while they arrive and while they unfold, and read by their media type."""

from __future__ import annotations

import asyncio
import zlib
from collections.abc import Awaitable, Callable, Mapping
from functools import lru_cache
from typing import Any, Final

from charthouse.api.negotiate import JSON, XML
from charthouse.base.errors import Category, Problem, invalid, problem
from charthouse.fhir import resource, xml
from charthouse.fhir.definitions import Definitions
from charthouse.fhir.resource import Tree

Receive = Callable[[], Awaitable[Mapping[str, Any]]]

JSON_PATCH: Final = "application/json-patch+json"
FORM: Final = "application/x-www-form-urlencoded"
LARGE: Final = (
    400_000  # bytes from which reading a body goes to a thread, so that others are answered meanwhile
)
UNFOLDED: Final = 4_096  # compressed bytes, at most 4 MB of content, unfolded at once
PIECE: Final = 65_536  # bytes of a compressed body taken at a time; what is left over is copied each time
MEMBERS: Final = 4_096  # gzip files that may follow one another in a body (RFC 1952, 2.2)
_RESOURCE: Final = {
    "application/fhir+json": JSON,
    "application/json": JSON,
    "text/json": JSON,
    "application/json+fhir": JSON,
    "application/fhir+xml": XML,
    "application/xml": XML,
    "text/xml": XML,
    "application/xml+fhir": XML,
}


class Disconnected(Exception):
    """The client went away before its request was complete; nobody waits for an answer."""


async def read(receive: Receive, headers: Mapping[bytes, bytes], limit: int) -> bytes:
    """The whole body, unfolded if it is compressed; at most `limit` bytes before and after that.

    Raises `Problem` 413 naming the limit, 415 for an unknown Content-Encoding, 400 for a
    damaged one; `Disconnected` when the client left.
    """
    length = headers.get(b"content-length", b"")
    if length and length.isdigit() and int(length) > limit:
        raise too_long(limit, f"{int(length)} bytes announced")
    message = await receive()
    if message["type"] == "http.disconnect":
        raise Disconnected
    body: bytes = message.get("body", b"")
    if message.get("more_body"):
        body = await _rest(receive, body, limit)
    if len(body) > limit:
        raise too_long(limit, f"{len(body)} bytes")
    encoding = headers.get(b"content-encoding")
    if encoding is not None:
        name = encoding.decode("latin-1").strip().lower()
        if len(body) > UNFOLDED:  # in a thread, so that others are answered meanwhile
            return await asyncio.to_thread(unfold, body, name, limit)
        return unfold(body, name, limit)
    return body


async def _rest(receive: Receive, first: bytes, limit: int) -> bytes:
    parts, size, more = [first], len(first), True
    while more:
        if size > limit:
            raise too_long(limit, f"more than {limit} bytes sent")
        message = await receive()
        if message["type"] == "http.disconnect":
            raise Disconnected
        part = message.get("body", b"")
        parts.append(part)
        size += len(part)
        more = message.get("more_body", False)
    return b"".join(parts)


def unfold(body: bytes, encoding: str, limit: int) -> bytes:
    """`body` without its Content-Encoding; stops as soon as it grows beyond `limit`."""
    if encoding in ("", "identity") or not body:
        return body
    if encoding not in ("gzip", "x-gzip", "deflate"):
        raise problem(
            Category.UNSUPPORTED,
            "media-in",
            "The body is compressed in a way that is not read here.",
            place="Content-Encoding",
            value=encoding,
            repair="Send it as gzip, or not compressed.",
        )
    found, size, position = [], 0, 0
    for _ in range(MEMBERS):
        inflater = zlib.decompressobj(47)  # gzip or zlib, told apart by the header
        while not inflater.eof:
            piece = body[position : position + PIECE]
            if not piece:
                raise invalid("structure", "The compressed body ends before its end mark.", place="body")
            try:
                part = inflater.decompress(piece, limit - size + 1)
            except zlib.error:
                raise invalid("structure", "The compressed body is damaged.", place="body") from None
            size += len(part)
            if size > limit:
                raise too_long(limit, f"more than {limit} bytes when unpacked")
            found.append(part)
            position += len(piece) - len(inflater.unused_data)
        if position == len(body):
            return b"".join(found)
    raise invalid(
        "too-costly", f"The compressed body has more than {MEMBERS} parts.", place="body",
        repair="Compress it as one.",
    )  # fmt: skip


def too_long(limit: int, found: str) -> Problem:
    """413, naming the limit."""
    return invalid(
        "too-long",
        f"The body is longer than the {limit} bytes that are taken.",
        place="body",
        value=found,
        repair="Split the Bundle into smaller ones, or have the administrator raise CHARTHOUSE_BODY_LIMIT.",
    )


@lru_cache(maxsize=256)
def media(header: bytes) -> str:
    """The media type of a Content-Type header in lower case; refuses other charsets and FHIR versions (415)."""
    name, *settings = header.decode("latin-1").split(";")
    for setting in settings:
        key, _, value = setting.partition("=")
        key, value = key.strip().lower(), value.strip().strip('"').lower()
        if (key == "charset" and value not in ("utf-8", "utf8", "us-ascii")) or (
            key == "fhirversion" and value not in ("4.0", "4.0.1")
        ):
            raise unread(header.decode("latin-1"), "Send UTF-8 and FHIR 4.0.")
    return name.strip().lower()


def kind(headers: Mapping[bytes, bytes]) -> str:
    """`JSON` or `XML` for the body of a request that carries a resource; 415 naming any other type."""
    header = headers.get(b"content-type")
    if header is None:
        raise unread(None, f"Send Content-Type: {JSON} (or {XML}).")
    found = _RESOURCE.get(media(header))
    if found is None:
        raise unread(header.decode("latin-1"), f"Send {JSON} or {XML}.")
    return found


def unread(value: str | None, repair: str) -> Problem:
    """415, naming the content type found."""
    text = (
        "The body has no Content-Type." if value is None else "A body of this Content-Type is not read here."
    )
    return problem(Category.UNSUPPORTED, "media-in", text, place="Content-Type", value=value, repair=repair)


async def tree(body: bytes, form: str, definitions: Definitions) -> Tree:
    """The resource in `body`, which is `JSON` or `XML`; `Problem` 400 names the place that cannot be read."""
    if len(body) > LARGE:
        return await asyncio.to_thread(parse, body, form, definitions)
    return parse(body, form, definitions)


def parse(body: bytes, form: str, definitions: Definitions) -> Tree:
    """The same, at once."""
    if not body or body.isspace():
        raise invalid(
            "required", "The request has no body.", place="body", repair="Send the resource as the body."
        )
    found = resource.parse(body) if form == JSON else xml.from_xml(body, definitions)
    if not isinstance(found.get("resourceType"), str):
        raise invalid(
            "required",
            "The body has no resourceType.",
            place="resourceType",
            value=found.get("resourceType"),
            repair='Begin with {"resourceType": "…"}.',
        )
    return found
