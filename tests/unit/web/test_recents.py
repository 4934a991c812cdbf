"""Which charts are open, kept by the browser as ids alone."""

from __future__ import annotations

from charthouse.web.chart.identity import BANDS, band, distinct, identity
from charthouse.web.recents import KEPT, LATELY, OPEN, Charts, Recents
from tests.unit.web.makers import CONTEXT


def test_the_cookie_gives_back_what_was_put_in() -> None:
    charts = Charts().opened("a-1").opened("b-2")
    assert Charts.parse(str(charts)) == charts
    assert charts.open == ("a-1", "b-2")
    assert charts.lately == ("b-2", "a-1")


def test_what_is_no_id_is_dropped_from_a_forged_cookie() -> None:
    assert Charts.parse("a~<script>~b~b~../etc|'~c") == Charts(("a", "b"), ("c",))
    assert Charts.parse("") == Charts()


def test_tabs_and_latest_are_bounded_and_the_oldest_gives_way() -> None:
    charts = Charts()
    for number in range(20):
        charts = charts.opened(f"p{number}")
    assert len(charts.open) == OPEN
    assert charts.open[-1] == "p19"
    assert len(charts.lately) == LATELY
    assert charts.lately[0] == "p19"


def test_a_closed_chart_stays_among_the_latest() -> None:
    charts = Charts().opened("a").closed("a")
    assert charts == Charts((), ("a",))


def test_a_remembered_card_is_for_its_session_only_and_not_for_long() -> None:
    held = Recents()
    card = identity({"resourceType": "Patient", "id": "p"}, CONTEXT)
    held.keep("session:1", "en", card, 1000)
    assert held.get("session:1", "en", "p", 2000) is card
    assert held.get("session:2", "en", "p", 2000) is None
    assert held.get("session:1", "en", "p", 1000 + KEPT) is None
    held.forget("session:1")
    assert held.get("session:1", "en", "p", 2000) is None


def test_a_patient_keeps_a_colour_and_neighbours_differ() -> None:
    assert band("p") == band("p")
    assert {band(f"patient-{number}") for number in range(200)} == set(range(BANDS))
    assert distinct([3, 3, 4, 3]) == [3, 4, 5, 6]
    assert len(set(distinct([11] * BANDS))) == BANDS
