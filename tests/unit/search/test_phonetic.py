"""Names by how they sound: which sound alike, which do not, and the search for them."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from charthouse.base.errors import Problem
from charthouse.store.index import fold
from charthouse.store.index.phonetic import LONGEST_SOUND, as_one, sounds
from tests.unit.search.conftest import BOTH, place
from tests.unit.search.shelf import Shelf, Tree

ALIKE = [
    {"Smith", "Smyth", "Smithe", "Schmidt", "SMITH"},
    {"Catherine", "Kathryn", "Katherine", "Catharine", "Kathrin", "Càthérine"},
    {"Stephen", "Steven", "Stefan"},
    {"Philip", "Phillip", "Filip"},
    {"Meyer", "Meier", "Mayer", "Maier"},
    {"Jon", "John", "Jean"},
    {"Shawn", "Shaun"},
    {"Wright", "Right", "Rite"},
    {"Knight", "Night", "Nite"},
    {"Geoffrey", "Jeffrey", "Jeffery"},
    {"Tomson", "Thomson"},
    {"McDonald", "MacDonald"},
    {"O'Brien", "OBrien", "O’Brien", "Obrien"},
    {"van der Berg", "Vanderberg", "Van-der-Berg"},
    {"Müller", "Muller", "Mueller"},
    {"Xavier", "Savier"},
]  # fmt: skip
APART = [
    ("Smith", "Jones"),
    ("Anna", "Bob"),
    ("Meyer", "Baker"),
    ("Garcia", "Lopez"),
    ("Nguyen", "Tran"),
    ("Lee", "Kim"),
]

# Of Double Metaphone as its author published it: first and second code.
PUBLISHED = {
    "Schwarzenegger": {"XRSNKR", "XFRTSNKR"}, "Wojciechowski": {"AJSXSK", "FJXKFSK"}, "Filipowicz": {"FLPTS", "FLPFX"},
    "Cabrillo": {"KPRL", "KPR"}, "Bajador": {"PJTR", "PHTR"}, "Focaccia": {"FKX"}, "Bellocchio": {"PLX"},
    "Accident": {"AKSTNT"}, "Bacchus": {"PKS"}, "McHugh": {"MK"}, "Czerny": {"SRN", "XRN"}, "Michael": {"MKL", "MXL"},
    "Chianti": {"KNT"}, "Caesar": {"SSR"}, "Edge": {"AJ"}, "Edgar": {"ATKR"}, "Laugh": {"LF"},
    "Hochmeier": {"HKMR"}, "Ghislane": {"JLN"}, "Cagney": {"KKN"}, "Tagliaro": {"TKLR", "TLR"}, "Biaggi": {"PJ", "PK"},
    "Jose": {"HS"}, "Campbell": {"KMPL"}, "Raspberry": {"RSPR"}, "Rogier": {"RJR", "RJ"}, "Island": {"ALNT"},
    "Sugar": {"XKR", "SKR"}, "Schooner": {"SKNR"}, "Schermerhorn": {"XRMRRN", "SKRMRRN"},
    "Resnais": {"RSN", "RSNS"},
    "Thomas": {"TMS"}, "Arnow": {"ARN", "ARNF"}, "Breaux": {"PR"}, "Zhao": {"J"},
    "Pizza": {"PS", "PTS"}, "Womo": {"AM", "FM"},
}  # fmt: skip


@pytest.mark.parametrize("names", ALIKE, ids=min)
def test_names_that_sound_alike_share_a_code(names: set[str]) -> None:
    for one, other in combinations(sorted(names), 2):
        assert as_one(one) & sounds(other), (one, other)


@pytest.mark.parametrize(("one", "other"), APART)
def test_names_that_sound_otherwise_share_none(one: str, other: str) -> None:
    assert not sounds(one) & sounds(other)


@pytest.mark.parametrize("name", PUBLISHED)
def test_codes_are_those_of_the_published_algorithm(name: str) -> None:
    assert sounds(name) == PUBLISHED[name]


def test_names_in_other_letters_stand_for_themselves() -> None:
    assert sounds("王芳") == {"王芳"}
    assert as_one("МАРИЯ") == as_one("Мария") == {"мария"}
    assert as_one("h") == {"h"}  # which has no sound of its own
    assert sounds(" - . ") == as_one("") == frozenset()


@given(st.text(max_size=30))
def test_every_text_has_short_codes_and_is_found_by_itself(name: str) -> None:
    found = sounds(name)
    assert as_one(name) <= found
    assert bool(found) == any(one.isalnum() for one in fold(name))
    assert all(0 < len(code) <= LONGEST_SOUND for code in found)
    assert sounds(name.upper()) == found or not name.isascii()


@given(st.text("ABCDEFGHIJKLMNOPQRSTUVWXYZ", min_size=1, max_size=12))
def test_every_letter_is_read_by_some_rule(name: str) -> None:
    for code in sounds(name):
        assert (code.isupper() and set(code) <= set("0ABFHJKLMNPRSTX")) or code == name.lower()


def patient(id: str, **name: Any) -> Tree:
    return {"resourceType": "Patient", "id": id, "name": [name]}


@pytest.fixture(scope="module", params=BOTH)
def shelf(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shelf]:
    opened = Shelf(place(request, tmp_path_factory.mktemp("sounds")))
    opened.put(
        patient("kathryn", family="van der Berg", given=["Kathryn", "Mary Ann"]),
        patient("catherine", family="Smyth", given=["Catherine"], prefix=["Mary"]),
        patient("text", text="Jon Schmidt"),
        patient("gap", given=[None, "Stefan"]),
        {"resourceType": "Patient", "id": "nameless"},
        {"resourceType": "Practitioner", "id": "doctor", "name": [{"family": "Meier"}]},
        {"resourceType": "Organization", "id": "clinic", "name": "Wright Clinic"},
    )  # fmt: skip
    yield opened
    opened.close()


@pytest.mark.parametrize(("asked", "found"), [
    ("Patient?phonetic=Katharine", {"kathryn", "catherine"}),
    ("Patient?phonetic=Smith", {"catherine", "text"}),
    ("Patient?phonetic=Vanderberg", {"kathryn"}),
    ("Patient?phonetic=maryann", {"kathryn"}),
    ("Patient?phonetic=berg", {"kathryn"}),
    ("Patient?phonetic=mary", {"kathryn"}),  # a prefix is no part of the name that is heard
    ("Patient?phonetic=steven,smith", {"gap", "catherine", "text"}),
    ("Patient?phonetic=steven&phonetic=smith", set()),
    ("Patient?phonetic=berg&phonetic=cathrin", {"kathryn"}),
    ("Patient?phonetic:missing=true", {"nameless"}),
    ("Practitioner?phonetic=Mayer", {"doctor"}),
    ("Organization?phonetic=Rite", {"clinic"}),
    ("Patient?_has:Observation:subject:_id=x&phonetic=Smith", set()),
])  # fmt: skip
def test_people_are_found_by_how_their_names_sound(shelf: Shelf, asked: str, found: set[str]) -> None:
    assert shelf.found(asked) == found


@pytest.mark.parametrize("asked", [
    "Patient?phonetic:exact=Smith", "Patient?phonetic:contains=Smith", "Patient?_sort=phonetic", "Patient?phonetic=-",
    "Patient?phonetic=", "Patient?phonetic:soundex=x",
])  # fmt: skip
def test_other_ways_to_compare_sounds_are_refused_by_name(shelf: Shelf, asked: str) -> None:
    with pytest.raises(Problem) as failure:
        shelf.page(asked)
    assert "phonetic" in f"{failure.value.issues[0].place} {failure.value.issues[0].message}"
