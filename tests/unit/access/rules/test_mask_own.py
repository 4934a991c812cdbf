"""Search parameters of the clinic's own tell nothing of elements that are hidden from somebody."""

from __future__ import annotations

import pytest

from charthouse.access.rules.mask import refuse_telling, telling
from charthouse.base.errors import Problem
from charthouse.fhir import parameters
from charthouse.fhir.definitions import Overlay, Own, load
from tests.unit.store.changing import URL, definition

HIDDEN = {"Patient": frozenset({"telecom", "deceased"})}


@pytest.mark.parametrize(
    ("expression", "tells"),
    [
        ("Patient.telecom.rank", True),
        ("DomainResource.telecom.rank", True),
        ("Patient.where(telecom.exists()).maritalStatus", True),
        ("Patient.deceased.ofType(boolean)", True),
        ("Patient.children().where(use = 'home').rank", True),
        ("Patient.descendants().ofType(code)", True),
        ("Patient.`telecom`.rank", True),
        ("Patient.`tele\\u0063om`.rank", True),
        ("Patient.maritalStatus", False),
        ("Patient.extension.where(url = 'x').value.ofType(code)", False),
    ],
)
def test_a_parameter_is_refused_where_it_could_tell_of_a_hidden_element(expression: str, tells: bool) -> None:
    single = definition("own", "token", expression)
    pair = definition(
        "pair", "composite", "Patient",
        component=[
            {"definition": URL + "own", "expression": "maritalStatus"},
            {"definition": "http://hl7.org/fhir/SearchParameter/individual-gender", "expression": "gender"},
        ],
    )  # fmt: skip
    overlay = Overlay(load())
    overlay.lay(Own(1, parameters.own([single, pair], load())))
    assert {"own", "pair"} <= overlay.search_params("Patient").keys()
    for name in ("own", "own:missing", "_sort"):
        value = "own" if name == "_sort" else "x"
        if tells:
            with pytest.raises(Problem, match="Your rights do not include"):
                refuse_telling(overlay, "Patient", HIDDEN, [(name, value)])
        else:
            refuse_telling(overlay, "Patient", HIDDEN, [(name, value)])
    told = telling(overlay, "Patient", HIDDEN["Patient"])
    assert told & {"own", "pair"} == (
        {"own", "pair"} if tells else set()
    )  # a composite tells what its parts do
