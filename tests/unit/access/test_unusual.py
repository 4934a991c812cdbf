"""Unusual access: each reason by hand, and everything together against a slow recount."""

from __future__ import annotations

import json
import random
from collections import Counter, defaultdict
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from statistics import median
from typing import Any

import pytest

from charthouse.access.trail.limits import Limits, checked, limits
from charthouse.access.trail.unusual import (
    Chart,
    Opened,
    Relation,
    Staff,
    addresses,
    families,
    is_same,
    marks,
    merged,
    of_chart,
    of_day,
    surname,
)
from charthouse.base.errors import Problem
from tests import cast
from tests.unit.access.trails import DAY, START, Scene, encounter, patient, practitioner, scene

HOUR = DAY // 24
TIED = Relation(anybody=True, self=True)
PLAIN = Limits(zone="UTC")


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def here(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Scene]:
    url = (lambda: request.getfixturevalue("postgres_url")) if request.param == "postgres" else None
    with scene(tmp_path, url) as opened:
        opened.clinic.write(_utc)
        yield opened


def _utc(connection: Any) -> None:
    connection.run("INSERT INTO threshold (name, value, at, actor) VALUES ('zone', 'UTC', 0, 0)")


def codes(found: list[dict[str, Any]]) -> list[str]:
    return [one["code"] for one in found]


# -- one reason at a time


def test_a_visit_a_plain_hour_and_another_name_are_not_unusual() -> None:
    staff, chart = Staff(frozenset({"okafor"})), Chart(frozenset({"kim"}))
    assert of_chart(staff, chart, Opened(7, 3, 0), TIED, PLAIN) == []


def test_the_own_chart_is_told_once_and_not_as_a_relative_s() -> None:
    staff = Staff(frozenset({"kim"}), frozenset({"1main|10001"}), frozenset({7}))
    chart = Chart(frozenset({"kim"}), frozenset({"1main|10001"}))
    assert codes(of_chart(staff, chart, Opened(7, 1, 0), Relation(), PLAIN)) == ["own"]


@pytest.mark.parametrize(
    ("limit", "found"),
    [({}, ["surname", "address"]), ({"surname": 0}, ["address"]), ({"surname": 0, "address": 0}, [])],
)
def test_a_shared_surname_and_address_are_told_unless_put_to_rest(
    limit: dict[str, int], found: list[str]
) -> None:
    staff = Staff(frozenset({"kim"}), frozenset({"1main|10001"}))
    chart = Chart(frozenset({"kim", "lee"}), frozenset({"1main|10001"}))
    assert codes(of_chart(staff, chart, Opened(7, 1, 0), TIED, Limits(**limit))) == found  # type: ignore[arg-type]


def test_a_vip_is_told_by_the_mark() -> None:
    chart = Chart(marks=frozenset({"CEL", "R"}))
    assert of_chart(Staff(), chart, Opened(7, 1, 0), TIED, PLAIN) == [{"code": "vip", "marks": ["CEL"]}]


@pytest.mark.parametrize(
    ("relation", "own", "known", "told"),
    [
        (Relation(), 0, True, True),
        (Relation(anybody=True), 0, True, False),
        (Relation(anybody=True), 1, True, True),
        (Relation(anybody=True), 1, False, False),  # nobody knows who they are in visits
        (Relation(anybody=True, self=True), 1, True, False),
        (Relation(team=True), 1, True, False),
    ],
)
def test_without_a_visit_or_a_place_in_the_care_the_opening_is_told(
    relation: Relation, own: int, *, known: bool, told: bool
) -> None:
    found = of_chart(Staff(is_known=known), Chart(), Opened(7, 1, 0), relation, Limits(relation_own=own))
    assert codes(found) == (["relation"] if told else [])


def test_an_odd_hour_is_told_unless_it_is_usual_for_the_person() -> None:
    assert codes(of_chart(Staff(), Chart(), Opened(7, 4, 2), TIED, PLAIN)) == ["odd"]
    assert of_chart(Staff(), Chart(), Opened(7, 4, 2, usual_odd=3), TIED, PLAIN) == []


@pytest.mark.parametrize(
    ("hour", "odd"), [(21, False), (22, True), (23, True), (0, True), (4, True), (5, False)]
)
def test_odd_hours_reach_over_midnight_on_the_clock_of_the_clinic(hour: int, *, odd: bool) -> None:
    assert PLAIN.is_odd(START + hour * HOUR) is odd
    elsewhere = Limits(zone="Asia/Tokyo")
    assert elsewhere.is_odd(START + ((hour - 9) % 24) * HOUR) is odd
    assert not Limits(zone="UTC", odd_from=0, odd_until=0).is_odd(START + hour * HOUR)


@pytest.mark.parametrize(
    ("charts", "own", "peers", "told"),
    [
        (40, [10] * 5, [12] * 5, True),
        (29, [2] * 5, [2] * 5, False),  # below the floor
        (40, [10] * 5, [14] * 5, False),  # others open as many
        (40, [14] * 5, [10] * 5, False),  # usual for this person
        (40, [10] * 4, [], False),  # nothing to compare with
        (40, [], [10] * 5, True),  # new here
    ],
)
def test_many_charts_are_told_beside_what_is_usual(
    charts: int, own: list[int], peers: list[int], *, told: bool
) -> None:
    assert (of_day(charts, own, peers, PLAIN) is not None) is told
    assert of_day(charts, own, peers, Limits(volume_factor=0)) is None


@pytest.mark.parametrize(
    ("display", "found"),
    [
        ("Dr Ada Okafor", {"okafor"}), ("Linh Tran, MD", {"tran"}), ("Nadia Petrov RN", {"petrov"}), ("Asa", set()),
        ("Dr. Zoë O'Neil-Kim", {"oneilkim"}), ("", set()),
    ],
)  # fmt: skip
def test_the_surname_in_a_name_on_the_screen(display: str, found: set[str]) -> None:
    assert surname(display) == found


def test_names_and_addresses_are_compared_without_case_and_marks() -> None:
    one = {"name": [{"family": "O'Neil"}], "address": [{"line": ["1 Main St."], "postalCode": "10001-2233"}]}
    two = {
        "name": [{"family": "ONEIL"}],
        "address": [{"line": ["1 main st"], "city": "X", "postalCode": "10001"}],
    }
    assert families(one) & families(two)
    assert addresses(one) & addresses(two)
    assert not addresses({"address": [{"city": "X", "postalCode": "10001"}]})


def test_flags_count_only_while_they_are_active() -> None:
    flag = {"status": "active", "code": {"text": "VIP guest"}}
    assert "VIP" in marks({}, [flag])
    assert "VIP" not in marks({}, [{**flag, "status": "inactive"}])


def test_one_person_is_known_by_an_identifier_or_by_names_and_birth() -> None:
    me = practitioner("a", "Kim", "Pat", birthDate="1980-01-01", identifier=[{"system": "s", "value": "1"}])
    assert is_same(me, patient("p", "Other", identifier=[{"system": "s", "value": "1"}]))
    assert is_same(me, patient("p", "Kim", "Pat", birthDate="1980-01-01"))
    assert not is_same(me, patient("p", "Kim", "Pat", birthDate="1980-01-02"))
    assert not is_same(me, patient("p", "Kim", "Lee", birthDate="1980-01-01"))


def test_later_facts_count_and_a_new_code_is_news() -> None:
    found, fresh = merged([{"code": "odd", "times": 1}], [{"code": "odd", "times": 2}])
    assert (found, fresh) == ([{"code": "odd", "times": 2}], False)
    assert merged(found, [{"code": "vip"}])[1]


@pytest.mark.parametrize(
    ("name", "value"),
    [("zone", "Mars/Base"), ("zone", "../etc/passwd"), ("odd_from", "24"), ("surname", "2"), ("volume_floor", "-1"),
     ("volume_floor", "٣"), ("nothing", "1"), ("vip", "a;b")],
)  # fmt: skip
def test_a_limit_that_cannot_be_is_refused_and_told_where(name: str, value: str) -> None:
    with pytest.raises(Problem) as caught:
        checked(name, value)
    assert caught.value.issues[0].place == name
    assert limits({name: value}) == Limits()


# -- in a clinic


def test_what_is_unusual_is_found_in_the_audit_and_told_once(here: Scene) -> None:
    keys = here.put(
        patient("kin", "Okafor"), patient("seen", "Lee"), patient("star", "Ash", meta={"security": [{"code": "CEL"}]}),
        practitioner("ada", "Okafor"), encounter("e1", "seen", _day(START), "ada"),
        encounter("e2", "star", _day(START), "ada"), encounter("e3", "kin", _day(START), "ada"),
    )  # fmt: skip
    here.link(cast.DOCTOR, practitioner="ada")
    for key in keys[:3]:
        here.tell(cast.DOCTOR, START + 10 * HOUR, [key])
        here.tell(cast.DOCTOR, START + 11 * HOUR, [key], interaction="search")
    here.watch()
    assert _found(here) == {(cast.DOCTOR.name, keys[0]): ["surname"], (cast.DOCTOR.name, keys[2]): ["vip"]}
    here.tell(cast.DOCTOR, START + 23 * HOUR, [keys[0]])
    here.watch()
    assert _found(here)[cast.DOCTOR.name, keys[0]] == ["surname", "odd"]
    assert here.rows("SELECT times FROM unusual ORDER BY id")[0][0] == 3
    assert here.watch() == 0


@pytest.mark.parametrize(
    ("start", "end", "status", "tied"),
    [
        (-100, None, "finished", False),  # nobody wrote down the end
        (-100, None, "in-progress", True),
        (-100, -31, "finished", False),
        (-100, -30, "finished", True),
        (-30, None, "finished", True),
        (-31, None, "finished", False),
        (30, None, "planned", True),
        (31, None, "planned", False),
    ],
)
def test_a_visit_ties_if_it_touches_the_days_around(
    here: Scene, start: int, end: int | None, status: str, *, tied: bool
) -> None:
    visit = encounter("e1", "p1", _day(START + start * DAY)) | {"status": status}
    visit["period"] = {"start": _day(START + start * DAY)} | (
        {} if end is None else {"end": _day(START + end * DAY)}
    )
    key = here.put(patient("p1"), visit)[0]
    here.tell(cast.DOCTOR, START + 10 * HOUR, [key])
    here.watch()
    assert ((cast.DOCTOR.name, key) not in _found(here)) is tied


def test_a_write_opens_a_chart_too(here: Scene) -> None:
    key = here.put(patient("p1", "Okafor"))[0]
    doctor = here.people[cast.DOCTOR.name]
    here.clinic.write(lambda connection: connection.run(f"UPDATE txn SET actor = {doctor}"))
    here.watch()
    assert "surname" in _found(here)[cast.DOCTOR.name, key]


def test_programs_failures_lists_and_looks_at_the_audit_are_left_out(here: Scene) -> None:
    keys = here.put(*(patient(f"p{number}", "Okafor") for number in range(5)))
    here.people["lab"] = here.client.id
    here.tell(cast.Member("lab", "Lab", frozenset()), START, keys[:1])
    here.tell(cast.DOCTOR, START, keys[:1], outcome="forbidden")
    here.tell(cast.DOCTOR, START, keys, interaction="search")
    here.tell(cast.DOCTOR, START, keys[:1], type="audit")
    here.watch()
    assert not [pair for pair in _found(here) if pair[0] in (cast.DOCTOR.name, "lab")]


def test_two_watches_at_once_count_nothing_twice(here: Scene) -> None:
    key = here.put(patient("p1", "Okafor"))[0]
    here.tell(cast.DOCTOR, START, [key])
    with here.watching() as one, here.watching() as two:
        lines = list(two._reads.after(0, 10))
        found = two.look(lines, two._limits())
        one.run()
        two._submit(lambda connection: two._keep(connection, found, [("reads", 0, lines[-1].id)]))
    actor = here.people[cast.DOCTOR.name]
    assert here.rows(f"SELECT times FROM opened WHERE actor = {actor}") == [(1,)]


def test_everything_together_agrees_with_a_slow_recount(here: Scene) -> None:
    chance = random.Random(7)
    names = ["Okafor", "Petrov", "Kim", "Lee"]
    trees = [
        patient(
            f"p{number}", chance.choice(names),
            address=[{"line": [f"{number % 3} Elm"], "postalCode": "10001"}],
        )
        | ({"meta": {"security": [{"code": "VIP"}]}} if number % 7 == 0 else {})
        for number in range(40)
    ]  # fmt: skip
    staff = [
        practitioner("ada", "Okafor", address=[{"line": ["1 Elm"], "postalCode": "10001"}]),
        practitioner("nadia", "Petrov", "Nadia"),
    ]
    visits = [
        (
            f"v{number}",
            f"p{number}",
            START + chance.randrange(-40, 41) * DAY,
            chance.choice(["", "ada", "nadia"]),
        )
        for number in range(0, 40, 2)
    ]
    keys = here.put(*trees, *staff, *(encounter(id, who, _day(at), part) for id, who, at, part in visits))[
        :40
    ]
    here.link(cast.DOCTOR, practitioner="ada")
    here.link(cast.NURSE, practitioner="nadia")
    here.clinic.write(
        lambda connection: connection.run(
            "INSERT INTO threshold (name, value, at, actor) "
            "VALUES ('volume_floor', '6', 0, 0), ('relation_own', '1', 0, 0)"
        )
    )
    events = []
    for day in range(12):
        for member in (cast.DOCTOR, cast.NURSE):
            for _ in range(chance.choice([2, 3, 4, 20 if day > 6 else 2])):
                at = START + day * DAY + chance.randrange(24) * HOUR
                events.append((at, member, chance.sample(range(40), chance.choice([1, 1, 1, 2, 5]))))
    events.sort(key=lambda event: event[0])
    for at, member, charts in events:
        here.tell(member, at, [keys[chart] for chart in charts])
    here.watch()
    ours = {pair: found for pair, found in _cases(here).items() if pair[0] != cast.ADMINISTRATOR.name}
    assert ours == _recount(events, trees, keys, visits)


def _recount(events: Any, trees: Any, keys: Any, visits: Any) -> dict[tuple[str, int, int], set[str]]:
    """The same from the list of what happened, as a person with paper would."""
    homes = {cast.DOCTOR.name: ("ada", "Okafor", "1 Elm"), cast.NURSE.name: ("nadia", "Petrov", "")}
    opened: Counter[tuple[str, int, int]] = Counter()
    odd: set[tuple[str, int, int]] = set()
    first_odd: dict[tuple[str, int], int] = {}
    for at, member, charts in events:
        if len(charts) > 3:
            continue
        day = at // DAY
        for chart in charts:
            opened[member.name, day, chart] += 1
            if at % DAY // HOUR in (22, 23, 0, 1, 2, 3, 4):
                odd.add((member.name, day, chart))
                first_odd.setdefault((member.name, day), at)
    charts_of: dict[tuple[str, int], int] = Counter((name, day) for name, day, _ in opened)
    found: dict[tuple[str, int, int], set[str]] = defaultdict(set)
    for name, day, chart in opened:
        me, family, street = homes[name]
        tree = trees[chart]
        key = (name, day, keys[chart])
        if tree["name"][0]["family"] == family:
            found[key].add("surname")
        if tree["address"][0]["line"][0] == street:
            found[key].add("address")
        if "meta" in tree:
            found[key].add("vip")
        near = [who for _, p, at, who in visits if p == tree["id"] and abs(at // DAY - day) <= 30]
        if me not in near:
            found[key].add("relation")
        if (name, day, chart) in odd and sum(
            1 for who, when in first_odd if who == name and day - 28 <= when < day
        ) < 3:
            found[key].add("odd")
    for (name, day), count in charts_of.items():
        own = [more for (who, when), more in charts_of.items() if who == name and day - 28 <= when < day]
        peers = [more for (who, when), more in charts_of.items() if who != name and day - 28 <= when < day]
        usual = [median(one) for one in (own, peers) if len(one) >= 5]
        if count >= 6 and usual and all(count > 3 * one for one in usual):
            found[name, day, 0].add("volume")
    return {key: reasons for key, reasons in found.items() if reasons}


def _cases(here: Scene) -> dict[tuple[str, int, int], set[str]]:
    names = {key: name for name, key in here.people.items()}
    rows = here.rows("SELECT actor, day, patient, reasons FROM unusual")
    return {(names[actor], day, key): set(codes(json.loads(reasons))) for actor, day, key, reasons in rows}


def _found(here: Scene) -> dict[tuple[str, int], list[str]]:
    names = {key: name for name, key in here.people.items()}
    rows = here.rows("SELECT actor, patient, reasons FROM unusual ORDER BY id")
    return {
        (names[actor], key): codes(json.loads(reasons))
        for actor, key, reasons in rows
        if names[actor] != cast.ADMINISTRATOR.name
    }


def _day(at: int) -> str:
    return str(datetime.fromtimestamp(at / 1000, UTC).date())
