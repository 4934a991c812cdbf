"""Searches over several types, in compartments and of whole records, against charts looked through one by one."""

from __future__ import annotations

import asyncio
import base64
import random
import re
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from charthouse.access.reporting import Reporting
from charthouse.app import Clinic
from tests.api.charts import Charts, Tree, is_inside
from tests.api.conftest import BASE, Caller, outcome, token_for
from tests.api.test_history import link

FORM = {"content-type": "application/x-www-form-urlencoded"}
NARROW = "system/Observation.rs?category=laboratory system/Condition.rs system/Patient.r system/Encounter.r"
OWN = re.compile(r'"id":"[0-9a-f-]{36}","meta":\{"lastUpdated":"[^"]*"\},"type"')


@pytest.fixture(scope="module")
def charts(caller: Caller) -> Charts:
    """The charts, stored."""
    made = Charts(7)
    entries = [
        {"resource": tree, "request": {"method": "PUT", "url": name}} for name, tree in made.trees.items()
    ]
    answer = caller.post("", {"resourceType": "Bundle", "type": "transaction", "entry": entries})
    assert answer.status_code == 200, answer.text
    return made


@pytest.fixture(scope="module")
def narrow(runner: asyncio.Runner, clinic: Clinic, app: Any, charts: Charts) -> Iterator[Caller]:
    """A program that sees laboratory results and conditions alone."""
    assert charts
    found = Caller(runner, app, token_for(clinic, NARROW, "narrow"))
    yield found
    found.aclose()


def open_to_narrow(tree: Tree, *, narrow: bool = True) -> bool:
    """Whether the narrow program may search it."""
    if not narrow or tree["resourceType"] == "Condition":
        return True
    return tree["resourceType"] == "Observation" and tree["category"][0]["coding"][0]["code"] == "laboratory"


def pages(caller: Caller, path: str) -> list[Tree]:
    """A search with all its pages, whose links all stay at its address."""
    found: list[Tree] = []
    where = f"{BASE}/{path.partition('?')[0]}".removesuffix("/")
    following: str | None = path
    while following:
        answer = caller.get(following)
        assert answer.status_code == 200, answer.text
        found.append(answer.json())
        for one in found[-1]["link"]:
            assert one["url"].partition("?")[0] == where
        following = link(found[-1], "next")
    return found


def matches(bundles: list[Tree], mode: str = "match") -> list[str]:
    """`Type/id` of what was found, page after page."""
    return [
        f"{entry['resource']['resourceType']}/{entry['resource']['id']}"
        for bundle in bundles for entry in bundle.get("entry", ()) if entry["search"]["mode"] == mode
    ]  # fmt: skip


def seen(clinic: Clinic, count: int) -> list[Any]:
    """The last events of the audit, newest first."""
    connection = clinic.open_audit()
    try:
        return [one.event for one in Reporting(connection).latest(count=count).entries]
    finally:
        connection.close()


# -- several types


@pytest.mark.parametrize("is_narrow", [False, True])
def test_several_types_are_found_as_each_alone(
    caller: Caller, narrow: Caller, charts: Charts, is_narrow: bool
) -> None:
    draw, who = random.Random(3), narrow if is_narrow else caller
    types = ("Observation", "Condition", *(() if is_narrow else ("Encounter", "Patient", "Binary", "List")))
    for _ in range(6):
        some = draw.sample(types, draw.choice((1, 2)) if is_narrow else draw.choice((2, 3, 4)))
        sort = draw.choice(("", "&_sort=_id", "&_sort=-_lastUpdated"))
        found = pages(who, f"?_type={','.join(some)}&_count={draw.choice((3, 9))}{sort}&_total=accurate")
        expected = [name for name, tree in charts.trees.items()
                    if tree["resourceType"] in some and open_to_narrow(tree, narrow=is_narrow)]  # fmt: skip
        assert sorted(matches(found)) == sorted(expected), (some, sort)
        assert {bundle["total"] for bundle in found} == {len(expected)}


def test_without_types_all_are_found_that_are_open(
    caller: Caller, narrow: Caller, clinic: Clinic, charts: Charts
) -> None:
    found = matches(pages(caller, "?_count=50"))
    assert len(found) == len(set(found))
    assert set(found) == set(charts.trees)
    (bundle,) = pages(narrow, "?_count=500&_total=accurate")
    expected = {name for name, tree in charts.trees.items() if open_to_narrow(tree)}
    assert (set(matches([bundle])), bundle["total"]) == (expected, len(expected))
    (event,) = seen(clinic, 1)
    assert (event.interaction, len(event.resources), event.query) == (
        "search",
        len(expected),
        "_count=500&_total=accurate",
    )
    patients = {tree["subject"]["reference"] for name, tree in charts.trees.items() if name in expected}
    assert len(event.patients) == len({one for one in patients if one.startswith("Patient/")})
    posted = caller.ask("POST", "_search?_type=List", content=b"_id=x1,p1", headers=FORM).json()
    assert matches([posted]) == ["List/x1"]
    assert link(posted, "self") == f"{BASE}?_type=List&_id=x1,p1"


def test_a_type_that_is_shut_is_refused_when_it_is_named(narrow: Caller, caller: Caller) -> None:
    outcome(narrow.get("?_type=Observation,Patient"), 403)  # which may be read, and not searched
    outcome(narrow.get("?_type=Practitioner"), 403)
    for query, place in (
        ("_type=Nothing", "_type"),
        ("_type=Patient,List&name=x", "name"),
        ("name=x", "name"),
    ):
        assert outcome(caller.get(f"?{query}"), 400)["expression"] == [place]


def test_at_the_address_of_a_type_others_cannot_be_named(caller: Caller, charts: Charts) -> None:
    assert charts
    plain = matches(pages(caller, "Condition?_count=5"))
    assert matches(pages(caller, "Condition?_type=Condition&_count=5")) == plain
    assert matches(pages(caller, "Condition?_type=List,Condition&_count=5")) == plain
    assert outcome(caller.get("Condition?_type=List"), 400)["expression"] == ["_type"]


def test_a_page_link_in_other_hands_tells_of_no_type_that_is_shut(caller: Caller, narrow: Caller) -> None:
    first = caller.get("?_count=2&_total=accurate").json()
    for relation in ("next", "first"):
        answer = narrow.get(link(first, relation) or "").json()
        assert answer["total"] < first["total"]
        assert all(name.startswith(("Observation/", "Condition/")) for name in matches([answer]))


# -- compartments

SUBJECTS = [("Patient", "p1"), ("Patient", "p2"), ("Patient", "p4"), ("Encounter", "e1"), ("RelatedPerson", "r1"),
            ("Practitioner", "d1"), ("Practitioner", "d3"), ("Device", "v1")]  # fmt: skip


@pytest.mark.parametrize(("kind", "id"), SUBJECTS)
def test_a_compartment_holds_what_its_definition_says(
    caller: Caller, charts: Charts, kind: str, id: str
) -> None:
    expected = charts.compartment(kind, id)
    assert sorted(matches(pages(caller, f"{kind}/{id}/*?_count=7"))) == sorted(expected)
    for type in {name.partition("/")[0] for name in expected}:
        found = pages(caller, f"{kind}/{id}/{type}?_count=4&_total=accurate")
        assert sorted(matches(found)) == sorted(charts.compartment(kind, id, type))
        assert found[0]["total"] == len(charts.compartment(kind, id, type))
    posted = caller.ask(
        "POST", f"{kind}/{id}/*/_search", content=b"_type=Observation,Condition", headers=FORM
    ).json()
    assert set(matches([posted])) == charts.compartment(kind, id, "Observation", "Condition")
    posted = caller.ask(
        "POST", f"{kind}/{id}/Observation/_search?category=laboratory", content=b"status=final", headers=FORM
    ).json()  # fmt: skip
    assert set(matches([posted])) == {
        name for name in charts.compartment(kind, id, "Observation") if open_to_narrow(charts.trees[name])
    }


def test_a_bounded_program_finds_its_own_part_of_a_compartment(
    narrow: Caller, clinic: Clinic, charts: Charts
) -> None:
    for kind, id in (("Patient", "p1"), ("Encounter", "e1")):
        expected = {name for name in charts.compartment(kind, id) if open_to_narrow(charts.trees[name])}
        (bundle,) = pages(narrow, f"{kind}/{id}/*?_total=accurate&_count=90")
        assert (set(matches([bundle])), bundle["total"]) == (expected, len(expected))
        (event,) = seen(clinic, 1)
        assert event.query.startswith(f"/{kind}/{id}/*?")
        assert len(event.resources) == len(expected)
    outcome(narrow.get("Patient/p1/Encounter"), 403)
    outcome(narrow.get("Practitioner/d1/Observation"), 403)  # as a read of the practitioner


def test_a_compartment_without_a_subject_answers_as_a_read_of_it(caller: Caller, charts: Charts) -> None:
    assert charts
    gone = {"resourceType": "Patient", "id": "gone"}
    caller.put("Patient/gone", gone)
    caller.delete("Patient/gone")
    for id in ("nobody", "gone", "not_an_id!"):
        read = caller.get(f"Patient/{id}")
        for path in ("Observation", "*", "Observation?_count=2", "$everything"):
            found = caller.get(f"Patient/{id}/{path}")
            assert (found.status_code, found.content) == (read.status_code, read.content), path
        posted = caller.ask("POST", f"Patient/{id}/Observation/_search", content=b"", headers=FORM)
        assert (posted.status_code, posted.content) == (read.status_code, read.content)


def test_what_has_no_compartment_or_is_in_none_is_told(caller: Caller, charts: Charts) -> None:
    assert charts
    assert "Organization" in outcome(caller.get("Organization/o1/Observation"), 404)["diagnostics"]
    assert "Nothing" in outcome(caller.get("Patient/p1/Nothing"), 404)["diagnostics"]
    assert outcome(caller.get("Patient/p1/Organization"), 400)["expression"] == ["Organization"]
    assert outcome(caller.get("Patient/p1/*?_type=Organization"), 400)["expression"] == ["_type"]
    assert caller.ask("DELETE", "Patient/p1/Observation").status_code == 405


def test_a_page_link_belongs_to_its_compartment(caller: Caller, charts: Charts) -> None:
    assert charts
    following = link(caller.get("Patient/p1/*?_count=2").json(), "next") or ""
    for other in (
        "Patient/p2/*?",
        "Patient/p1/Observation?",
        "Encounter/e1/*?",
        "?",
        "Patient/p1/$everything?",
    ):
        moved = following.replace("/Patient/p1/*?", f"/{other}" if other != "?" else "?")
        assert outcome(caller.get(moved), 400)["expression"] == ["_cursor"]


# -- whole records


def union(bundles: list[Tree]) -> set[str]:
    """All that was given; each match once."""
    found = matches(bundles)
    assert len(found) == len(set(found))
    return {*found, *matches(bundles, "include")}


@pytest.mark.parametrize("id", ["p1", "p2", "p4"])
def test_everything_of_a_patient_is_there_with_what_it_refers_to(
    caller: Caller, charts: Charts, id: str
) -> None:
    whole = charts.whole(id)
    expected = whole | charts.referred(whole)
    for query in ("", "?_count=3"):
        found = pages(caller, f"Patient/{id}/$everything{query}")
        assert set(matches(found)) == whole
        assert union(found) == expected
    sent = {"resourceType": "Parameters", "parameter": [{"name": "_count", "valueInteger": 500}]}
    assert union([caller.post(f"Patient/{id}/$everything", sent).json()]) == expected
    for types in (
        "Observation",
        "Patient,Practitioner",
        "Organization,Location",
        "Binary",
        "Medication,Condition",
    ):
        found = pages(caller, f"Patient/{id}/$everything?_type={types}&_count=4")
        assert union(found) == {name for name in expected if name.partition("/")[0] in types.split(",")}, (
            types
        )


def test_everything_of_an_encounter_and_of_all_patients(caller: Caller, charts: Charts) -> None:
    inside = charts.compartment("Encounter", "e1")
    found = pages(caller, "Encounter/e1/$everything")
    assert set(matches(found)) == inside
    assert union(found) == inside | charts.referred(inside, "Encounter")
    every = {name for number in range(1, 6) for name in charts.whole(f"p{number}")}
    found = pages(caller, "Patient/$everything?_count=20")
    assert set(matches(found)) == every
    assert union(found) == every | charts.referred(every)


def test_a_bounded_program_gets_of_everything_what_it_may_see(
    narrow: Caller, clinic: Clinic, charts: Charts
) -> None:
    for path, whole in (
        ("Patient/p1", charts.whole("p1")),
        ("Encounter/e1", charts.compartment("Encounter", "e1")),
    ):
        expected = {name for name in whole if open_to_narrow(charts.trees[name])}
        found = pages(narrow, f"{path}/$everything")
        assert set(matches(found)) == expected
        (event,) = seen(clinic, 1)
        assert {name.partition("/")[0] for name in matches(found, "include")} <= {"Patient", "Encounter"}
        assert len(event.resources) == len(union(found))
        assert event.query.startswith(f"/{path}/$everything")
    outcome(narrow.get("Patient/p1/$everything?_type=Practitioner"), 403)


CARE = {"Encounter": ("period",), "Condition": ("onsetDateTime",), "DocumentReference": ("date",),
        "Observation": ("effectiveDateTime", "effectivePeriod"), "Provenance": ("recorded",)}  # fmt: skip


def span(tree: Tree) -> tuple[str, str] | None:
    """When care was given, as days; None where that is not said."""
    for name in CARE.get(tree["resourceType"], ()):
        value = tree.get(name)
        if isinstance(value, dict):
            return value["start"][:10], value["end"][:10]
        if value:
            return value[:10], value[:10]
    return None


@pytest.mark.parametrize(
    ("start", "end"),
    [("2020-01-01", "2020-12-31"), ("2021-02-01", None), (None, "2019-02-11"), ("2030", None)],
)
def test_everything_of_a_span_of_care(
    caller: Caller, charts: Charts, start: str | None, end: str | None
) -> None:
    asked = [*([f"start={start}"] if start else []), *([f"end={end}"] if end else [])]
    found = pages(caller, f"Patient/p1/$everything?{'&'.join(asked)}&_count=4")
    expected = set()
    for name in charts.whole("p1"):
        when = span(charts.trees[name])
        if when is None or ((start is None or when[1] >= start) and (end is None or when[0] <= end)):
            expected.add(name)
    assert set(matches(found)) == expected
    following = link(found[0], "next") if len(found) > 1 else None
    if following:  # a link of one question does not answer another
        for pair in asked:
            assert outcome(caller.get(following.replace(f"&{pair}", "")), 400)["expression"] == ["_cursor"]


def test_everything_since_a_moment_and_what_it_refuses(caller: Caller, charts: Charts) -> None:
    assert charts
    late = caller.get("Condition?_sort=-_lastUpdated&_count=1").json()["entry"][0]["resource"]["meta"][
        "lastUpdated"
    ]
    caller.put("Condition/c0", {**charts.trees["Condition/c0"], "code": {"text": "other"}})
    moment = caller.get("Condition/c0").json()["meta"]["lastUpdated"]
    assert moment > late
    found = pages(caller, f"Patient/p1/$everything?_since={moment.replace('+', '%2B')}")
    assert matches(found) == ["Condition/c0"]
    caller.put("Condition/c0", charts.trees["Condition/c0"])
    for query, place in (
        ("_since=yesterday", "_since"), ("start=x", "start"), ("_type=Nothing", "_type"), ("_count=0", "_count"),
        ("name=x", "name"), ("_offset=3", "_offset"), ("_summary=count", "_summary"), ("_cursor=AAAA", "_cursor"),
    ):  # fmt: skip
        assert outcome(caller.get(f"Patient/p1/$everything?{query}"), 400)["expression"] == [place]
    outcome(caller.get("Encounter/e1/$everything?start=2020"), 400)
    assert caller.get("Encounter/$everything").status_code == 404


# -- in a Bundle, and told


def plain(body: bytes) -> str:
    """An answer without what each answer has of its own."""
    text = re.sub(r"_cursor=[\w-]+", "_cursor=", body.decode())
    return OWN.sub("", text)


@pytest.mark.parametrize("kind", ["batch", "transaction"])
def test_inside_a_bundle_it_is_answered_as_alone(caller: Caller, charts: Charts, kind: str) -> None:
    assert charts
    urls = ["?_type=Condition,List&_count=3", f"{BASE}?_type=List", "Patient/p1/Observation?_count=2",
            "Patient/p1/*?_count=3",
            "Patient/p1/$everything?_count=3", "Observation/$lastn?patient=p1&category=laboratory",
            "Patient?family=Family1", f"{BASE}/Encounter/e1/*", "Condition/_history?_list=x1"]  # fmt: skip
    entries = [{"request": {"method": "GET", "url": url}} for url in urls]
    answer = caller.post("", {"resourceType": "Bundle", "type": kind, "entry": entries})
    assert answer.status_code == 200, answer.text
    for url, entry in zip(urls, answer.json()["entry"], strict=True):
        alone = caller.get(url)
        assert entry["response"]["status"] == "200 OK"
        assert OWN.search(alone.text)
        inner = httpx.Response(200, json=entry["resource"]).content
        assert plain(inner) == plain(httpx.Response(200, json=alone.json()).content), url
    if kind == "batch":
        entries = [
            {"request": {"method": "GET", "url": url}} for url in ("Patient/nobody/*", "Group/1/Observation")
        ]
        answer = caller.post("", {"resourceType": "Bundle", "type": kind, "entry": entries})
        assert [entry["response"]["status"][:3] for entry in answer.json()["entry"]] == ["404", "404"]


def test_a_search_of_several_and_of_a_compartment_is_explained(caller: Caller, charts: Charts) -> None:
    one = caller.get("Patient/p1/Observation?_explain=true").json()
    told = {part["name"]: part for part in one["parameter"]}
    assert told["matches"]["valueInteger"] == len(charts.compartment("Patient", "p1", "Observation"))
    several = caller.get("?_type=Observation,List&_explain=true").json()
    assert [part["resource"]["parameter"][0]["valueCode"] for part in several["parameter"]] == [
        "Observation",
        "List",
    ]


# -- histories of a list


def test_the_history_of_a_list_is_that_of_what_it_names(
    caller: Caller, narrow: Caller, clinic: Clinic, charts: Charts
) -> None:
    for text in ("one", "two"):
        caller.put("Condition/c1", {**charts.trees["Condition/c1"], "code": {"text": text}})
        caller.put("Condition/c2", {**charts.trees["Condition/c2"], "code": {"text": text}})
    caller.put("Condition/c1", charts.trees["Condition/c1"])
    caller.put("Condition/c2", charts.trees["Condition/c2"])

    def versions(who: Caller, path: str) -> list[str]:
        found = []
        following: str | None = path
        while following:
            page = who.get(following).json()
            found += [entry["fullUrl"].removeprefix(f"{BASE}/") + entry["response"]["etag"]
                      for entry in page.get("entry", ())]  # fmt: skip
            following = link(page, "next")
        return found

    of_c1 = versions(caller, "Condition/c1/_history")
    assert len(of_c1) == 4
    assert versions(caller, "Condition/_history?_list=x1&_count=2") == of_c1
    assert versions(caller, "Condition/c1/_history?_list=List/x1") == of_c1
    assert versions(caller, "Condition/c2/_history?_list=x1") == []
    every = versions(caller, "_history?_list=x1&_count=2")
    assert len(every) == len(set(every))
    assert {one.partition("W/")[0] for one in every} == {"Condition/c1", "Observation/w3", "Observation/w5"}
    assert versions(caller, "_history?_list=nobody") == []
    since = caller.get("Condition/c1/_history/3").json()["meta"]["lastUpdated"]
    assert versions(caller, f"_history?_list=x1&_since={since}") == of_c1[:2]
    at = caller.get("Condition/c1/_history/3").json()["meta"]["lastUpdated"]
    assert of_c1[1] in versions(caller, f"Condition/_history?_list=x1&_at={at}")
    assert outcome(caller.get("_history?_list=a/b/c"), 400)["expression"] == ["_list"]
    outcome(narrow.get("Condition/_history?_list=x1"), 403)  # lists are not open to it
    assert seen(clinic, 1)[0].outcome in ("ok", "forbidden")


def test_the_charts_are_what_the_tests_need(charts: Charts) -> None:
    """What is compared is not empty."""
    assert all(charts.compartment(kind, id) for kind, id in SUBJECTS)
    assert is_inside(charts.trees["Patient/p5"], "Patient", "p1")
    assert charts.referred(charts.whole("p1")) >= {"Binary/b1", "Practitioner/d1"}
    assert base64.b64decode(charts.trees["Binary/b1"]["data"]) == b"a"
