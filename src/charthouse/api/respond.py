"""Answers: status, headers and bytes (R4 http.html#versioning, #summary)."""

from __future__ import annotations

import asyncio
import time
from datetime import UTC
from email.utils import parsedate_to_datetime
from functools import lru_cache
from http import HTTPStatus
from typing import Any, Final

import msgspec

from charthouse.access.gate import Stored
from charthouse.api.body import LARGE
from charthouse.api.negotiate import JSON, PLAIN, XML, View
from charthouse.api.reply import Header, Reply
from charthouse.api.request import Context, Request
from charthouse.base.errors import Category, Problem, http_status
from charthouse.fhir import outcome, resource, xml
from charthouse.fhir.resource import Tree

_DAYS: Final = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_MONTHS: Final = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
TYPE_JSON: Final[Header] = (b"content-type", b"application/fhir+json")
TYPE_XML: Final[Header] = (b"content-type", b"application/fhir+xml")
RETRY_SECONDS: Final = b"1"


@lru_cache(maxsize=4096)
def _http_date(seconds: int) -> bytes:
    moment = time.gmtime(seconds)
    return (
        f"{_DAYS[moment.tm_wday]}, {moment.tm_mday:02d} {_MONTHS[moment.tm_mon - 1]} {moment.tm_year:04d} "
        f"{moment.tm_hour:02d}:{moment.tm_min:02d}:{moment.tm_sec:02d} GMT"
    ).encode()


def http_date(milliseconds: int) -> bytes:
    """The HTTP form of a moment, e.g. `Mon, 23 Nov 2026 15:26:00 GMT` (RFC 9110, 5.6.7); fractions are cut."""
    return _http_date(milliseconds // 1000)


def seconds(date: str) -> int | None:
    """Seconds since 1970 of an HTTP date, or None where it is none (such a condition is passed over)."""
    try:
        found = parsedate_to_datetime(date)
    except (TypeError, ValueError, IndexError, OverflowError):
        return None
    return int((found if found.tzinfo else found.replace(tzinfo=UTC)).timestamp() // 1)


def status_line(status: int) -> str:
    """`201 Created`, as a Bundle's response entry gives it."""
    return f"{status} {HTTPStatus(status).phrase}"


def stored(
    context: Context,
    view: View,
    found: Stored,
    *,
    status: int = 200,
    place: bytes | None = None,
    body: bool = True,
) -> Reply:
    """One version of a resource with its ETag and Last-Modified; `place` becomes the Location."""
    headers: list[Header] = [
        (b"etag", b'W/"%d"' % found.version),
        (b"last-modified", http_date(found.updated)),
    ]
    if place is not None:
        headers.append((b"location", place))
    if not body:
        return Reply(status, headers)
    if view is PLAIN:
        headers.append(TYPE_JSON)
        return Reply(status, headers, found.body)
    if view.format == JSON and view.whole:
        headers.append(TYPE_JSON)
        return Reply(status, headers, _indent(view, found.body))
    tree = found.tree if view.whole else context.subset.of(found.tree, view)
    return made(context, view, tree, status=status, headers=headers)


def noticed(answer: Reply, notice: str) -> Reply:
    """The answer with a notice that must travel along, as a Warning (RFC 7234, 5.5); a Bundle has it inside."""
    if notice:
        answer.headers.append((b"warning", f'299 charthouse "{notice}"'.encode()))
    return answer


def part(context: Context, view: View, found: Stored) -> bytes:
    """The JSON of a stored resource inside a Bundle: its own bytes, or what `_summary` leaves of them."""
    return found.body if view.whole else resource.dump(context.subset.of(found.tree, view))


async def assembled(context: Context, view: View, body: bytes) -> Reply:
    """A Bundle that was put together as JSON bytes, in the format of `view`."""
    if view.format == JSON:
        return Reply(200, [TYPE_JSON], _indent(view, body))
    if len(body) > LARGE:  # XML takes its time: in a thread, so that others are answered meanwhile
        return await asyncio.to_thread(lambda: made(context, view, resource.parse(body)))
    return made(context, view, resource.parse(body))


def made(
    context: Context, view: View, tree: Tree, *, status: int = 200, headers: list[Header] | None = None
) -> Reply:
    """A resource that is made for this answer (CapabilityStatement, OperationOutcome)."""
    kind = TYPE_XML if view.format == XML else TYPE_JSON
    return Reply(status, [*(headers or ()), kind], _write(context, view, tree))


def failure(context: Context, view: View, found: Problem) -> Reply:
    """`found` as an OperationOutcome with its status; nothing in it depends on who or when."""
    status = http_status(found)
    headers: list[Header] = []
    if found.category in (Category.BUSY, Category.TOO_COSTLY):
        headers.append((b"retry-after", b"%d" % found.after if found.after else RETRY_SECONDS))
    tree = outcome.of(found)
    try:
        return made(context, view, tree, status=status, headers=headers)
    except Problem:  # it quotes a character that XML cannot hold
        return made(context, PLAIN, tree, status=status, headers=headers)


def not_modified(request: Request, found: Stored) -> Reply | None:
    """304 if the caller holds this version already (RFC 9110, 13.2.2: If-None-Match goes before the date)."""
    tags = request.headers.get(b"if-none-match")
    if tags is not None:
        own = str(found.version)
        held = {tag.strip().removeprefix("W/").strip('"') for tag in tags.decode("latin-1").split(",")}
        same = own in held or "*" in held
    else:
        since = request.headers.get(b"if-modified-since")
        limit = seconds(since.decode("latin-1")) if since is not None else None
        same = limit is not None and found.updated // 1000 <= limit
    if not same:
        return None
    return Reply(304, [(b"etag", b'W/"%d"' % found.version), (b"last-modified", http_date(found.updated))])


def _write(context: Context, view: View, tree: Tree) -> bytes:
    if view.format == XML:
        return xml.to_xml(tree, context.definitions, pretty=view.pretty)
    return _indent(view, resource.dump(tree))


def _indent(view: View, body: bytes) -> bytes:
    """JSON with line breaks for a reader where `_pretty` asks for them; number texts stay as they are."""
    if not view.pretty:
        return body
    formatted: Any = msgspec.json.format(body, indent=2)
    return bytes(formatted) + b"\n"
