"""The terminology operations over HTTP, on both databases: shipped code systems, and ones that stand in the record."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any
from urllib.parse import quote

import pytest

from charthouse.terminology import closure
from tests.api.conftest import Caller, outcome

ICD = "http://hl7.org/fhir/sid/icd-10-cm"
GENDER = "http://hl7.org/fhir/administrative-gender"
OWN = "http://example.org/fish"
SET = "http://example.org/fish-of-the-lake"
FISH = {
    "resourceType": "CodeSystem",
    "url": OWN,
    "version": "1",
    "name": "Fish",
    "status": "active",
    "content": "complete",
    "hierarchyMeaning": "is-a",
    "concept": [
        {
            "code": "fish", "display": "Fish",
            "concept": [{"code": "pike", "display": "Pike"}, {"code": "carp", "display": "Carp"}],
        },
        {"code": "newt", "display": "Newt"},
    ],
}  # fmt: skip
LAKE = {
    "resourceType": "ValueSet",
    "url": SET,
    "version": "1",
    "status": "active",
    "compose": {
        "include": [
            {"system": OWN, "filter": [{"property": "concept", "op": "descendent-of", "value": "fish"}]}
        ]
    },
}


@pytest.fixture(scope="module", autouse=True)
def lake(caller: Caller) -> None:
    """A code system and a value set of one's own."""
    caller.made(FISH)
    caller.made(LAKE)
    time.sleep(0.06)  # what another process writes is noticed after 50 ms


def told(caller: Caller, path: str, **given: str) -> dict[str, Any]:
    """The parameters of an answer by name; of several the last."""
    query = "&".join(f"{name}={quote(value, safe='')}" for name, value in given.items())
    answer = caller.get(f"{path}?{query}")
    assert answer.status_code == 200, answer.text
    return {
        part["name"]: next((value for key, value in part.items() if key != "name"), None)
        for part in answer.json()["parameter"]
    }


def codes(answer: dict[str, Any]) -> list[str]:
    return [row["code"] for row in answer["expansion"].get("contains", [])]


def test_a_shipped_code_is_looked_up(caller: Caller) -> None:
    found = told(caller, "CodeSystem/$lookup", system=ICD, code="E11.9")
    assert found["display"] == "Type 2 diabetes mellitus without complications"
    assert found["version"]


def test_a_code_that_is_not_there_is_named_with_its_system(caller: Caller) -> None:
    issue = outcome(caller.get(f"CodeSystem/$lookup?system={ICD}&code=E11.99"), 404)
    assert "E11.99" in issue["diagnostics"]
    issue = outcome(caller.get("CodeSystem/$lookup?system=http://example.org/none&code=x"), 404)
    assert "http://example.org/none" in issue["diagnostics"]


def test_a_lookup_without_a_system_says_what_is_missing(caller: Caller) -> None:
    assert outcome(caller.get("CodeSystem/$lookup?code=x"), 400)["expression"] == ["system"]


def test_a_parameter_that_the_operation_does_not_have_is_refused_by_name(caller: Caller) -> None:
    issue = outcome(caller.get(f"CodeSystem/$lookup?system={ICD}&code=I10&colour=red"), 400)
    assert issue["expression"] == ["colour"]


def test_a_code_system_of_the_record_is_asked_as_a_shipped_one_is(caller: Caller) -> None:
    assert told(caller, "CodeSystem/$lookup", system=OWN, code="pike")["display"] == "Pike"
    assert (
        told(caller, "CodeSystem/$subsumes", system=OWN, codeA="fish", codeB="pike")["outcome"] == "subsumes"
    )
    assert told(caller, "CodeSystem/$validate-code", url=OWN, code="newt")["result"] is True
    assert told(caller, "CodeSystem/$validate-code", url=OWN, code="frog")["result"] is False


def test_a_value_set_is_expanded_and_pages_hold_each_code_once(caller: Caller) -> None:
    whole = caller.get(f"ValueSet/$expand?url={SET}").json()
    assert codes(whole) == ["pike", "carp"]
    assert whole["expansion"]["total"] == 2
    pages = [caller.get(f"ValueSet/$expand?url={SET}&offset={at}&count=1").json() for at in range(3)]
    assert [code for page in pages for code in codes(page)] == ["pike", "carp"]
    assert codes(caller.get(f"ValueSet/$expand?url={SET}&filter=car").json()) == ["carp"]


def test_an_expansion_can_be_had_as_xml_and_with_its_definition(caller: Caller) -> None:
    answer = caller.get(f"ValueSet/$expand?url={SET}&_format=xml")
    assert answer.headers["content-type"] == "application/fhir+xml"
    assert '<code value="pike"/>' in answer.text
    both = caller.get(f"ValueSet/$expand?url={SET}&includeDefinition=true").json()
    assert both["compose"] == LAKE["compose"]
    assert codes(both) == ["pike", "carp"]


def test_a_value_set_is_asked_by_its_address_or_sent_along(caller: Caller) -> None:
    stored = caller.get(f"ValueSet?url={SET}").json()["entry"][0]["resource"]["id"]
    assert codes(caller.get(f"ValueSet/{stored}/$expand").json()) == ["pike", "carp"]
    sent = {"resourceType": "Parameters", "parameter": [{"name": "valueSet", "resource": LAKE}]}
    assert codes(caller.post("ValueSet/$expand", sent).json()) == ["pike", "carp"]


def test_membership_is_told_with_the_right_display(caller: Caller) -> None:
    found = told(caller, "ValueSet/$validate-code", url=SET, system=OWN, code="pike", display="Pyke")
    assert found["result"] is True
    assert found["display"] == "Pike"
    assert "Pike" in found["message"]
    assert told(caller, "ValueSet/$validate-code", url=SET, system=OWN, code="fish")["result"] is False


@pytest.mark.parametrize(
    ("code", "is_in"), [({"system": OWN, "code": "newt"}, False), ({"system": OWN, "code": "carp"}, True)]
)
def test_one_coding_of_a_concept_is_enough(caller: Caller, code: dict[str, str], *, is_in: bool) -> None:
    concept = {"coding": [{"system": GENDER, "code": "male"}, code]}
    sent = {
        "resourceType": "Parameters",
        "parameter": [
            {"name": "url", "valueUri": SET},
            {"name": "codeableConcept", "valueCodeableConcept": concept},
        ],
    }
    answer = caller.post("ValueSet/$validate-code", sent)
    assert answer.status_code == 200
    assert answer.json()["parameter"][0] == {"name": "result", "valueBoolean": is_in}


def test_what_is_written_takes_effect_at_once(caller: Caller) -> None:
    stored = caller.get(f"CodeSystem?url={OWN}").json()["entry"][0]["resource"]
    more = {**stored, "concept": [*FISH["concept"], {"code": "frog", "display": "Frog"}]}
    assert caller.put(f"CodeSystem/{stored['id']}", more).status_code == 200
    time.sleep(0.06)
    assert told(caller, "CodeSystem/$validate-code", url=OWN, code="frog")["result"] is True
    assert caller.put(f"CodeSystem/{stored['id']}", {**FISH, "id": stored["id"]}).status_code == 200
    time.sleep(0.06)
    assert told(caller, "CodeSystem/$validate-code", url=OWN, code="frog")["result"] is False


def test_a_value_set_that_nobody_knows_is_named(caller: Caller) -> None:
    issue = outcome(caller.get("ValueSet/$expand?url=http://example.org/none"), 404)
    assert "http://example.org/none" in issue["diagnostics"]


def test_more_codes_than_one_answer_holds_are_refused_with_what_to_do(caller: Caller) -> None:
    sent = {"resourceType": "ValueSet", "status": "active", "compose": {"include": [{"system": ICD}]}}
    body = {"resourceType": "Parameters", "parameter": [{"name": "valueSet", "resource": sent}]}
    issue = outcome(caller.post("ValueSet/$expand", body), 400)
    assert "count" in issue["diagnostics"]


def test_a_map_translates_forth_and_back(caller: Caller) -> None:
    url = "http://hl7.org/fhir/ConceptMap/cm-administrative-gender-v2"
    answer = caller.get(f"ConceptMap/$translate?url={url}&system={GENDER}&code=male").json()
    match = next(part for part in answer["parameter"] if part["name"] == "match")
    concept = next(part["valueCoding"] for part in match["part"] if part["name"] == "concept")
    assert concept["code"] == "M"
    back = caller.get(
        f"ConceptMap/$translate?url={url}&system={concept['system']}&code=M&reverse=true"
    ).json()
    assert back["parameter"][0] == {"name": "result", "valueBoolean": True}


def test_a_mapping_may_depend_on_other_elements(caller: Caller) -> None:
    url, water = "http://example.org/fish-by-water", "http://example.org/water"
    targets = [
        {"code": "pike", "equivalence": "equivalent", "dependsOn": [{"property": water, "value": "lake"}],
         "product": [{"property": "http://example.org/net", "system": OWN, "value": "newt"}]},
        {"code": "carp", "equivalence": "equivalent", "dependsOn": [{"property": water, "value": "pond"}]},
    ]  # fmt: skip
    caller.made({
        "resourceType": "ConceptMap", "url": url, "status": "active",
        "group": [{"source": "urn:catch", "target": OWN, "element": [{"code": "big", "target": targets}]}],
    })  # fmt: skip

    def ask(*parts: dict[str, Any]) -> Any:
        plain = {"url": "valueUri", "system": "valueUri", "code": "valueCode"}
        given = {"url": url, "system": "urn:catch", "code": "big"}
        listed = [{"name": name, plain[name]: value} for name, value in given.items()]
        more = [{"name": "dependency", "part": list(parts)}] if parts else []
        return caller.post(
            "ConceptMap/$translate", {"resourceType": "Parameters", "parameter": [*listed, *more]}
        )

    def matched(answer: Any) -> list[str]:
        assert answer.status_code == 200, answer.text
        parts = [one["part"] for one in answer.json()["parameter"] if one["name"] == "match"]
        return [part["valueCoding"]["code"] for one in parts for part in one if part["name"] == "concept"]

    known = {"name": "concept", "valueCodeableConcept": {"coding": [{"code": "lake"}]}}
    assert matched(ask()) == ["pike", "carp"]
    answer = ask({"name": "element", "valueUri": water}, known)
    assert matched(answer) == ["pike"]
    product = next(part for part in answer.json()["parameter"][-1]["part"] if part["name"] == "product")
    assert [part.get("valueUri", part.get("valueCoding")) for part in product["part"]] == [
        "http://example.org/net", {"system": OWN, "code": "newt"},
    ]  # fmt: skip
    for broken in ((known,), ({"name": "element", "valueUri": water},), ({"name": "x", "valueString": "y"},)):
        assert outcome(ask(*broken), 400)["expression"] == ["dependency[0]"]


def test_a_closure_table_tells_what_is_new(caller: Caller) -> None:
    def ask(*concepts: str, version: str | None = None) -> dict[str, Any]:
        parts: list[dict[str, Any]] = [{"name": "name", "valueString": "lake"}]
        parts += [{"name": "concept", "valueCoding": {"system": OWN, "code": code}} for code in concepts]
        parts += [{"name": "version", "valueString": version}] if version else []
        answer = caller.post("$closure", {"resourceType": "Parameters", "parameter": parts})
        assert answer.status_code == 200, answer.text
        found: dict[str, Any] = answer.json()
        return found

    def links(table: dict[str, Any]) -> set[tuple[str, str]]:
        return {
            (element["code"], target["code"])
            for group in table.get("group", [])
            for element in group["element"]
            for target in element["target"]
        }

    assert links(ask()) == set()
    first = ask("pike")
    assert links(first) == set()
    second = ask("fish", "newt")
    assert links(second) == {("pike", "fish")}
    assert links(ask(version=first["version"])) == {("pike", "fish")}
    assert links(ask()) == set()


def test_a_client_keeps_so_many_closure_tables(caller: Caller, monkeypatch: pytest.MonkeyPatch) -> None:
    def start(name: str) -> Any:
        parts = [{"name": "name", "valueString": name}]
        return caller.post("$closure", {"resourceType": "Parameters", "parameter": parts})

    monkeypatch.setattr(closure, "TABLES", 2)
    assert start("lake").status_code == 200
    assert start("sea").status_code == 200
    issue = outcome(start("river"), 400)
    assert issue["code"] == "too-costly"
    assert "at most 2 closure tables. Found: river. Start one of yours anew" in issue["diagnostics"]
    assert start("sea").status_code == 200


def test_the_capability_statement_lists_the_operations(caller: Caller) -> None:
    rest = caller.get("metadata").json()["rest"][0]
    by_type = {one["type"]: {each["name"] for each in one.get("operation", [])} for one in rest["resource"]}
    assert {"expand", "validate-code", "validate"} <= by_type["ValueSet"]
    assert {"lookup", "validate-code", "subsumes"} <= by_type["CodeSystem"]
    assert by_type["Patient"] == {"everything", "validate"}
    assert by_type["Condition"] == {"validate"}
    assert {"closure", "fhirpath"} <= {each["name"] for each in rest["operation"]}


Ask = Callable[[str], set[str]]


@pytest.fixture(scope="module")
def found(caller: Caller) -> Ask:
    """Three catches to search for: ids by the code they have."""
    names: dict[str, str] = {}
    bait: dict[str, Any] = {}
    for code in ("pike", "carp", "newt"):
        coding = {"system": OWN, "code": code}
        made = caller.made({"resourceType": "Basic", "code": {"coding": [coding]}, **bait})
        names[made["id"]] = code
        bait = {"subject": {"reference": f"Basic/{made['id']}"}}  # of the next: it was caught with this one

    def ask(query: str) -> set[str]:
        answer = caller.get(f"Basic?{query}")
        assert answer.status_code == 200, answer.text
        return {names[entry["resource"]["id"]] for entry in answer.json().get("entry", [])}

    return ask


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        (f"code:in={SET}", {"pike", "carp"}),
        (f"code:not-in={SET}", {"newt"}),
        (f"code:below={OWN}|fish", {"pike", "carp"}),
        (f"code:below={OWN}|pike", {"pike"}),
        (f"code:above={OWN}|pike", {"pike"}),
        (f"code:in={SET}&code={OWN}|carp", {"carp"}),
        (f"_filter=code in {SET}", {"pike", "carp"}),
        (f"_filter=code ni {SET}", {"newt"}),
        (f"_filter=code ss {OWN}|fish and not (code eq {OWN}|carp)", {"pike"}),
        (f"_filter=code sb {OWN}|pike", {"pike"}),
        (f"subject:Basic.code:in={SET}", {"carp", "newt"}),
        (f"_has:Basic:subject:code:not-in={SET}", {"carp"}),
        (f"_has:Basic:subject:code:below={OWN}|fish", {"pike"}),
    ],
)
def test_a_search_asks_the_code_systems(found: Ask, query: str, expected: set[str]) -> None:
    assert found(query) == expected


def test_a_value_set_of_the_record_is_named_by_its_id_too(caller: Caller, found: Ask) -> None:
    stored = caller.get(f"ValueSet?url={SET}").json()["entry"][0]["resource"]["id"]
    assert found(f"code:in=ValueSet/{stored}") == {"pike", "carp"}
    assert found(f"_filter=code ni ValueSet/{stored}") == {"newt"}


@pytest.mark.parametrize(
    ("query", "status", "named"),
    [
        ("code:in=ValueSet/none", 400, "ValueSet/none"),
        ("code:in=http://example.org/none", 400, "http://example.org/none"),
        ("code:in=fish", 400, "fish"),
        (f"code:below={OWN}|none", 404, "none"),
        ("code:below=fish", 400, "fish"),
    ],
)
def test_a_search_by_codes_that_cannot_be_told_is_refused(
    caller: Caller, query: str, status: int, named: str
) -> None:
    assert named in outcome(caller.get(f"Basic?{query}"), status)["diagnostics"]
