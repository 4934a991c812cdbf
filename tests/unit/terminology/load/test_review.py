"""What holds on a day, what ends soon, what is missing."""

from __future__ import annotations

from datetime import date

import pytest

from charthouse.terminology.answers import Standing
from charthouse.terminology.concept import Release
from charthouse.terminology.load.kinds import KINDS, address, label, named, short
from charthouse.terminology.load.review import State, review, state

TODAY = date(2026, 11, 26)


def standing(
    url: str,
    version: str,
    until: str | None = None,
    *,
    place: str = "loaded",
    concepts: int = 9,
    chosen: bool = True,
) -> Standing:
    release = Release(url, version, "Title", valid_until=until)
    return Standing(release, concepts, place, is_chosen=chosen)


@pytest.mark.parametrize(
    ("since", "until", "expected"),
    [
        (None, None, State.HOLDS),
        ("2026-10-01", "2027-09-30", State.HOLDS),
        ("2026-10-01", "2027-01-26", State.HOLDS),
        ("2026-10-01", "2027-01-25", State.ENDING),
        ("2026-10-01", "2026-11-26", State.ENDING),
        ("2026-10-01", "2026-11-25", State.EXPIRED),
        ("2026-11-27", None, State.COMING),
        ("2026-11-27", "2026-12-01", State.COMING),
    ],
)
def test_the_state_of_a_release_turns_on_its_days(
    since: str | None, until: str | None, expected: State
) -> None:
    assert state(since, until, TODAY) is expected


def test_a_part_of_a_code_system_is_said_to_be_one() -> None:
    assert state(None, None, TODAY, "fragment") is State.PART


def test_the_release_in_use_comes_first_then_the_newest() -> None:
    url = "http://loinc.org"
    found = review(
        [standing(url, "2.9", chosen=False), standing(url, "2.8"), standing(url, "2.10", chosen=False)], TODAY
    )
    (held,) = found.held
    assert [one.version for one in held.releases] == ["2.8", "2.10", "2.9"]
    assert held.used.is_used


def test_what_presses_most_is_told_first_and_only_of_releases_in_use() -> None:
    found = review(
        [
            standing("http://hl7.org/fhir/sid/icd-10-cm", "2026", "2026-12-01"),
            standing("http://hl7.org/fhir/sid/icd-10-cm", "2025", "2025-09-30", chosen=False),
            standing("http://www.cms.gov/Medicare/Coding/ICD10", "2026", "2026-09-30"),
            standing("http://loinc.org", "2.82"),
        ],
        TODAY,
    )
    assert [(one.name, one.version) for one in found.pressing()] == [
        ("icd-10-pcs", "2026"),
        ("icd-10-cm", "2026"),
    ]


def test_a_code_system_of_which_only_the_name_is_here_is_missing() -> None:
    found = review([standing("http://snomed.info/sct", "", concepts=0, place="shipped")], TODAY)
    assert "snomed" in {kind.name for kind in found.missing}
    assert not found.held


def test_people_look_for_codes_in_what_clinics_use_and_what_was_loaded() -> None:
    found = review(
        [
            standing("http://hl7.org/fhir/sid/icd-10-cm", "2026", place="shipped"),
            standing("http://hl7.org/fhir/sid/cvx", "1", place="resource"),
            standing("https://clinic.example/services", "1"),
            standing("http://hl7.org/fhir/account-status", "4.0.1", place="shipped"),
        ],
        TODAY,
    )
    assert found.searchable() == ["http://hl7.org/fhir/sid/icd-10-cm", "https://clinic.example/services"]
    assert len(found.others) == 2


def test_every_kind_has_a_short_name_that_leads_to_its_address_and_back() -> None:
    assert len({kind.name for kind in KINDS}) == len({kind.url for kind in KINDS}) == len(KINDS)
    for kind in KINDS:
        assert named(kind.name) is named(kind.url) is kind
        assert (short(address(kind.name)), label(kind.url)) == (kind.name, kind.label)
        assert kind.whence.endswith((".", "”."))
        assert "http" not in kind.whence
