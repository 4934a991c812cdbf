"""FHIR XML both ways: what is written, what is read back, and what is refused."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree

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


def test_elements_are_written_in_the_order_of_the_definitions_whatever_the_order_of_the_keys() -> None:
    tree = {
        "birthDate": "1974-12-25",
        "name": [{"given": ["Jim", "James"], "family": "Chalmers", "use": "usual", "id": "n1"}],
        "deceasedBoolean": False,
        "id": "p1",
        "resourceType": "Patient",
        "meta": {"versionId": "3"},
    }
    assert written(tree) == (
        '<?xml version="1.0" encoding="UTF-8"?><Patient xmlns="http://hl7.org/fhir"><id value="p1"/>'
        '<meta><versionId value="3"/></meta><name id="n1"><use value="usual"/><family value="Chalmers"/>'
        '<given value="Jim"/><given value="James"/></name><birthDate value="1974-12-25"/>'
        '<deceasedBoolean value="false"/></Patient>'
    )


def test_ids_and_extensions_of_primitive_values_stand_on_the_element() -> None:
    tree = parse(
        b'{"resourceType":"Patient","_birthDate":{"id":"b","extension":[{"url":"http://x/time",'
        b'"valueDateTime":"1974-12-25T14:35:45-05:00"}]},"birthDate":"1974-12-25",'
        b'"name":[{"given":["Jim",null,"J."],"_given":[null,{"extension":[{"url":"http://x/none",'
        b'"valueCode":"unknown"}]},{"id":"g3"}]}],"_gender":{"extension":[{"url":"http://x/a","valueBoolean":true}]}}'
    )
    text = written(tree)
    assert '<given value="Jim"/><given><extension url="http://x/none"><valueCode value="unknown"/>' in text
    assert '<given id="g3" value="J."/>' in text
    assert '<birthDate id="b" value="1974-12-25"><extension url="http://x/time"><valueDateTime ' in text
    assert from_xml(text.encode(), DEFINITIONS) == tree


def test_repetitions_with_extensions_only_have_no_array_of_nulls() -> None:
    inner = '<name><given><extension url="http://x/a"><valueString value="v"/></extension></given></name>'
    assert read(inner)["name"] == [{"_given": [{"extension": [{"url": "http://x/a", "valueString": "v"}]}]}]


def test_resources_inside_resources_are_wrapped_by_their_type() -> None:
    tree: dict[str, Any] = {
        "resourceType": "Bundle",
        "type": "batch-response",
        "entry": [
            {
                "resource": {
                    "resourceType": "Patient",
                    "contained": [
                        {"resourceType": "Organization", "id": "o", "name": "A"},
                        {"resourceType": "Organization", "id": "p", "name": "B"},
                    ],
                    "managingOrganization": {"reference": "#o"},
                },
                "response": {
                    "status": "200",
                    "outcome": {
                        "resourceType": "OperationOutcome",
                        "issue": [{"severity": "error", "code": "invalid"}],
                    },
                },
            }
        ],
    }
    text = written(tree)
    assert "<entry><resource><Patient><contained><Organization><id" in text
    assert "</Organization></contained><contained><Organization>" in text
    assert from_xml(text.encode(), DEFINITIONS) == tree
    assert from_xml(to_xml(tree, DEFINITIONS, pretty=True), DEFINITIONS) == tree


@pytest.mark.parametrize(
    "digits", ["72.50", "1.0e2", "-0", "-0.0", "1e-8", "0.00000001", "7", "1" * 30, "1E+2"]
)
def test_a_decimal_keeps_its_digits_both_ways(digits: str) -> None:
    body = f'{{"resourceType":"Observation","valueQuantity":{{"value":{digits}}}}}'.encode()
    text = to_xml(parse(body), DEFINITIONS)
    assert f'<value value="{digits}"/>'.encode() in text
    assert dump(from_xml(text, DEFINITIONS)) == body


def test_booleans_and_whole_numbers_become_what_json_has() -> None:
    tree = read('<active value="true"/><multipleBirthInteger value="2"/>')
    assert tree["active"] is True
    assert type(tree["multipleBirthInteger"]) is int
    assert tree["multipleBirthInteger"] == 2


NAMES = st.text(st.characters(codec="utf-8", exclude_characters="\ufffe\uffff"), min_size=1, max_size=40)
SOUND = NAMES.map(lambda text: "".join(c for c in text if c >= " " or c in "\t\n\r")).filter(
    lambda text: text.strip()
)
UNUSUAL = SOUND | st.sampled_from(
    [
        "\u2028x",
        "a\r\nb",
        "\ta\t",
        "  a  ",
        "&lt;",
        "]]>",
        "<!--",
        "😀\U0010ffff",
        "\u0085e",
        "e\u0301",
        "'\"",
        "\ufeffx",
        "\x7f",
    ]
)


@settings(deadline=None)
@given(UNUSUAL, UNUSUAL)
def test_any_text_survives_in_values_and_in_attributes(family: str, url: str) -> None:
    tree = {
        "resourceType": "Patient",
        "name": [{"family": family, "id": family, "extension": [{"url": url, "valueString": family}]}],
    }
    assert from_xml(to_xml(tree, DEFINITIONS), DEFINITIONS) == tree
    assert from_xml(to_xml(tree, DEFINITIONS, pretty=True), DEFINITIONS) == tree
    root = etree.fromstring(to_xml(tree, DEFINITIONS))  # another parser reads the same
    assert root.find("{*}name/{*}family").get("value") == family  # type: ignore[union-attr]


EXTENSIONS = st.lists(st.fixed_dictionaries({"url": SOUND, "valueCode": SOUND}), min_size=1, max_size=2)
BESIDE = st.fixed_dictionaries({}, optional={"id": SOUND, "extension": EXTENSIONS}).filter(bool)


@settings(deadline=None)
@given(
    st.lists(
        st.tuples(st.none() | SOUND, st.none() | BESIDE).filter(any),
        min_size=1,
        max_size=5,
    )
)
def test_values_and_what_stands_beside_them_stay_paired(
    pairs: list[tuple[str | None, dict[str, Any] | None]],
) -> None:
    name: dict[str, Any] = {}
    if any(value is not None for value, _ in pairs):
        name["given"] = [value for value, _ in pairs]
    if any(beside is not None for _, beside in pairs):
        name["_given"] = [beside for _, beside in pairs]
    tree = {"resourceType": "Patient", "name": [name]}
    assert from_xml(to_xml(tree, DEFINITIONS), DEFINITIONS) == tree


def test_comments_white_space_declaration_prefixes_and_schema_location_do_not_matter() -> None:
    body = (
        '\ufeff<?xml version="1.0" encoding="utf-8"?>\n<?xml-stylesheet href="a.xsl"?><!-- a -->\n'
        '<f:Patient xmlns:f="http://hl7.org/fhir" xmlns:i="http://www.w3.org/2001/XMLSchema-instance" '
        'i:schemaLocation="http://hl7.org/fhir fhir.xsd">\n  <!-- b --><f:active\n value="true" >\n</f:active>'
        "<!-- c -->"
        "</f:Patient><!-- d --><?e f?>\n"
    )
    assert from_xml(body.encode(), DEFINITIONS) == {"resourceType": "Patient", "active": True}


# --- narrative ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "div",
    [
        f"{DIV}a</div>",
        f"{DIV}\r\n  <p class='x' id=\"y\">&amp; &#160; &#xe9; <!-- kept --> <b>b</b><br/><br></br></p>\t</div>",
        f"{DIV}<![CDATA[<not><tags>]]></div>",
        '<div  xmlns="http://www.w3.org/1999/xhtml" xml:lang="de" title="a>b" ><table><tr><td/></tr></table></div >',
        '<div xmlns="http://www.w3.org/1999/xhtml" xmlns:h="http://www.w3.org/1999/xhtml">ok</div>',
    ],
)
def test_a_narrative_stays_exactly_as_given(div: str) -> None:
    tree = {"resourceType": "Patient", "text": {"status": "generated", "div": div}}
    text = to_xml(tree, DEFINITIONS)
    assert div.encode() in text
    assert from_xml(text, DEFINITIONS) == tree


def test_a_narrative_whose_names_lean_on_the_document_is_rebuilt_to_stand_alone() -> None:
    inner = (
        '<text><status value="generated"/><h:div><h:p class="a&quot;b" xml:lang="de">1 &lt; 2<h:br/></h:p><h:b></h:b>'
        "</h:div></text>"
    )
    attributes = ' xmlns="http://hl7.org/fhir" xmlns:h="http://www.w3.org/1999/xhtml"'
    div = read(inner, attributes=attributes)["text"]["div"]
    assert div == f'{DIV}<p class=\'a"b\' xml:lang="de">1 &lt; 2<br/></p><b></b></div>'
    mixed = f'<text><status value="generated"/>{DIV}<h:p/></div></text>'
    assert read(mixed, attributes=attributes)["text"]["div"] == f"{DIV}<p></p></div>"
    prefixed = '<f:text><div><p title="x"/></div></f:text>'
    outer = ' xmlns:f="http://hl7.org/fhir" xmlns="http://www.w3.org/1999/xhtml"'
    body = f"<f:Patient{outer}>{prefixed}</f:Patient>".encode()
    assert from_xml(body, DEFINITIONS)["text"]["div"] == f'{DIV}<p title="x"></p></div>'


def test_an_empty_div_with_a_bracket_in_its_attribute_is_read_whole() -> None:
    inner = '<text><div xmlns="http://www.w3.org/1999/xhtml" title="a>b"/><status value="empty"/></text>'
    assert etree.fromstring(read(inner)["text"]["div"]).get("title") == "a>b"


def test_named_characters_and_a_missing_namespace_are_mended_on_the_way_to_xml() -> None:
    tree = {
        "resourceType": "Patient",
        "text": {"status": "generated", "div": "<div>a&nbsp;&eacute;&amp;&lt;</div>"},
    }
    assert f"{DIV}a\u00a0é&amp;&lt;</div>" in written(tree)


@pytest.mark.parametrize(
    "inner",
    [
        "<div>no namespace of its own</div>",
        f'{DIV}<p xmlns="http://hl7.org/fhir"/></div>',
        f'{DIV}<svg xmlns="http://www.w3.org/2000/svg"/></div>',
        f'{DIV}<p xmlns:x="http://www.w3.org/1999/xlink" x:href="a"/></div>',
        f"{DIV}{'<b>' * (MAX_DEPTH + 1)}{'</b>' * (MAX_DEPTH + 1)}</div>",
        f"{DIV}<?php x?></div>",
    ],
)
def test_a_narrative_with_foreign_content_is_refused(inner: str) -> None:
    assert refused_inside(f"<text>{inner}</text>").place.startswith("line 2, ")  # type: ignore[union-attr]
