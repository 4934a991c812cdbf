"""The app gallery: programs that may work on the record, who let them in, and an administrator's decision."""

from __future__ import annotations

from typing import Final

import msgspec
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from charthouse.access.oauth.apps import App, Status
from charthouse.access.oauth.grants import Context
from charthouse.access.oauth.uris import source
from charthouse.base.errors import Category, Problem, invalid, not_found
from charthouse.base.ids import is_logical_id
from charthouse.web import ask as asking
from charthouse.web import frame
from charthouse.web.chart.entries import read
from charthouse.web.chart.entry import Context as Wording
from charthouse.web.chart.entry import local
from charthouse.web.permits import permits
from charthouse.web.screen import tabbed
from charthouse.web.sections import Query
from charthouse.web.site import HEADERS, POLICY, Desk, Site
from charthouse.web.views.oauth import base

DECISIONS: Final[dict[str, Status]] = {"approve": "approved", "refuse": "refused", "disable": "disabled"}
VISITS: Final = Query("Encounter", sort="-date")
FIELDS: Final = ("name", "about", "kind", "redirects", "launch", "keys", "scope")
OFFERED: Final = 6  # visits to choose from


async def page(site: Site, request: Request, desk: Desk) -> Response:
    """`GET /apps`: what is offered here, what this person let in, and for administrators what waits."""
    oauth, desk = site.clinic.oauth, await tabbed(site, desk)
    every = oauth.apps.all()
    decides = oauth.may(desk.actor, "read")
    return site.page(
        request, desk, "apps.html", reader=desk.reader, permits=permits,
        offered=[app for app in every if app.is_open and "authorization_code" in app.grants],
        mine=oauth.grants.of(desk.actor.id), decides=decides,
        waiting=[app for app in every if app.status == "pending"] if decides else [],
        decided=[app for app in every if app.status != "pending"] if decides else [],
    )  # fmt: skip


async def chart(site: Site, request: Request, desk: Desk) -> Response:
    """`GET /chart/{patient}/apps`: the apps that can be started on this patient."""
    tree = await frame.patient(site, request, desk)
    desk, framed = await frame.load(site, desk, tree, "apps")
    patient = str(tree["id"])
    apps = [app for app in site.clinic.oauth.apps.all() if app.is_open and app.launch_address]
    visits = await asking.patient(site, desk, VISITS, patient, count=OFFERED)
    context = Wording(desk.reader, {})
    response = site.page(
        request, desk, "launch.html", patient=patient, frame=framed, reader=desk.reader, apps=apps, permits=permits,
        visits=[read(one, context) for one in visits.trees],
        open_visit=next((str(one["id"]) for one in visits.trees if one.get("status") == "in-progress"), ""),
    )  # fmt: skip
    places = " ".join(sorted({source(app.launch_address) for app in apps if app.launch_address}))
    response.headers["Content-Security-Policy"] = POLICY.replace(
        "form-action 'self'", f"form-action 'self' {places}".rstrip()
    )
    return response


async def start(site: Site, request: Request, desk: Desk) -> Response:
    """`POST /chart/{patient}/apps`: start an app on this patient, and the visit that was chosen."""
    tree = await frame.patient(site, request, desk)
    patient, form = str(tree["id"]), await request.form()
    app = site.clinic.oauth.apps.get(str(form.get("app") or ""))
    stored = await site.clinic.gate.read(desk.actor, "Patient", patient)
    encounter = str(form.get("encounter") or "")
    if encounter:
        if not is_logical_id(encounter):
            raise not_found()
        visit = (await site.clinic.gate.read(desk.actor, "Encounter", encounter)).tree
        if local(visit.get("subject")) != f"Patient/{patient}":
            raise not_found()
    context = Context(patient, stored.key, encounter or None)
    address = await site.clinic.oauth.start(desk.actor, app, context, base(site.clinic, request))
    return RedirectResponse(address, 303, {**HEADERS, "Referrer-Policy": "no-referrer"})


async def withdraw(site: Site, request: Request, desk: Desk) -> Response:
    """`POST /apps/withdraw`: take back all that this person let an app do."""
    form = await request.form()
    await site.clinic.oauth.withdraw(desk.actor, str(form.get("app") or ""))
    return RedirectResponse("/apps", 303, HEADERS)


async def blank(site: Site, request: Request, desk: Desk) -> Response:
    """`GET /apps/new`: an administrator enters an app that does not register by itself."""
    site.clinic.oauth.require(desk.actor, "create")
    return _entered(site, request, await tabbed(site, desk), {})


async def enter(site: Site, request: Request, desk: Desk) -> Response:
    """`POST /apps/new`: it waits for a decision like the others; its secret is shown here, once."""
    site.clinic.oauth.require(desk.actor, "create")
    form, desk = await request.form(), await tabbed(site, desk)
    typed = {name: str(value) for name, value in form.items()}
    try:
        told = await site.clinic.oauth.register(_registration(typed))
    except Problem as failure:
        if failure.category is not Category.INVALID:
            raise
        return _entered(site, request, desk, typed, said=failure.issues[0].sentence())
    app = site.clinic.oauth.apps.get(told["client_id"])
    return await _one(site, request, desk, app, secret=told.get("client_secret", ""))


def _entered(site: Site, request: Request, desk: Desk, typed: dict[str, str], *, said: str = "") -> Response:
    return site.page(
        request, desk, "enter.html", status=422 if said else 200, said=said,
        typed={name: typed.get(name, "") for name in FIELDS},
    )  # fmt: skip


def _registration(typed: dict[str, str]) -> dict[str, object]:
    """What an app would have sent (RFC 7591), from what an administrator typed."""
    method = {"key": "private_key_jwt", "feed": "private_key_jwt", "secret": "client_secret_basic"}
    kind, keys = typed.get("kind", ""), typed.get("keys", "").strip()
    sent: dict[str, object] = {
        "client_name": typed.get("name", ""), "client_description": typed.get("about", ""),
        "token_endpoint_auth_method": method.get(kind, "none"), "scope": typed.get("scope", ""),
    }  # fmt: skip
    if kind == "feed":
        sent["grant_types"] = ["client_credentials"]
    else:
        sent |= {
            "redirect_uris": typed.get("redirects", "").split(), "initiate_login_uri": typed.get("launch", ""),
        }  # fmt: skip
    if keys.startswith("{"):
        try:
            return sent | {"jwks": msgspec.json.decode(keys)}
        except (msgspec.DecodeError, RecursionError):
            raise invalid("value", "The keys are not JSON.", place="keys") from None
    return sent | ({"jwks_uri": keys} if keys else {})


async def one(site: Site, request: Request, desk: Desk) -> Response:
    """`GET /apps/{app}`: one app as an administrator sees it."""
    site.clinic.oauth.require(desk.actor, "read")
    return await _one(site, request, desk, _app(site, request))


async def decide(site: Site, request: Request, desk: Desk) -> Response:
    """`POST /apps/{app}`: approve with the scopes left ticked, refuse, disable, or make a new secret."""
    site.clinic.oauth.require(desk.actor, "update")
    app, form = _app(site, request), await request.form()
    decision = str(form.get("decision") or "")
    if decision == "secret":
        secret = await site.clinic.oauth.renew_secret(desk.actor, app)
        return await _one(site, request, desk, app, secret=secret)
    if decision not in DECISIONS:
        raise invalid("value", "There is no such decision.", place="decision", value=decision,
                      repair="Use the buttons of the page.")  # fmt: skip
    status = DECISIONS[decision]
    allowed = [str(one) for one in form.getlist("permit")] if status == "approved" else None
    await site.clinic.oauth.decide(
        desk.actor, app, status, allowed=allowed, inspects=status == "approved" and bool(form.get("inspects"))
    )
    return RedirectResponse("/apps", 303, HEADERS)


async def _one(site: Site, request: Request, desk: Desk, app: App, *, secret: str = "") -> Response:
    desk = await tabbed(site, desk)
    decides = site.clinic.oauth.may(desk.actor, "update")
    return site.page(
        request,
        desk,
        "program.html",
        app=app,
        secret=secret,
        decides=decides,
        reader=desk.reader,
        permits=permits(app.asked),
    )


def _app(site: Site, request: Request) -> App:
    return site.clinic.oauth.apps.get(str(request.path_params["app"]))
