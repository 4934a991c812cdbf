"""One request as the interactions see it: what was asked, who asks, and the form of the answer."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass

from charthouse.access.actor import NOBODY, Actor
from charthouse.access.gate import Gate, Outcome
from charthouse.access.trail.events import AuditEvents
from charthouse.api import body, checks, prefer
from charthouse.api.limits import Limits
from charthouse.api.negotiate import PLAIN, View
from charthouse.api.query import Params
from charthouse.api.rendered import Rendered
from charthouse.api.reply import Reply
from charthouse.api.subset import Subset
from charthouse.base.errors import Problem
from charthouse.fhir.bundle import Entry
from charthouse.fhir.definitions import Definitions
from charthouse.fhir.named import Listed
from charthouse.fhir.resource import Tree


@dataclass(frozen=True, slots=True)
class Context:
    """What every interaction of one server shares.

    `statement` gives the CapabilityStatement for a base address and the named queries, `perform` carries out a request
    (an entry of a Bundle is one), `fault` tells of a failure that nobody foresaw. `events` are the
    AuditEvents of the house, where it tells them.
    """

    gate: Gate
    rendered: Rendered
    definitions: Definitions
    types: frozenset[str]
    limits: Limits
    subset: Subset
    statement: Callable[[str, Iterable[Listed]], Tree]
    perform: Callable[[Request, list[str]], Awaitable[Reply]]
    fault: Callable[[Exception, bytes, str], Problem]
    events: AuditEvents | None = None


class Request:
    """Made once per request by the application; `type`, `id` and `version` come from the path.

    `params` are those of the query without the ones that shape the answer (they are in `view`).
    `kind` is what is searched in a compartment: a type, or `*`. `inside` says that it is an entry of a batch or
    transaction.
    """

    __slots__ = (
        "actor", "base", "context", "headers", "id", "inside", "kind", "method", "params", "query", "receive",
        "request_id", "type", "version", "view",
    )  # fmt: skip

    def __init__(
        self,
        context: Context,
        method: str,
        query: bytes,
        headers: Mapping[bytes, bytes],
        receive: body.Receive,
        request_id: bytes,
    ) -> None:
        self.context = context
        self.method = method
        self.query = query
        self.headers = headers
        self.receive = receive
        self.request_id = request_id
        self.params: Params = []
        self.view: View = PLAIN
        self.type = ""
        self.id = ""
        self.version = ""
        self.kind = ""
        self.base = ""
        self.inside = False
        self.actor: Actor = NOBODY

    @property
    def prefer(self) -> prefer.Prefer:
        """What the Prefer header wishes."""
        header = self.headers.get(b"prefer")
        return prefer.NONE if header is None else prefer.parse(header)

    def header(self, name: bytes) -> str | None:
        """A header as text, or None where it was not sent."""
        found = self.headers.get(name)
        return None if found is None else found.decode("latin-1")

    @property
    def etag(self) -> str | None:
        """The version that If-Match asks for, or None; `Problem` 400 where it names no version of ours."""
        found = self.header(b"if-match")
        return None if found is None else checks.matched(found)

    async def content(self) -> bytes:
        """The body, bounded."""
        return await body.read(self.receive, self.headers, self.context.limits.body)

    async def resource(self) -> Tree:
        """The resource in the body, parsed by its Content-Type."""
        form = body.kind(self.headers)
        content = await body.read(self.receive, self.headers, self.context.limits.body)
        return await body.tree(content, form, self.context.definitions)

    async def commit(self, entry: Entry, interaction: str) -> Outcome:
        """Have one change carried out."""
        outcomes = await self.context.gate.commit(
            self.actor, [entry], interaction=interaction, request=self.request_id.decode()
        )
        return outcomes[0]

    async def typed(self) -> Tree:
        """The resource in the body, which must be of the type the path names."""
        tree = await self.resource()
        checks.same_type(tree, self.type)
        return tree
