"""Gaps in the wide searches that stood open once: whole records, words, contained, own parameters, the desk."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from urllib.parse import quote, urlencode

import pytest

from charthouse.base.errors import Problem
from charthouse.base.settings import Settings
from charthouse.fhir.definitions import Own
from charthouse.search import concordance, contained, formula, run
from tests.api.test_named_queries import query
from tests.door.rooms import Answer, Room, chart, directory, label, observation, patient
from tests.unit.store.changing import definition

SEEING = {"allow": ["read", "vread", "search", "create", "update"], "on": ["*"]}
Headers = dict[str, str]


@pytest.fixture(scope="module")
def room(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Room]:
    found = Room(Settings(data=tmp_path_factory.mktemp("gaps"), body_limit=2_000_000, rate_session=0))
    found.store([*directory(), *chart("oth01")])
    for name, role in {"anna": "analyst", "nina": "nurse"}.items():
        found.person(name, role)
    yield found
    found.close()


def hiding(room: Room, element: str, type: str) -> Headers:
    """Somebody who sees every row and may write, but for one element."""
    rules: list[Any] = [SEEING, {"hide": [element], "on": [type]}]
    room.put_policy({"policy": "analyst", "title": "Masked", "roles": ["analyst"], "rules": rules})
    return room.token("anna", "user/*.cruds")


def matches(answer: Answer) -> set[str]:
    assert answer.status == 200, answer.body
    return {
        one["resource"]["id"] for one in answer.json().get("entry", ()) if one["search"]["mode"] == "match"
    }


# -- parameters of the clinic's own over what is hidden


OWN = {
    "the narrative, which says it too": ("told", "token", "Patient.text.div.toString().contains('1931')", "true"),
    "the narrative as a text": ("story", "string", "Patient.text.div.toString().substring(42)", "born"),
    "under the name of what is inside": ("contained", "date", "Patient.birthDate", "1931-07-08"),
}  # fmt: skip


@pytest.mark.parametrize("way", OWN)
def test_a_parameter_of_ones_own_tells_of_nothing_that_is_hidden(room: Room, way: str) -> None:
    code, kind, expression, value = OWN[way]
    div = '<div xmlns="http://www.w3.org/1999/xhtml">born 1931-07-08</div>'
    room.store([{**definition(code, kind, expression), "id": code}])
    room.store([patient(code, birthDate="1931-07-08", text={"status": "generated", "div": div})])
    address = f"/fhir/Patient?{code}={value}"
    assert matches(room.ask("GET", address, room.everything)) == {code}
    assert room.ask("GET", address, hiding(room, "birthDate", "Patient")).status == 403
    room.store([], f"SearchParameter/{code}", f"Patient/{code}")


def test_a_named_query_tells_nothing_of_what_is_hidden(room: Room) -> None:
    room.store([query("born", "Patient?birthdate=1931-07-08"), patient("named", birthDate="1931-07-08")])
    address = "/fhir/Patient?_query=born"
    assert matches(room.ask("GET", address, room.everything)) == {"named"}
    assert room.ask("GET", address, hiding(room, "birthDate", "Patient")).status == 403
    shut: list[Any] = [{"allow": ["read", "search"], "on": ["Patient"], "where": {"criteria": "_id=nobody"}}]
    room.put_policy({"policy": "analyst", "title": "Bounded", "roles": ["analyst"], "rules": shut})
    assert matches(room.ask("GET", address, room.token("anna", "user/*.cruds"))) == set()
    room.store([], "OperationDefinition/query-born", "Patient/named")


# -- conditions of writes


CONDITIONS = {
    "a filter along a reference": ("_filter=subject.birthdate eq 1980-02-29", "birthDate", "Patient"),
    "a filter behind brackets": (
        "_filter=subject[birthdate eq 1980-02-29].gender eq female",
        "birthDate",
        "Patient",
    ),
    "a hierarchy": ("focus:below=Location/ward", "partOf", "Location"),
    "a list": ("_list=oth01-list", "entry", "List"),
    "a chain": ("subject.birthdate=1980-02-29", "birthDate", "Patient"),
}


@pytest.mark.parametrize("way", CONDITIONS)
def test_a_condition_of_a_write_rests_on_nothing_that_is_hidden(room: Room, way: str) -> None:
    condition, element, type = CONDITIONS[way]
    who = {**hiding(room, element, type), "if-none-exist": condition + "&_id=oth01-observation"}
    search = room.ask("GET", f"/fhir/Observation?{quote(condition, safe='=&')}", who)
    assert search.status == 403, search.body
    made = {name: value for name, value in observation("x", "oth01").items() if name != "id"}
    answer = room.ask("POST", "/fhir/Observation", who, made)
    assert answer.status == 403, (answer.status, answer.body)


# -- page links


def test_a_page_link_of_somebody_else_brings_nothing_along_by_what_is_hidden(room: Room) -> None:
    room.store(
        [observation(f"by{n}", "oth01", performer=[{"reference": "Practitioner/doc"}]) for n in range(3)]
    )
    for base in ("/fhir/Observation?", "/fhir?_type=Observation,Condition&"):
        first = room.ask("GET", f"{base}_include=Observation:performer&_count=1", room.everything)
        link = next(one["url"] for one in first.json()["link"] if one["relation"] == "next")
        who = hiding(room, "performer", "Observation")
        answer = room.ask("GET", "/fhir" + link.partition("/fhir")[2], who)
        assert b"Practitioner/doc" not in answer.body, answer.body[:300]
        assert answer.status == 403


# -- files


def test_no_search_and_no_history_shows_a_file_that_a_read_refuses(room: Room) -> None:
    whole = {"reference": "DocumentReference/oth01-documentreference"}
    room.store([{"resourceType": "Binary", "id": "part", "contentType": "text/plain", "data": "c2VjcmV0",
                 "securityContext": whole}])  # fmt: skip
    program = room.program("system/Binary.rs", client="files", purpose="HSYSADMIN")
    assert room.ask("GET", "/fhir/Binary/part", program).status == 404
    for path in ("/Binary?_id=part", "?_type=Binary&_id=part", "/Binary/_history?_count=99"):
        assert b"Binary/part" not in room.ask("GET", f"/fhir{path}", program).body
    assert room.ask("GET", "/fhir/Binary?_id=part&_summary=count", program).json()["total"] == 0
    assert room.ask("GET", "/fhir/Binary/part/_history", program).status == 404
    both = room.program("system/Binary.rs", "system/DocumentReference.rs", client="both", purpose="HSYSADMIN")
    assert matches(room.ask("GET", "/fhir/Binary?_id=part", both)) == {"part"}


# -- scopes


def test_a_scope_rests_on_no_parameter_that_comes_and_goes(room: Room) -> None:
    """While its index was made, what a scope left out by it was shown."""
    room.store([observation("spoken", "oth01", language="xx")])
    room.store([{**definition("tone", "token", "Observation.language", "Observation"), "id": "tone"}])
    program = room.program("system/Observation.rs?tone:not=xx", client="tone", purpose="HSYSADMIN")
    for path in ("Observation?_id=spoken", "Observation/spoken", "Observation/spoken/_history"):
        assert b"laboratory" not in room.ask("GET", f"/fhir/{path}", program).body
    room.store([], "SearchParameter/tone", "Observation/spoken")


# -- the notice


def test_the_notice_goes_with_what_is_inside_of_a_noticed_resource(room: Room) -> None:
    pump = {"resourceType": "Device", "id": "d", "status": "active"}
    room.store(
        [
            label(
                {**observation("noticed", "oth01"), "contained": [pump], "device": {"reference": "#d"}}, "ETH"
            )
        ]
    )
    answer = room.ask("GET", "/fhir/Device?_contained=true&_containedType=contained", room.everything)
    assert b'"noticed#d' in answer.body or b"noticed#d" in answer.body, answer.body
    assert b"42 CFR" in answer.body


# -- what stops the house


def test_brackets_in_brackets_part_into_few_readings_however_wrong_they_are(
    room: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Seven references to anything inside each other held the event loop for minutes."""
    count = 0
    whole = formula._Reading.whole

    def counted(self: Any) -> Any:
        nonlocal count
        count += 1
        assert count < 2_000
        return whole(self)

    monkeypatch.setattr(formula._Reading, "whole", counted)
    asked = "x"
    for _ in range(6):
        asked = f"subject[{asked}].a eq 1"
    lenient = {**room.everything, "prefer": "handling=lenient"}
    for path in ("/fhir/Task?", "/fhir?"):
        count = 0
        answer = room.ask("GET", path + "&".join([f"_filter={quote(asked)}"] * 8), lenient)
        assert (answer.status, b"too-costly" in answer.body) == (400, True)
    form = {**lenient, "content-type": "application/x-www-form-urlencoded"}
    unknown = "&".join(f"gender{number}=x" for number in range(60)).encode()
    assert room.ask("POST", "/fhir/Patient/_search", form, unknown).status == 400


def test_to_look_through_what_was_found_has_a_bound_in_time(
    room: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A page of long letters held the event loop for as long as their words were counted."""
    pump = {"resourceType": "Device", "id": "d", "status": "active"}
    room.store([{**observation(f"long{n}", "oth01"), "note": [{"text": "wordy"}], "contained": [pump],
                 "device": {"reference": "#d"}} for n in range(3)])  # fmt: skip
    inside = "/fhir/Device?_contained=true&_containedType=contained"
    for address in ("/fhir/Observation?_content=wordy", inside):
        assert room.ask("GET", address, room.everything).status == 200
        looked: list[float | None] = []
        with monkeypatch.context() as patch:
            for module in (concordance, contained):
                patch.setattr(module, "in_time", looked.append)
            room.ask("GET", address, room.everything)
        assert len(looked) >= 3
        assert None not in looked
    with pytest.raises(Problem):
        concordance.in_time(0.0)
    room.store([], *(f"Observation/long{n}" for n in range(3)))


# -- parameters that come and go


def test_a_parameter_that_is_withdrawn_while_it_is_asked_answers_nothing(
    room: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    room.store([{**definition("tongue", "token", "Observation.language", "Observation"), "id": "tongue"}])
    room.store([observation("spoken", "oth01", language="xx")])
    address = "/fhir/Observation?tongue=xx"
    assert matches(room.ask("GET", address, room.everything)) == {"spoken"}
    parameters = room.clinic.record.parameters

    def withdrawn(words: Any, connection: Any, queries: Any, seconds: float) -> float:
        job = room.clinic.record.writer.submit(lambda writing, group: writing.one(parameters._sql.move))
        moved = job.result()
        assert moved is not None
        parameters.publish(Own(moved[0]))
        return seconds

    with monkeypatch.context() as patch:
        patch.setattr(run, "read_up", withdrawn)
        assert room.ask("GET", address, room.everything).status == 503
    room.store([], "SearchParameter/tongue", "Observation/spoken")


def test_what_is_in_a_whole_record_does_not_follow_the_parameters_of_ones_own(room: Room) -> None:
    """A date of the clinic's own told when care was given, whatever it was the date of."""
    said = {"url": "http://example.org/said", "valueDateTime": "2023-01-01"}
    own = definition("said", "date", "Observation.extension.value.ofType(dateTime)", "Observation")
    address = "/fhir/Patient/oth01/$everything?_count=99&start="
    dated = {**observation("dated", "oth01"), "effectiveDateTime": "2020-01-01", "extension": [said]}
    room.store([{**own, "id": "said"}])
    room.store([dated])
    assert "dated" in matches(room.ask("GET", f"{address}2019-06-01", room.everything))
    assert "dated" not in matches(room.ask("GET", f"{address}2021-06-01", room.everything))
    room.store([], "SearchParameter/said", "Observation/dated")


# -- at the desk


def test_names_of_hidden_patients_change_nothing_at_the_desk(room: Room) -> None:
    form = {"content-type": "application/x-www-form-urlencoded"}
    who = room.session("nina")
    room.store([
        patient("annam", name=[{"family": "Wexler", "given": ["Annabel", "Mariposa"]}]),
        patient("macd", name=[{"family": "Macdonnell"}]),
    ])  # fmt: skip

    def found(text: str) -> bytes:
        fields = {"q": text, "what": "charts", "form_token": who["x-csrf-token"]}
        return room.ask("POST", "/find", {**who, **form}, urlencode(fields).encode()).body

    typed = ("annabelmariposa", "mac donnel")
    before = [found(text) for text in typed]
    assert b"/chart/annam" in before[0]
    room.store(
        [
            label(patient("hid1", name=[{"family": "Annabelmariposa"}]), "VIP"),
            label(patient("hid2", name=[{"family": "Macdonnel"}]), "VIP"),
        ]
    )
    assert [found(text) for text in typed] == before


def test_the_numbers_of_hidden_patients_push_nobody_off_the_desk(room: Room) -> None:
    """Nor does it matter that the first phone was written after the first search."""
    form = {"content-type": "application/x-www-form-urlencoded"}
    who = room.session("nina")
    fields = {"q": "0134", "what": "charts", "form_token": who["x-csrf-token"]}

    def found() -> bytes:
        return room.ask("POST", "/find", {**who, **form}, urlencode(fields).encode()).body

    assert b"/chart/" not in found()
    hidden = [
        label(patient(f"crowd{n}", telecom=[{"system": "phone", "value": f"617555{n:04}0134"}]), "VIP")
        for n in range(450)
    ]
    room.store(hidden)
    room.store([patient("seen0134", telecom=[{"system": "phone", "value": "(617) 555-0134"}])])
    assert b"/chart/seen0134" in found()
