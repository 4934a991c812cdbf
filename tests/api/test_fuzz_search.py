"""Searches that nobody would write on purpose: none breaks anything, none is answered with more than was asked."""

from __future__ import annotations

import asyncio
from typing import Any
from urllib.parse import parse_qsl, quote_from_bytes, urlsplit

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from lxml import etree

from charthouse.app import Clinic, build
from tests import cast
from tests.api.conftest import Caller, patient, token_for
from tests.api.grammar import EXTREMES, TYPES, WEIGHED, Pair, conditions, paths, spoiled, wire
from tests.api.raw import Asked, Raw, judged
from tests.api.test_history import link

BOXES = ("/find", "/code-systems/find", "/emergency")
FIELDS = ("q", "number", "family", "born", "system", "where")
UCUM = "http://unitsofmeasure.org"
USUAL = settings(deadline=None, suppress_health_check=list(HealthCheck), derandomize=True, database=None)
OFTEN = settings(USUAL, max_examples=200)
SELDOM = settings(USUAL, max_examples=80)
LONG = settings(USUAL, max_examples=8000, derandomize=False)
SHAPING = ("_count", "_cursor", "_summary", "_elements", "_format", "_pretty", "_explain", "_type")
ANSWERED = {
    "_has",
    "_filter",
    "_list",
    "_sort",
    "_include",
    "_revinclude",
    "_total",
    "_text",
    "_content",
    "_contained",
    "_containedType",
    "_score",
}
TYPED = st.sampled_from(TYPES[:6]).flatmap(lambda type: st.tuples(st.just(type), conditions(type, 3)))
IDS = ("a", "b", "none", "A_b", "x" * 65, "%00", "$x", "..")


@pytest.fixture(scope="module")
def raw(runner: asyncio.Runner, clinic: Clinic, app: Any, caller: Caller) -> Raw:
    """A program that may do everything, in a record with a little of much."""
    made = [
        patient(id="a", name=[{"family": "Ökafor", "given": ["Ada"]}], multipleBirthInteger=2),
        patient(id="b", gender="male", birthDate="1950", deceasedDateTime="2024-02-29T10:00:00+14:00"),
        patient(id="c", link=[{"other": {"reference": "Patient/a"}, "type": "seealso"}]),
        {"resourceType": "Encounter", "id": "a", "status": "finished", "class": {"code": "AMB"},
         "subject": {"reference": "Patient/a"}, "period": {"start": "2024-01-01"}},
        {"resourceType": "Condition", "id": "a", "subject": {"reference": "Patient/a"}, "code": {"text": "Gout"},
         "encounter": {"reference": "Encounter/a"}, "onsetAge": {"value": 40, "system": UCUM, "code": "a"}},
        {"resourceType": "List", "id": "a", "status": "current", "mode": "working",
         "entry": [{"item": {"reference": "Patient/a"}}, {"item": {"reference": "Observation/o1"}}]},
        {"resourceType": "Location", "id": "a", "position": {"latitude": 42.25, "longitude": -83.69}},
        {"resourceType": "Provenance", "id": "a", "target": [{"reference": "Observation/o1"}],
         "recorded": "2024-01-01T00:00:00Z", "agent": [{"who": {"reference": "Patient/b"}}]},
    ]  # fmt: skip
    for number, value in enumerate((
        {"valueQuantity": {"value": 5.4, "unit": "mmol/L", "system": UCUM, "code": "mmol/L"}},
        {"valueQuantity": {"value": -1e-8, "comparator": "<"}}, {"valueString": "A\u0300 😀"},
        {"valueDateTime": "0001"}, {"valueCodeableConcept": {"coding": [{"code": "final"}], "text": "true"}},
    )):  # fmt: skip
        made.append({
            "resourceType": "Observation", "id": f"o{number}", "status": "final",
            "code": {"coding": [{"system": "http://loinc.org", "code": "8480-6", "display": "Systolic"}]},
            "subject": {"reference": f"Patient/{'ab'[number % 2]}"}, "effectiveDateTime": f"202{number}-06", **value,
        })  # fmt: skip
    entries = [
        {"resource": one, "request": {"method": "PUT", "url": f"{one['resourceType']}/{one['id']}"}}
        for one in made
    ]
    answer = caller.post("", {"resourceType": "Bundle", "type": "transaction", "entry": entries})
    assert answer.status_code == 200, answer.text
    return Raw(runner, app, {"authorization": f"Bearer {token_for(clinic, client='fuzz')}"})


@pytest.fixture(scope="module")
def known(caller: Caller) -> dict[str, set[str]]:
    """The parameters of each type that the server says it has."""
    (rest,) = caller.get("metadata").json()["rest"]
    shared = {one["name"] for one in rest.get("searchParam", ())}
    return {
        one["type"]: shared | {param["name"] for param in one.get("searchParam", ())}
        for one in rest["resource"]
    }


@st.composite
def requests(draw: Any) -> Asked:
    """A request: from the grammar, well or badly written, or of bytes alone."""
    type, path = draw(paths(IDS))
    how = draw(st.integers(0, 9))
    if how == 0:
        query = draw(st.binary(max_size=60))
    else:
        pairs = draw(conditions(type))
        query = wire(pairs) if how < 7 else draw(spoiled(pairs))
    if draw(st.integers(0, 4)) or path.count("/") > 2:
        return Asked(path, query)
    return Asked(f"{path}/_search", draw(st.sampled_from((b"", query))), query)


def test_no_search_breaks_anything_and_each_refusal_says_of_what(raw: Raw) -> None:
    @given(requests())
    @OFTEN
    def check(asked: Asked) -> None:
        judged(asked, raw.ask(asked))

    check()


def test_a_search_is_never_wider_than_each_of_its_conditions(raw: Raw, known: dict[str, set[str]]) -> None:
    @given(TYPED)
    @SELDOM
    def check(drawn: tuple[str, list[Pair]]) -> None:
        narrower(raw, known, *drawn)

    check()


def test_too_much_of_anything_is_answered_or_refused_by_name(raw: Raw) -> None:
    for text in EXTREMES:
        query = text.replace(" ", "%20").replace('"', "%22").encode()
        for asked in (Asked("/fhir/Observation", query), Asked("/fhir/Observation/_search", b"", query)):
            judged(asked, raw.ask(asked))


@pytest.mark.soak
def test_very_many_searches_break_nothing_and_are_never_wider(raw: Raw, known: dict[str, set[str]]) -> None:
    @given(requests())
    @LONG
    def sound(asked: Asked) -> None:
        judged(asked, raw.ask(asked))

    @given(TYPED)
    @LONG
    def narrow(drawn: tuple[str, list[Pair]]) -> None:
        narrower(raw, known, *drawn)

    sound()
    narrow()


def narrower(raw: Raw, known: dict[str, set[str]], type: str, pairs: list[Pair]) -> None:
    """All conditions at once find what each of them finds alone, and are refused if one of them is."""
    pairs = [pair for pair in pairs if not pair[0].startswith(SHAPING)]
    if not pairs:
        return
    alone = [found(raw, type, [pair]) for pair in pairs]
    together = found(raw, type, pairs)
    if None in alone:
        assert together is None, (type, pairs)
        return
    for name, _ in pairs:
        code = name.partition(":")[0].partition(".")[0]
        assert code in known[type] or code in ANSWERED, (type, name)
    if together is not None:
        assert together == set.intersection(*(one for one in alone if one is not None)), (type, pairs, alone)


def found(raw: Raw, type: str, pairs: list[Pair]) -> set[str] | None:
    """The ids that a search finds; None where it is refused."""
    asked = Asked(f"/fhir/{type}", wire([*pairs, ("_count", "1000")]))
    answer = raw.ask(asked)
    tree = judged(asked, answer)
    if answer.status != 200:
        return None
    entries = [one for one in tree.get("entry", ()) if one["search"]["mode"] == "match"]
    assert all(one["resource"]["resourceType"] == type for one in entries), asked
    self_link = parse_qsl(urlsplit(link(tree, "self") or "").query, keep_blank_values=True)
    assert [pair for pair in self_link if pair[0] != "_count"] == pairs, asked
    return {one["resource"]["id"] for one in entries}


# --- page links ---------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def cursor(raw: Raw) -> str:
    """The place of a second page."""
    page = judged(first := Asked("/fhir/Observation", b"_count=2&status=final"), raw.ask(first))
    return dict(parse_qsl(urlsplit(link(page, "next") or "").query))["_cursor"]


def test_an_altered_page_link_leads_nowhere(raw: Raw, cursor: str) -> None:
    right = matches(raw, Asked("/fhir/Observation", f"_cursor={cursor}".encode()))
    assert right

    @given(altered(cursor))
    @SELDOM
    def check(query: bytes) -> None:
        asked = Asked("/fhir/Observation", query)
        assert matches(raw, asked) in (None, right), asked

    check()


def matches(raw: Raw, asked: Asked) -> list[str] | None:
    """The ids on a page; None where there is none."""
    answer = raw.ask(asked)
    tree = judged(asked, answer)
    return [one["resource"]["id"] for one in tree.get("entry", ())] if answer.status == 200 else None


@st.composite
def altered(draw: Any, cursor: str) -> bytes:
    """A page link with other letters, fewer, or more of them."""
    at = draw(st.integers(0, len(cursor)))
    size = draw(st.sampled_from((0, 1, 1, 5, len(cursor))))
    put = draw(
        st.one_of(
            st.sampled_from(("", "A", "-", "_", "+", "/", "=", "%", "%00", "%ff", "ä")), st.text(max_size=8)
        )
    )
    return f"_cursor={cursor[:at]}{put}{cursor[at + size :]}".encode("utf-8", "surrogatepass")


@pytest.mark.parametrize(
    "more", ["code=8480-6", "_count=5", "status=amended", "_include=*", "_sort=date", "shoe=1", "_total=none"]
)
def test_a_page_link_takes_no_other_conditions(raw: Raw, cursor: str, more: str) -> None:
    assert matches(raw, Asked("/fhir/Observation", f"_cursor={cursor}&{more}".encode())) is None


@pytest.mark.parametrize(
    "path", ["Patient", "", "Patient/a/Observation", "Observation/$lastn", "Patient/a/$everything"]
)
def test_a_page_link_is_of_one_address(raw: Raw, cursor: str, path: str) -> None:
    assert matches(raw, Asked(f"/fhir/{path}".removesuffix("/"), f"_cursor={cursor}".encode())) is None


# --- the box on the screen ----------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def screen(runner: asyncio.Runner, clinic: Clinic, raw: Raw) -> Raw:
    """A doctor who is signed in at a browser."""
    people = clinic.write(lambda connection: cast.enter(clinic.people, connection))
    key = people[cast.DOCTOR.name]
    secret = clinic.write(lambda connection: clinic.sessions.open(connection, key, mfa=True))
    cookie = f"{clinic.cookie.name}={secret}"
    live = clinic.door.session({"cookie": cookie})
    assert not isinstance(live, Exception)
    return Raw(runner, build(clinic), {"cookie": cookie, "x-csrf-token": live.form_token})


def test_whatever_is_typed_into_a_search_box_gets_an_answer(screen: Raw) -> None:
    near_dates = st.sampled_from(
        ("29/8 13.", "421/0339 978", ".750 0651172", "0.4190/4 2", "31.31.31", "٠٣/١٤/١٩٦٢")
    )
    near_words = st.text("abö'’-0123456789./,@*+() ", max_size=16)
    typed = st.one_of(st.sampled_from(WEIGHED), st.text(max_size=60), near_dates, near_words)
    sent = typed.map(lambda text: quote_from_bytes(text.encode("utf-8", "surrogatepass")))
    fields = sent.map(lambda text: "&".join(f"{name}={text}" for name in FIELDS).encode())

    @given(st.sampled_from(BOXES), st.one_of(fields, st.binary(max_size=40)))
    @SELDOM
    def check(path: str, form: bytes) -> None:
        answer = screen.ask(Asked(path, form=form))
        about = (path, form, answer)
        assert answer.status in (200, 400, 413, 422), about
        assert b"Traceback" not in answer.body, about
        assert answer.media.startswith("text/html"), about
        assert not answer.body or etree.HTML(answer.body.decode()) is not None, about

    check()
