"""What is hidden cannot be inferred: a bounded person meets exactly a record that holds only what is open.

Each example draws a small world and a policy. The world goes into one clinic; what the oracle calls open goes into
its twin, where the administrator, who is bounded by nothing, asks the same. Both must answer the same.
"""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from charthouse.base.settings import Settings
from tests import cast
from tests.door.oracle import Asker, Oracle, Tree
from tests.door.rooms import ACT, OBSERVATION_CATEGORY, Answer, Room, directory
from tests.postgres import fresh_database

TAG = "http://example.org/example"
EXAMPLES = settings(
    max_examples=15,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
ALL = ["read", "vread", "history", "search", "history-type"]


class Twins:
    """A clinic with everything and one with what is open; ids and tags of an example are in no other."""

    def __init__(self, whole: Room, part: Room) -> None:
        self.whole, self.part = whole, part
        self.numbers = itertools.count(1)
        for room in (whole, part):
            room.store(directory())
        whole.person("bounded", "analyst")
        whole.work_at("bounded", "here")
        whole.link("bounded", practitioner="doc", patient="mine")
        self.one = whole.session("bounded")
        self.other = part.session(cast.ADMINISTRATOR.name)
        self.asker = Asker("bounded", self.one, frozenset({"analyst"}), practitioner="doc", patient="mine",
                           places=frozenset({"Organization/here"}))  # fmt: skip

    def fill(self, trees: list[Tree], policy: Tree) -> Oracle:
        """Put an example into both, under the policy; returns what knows the answers."""
        self.whole.put_policy(policy)
        oracle = Oracle([policy], trees)
        self.whole.store(trees)
        opened = [tree for tree in trees if oracle.may(self.asker, "read", tree)]
        if opened:
            self.part.store(opened)
        return oracle

    def agree(self, path: str) -> None:
        """The bounded person and the administrator of the twin walk through the same pages."""
        path = f"/fhir{path}" if path[0] == "?" else f"/fhir/{path}"
        ours = [seen(answer) for answer in self.whole.walk(path, self.one)]
        theirs = [seen(answer) for answer in self.part.walk(path, self.other)]
        if ours == [403]:  # a whole type may be shut where nothing of it can be open
            assert all(page == 400 or page[2] == [] for page in theirs), path
        else:
            assert ours == theirs, path


@pytest.fixture(scope="module", params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def twins(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Twins]:
    rooms = []
    for name in ("whole", "part"):
        url = fresh_database(request.getfixturevalue("postgres_url")) if request.param == "postgres" else None
        rooms.append(Room(Settings(data=tmp_path_factory.mktemp(name), database_url=url, rate_session=0)))
    yield Twins(*rooms)
    for room in rooms:
        room.close()


def seen(answer: Answer) -> Any:
    """What a page tells: how many, which resources in which order and why, and whether there is more."""
    if answer.status != 200:
        return answer.status
    page = answer.json()
    entries = [
        (
            entry.get("search"),
            entry.get("request"),
            entry.get("response", {}).get("status"),
            bare(entry.get("resource")),
        )
        for entry in page.get("entry", ())
        # the notice of Part 2 data, which follows from the label of a patient who may not be in the twin
        if entry.get("search", {}).get("mode") != "outcome"
    ]
    return page.get("total"), sorted(link["relation"] for link in page.get("link", ())), entries


def bare(tree: Tree | None) -> Any:
    return tree and {
        **tree,
        "meta": {name: value for name, value in tree.get("meta", {}).items() if name != "lastUpdated"},
    }


LABELS = ["VIP", "ETH", "HIV", "R"]


@st.composite
def worlds(draw: st.DrawFn) -> list[Tree]:
    """A few patients with a few resources each; references within the example, by index names."""
    count = draw(st.integers(1, 4))
    trees: list[Tree] = []

    def labelled(tree: Tree) -> Tree:
        codes = draw(st.lists(st.sampled_from(LABELS), max_size=1))
        return (
            {**tree, "meta": {"security": [{"system": ACT, "code": code} for code in codes]}}
            if codes
            else tree
        )

    for number in range(count):
        trees.append(labelled({  # noqa: PERF401 - as the ones below
            "resourceType": "Patient", "id": f"p{number}", "gender": draw(st.sampled_from(["male", "female"])),
            "birthDate": draw(st.sampled_from(["1950-01-01", "1990-06-15", "2010-03-03", "2020-12-31"])),
            "managingOrganization": {"reference": f"Organization/{draw(st.sampled_from(['here', 'there']))}"},
            **({"generalPractitioner": [{"reference": "Practitioner/doc"}]} if draw(st.booleans()) else {}),
        }))  # fmt: skip
    for number in range(draw(st.integers(0, 3))):
        whose = draw(st.integers(0, count - 1))
        trees.append(labelled({
            "resourceType": "Encounter", "id": f"e{number}", "status": draw(st.sampled_from(["planned", "finished"])),
            "class": {"system": ACT, "code": "AMB"}, "subject": {"reference": f"Patient/p{whose}"},
        }))  # fmt: skip
    visits = [tree["id"] for tree in trees if tree["resourceType"] == "Encounter"]
    for number in range(draw(st.integers(1, 8))):
        whose = draw(st.integers(-1, count - 1))
        tree: Tree = {
            "resourceType": "Observation", "id": f"o{number}", "status": draw(st.sampled_from(["final", "amended"])),
            "code": {"coding": [{"system": "http://loinc.org", "code": "718-7"}]},
            "category": [{"coding": [{"system": OBSERVATION_CATEGORY,
                                      "code": draw(st.sampled_from(["laboratory", "vital-signs"]))}]}],
            "effectiveDateTime": f"2024-0{draw(st.integers(1, 4))}-01",
        }  # fmt: skip
        if whose >= 0:
            tree["subject"] = {"reference": f"Patient/p{whose}"}
        if visits and draw(st.booleans()):
            tree["encounter"] = {"reference": f"Encounter/{draw(st.sampled_from(visits))}"}
        if number and draw(st.booleans()):
            tree["hasMember"] = [{"reference": f"Observation/o{draw(st.integers(0, number - 1))}"}]
        trees.append(labelled(tree))
    return trees


CONDITIONS = st.one_of(
    st.fixed_dictionaries({"labels": st.lists(st.sampled_from(LABELS), min_size=1, max_size=2, unique=True)}),
    st.fixed_dictionaries({"patient": st.sampled_from(["gender=female", "birthdate=ge1990-01-01"])}),
    st.fixed_dictionaries({"age": st.sampled_from([{"from": 10, "to": 17}, {"to": 30}, {"from": 18}])}),
    st.fixed_dictionaries({"care": st.booleans()}),
    st.fixed_dictionaries({"own": st.booleans()}),
    st.fixed_dictionaries({"facility": st.booleans()}),
    st.fixed_dictionaries({"no-patient": st.booleans()}),
)
BY_CRITERIA = st.one_of(
    st.tuples(
        st.just("Observation"),
        st.sampled_from(["category=laboratory", "status=final", "category=vital-signs&status=final"]),
    ),
    st.tuples(st.just("Encounter"), st.sampled_from(["status=finished", "class=AMB&status=planned"])),
)


@st.composite
def policies(draw: st.DrawFn) -> Tree:
    """A policy for the analyst, who reads everything but for a few rules with conditions."""
    rules: list[Tree] = [{"allow": ALL, "on": ["@directory"]}]
    base: Tree = {"allow": ALL, "on": ["@patient"]}
    if draw(st.booleans()):
        base["where"] = draw(CONDITIONS)
    rules.append(base)
    for _ in range(draw(st.integers(0, 2))):
        rule: Tree = {
            "deny": ["*"],
            "on": [draw(st.sampled_from(["@patient", "Observation", "Patient", "Encounter"]))],
        }
        rule["where"] = draw(CONDITIONS)
        if draw(st.booleans()):
            rule["where"] = {**rule["where"], **draw(CONDITIONS)}
        if draw(st.booleans()):
            rule["unless"] = draw(CONDITIONS)
        rules.append(rule)
    if draw(st.booleans()):
        kind, criteria = draw(BY_CRITERIA)
        rules.append(
            {draw(st.sampled_from(["allow", "deny"])): ALL, "on": [kind], "where": {"criteria": criteria}}
        )
    return {"policy": "analyst", "title": "Analyst", "roles": ["analyst"], "rules": rules}


def placed(trees: list[Tree], number: int) -> list[Tree]:
    """The example under ids and a tag of its own."""
    text = json.dumps(trees)
    for tree in trees:
        text = text.replace(f'"{tree["id"]}"', f'"{tree["id"]}-{number}"')
        text = text.replace(
            f'"{tree["resourceType"]}/{tree["id"]}"', f'"{tree["resourceType"]}/{tree["id"]}-{number}"'
        )
    found: list[Tree] = json.loads(text)
    for tree in found:
        tree.setdefault("meta", {})["tag"] = [{"system": TAG, "code": f"n{number}"}]
    return found


FILTERS = st.sampled_from([
    "Observation?", "Observation?category=laboratory", "Observation?status=final", "Observation?date=ge2024-02-01",
    "Patient?", "Patient?gender=female", "Encounter?", "Encounter?status=finished", "Observation?status:not=final",
    "Observation?subject:missing=true", "Encounter?class=AMB", "Patient?birthdate=ge1990-01-01",
])  # fmt: skip
SHAPES = st.sampled_from([
    "", "&_sort=_id", "&_sort=-_id", "&_sort=-_lastUpdated", "&_sort=_lastUpdated,-_id", "&_summary=count",
    "&_lastUpdated=gt2020-01-01", "&_elements=status", "&_total=none",
])  # fmt: skip
JOINS = st.sampled_from([
    "", "&_include=Observation:subject", "&_include=Observation:encounter&_include=Encounter:subject",
    "&_include=Observation:has-member", "&_include:iterate=Observation:has-member", "&_include=Observation:*",
    "&_include=Observation:encounter&_include:iterate=Encounter:patient",
])  # fmt: skip
BACK = st.sampled_from([
    "", "&_revinclude=Observation:subject", "&_revinclude=Encounter:subject",
    "&_revinclude=Observation:encounter", "&_revinclude=Observation:has-member",
])  # fmt: skip


@st.composite
def searches(draw: st.DrawFn) -> str:
    """A search of the example; `{}` is its number."""
    path = draw(FILTERS) + "&_tag=n{}" + draw(SHAPES)
    if path.startswith("Observation") and draw(st.booleans()):
        path += draw(st.sampled_from(["", "&_sort=date,_id"])) if "_sort" not in path else ""
    if "_summary" not in path:
        path += draw(JOINS) if path.startswith(("Observation", "Encounter")) else ""
        path += draw(BACK)
    if draw(st.booleans()):
        path += f"&_count={draw(st.integers(1, 3))}"
    return path.replace("?&", "?") + ("" if "_total" in path else "&_total=accurate")


@EXAMPLES
@given(trees=worlds(), policy=policies(), asked=st.lists(searches(), min_size=3, max_size=6))
def test_a_search_is_that_of_a_record_with_only_what_is_open(
    twins: Twins, trees: list[Tree], policy: Tree, asked: list[str]
) -> None:
    number = next(twins.numbers)
    twins.fill(placed(trees, number), policy)
    for path in asked:
        twins.agree(path.format(number))
    ids = ",".join(f"o{at}-{number}" for at in range(8))
    twins.agree(f"Observation?_id={ids}&_sort=-date,_id&_count=2&_total=accurate")


WIDE = [
    "?_tag=n{}&_count=4&_total=accurate", "?_type=Observation,Patient&_tag=n{}&_sort=-_id&_total=accurate",
    "?_type=Observation,Encounter&_tag=n{}&_include=*&_revinclude=Observation:has-member&_total=accurate",
]  # fmt: skip
ABOUT = [
    "Patient/p{}/*?_count=3&_total=accurate", "Patient/p{}/Observation?_summary=count",
    "Patient/p{}/Observation?_total=accurate&_include=Observation:encounter", "Patient/p{}/$everything?_count=3",
    "Patient/p{}/$everything?_type=Practitioner,Encounter", "Encounter/e{}/*?_total=accurate",
    "Encounter/e{}/$everything", "Practitioner/doc/Encounter?_total=accurate",
    "Observation/$lastn?patient=p{}&code=718-7&max=2", "Observation/$lastn?subject=Patient/p{}&category=laboratory",
]  # fmt: skip


@EXAMPLES
@given(trees=worlds(), policy=policies())
def test_what_is_found_widely_is_that_of_a_record_with_only_what_is_open(
    twins: Twins, trees: list[Tree], policy: Tree
) -> None:
    """Several types, compartments, whole records and the newest of each code; or refused whatever there is."""
    number = next(twins.numbers)
    twins.fill(placed(trees, number), policy)
    asked = [(path.format(number), path.format(0)) for path in WIDE]
    asked += [(path.format(f"{at}-{number}"), path.format("-nobody")) for path in ABOUT for at in range(3)]
    for path, other in asked:
        ours = twins.whole.ask("GET", f"/fhir{'' if path[0] == '?' else '/'}{path}", twins.one)
        if ours.status == 403:
            absent = twins.whole.ask("GET", f"/fhir{'' if path[0] == '?' else '/'}{other}", twins.one)
            assert (ours.status, ours.body) == (absent.status, absent.body), path
        else:
            twins.agree(path)


@EXAMPLES
@given(trees=worlds(), policy=policies())
def test_reads_and_histories_are_those_of_what_is_open(twins: Twins, trees: list[Tree], policy: Tree) -> None:
    number = next(twins.numbers)
    own = placed(trees, number)
    oracle = twins.fill(own, policy)
    asked = [(tree, f"/fhir/{tree['resourceType']}/{tree['id']}{rest}")
             for tree in own for rest in ("", "/_history/1", "/_history")]  # fmt: skip
    found = twins.whole.ask_all([("GET", path, twins.one, None) for _, path in asked])
    for (tree, path), answer in zip(asked, found, strict=True):
        is_open = oracle.may(twins.asker, "read", tree)
        assert (answer.status == 200) is is_open, (path, answer.status, policy)
    for kind in ("Observation", "Patient", "Encounter"):
        met = []
        for page in twins.whole.walk(f"/fhir/{kind}/_history?_count=3", twins.one):
            if page.status == 403:
                break
            assert page.status == 200, page.body
            entries = page.json().get("entry", ())
            met += [
                entry["resource"]["id"] for entry in entries if entry["resource"]["id"].endswith(f"-{number}")
            ]
            if len(entries) and not entries[-1]["resource"]["id"].endswith(f"-{number}"):
                break
        opened = [tree["id"] for tree in own
                  if tree["resourceType"] == kind and oracle.may(twins.asker, "read", tree)]  # fmt: skip
        assert sorted(met) == sorted(opened), (kind, policy)


HAS = [
    "Patient?_has:Observation:subject:status=final", "Patient?_has:Encounter:subject:_id={}",
    "Observation?subject.gender=female", "Observation?subject:Patient.birthdate=ge1990", "Observation?patient._id={}",
    "Observation?encounter.status=finished", "Observation?has-member._id={}", "Observation?subject:Patient._id={}",
    "Observation?encounter:Encounter.subject:Patient.gender=female",
]  # fmt: skip


@EXAMPLES
@given(trees=worlds(), policy=policies())
def test_chains_and_has_tell_nothing_of_what_is_hidden(twins: Twins, trees: list[Tree], policy: Tree) -> None:
    """They are answered as in the twin, or refused whatever there is."""
    number = next(twins.numbers)
    twins.fill(placed(trees, number), policy)
    for path in HAS:
        for id in (f"p0-{number}", f"o0-{number}", f"e0-{number}", "nobody"):
            asked = f"{path.format(id)}&_tag=n{number}&_total=accurate"
            ours = twins.whole.ask("GET", f"/fhir/{asked}", twins.one)
            if ours.status == 200:
                twins.agree(asked)
            else:
                nobody = f"{path.format('nobody')}&_tag=n0&_total=accurate"
                absent = twins.whole.ask("GET", f"/fhir/{nobody}", twins.one)
                assert ours.status == absent.status
                assert ours.status in (400, 403)  # shut for whoever is bounded, or with a type that is shut
                assert ours.without(id)[2] == absent.without("nobody")[2], asked


@EXAMPLES
@given(trees=worlds(), policy=policies(), count=st.integers(1, 3))
def test_a_page_of_somebody_else_shows_no_more(
    twins: Twins, trees: list[Tree], policy: Tree, count: int
) -> None:
    """The link to the next page, made for the administrator, in the hands of a bounded person."""
    number = next(twins.numbers)
    own = placed(trees, number)
    oracle = twins.fill(own, policy)
    administrator = twins.whole.session(cast.ADMINISTRATOR.name)
    opened = {tree["id"] for tree in own if oracle.may(twins.asker, "read", tree)}
    path = f"/fhir/Observation?_tag=n{number}&_count={count}&_total=accurate&_include=Observation:subject&_sort=-date"
    for page in twins.whole.walk(path, administrator):
        for link in page.json()["link"]:
            if link["relation"] == "self":
                continue
            url = "/fhir" + link["url"].partition("/fhir")[2]
            replayed = twins.whole.ask("GET", url, twins.one)
            if replayed.status == 200:
                tale = replayed.json()
                met = [entry for entry in tale.get("entry", ()) if entry["search"]["mode"] != "outcome"]
                assert {entry["resource"]["id"] for entry in met} <= opened
                hidden = sum(
                    tree["resourceType"] == "Observation" and tree["id"] not in opened for tree in own
                )
                shown = sum(tree["resourceType"] == "Observation" and tree["id"] in opened for tree in own)
                assert not hidden or tale.get("total", shown) == shown, (tale.get("total"), shown, hidden)


@EXAMPLES
@given(trees=worlds(), policy=policies())
def test_conditional_writes_and_references_find_only_what_is_open(
    twins: Twins, trees: list[Tree], policy: Tree
) -> None:
    """If-None-Exist, conditional update and conditional references, against the answers in the twin."""
    number = next(twins.numbers)
    own = placed(trees, number)
    policy["rules"].append({"allow": ["create", "update", "patch", "delete"], "on": ["Basic", "Observation"]})
    oracle = twins.fill(own, policy)
    basic = {"resourceType": "Basic", "code": {"text": "x"}}
    for tree in own:
        kind, id = tree["resourceType"], tree["id"]
        is_open = oracle.may(twins.asker, "search", tree)
        request = {"method": "POST", "url": "Basic"}
        linked = {**basic, "extension": [{"url": "http://example.org/x", "valueReference": {
            "reference": f"{kind}?_id={id}"}}]}  # fmt: skip
        bundle = {
            "resourceType": "Bundle",
            "type": "transaction",
            "entry": [{"resource": linked, "request": request}],
        }
        answer = twins.whole.ask("POST", "/fhir", twins.one, bundle)
        nobody = f"x{id[1:]}"  # as long as the other
        none = json.loads(json.dumps(bundle).replace(id, nobody))
        absent = twins.whole.ask("POST", "/fhir", twins.one, none)
        if is_open:
            continue
        assert answer.without(id) == absent.without(nobody), (answer, absent)
        if kind == "Observation":
            gone = twins.whole.ask("DELETE", f"/fhir/Observation?_id={id}", twins.one)
            never = twins.whole.ask("DELETE", f"/fhir/Observation?_id={nobody}", twins.one)
            assert gone.without(id) == never.without(nobody)
            assert twins.whole.ask("GET", f"/fhir/Observation/{id}", twins.whole.everything).status == 200
