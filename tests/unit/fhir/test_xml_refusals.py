"""What the XML reader and writer refuse, with the place and the value."""

from __future__ import annotations

import copy
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from charthouse.base.errors import Category, Issue, Problem
from charthouse.fhir.definitions import load
from charthouse.fhir.resource import MAX_DEPTH, dump, parse
from charthouse.fhir.xml import from_xml, to_xml

DEFINITIONS = load()
DIV = '<div xmlns="http://www.w3.org/1999/xhtml">'


def written(tree: dict[str, Any]) -> str:
    return to_xml(tree, DEFINITIONS).decode()


def read(
    inner: str, name: str = "Patient", attributes: str = ' xmlns="http://hl7.org/fhir"'
) -> dict[str, Any]:
    return from_xml(f"<{name}{attributes}>{inner}</{name}>".encode(), DEFINITIONS)


def refusal(body: str | bytes) -> Issue:
    with pytest.raises(Problem) as caught:
        from_xml(body if isinstance(body, bytes) else body.encode(), DEFINITIONS)
    assert caught.value.category is Category.INVALID
    return caught.value.issues[0]


def refused_inside(inner: str) -> Issue:
    return refusal(f'<Patient xmlns="http://hl7.org/fhir">\n{inner}\n</Patient>')


# --- refusals of the reader -----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("inner", "place", "value", "word"),
    [
        ('<birthdate value="1974"/>', "line 2, column 1", "birthdate", "birthDate"),
        ('  <frobnicate value="1"/>', "line 2, column 3", "frobnicate", "extension"),
        ('<name>\n<family value="A"/>\n<famly value="B"/></name>', "line 4, column 1", "famly", "family"),
        ('<active value="true" foo="bar"/>', "line 2, column 1", 'foo="bar"', "Leave it out"),
        ('<active values="true"/>', "line 2, column 1", 'values="true"', "Leave it out"),
        ('<name value="Jim"/>', "line 2, column 1", 'value="Jim"', "Leave it out"),
        ('<name xml:id="a"/>', "line 2, column 1", 'id="a"', "Leave it out"),
        ('<active value="yes"/>', "line 2, column 22", "yes", "true or false"),
        ('<active value=""/>', "line 2, column 1", "value", "Leave it out"),
        ('<active value="  "/>', "line 2, column 1", "value", "Leave it out"),
        ("<active/>", "line 2, column 1", "active", "give it a value"),
        ("<name></name>", "line 2, column 7", "name", "Leave it out"),
        ('<multipleBirthInteger value="1.5"/>', "line 2, column 1", "1.5", "number"),
        ('<multipleBirthInteger value="+1"/>', "line 2, column 1", "+1", "number"),
        ('<multipleBirthInteger value="٣"/>', "line 2, column 1", "٣", "number"),
        ('<active value="true"/><active value="true"/>', "line 2, column 23", "active", "one of the two"),
        ('<active value="true">text</active>', "line 2, column 22", "text", "attributes"),
        ('<?go now?><active value="true"/>', "line 2, column 1", "<?go", "Leave it out"),
        ('<active xmlns="http://hl7.org/fhir2" value="true"/>', "line 2, column 1", "active", "http://hl7.org/fhir"),
        ('<active xmlns="" value="true"/>', "line 2, column 1", "active", "http://hl7.org/fhir"),
        ("<contained/>", "line 2, column 1", "contained", "one resource"),
        ('<contained><Frob/></contained>', "line 2, column 12", "Frob", ""),
        ("<contained><Patiend/></contained>", "line 2, column 12", "Patiend", "<Patient>"),
        ('<contained id="a"><Basic/></contained>', "line 2, column 1", 'id="a"', "Leave it out"),
        (
            '<contained><Basic><id value="1"/></Basic><Basic><id value="2"/></Basic></contained>',
            "line 2, column 42", "Basic", "Repeat",
        ),
    ],
)  # fmt: skip
def test_what_fhir_does_not_know_is_refused_with_line_and_name(
    inner: str, place: str, value: str, word: str
) -> None:
    issue = refused_inside(inner)
    assert issue.place is not None
    assert (issue.place.split(",")[0], issue.value) == (place.split(",", maxsplit=1)[0], value)
    assert issue.place == place or value in ("yes", "1.5", "+1", "٣", "active", "contained")
    assert word in (issue.repair or "") or word in issue.message


@pytest.mark.parametrize(
    "doctype",
    [
        "<!DOCTYPE Patient>",
        '<!DOCTYPE Patient [<!ENTITY a "b">]>',
        '<!DOCTYPE Patient SYSTEM "file:///etc/passwd">',
        '<!DOCTYPE Patient [<!ENTITY % r SYSTEM "http://127.0.0.1:1/x.dtd">%r;]>',
        '<!DOCTYPE lolz [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;">]>',
        '<!DOCTYPE Patient [<!ATTLIST active value CDATA "true">]>',
    ],
)
def test_a_dtd_is_refused_before_any_entity_is_read(doctype: str) -> None:
    issue = refusal(f'<?xml version="1.0"?>\n{doctype}<Patient xmlns="http://hl7.org/fhir">&a;</Patient>')
    assert issue.place is not None
    assert issue.place.startswith("line 2, ")
    assert "DTD" in issue.message
    assert issue.value is not None
    assert issue.value.startswith("<!DOCTYPE")


def test_an_undeclared_entity_is_refused_with_advice() -> None:
    issue = refused_inside('<name><family value="a&nbsp;b"/></name>')
    assert issue.place is not None
    assert issue.place.startswith("line 2, ")
    assert "undefined entity" in issue.message
    assert "character itself" in (issue.repair or "")


@pytest.mark.parametrize(
    ("body", "place", "value"),
    [
        ("", "line 1, column 1", "end of content"),
        ("<Patient", "line 1, column 1", "<Patient"),
        ('<Patient xmlns="http://hl7.org/fhir">\n<active></Patient>', "line 2, column 11", "Patient>"),
        (
            '<Patient xmlns="http://hl7.org/fhir">\n  <active value=true/></Patient>',
            "line 2, column 17",
            "true/></Patient>",
        ),
        ('<Patient xmlns="http://hl7.org/fhir"/><Patient/>', "line 1, column 39", "<Patient/>"),
        ('<f:Patient xmlns="http://hl7.org/fhir"/>', "line 1, column 1", "<f:Patient xmlns="),
        ('{"resourceType":"Patient"}', "line 1, column 1", '{"resourceType":"Patient'),
        (
            '<Patient xmlns="http://hl7.org/fhir"><active value="&#0;"/></Patient>',
            "line 1, column 53",
            "&#0;",
        ),
    ],
)
def test_malformed_xml_is_refused_with_line_column_and_what_was_found(
    body: str, place: str, value: str
) -> None:
    issue = refusal(body)
    assert issue.place == place
    assert issue.value is not None
    assert issue.value.startswith(value)


@pytest.mark.parametrize(
    "body",
    [
        '<?xml version="1.0" encoding="UTF-16"?><Patient xmlns="http://hl7.org/fhir"/>'.encode("utf-16"),
        '<?xml version="1.0" encoding="ISO-8859-1"?><Patient xmlns="http://hl7.org/fhir"/>'.encode("latin-1"),
        '<Patient xmlns="http://hl7.org/fhir"><language value="é"/></Patient>'.encode("latin-1"),
    ],
)
def test_another_encoding_than_utf8_is_refused(body: bytes) -> None:
    assert "UTF-" in refusal(body).message
    assert refusal(body).repair == "Send UTF-8."


@pytest.mark.parametrize(
    ("body", "word"),
    [
        ("<Patient/>", "no namespace"),
        ('<Patient xmlns="http://hl7.org/FHIR"/>', "http://hl7.org/FHIR"),
        ('<ClinicalDocument xmlns="urn:hl7-org:v3"/>', "urn:hl7-org:v3"),
        ('<DomainResource xmlns="http://hl7.org/fhir"/>', "not a resource type"),
        ('<HumanName xmlns="http://hl7.org/fhir"/>', "not a resource type"),
        ('<Patient xmlns="http://hl7.org/fhir" id="a"/>', 'no attribute "id"'),
    ],
)
def test_a_root_that_is_no_fhir_resource_is_refused(body: str, word: str) -> None:
    issue = refusal(body)
    assert word in issue.message
    assert issue.place == "line 1, column 1"


def test_nesting_is_bounded_as_in_json() -> None:
    def nested(levels: int) -> bytes:
        inner = '<extension url="u">' * levels + '<valueCode value="c"/>' + "</extension>" * levels
        return f'<Basic xmlns="http://hl7.org/fhir">{inner}</Basic>'.encode()

    deepest = (MAX_DEPTH - 2) // 2
    assert parse(dump(from_xml(nested(deepest), DEFINITIONS)))
    assert to_xml(from_xml(nested(deepest), DEFINITIONS), DEFINITIONS).count(b"<extension") == deepest
    for levels in (MAX_DEPTH // 2 + 1, 5000, 100_000):
        assert "levels deep" in refusal(nested(levels)).message


SAMPLE = to_xml(
    {
        "resourceType": "Patient",
        "text": {"status": "generated", "div": f"{DIV}<p title='a'>b<br/></p></div>"},
        "contained": [{"resourceType": "Basic", "id": "b", "code": {"text": "c"}}],
        "active": True,
        "name": [{"given": ["A", "B"], "_given": [None, {"id": "g"}]}],
        "multipleBirthInteger": 2,
    },
    DEFINITIONS,
)
PIECES = [
    b"<",
    b">",
    b"/>",
    b"</",
    b"&",
    b"&a;",
    b'"',
    b"=",
    b"\x00",
    b"\xff",
    b"<!--",
    b"<![CDATA[",
    b"<?x?>",
    b"<!DOCTYPE a>",
]
PIECES += [
    b"<div>",
    b"<contained>",
    b"</contained>",
    b' xmlns="urn:x"',
    b' xmlns:p="urn:p"',
    b"<p:q/>",
    b"text",
    b"\xef\xbb\xbf",
]


@settings(deadline=None, max_examples=300)
@given(
    st.lists(st.tuples(st.integers(0, len(SAMPLE)), st.integers(0, 12), st.sampled_from(PIECES)), max_size=3)
)
def test_a_damaged_document_is_read_or_refused_and_nothing_else(cuts: list[tuple[int, int, bytes]]) -> None:
    body = SAMPLE
    for at, length, piece in cuts:
        body = body[:at] + piece + body[at + length :]
    found: Issue | dict[str, Any]
    try:
        found = from_xml(body, DEFINITIONS)
    except Problem as problem:
        found = problem.issues[0]
    if isinstance(found, Issue):
        assert (found.place or "").startswith("line ")
    else:
        assert parse(dump(found)) == found


# --- refusals of the writer -----------------------------------------------------------------------


def unwritable(tree: dict[str, Any]) -> Issue:
    with pytest.raises(Problem) as caught:
        to_xml(tree, DEFINITIONS)
    return caught.value.issues[0]


@pytest.mark.parametrize(
    ("tree", "place"),
    [
        ({"resourceType": "Patient", "birthdate": "1974"}, "Patient"),
        ({"resourceType": "Patient", "name": [{"famly": "A"}]}, "Patient.name"),
        ({"resourceType": "Patient", "_name": [{"id": "a"}]}, "Patient"),
        ({"resourceType": "Patient", "name": {"family": "A"}}, "Patient.name"),
        ({"resourceType": "Patient", "name": ["A"]}, "Patient.name"),
        ({"resourceType": "Patient", "active": {"a": 1}}, "Patient.active"),
        ({"resourceType": "Patient", "active": None}, "Patient.active"),
        ({"resourceType": "Patient", "id": "a\x00b"}, "Patient.id"),
        ({"resourceType": "Patient", "id": "a\uffff"}, "Patient.id"),
        ({"resourceType": "Patient", "id": "\ud83d"}, "Patient.id"),
        ({"resourceType": "Patient", "contained": [{"resourceType": "Frob"}]}, "Patient.contained"),
        ({"resourceType": "Patient", "text": {"div": "<div><b></div>"}}, "Patient.text.div"),
        ({"resourceType": "Patient", "text": {"div": "<div>\ud83d</div>"}}, "Patient.text.div"),
        ({"resourceType": "Frob"}, None),
        ({}, None),
    ],
)
def test_what_has_no_form_in_xml_is_refused_with_its_place(tree: dict[str, Any], place: str | None) -> None:
    before = copy.deepcopy(tree)
    assert unwritable(tree).place == place
    assert tree == before


def test_a_tree_nested_without_end_is_refused_and_does_not_overflow() -> None:
    extension: dict[str, Any] = {"url": "u", "valueCode": "c"}
    for _ in range(5000):
        extension = {"url": "u", "extension": [extension]}
    assert "levels deep" in unwritable({"resourceType": "Basic", "extension": [extension]}).message
