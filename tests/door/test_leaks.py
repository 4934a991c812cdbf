"""The leak matrix: every route x everybody x what is theirs, open, hidden, deleted and absent.

What is hidden must answer as what is not there, and stay as it is; what is open must be there.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from charthouse.access.routes import describe
from charthouse.base.settings import Settings
from tests.door.oracle import Asker, Oracle, Tree
from tests.door.rooms import Answer, Room, chart, directory, everybody, label, observation

LEAST = 5_000
FEW = frozenset({"Patient", "Observation", "Encounter", "DocumentReference", "Appointment"})  # asked in full
SLICE = 400  # requests under way at once
NUMBER = "http://example.org/number"
JSON_PATCH = {"content-type": "application/json-patch+json"}
LANGUAGE = [{"op": "add", "path": "/language", "value": "en"}]
PATCH_PARAMETERS = {
    "resourceType": "Parameters",
    "parameter": [{"name": "operation", "part": [
        {"name": "type", "valueCode": "add"}, {"name": "path", "valueString": "Resource"},
        {"name": "name", "valueString": "language"}, {"name": "value", "valueCode": "en"}]}],
}  # fmt: skip
MATCH = {"if-match": 'W/"1"'}

Request = tuple[str, str, dict[str, str], Any]


@dataclass(frozen=True, slots=True)
class Target:
    """A resource that is asked for; `whose` is the id of the patient it names, or that of its type."""

    kind: str
    id: str
    whose: str
    tree: Tree

    def named(self, id: str, whose: str) -> Target:
        """The same under another name, as if it were that which is asked for."""
        text = (
            json.dumps(self.tree)
            .replace(f'"{self.id}"', f'"{id}"')
            .replace(f"Patient/{self.whose}", f"Patient/{whose}")
        )
        return Target(self.kind, id, whose, json.loads(text))


class World:
    """Four charts, and what was done to them."""

    def __init__(self, room: Room) -> None:
        self.room = room
        own = chart("own01")
        find(own, "own01-encounter")["participant"] = [{"individual": {"reference": "Practitioner/lea"}}]
        vip = chart("vip01")
        vip[0] = label(vip[0], "VIP")
        emp = chart("emp01", organization="there")
        emp[0] = label(emp[0], "EMP")
        find(emp, "emp01-careteam")["participant"] = [{"member": {"reference": "Practitioner/doc"}}]
        oth = chart("oth01", organization="there")
        kinds = [(tree["resourceType"], tree) for tree in chart("oth01") if tree["resourceType"] != "Patient"]
        eth = [
            label({**tree, "id": f"eth01-{kind.lower()}"}, "ETH")
            for kind, tree in kinds
            if tree["id"] != "oth01-vitals"
        ]
        note = label({**find(oth, "oth01-documentreference"), "id": "psy01-documentreference"}, "PSYTHPN")
        mine = label({**find(own, "own01-documentreference"), "id": "psm01-documentreference"}, "PSYTHPN")
        # What was one thing first and is another now.
        before = [
            observation("add01-observation", "own01"),
            label(observation("rem01-observation", "own01"), "PSYTHPN"),
            observation("cor01-observation", "vip01"),
            observation("mov01-observation", "own01"),
        ]
        after = [
            label(observation("add01-observation", "own01"), "PSYTHPN"),
            observation("rem01-observation", "own01"),
            observation("cor01-observation", "own01"),
            observation("mov01-observation", "vip01"),
        ]
        deleted = [
            observation("dvi01-observation", "vip01"),
            label(observation("dps01-observation", "oth01"), "PSYTHPN"),
            observation("dow01-observation", "own01"),
        ]
        names = [observation("ref01-observation", "own01", hasMember=[
            {"reference": f"{kind}/nam01-{kind.lower()}"} for kind in ("Observation", "QuestionnaireResponse")
        ])]  # fmt: skip
        stray = {
            name: value for name, value in observation("non01-observation", "").items() if name != "subject"
        }
        names.append(stray)
        room.store([*directory(), *own, *vip, *emp, *oth, *eth, note, mine, *before, *deleted, *names])
        room.store(after, *(f"Observation/{tree['id']}" for tree in deleted))
        self.trees = [*directory(), *own, *vip, *emp, *oth, *eth, note, mine, *after, *names]
        self.texts = [json.dumps(tree) for tree in self.trees]
        self.deleted = deleted
        self.before = {tree["id"]: tree for tree in before}
        room.put_policy({
            "policy": "coders-here", "roles": ["coder"],
            "rules": [{"deny": ["*"], "on": ["@patient"], "where": {"facility": False}}],
        })  # fmt: skip
        self.askers = everybody(room)
        self.oracle = Oracle(room.documents(), self.trees)

    def target(self, tree: Tree) -> Target:
        return Target(tree["resourceType"], tree["id"], self.oracle.patient(tree) or "abs01", tree)


def find(trees: list[Tree], id: str) -> Tree:
    return next(tree for tree in trees if tree["id"] == id)


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    room = Room(Settings(data=tmp_path_factory.mktemp("leaks"), body_limit=2_000_000, rate_session=0))
    yield World(room)
    room.close()


def bundle(kind: str, *entries: Any) -> Tree:
    return {"resourceType": "Bundle", "type": kind, "entry": list(entries)}


def inside(method: str, url: str, resource: Tree | None = None, **more: str) -> Tree:
    return {"request": {"method": method, "url": url, **more}} | ({"resource": resource} if resource else {})


def reads(it: Target) -> dict[str, Request]:
    """By name: every way to look at one resource. The first word is the interaction that the name is about."""
    one, kind, id = f"/fhir/{it.kind}/{it.id}", f"/fhir/{it.kind}", it.id
    form = {"content-type": "application/x-www-form-urlencoded"}
    asked = {
        "read": one, "read xml": f"{one}?_format=xml", "read summary": f"{one}?_summary=true",
        "read elements": f"{one}?_elements=id",
        "vread": f"{one}/_history/1", "vread of none": f"{one}/_history/99",
        "history": f"{one}/_history", "history count": f"{one}/_history?_count=1",
        "history since": f"{one}/_history?_since=2020-01-01T00:00:00Z",
        "search": f"{kind}?_id={id}", "search total": f"{kind}?_id={id}&_total=accurate",
        "search count": f"{kind}?_id={id}&_summary=count",
        "search sorted": f"{kind}?_id={id},non01-observation&_sort=-_lastUpdated&_count=1",
        "search included": f"{kind}?_id={id}&_include={it.kind}:*&_revinclude=Observation:*",
        "search since": f"{kind}?_id={id}&_lastUpdated=gt2020-01-01",
        "search explained": f"{kind}?_id={id}&_explain=true",
        "search of patient": f"{kind}?patient={it.whose}&_id={id}",
        "search of patient counted": f"{kind}?patient=Patient/{it.whose}&_id={id}&_summary=count",
        "validate": f"{one}/$validate",
        "inside": f"{one}/*", "inside counted": f"{one}/*?_summary=count", "inside a page": f"{one}/*?_count=1",
        "inside a type": f"{one}/Observation?_total=accurate",
        "everything": f"{one}/$everything", "everything a page": f"{one}/$everything?_count=1",
        "everything of a type": f"{one}/$everything?_type=Practitioner",
        "wide": f"/fhir?_id={id}&_total=accurate", "wide counted": f"/fhir?_type={it.kind}&_id={id}&_summary=count",
        "wide included": f"/fhir?_type={it.kind}&_id={id}&_include=*&_revinclude=*",
        "newest": f"/fhir/Observation/$lastn?patient={it.whose}&category=laboratory,vital-signs&_id={id}&max=3",
        "history of a list": f"{one}/_history?_list={it.whose}-list",
    }  # fmt: skip
    found: dict[str, Request] = {name: ("GET", path, {}, None) for name, path in asked.items()}
    found["read head"] = ("HEAD", one, {}, None)
    found["read unless known"] = ("GET", one, {"if-none-match": 'W/"1"'}, None)
    found["read unless older"] = ("GET", one, {"if-modified-since": "Mon, 23 Nov 2099 15:26:00 GMT"}, None)
    found["search posted"] = ("POST", f"{kind}/_search", form, f"_id={id}".encode())
    found["inside posted"] = ("POST", f"{one}/Observation/_search", form, b"_total=accurate")
    found["everything posted"] = ("POST", f"{one}/$everything", {}, {"resourceType": "Parameters"})
    found["validate posted"] = ("POST", f"{one}/$validate", {}, it.tree)
    batch = [inside("GET", path) for path in (
        f"{it.kind}/{id}", f"{it.kind}/{id}/_history/1", f"{it.kind}/{id}/_history", f"{it.kind}?_id={id}",
        f"{it.kind}/{id}/*", f"{it.kind}/{id}/$everything", f"?_type={it.kind}&_id={id}",
    )]  # fmt: skip
    found["batch"] = ("POST", "/fhir", {}, bundle("batch", *batch))
    found["transaction"] = ("POST", "/fhir", {}, bundle("transaction", inside("GET", f"{it.kind}/{id}")))
    for criteria in ("encounter=Encounter/{}", "has-member=Observation/{}", "subject=Patient/{}"):
        found[f"search by {criteria}"] = (
            "GET",
            f"/fhir/Observation?{criteria.format(id)}&_total=accurate",
            {},
            None,
        )
    return found


def writes(it: Target) -> dict[str, Request]:
    """By name: every way to change what one may not even see. Bodies are good ones, but about nobody known."""
    one, kind, url = f"/fhir/{it.kind}/{it.id}", f"/fhir/{it.kind}", f"{it.kind}/{it.id}"
    stray = it.named(it.id, "abs01").tree
    unnamed = {name: value for name, value in stray.items() if name != "id"}
    criteria = f"_id={it.id}"
    found: dict[str, Request] = {
        "put": ("PUT", one, {}, it.tree),
        "put matched": ("PUT", one, dict(MATCH), it.tree),
        "put matched wrong": ("PUT", one, {"if-match": 'W/"7"'}, it.tree),
        "put if none": ("PUT", one, {"if-none-match": "*"}, it.tree),
        "put about nobody": ("PUT", one, {}, stray),
        "patch": ("PATCH", one, JSON_PATCH, LANGUAGE),
        "patch matched": ("PATCH", one, {**JSON_PATCH, **MATCH}, LANGUAGE),
        "patch by path": ("PATCH", one, {}, PATCH_PARAMETERS),
        "patch that fails": ("PATCH", one, JSON_PATCH, [{"op": "test", "path": "/id", "value": "x"}]),
        "delete": ("DELETE", one, {}, None),
        "delete matched": ("DELETE", one, dict(MATCH), None),
        "delete matched wrong": ("DELETE", one, {"if-match": 'W/"7"'}, None),
        "create if none exist": ("POST", kind, {"if-none-exist": criteria}, unnamed),
        "conditional put": ("PUT", f"{kind}?{criteria}", {}, unnamed),
        "conditional patch": ("PATCH", f"{kind}?{criteria}", JSON_PATCH, LANGUAGE),
        "conditional delete": ("DELETE", f"{kind}?{criteria}", {}, None),
        "batch of writes": ("POST", "/fhir", {}, bundle(
            "batch", inside("PUT", url, it.tree), inside("PUT", url, it.tree, ifMatch='W/"1"'),
            inside("DELETE", url), inside("DELETE", f"{it.kind}?{criteria}"),
            inside("POST", it.kind, unnamed, ifNoneExist=criteria),
            inside("PATCH", url, PATCH_PARAMETERS))),
    }  # fmt: skip
    singly = {
        "PUT": inside("PUT", url, it.tree), "matched PUT": inside("PUT", url, it.tree, ifMatch='W/"1"'),
        "DELETE": inside("DELETE", url), "PATCH": inside("PATCH", url, PATCH_PARAMETERS),
        "conditional DELETE": inside("DELETE", f"{it.kind}?{criteria}"),
        "conditional POST": inside("POST", it.kind, unnamed, ifNoneExist=criteria),
    }  # fmt: skip
    if it.kind == "Patient":
        new = {"resourceType": "Observation", "status": "final", "code": {"text": "x"}}
        for way, reference in (("conditional ", f"Patient?_id={it.id}"), ("", f"Patient/{it.id}")):
            new["subject"] = {"reference": reference}
            singly[f"POST with a {way}reference"] = inside("POST", "Observation", {**new})
    for name, entry in singly.items():
        found[f"transaction of {name}"] = ("POST", "/fhir", {}, bundle("transaction", entry))
    return found


def pages(it: Target, rows: list[dict[str, Any]]) -> dict[str, Request]:
    """By address in the table: every page that is about one resource."""
    found: dict[str, Request] = {}
    for row in rows:
        path = row["path"]
        if path.startswith("/fhir") or "GET" not in row["methods"] or "app" in path:
            continue
        if "{patient}" in path and it.kind == "Patient":
            for section in ("documents", "problems", "results") if "{section}" in path else ("",):
                found[f"{path} {section}"] = ("GET", path.format(patient=it.id, section=section), {}, None)
        if "{type}" in path:
            found[path] = ("GET", path.format(type=it.kind, id=it.id, number="0"), {}, None)
    return found


def test_every_address_of_a_single_record_is_in_the_matrix(world: World) -> None:
    """A route that is added later must be thought of here."""
    it = world.target(find(world.trees, "vip01"))
    rows = describe(world.room.app)
    asked = {**reads(it), **writes(it)}
    met = {(method, path.partition("?")[0]) for method, path, _, _ in asked.values()}
    for row in rows:
        if row["path"].startswith(("/fhir/{type}/{id}", "/fhir/Patient/{id}")):
            path = row["path"].format(type="Patient", id="vip01", version="1", kind="Observation")
            for method in set(row["methods"]) - {"HEAD"}:
                assert (method, path) in met, (method, row["path"])
    of_records = {row["path"] for row in rows if not row["path"].startswith("/fhir")
                  and ("{patient}" in row["path"] or "{type}" in row["path"])
                  and "GET" in row["methods"] and "app" not in row["path"]}  # fmt: skip
    assert of_records <= {name.partition(" ")[0] for name in pages(it, rows)}


def found_in(answer: Answer) -> int:
    """How many matches a search gave."""
    if answer.status != 200:
        return -1
    return sum(entry.get("search", {}).get("mode") == "match" for entry in answer.json().get("entry", ()))


def difference(got: tuple[Any, ...], expected: tuple[Any, ...]) -> str:
    """Where two answers part, with a little around it."""
    one, other = repr(got), repr(expected)
    place = next((at for at, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), 0)
    start = max(0, place - 60)
    return (
        f"{got[0]} ...{one[start : place + 160]}\n    absent: {expected[0]} ...{other[start : place + 160]}"
    )


def asked_of(world: World, who: Asker, it: Target) -> dict[str, Request]:
    more = pages(it, describe(world.room.app)) if who.has_pages else {}
    found = {**reads(it), **more}
    return {name: (method, path, {**who.headers, **headers}, body)
            for name, (method, path, headers, body) in found.items()}  # fmt: skip


def all_answers(room: Room, asked: list[Request]) -> list[Answer]:
    return [
        answer
        for start in range(0, len(asked), SLICE)
        for answer in room.ask_all(asked[start : start + SLICE])
    ]


def test_what_is_open_is_there_and_what_is_hidden_is_not(world: World) -> None:
    """Every record x everybody, by plain reads and searches: the oracle alone says which."""
    pairs = [(who, tree) for who in world.askers for tree in world.trees]
    asked: list[Request] = []
    for who, tree in pairs:
        kind, id = tree["resourceType"], tree["id"]
        asked.append(("GET", f"/fhir/{kind}/{id}", dict(who.headers), None))
        asked.append(("GET", f"/fhir/{kind}?_id={id}", dict(who.headers), None))
    wrong: Counter[str] = Counter()
    found = all_answers(world.room, asked)
    for (who, tree), read, search in zip(pairs, found[::2], found[1::2], strict=True):
        for word, met in (("read", read.status == 200), ("search", found_in(search) == 1)):
            if met is not world.oracle.may(who, word, tree):
                wrong[f"{who.name}: {word} {tree['resourceType']}/{tree['id']} answers {read.status}"] += 1
    assert not wrong, list(wrong)


def given(bundle: Tree, mode: str) -> list[tuple[str, str]]:
    """(type, id) of what a search gave."""
    return [(entry["resource"]["resourceType"], entry["resource"]["id"]) for entry in bundle.get("entry", ())
            if entry["search"]["mode"] == mode]  # fmt: skip


def test_a_whole_record_and_a_compartment_hold_what_is_open_and_count_nothing_else(world: World) -> None:
    """Everybody x four patients: what is given is what the oracle opens, in pages, totals and groups alike."""
    patients = ("own01", "vip01", "emp01", "oth01")
    pairs = [(who, id) for who in world.askers for id in patients]
    ways = (
        "$everything",
        "*?_count=200&_total=accurate",
        "Observation?_total=accurate",
        "$everything?_count=7",
    )
    asked: list[Request] = [
        ("GET", f"/fhir/Patient/{id}/{way}", dict(who.headers), None) for who, id in pairs for way in ways
    ]
    newest = "/fhir/Observation/$lastn?category=laboratory&max=1&patient="
    asked += [("GET", f"{newest}{id}", dict(who.headers), None) for who, id in pairs]
    found = all_answers(world.room, asked)
    written = {
        tree["id"]: world.room.ask("GET", f"/fhir/Observation/{tree['id']}", world.room.everything).json()["meta"]
        for tree in world.trees if tree["resourceType"] == "Observation"
    }  # fmt: skip
    known = {(tree["resourceType"], tree["id"]): tree for tree in world.trees}
    opened = 0
    for place, (who, id) in enumerate(pairs):
        whole, star, some, page = found[place * len(ways) : (place + 1) * len(ways)]
        last = found[len(pairs) * len(ways) + place]

        def may(tree: Tree, who: Asker = who) -> bool:
            return world.oracle.may(who, "search", tree) and world.oracle.may(who, "read", tree)

        inside = {one for one, tree in known.items() if world.oracle.patient(tree) == id and may(tree)}
        results = {one for one in inside if one[0] == "Observation"}
        if not world.oracle.may(who, "read", known["Patient", id]):
            assert {answer.status for answer in (whole, star, some, page)} <= {403, 404}, who.name
        elif whole.status == 200:
            assert set(given(whole.json(), "match")) == inside, (who.name, id)
            brought = given(whole.json(), "include")
            assert all(world.oracle.may(who, "read", known[one]) for one in brought), (who.name, brought)
            assert len(given(page.json(), "match")) == min(7, len(inside))
            compartment = {one for one in inside if one[0] not in ("Device", "Binary")}
            assert set(given(star.json(), "match")) == compartment
            assert star.json()["total"] == len(compartment)
            if some.status == 200:
                assert (set(given(some.json(), "match")), some.json()["total"]) == (results, len(results))
            opened += len(inside)
        if last.status == 200:
            lab = {one: written[one[1]]["lastUpdated"] for one in results
                   if known[one]["category"][0]["coding"][0]["code"] == "laboratory"}  # fmt: skip
            assert set(given(last.json(), "match")) == {
                one for one, at in lab.items() if at == max(lab.values())
            }
    assert opened > 300


def test_hidden_answers_as_absent_on_every_route(world: World) -> None:
    """The matrix itself: reads, searches, pages and writes."""
    before = world.room.state()
    combinations = 0
    wrong: dict[str, str] = {}
    targets = [(world.target(tree), False) for tree in world.trees if "nam01-" not in tree["id"]]
    targets += [(world.target(tree), True) for tree in world.deleted]
    for who in world.askers:
        asked: list[Request] = []
        met: list[tuple[str, Target, Target]] = []
        for it, is_deleted in targets:
            if world.oracle.may(who, "read", it.tree) or it.kind in (
                "Practitioner",
                "Organization",
                "Location",
            ):
                continue
            if it.id[:5] in ("emp01", "oth01", "own01") and it.kind not in FEW:
                continue  # the same as with the others
            absent = it.named("abs01" if it.kind == "Patient" else f"abs01{it.id[5:]}", "abs01")
            ours, theirs = asked_of(world, who, it), asked_of(world, who, absent)
            if not is_deleted or it.tree["id"].startswith(("dvi01", "dps01")):
                for name, request in writes(it).items():
                    method, path, headers, body = request
                    ours[name] = (method, path, {**who.headers, **headers}, body)
                    method, path, headers, body = writes(absent)[name]
                    theirs[name] = (method, path, {**who.headers, **headers}, body)
            is_whole = it.kind in FEW and it.id[:3] in ("vip", "psy", "add", "dvi")
            if any(f'"{it.kind}/{it.id}"' in text and world.oracle.may(who, "search", world.trees[at])
                   for at, text in enumerate(world.texts)):  # fmt: skip
                ours = {
                    name: one for name, one in ours.items() if "search by" not in name
                }  # what is open names it
            if it.id == "non01-observation":
                ours.pop("search sorted")
            for turn, (name, request) in enumerate(ours.items()):
                if not is_whole and (turn + len(met)) % 8:
                    continue
                asked += [request, theirs[name]]
                met.append((name, it, absent))
        answers = all_answers(world.room, asked)
        for (name, it, absent), ours_, theirs_ in zip(met, answers[::2], answers[1::2], strict=True):
            combinations += 1
            got = ours_.without(it.id, it.whose, f"Patient/{it.whose}")
            expected = theirs_.without(absent.id, absent.whose, f"Patient/{absent.whose}")
            if got != expected:
                wrong.setdefault(f"{who.name}: {name} {it.kind}", f"{it.id}: {difference(got, expected)}")
    print("combinations", combinations)
    assert world.room.state() == before
    assert not wrong, f"{len(wrong)} of {combinations}: " + "\n".join(f"{k}: {v}" for k, v in wrong.items())
    assert combinations >= LEAST, combinations
