"""Bundles put together from the bytes of their resources, which are never parsed for it (R4 bundle.html)."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Final

from charthouse.access.gate import Page, Stored
from charthouse.api import query, respond
from charthouse.api.query import Params
from charthouse.api.request import Request
from charthouse.base import clock
from charthouse.base.ids import logical_id
from charthouse.fhir import outcome, resource

Links = Sequence[tuple[str, str]]
_CURSORS: Final = ("first", "prev", "next")


def bundle(kind: str, entries: Sequence[bytes], *, total: int | None = None, links: Links = ()) -> bytes:
    """The JSON of a Bundle of type `kind` whose entries are given as JSON; an empty list is left out."""
    head = (
        f'{{"resourceType":"Bundle","id":"{logical_id()}",'
        f'"meta":{{"lastUpdated":"{clock.instant(clock.now())}"}},"type":"{kind}"'
    )
    if total is not None:
        head += f',"total":{total}'
    parts = [head.encode()]
    if links:
        parts.append(b',"link":' + resource.dump([{"relation": name, "url": url} for name, url in links]))
    if entries:
        parts += (b',"entry":[', b",".join(entries), b"]")
    parts.append(b"}")
    return b"".join(parts)


def found(request: Request, page: Page) -> list[bytes]:
    """The entries of a searchset: fullUrl, resource, search.mode; what was passed over is told at the end."""
    context, view, base = request.context, request.view, request.base
    entries = [
        b'{"fullUrl":"%b","resource":%b,"search":{"mode":"%b"%b}}'
        % (
            f"{base}/{hit.place or f'{hit.stored.type}/{hit.stored.id}'}".encode(),
            hit.stored.body if view.whole else respond.part(context, view, hit.stored),
            hit.mode.encode(),
            b"" if hit.score is None else b',"score":%.4f' % hit.score,
        )
        for hit in page.entries
    ]
    if page.notes:
        told = resource.dump(outcome.of(page.notes))
        entries.append(b'{"resource":%b,"search":{"mode":"outcome"}}' % told)
    return entries


def versions(request: Request, page: Page) -> list[bytes]:
    """The entries of a history: what was asked and what came of it, newest first (R4 http.html#history)."""
    return [_version(request, hit.stored) for hit in page.entries]


def _version(request: Request, stored: Stored) -> bytes:
    url = stored.type if stored.method == "POST" else f"{stored.type}/{stored.id}"
    new = stored.version == 1 or stored.method == "POST"
    status = 204 if stored.deleted else 201 if new else 200
    parts = [f'{{"fullUrl":"{request.base}/{stored.type}/{stored.id}"'.encode()]
    if not stored.deleted:
        parts += (b',"resource":', respond.part(request.context, request.view, stored))
    parts.append(
        f',"request":{{"method":"{stored.method}","url":"{url}"}},'.encode()
        + response(status, etag=stored.version, modified=stored.updated)
        + b"}"
    )
    return b"".join(parts)


def response(
    status: int,
    *,
    location: str | None = None,
    etag: int | None = None,
    modified: int | None = None,
    told: bytes | None = None,
) -> bytes:
    """`"response":{…}` of an entry."""
    parts = [f'"response":{{"status":"{respond.status_line(status)}"'.encode()]
    if location is not None:
        parts.append(b',"location":"%b"' % location.encode())
    if etag is not None:
        parts.append(b',"etag":"W/\\"%d\\""' % etag)
    if modified is not None:
        parts.append(b',"lastModified":"%b"' % clock.instant(modified).encode())
    if told is not None:
        parts += (b',"outcome":', told)
    parts.append(b"}")
    return b"".join(parts)


def links(
    request: Request, path: str, used: Params, page: Page, *, kept: Collection[str] = ()
) -> list[tuple[str, str]]:
    """`self` with the parameters that were used; the others with an opaque cursor and the shape of the answer.

    A cursor says nothing about what was asked, so that addresses which are kept by proxies and
    browsers carry nothing about a person. `kept` names parameters that go along all the same.
    """
    shape = [*(pair for pair in used if pair[0] in kept), *request.view.asked]
    where = f"{request.base}/{path}" if path else request.base
    found = [("self", _url(where, [*used, *request.view.asked]))]
    for name in _CURSORS:
        cursor = getattr(page, name)
        if cursor is not None:
            found.append((name, _url(where, [("_cursor", cursor), *shape])))
    return found


def _url(where: str, params: Sequence[tuple[str, str]]) -> str:
    return f"{where}?{query.write(params)}" if params else where
