"""An investigation to hand over: every event of a question as a table, with the hash of its content and the
checkpoint it stands on."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Final

from charthouse.access.actor import Actor
from charthouse.access.trail import checkpoint
from charthouse.access.trail.checkpoint import Checkpoint, Signer
from charthouse.access.trail.line import Line, Place, Question
from charthouse.access.trail.names import Who
from charthouse.access.trail.trail import MOST, Trail
from charthouse.base.clock import instant, now
from charthouse.base.errors import Category, problem

LINES: Final = 50_000
COLUMNS: Final = (
    "event", "time", "account", "name", "roles", "what", "outcome", "type", "records", "patients", "query", "purpose",
    "program", "address", "session", "request",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Dossier:
    """The events of one question. `digest` is SHA-256 of `content` (UTF-8) in hexadecimal; `head` is the signed
    state of both chains when it was made, `kept` the last checkpoint that had left the house before."""

    at: int
    content: str
    digest: str
    lines: Sequence[Line]
    people: Mapping[int, Who]
    resources: Mapping[int, tuple[str, str]]
    head: Checkpoint
    kept: Checkpoint | None

    @property
    def file(self) -> str:
        """The table with a last line that tells the hash of all lines above, and the state of the chains."""
        last = ("sha256", self.digest, "checkpoint", self.head.fingerprint, self.head.chain, self.head.number,
                "audit events", self.head.audit.event)  # fmt: skip
        return self.content + ",".join(map(str, last)) + "\r\n"


async def dossier(trail: Trail, actor: Actor, question: Question, kind: str) -> Dossier:
    """All events of `question`; `kind` is export or print, which the actor's right must include.

    Raises `Problem(forbidden)`, and `Problem(too_costly)` where there are more than a person can read.
    """
    trail.require(actor, kind)
    lines: list[Line] = []
    places: dict[str, Place] = {}
    while True:
        page = await trail.walked(question, places, MOST)
        lines += page.lines
        if page.places is None:
            break
        if len(lines) > LINES:
            raise problem(
                Category.TOO_COSTLY, "too-costly", f"There are more than {LINES:,} events.",
                repair="Ask for a shorter span of time.",
            )  # fmt: skip
        places = page.places
    await trail.told(actor, kind, question)
    people, resources = await trail.named(lines)
    roles = await trail.roles(lines)
    content = table(lines, people, resources, roles)
    signer = Signer(trail.keys)
    head, kept = await trail.ask(
        lambda held: (
            signer.make(held.names.connection, held.reads.connection),
            checkpoint.exported(held.names.connection),
        )
    )
    digest = sha256(content.encode()).hexdigest()
    return Dossier(now(), content, digest, lines, people, resources, head, kept[0] if kept else None)


def table(
    lines: Sequence[Line],
    people: Mapping[int, Who],
    resources: Mapping[int, tuple[str, str]],
    roles: Mapping[tuple[int, int], Sequence[str]],
) -> str:
    """The events as CSV (RFC 4180), newest first. Cells that a spreadsheet would take for a formula are quoted."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow(COLUMNS)
    for line in lines:
        who = people[line.actor]
        writer.writerow(
            _plain(cell)
            for cell in (
                line.name, instant(line.at), who.name, who.display, " ".join(roles.get((line.actor, line.at), ())),
                line.word, line.outcome, line.type,
                " ".join(_address(resources, key, version) for key, version in line.resources),
                " ".join(_address(resources, key, 0) for key in line.patients),
                line.query, line.purpose, line.client, line.address, line.session, line.request,
            )
        )  # fmt: skip
    return out.getvalue()


def _address(resources: Mapping[int, tuple[str, str]], key: int, version: int) -> str:
    type, id = resources.get(key, ("", str(key)))
    return f"{type}/{id}" + (f"/_history/{version}" if version else "")


def _plain(cell: str) -> str:
    return f"'{cell}" if cell[:1] in ("=", "+", "-", "@", "\t", "\r") else cell
