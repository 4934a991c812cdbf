"""The people of the clinic, for who looks after accounts: a list to search, one page for each, and the rules."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from charthouse.access.audit import event
from charthouse.access.people import CLIENT, PERSON, Person
from charthouse.base.errors import Category, Problem, http_status, not_found
from charthouse.web.agents import device
from charthouse.web.screen import tabbed
from charthouse.web.site import HEADERS, Desk, Site
from charthouse.web.threshold import field, fields
from charthouse.web.views import picks
from charthouse.web.views.account import number_of

ADDRESS = "/people"
STATES = (("", "Everybody"), ("open", "Can sign in"), ("disabled", "Disabled"), ("never", "Never signed in"))
MISTAKES = (Category.INVALID, Category.CONFLICT, Category.FORBIDDEN, Category.NOT_FOUND)


@dataclass(frozen=True, slots=True)
class Line:
    """One row of the list."""

    person: Person
    roles: str
    places: str
    state: str
    kind: str  # the colour of its pill
    has_factor: bool
    needs_factor: bool


async def page(site: Site, request: Request, desk: Desk) -> Response:
    """`GET /people`: everybody, by name."""
    return await _list(site, request, desk)


async def search(site: Site, request: Request, desk: Desk) -> Response:
    """`POST /people/find`: the rows that match words, a role and a state. By POST: names stay out of addresses."""
    _require(site, desk, "search")
    words, role, state = [await field(request, name, most=200) for name in ("q", "role", "state")]
    found = _lines(site, words, role, state)
    if request.headers.get("hx-request"):
        return site.part("parts/people.html", lines=found, is_filtered=bool(words or role or state))
    return await _list(site, request, desk, words=words, role=role, state=state)


async def add(site: Site, request: Request, desk: Desk) -> Response:
    """`POST /people`: a new person; on to their page."""
    name, display, email = [await field(request, one, most=200) for one in ("name", "display", "email")]
    roles = await fields(request, "role")
    try:
        key = await site.clinic.administration.add(desk.actor, name, display, roles, email=email)
    except Problem as failure:
        _mistake(failure)
        given = {"name": name, "display": display, "email": email, "roles": roles}
        return await _list(site, request, desk, failure=failure, given=given)
    return RedirectResponse(f"{ADDRESS}/{key}", 303, HEADERS)


async def one(site: Site, request: Request, desk: Desk) -> Response:
    """`GET /people/{id}`: everything about one account."""
    _require(site, desk, "read")
    return await _one(site, request, desk)


async def act(site: Site, request: Request, desk: Desk) -> Response:
    """`POST /people/{id}/{act}`: one change; back to the page, with what was wrong if it was."""
    _require(site, desk, "read")
    key, what = number_of(request, "id"), str(request.path_params["act"])
    change = _CHANGES.get(what)
    if change is None:
        raise not_found()
    try:
        shown = await change(site, request, desk, key)
    except Problem as failure:
        _mistake(failure)
        return await _one(site, request, desk, failure=failure, at=what)
    if shown:
        return await _one(site, request, desk, invitation=shown)
    return RedirectResponse(f"{ADDRESS}/{key}", 303, HEADERS)


async def rules(site: Site, request: Request, desk: Desk) -> Response:
    """`GET /people/rules`: which roles need a second step, and the facilities of the house."""
    return await _rules(site, request, desk)


async def need(site: Site, request: Request, desk: Desk) -> Response:
    """`POST /people/rules`: let the ticked roles need a second step."""
    try:
        await site.clinic.administration.require_factor(desk.actor, await fields(request, "role"))
    except Problem as failure:
        _mistake(failure)
        return await _rules(site, request, desk, failure=failure)
    return RedirectResponse(f"{ADDRESS}/rules", 303, HEADERS)


async def facility(site: Site, request: Request, desk: Desk) -> Response:
    """`POST /people/facilities`: a new facility, or a change to one."""
    name, reference, key, close = [await field(request, one) for one in ("name", "reference", "key", "close")]
    administration, number = (
        site.clinic.administration,
        int(key) if key.isdecimal() and len(key) < 15 else None,
    )
    try:
        if number is None:
            await administration.add_facility(desk.actor, name, reference)
        elif close:
            await administration.close_facility(desk.actor, number)
        else:
            await administration.change_facility(desk.actor, number, name, reference)
    except Problem as failure:
        _mistake(failure)
        return await _rules(site, request, desk, failure=failure)
    return RedirectResponse(f"{ADDRESS}/rules", 303, HEADERS)


async def _list(
    site: Site, request: Request, desk: Desk, *, words: str = "", role: str = "", state: str = "",
    failure: Problem | None = None, given: dict[str, Any] | None = None,
) -> Response:  # fmt: skip
    await _seen(site, desk, "search")
    may = _rights(site, desk)
    return site.page(
        request, await tabbed(site, desk), "people.html", status=http_status(failure) if failure else 200,
        lines=_lines(site, words, role, state), words=words, role=role, state=state, states=STATES,
        roles=site.clinic.people.roles(), is_filtered=bool(words or role or state), may=may,
        said=failure.issues[0].sentence() if failure else "", given=given or {}, token=desk.form_token,
        clients=[one for one in site.clinic.people.all() if one.kind == CLIENT] if may["tokens"] else [],
    )  # fmt: skip


async def _one(
    site: Site, request: Request, desk: Desk, *, failure: Problem | None = None, at: str = "", invitation: str = ""
) -> Response:  # fmt: skip
    clinic, key = site.clinic, number_of(request, "id")
    await _seen(site, desk, "read", f"people/{key}")
    person, may = clinic.people.get(key), _rights(site, desk)
    return site.page(
        request, await tabbed(site, desk), "person.html", status=http_status(failure) if failure else 200,
        person=person, is_client=person.kind == CLIENT, is_self=key == desk.actor.id, may=may,
        said=failure.issues[0].sentence() if failure else "", at=at, invitation=invitation,
        roles=clinic.people.roles(), roles_ever=clinic.people.roles_ever(key), token=desk.form_token,
        facilities=[one for one in clinic.facilities.all() if one.closed is None],
        works_at={one.id for one in clinic.facilities.of(key)}, places_ever=clinic.facilities.ever(key),
        is_practitioner=await picks.chosen(site, desk, "practitioner", person.practitioner),
        is_patient=await picks.chosen(site, desk, "patient", person.patient),
        credentials=clinic.credentials.of(key), held=clinic.factors.of(key), reader=desk.reader,
        sessions=clinic.sessions.of(key)[:40] if may["sessions"] else [],
        tokens=clinic.tokens.of(key)[:40] if may["tokens"] else [], waiting=clinic.links.waiting().get(key),
        today=desk.reader.today.isoformat(), device=device,
    )  # fmt: skip


async def _rules(site: Site, request: Request, desk: Desk, *, failure: Problem | None = None) -> Response:
    await _seen(site, desk, "read", "rules")
    clinic = site.clinic
    people = [one for one in clinic.people.all() if one.kind == PERSON and one.disabled is None]
    equipped, workers = clinic.factors.needs.equipped(), clinic.facilities.workers()
    counts = {
        role: (sum(role in one.roles for one in people),
               sum(role in one.roles and one.id not in equipped for one in people))
        for role in clinic.people.roles()
    }  # fmt: skip
    return site.page(
        request, await tabbed(site, desk), "people_rules.html", status=http_status(failure) if failure else 200,
        said=failure.issues[0].sentence() if failure else "", roles=clinic.people.roles(), counts=counts,
        needed=clinic.factors.needs.roles(), facilities=clinic.facilities.all(), token=desk.form_token,
        staffed={one.id: sum(one.id in places for places in workers.values()) for one in clinic.facilities.all()},
        may=_rights(site, desk),
        places={
            one.id: await picks.chosen(site, desk, "reference", one.reference) for one in clinic.facilities.all()
        },
    )  # fmt: skip


def _lines(site: Site, words: str, role: str, state: str) -> list[Line]:
    clinic = site.clinic
    titles, names = clinic.people.roles(), {one.id: one.name for one in clinic.facilities.all()}
    needed, equipped = clinic.factors.needs.roles(), clinic.factors.needs.equipped()
    workers, waiting = clinic.facilities.workers(), clinic.links.waiting()
    wanted = words.lower().split()
    found = []
    for person in clinic.people.all():
        text = f"{person.name} {person.display} {person.email or ''}".lower()
        if person.kind != PERSON or not all(word in text for word in wanted):
            continue
        if role and role not in person.roles:
            continue
        known = person.has_password or person.id in equipped
        if state and state != ("disabled" if person.disabled else "open" if known else "never"):
            continue
        said, kind = ("Disabled", "grey") if person.disabled else ("", "")
        if not said and not known:
            said, kind = ("Invited", "sea") if person.id in waiting else ("Not invited", "amber")
        places = "; ".join(sorted(names[one] for one in workers.get(person.id, ())))
        roles = ", ".join(titles.get(one, one) for one in sorted(person.roles))
        found.append(
            Line(person, roles, places, said, kind, person.id in equipped, bool(person.roles & needed))
        )
    return sorted(found, key=lambda line: line.person.display.lower())


def _rights(site: Site, desk: Desk) -> dict[str, bool]:
    may = site.clinic.administration.may
    return {
        "create": may(desk.actor, "people", "create"),
        "update": may(desk.actor, "people", "update"),
        "settings": may(desk.actor, "settings", "update"),
        "sessions": may(desk.actor, "sessions", "read"),
        "end": may(desk.actor, "sessions", "delete"),
        "tokens": may(desk.actor, "tokens", "read"),
        "revoke": may(desk.actor, "tokens", "delete"),
    }


def _require(site: Site, desk: Desk, interaction: str) -> None:
    site.clinic.administration.require(desk.actor, "people", interaction)


async def _seen(site: Site, desk: Desk, interaction: str, what: str = "") -> None:
    """Ask for the right to look, and put the look into the audit before anything is shown."""
    _require(site, desk, interaction)
    await site.clinic.audit.record(event(desk.actor, interaction, "people", query=what))


def _mistake(failure: Problem) -> None:
    """Let go on what a person can mend on the page; everything else is an error page."""
    if failure.category not in MISTAKES or not failure.issues[0].place:
        if failure.issues[0].code == "business-rule":
            return
        raise failure


async def _describe(site: Site, request: Request, desk: Desk, key: int) -> str:
    display, email = await field(request, "display"), await field(request, "email")
    await site.clinic.administration.describe(desk.actor, key, display, email)
    return ""


async def _roles(site: Site, request: Request, desk: Desk, key: int) -> str:
    await site.clinic.administration.set_roles(desk.actor, key, await fields(request, "role"))
    return ""


async def _places(site: Site, request: Request, desk: Desk, key: int) -> str:
    ticked = [int(one) for one in await fields(request, "facility") if one.isdecimal() and len(one) < 15]
    await site.clinic.administration.assign(desk.actor, key, ticked)
    return ""


async def _records(site: Site, request: Request, desk: Desk, key: int) -> str:
    practitioner, patient = await field(request, "practitioner"), await field(request, "patient")
    await site.clinic.administration.link(desk.actor, key, practitioner=practitioner, patient=patient)
    return ""


async def _credential(site: Site, request: Request, desk: Desk, key: int) -> str:
    parts = [await field(request, one) for one in ("title", "number", "issuer", "valid_from", "valid_until")]
    await site.clinic.administration.add_credential(desk.actor, key, *parts)
    return ""


async def _credential_end(site: Site, request: Request, desk: Desk, key: int) -> str:
    which, reason = await field(request, "credential"), await field(request, "reason")
    number = int(which) if which.isdecimal() and len(which) < 15 else 0
    await site.clinic.administration.end_credential(desk.actor, key, number, reason)
    return ""


async def _disable(site: Site, _request: Request, desk: Desk, key: int) -> str:
    await site.clinic.administration.disable(desk.actor, key)
    return ""


async def _enable(site: Site, _request: Request, desk: Desk, key: int) -> str:
    await site.clinic.administration.enable(desk.actor, key)
    return ""


async def _invite(site: Site, _request: Request, desk: Desk, key: int) -> str:
    return site.clinic.base_url + await site.clinic.administration.invite(desk.actor, key)


async def _reset(site: Site, _request: Request, desk: Desk, key: int) -> str:
    await site.clinic.administration.reset_factors(desk.actor, key)
    return ""


async def _session(site: Site, request: Request, desk: Desk, key: int) -> str:
    number = _which(await field(request, "session"))
    await site.clinic.administration.end_session(desk.actor, key, number)
    return ""


async def _token(site: Site, request: Request, desk: Desk, key: int) -> str:
    number = _which(await field(request, "token"))
    await site.clinic.administration.revoke_token(desk.actor, key, number)
    return ""


def _which(text: str) -> int | None:
    """One of a list by its number, or None for `all`; anything else is nothing."""
    if text == "all":
        return None
    if (not text.isdecimal()) or len(text) > 14:
        raise not_found()
    return int(text)


_CHANGES = {
    "describe": _describe, "roles": _roles, "places": _places, "records": _records, "credential": _credential,
    "credential-end": _credential_end, "disable": _disable, "enable": _enable, "invite": _invite,
    "factors-reset": _reset, "session-end": _session, "token-revoke": _token,
}  # fmt: skip
