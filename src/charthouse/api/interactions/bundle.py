"""batch and transaction: many interactions in one request (R4 http.html#transaction)."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Final

from charthouse.access.gate import Outcome
from charthouse.access.notice import told
from charthouse.api import assemble, entries, negotiate, respond
from charthouse.api.reply import Reply
from charthouse.api.request import Request
from charthouse.base.errors import Problem, http_status, invalid
from charthouse.fhir import bundle as bundles
from charthouse.fhir import outcome, resource
from charthouse.fhir.bundle import Entry
from charthouse.fhir.resource import Tree

AT_ONCE: Final = 64  # entries of a batch under way together, so that they share the writer's syncs
_ASKING: Final = ("GET", "HEAD")
_STATUS: Final = {"created": 201, "updated": 200, "unchanged": 200, "matched": 200, "deleted": 204}


async def bundle(request: Request) -> Reply:
    """A batch-response or transaction-response with one entry for each that was sent, in that order."""
    tree = await request.resource()
    kind = _kind(tree)
    found = tree.get("entry", [])
    if isinstance(found, list) and len(found) > request.context.limits.entries:
        raise invalid(
            "too-long",
            f"The Bundle has more than the {request.context.limits.entries} entries that are taken.",
            place="Bundle.entry",
            value=len(found),
            repair="Split it, or have the administrator raise CHARTHOUSE_BUNDLE_ENTRIES.",
        )
    wanted = entries.requested(tree, request.base, request.context.types)
    answers = await (_transaction if kind == "transaction" else _batch)(request, wanted)
    return await respond.assembled(
        request.context, request.view, assemble.bundle(f"{kind}-response", answers)
    )


def _kind(tree: Tree) -> str:
    if tree["resourceType"] != "Bundle":
        raise invalid(
            "value",
            "Only a Bundle can be sent to the base address.",
            place="resourceType",
            value=tree["resourceType"],
            repair=f'Send it to "{tree["resourceType"]}".',
        )
    kind = tree.get("type")
    if kind not in ("batch", "transaction"):
        raise invalid(
            "value",
            "Only a batch or a transaction can be carried out.",
            place="Bundle.type",
            value=kind,
            repair='Make it a "transaction" with a request in each entry; to keep it as it is, send it to "Bundle".',
        )
    return str(kind)


async def _transaction(request: Request, wanted: Sequence[Entry | Problem]) -> list[bytes]:
    """All or nothing. What is asked for is tried before anything is written, and read after it."""
    failures = [entry for entry in wanted if isinstance(entry, Problem)]
    if failures:
        issues = tuple(issue for failure in failures for issue in failure.issues)
        raise Problem(failures[0].category, issues[:20])
    asked: list[Entry] = [entry for entry in wanted if isinstance(entry, Entry)]
    entries.refuse_twins(asked)
    writes = bundles.request_order([entry for entry in asked if entry.method not in _ASKING])
    await _rehearse(request, asked, writes)
    done: dict[int, bytes] = {}
    if writes:
        outcomes: list[Outcome] = await request.context.gate.commit(
            request.actor, writes, interaction="transaction", request=request.request_id.decode()
        )
        for result in outcomes:
            done[result.entry.index] = _written(request, result)
    for entry in asked:
        if entry.method in _ASKING:
            done[entry.index] = await _single(request, entry, _asked)
    return [done[entry.index] for entry in asked]


async def _rehearse(request: Request, asked: Sequence[Entry], writes: Sequence[Entry]) -> None:
    """Fail for a GET that would fail, while nothing is written yet; one of a resource written here waits."""
    own = {f"{entry.type}/{entry.id}" for entry in writes if entry.id}
    for entry in asked:
        if entry.method in _ASKING and "/".join(entries.steps(entry)[:2]) not in own:
            try:
                await _inner(request, entry)
            except Problem as failure:
                raise entries.placed(failure, entry) from None


async def _batch(request: Request, wanted: Sequence[Entry | Problem]) -> list[bytes]:
    """Each for itself; entries about the same resource one after the other."""
    done: dict[int, bytes] = {
        index: _failed(entry) for index, entry in enumerate(wanted) if isinstance(entry, Problem)
    }
    asked = [entry for entry in wanted if isinstance(entry, Entry)]
    for wave in entries.waves(bundles.request_order(asked), AT_ONCE):
        carry_out = _asked if wave[0].method in _ASKING else _commit
        answers = await asyncio.gather(*(_single(request, entry, carry_out) for entry in wave))
        done.update(zip((entry.index for entry in wave), answers, strict=True))
    return [done[index] for index in range(len(wanted))]


async def _single(
    request: Request, entry: Entry, carry_out: Callable[[Request, Entry], Awaitable[bytes]]
) -> bytes:
    """One entry of its own: its answer, or its failure as an answer."""
    try:
        return await carry_out(request, entry)
    except Problem as failure:
        return _failed(entries.placed(failure, entry))
    except Exception as error:  # noqa: BLE001  one entry of a batch must not take the others with it
        return _failed(request.context.fault(error, request.request_id, f"Bundle.entry[{entry.index}]"))


async def _commit(request: Request, entry: Entry) -> bytes:
    return _written(request, await request.commit(entry, "batch"))


async def _asked(request: Request, entry: Entry) -> bytes:
    reply = await _inner(request, entry)
    headers = dict(reply.headers)
    etag, modified = headers.get(b"etag"), headers.get(b"last-modified")
    moment = respond.seconds(modified.decode()) if modified else None
    answer = assemble.response(
        reply.status,
        etag=int(etag[3:-1]) if etag else None,
        modified=None if moment is None else moment * 1000,
        told=resource.dump(outcome.of([told()])) if b"warning" in headers else None,
    )
    if reply.body and entry.method == "GET":
        return b'{"resource":' + reply.body + b"," + answer + b"}"
    return b"{" + answer + b"}"


async def _inner(request: Request, entry: Entry) -> Reply:
    """Carry out a GET entry as the request that its url is."""
    headers = {b"accept": negotiate.JSON.encode()}
    if entry.if_none_match:
        headers[b"if-none-match"] = entry.if_none_match.encode("latin-1", "replace")
    since = entry.notes.get("if_modified_since")
    if since:
        headers[b"if-modified-since"] = since
    if request.prefer.lenient:
        headers[b"prefer"] = b"handling=lenient"
    inner = Request(
        request.context, entry.method, entries.asked(entry), headers, request.receive, request.request_id
    )
    inner.actor, inner.base = request.actor, request.base
    inner.inside = True
    return await request.context.perform(inner, entries.steps(entry))


def _written(request: Request, done: Outcome) -> bytes:
    """The answer to an entry that was written."""
    status, stored = _STATUS[done.status], done.stored
    wish = request.prefer.answer
    told = None
    if wish == "OperationOutcome":
        told = resource.dump(outcome.information(f"The resource is {done.status}."))
    if stored is None or done.status == "deleted":
        etag, modified = (None, None) if stored is None else (stored.version, stored.updated)
        return b"{" + assemble.response(204, etag=etag, modified=modified, told=told) + b"}"
    answer = assemble.response(
        status,
        location=f"{stored.type}/{stored.id}/_history/{stored.version}",
        etag=stored.version,
        modified=stored.updated,
        told=told,
    )
    if wish == "representation":
        head = f'{{"fullUrl":"{request.base}/{stored.type}/{stored.id}","resource":'.encode()
        return head + respond.part(request.context, request.view, stored) + b"," + answer + b"}"
    return b"{" + answer + b"}"


def _failed(failure: Problem) -> bytes:
    told = resource.dump(outcome.of(failure))
    return b"{" + assemble.response(http_status(failure), told=told) + b"}"
