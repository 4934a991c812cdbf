"""The checks written by hand never say that a constraint holds where FHIRPath says that it is broken."""

from __future__ import annotations

import time
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from charthouse.fhir import path
from charthouse.fhir.definitions import load
from charthouse.fhir.path import Env, Item
from charthouse.fhir.path.item import State
from charthouse.fhir.path.model import model_of
from charthouse.fhir.path.navigate import descendants
from charthouse.validation.native import BY_KEY, GUARANTEED
from charthouse.validation.scene import Scene
from charthouse.validation.structure import check
from tests.unit.validation.grown import Grower

DEFINITIONS = load()
NODES = {
    key: (at, invariant.expression)
    for name in DEFINITIONS.type_names
    for at, note in DEFINITIONS.notes(name).items()
    for invariant in note.invariants
    if (key := invariant.key) in {*BY_KEY, *GUARANTEED, "ctm-1"}
}


def truth(key: str, type_name: str, node: Any, scene: Scene) -> bool | None:
    expression = path.compile(NODES[key][1], type_name, DEFINITIONS)
    return expression.truth(scene.item(node, type_name), scene.env)


ids = st.sampled_from(["a", "b", "c1", "x-y"])
references = st.sampled_from(["#a", "#b", "#c1", "#", "#nobody", "Patient/1", "urn:uuid:a", ""])
holders = st.fixed_dictionaries(
    {"resourceType": st.just("Observation")},
    optional={
        "contained": st.lists(
            st.fixed_dictionaries(
                {"resourceType": st.just("Patient"), "id": ids},
                optional={
                    "meta": st.fixed_dictionaries(
                        {},
                        optional={
                            "versionId": st.just("1"),
                            "security": st.just([{"code": "x"}]),
                            "profile": st.just(["http://example.org/p"]),
                        },
                    ),
                    "generalPractitioner": st.lists(
                        st.fixed_dictionaries({"reference": references}), min_size=1
                    ),
                },
            ),
            min_size=1,
            max_size=3,
        ),
        "subject": st.fixed_dictionaries({}, optional={"reference": references, "display": st.just("x")}),
        "focus": st.lists(st.fixed_dictionaries({"reference": references}), min_size=1, max_size=3),
        "implicitRules": st.sampled_from(["#a", "#b", "http://example.org"]),
    },
)


@settings(max_examples=400, deadline=None)
@given(holders)
def test_local_references_and_what_is_contained(tree: dict[str, Any]) -> None:
    scene = Scene(tree)
    held = list(tree.get("contained", ()))
    nodes = [tree.get("subject", {}), *tree.get("focus", ())]
    inner = [(one, scene.hold(one)) for one in held]
    for one, within in inner:
        for node in one.get("generalPractitioner", ()):
            if BY_KEY["ref-1"](node, within):
                assert truth("ref-1", "Reference", node, within) is not False
    for node in nodes:
        if BY_KEY["ref-1"](node, scene):
            assert truth("ref-1", "Reference", node, scene) is not False
    for key in ("dom-3", "dom-4", "dom-5"):
        if BY_KEY[key](tree, scene):
            assert truth(key, "Observation", tree, scene) is not False


@pytest.mark.parametrize(
    ("tree", "is_known"),
    [
        ({"contained": [{"resourceType": "Patient", "id": "p"}], "subject": {"reference": "#p"}}, True),
        ({"contained": [{"resourceType": "Patient", "id": "p"}], "subject": {"reference": "#q"}}, False),
        ({"contained": [{"resourceType": "Patient", "id": "p"}], "subject": {"display": "x"}}, False),
        ({"subject": {"reference": "Patient/p"}}, True),
    ],
)
def test_the_common_cases_need_no_fhirpath(tree: dict[str, Any], is_known: bool) -> None:
    tree = {"resourceType": "Observation", **tree}
    scene = Scene(tree)
    assert BY_KEY["ref-1"](tree["subject"], scene) is ("#q" not in str(tree))
    assert BY_KEY["dom-3"](tree, scene) is is_known


@pytest.mark.parametrize("kind", ["Practitioner", "Patient"])
def test_who_acts_on_behalf_of_others_is_looked_at_where_it_is_in_sight(kind: str) -> None:
    """What is out of sight is no input for `iif()`, and so is empty in its arguments."""
    node = {"member": {"reference": "#p"}, "onBehalfOf": {"reference": "Organization/1"}}
    team = {
        "resourceType": "CareTeam",
        "contained": [{"resourceType": kind, "id": "p"}],
        "participant": [node],
    }
    said = path.compile(NODES["ctm-1"][1], "CareTeam.participant", DEFINITIONS)
    assert said.truth(node, Env(resource=team, root=team)) is (kind == "Practitioner")
    for other in ({"reference": "Practitioner/1"}, {"reference": "Patient/1"}, {"display": "x"}):
        assert said.truth({**node, "member": other}, Env(resource=team, root=team)) is True
    assert said.truth({"member": {"reference": "#p"}}, Env(resource=team, root=team)) is True


moments = st.one_of(
    st.sampled_from(["2020", "2020-02", "2020-02-29", "2021-01-01", "2019-12"]),
    st.builds(
        "{}T{}{}{}".format,
        st.sampled_from(["2020-02-29", "2020-03-01", "2021-01-01"]),
        st.sampled_from(["00:00:00", "23:59:59", "23:59:60", "12:00:00"]),
        st.sampled_from(["", ".1", ".25"]),
        st.sampled_from(["Z", "+14:00", "-11:30", "+00:00"]),
    ),
)


@settings(max_examples=600, deadline=None)
@given(st.fixed_dictionaries({}, optional={"start": moments, "end": moments, "_end": st.just({"id": "x"})}))
def test_the_order_of_a_period(period: dict[str, Any]) -> None:
    scene = Scene({"resourceType": "Basic"})
    if BY_KEY["per-1"](period, scene):
        assert truth("per-1", "Period", period, scene) is not False


def test_most_periods_need_no_fhirpath() -> None:
    scene = Scene(None)
    for start, end in (("2020", "2021"), ("2020-01-01T10:00:00-05:00", "2020-01-01T10:15:00.5-05:00")):
        assert BY_KEY["per-1"]({"start": start, "end": end}, scene)
        assert not BY_KEY["per-1"]({"start": end, "end": start}, scene)


inside = st.lists(
    st.sampled_from(
        [
            "text", " ", "&amp;", "&nbsp;", "é", "<br/>", "<br></br>", "<hr />", "<p>a</p>", "<p> </p>", "<p/>", "<b>",
            "<img src='#a'/>", '<img src="a.png"/>', "<script>x</script>", "<table/>", '<td class="x">1</td>',
            '<a href="http://example.org">a</a>', '<a href="javascript:x()">a</a>', '<a href="java\nscript:x()">a</a>',
            '<a href="a:b">a</a>', '<a href="#a:b">a</a>', '<a href="Patient/1">a</a>', '<a name="x"/>',
            '<a href="mailto:a@b">a</a>', "<a\nid='x'>b</a>",
            '<p onclick="x()">a</p>', '<p style="color:red">a</p>', "<!-- x -->", "<![CDATA[x]]>", "<P>a</P>",
            '<span title="a > b">x</span>', "<blink>a</blink>", '<h7>a</h7>', "<h1>a</h1>",
        ]
    ),
    max_size=4,
).map("".join)  # fmt: skip


@settings(max_examples=600, deadline=None)
@given(inside)
def test_narrative(text: str) -> None:
    div = f'<div xmlns="http://www.w3.org/1999/xhtml">{text}</div>'
    tree = {"resourceType": "Basic", "code": {"text": "x"}, "text": {"status": "generated", "div": div}}
    if not check(tree, DEFINITIONS) and BY_KEY["txt-1"](div, Scene(tree)):
        item = Item(div, "xhtml")
        assert path.compile("htmlChecks()", "xhtml", DEFINITIONS).truth(item) is True


def test_most_narrative_needs_no_fhirpath_and_none_costs_more_than_its_length() -> None:
    plain = '<div xmlns="http://www.w3.org/1999/xhtml"><table class="grid"><tr><td>a &amp; b</td></tr></table></div>'
    assert BY_KEY["txt-1"](plain, Scene(None))
    started = time.perf_counter()
    for text in ("<div>" + "a " * 200_000 + "<", "<div " + 'id="x" ' * 100_000 + "<", "<" * 200_000):
        assert not BY_KEY["txt-1"](text, Scene(None))
    assert time.perf_counter() - started < 2


@pytest.mark.parametrize("name", DEFINITIONS.resource_types)
def test_what_the_shape_guarantees_holds_for_every_resource_of_sound_shape(name: str) -> None:
    model = model_of(DEFINITIONS)
    element = path.compile(NODES["ele-1"][1], "Element", DEFINITIONS)
    for seed in range(1):
        tree = Grower(DEFINITIONS, seed).grow(name).tree
        assert check(tree, DEFINITIONS) == []
        scene = Scene(tree)
        root = scene.item(tree, name)
        for item in descendants(State(model, scene.env, root), root):
            if not model.is_kind(item.type, model.resolve(None, "Resource")):  # type: ignore[arg-type]
                assert element.truth(item, scene.env) is not False, item.place()
        if "contained" in tree:
            assert truth("dom-2", name, tree, scene) is not False


def test_an_element_with_nothing_but_an_id_and_a_resource_contained_in_a_contained_one_are_no_sound_shape() -> (
    None
):
    inner = {"resourceType": "Patient", "id": "q"}
    held = {"resourceType": "Patient", "id": "p", "contained": [inner]}
    for tree in ({"name": [{"id": "x"}]}, {"contained": [held]}, {"name": [{}]}):
        assert check({"resourceType": "Patient", **tree}, DEFINITIONS)
