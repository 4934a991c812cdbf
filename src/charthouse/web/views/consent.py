"""Asking a person: a program wants something of the record, and this is the page where they say yes or no."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from charthouse.access.oauth.authorize import PARAMETERS, Asked
from charthouse.access.oauth.credentials import fields
from charthouse.access.oauth.grants import Context
from charthouse.access.oauth.metadata import Addresses
from charthouse.access.oauth.server import at_the_screen
from charthouse.access.oauth.uris import host_of, source, split
from charthouse.base.errors import Problem, not_found
from charthouse.base.ids import is_logical_id
from charthouse.web import find
from charthouse.web.chart.identity import Identity
from charthouse.web.permits import permits
from charthouse.web.screen import broken, cards_of
from charthouse.web.site import HEADERS, POLICY, Desk, Site
from charthouse.web.views.oauth import base

MOST: Final = 8  # patients offered at once


@dataclass(frozen=True, slots=True)
class Picked:
    """What the person has done on the page so far: the patients found, the one chosen, the scopes left ticked."""

    text: str = ""
    cards: tuple[Identity, ...] = ()
    patient: str = ""
    kept: frozenset[str] | None = None
    said: str = ""


async def ask(site: Site, request: Request, desk: Desk) -> Response:
    """`GET /oauth/authorize` (RFC 6749, 4.1.1): the page that asks.

    A launch from a chart by somebody who let the program do all of this before goes on without asking.
    """
    found = _read(site, request, desk, request.query_params.multi_items())
    if isinstance(found, Response):
        return found
    sent, asked, where = found
    try:
        context = await _context(site, desk, asked, "")
    except Problem as failure:
        return _back(asked.target.failed(Addresses(where).issuer, failure))
    granted = asked.scopes
    is_ready = (
        request.method == "GET"
        and asked.launch is not None
        and not asked.always
        and (context.patient or not asked.wants_patient)
    )
    if is_ready and site.clinic.oauth.grants.allowed_before(desk.actor, asked.target.app, granted):
        return await _allowed(site, desk, asked, granted, context, where)
    return await _page(site, request, desk, sent, asked, context, Picked())


async def answer(site: Site, request: Request, desk: Desk) -> Response:
    """`POST /oauth/authorize`: yes, no, or a search for the patient it shall be about. Everything is looked at anew."""
    form = await request.form()
    texts = [(name, str(form[name])) for name in PARAMETERS if name in form]
    found = _read(site, request, desk, texts)
    if isinstance(found, Response):
        return found
    sent, asked, where = found
    decision, kept = str(form.get("decision") or ""), frozenset(str(one) for one in form.getlist("permit"))
    kept |= {one.scope for one in permits(asked.scopes) if one.fixed}
    patient = _patient(form)
    if decision == "deny":
        return _back(await site.clinic.oauth.deny(desk.actor, asked, where))
    context = await _context(site, desk, asked, patient)
    if decision == "allow" and (context.patient or not asked.wants_patient):
        return await _allowed(site, desk, asked, kept, context, where)
    text = str(form.get("q") or "").strip()
    cards = await _search(site, desk, text)
    said = "Choose the patient first." if decision == "allow" else ""
    if decision == "find" and not cards:
        said = "Nobody was found. Try a part of the name, a date of birth or the record number."
    picked = Picked(text, cards, patient, kept, said)
    return await _page(
        site, request, desk, sent, asked, context, picked, status=422 if decision == "allow" else 200
    )


def _read(
    site: Site, request: Request, desk: Desk, pairs: Sequence[tuple[str, str]]
) -> tuple[Mapping[str, str], Asked, str] | Response:
    """The request, sound, with the FHIR base it came to; or the answer where it is not: to the person as long as
    it is not sure whose address the answer would go to, else to the program."""
    at_the_screen(desk.actor)
    oauth, where = site.clinic.oauth, base(site.clinic, request)
    try:
        sent = fields(pairs)
        target = oauth.authorize.target(sent)
    except Problem as failure:
        return broken(site, request, 400, said=failure.issues[0].message)
    person = site.clinic.people.get(desk.actor.id)
    try:
        asked = oauth.authorize.read(
            target, sent, desk.actor, where, known=bool(person.practitioner or person.patient)
        )
    except Problem as failure:
        return _back(target.failed(Addresses(where).issuer, failure))
    return sent, asked, where


async def _context(site: Site, desk: Desk, asked: Asked, patient: str) -> Context:
    """The patient and the visit it is about. A launch says both; patients have their own record and no other.

    Raises `Problem(not_found)` for a patient who is hidden from this person.
    """
    launch = asked.launch
    encounter = launch.encounter if launch is not None else None
    if launch is not None:
        patient = launch.patient or ""
    elif own := own_record(site, desk):
        patient = own if asked.wants_patient else ""
    if not patient:
        return Context(encounter=encounter)
    stored = await site.clinic.gate.read(desk.actor, "Patient", patient)
    return Context(patient, stored.key, encounter)


def own_record(site: Site, desk: Desk) -> str:
    """The Patient that a person is who comes as a patient and as nothing else."""
    if desk.actor.roles != {"patient"}:
        return ""
    own = site.clinic.people.get(desk.actor.id).patient
    if not own:
        raise not_found()
    return own


async def _allowed(
    site: Site, desk: Desk, asked: Asked, kept: frozenset[str], context: Context, where: str
) -> Response:
    try:
        address = await site.clinic.oauth.allow(desk.actor, asked, kept, context, where)
    except Problem as failure:
        address = asked.target.failed(Addresses(where).issuer, failure)
    return _back(address)


async def _page(
    site: Site, request: Request, desk: Desk, sent: Mapping[str, str], asked: Asked, context: Context, picked: Picked,
    *, status: int = 200,
) -> Response:  # fmt: skip
    """The page. Its form may lead to the program's own address, and nowhere else (CSP form-action)."""
    app = asked.target.app
    cards: tuple[Identity, ...] = ()
    picks = asked.wants_patient and asked.launch is None and not own_record(site, desk)
    if context.patient is not None and not picks:
        found, _ = await cards_of(site, desk, (context.patient,))
        cards = tuple(found)
    elif picks:
        known, _ = await cards_of(site, desk, () if picked.cards else desk.charts.open)
        chosen = [picked.patient] if picked.patient else []
        more, _ = await cards_of(site, desk, tuple(chosen))
        cards = tuple({card.id: card for card in (*more, *picked.cards, *known)}.values())
    response = site.page(
        request, desk, "consent.html", status=status, app=app, permits=permits(asked.scopes), picks=picks,
        cards=cards, picked=picked, host=host_of(split(asked.target.redirect, "redirect_uris")),
        hidden=[(name, sent[name]) for name in PARAMETERS if name in sent],
    )  # fmt: skip
    response.headers["Content-Security-Policy"] = POLICY.replace(
        "form-action 'self'", f"form-action 'self' {source(asked.target.redirect)}"
    )
    return response


async def _search(site: Site, desk: Desk, text: str) -> tuple[Identity, ...]:
    """Patients for what was typed, a few."""
    return (await find.patients(site, desk, text, most=MOST)).cards


def _patient(form: FormData) -> str:
    patient = str(form.get("patient") or "")
    return patient if is_logical_id(patient) else ""


def _back(address: str) -> Response:
    """To the program. The answer is not kept, and does not say where it came from."""
    return RedirectResponse(address, 303, {**HEADERS, "Referrer-Policy": "no-referrer"})
