"""Binary as what it holds: content of any type, and the resource around it (R4 binary.html#rest)."""

from __future__ import annotations

import base64
import binascii

from charthouse.access.gate import Stored
from charthouse.api import body, respond
from charthouse.api.negotiate import JSON, XML
from charthouse.api.reply import Header, Reply
from charthouse.api.request import Request
from charthouse.base.errors import Category, invalid, problem
from charthouse.fhir.resource import Tree

# A stored file must never be a page of ours in the browser of somebody who is signed in; that nothing in it
# runs either is the policy that every answer carries.
_INERT: tuple[Header, ...] = ((b"content-disposition", b"attachment"),)


def content(stored: Stored) -> Reply:
    """The bytes in a Binary under its own content type, harmless to a browser."""
    tree = stored.tree
    try:
        data = base64.b64decode("".join(str(tree.get("data", "")).split()), validate=True)
    except (binascii.Error, ValueError):
        raise problem(Category.FAULT, "exception", "The content of this Binary cannot be read.") from None
    headers: list[Header] = [
        (b"etag", b'W/"%d"' % stored.version),
        (b"last-modified", respond.http_date(stored.updated)),
        (b"content-type", _type(tree)),
        *_INERT,
    ]
    context = (tree.get("securityContext") or {}).get("reference")
    if isinstance(context, str) and context.isascii() and context.isprintable():
        headers.append((b"x-security-context", context.encode()))
    return Reply(200, headers, data)


def _type(tree: Tree) -> bytes:
    """The stored content type, or bytes without meaning where it could break a header."""
    kind = tree.get("contentType")
    if isinstance(kind, str) and kind and kind.isascii() and kind.isprintable():
        return kind.encode()
    return b"application/octet-stream"


async def received(request: Request) -> Tree:
    """The Binary that a POST or PUT to Binary means: the resource itself, or made from the content sent.

    A body of type `application/fhir+json` or `application/fhir+xml` is the resource; anything
    else is content. `X-Security-Context` becomes `securityContext`.
    """
    header = request.headers.get(b"content-type")
    if header is None:
        raise body.unread(None, "Send the Content-Type of the content.")
    # only the name: a PDF may say any charset it likes
    name = header.decode("latin-1").partition(";")[0].strip().lower()
    if name in (JSON, XML):
        tree = await request.typed()
    else:
        sent = await request.content()
        if not sent:
            raise invalid(
                "required", "The request has no body.", place="body", repair="Send the content as the body."
            )
        tree = {
            "resourceType": "Binary",
            "contentType": header.decode("latin-1").strip(),
            "data": base64.b64encode(sent).decode(),
        }
        if request.id:
            tree["id"] = request.id
    context = request.header(b"x-security-context")
    if context is not None:
        tree["securityContext"] = {"reference": context.strip()}
    return tree
