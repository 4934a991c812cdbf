"""ICD-10-PCS out of its list of codes, and what the titles tell about the characters of the codes."""

from collections import Counter
from itertools import product
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from building import pcs
from building.axes import APPROACHES, meanings
from building.wheels import PROCEDURES
from charthouse.terminology.concept import HEADING, Row

SAMPLE = {
    "0WP003Z": "Removal of Infusion Device from Head, Open Approach",
    "0WP000Z": "Removal of Packing Material from Head, Open Approach",
    "0WP0X3Z": "Removal of Infusion Device from Head, External Approach",
    "0WP203Z": "Removal of Infusion Device from Face, Open Approach",
    "0WP200Z": "Removal of Packing Material from Face, Open Approach",
    "GZ2ZZZZ": "Crisis Intervention",
}


def written(folder: Path, text: str) -> Path:
    path = folder / PROCEDURES
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return folder


def listed(titles: dict[str, str]) -> str:
    return "".join(f'"{code}","{title}"\n' for code, title in titles.items())


def by_code(folder: Path) -> dict[str, Row]:
    rows = list(pcs.rows(folder))
    found = {row.code: row for row in rows}
    assert len(found) == len(rows)
    return found


def values(row: Row, name: str) -> list[str]:
    return [value for own, value in row.properties if own == name]


def test_codes_stand_below_table_body_system_and_section(tmp_path: Path) -> None:
    rows = by_code(written(tmp_path, listed(SAMPLE)))
    assert rows["0WP003Z"].parents == ("0WP",)
    assert rows["0WP"].parents == ("0W",)
    assert rows["0W"].parents == ("0",)
    assert rows["0"].parents == ()
    assert {code for code, row in rows.items() if not row.flags & HEADING} == set(SAMPLE)


def test_headings_are_called_what_their_characters_mean(tmp_path: Path) -> None:
    rows = by_code(written(tmp_path, listed(SAMPLE)))
    assert rows["0WP"].display == "Medical and Surgical, Anatomical Regions, General, Removal"
    assert rows["GZ2"].display == "Mental Health, Crisis Intervention"
    assert values(rows["0"], "section") == ["0 Medical and Surgical"]
    assert values(rows["0W"], "bodySystem") == ["W Anatomical Regions, General"]
    assert values(rows["0WP"], "operation") == ["P Removal"]
    assert not values(rows["GZ"], "bodySystem")


def test_a_table_says_what_the_characters_of_its_codes_mean(tmp_path: Path) -> None:
    table = by_code(written(tmp_path, listed(SAMPLE)))["0WP"]
    assert values(table, "bodyPart") == ["0 Head", "2 Face"]
    assert values(table, "device") == ["0 Packing Material", "3 Infusion Device"]
    assert values(table, "approach") == ["0 Open", "X External"]


def test_what_titles_do_not_tell_apart_is_left_out() -> None:
    told = meanings({"0WP003Z": "Removal of Infusion Device from Head, Open Approach"})
    assert told == {"0WP": [("approach", "0 Open")]}


@pytest.mark.parametrize(
    ("text", "line"),
    [
        (listed(SAMPLE)[:-20], 6),
        (listed(SAMPLE).replace('"0WP0X3Z"', '"0WP0X3"'), 3),
        (listed(SAMPLE).replace('"0WP0X3Z"', '"0WP000Z"'), 3),
        (listed(SAMPLE).replace('"Crisis Intervention"', '""'), 6),
        (listed(SAMPLE).replace('","', '";"', 1), 1),
        ("\0" + listed(SAMPLE), 1),
    ],
)
def test_a_damaged_list_is_told_by_file_and_line(tmp_path: Path, text: str, line: int) -> None:
    with pytest.raises(RuntimeError, match=rf"icd_10_pcs\.csv:{line}: .*build again\."):
        list(pcs.rows(written(tmp_path, text)))


WORDS = st.sampled_from(
    ("Left", "Right", "Upper", "Lower", "Bone", "Joint", "Vein", "Device", "Metal", "Heart")
)
NAMES = st.lists(WORDS, min_size=1, max_size=3, unique=True).map(" ".join)
SEVERAL = st.lists(NAMES, min_size=1, max_size=4, unique=True)


@given(SEVERAL, SEVERAL, st.sampled_from(("Repair {part} with {device}", "Removal of {device} from {part}")))
def test_what_is_told_of_a_full_table_is_right(parts: list[str], devices: list[str], form: str) -> None:
    titles = {
        f"0WQ{part}{approach}{device}Z": form.format(part=parts[part], device=devices[device])
        + f", {APPROACHES[approach]} Approach"
        for part, device, approach in product(range(len(parts)), range(len(devices)), "03")
    }
    for axis, value in meanings(titles)["0WQ"]:
        character, _, meaning = value.partition(" ")
        if axis != "approach":
            assert meaning == {"bodyPart": parts, "device": devices}[axis][int(character)]


# ---------------------------------------------------------------- the real release


@pytest.fixture(scope="module")
def real(released: Path) -> dict[str, Row]:
    return by_code(released)


def test_the_release_has_as_many_codes_as_its_publisher_says(real: dict[str, Row]) -> None:
    """78,638 after the update of April 2024 (78,603 of October 2023, 41 new, 6 deleted)."""
    assert sum(not row.flags & HEADING for row in real.values()) == 78_638
    assert Counter(len(code) for code in real) == {7: 78_638, 3: 905, 2: 114, 1: 17}


def test_the_hierarchy_of_the_release_is_whole(real: dict[str, Row]) -> None:
    above = {parent for row in real.values() for parent in row.parents}
    assert above <= set(real)
    for code, row in real.items():
        assert row.parents == ((code[: 3 if len(code) == 7 else -1],) if len(code) > 1 else ())
        assert bool(row.flags & HEADING) == (code in above)


def test_every_name_of_a_heading_is_used(real: dict[str, Row]) -> None:
    used = {key for code in real if len(code) == 3 for key in (code[0], code[:2], f"{code[0]}*{code[2]}")}
    assert used == {line.split("\t")[0] for line in pcs.NAMES.read_text().splitlines()}


def test_titles_begin_with_the_operation_of_their_table(real: dict[str, Row]) -> None:
    """In the sections where the third character is a root operation; the exceptions have titles of their own kind."""
    for code, row in real.items():
        if len(code) == 7 and code[0] in "012349BC":
            operation = real[code[:3]].properties[0][1][2:]
            assert operation in row.display


def test_well_known_tables_say_what_they_should(real: dict[str, Row]) -> None:
    gallbladder = real["0FT44ZZ"]
    assert gallbladder.display == "Resection of Gallbladder, Percutaneous Endoscopic Approach"
    table = real["0FT"]
    assert table.display == "Medical and Surgical, Hepatobiliary System and Pancreas, Resection"
    assert "4 Gallbladder" in values(table, "bodyPart")
    assert "4 Percutaneous Endoscopic" in values(table, "approach")
    hip = real["0SR"]
    assert {"9 Right Hip Joint", "B Left Hip Joint"} <= set(values(hip, "bodyPart"))
    assert "J Synthetic Substitute" in values(hip, "device")
    assert values(real["7W0"], "method")[0] == "0 Articulatory-Raising Forces"


def test_every_meaning_stands_in_every_title_with_its_character(real: dict[str, Row]) -> None:
    places = {"bodyPart": 3, "approach": 4, "device": 5, "method": 5}
    told = {
        (code, places[name], value[0]): value[2:]
        for code, row in real.items()
        for name, value in row.properties
        if name in places
    }
    assert len(told) > 13_000
    for code, row in real.items():
        for place in places.values() if len(code) == 7 else ():
            assert told.get((code[:3], place, code[place]), "") in row.display
