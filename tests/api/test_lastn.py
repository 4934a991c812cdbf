"""$lastn: the newest observations of each code, against a plain reading of the operation's definition."""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Callable
from typing import Any

import pytest

from charthouse.app import Clinic
from tests.api.charts import LOCAL, Charts, Tree, concept, to
from tests.api.conftest import BASE, Caller, outcome
from tests.api.test_history import link
from tests.api.test_wide import NARROW, charts, matches, narrow, open_to_narrow, seen

__all__ = ["charts", "narrow"]


def code(tree: Tree) -> set[tuple[str, str]]:
    """What stands for the code: each coding, or the text where there is none."""
    codings = tree["code"].get("coding")
    return {(one["system"], one["code"]) for one in codings} if codings else {("", tree["code"]["text"])}


def moment(tree: Tree) -> tuple[bool, str]:
    """When it was, as text that sorts; what does not say so is older than all."""
    when = tree.get("effectiveDateTime") or tree.get("effectivePeriod", {}).get("start")
    if when is None:
        return False, ""
    return True, when if "T" in when else f"{when}T00:00:00Z"


def newest(trees: list[Tree], most: int) -> dict[str, tuple[bool, str]]:
    """Id -> moment of those that are given: codes that meet in one tree are one, over as many steps as it takes."""
    groups: list[tuple[set[tuple[str, str]], list[Tree]]] = []
    for tree in trees:
        mine, inside = code(tree), [tree]
        for group in [group for group in groups if group[0] & mine]:
            groups.remove(group)
            mine, inside = mine | group[0], inside + group[1]
        groups.append((mine, inside))
    found = {}
    for _, inside in groups:
        last = sorted((moment(tree) for tree in inside), reverse=True)[:most][-1]
        found |= {tree["id"]: moment(tree) for tree in inside if moment(tree) >= last}
    return found


def expected(trees: list[Tree], most: int) -> dict[str, tuple[bool, str]]:
    """The same of each subject for itself."""
    subjects = defaultdict(list)
    for tree in trees:
        subjects[tree["subject"]["reference"]].append(tree)
    return {id: when for mine in subjects.values() for id, when in newest(mine, most).items()}


def categorized(tree: Tree) -> str:
    return str(tree["category"][0]["coding"][0]["code"])


ASKED: list[tuple[str, Callable[[Tree], bool]]] = [
    ("category=laboratory,vital-signs", lambda _: True),
    ("category=laboratory", lambda tree: categorized(tree) == "laboratory"),
    (f"code={LOCAL}|a,{LOCAL}|c", lambda tree: bool(code(tree) & {(LOCAL, "a"), (LOCAL, "c")})),
    ("category=vital-signs&date=ge2020-02-01", lambda tree: categorized(tree) == "vital-signs" and (
        moment(tree)[1] >= "2020-02-01" or "effectivePeriod" in tree)),
]  # fmt: skip


@pytest.mark.parametrize("is_narrow", [False, True])
@pytest.mark.parametrize(
    "who", ["patient=p1", "subject=Patient/p2", "patient=p1,p2,p3", "subject=Device/v2", "patient=p4"]
)
def test_the_newest_of_each_code_are_those_of_a_plain_look(
    caller: Caller, narrow: Caller, charts: Charts, who: str, is_narrow: bool
) -> None:
    named = who.partition("=")[2].split(",")
    subjects = {one if "/" in one else f"Patient/{one}" for one in named}
    hits = 0
    for query, meets in ASKED:
        trees = [tree for tree in charts.trees.values() if tree["resourceType"] == "Observation"
                 and tree["subject"]["reference"] in subjects and meets(tree)
                 and open_to_narrow(tree, narrow=is_narrow)]  # fmt: skip
        for most in (None, 1, 2, 5):
            asked = f"Observation/$lastn?{who}&{query}" + (f"&max={most}" if most else "")
            bundle = (narrow if is_narrow else caller).get(asked).json()
            wanted = expected(trees, most or 1)
            found = [name.partition("/")[2] for name in matches([bundle])]
            assert len(found) == len(set(found)) == bundle["total"]
            assert set(found) == wanted.keys(), asked
            moments = [wanted[id] for id in found]
            assert moments == sorted(moments, reverse=True)
            assert link(bundle, "self") == f"{BASE}/{asked}"
            hits += len(found)
    assert hits or who == "patient=p4"


def test_translations_are_joined_over_many_steps_and_ties_are_kept(caller: Caller) -> None:
    draw = random.Random(1)
    caller.put("Patient/chain", {"resourceType": "Patient", "id": "chain"})
    trees = []
    for number in range(60):
        codes = draw.sample([f"t{one}" for one in range(14)], draw.choice((1, 1, 1, 2)))
        trees.append({
            "resourceType": "Observation", "id": f"chain{number}", "status": "final", "subject": to("Patient", "chain"),
            "category": [concept("survey")], "code": concept(*codes),
            **draw.choice(({}, {"effectiveDateTime": f"2020-01-{draw.randint(10, 14)}T08:00:00Z"})),
        })  # fmt: skip
    entries = [
        {"resource": tree, "request": {"method": "PUT", "url": f"Observation/{tree['id']}"}} for tree in trees
    ]
    assert (
        caller.post("", {"resourceType": "Bundle", "type": "transaction", "entry": entries}).status_code
        == 200
    )
    for most in (1, 2, 3, 10, 100):
        sent: dict[str, Any] = {"resourceType": "Parameters", "parameter": [
            {"name": "patient", "valueString": "chain"}, {"name": "category", "valueString": "survey"},
            {"name": "max", "valueInteger": most}]}  # fmt: skip
        bundle = caller.post("Observation/$lastn", sent).json()
        assert {name.partition("/")[2] for name in matches([bundle])} == newest(trees, most).keys()


def test_what_comes_along_and_what_is_audited(caller: Caller, clinic: Clinic, charts: Charts) -> None:
    assert charts
    bundle = caller.get(
        "Observation/$lastn?patient=p1&category=laboratory&_include=Observation:subject"
    ).json()
    assert set(matches([bundle], "include")) == {"Patient/p1"}
    (event,) = seen(clinic, 1)
    assert (event.interaction, event.type, len(event.patients)) == ("search", "Observation", 1)
    assert len(event.resources) == len(bundle["entry"])
    count = caller.get("Observation/$lastn?patient=p1&category=laboratory&_summary=count").json()
    assert ("entry" not in count, count["total"]) == (True, bundle["total"])
    empty = caller.get("Observation/$lastn?patient=nobody&category=laboratory").json()
    assert (empty["total"], "entry" in empty) == (0, False)


@pytest.mark.parametrize(
    ("query", "place"),
    [
        ("category=laboratory", "patient"), ("patient=p1", "category"), ("patient=p1&code:missing=true", "category"),
        ("patient:missing=true&code=a", "patient"), ("patient=p1&code=a&max=0", "max"),
        ("patient=p1&code=a&max=x", "max"), ("patient=p1&code=a&_count=3", "_count"),
        ("patient=p1&code=a&_sort=date", "_sort"), ("patient=p1&code=a&colour=red", "colour"),
    ],
)  # fmt: skip
def test_a_question_that_is_none_is_refused(caller: Caller, query: str, place: str) -> None:
    assert outcome(caller.get(f"Observation/$lastn?{query}"), 400)["expression"] == [place]


def test_it_needs_the_right_to_search_observations(narrow: Caller, caller: Caller) -> None:
    assert "Observation.rs" in NARROW
    assert narrow.get("Observation/$lastn?patient=p1&code=a").status_code == 200
    assert caller.get("Observation/w1/$lastn?patient=p1&code=a").status_code == 404
    assert caller.get("Condition/$lastn?patient=p1&code=a").status_code == 404
