"""The people that an incident affected: counted from the audit, corrected by hand, and what became of their letters."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final

from starlette.requests import Request
from starlette.responses import Response

from charthouse.access.incidents.affected import STATUSES, Answer, Person, Question
from charthouse.access.incidents.facts import day, line
from charthouse.access.incidents.incident import Count, Incident, Start
from charthouse.access.incidents.residence import Recipient, recipient
from charthouse.base.errors import Category, Problem, http_status, invalid, not_found
from charthouse.web.incidents import forms
from charthouse.web.incidents.forms import Sent
from charthouse.web.screen import tabbed
from charthouse.web.site import Desk, Site
from charthouse.web.views.incidents import ADDRESS, HOUSE, model, name_of, note, rights, told, went

if TYPE_CHECKING:
    from charthouse.db.connect import Connection

PAGE: Final = 50
AT_ONCE: Final = 40  # patients read side by side
MOST_NUMBERS: Final = 500  # record numbers of one list


@dataclass(frozen=True, slots=True)
class Reached:
    """Somebody on the list with what their Patient resource says, or None where it is not open or gone."""

    person: Person
    id: str | None
    recipient: Recipient | None


async def page(site: Site, request: Request, desk: Desk) -> Response:
    """`GET /incidents/{name}/people?after=N`: the list, and the forms that count and correct it."""
    return await _page(site, request, desk, Sent())


async def count(site: Site, request: Request, desk: Desk) -> Response:
    """`POST /incidents/{name}/people/count`: count from events, an account and a span, or record numbers."""
    site.clinic.policy.require(desk.actor, HOUSE, "update")
    sent = await forms.read(request, "count")
    incident = site.clinic.incidents.get(name_of(request))
    try:
        question, said = await _question(site, desk, incident, sent)
        reason = line(forms.one(sent, "reason"), "reason", 500) or said
        answer = await asyncio.to_thread(_find, site, question)
        answer = Answer(answer.patients, (*answer.missing, *await _unknown(site, desk, sent)))
        await _add(site, desk, incident, answer, said, reason)
    except Problem as failure:
        if failure.category not in (Category.INVALID, Category.TOO_COSTLY):
            raise
        return await _page(site, request, desk, told(sent, failure), http_status(failure))
    return went(f"{ADDRESS}/{incident.name}/people")


async def change(site: Site, request: Request, desk: Desk) -> Response:
    """`POST /incidents/{name}/people/change`: write down what became of the letters ticked, or take people off."""
    site.clinic.policy.require(desk.actor, HOUSE, "update")
    sent = await forms.read(request, "change")
    incident = site.clinic.incidents.get(name_of(request))
    picked = frozenset(forms.numbers(sent, "all")) if forms.one(sent, "all") else frozenset(
        number for text in forms.many(sent, "person") for number in _whole(text)
    )  # fmt: skip
    people = [one for one in site.clinic.affected.people(incident.id) if one.number in picked]
    keys = {one.patient for one in people}

    def job(connection: Connection) -> None:
        if not people:
            raise invalid("required", "Nobody is ticked.", place="person", repair="Tick who it is about.")
        if forms.one(sent, "do") == "remove":
            site.clinic.affected.remove(connection, desk.actor, incident.id, keys, forms.one(sent, "note"))
            return
        today = site.clinic.incidents.today()
        on = day(forms.one(sent, "day"), "day", today=today) or today
        site.clinic.affected.mail(
            connection, desk.actor, incident.id, people, forms.one(sent, "do"), on, forms.one(sent, "note")
        )

    try:
        await site.clinic.written(job)
    except Problem as failure:
        return await _page(site, request, desk, told(sent, failure), http_status(failure))
    await note(site, desk, "update", f"{incident.name} people", keys)
    return went(f"{ADDRESS}/{incident.name}/people")


async def reached(site: Site, desk: Desk, people: Sequence[Person]) -> list[Reached]:
    """What the record says of these people; each is read, and so audited, through the gate."""
    today = site.clinic.incidents.today()

    async def look(one: Person) -> Reached:
        id = site.clinic.affected.id_of(one.patient)
        try:
            stored = await site.clinic.gate.read(desk.actor, "Patient", id) if id else None
        except Problem as failure:
            if failure.category not in (Category.FORBIDDEN, Category.NOT_FOUND, Category.GONE):
                raise
            stored = None
        return Reached(one, id, recipient(stored.tree, today) if stored is not None else None)

    found: list[Reached] = []
    for first in range(0, len(people), AT_ONCE):
        found += await asyncio.gather(*(look(one) for one in people[first : first + AT_ONCE]))
    return found


def slice_of(
    people: Sequence[Person], request: Request, size: int = PAGE
) -> tuple[Sequence[Person], int | None]:
    """The people after the number that the address names, and the number that continues (None = no more)."""
    text = request.query_params.get("after", "0")
    after = next(iter(_whole(text)), None)
    if after is None:
        raise not_found()
    rest = [one for one in people if one.number > after]
    return rest[:size], rest[size - 1].number if len(rest) > size else None


async def _page(site: Site, request: Request, desk: Desk, sent: Sent, status: int = 200) -> Response:
    site.clinic.policy.require(desk.actor, HOUSE, "read")
    incident = site.clinic.incidents.get(name_of(request))
    people = site.clinic.affected.people(incident.id)
    shown, following = slice_of(people, request)
    await note(site, desk, "read", f"{incident.name} people", {one.patient for one in shown})
    start = incident.last("start")
    accounts = {one.id: one for one in site.clinic.people.all()}
    return site.page(
        request, await tabbed(site, desk), "incident_people.html", status=status, incident=incident,
        shown=await reached(site, desk, shown), total=len(people), following=following, sent=sent,
        start=start.body if start else Start(), accounts=accounts, statuses=STATUSES,
        today=site.clinic.incidents.today(), may=rights(site, desk), **model(desk),
    )  # fmt: skip


async def _question(site: Site, desk: Desk, incident: Incident, sent: Sent) -> tuple[Question, str]:
    """What the form asks, and the same in words for the timeline; raises `Problem(invalid)`."""
    events, said = forms.numbers(sent, "events"), []
    start = incident.last("start")
    if forms.one(sent, "own") and start is not None and isinstance(start.body, Start):
        events = tuple(dict.fromkeys((*events, *start.body.events)))
    if events:
        said.append(
            f"Audit events {', '.join(str(one) for one in events[:20])}{'…' if len(events) > 20 else ''}"
        )
    accounts: list[int] = []
    since, until = day(forms.one(sent, "since"), "since"), day(forms.one(sent, "until"), "until")
    name = forms.one(sent, "account")
    if name:
        account = site.clinic.people.find(name)
        if account is None:
            raise invalid("value", "There is no such user.", place="account", value=name,
                          repair="Give the name they sign in with.")  # fmt: skip
        if since is None or until is None or until < since:
            raise invalid("required", "Say from which day to which day.", place="since",
                          repair="Give both days, the earlier one first.")  # fmt: skip
        accounts.append(account.id)
        said.append(f"What {account.name} saw or wrote from {since} to {until}")
    record = forms.lines(sent, "numbers")
    if len(record) > MOST_NUMBERS:
        raise invalid("too-long", "These are too many record numbers at once.", place="numbers",
                      value=len(record), repair=f"Give up to {MOST_NUMBERS} at a time.")  # fmt: skip
    patients = [id for _, id in await _looked_up(site, desk, record) if id]
    if record:
        said.append(f"A list of {len(record)} record numbers")
    if not said:
        raise invalid("required", "There is nothing to count from.", place="events",
                      repair="Give audit events, an account with its days, or record numbers.")  # fmt: skip
    span = (_ms(since, 0), _ms(until, 1)) if since and until else (0, 0)
    return Question(events, accounts, *span, patients), "; ".join(said)


async def _looked_up(site: Site, desk: Desk, record: Sequence[str]) -> list[tuple[str, str | None]]:
    """The patient ids of these record numbers; None for one that nobody or several people have."""
    found: list[tuple[str, str | None]] = []
    for text in record:
        value = text.replace("\\", "\\\\").replace(",", "\\,").replace("$", "\\$").replace("|", "\\|")
        page = await site.clinic.gate.search(desk.actor, "Patient", [("identifier", value), ("_count", "2")])
        ids = [hit.stored.id for hit in page.entries]
        found.append((text, ids[0] if len(ids) == 1 else None))
    return found


async def _unknown(site: Site, desk: Desk, sent: Sent) -> tuple[str, ...]:
    record = forms.lines(sent, "numbers")
    lost = sum(id is None for _, id in await _looked_up(site, desk, record))
    return (f"{lost} record numbers",) if lost else ()


def _find(site: Site, question: Question) -> Answer:
    """In a thread of its own, because an audit can be long."""
    audit = site.clinic.open_audit()
    try:
        return site.clinic.affected.find(audit, site.clinic.record.connection(), question)
    finally:
        audit.close()


async def _add(site: Site, desk: Desk, incident: Incident, answer: Answer, said: str, reason: str) -> None:
    clinic, actor = site.clinic, desk.actor

    def job(connection: Connection) -> list[int]:
        new = clinic.affected.add(
            connection, actor, incident.id, answer.patients, source="audit", reason=reason
        )
        told = Count(said, len(answer.patients), len(new), answer.missing)
        clinic.incidents.counted(connection, actor, incident.name, told)
        return new

    new = set(await clinic.written(job))
    await note(site, desk, "update", f"{incident.name} people", new)
    people = [one for one in clinic.affected.people(incident.id) if one.patient in new]
    known = await reached(site, desk, people)
    regions = {one.person.patient: one.recipient.region for one in known if one.recipient is not None}
    # Who cannot be written to is known at once; the notice that replaces a letter has the same clock.
    lost = [one.person for one in known if one.recipient is not None and not one.recipient.has_address]
    today = clinic.incidents.today()

    def place(connection: Connection) -> None:
        clinic.affected.locate(connection, actor, incident.id, regions)
        words = "No postal address in the record."
        clinic.affected.mail(connection, actor, incident.id, lost, "unreachable", today, words)

    await clinic.written(place)


def _ms(value: object, days: int) -> int:
    """The first moment (ms) of a day, `days` later; the record counts in universal time."""
    moment = datetime.fromisoformat(f"{value}T00:00:00+00:00").astimezone(UTC) + timedelta(days=days)
    return int(moment.timestamp() * 1000)


def _whole(text: str) -> list[int]:
    return [int(text)] if text.isascii() and text.isdigit() and len(text) <= 15 else []
