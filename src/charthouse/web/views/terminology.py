"""Code systems: which releases hold and until when, what is missing and how to load it, and a search for codes."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, replace
from datetime import date
from typing import TYPE_CHECKING, Final
from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import Response

from charthouse.base.errors import invalid
from charthouse.terminology.answers import Looked
from charthouse.terminology.load import kinds
from charthouse.terminology.load.kinds import KINDS, Kind, short
from charthouse.terminology.load.review import Held, Release, State, review
from charthouse.web import codes
from charthouse.web.chart.entry import Mark
from charthouse.web.reader import Reader
from charthouse.web.screen import tabbed
from charthouse.web.site import Desk, Site

if TYPE_CHECKING:
    from charthouse.terminology.find.finder import Finder
    from charthouse.terminology.find.hit import Hit
    from charthouse.terminology.terminology import Terminology

ADDRESS: Final = "/code-systems"
SHORTEST: Final = 2
LONGEST: Final = 200
MOST: Final = 20
SYSTEMS: Final = 50  # code systems that are searched at once
BELOW: Final = 40  # codes below a heading that are shown
ABOVE: Final = 12  # codes above one whose notes hold for it, too
# what the tabular list says, and in which order a coder wants it
NOTES: Final = (
    ("codeFirst", "Code first"),
    ("excludes1", "Excludes 1: never coded together"),
    ("excludes2", "Excludes 2: not part of this, may be coded beside it"),
    ("useAdditionalCode", "Use an additional code"),
    ("codeAlso", "Code also"),
    ("sevenChrNote", "Seventh character"),
    ("sevenChr", "Seventh characters"),
    ("includes", "Includes"),
    ("notes", "Note"),
)
BILLED: Final = frozenset({"icd-10-cm", "icd-10-pcs", "hcpcs", "cpt"})  # systems whose codes stand on claims
_SEVENTH: Final = frozenset({"sevenChrNote", "sevenChr"})
_BILLABLE: Final = Mark("green", "Billable")
_KEPT: Final = frozenset(name for name, _ in NOTES) | {
    "inactive", "notSelectable", "parent", "child", "chapter", "definition", "comment", "laterality",
}  # fmt: skip
_MARKS: Final = {
    State.HOLDS: "green", State.ENDING: "amber", State.EXPIRED: "red", State.COMING: "sea", State.PART: "grey",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Line:
    """One release in the table: `name` only at the first of a code system, `when` its dates in words."""

    name: str
    title: str
    version: str
    when: str
    mark: Mark
    count: str
    source: str
    is_used: bool


@dataclass(frozen=True, slots=True)
class Choice:
    """A code as a link: its text, the side it is for, and whether more must be chosen below it."""

    code: str
    display: str
    href: str
    side: str = ""
    mark: Mark | None = None


@dataclass(frozen=True, slots=True)
class Found:
    """A code that was found: `why` tells how the question was read, `note` what to mind, `sides` which there are."""

    code: str
    display: str
    href: str
    system: str
    why: str
    note: str
    sides: list[Choice]
    mark: Mark | None


@dataclass(frozen=True, slots=True)
class Detail:
    """All about one code. `sides` are the codes for its other sides; `notes` are (label, [(text, the code above
    that says it, empty for its own)])."""

    code: str
    display: str
    system: str
    version: str
    marks: list[Mark]
    said: str
    names: list[str]
    path: list[Choice]
    sides: list[Choice]
    choices: list[Choice]
    more: int
    asks: str
    notes: list[tuple[str, list[tuple[str, str]]]]
    facts: list[tuple[str, str]]
    notice: str


async def page(site: Site, request: Request, desk: Desk) -> Response:
    """`GET /code-systems`."""
    _permit(site, desk)
    desk = await tabbed(site, desk)
    return await _page(site, request, desk, None)


async def search(site: Site, request: Request, desk: Desk) -> Response:
    """`POST /code-systems/find`: the list under the search box."""
    _permit(site, desk)
    form = await request.form()
    text = " ".join(str(form.get("q") or "")[:LONGEST].split())
    urls = str(form.get("system") or "").split()[:SYSTEMS]
    is_short = len(text) < SHORTEST
    hits = [] if is_short else await asyncio.to_thread(_found, site, text, urls)
    return site.part("parts/codes.html", hits=hits, text=text, is_short=is_short)


def _found(site: Site, text: str, urls: list[str]) -> list[Found]:
    """The codes for what was typed, in the code systems that are still at hand."""
    clinic = site.clinic
    systems = [url for url in urls if (one := clinic.terminology.system(url)) and one.place != "resource"]
    return [_hit(hit) for hit in clinic.finder.find(text, systems=systems, limit=MOST)]


async def concept(site: Site, request: Request, desk: Desk) -> Response:
    """`GET /code-systems/code?system=…&code=…`: all about a code; a whole page for a browser without scripts."""
    _permit(site, desk)
    url, code = request.query_params.get("system", ""), request.query_params.get("code", "")
    if not url or not code:
        raise invalid("required", "Which code?", place="code", repair="Name a code system and a code.")
    detail = await asyncio.to_thread(_detailed, site, url, code)
    if request.headers.get("hx-request"):
        return site.part("parts/code.html", detail=detail)
    return await _page(site, request, await tabbed(site, desk), detail)


def _detailed(site: Site, url: str, code: str) -> Detail:
    return detailed(site.clinic.terminology, site.clinic.finder, url, code)


def _permit(site: Site, desk: Desk) -> None:
    """Only for who may read code systems, of which some stand in the record."""
    site.clinic.gate.books.permit(desk.actor, "CodeSystem")


async def _page(site: Site, request: Request, desk: Desk, detail: Detail | None) -> Response:
    found = review(await asyncio.to_thread(site.clinic.terminology.systems), desk.reader.today)
    is_whole = request.query_params.get("show") == "all"
    own = [one for one in found.others if is_whole or one.used.place != "shipped"]
    return site.page(
        request, desk, "terminology.html", reader=desk.reader, today=desk.reader.today.isoformat(), detail=detail,
        is_whole=is_whole,
        pressing=[(alarm(one, desk.reader), _kind(one)) for one in found.pressing()],
        lines=[line for held in found.held for line in lines(held, desk.reader)],
        own=[line for held in own for line in lines(held, desk.reader)],
        others=len(found.others) - len(own), missing=found.missing,
        systems=[(url, named(url)) for url in found.searchable()],
        notices=notices(found.held),
    )  # fmt: skip


def lines(held: Held, reader: Reader) -> list[Line]:
    """The releases of a code system as lines of the table, the one in use first."""
    made = []
    for number, one in enumerate(held.releases):
        name = named(one.url) if held.kind else one.title
        made.append(
            Line(
                "" if number else name, "" if number else (held.title if held.kind else one.url), _version(one),
                when(one, reader), Mark(_MARKS[one.state], one.state.capitalize()), reader.number(one.concepts),
                _origin(one), one.is_used,
            )
        )  # fmt: skip
    return made


def when(one: Release, reader: Reader) -> str:
    """The dates of a release in words: `1 Oct 2026 to 30 Sep 2027`."""
    if one.since and one.until:
        return f"{reader.day(one.since)} to {reader.day(one.until)}"
    if one.until:
        return f"until {reader.day(one.until)}"
    return f"since {reader.day(one.since)}" if one.since else "no end set"


def alarm(one: Release, reader: Reader) -> tuple[str, str, str]:
    """(colour, heading, what it means) of a release in use that has ended or ends soon."""
    name = f"{named(one.url)} {_version(one)}"
    days = (date.fromisoformat(one.until) - reader.today).days if one.until else 0
    if one.state is State.EXPIRED:
        ago = _ago(-days)
        return (
            "red", f"{name} expired {ago}",
            f"It held until {reader.day(one.until)}. New codes are not known, and codes that were dropped still pass.",
        )  # fmt: skip
    left = "today" if not days else "tomorrow" if days == 1 else f"in {reader.number(days)} days"
    return (
        "amber",
        f"{name} ends {left}",
        f"It holds until {reader.day(one.until)}. Load the next release before that.",
    )


def _ago(days: int) -> str:
    if days < 60:
        return "yesterday" if days == 1 else f"{days} days ago"
    return f"{days // 30} months ago" if days < 730 else f"{days // 365} years ago"


def notices(held: tuple[Held, ...]) -> list[tuple[str, str]]:
    """What the owners of the codes at hand want said beside them."""
    said = dict.fromkeys((named(each.used.url), each.used.notice) for each in held if each.used.notice)
    return list(said)


def detailed(terminology: Terminology, finder: Finder, url: str, code: str) -> Detail:
    """All about a code: what it is, what holds for it by its place, and what may be chosen below or beside it.

    Raises Problem(not_found) where the code system or the code is not at hand.
    """
    looked = terminology.lookup(url, code)
    above = [one for one in terminology.above(url, looked.code) if one != looked.code]
    path = [terminology.lookup(url, one) for one in above[-ABOVE:]]
    below = [one.value for one in looked.properties if one.code == "child"]
    choices = [_choice(terminology.lookup(url, one)) for one in below[:BELOW]]
    is_sided = any(one.side in ("right", "left") for one in choices)
    asks = (
        "Which side?"
        if is_sided
        else "Choose one that says more:"
        if not looked.is_selectable
        else "More exactly:"
    )
    return Detail(
        looked.code, looked.display, named(url), short_version(looked.version), _marks(looked),
        looked.definition or "", _names(looked), [_choice(one) for one in path if len(path) < ABOVE],
        _sides(terminology, finder, looked), choices, len(below) - len(choices), asks, _notes(looked, path),
        _facts(looked), looked.notice,
    )  # fmt: skip


def _sides(terminology: Terminology, finder: Finder, looked: Looked) -> list[Choice]:
    """The codes for the other sides, in code systems whose codes stand on claims."""
    standing = terminology.system(looked.system)
    is_stored = standing is None or standing.place == "resource"
    if is_stored or not looked.is_selectable or short(looked.system) not in BILLED:
        return []
    sides = finder.guide(looked.system, looked.code).sides
    return [
        replace(_choice(terminology.lookup(looked.system, code)), side=side)
        for side, code in sides.items() if code != looked.code
    ]  # fmt: skip


def _marks(looked: Looked) -> list[Mark]:
    """Whether it may be used: a heading may not, a code that is no longer active should not."""
    if not looked.is_active:
        return [Mark("red", "No longer in use")]
    if not looked.is_selectable:
        return [Mark("amber", "Heading: choose below")]
    return [_BILLABLE] if short(looked.system) in BILLED else []


def _choice(looked: Looked) -> Choice:
    side = next((one.value for one in looked.properties if one.code == "laterality"), "")
    mark = Mark("grey", "Heading") if not looked.is_selectable else None
    return Choice(_called(looked), looked.display, link(looked.system, looked.code), side, mark)


def _called(looked: Looked) -> str:
    """A code as it is read out; chapters of ICD-10-CM have bare numbers."""
    is_chapter = short(looked.system) == "icd-10-cm" and looked.code.isdecimal()
    return f"chapter {looked.code}" if is_chapter else looked.code


def _names(looked: Looked) -> list[str]:
    """Other names, without those that only repeat the display."""
    found = dict.fromkeys(
        name.text for name in looked.designations if not name.language or name.language == "en"
    )
    return [text for text in found if text.lower() != looked.display.lower()][:BELOW]


def _notes(looked: Looked, path: list[Looked]) -> list[tuple[str, list[tuple[str, str]]]]:
    """The notes of the tabular list, its own first, then those that stand above it and hold for it."""
    found = []
    for name, label in NOTES:
        if name in _SEVENTH and looked.is_selectable:
            continue  # it has its seventh character, or needs none
        texts = [(one.value, "") for one in looked.properties if one.code == name]
        for each in reversed(path):
            texts += [(one.value, _called(each)) for one in each.properties if one.code == name]
        if texts:
            found.append((label, texts))
    return found


def _facts(looked: Looked) -> list[tuple[str, str]]:
    """Other properties, by name; several values of one name together."""
    found: dict[str, list[str]] = {}
    for one in looked.properties:
        if one.code not in _KEPT:
            found.setdefault(codes.spell(one.code), []).append(one.value)
    return [(name, ", ".join(values[:BELOW])) for name, values in found.items()]


def _hit(hit: Hit) -> Found:
    sides = [
        Choice(code, "", link(hit.system, code), side.capitalize())
        for side, code in hit.sides.items() if code != hit.code
    ]  # fmt: skip
    return Found(
        hit.code, hit.display, link(hit.system, hit.code), named(hit.system), ", ".join(hit.why), hit.note, sides,
        (_BILLABLE if short(hit.system) in BILLED else None) if hit.is_billable else Mark("grey", "Heading"),
    )  # fmt: skip


def named(url: str) -> str:
    """What people call a code system."""
    return kinds.label(url) or codes.system(url)


def link(url: str, code: str) -> str:
    """The address of a code's own page."""
    return f"{ADDRESS}/code?{urlencode({'system': url, 'code': code})}"


def short_version(version: str) -> str:
    """A version as people say it: that of SNOMED CT by its date alone."""
    return version.rsplit("/", 1)[-1]


def _version(one: Release) -> str:
    return short_version(one.version)


def _origin(one: Release) -> str:
    if one.place == "loaded":
        return f"Loaded from {one.source}" if one.source else "Loaded"
    return "Stored in the record" if one.place == "resource" else "Came with the program"


def _kind(one: Release) -> Kind | None:
    return next((kind for kind in KINDS if kind.url == one.url), None)
