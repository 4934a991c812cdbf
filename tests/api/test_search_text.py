"""Searches through text, by sound and into containers, over HTTP: what an entry tells, what goes along with it."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qsl, urlsplit
from uuid import uuid4

import pytest

from tests.api.conftest import Caller, outcome, patient
from tests.api.test_history import link


@pytest.fixture(scope="module")
def word(caller: Caller) -> str:
    """A word that only the resources of this module have: three patients, and an order with a medication inside."""
    word = f"word{uuid4().hex[:8]}"
    for number, family in enumerate(("Smyth", "Schmidt", "Jones")):
        text = {
            "status": "generated",
            "div": f'<div xmlns="http://www.w3.org/1999/xhtml">{word} {"knee " * number}</div>',
        }
        caller.made(patient(text=text, name=[{"family": family}], identifier=[{"value": word}]))
    held = {
        "resourceType": "Medication",
        "id": "drug",
        "code": {"coding": [{"system": "urn:x", "code": word}]},
    }
    caller.made({
        "resourceType": "MedicationRequest", "status": "active", "intent": "order", "contained": [held],
        "subject": {"display": "somebody"}, "medicationReference": {"reference": "#drug"},
    })  # fmt: skip
    return word


def entries(page: Any) -> list[dict[str, Any]]:
    return [one for one in page.get("entry", ()) if one["search"]["mode"] == "match"]


def test_a_match_of_a_text_search_tells_its_score(caller: Caller, word: str) -> None:
    page = caller.get(f"Patient?_text={word} knee").json()
    assert page["total"] == 2
    scores = [one["search"]["score"] for one in entries(page)]
    assert all(0 < score < 1 for score in scores)
    assert len(set(scores)) == 2
    assert all(
        "score" not in one["search"]
        for one in entries(caller.get(f"Patient?_text={word}&_score=false").json())
    )
    assert all(
        "score" not in one["search"] for one in entries(caller.get(f"Patient?identifier={word}").json())
    )


def test_text_is_searched_page_by_page_by_post_and_in_a_batch(caller: Caller, word: str) -> None:
    page = caller.get(f"Patient?_content={word}&_count=2&_sort=-_lastUpdated").json()
    assert (page["total"], len(entries(page))) == (3, 2)
    following = urlsplit(link(page, "next") or "")
    assert word not in following.query
    assert len(entries(caller.get(f"Patient?{following.query}").json())) == 1
    form = {
        "content": f"_content={word}&_summary=count",
        "headers": {"content-type": "application/x-www-form-urlencoded"},
    }
    assert caller.ask("POST", "Patient/_search", **form).json()["total"] == 3
    batch = {"resourceType": "Bundle", "type": "batch", "entry": [
        {"request": {"method": "GET", "url": f"Patient?_content={word}&phonetic=Smith"}}]}  # fmt: skip
    (one,) = caller.post("", batch).json()["entry"]
    assert one["resource"]["total"] == 2


def test_a_contained_resource_has_the_address_inside_its_container(caller: Caller, word: str) -> None:
    (one,) = entries(caller.get(f"Medication?code={word}&_contained=true&_containedType=contained").json())
    assert urlsplit(one["fullUrl"]).fragment == "drug"
    assert "/MedicationRequest/" in one["fullUrl"]
    assert one["resource"]["resourceType"] == "Medication"
    assert "meta" not in one["resource"]
    (container,) = entries(caller.get(f"Medication?code={word}&_contained=true").json())
    assert one["fullUrl"] == f"{container['fullUrl']}#drug"
    assert caller.get(f"Medication?code={word}").json()["total"] == 0


def test_a_lenient_search_passes_over_what_it_cannot_read_of_a_text(caller: Caller, word: str) -> None:
    params = [("_content", word), ("_text", "(x"), ("_query", "q"), ("_contained", "maybe")]
    page = caller.get("Patient", params=params, headers={"prefer": "handling=lenient"}).json()
    (told,) = [one["resource"] for one in page["entry"] if one["search"]["mode"] == "outcome"]
    assert len(told["issue"]) == 3
    assert dict(parse_qsl(urlsplit(link(page, "self") or "").query)) == {"_content": word}


def test_how_words_are_looked_up_is_explained(caller: Caller, word: str) -> None:
    told = caller.get(f"Patient?_content={word}&_explain=true").json()
    (condition,) = [one["part"] for one in told["parameter"] if one["name"] == "condition"]
    assert {one["name"]: one.get("valueString", one.get("valueInteger")) for one in condition} == {
        "parameter": "_content", "how": "the index of words", "rows": 3, "more": None,
    }  # fmt: skip
    assert word not in caller.get(f"Patient?_content={word}&_explain=true").text


def test_the_statement_of_capabilities_tells_of_text_and_sound(caller: Caller) -> None:
    (rest,) = caller.get("metadata").json()["rest"]
    params = {one["type"]: {param["name"] for param in one["searchParam"]} for one in rest["resource"]}
    assert {"_text", "_content", "phonetic"} <= params["Patient"]
    assert "_content" in params["Binary"]
    assert "_text" not in params["Binary"]
    assert all("_query" not in names for names in params.values())


def test_the_order_of_scores_is_refused(caller: Caller, word: str) -> None:
    assert "_score" in outcome(caller.get(f"Patient?_content={word}&_sort=-_score"), 400)["diagnostics"]
