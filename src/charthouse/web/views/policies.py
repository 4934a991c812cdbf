"""Access policies at the screen: read one, change it with its mistakes named, take it back, try what it comes to."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from charthouse.access.actor import Actor
from charthouse.access.audit import event
from charthouse.access.rules.document import HOUSE
from charthouse.access.rules.shelf import Kept
from charthouse.access.rules.words import told
from charthouse.access.sessions import CLIENT, SCOPES
from charthouse.base.clock import instant
from charthouse.base.errors import Issue, Problem, invalid, not_found
from charthouse.web.site import HEADERS, Desk, Site

ADDRESS: Final = "/policies"
LONGEST: Final = 200_000  # characters of a document in a form


@dataclass(frozen=True, slots=True)
class Line:
    """One policy in the list."""

    name: str
    title: str
    state: str
    rules: int
    for_whom: str


async def page(site: Site, request: Request, desk: Desk) -> Response:
    """`GET /policies`: every policy, and what a person may do."""
    site.clinic.policy.require(desk.actor, "policies", "read")
    return _list(site, request, desk)


async def attempt(site: Site, request: Request, desk: Desk) -> Response:
    """`POST /policies/try`: what a person may do with a type."""
    site.clinic.policy.require(desk.actor, "policies", "read")
    form = await request.form()
    user, type = str(form.get("user") or "").strip(), str(form.get("type") or "").strip()
    person = site.clinic.people.find(user)
    wrong = {}
    if person is None:
        wrong["user"] = "There is no user of this name."
    if type not in site.clinic.record.types and type not in HOUSE:
        wrong["type"] = "There is no such type. Write it as in FHIR, e.g. Observation."
    if person is None or wrong:
        return _list(site, request, desk, user=user, type=type, wrong=wrong, status=400)
    rule = site.clinic.policy.rights(
        Actor(person.id, person.name, person.roles, CLIENT, SCOPES, session="session:0")
    ).rule(type)
    found = told(rule.rows, rule.open)
    return _list(site, request, desk, user=user, type=type, found=found, hidden=sorted(rule.hidden))


async def one(site: Site, request: Request, desk: Desk) -> Response:
    """`GET /policies/{name}`: the document, its earlier versions, and a form to change it."""
    site.clinic.policy.require(desk.actor, "policies", "read")
    return _one(site, request, desk, _kept(site, request))


async def put(site: Site, request: Request, desk: Desk) -> Response:
    """`POST /policies/{name}`: the changed document is put in force, or its mistakes are named."""
    site.clinic.policy.require(desk.actor, "policies", "update")
    kept = _kept(site, request)
    text = str((await request.form()).get("text") or "")[:LONGEST]
    try:
        document = site.clinic.policies.reader.read(text)
        if document.name != kept.name:
            raise _other_name(document.name)
        await site.clinic.written(
            lambda connection: site.clinic.policies.put(connection, text, desk.actor.id)
        )
    except Problem as failure:
        if not failure.issues or not failure.issues[0].place:
            raise
        return _one(site, request, desk, kept, text=text, wrong=failure.issues, status=400)
    return await _changed(site, desk, "policy-changed", kept.name)


async def withdraw(site: Site, request: Request, desk: Desk) -> Response:
    """`POST /policies/{name}/withdraw`: the policy opens nothing any more."""
    site.clinic.policy.require(desk.actor, "policies", "delete")
    kept = _kept(site, request)
    await site.clinic.written(
        lambda connection: site.clinic.policies.withdraw(connection, kept.name, desk.actor.id)
    )
    return await _changed(site, desk, "policy-withdrawn", kept.name)


async def restore(site: Site, request: Request, desk: Desk) -> Response:
    """`POST /policies/{name}/restore`: an earlier version is put in force again; 0 is the one that came along."""
    site.clinic.policy.require(desk.actor, "policies", "update")
    kept = _kept(site, request)
    asked = str((await request.form()).get("version") or "")
    found = [
        one for one in site.clinic.policies.versions(kept.name) if str(one.version) == asked and one.text
    ]
    if not found:
        raise not_found()
    text = found[0].text or ""
    await site.clinic.written(lambda connection: site.clinic.policies.put(connection, text, desk.actor.id))
    return await _changed(site, desk, "policy-restored", kept.name)


async def _changed(site: Site, desk: Desk, what: str, name: str) -> Response:
    site.clinic.generation.stale()
    await site.clinic.audit.record(event(desk.actor, what, query=f"policy/{name}"))
    return RedirectResponse(f"{ADDRESS}/{name}", 303, HEADERS)


def _kept(site: Site, request: Request) -> Kept:
    return site.clinic.policies.get(str(request.path_params["name"]))


def _list(
    site: Site, request: Request, desk: Desk, *, user: str = "", type: str = "", found: object = None,
    hidden: object = (), wrong: object = (), status: int = 200,
) -> Response:  # fmt: skip
    lines = [_line(site, kept) for kept in site.clinic.policies.all()]
    return site.page(
        request, desk, "policies.html", status=status, lines=lines, user=user, type=type, found=found, hidden=hidden,
        wrong={"user": "", "type": ""} | (wrong if isinstance(wrong, dict) else {}),
    )  # fmt: skip


def _one(
    site: Site, request: Request, desk: Desk, kept: Kept, *, text: str | None = None,
    wrong: tuple[Issue, ...] = (), status: int = 200,
) -> Response:  # fmt: skip
    versions = [
        (one.version, _who(site, one), desk.reader.day(instant(one.at)) if one.at else "", one.text is None)
        for one in site.clinic.policies.versions(kept.name)
    ]
    may = site.clinic.policy.may(desk.actor, "policies", "update")
    return site.page(
        request, desk, "policy.html", status=status, line=_line(site, kept), text=text or kept.text or "", wrong=wrong,
        versions=versions, may=may, newest=kept.version,
    )  # fmt: skip


def _line(site: Site, kept: Kept) -> Line:
    if kept.text is None:
        return Line(kept.name, kept.name, "Withdrawn", 0, "")
    document = site.clinic.policies.reader.read(kept.text)
    whom = dict.fromkeys(grant.role for grant in document.grants)
    names = [
        name.removeprefix("client:") + (" (program)" if name.startswith("client:") else "") for name in whom
    ]
    rules = len(document.grants) // max(len(names), 1)
    return Line(
        kept.name, document.title, "Changed here" if kept.version else "As it came", rules, ", ".join(names)
    )


def _who(site: Site, one: Kept) -> str:
    if not one.version:
        return "Came with Charthouse"
    return site.clinic.people.get(one.by).display if one.by else "The command line"


def _other_name(name: str) -> Problem:
    return invalid(
        "value", "The document names another policy.", place="policy", value=name,
        repair="Keep the name, or put a new policy in force with `charthouse policy put`.",
    )  # fmt: skip
