"""My own sign-in: password, second factors, recovery codes, sessions; and the factor that a role asks for."""

from __future__ import annotations

import io
from typing import Any

import segno
from markupsafe import Markup
from starlette.requests import Request
from starlette.responses import Response

from charthouse.access.own import PROOF
from charthouse.base.errors import Category, Problem, http_status, not_found
from charthouse.web.agents import device
from charthouse.web.screen import tabbed
from charthouse.web.site import Site
from charthouse.web.threshold import Visit, field, onward, question
from charthouse.web.views.signin import LONGEST_ANSWER, LONGEST_PASSWORD

ACCOUNT = "/account"
CONFIRM = "/account/confirm"


async def page(site: Site, request: Request, visit: Visit) -> Response:
    """`GET /account`: how I sign in, where I am signed in, what I am here."""
    if visit.desk is None:
        return onward("/account/enrol")
    return await _page(site, request, visit)


async def enrol(site: Site, request: Request, visit: Visit) -> Response:
    """`GET /account/enrol`: a second step has to be set up before anything else opens."""
    if visit.desk is not None:
        return onward(ACCOUNT)
    return _small(site, request, visit, "enrol.html", roles=_needed(site, visit))


async def password(site: Site, request: Request, visit: Visit) -> Response:
    """`POST /account/password`: choose another password; the page again where it will not do."""
    chosen, current = [await field(request, name, most=LONGEST_PASSWORD) for name in ("password", "current")]
    if chosen != await field(request, "again", most=LONGEST_PASSWORD):
        return await _page(site, request, visit, "The two passwords are not the same.", at="password")
    try:
        await site.clinic.own.choose(visit.live, chosen, current=current, address=visit.address)
    except Problem as failure:
        return await _refused(site, request, visit, failure, at="password")
    return await _page(
        site, request, visit, done="Your password is changed. All other sign-ins of yours have ended."
    )


async def app(site: Site, request: Request, visit: Visit) -> Response:
    """`GET /account/app`: the square to scan and the box for the first code."""
    return await _app(site, request, visit)


async def start(site: Site, request: Request, visit: Visit) -> Response:
    """`POST /account/app`: make a secret and show it."""
    try:
        await site.clinic.own.start_app(visit.live)
    except Problem as failure:
        return await _refused(site, request, visit, failure)
    return onward("/account/app")


async def confirm_app(site: Site, request: Request, visit: Visit) -> Response:
    """`POST /account/app/confirm`: the first code takes the app into use."""
    try:
        codes = await site.clinic.own.confirm_app(visit.live, "".join((await field(request, "code")).split()))
    except Problem as failure:
        if failure.category is Category.INVALID:
            return await _app(site, request, visit, failure.issues[0].sentence())
        return await _refused(site, request, visit, failure)
    return _codes(site, request, visit, codes, "Your authenticator app is set up.")


async def end_app(site: Site, request: Request, visit: Visit) -> Response:
    """`POST /account/app/end`: take the app out of use."""
    try:
        await site.clinic.own.end_app(visit.live)
    except Problem as failure:
        return await _refused(site, request, visit, failure, at="factors")
    return onward(ACCOUNT)


async def offer(site: Site, _request: Request, visit: Visit) -> Response:
    """`POST /account/passkey/ask`: what the browser needs to make a key (JSON)."""
    return question(await site.clinic.own.offer_passkey(visit.live))


async def add_passkey(site: Site, request: Request, visit: Visit) -> Response:
    """`POST /account/passkey`: keep the key that the browser made."""
    sent, label = await field(request, "credential", most=LONGEST_ANSWER), await field(request, "label")
    try:
        codes = await site.clinic.own.add_passkey(visit.live, sent, label)
    except Problem as failure:
        return await _refused(site, request, visit, failure, at="factors")
    return _codes(site, request, visit, codes, "The passkey is added.")


async def end_passkey(site: Site, request: Request, visit: Visit) -> Response:
    """`POST /account/passkey/{number}/end`: take one key out of use."""
    try:
        await site.clinic.own.end_passkey(visit.live, number_of(request))
    except Problem as failure:
        return await _refused(site, request, visit, failure, at="factors")
    return onward(ACCOUNT)


async def codes(site: Site, request: Request, visit: Visit) -> Response:
    """`POST /account/codes`: ten new recovery codes, shown once."""
    try:
        fresh = await site.clinic.own.renew_codes(visit.live)
    except Problem as failure:
        return await _refused(site, request, visit, failure, at="factors")
    return _codes(site, request, visit, fresh, "These are your new recovery codes.")


async def end_session(site: Site, request: Request, visit: Visit) -> Response:
    """`POST /account/sessions/{number}/end`: end one of my sign-ins."""
    await site.clinic.own.end_session(visit.live, number_of(request))
    return onward(ACCOUNT)


async def end_others(site: Site, _request: Request, visit: Visit) -> Response:
    """`POST /account/sessions/end`: end all of my sign-ins but this one."""
    await site.clinic.own.end_others(visit.live)
    return onward(ACCOUNT)


async def confirm(site: Site, request: Request, visit: Visit) -> Response:
    """`GET /account/confirm`: show once more who I am, before something that matters is changed."""
    return _confirm(site, request, visit)


async def confirmed(site: Site, request: Request, visit: Visit) -> Response:
    """`POST /account/confirm`: back to the account when it is right; the form again (403, 429) when not."""
    try:
        await site.clinic.own.prove(
            visit.live, password=await field(request, "password", most=LONGEST_PASSWORD),
            passkey=await field(request, "credential", most=LONGEST_ANSWER), code=await field(request, "code"),
            address=visit.address,
        )  # fmt: skip
    except Problem as failure:
        if failure.category not in (Category.FORBIDDEN, Category.BUSY):
            raise
        return _confirm(site, request, visit, failure)
    return onward(ACCOUNT)


def number_of(request: Request, name: str = "number") -> int:
    """A number in the path; anything else is nowhere."""
    text = str(request.path_params[name])
    if (not text.isdecimal()) or len(text) > 15:
        raise not_found()
    return int(text)


async def _page(
    site: Site, request: Request, visit: Visit, said: str = "", *, at: str = "", done: str = "", status: int = 0
) -> Response:  # fmt: skip
    if visit.desk is None:
        return _small(
            site, request, visit, "enrol.html", roles=_needed(site, visit), said=said, status=status or 400
        )
    clinic, account = site.clinic, visit.live.actor.id
    titles = clinic.people.roles()
    return site.page(
        request, await tabbed(site, visit.desk), "account.html", status=status or (400 if said else 200),
        person=visit.person, held=clinic.factors.of(account), sessions=clinic.sessions.of(account)[:40],
        current=visit.live, reader=visit.desk.reader, facilities=clinic.facilities.of(account),
        roles=[titles[one] for one in sorted(visit.person.roles)], token=visit.token, said=said, at=at, done=done,
        needed=_needed(site, visit), device=device, origin=clinic.factors.passkeys.origin,
        credentials=[one for one in clinic.credentials.of(account) if one.ended is None],
    )  # fmt: skip


async def _app(site: Site, request: Request, visit: Visit, said: str = "") -> Response:
    try:
        begun = site.clinic.own.begun_app(visit.live)
    except Problem as failure:
        return await _refused(site, request, visit, failure)
    if begun is None:
        return onward(ACCOUNT)
    secret, uri = begun
    spaced = " ".join(secret[at : at + 4] for at in range(0, len(secret), 4))
    return _small(
        site, request, visit, "app.html", said=said, secret=spaced, square=square(uri), status=400 if said else 200
    )  # fmt: skip


async def _refused(site: Site, request: Request, visit: Visit, failure: Problem, *, at: str = "") -> Response:
    """What is wrong, on the page it was asked from; who has to show first who they are goes to do so."""
    issue = failure.issues[0]
    if issue.place == PROOF:
        return onward(CONFIRM)
    if issue.code == "login" or failure.category not in (
        Category.INVALID, Category.FORBIDDEN, Category.BUSY, Category.CONFLICT,
    ):  # fmt: skip
        raise failure
    return await _page(site, request, visit, issue.sentence(), at=at, status=http_status(failure))


def _codes(site: Site, request: Request, visit: Visit, codes: tuple[str, ...], done: str) -> Response:
    if not codes:
        return onward(ACCOUNT)
    return _small(site, request, visit, "codes_shown.html", codes=codes, done=done)


def _confirm(site: Site, request: Request, visit: Visit, failure: Problem | None = None) -> Response:
    held = site.clinic.factors.of(visit.live.actor.id)
    return _small(
        site, request, visit, "confirm.html", status=200 if failure is None else http_status(failure),
        said="" if failure is None else failure.issues[0].sentence(), by_app=held.totp,
        question=site.clinic.own.ask(visit.live),
    )  # fmt: skip


def _small(
    site: Site, request: Request, visit: Visit, template: str, *, status: int = 200, said: str = "", **model: Any
) -> Response:  # fmt: skip
    """A page with one thing on it, the same for who may open nothing else yet."""
    return site.page(
        request, visit.desk, template, status=status, said=said, person=visit.person, token=visit.token,
        origin=site.clinic.factors.passkeys.origin, **model,
    )  # fmt: skip


def _needed(site: Site, visit: Visit) -> list[str]:
    titles = site.clinic.people.roles()
    return sorted(titles[one] for one in site.clinic.factors.needs.of(visit.live.actor.id))


def square(uri: str) -> Markup:
    """The address as a QR code: an SVG with attributes only, for the pages allow no inline style."""
    drawn = io.BytesIO()
    segno.make(uri, error="m", micro=False).save(
        drawn, kind="svg", xmldecl=False, svgns=True, svgclass="square", lineclass=None, omitsize=True, border=3,
        dark="#000", light="#fff", title="Square to scan with the authenticator app",
    )  # fmt: skip
    return Markup(drawn.getvalue().decode())  # noqa: S704 - drawn here, of numbers only
