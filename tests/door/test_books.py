"""The books beside the door (codes, value sets, maps, profiles): who may open them, and what one question may cost."""

from __future__ import annotations

import gc
import time
import tracemalloc
from typing import Any

import httpx
import pytest

from charthouse.terminology.compose import Composed
from tests import cast
from tests.door.conftest import FORM, JSON, House

GENDER = "http://hl7.org/fhir/administrative-gender"
GENDERS = "http://hl7.org/fhir/ValueSet/administrative-gender"
ACTS_SET = "http://terminology.hl7.org/ValueSet/v3-ActCode"
ACTS = "http://terminology.hl7.org/CodeSystem/v3-ActCode"
SECRET = "Secretbooktext"
SCRIPT = '"><script>alert(1)</script>'
SEEN = 0.06  # after this long everybody has noticed that a book was written


def parameters(*pairs: tuple[str, str, Any]) -> dict[str, Any]:
    """A Parameters resource of (name, value[x], value)."""
    return {
        "resourceType": "Parameters",
        "parameter": [{"name": name, kind: value} for name, kind, value in pairs],
    }


def valueset(*includes: dict[str, Any], url: str = "urn:books:sent") -> dict[str, Any]:
    return {
        "resourceType": "ValueSet",
        "status": "active",
        "url": url,
        "compose": {"include": list(includes)},
    }


def codesystem(url: str, *concepts: dict[str, Any]) -> dict[str, Any]:
    return {
        "resourceType": "CodeSystem", "status": "active", "content": "complete", "url": url, "name": "Books",
        "hierarchyMeaning": "is-a", "concept": list(concepts),
    }  # fmt: skip


def post(
    house: House, path: str, tree: dict[str, Any], headers: dict[str, str] | None = None
) -> httpx.Response:
    return house.ask("POST", f"/fhir/{path}", {**(headers or house.everything), **JSON}, json=tree)


def is_refused(answer: httpx.Response) -> bool:
    """Whether it says that this would take too long."""
    return bool(answer.json()["issue"][0]["code"] == "too-costly")


def keep(house: House, *trees: dict[str, Any]) -> list[str]:
    """Store books, and wait until they are noticed."""
    ids = [house.make(tree) for tree in trees]
    time.sleep(SEEN)
    return ids


# -- who may open them


def test_a_scope_that_shows_some_rows_opens_no_book_by_its_url(house: House) -> None:
    keep(house, {
        **valueset({"system": "urn:books:x", "concept": [{"code": "a", "display": SECRET}]}, url="urn:books:draft"),
        "status": "draft",
    }, {**codesystem("urn:books:draft-codes", {"code": "a", "display": SECRET}), "status": "draft"})  # fmt: skip
    narrow = house.token("system/ValueSet.rs?status=active system/CodeSystem.rs?status=active", "narrowed")
    assert house.ask("GET", "/fhir/ValueSet/any-id", narrow).status_code == 404
    for path in ("ValueSet/$expand?url=urn:books:draft&includeDefinition=true", "ValueSet/$expand?url=urn:books:draft",
                 "ValueSet/$validate-code?url=urn:books:draft&system=urn:books:x&code=a",
                 "CodeSystem/$lookup?system=urn:books:draft-codes&code=a"):  # fmt: skip
        answer = house.ask("GET", f"/fhir/{path}", narrow)
        assert SECRET not in answer.text, path
        assert answer.status_code == 403, path


@pytest.mark.parametrize("member", cast.SHUT_OUT, ids=lambda member: member.name)
def test_who_may_not_read_code_systems_finds_none_of_the_record_on_a_page(
    house: House, member: cast.Member
) -> None:
    keep(house, {**codesystem(f"urn:books:{member.name}", {"code": "a", "display": SECRET}), "title": SECRET})
    session = house.session(member)
    assert house.ask("GET", "/fhir/CodeSystem", session).status_code == 403
    for path in ("/code-systems?show=all", f"/code-systems/code?system=urn:books:{member.name}&code=a"):
        assert SECRET not in house.ask("GET", path, session).text, path


def test_a_session_asks_no_operation_by_post_without_its_form_token(house: House) -> None:
    session = house.session(cast.ADMINISTRATOR)
    for path in ("CodeSystem/$lookup", "CodeSystem/$validate-code", "CodeSystem/$subsumes", "ValueSet/$expand",
                 "ValueSet/$validate-code", "ConceptMap/$translate", "$closure", "$fhirpath",
                 "Patient/$validate"):  # fmt: skip
        assert post(house, path, parameters(("name", "valueString", "x")), session).status_code == 403, path
    assert house.ask("POST", "/code-systems/find", {**session, **FORM}, content="q=male").status_code == 403


def test_no_operation_by_get_changes_anything(house: House) -> None:
    keep(house, valueset({"system": GENDER}, url="urn:books:calm"))
    before = house.state()
    for path in (f"CodeSystem/$lookup?system={GENDER}&code=male", "ValueSet/$expand?url=urn:books:calm",
                 f"ConceptMap/$translate?system={GENDER}&code=male",
                 f"Patient/{house.ids['Patient']}/$validate"):  # fmt: skip
        assert house.ask("GET", f"/fhir/{path}", house.everything).status_code == 200, path
    assert house.ask("GET", "/fhir/$closure?name=x", house.everything).status_code == 405
    assert house.state() == before


def test_a_closure_table_needs_the_right_to_create(house: House) -> None:
    reader = house.token("system/ConceptMap.rs", "map-reader")
    assert post(house, "$closure", parameters(("name", "valueString", "mine")), reader).status_code == 403


def test_a_closure_table_belongs_to_the_client_that_started_it(house: House) -> None:
    name = ("name", "valueString", "shared-name")
    one, other = (house.token("system/ConceptMap.cr", client) for client in ("client-one", "client-two"))
    assert post(house, "$closure", parameters(name), one).status_code == 200
    added = ("concept", "valueCoding", {"system": GENDER, "code": "male"})
    assert post(house, "$closure", parameters(name, added), one).json()["version"] == "1"
    assert (
        post(house, "$closure", parameters(name, ("version", "valueString", "0")), other).status_code == 404
    )
    post(house, "$closure", parameters(name), other)  # starts its own, and empties nobody else's
    assert (
        post(house, "$closure", parameters(name, ("version", "valueString", "0")), one).json()["version"]
        == "1"
    )


def test_no_operation_slips_through_a_bundle(house: House) -> None:
    narrow = house.token("system/Observation.rs", "narrow")
    before = house.state()
    for request, tree in (
        ({"method": "POST", "url": "$closure"}, parameters(("name", "valueString", "n"))),
        ({"method": "GET", "url": f"ValueSet/$expand?url={GENDERS}"}, None),
        ({"method": "GET", "url": f"Patient/{house.ids['Patient']}/$validate"}, None),
    ):
        entry = {"request": request} | ({"resource": tree} if tree else {})
        batch = post(house, "", {"resourceType": "Bundle", "type": "batch", "entry": [entry]}, narrow).json()
        assert batch["entry"][0]["response"]["status"][:3] in ("400", "403"), request
        whole = post(house, "", {"resourceType": "Bundle", "type": "transaction", "entry": [entry]}, narrow)
        assert whole.status_code in (400, 403), request
    assert house.state() == before


@pytest.mark.parametrize("path", ["ValueSet/{id}/$expand", "ValueSet/{id}/$validate-code?code=a",
                                  "CodeSystem/{id}/$validate-code?code=a", "CodeSystem/{id}/$subsumes?codeA=a&codeB=b",
                                  "ConceptMap/{id}/$translate?code=a&system=x", "Patient/{id}/$validate"])  # fmt: skip
def test_an_operation_on_one_resource_answers_like_a_read_of_it(house: House, path: str) -> None:
    kind = path.partition("/")[0]
    book = {"resourceType": kind} | (
        {"status": "active", "content": "complete"} if kind == "CodeSystem" else {}
    )
    gone = house.make(book if kind in ("CodeSystem", "Patient") else {**book, "status": "active"})
    assert house.ask("DELETE", f"/fhir/{kind}/{gone}", house.everything).status_code == 204
    narrow = house.token("system/Observation.rs", "narrow")
    for id, status in ((gone, 410), ("never-ever-named-0001", 404)):
        asked = house.ask("GET", f"/fhir/{path.format(id=id)}", house.everything)
        read = house.ask("GET", f"/fhir/{kind}/{id}", house.everything)
        assert (asked.status_code, asked.content) == (status, read.content)
        shut = house.ask("GET", f"/fhir/{path.format(id=id)}", narrow)
        assert (shut.status_code, shut.content) == (
            403,
            house.ask("GET", f"/fhir/{kind}/{id}", narrow).content,
        )


# -- what is in them


def test_nothing_in_a_book_runs_on_a_page(house: House) -> None:
    evil = SCRIPT + "{{7*7}}"
    keep(house, {
        **codesystem("urn:books:evil", {"code": "<b>", "display": evil, "definition": evil, "designation": [
            {"value": evil}], "concept": [{"code": "c'\"<i>", "display": evil}]}),
        "title": evil, "copyright": evil,
    })  # fmt: skip
    session = house.session(cast.DOCTOR)
    for path in ("/code-systems?show=all", "/code-systems/code?system=urn:books:evil&code=%3Cb%3E",
                 "/code-systems/code?system=%3Cscript%3Ealert(1)&code=%3Cscript%3Ealert(1)"):  # fmt: skip
        for headers in (session, {**session, "hx-request": "true"}):
            text = house.ask("GET", path, headers).text
            assert "<script>alert" not in text, path
            assert '"><script' not in text, path


def test_a_crooked_book_is_refused_by_name_and_nothing_leaks(house: House) -> None:
    nested: dict[str, Any] = {"code": "a"}
    for _ in range(90):
        nested = {"code": "a", "contains": [nested]}
    crooked: list[dict[str, Any]] = [
        {"compose": {"include": "x"}}, {"compose": []}, {"url": {"a": 1}}, {"expansion": {"contains": [nested]}},
        {"compose": {"include": [{"system": GENDER, "filter": [{"property": "concept", "op": "is-a", "value": "'"}]}]}},
        {"compose": {"include": [{"system": "a\u0000b", "concept": [{"code": "\u0000"}]}]}},
        {"compose": {"include": [{"valueSet": ["|", ""]}]}}, {"compose": {"include": [{}] * 1001}},
        {"compose": {"include": [{"system": GENDER, "filter": [
            {"property": "display", "op": "regex", "value": "("}]}]}},
    ]  # fmt: skip
    for tree in crooked:
        for path in ("ValueSet/$expand", "ValueSet/$validate-code"):
            given = [("valueSet", "resource", {"resourceType": "ValueSet", **tree})]
            if path.endswith("code"):
                given.append(("coding", "valueCoding", {"system": GENDER, "code": "male"}))
            answer = post(house, path, parameters(*given))
            assert answer.status_code < 500 or is_refused(answer), tree
            for leak in ("Traceback", "SELECT", ".py", "sqlite", "/src/"):
                assert leak not in answer.text, tree


@pytest.mark.parametrize("query", ["count=999999999999", "count=-1", "offset=2147483647", "count=1&count=2", "count=x",
                                   "filter=" + "a" * 300, "activeOnly=2", "nonsense=1", "filter=%25_%22%27*%00",
                                   "displayLanguage=%00", "property=%00", "useSupplement=x"])  # fmt: skip
def test_odd_wishes_of_an_expansion_break_nothing(house: House, query: str) -> None:
    answer = house.ask("GET", f"/fhir/ValueSet/$expand?url={GENDERS}&{query}", house.everything)
    assert answer.status_code in (200, 400, 404, 413)


def test_circles_in_books_are_told_and_break_no_other(house: House) -> None:
    keep(
        house, valueset({"valueSet": ["urn:books:b"]}, url="urn:books:a"),
        valueset({"valueSet": ["urn:books:a"]}, url="urn:books:b"),
        {**codesystem("urn:books:circle", *(
            {"code": one, "property": [{"code": "parent", "valueCode": other}]} for one, other in ("ab", "ba"))),
         "property": [{"code": "parent", "uri": "http://hl7.org/fhir/concept-properties#parent", "type": "code"}]},
    )  # fmt: skip
    assert house.ask("GET", "/fhir/ValueSet/$expand?url=urn:books:a", house.everything).status_code == 400
    told = house.ask("GET", "/fhir/CodeSystem/$lookup?system=urn:books:circle&code=a", house.everything)
    assert told.status_code == 400
    assert (
        house.ask("GET", f"/fhir/ValueSet/$expand?url={GENDERS}", house.everything).json()["expansion"][
            "total"
        ]
        == 4
    )
    assert house.ask("GET", "/code-systems?show=all", house.session(cast.DOCTOR)).status_code == 200


def test_a_stored_book_takes_no_required_code_of_the_standard_away(house: House) -> None:
    clinical = "http://terminology.hl7.org/CodeSystem/condition-clinical"
    ids = keep(
        house, codesystem(GENDER, {"code": "none"}), codesystem(clinical, {"code": "none"}),
        valueset({"system": GENDER, "concept": [{"code": "nonsense"}]}, url=GENDERS),
        valueset({"system": "urn:x", "concept": [{"code": "z"}]}, url="http://hl7.org/fhir/ValueSet/condition-clinical"),
    )  # fmt: skip
    condition = {
        "resourceType": "Condition", "subject": {"reference": "Patient/x"},
        "clinicalStatus": {"coding": [{"system": clinical, "code": "active"}]},
    }  # fmt: skip
    try:
        assert post(house, "Patient", {"resourceType": "Patient", "gender": "male"}).status_code == 201
        assert post(house, "Patient", {"resourceType": "Patient", "gender": "nonsense"}).status_code == 400
        assert post(house, "Condition", condition).status_code == 201
    finally:
        for kind, id in zip(("CodeSystem", "CodeSystem", "ValueSet", "ValueSet"), ids, strict=True):
            house.ask("DELETE", f"/fhir/{kind}/{id}", house.everything)
        time.sleep(SEEN)


# -- what one question may cost


PATTERNS = ("(a|a)*b", "^(a|aa)+$", "(a?){24}b", "a?" * 24 + "a" * 24, "(|a)" * 24 + "b", "(a|aa)" * 20 + "b")


@pytest.mark.parametrize("pattern", PATTERNS)
def test_no_regular_expression_in_fhirpath_stops_the_house(house: House, pattern: str) -> None:
    """Each of these would run for hours if it were handed to an engine that tries every way."""
    for text in ("a" * 60 + "c", "a" * 60):
        asked = parameters(
            ("expression", "valueString", f"'{text}'.matches('{pattern}')"),
            ("resource", "resource", {"resourceType": "Patient"}),
        )
        assert post(house, "$fhirpath", asked).status_code in (200, 400)


def test_no_regular_expression_in_a_patch_stops_the_house(house: House) -> None:
    parts = [
        ("type", "valueCode", "delete"),
        ("path", "valueString", f"Patient.where('{'a' * 60}'.matches('^(a|a)*b$'))"),
    ]
    patch = {
        "resourceType": "Parameters",
        "parameter": [{"name": "operation", "part": parameters(*parts)["parameter"]}],
    }
    path = f"/fhir/Patient/{house.ids['Patient']}"
    assert house.ask("PATCH", path, {**house.everything, **JSON}, json=patch).status_code < 500


@pytest.mark.parametrize("pattern", ["(a|a)*b", "(a|aa)+b", "(.|.)*!!", "a?" * 24 + "a" * 24])
def test_no_regular_expression_in_a_value_set_stops_the_house(house: House, pattern: str) -> None:
    keep(house, codesystem(f"urn:books:{len(pattern)}", {"code": "a", "display": "a" * 60}))
    rule = {"property": "display", "op": "regex", "value": pattern}
    sent = valueset({"system": f"urn:books:{len(pattern)}", "filter": [rule]})
    answer = post(house, "ValueSet/$expand", parameters(("valueSet", "resource", sent)))
    assert answer.status_code < 500 or is_refused(answer)


@pytest.mark.parametrize(
    "path", ["CodeSystem/$validate-code", "ValueSet/$validate-code", "ConceptMap/$translate"]
)
def test_more_codes_than_one_question_may_hold_are_refused(house: House, path: str) -> None:
    coding = [{"system": GENDER, "code": f"c{number}"} for number in range(101)]
    given: list[tuple[str, str, Any]] = [("codeableConcept", "valueCodeableConcept", {"coding": coding})]
    if path.startswith("ValueSet"):
        given.append(("url", "valueUri", GENDERS))
    answer = post(house, path, parameters(*given))
    assert answer.status_code == 400
    assert is_refused(answer)


def test_more_profiles_than_one_question_may_name_are_refused(house: House) -> None:
    given = parameters(*(("profile", "valueUri", f"urn:books:{number}") for number in range(21)))
    answer = post(house, f"Patient/{house.ids['Patient']}/$validate", given)
    assert answer.status_code == 400
    assert is_refused(answer)


def test_a_stored_code_system_of_many_codes_is_looked_up(house: House) -> None:
    children = [{"code": f"k{number}"} for number in range(5_000)]
    keep(house, codesystem("urn:books:large", {"code": "r", "concept": children}))
    for code in ("k5", "r"):
        path = f"/fhir/CodeSystem/$lookup?system=urn:books:large&code={code}"
        answer = house.ask("GET", path, house.everything)
        assert answer.status_code == 200
        assert len(answer.json()["parameter"]) < 1_100


def test_a_large_closure_is_refused_before_it_holds_up_other_writes(house: House) -> None:
    name = ("name", "valueString", "large")
    assert post(house, "$closure", parameters(name)).status_code == 200
    many = [("concept", "valueCoding", {"system": ACTS, "code": f"k{number}"}) for number in range(101)]
    answer = post(house, "$closure", parameters(name, *many))
    assert answer.status_code == 400
    assert is_refused(answer)


@pytest.mark.parametrize("asked", [f"code:in={ACTS_SET}", f"derived-from:Observation.code:in={ACTS_SET}"])
def test_a_condition_of_a_write_does_not_ask_the_code_systems(house: House, asked: str) -> None:
    answer = house.ask(
        "POST", "/fhir/Observation",
        {**house.everything, **JSON, "if-none-exist": asked},
        json={"resourceType": "Observation", "status": "final", "code": {"text": "x"}},
    )  # fmt: skip
    assert answer.status_code == 400
    assert answer.json()["issue"][0]["code"] == "not-supported"


def test_a_search_by_a_book_needs_the_right_to_read_it(house: House) -> None:
    only = house.token("system/Observation.rs")
    assert house.ask("GET", "/fhir/Observation?code=x", only).status_code == 200
    for name, operator, value in (
        ("in", "in", ACTS_SET), ("not-in", "ni", ACTS_SET), ("below", "sb", f"{ACTS}|x"), ("above", "ss", f"{ACTS}|x"),
    ):  # fmt: skip
        inside = f"derived-from:Observation[code {operator} {value}].status eq final"
        for path in (f"Observation?code:{name}={value}", f"?_type=Observation&code:{name}={value}",
                     f"Observation?code:{name}={value}&_explain=true",
                     f"Observation?derived-from:Observation.code:{name}={value}",
                     f"Observation?_has:Observation:derived-from:code:{name}={value}",
                     f"Observation?_filter=not (code {operator} {value})",
                     f"Observation?_filter={inside}"):  # fmt: skip
            assert house.ask("GET", f"/fhir/{path}".replace("/?", "?"), only).status_code == 403, path


@pytest.mark.parametrize("modifier", ["below", "above"])
def test_addresses_above_and_below_ask_no_code_system(house: House, modifier: str) -> None:
    """The modifier is that of the hierarchy of codes only where the parameter holds codes."""
    only = house.token("system/Measure.rs")
    found = house.ask("GET", f"/fhir/Measure?url:{modifier}=http://example.org/measures", only)
    assert (found.status_code, found.json()["total"]) == (200, 0)
    assert house.ask("GET", f"/fhir/Measure?status:{modifier}={ACTS}|x", only).status_code == 403


def test_a_value_set_that_was_sent_is_forgotten_with_its_answer(house: House) -> None:
    sent = valueset({"system": "urn:books:x", "concept": [{"code": "a"}]}, url="urn:books:forgotten")
    assert post(house, "ValueSet/$expand", parameters(("valueSet", "resource", sent))).status_code == 200
    gc.collect()
    assert not [
        one for one in gc.get_objects() if isinstance(one, Composed) and one.url == "urn:books:forgotten"
    ]


@pytest.mark.parametrize("name", ["url", "system", "displayLanguage"])
def test_long_names_in_questions_are_not_kept(house: House, name: str) -> None:
    def ask(number: int) -> None:
        text = f"urn:books:{number}:" + "y" * 500_000
        given = {"url": ("valueUri", GENDERS), "system": ("valueUri", GENDER), "code": ("valueCode", "male")}
        given[name] = ("valueCode" if name == "displayLanguage" else "valueUri", text)
        listed = parameters(*((one, kind, value) for one, (kind, value) in given.items()))
        assert post(house, "ValueSet/$validate-code", listed).status_code in (200, 400, 404)

    ask(0)
    tracemalloc.start()
    try:
        for number in range(1, 21):
            ask(number)
        gc.collect()
        assert tracemalloc.get_traced_memory()[0] < 3_000_000
    finally:
        tracemalloc.stop()
