"""Every question the pages ask is one that R4 knows."""

from __future__ import annotations

from itertools import chain

import pytest

from charthouse.fhir import definitions
from charthouse.web import frame, sections
from charthouse.web.sections import Query

QUERIES = [
    frame.FLAGS,
    frame.COVERAGE,
    frame.LAST_VISIT,
    *chain.from_iterable(section.queries for section in sections.BY_SLUG.values()),
]


@pytest.mark.parametrize("query", QUERIES, ids=lambda query: query.type)
def test_a_chart_query_uses_only_search_parameters_of_its_type(query: Query) -> None:
    known = definitions.load().search_params(query.type)
    used = {"patient", *(name for name, _ in query.params), query.sort.lstrip("-"), query.dated} - {"", None}
    assert used <= set(known)
