"""Searches that would tell of hidden elements: by text, by sound, and by what is inside of other resources."""

from __future__ import annotations

import pytest

from charthouse.access.rules.mask import refuse_telling
from charthouse.base.errors import Category, Problem
from charthouse.fhir.definitions import load


@pytest.mark.parametrize(("type", "field", "code", "refused"), [
    ("Patient", "birthDate", "_content", True),
    ("Patient", "birthDate", "_text", True),
    ("Patient", "name", "phonetic", True),
    ("Patient", "birthDate", "phonetic", False),
    ("MedicationRequest", "contained", "contained", True),
    ("MedicationRequest", "note", "contained", False),
    ("Observation", "note", "_score", False),
])  # fmt: skip
def test_what_tells_of_a_hidden_element_is_refused(type: str, field: str, code: str, refused: bool) -> None:
    hidden = {type: frozenset((field,))}
    failure = None
    try:
        refuse_telling(load(), type, hidden, [(code, "x")])
    except Problem as found:
        failure = found
    assert (failure is not None) == refused
    assert failure is None or (failure.category, failure.issues[0].place) == (Category.FORBIDDEN, code)
    refuse_telling(load(), "Basic", hidden, [(code, "x")])
