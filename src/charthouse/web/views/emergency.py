"""Emergency access at the screen: find the closed chart, say why, and later account for it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from charthouse.access.break_glass import FINDINGS, LONGEST, REASONS, USUAL, Broken
from charthouse.base.clock import instant
from charthouse.base.errors import Problem, not_found
from charthouse.base.ids import is_logical_id
from charthouse.web.site import HEADERS, Desk, Site

ADDRESS: Final = "/emergency"
REVIEW: Final = "/emergency/review"
NOTHING: Final = dict.fromkeys(("number", "family", "born", "patient", "reason", "note", "minutes"), "")
MINUTES: Final = (15, 30, 60, 120, LONGEST)


@dataclass(frozen=True, slots=True)
class Line:
    """One access in the review queue, in words."""

    broken: Broken
    who: str
    reason: str
    opened: str
    until: str
    patient: str | None
    finding: str
    reviewer: str


async def page(site: Site, request: Request, desk: Desk) -> Response:
    """`GET /emergency`: who is it?"""
    site.clinic.policy.require(desk.actor, "glass", "create")
    return site.page(request, desk, "emergency.html", found=None, asked=NOTHING, wrong=NOTHING, **_choices())


async def find(site: Site, request: Request, desk: Desk) -> Response:
    """`POST /emergency`: the patients of that number, or of that name and birth date."""
    form = await request.form()
    asked = {name: str(form.get(name) or "") for name in ("number", "family", "born")}
    try:
        found = await site.clinic.emergency.look(desk.actor, **asked)
    except Problem as failure:
        return _again(site, request, desk, failure, found=None, asked=asked)
    return site.page(
        request, desk, "emergency.html", found=found, asked=NOTHING | asked, wrong=NOTHING, **_choices()
    )


async def enter(site: Site, request: Request, desk: Desk) -> Response:
    """`POST /emergency/open`: the chart opens, for a while."""
    site.clinic.policy.require(desk.actor, "glass", "create")
    form = await request.form()
    patient = str(form.get("patient") or "")
    if not is_logical_id(patient):
        raise not_found()
    minutes = str(form.get("minutes") or USUAL)
    asked = {"patient": patient, "reason": str(form.get("reason") or ""), "note": str(form.get("note") or "")}
    try:
        await site.clinic.emergency.open(
            desk.actor, patient, asked["reason"], asked["note"], int(minutes) if minutes.isdecimal() else 0
        )
    except Problem as failure:
        if failure.category.value == "not_found":
            raise
        return _again(site, request, desk, failure, found=None, asked=asked)
    return RedirectResponse(f"/chart/{patient}", 303, HEADERS)


async def leave(site: Site, request: Request, desk: Desk) -> Response:
    """`POST /emergency/close`: the access is given back before its time."""
    site.clinic.policy.require(desk.actor, "glass", "create")
    patient = str((await request.form()).get("patient") or "")
    if not is_logical_id(patient):
        raise not_found()
    await site.clinic.emergency.give_back(desk.actor, patient)
    return RedirectResponse("/", 303, HEADERS)


async def queue(site: Site, request: Request, desk: Desk, *, wrong: str = "", status: int = 200) -> Response:
    """`GET /emergency/review`: what the privacy officer has to look at."""
    waiting = await site.clinic.emergency.waiting(desk.actor)
    reviewed = await site.clinic.emergency.reviewed(desk.actor)
    return site.page(
        request, desk, "glass.html", status=status, waiting=[_line(site, desk, one) for one in waiting],
        reviewed=[_line(site, desk, one) for one in reviewed], findings=FINDINGS, wrong=wrong,
    )  # fmt: skip


async def review(site: Site, request: Request, desk: Desk) -> Response:
    """`POST /emergency/review`: what was found."""
    form = await request.form()
    number = str(form.get("id") or "")
    try:
        await site.clinic.emergency.review(
            desk.actor, int(number) if number.isdecimal() and len(number) < 16 else 0, str(form.get("finding") or ""),
            str(form.get("remark") or ""),
        )  # fmt: skip
    except Problem as failure:
        if not failure.issues or not failure.issues[0].place:
            raise
        return await queue(site, request, desk, wrong=failure.issues[0].sentence(), status=400)
    return RedirectResponse(REVIEW, 303, HEADERS)


def _again(
    site: Site, request: Request, desk: Desk, failure: Problem, *, found: object, asked: dict[str, str]
) -> Response:
    """The page once more, with what is wrong beside its field."""
    if not failure.issues or failure.issues[0].place not in (
        "number",
        "reason",
        "note",
        "minutes",
        "family",
        "birthdate",
    ):
        raise failure
    place = {"birthdate": "born"}.get(failure.issues[0].place or "", failure.issues[0].place or "")
    wrong = NOTHING | {place: failure.issues[0].sentence()}
    return site.page(
        request,
        desk,
        "emergency.html",
        status=400,
        found=found,
        asked=NOTHING | asked,
        wrong=wrong,
        **_choices(),
    )


def _choices() -> dict[str, Any]:
    return {"reasons": REASONS, "minutes": MINUTES, "usual": USUAL}


def _line(site: Site, desk: Desk, one: Broken) -> Line:
    people = site.clinic.people
    return Line(
        one, people.get(one.account).display, REASONS.get(one.reason, one.reason), _when(desk, one.opened),
        _when(desk, one.until), site.clinic.emergency.patient(one.patient), FINDINGS.get(one.finding or "", ""),
        people.get(one.reviewer).display if one.reviewer else "",
    )  # fmt: skip


def _when(desk: Desk, at: int) -> str:
    text = instant(at)
    return " ".join(part for part in (desk.reader.day(text), desk.reader.clock(text)) if part)
