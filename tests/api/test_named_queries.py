"""Named queries: a clinic keeps a search under a name, and `_query` asks it as if it had been written out."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

import pytest

from tests.api.conftest import Caller, outcome
from tests.api.test_history import link
from tests.api.test_wide import matches, pages

EXPRESSION = "http://hl7.org/fhir/StructureDefinition/cqf-expression"
TODAY = dt.datetime.now().astimezone().date()


def expression(text: str, language: str = "application/x-fhir-query") -> dict[str, Any]:
    return {"url": EXPRESSION, "valueExpression": {"language": language, "expression": text}}


def query(code: str, *texts: str, **more: Any) -> dict[str, Any]:
    """A named query that takes `name`, once or not at all, and any number of `doctor`."""
    taken = [
        {"name": "name", "use": "in", "min": 0, "max": "1", "type": "string", "searchType": "string"},
        {"name": "doctor", "use": "in", "min": 0, "max": "*", "type": "string", "searchType": "reference"},
    ]
    return {
        "resourceType": "OperationDefinition", "id": f"query-{code.lower()}", "name": code, "status": "active",
        "url": f"https://clinic.example/OperationDefinition/{code}", "kind": "query", "code": code,
        "resource": sorted({text.partition("?")[0] for text in texts}), "system": False, "type": True,
        "instance": False, "parameter": taken, "extension": [expression(text) for text in texts], **more,
    }  # fmt: skip


def patient(id: str, family: str, years: int, doctor: str, gender: str = "female") -> dict[str, Any]:
    born = TODAY.replace(year=TODAY.year - years, day=min(TODAY.day, 28))
    return {
        "resourceType": "Patient", "id": id, "name": [{"family": family}], "birthDate": born.isoformat(),
        "gender": gender, "generalPractitioner": [{"reference": f"Practitioner/{doctor}"}],
    }  # fmt: skip


@pytest.fixture(scope="module")
def people(caller: Caller) -> Caller:
    for id in ("house", "grey"):
        caller.put(f"Practitioner/nq-{id}", {"resourceType": "Practitioner", "id": f"nq-{id}"})
    for tree in (
        patient("nq-a", "Quill", 61, "nq-house"), patient("nq-b", "Quilter", 49, "nq-house"),
        patient("nq-c", "Quince, de", 71, "nq-grey"), patient("nq-d", "Quill", 81, "nq-grey", "male"),
    ):  # fmt: skip
        caller.put(f"Patient/{tree['id']}", tree)
    return caller


@pytest.fixture
def kept(people: Caller) -> Iterator[Any]:
    """Stores queries, and takes them away again."""
    names: list[str] = []

    def keep(tree: dict[str, Any]) -> dict[str, Any]:
        answer = people.put(f"OperationDefinition/{tree['id']}", tree)
        assert answer.status_code in (200, 201), answer.text
        names.append(tree["id"])
        found: dict[str, Any] = answer.json()
        return found

    yield keep
    for name in names:
        people.delete(f"OperationDefinition/{name}")


def ids(caller: Caller, address: str) -> list[str]:
    return sorted(name.partition("/")[2] for name in matches(pages(caller, address)))


OVER_50 = "Patient?birthdate=le{{today() - 50 years}}&gender=female&family={{%name}}&general-practitioner={{%doctor}}"


def test_a_query_is_answered_as_the_search_that_it_stands_for(people: Caller, kept: Any) -> None:
    kept(query("over-50", OVER_50))
    born = TODAY.replace(year=TODAY.year - 50, day=min(TODAY.day, 28)).isoformat()
    written = f"birthdate=le{born}&gender=female&_id=nq-a,nq-b,nq-c,nq-d"
    asked = "_query=over-50&_id=nq-a,nq-b,nq-c,nq-d"
    assert ids(people, f"Patient?{asked}") == ids(people, f"Patient?{written}") == ["nq-a", "nq-c"]
    assert ids(people, f"Patient?{asked}&name=quill") == ["nq-a"]
    assert ids(people, f"Patient?{asked}&doctor=Practitioner/nq-grey") == ["nq-c"]
    assert ids(people, f"Patient?{asked}&doctor=nq-grey,nq-house") == ["nq-a", "nq-c"]  # one or the other
    assert ids(people, f"Patient?{asked}&doctor=nq-grey&doctor=nq-house") == []  # both
    assert ids(people, f"Patient?{asked}&birthdate=le1900") == []  # together with what else is sent
    posted = people.ask(
        "POST", "Patient/_search", content=b"_query=over-50&name=quince",
        headers={"content-type": "application/x-www-form-urlencoded"},
    ).json()  # fmt: skip
    assert matches([posted]) == ["Patient/nq-c"]
    entry = {"request": {"method": "GET", "url": f"Patient?{asked}&name=quill"}}
    batch = people.post("", {"resourceType": "Bundle", "type": "batch", "entry": [entry]}).json()
    assert matches([batch["entry"][0]["resource"]]) == ["Patient/nq-a"]


def test_its_pages_and_links_keep_what_the_caller_sent(people: Caller, kept: Any) -> None:
    made = kept(query("all-quills", "Patient?family=qui&_id=nq-a,nq-b,nq-c,nq-d&_sort=-birthdate&_count=2"))
    first = people.get("Patient?_query=all-quills").json()
    assert [one["resource"]["id"] for one in first["entry"]] == ["nq-b", "nq-a"]  # the youngest first
    assert link(first, "self") == "http://localhost/fhir/Patient?_query=all-quills"
    assert ids(people, "Patient?_query=all-quills") == ["nq-a", "nq-b", "nq-c", "nq-d"]
    oldest = people.get("Patient?_query=all-quills&_sort=birthdate&_count=1").json()
    assert [one["resource"]["id"] for one in oldest["entry"]] == ["nq-d"]  # the caller's order counts
    people.put(f"OperationDefinition/{made['id']}", {**made, "description": "Another version"})
    assert "another search" in outcome(people.get(str(link(first, "next"))), 400)["diagnostics"]


def test_of_several_types_each_has_its_own_conditions(people: Caller, kept: Any) -> None:
    kept(query("mine", "Patient?general-practitioner={{%doctor}}", "Practitioner?_id={{%doctor}}"))
    assert ids(people, "Patient?_query=mine&doctor=nq-house") == ["nq-a", "nq-b"]
    assert ids(people, "Practitioner?_query=mine&doctor=nq-house") == ["nq-house"]
    assert outcome(people.get("Observation?_query=mine&doctor=x"), 400)["expression"] == ["_query"]


def test_a_result_of_an_expression_is_one_value_whatever_it_holds(people: Caller, kept: Any) -> None:
    kept(query("exact", "Patient?family:exact={{%name & ''}}"))
    assert ids(people, f"Patient?_query=exact&name={quote('Quince, de')}") == ["nq-c"]
    kept(query("raw", "Patient?family:exact={{%name}}&_id=nq-a,nq-b,nq-c,nq-d"))
    assert ids(people, "Patient?_query=raw&name=Quill,Quilter") == ["nq-a", "nq-b", "nq-d"]


@pytest.mark.parametrize(
    ("address", "place", "word"),
    [
        ("Patient?_query=nothing", "_query", "over-50"),
        ("Patient?_query=over-50&_query=over-50", "_query", "one named query"),
        ("Patient?_query=a,b", "_query", "names no query"),
        ("Patient?_query=over-50&doctor=Device/x", "doctor", "Device"),
        ("Patient?_query=over-50&name=a&name=b", "name", "1 times"),
        ("Patient?_query=over-50&shoe=1", "shoe", "shoe"),
        ("?_query=over-50&_type=Patient", "_query", "one of a type"),
        ("Patient?doctor=nq-grey", "doctor", "doctor"),  # a parameter of the query alone
        ("Patient?_query:exact=over-50", "_query:exact", "modifier"),
    ],
)
def test_what_is_wrong_is_named(people: Caller, kept: Any, address: str, place: str, word: str) -> None:
    kept(query("over-50", OVER_50))
    told = outcome(people.get(address), 400)
    assert told["expression"] == [place]
    assert word in told["diagnostics"]


def test_what_is_needed_is_asked_for(people: Caller, kept: Any) -> None:
    tree = query("by-name", "Patient?family={{%name}}")
    tree["parameter"][0]["min"] = 1
    kept(tree)
    assert outcome(people.get("Patient?_query=by-name"), 400)["expression"] == ["name"]
    assert ids(people, "Patient?_query=by-name&name=quilt") == ["nq-b"]


def test_a_lenient_search_leaves_an_unknown_query_out_and_says_so(people: Caller) -> None:
    answer = people.get("Patient?_query=nothing&_id=nq-a", headers={"prefer": "handling=lenient"}).json()
    assert "_query" not in str(link(answer, "self"))
    assert [entry["search"]["mode"] for entry in answer["entry"]] == ["match", "outcome"]


def test_only_what_is_in_use_is_asked_and_the_latest_version_counts(people: Caller, kept: Any) -> None:
    kept(query("turning", "Patient?_id=nq-a", version="1.9"))
    kept({**query("turning", "Patient?_id=nq-b", version="1.10"), "id": "newer"})
    kept({**query("turning", "Patient?_id=nq-c", version="2.0", status="draft"), "id": "drafted"})
    assert ids(people, "Patient?_query=turning") == ["nq-b"]
    people.delete("OperationDefinition/newer")
    assert ids(people, "Patient?_query=turning") == ["nq-a"]


def test_the_capability_statement_names_it(people: Caller, kept: Any) -> None:
    kept(query("over-50", OVER_50))
    rest = people.get("metadata").json()["rest"][0]
    of = next(one["operation"] for one in rest["resource"] if one["type"] == "Patient")
    assert {"name": "over-50", "definition": "https://clinic.example/OperationDefinition/over-50"} in of


@pytest.mark.parametrize(
    ("texts", "more", "place", "word"),
    [
        (["Patient?shoe=1"], {}, "extension[0]", "shoe"),
        (["Patient?family={{%nobody}}"], {}, "extension[0]", "nobody"),
        (["Patient?family={{ name."], {}, "extension[0]", "braces"),
        (["Patient?family={{1 +}}"], {}, "extension[0]", "1 +"),
        (["Patient?family"], {}, "extension[0]", "no value"),
        (["Patient?_query=other"], {}, "extension[0]", "no condition"),
        (["Patient?family=a"], {"resource": ["Observation"]}, "extension[0]", "resources"),
        (["Patient?family=a"], {"code": "over fifty"}, "code", "letter"),
        (["Patient?" + "&".join(["family=a"] * 60)], {}, "extension[0]", "50"),
        (["Patient?family=" + "a" * 5000], {}, "extension[0]", "4000"),
    ],
)
def test_a_query_that_cannot_be_asked_is_not_stored(
    people: Caller, texts: list[str], more: dict[str, Any], place: str, word: str
) -> None:
    before = people.newest()
    told = outcome(
        people.put("OperationDefinition/wrong", {**query("wrong", *texts), **more, "id": "wrong"}), 422
    )
    assert place in told["expression"][0]
    assert word in told["diagnostics"]
    assert people.newest() == before


def test_a_draft_and_one_in_another_language_are_kept_as_they_are(people: Caller, kept: Any) -> None:
    kept(query("later", "Patient?shoe=1", status="draft"))
    kept({**query("cql", "Patient?a=b"), "extension": [expression("Older", "text/cql")]})
    assert outcome(people.get("Patient?_query=cql"), 400)["expression"] == ["_query"]


def test_conditions_of_writes_and_rules_do_not_rest_on_one(people: Caller, kept: Any) -> None:
    kept(query("over-50", OVER_50))
    answer = people.post("Patient", patient("x", "X", 3, "nq-grey"), if_none_exist="_query=over-50")
    assert outcome(answer, 400)["expression"] == ["_query"]
