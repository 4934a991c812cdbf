"""The notice of 42 CFR 2.32 goes with the records it is about, whichever way they leave."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from charthouse.access.rules.narrow import Narrowing
from charthouse.interop.bulk.exporter import NOTICE, export
from tests import cast
from tests.door.conftest import House

WORDS = "42 CFR part 2 prohibits"


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    made = House(tmp_path / "data")
    yield made
    made.runner.close()
    made.clinic.close()


def labelled(house: House, *labels: str) -> str:
    security = {"meta": {"security": [{"code": label} for label in labels]}} if labels else {}
    return house.make(
        {"resourceType": "Observation", "status": "final", "code": {"text": "Urine drug screen"}, **security}
    )


def test_a_read_a_version_a_search_and_a_page_carry_it_and_other_records_do_not(house: House) -> None:
    plain = labelled(house)
    path = f"/fhir/Observation/{plain}"
    assert "warning" not in house.ask("GET", path, house.everything).headers
    sealed = labelled(house, "ETH")
    for address in (f"/fhir/Observation/{sealed}", f"/fhir/Observation/{sealed}/_history/1"):
        assert WORDS in house.ask("GET", address, house.everything).headers["warning"]
    assert WORDS in house.ask("GET", f"/fhir/Observation?_id={sealed}", house.everything).text
    assert "warning" not in house.ask("GET", path, house.everything).headers
    assert WORDS not in house.ask("GET", f"/fhir/Observation?_id={plain}", house.everything).text
    page = house.ask("GET", f"/record/Observation/{sealed}", house.session(cast.ADMINISTRATOR))
    assert WORDS in page.text


def test_files_that_leave_have_it_beside_them(house: House, tmp_path: Path) -> None:
    labelled(house)
    export(house.clinic, tmp_path / "plain")
    assert not (tmp_path / "plain" / NOTICE).exists()
    labelled(house, "42CFRPart2")
    export(house.clinic, tmp_path / "sealed")
    assert WORDS in (tmp_path / "sealed" / NOTICE).read_text()


def test_what_the_notice_rests_on_is_worked_out_once(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    sealed = labelled(house, "ETH")
    path = f"/fhir/Observation/{sealed}"
    assert WORDS in house.ask("GET", path, house.everything).headers["warning"]
    worked: list[object] = []
    whole = Narrowing._whole
    monkeypatch.setattr(Narrowing, "_whole", lambda *asked: (worked.append(asked), whole(*asked))[1])
    for _ in range(3):
        assert WORDS in house.ask("GET", path, house.everything).headers["warning"]
    assert worked == []
    labelled(house, "SUD")  # a label that was never used before
    assert WORDS in house.ask("GET", path, house.everything).headers["warning"]
    assert len(worked) == 1
