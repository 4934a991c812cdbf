"""For administrators: which sign-in servers there are, what they are trusted with, and who is linked to them."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

from starlette.requests import Request
from starlette.responses import Response

from charthouse.access.audit import event
from charthouse.access.oidc.flow import PATH
from charthouse.access.oidc.provider import SCOPE, Known, Provider, checked
from charthouse.base.errors import Category, Problem, http_status, invalid, not_found
from charthouse.web.incidents import forms
from charthouse.web.incidents.forms import Sent
from charthouse.web.screen import tabbed
from charthouse.web.site import Desk, Site
from charthouse.web.views.incidents import told, went

if TYPE_CHECKING:
    from charthouse.db.connect import Connection

ADDRESS: Final = "/sign-in-servers"
HOUSE: Final = "settings"
_PAIR: Final = re.compile(r"\s*(.{1,200}?)\s*=\s*([a-z0-9-]{1,64})\s*")


async def page(site: Site, request: Request, desk: Desk) -> Response:
    """`GET /sign-in-servers`."""
    site.clinic.policy.require(desk.actor, HOUSE, "read")
    found = site.clinic.openid.providers.all()
    counts = {one.name: len(site.clinic.openid.accounts.of(one.provider.issuer)) for one in found}
    return site.page(request, await tabbed(site, desk), "providers.html", providers=found, counts=counts)


async def blank(site: Site, request: Request, desk: Desk) -> Response:
    """`GET /sign-in-servers/new`."""
    site.clinic.policy.require(desk.actor, HOUSE, "update")
    return await _page(site, request, desk, None, Sent())


async def one(site: Site, request: Request, desk: Desk) -> Response:
    """`GET /sign-in-servers/{name}`: its settings and its people."""
    site.clinic.policy.require(desk.actor, HOUSE, "read")
    known = site.clinic.openid.providers.get(str(request.path_params["name"]))
    return await _page(site, request, desk, known, Sent())


async def save(site: Site, request: Request, desk: Desk) -> Response:
    """`POST /sign-in-servers/{name}` (`new` for another): kept once the server itself answers for its issuer."""
    site.clinic.policy.require(desk.actor, HOUSE, "update")
    clinic, name = site.clinic, str(request.path_params["name"])
    known = None if name == "new" else clinic.openid.providers.get(name)
    sent = await forms.read(request, "save")
    try:
        provider = checked(_provider(sent), clinic.people.roles())
        await _answers(site, provider.issuer)
        secret = _secret(sent, known, provider)
        kept = await clinic.written(
            lambda connection: clinic.openid.providers.save(
                connection, desk.actor, provider, name=known.name if known else "", secret=secret
            )
        )
    except Problem as failure:
        return await _page(site, request, desk, known, told(sent, failure), http_status(failure))
    await clinic.audit.record(event(desk.actor, "update", HOUSE, query=f"sign-in server {kept}"))
    return went(f"{ADDRESS}/{kept}")


async def people(site: Site, request: Request, desk: Desk) -> Response:
    """`POST /sign-in-servers/{name}/people`: expect somebody, take that back, or end a link."""
    site.clinic.policy.require(desk.actor, HOUSE, "update")
    site.clinic.policy.require(desk.actor, "people", "update")
    clinic, accounts = site.clinic, site.clinic.openid.accounts
    known = clinic.openid.providers.get(str(request.path_params["name"]))
    sent = await forms.read(request, "people")
    do = forms.one(sent, "do")

    def job(connection: Connection) -> int | None:
        if do == "expect":
            accounts.expect(connection, desk.actor, known, forms.one(sent, "value"), account)
            return account
        number = forms.number(sent, "id")
        if do == "unlink":
            ended = accounts.unlink(connection, desk.actor, known, number)
            if ended is not None:
                clinic.sessions.end_all(connection, ended)
            return ended
        accounts.unexpect(connection, known, number)
        return None

    try:
        if do not in ("expect", "unexpect", "unlink"):
            raise not_found()
        account = _account(site, forms.one(sent, "account")) if do == "expect" else 0
        about = await clinic.written(job)
    except Problem as failure:
        if failure.category is not Category.INVALID:
            raise
        return await _page(site, request, desk, known, told(sent, failure), http_status(failure))
    clinic.generation.stale()
    said = f"sign-in server {known.name} {do} account {about or ''}".strip()
    await clinic.audit.record(event(desk.actor, "update", HOUSE, query=said))
    return went(f"{ADDRESS}/{known.name}")


async def _page(
    site: Site, request: Request, desk: Desk, known: Known | None, sent: Sent, status: int = 200
) -> Response:
    clinic = site.clinic
    model: dict[str, Any] = {"links": [], "expected": [], "names": {}, "back": "", "gone": ""}
    if known is not None:
        accounts = clinic.openid.accounts
        model = {
            "links": accounts.of(known.provider.issuer),
            "expected": accounts.expected(known.name),
            "names": {one.id: one.display or one.name for one in clinic.people.all()},
            "back": clinic.openid.flow.back_address(known.name),
            "gone": f"{clinic.base_url}{PATH}{known.name}/gone",
        }
    people = [one for one in clinic.people.all() if one.kind == "person"]
    return site.page(
        request, await tabbed(site, desk), "provider.html", status=status, known=known, sent=sent, people=people,
        provider=known.provider if known else Provider("", "", ""), roles=clinic.people.roles(),
        reader=desk.reader, may=clinic.policy.may(desk.actor, HOUSE, "update"), **model,
    )  # fmt: skip


async def _answers(site: Site, issuer: str) -> None:
    """Ask the server who it is, so that a slip of the pen is found now and not by people who cannot come in."""
    server = site.clinic.openid.server
    server.forget(issuer)
    try:
        await server.metadata(issuer)
    except Problem as failure:
        raise invalid("value", f"This server cannot be used. {failure.issues[0].message}", place="issuer", value=issuer,
                      repair=failure.issues[0].repair or "Look at the address again.") from None  # fmt: skip


def _provider(sent: Sent) -> Provider:
    return Provider(
        label=forms.one(sent, "label"), issuer=forms.one(sent, "issuer"), client_id=forms.one(sent, "client_id"),
        scope=forms.one(sent, "scope") or SCOPE, claim=forms.one(sent, "claim") or "preferred_username",
        domains=tuple(forms.one(sent, "domains").lower().replace(",", " ").split()),
        just_in_time=forms.one(sent, "just_in_time") == "yes", role=forms.one(sent, "role"),
        groups=forms.one(sent, "groups"), roles=_pairs(sent), trusts_mfa=forms.one(sent, "trusts_mfa") == "yes",
        mfa=tuple(forms.one(sent, "mfa").split()), is_on=forms.one(sent, "is_on") == "yes",
    )  # fmt: skip


def _pairs(sent: Sent) -> tuple[tuple[str, str], ...]:
    found = []
    for line in forms.lines(sent, "roles"):
        match = _PAIR.fullmatch(line)
        if match is None:
            raise invalid("value", "This is not a group and its role.", place="roles", value=line,
                          repair="Write GROUP = ROLE on a line.")  # fmt: skip
        found.append((match[1], match[2]))
    return tuple(found)


def _secret(sent: Sent, known: Known | None, provider: Provider) -> str | None:
    """The secret that was typed, or the one that is kept; never sent on to another server than it was given for."""
    typed = forms.one(sent, "secret")
    if forms.one(sent, "public") == "yes":
        return None
    if typed:
        return typed[:1000]
    if known is None or known.secret is None:
        raise invalid("required", "The client secret is missing.", place="secret",
                      repair="Enter it, or say that this is a public client.")  # fmt: skip
    if (known.provider.issuer, known.provider.client_id) != (provider.issuer, provider.client_id):
        raise invalid("required", "Another server or client needs its own secret.", place="secret",
                      repair="Enter the client secret again.")  # fmt: skip
    return known.secret


def _account(site: Site, name: str) -> int:
    person = site.clinic.people.find(name)
    if person is None:
        raise invalid("value", "There is no such user.", place="account", value=name,
                      repair="Give the name they have here.")  # fmt: skip
    return person.id
