"""search, as far as HTTP goes: addresses, links, entries, shapes."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qsl, urlsplit
from uuid import uuid4

import pytest

from tests.api.conftest import BASE, Caller, number, outcome, patient
from tests.api.test_history import link, walk


@pytest.fixture(scope="module")
def family(caller: Caller) -> str:
    """A name that seven patients share and nobody else has."""
    name = "Q" + uuid4().hex[:10]
    for index in range(7):
        caller.made(patient(name=[{"family": name, "given": [f"Number{index}"]}], text=_text(index)))
    return name


def _text(index: int) -> dict[str, str]:
    return {"status": "generated", "div": f'<div xmlns="http://www.w3.org/1999/xhtml">Number {index}</div>'}


def test_a_searchset_holds_the_stored_bytes(caller: Caller, family: str) -> None:
    answer = caller.get(f"Patient?family={family}")
    page = answer.json()
    assert (page["resourceType"], page["type"], page["total"]) == ("Bundle", "searchset", 7)
    for entry in page["entry"]:
        alone = caller.get(entry["fullUrl"])
        assert entry["fullUrl"] == f"{BASE}/Patient/{entry['resource']['id']}"
        assert entry["search"] == {"mode": "match"}
        assert alone.text in answer.text


def test_nothing_found_is_an_empty_bundle_without_an_entry_list(caller: Caller) -> None:
    page = caller.get(f"Patient?family=Nobody{uuid4().hex}").json()
    assert page["total"] == 0
    assert "entry" not in page


def test_the_self_link_repeats_what_was_asked(caller: Caller, family: str) -> None:
    page = caller.get(f"Patient?family={family}&_count=2").json()
    self_link = urlsplit(link(page, "self") or "")
    assert f"{self_link.scheme}://{self_link.netloc}{self_link.path}" == f"{BASE}/Patient"
    assert dict(parse_qsl(self_link.query)) == {"family": family, "_count": "2"}


def test_links_to_other_pages_carry_nothing_about_a_person(caller: Caller, family: str) -> None:
    page = caller.get(f"Patient?family={family}&_count=2&_elements=name&_summary=false").json()
    following = urlsplit(link(page, "next") or "")
    asked = dict(parse_qsl(following.query))
    assert set(asked) == {"_cursor", "_elements", "_summary"}
    assert family not in following.query
    second = caller.get(link(page, "next") or "").json()
    assert all("birthDate" not in entry["resource"] for entry in second["entry"])


def test_a_walk_meets_each_resource_once(caller: Caller, family: str) -> None:
    found = [entry["resource"]["id"] for entry in walk(caller, f"Patient?family={family}&_count=3")]
    assert len(found) == len(set(found)) == 7


def test_a_search_by_post_is_the_same_search(caller: Caller, family: str) -> None:
    by_get = caller.get(f"Patient?family={family}").json()
    by_post = caller.ask("POST", "Patient/_search", data={"family": family}).json()
    mixed = caller.ask("POST", f"Patient/_search?family={family}", data={"_count": "3"}).json()
    assert by_post["entry"] == by_get["entry"]
    assert len(mixed["entry"]) == 3
    shaped = caller.ask("POST", "Patient/_search", data={"family": family, "_summary": "count"}).json()
    assert (shaped["total"], "entry" in shaped) == (7, False)
    assert (
        caller.ask("POST", "Patient/_search", data={"family": family, "_format": "xml"}).content[:5]
        == b"<?xml"
    )


def test_a_search_by_post_of_another_content_type_is_refused(caller: Caller) -> None:
    answer = caller.ask("POST", "Patient/_search", json={"family": "x"})
    assert "application/json" in outcome(answer, 415)["diagnostics"]


def test_summary_count_gives_only_the_number(caller: Caller, family: str) -> None:
    page = caller.get(f"Patient?family={family}&_summary=count").json()
    assert page["total"] == 7
    assert "entry" not in page
    assert "_count" not in (link(page, "self") or "")


SUBSETTED = {"system": "http://terminology.hl7.org/CodeSystem/v3-ObservationValue", "code": "SUBSETTED"}


def _first(caller: Caller, query: str) -> dict[str, Any]:
    found: dict[str, Any] = caller.get(f"Patient?{query}").json()["entry"][0]["resource"]
    return found


def test_a_part_of_a_resource_is_marked_as_such(caller: Caller, family: str) -> None:
    summary = _first(caller, f"family={family}&_summary=true")
    assert SUBSETTED in summary["meta"]["tag"]
    assert "text" not in summary
    assert summary["birthDate"] == "1980-02-29"
    text = _first(caller, f"family={family}&_summary=text")
    assert set(text) == {"resourceType", "id", "meta", "text"}
    data = _first(caller, f"family={family}&_summary=data")
    assert "text" not in data
    assert data["birthDate"] == "1980-02-29"
    some = _first(caller, f"family={family}&_elements=birthDate,Patient.gender,Observation.code")
    assert set(some) == {"resourceType", "id", "meta", "birthDate", "gender"}
    whole = _first(caller, f"family={family}&_summary=false")
    assert "tag" not in whole["meta"]


def test_summary_and_elements_shape_a_read_as_well(caller: Caller) -> None:
    made = caller.made(patient())
    part = caller.get(f"Patient/{made['id']}?_elements=gender").json()
    assert set(part) == {"resourceType", "id", "meta", "gender"}
    assert SUBSETTED in part["meta"]["tag"]


def test_a_value_that_shapes_nothing_is_refused(caller: Caller) -> None:
    assert "everything" in outcome(caller.get("Patient?_summary=everything"), 400)["diagnostics"]
    assert "maybe" in outcome(caller.get("Patient?_pretty=maybe"), 400)["diagnostics"]


def test_an_unknown_parameter_is_refused_and_named(caller: Caller) -> None:
    issue = outcome(caller.get("Patient?shoesize=43"), 400)
    assert "shoesize" in issue["diagnostics"]


def test_an_unknown_parameter_is_passed_over_and_told_when_that_is_preferred(
    caller: Caller, family: str
) -> None:
    answer = caller.get(f"Patient?family={family}&shoesize=43", headers={"prefer": "handling=lenient"})
    page = answer.json()
    assert page["total"] == 7
    told = [entry for entry in page["entry"] if entry["search"]["mode"] == "outcome"]
    assert "shoesize" in told[0]["resource"]["issue"][0]["diagnostics"]
    assert "shoesize" not in (link(page, "self") or "")


def test_a_parameter_that_is_not_utf8_is_refused_and_named(caller: Caller) -> None:
    issue = outcome(caller.get("Patient?family=%ff%fe"), 400)
    assert issue["expression"] == ["family"]


def test_values_are_decoded_once(caller: Caller) -> None:
    tree = patient(identifier=[{"system": "http://example.org/a%20b", "value": "50 %+" + uuid4().hex}])
    caller.made(tree)
    assert caller.get("Patient", params={"identifier": number(tree)}).json()["total"] == 1
