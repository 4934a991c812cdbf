"""ICD-10-CM out of its tabular list and the list of its codes: small books made here, and the real one."""

import tempfile
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from building import icd
from building.wheels import DIAGNOSES, TABULAR
from charthouse.terminology.concept import HEADING, Row
from charthouse.terminology.load import tabular
from charthouse.terminology.load.source import Source

SAMPLE = """<ICD10CM.tabular><chapter><name>19</name><desc>Injury (S00-T88)</desc>
<excludes2><note>birth trauma (P10-P15)</note></excludes2>
<section id="S90-S99"><desc>Injuries to the ankle and foot (S90-S99)</desc>
<diag><name>S93</name><desc>Sprain of joints</desc>
  <sevenChrNote><note>to be added to each code from category S93</note></sevenChrNote>
  <sevenChrDef><extension char="A">initial encounter</extension><extension char="S">sequela</extension></sevenChrDef>
  <diag><name>S93.4</name><desc>Sprain of unspecified ligament of ankle</desc>
    <inclusionTerm><note>Twisted  ankle</note><note>Twisted ankle</note></inclusionTerm>
    <diag><name>S93.401</name><desc>Sprain of unspecified ligament of right ankle</desc></diag>
    <diag><name>S93.402</name><desc>Sprain of unspecified ligament of left ankle</desc></diag>
    <diag><name>S93.409</name><desc>Sprain of unspecified ligament of unspecified ankle</desc></diag>
  </diag></diag></section>
<section id="T07"><desc>Injuries involving multiple body regions (T07)</desc>
<diag><name>T07</name><desc>Unspecified multiple injuries</desc>
  <excludes1><note>injury NOS (T14.90)</note><note>injury NOS (T14.90)</note></excludes1></diag></section>
</chapter></ICD10CM.tabular>"""
LISTED = [
    "19", "S90-S99", "S93", "S934", "S93401", "S93401A", "S93401S", "S93402", "S93402A", "S93402S",
    "S93409", "S93409A", "S93409S", "T07", "T07",
]  # fmt: skip


def written(folder: Path, book: str = SAMPLE, listed: Iterable[str] = LISTED) -> Path:
    for path, text in ((TABULAR, book), (DIAGNOSES, "\r\n".join(listed))):
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(text)
    return folder


def by_code(rows: Iterable[Row]) -> dict[str, Row]:
    return {row.code: row for row in rows}


def values(row: Row, name: str) -> list[str]:
    return [value for own, value in row.properties if own == name]


def test_codes_stand_below_their_category_and_headings_say_so(tmp_path: Path) -> None:
    rows = by_code(icd.rows(written(tmp_path)))
    assert rows["S93.401A"].parents == ("S93.401",)
    assert rows["S93.401"].parents == ("S93.4",)
    assert rows["S93"].parents == ("S90-S99",)
    assert rows["S90-S99"].parents == ("19",)
    assert rows["T07"].parents == ("T07-T07",)
    codes = {code for code, row in rows.items() if not row.flags & HEADING}
    assert codes == {f"S93.40{side}{seventh}" for side in "129" for seventh in "AS"} | {"T07"}


def test_a_code_with_a_seventh_character_is_called_what_it_means(tmp_path: Path) -> None:
    rows = by_code(icd.rows(written(tmp_path)))
    assert rows["S93.402S"].display == "Sprain of unspecified ligament of left ankle, sequela"
    assert values(rows["S93"], "sevenChr") == ["A initial encounter", "S sequela"]


def test_the_range_of_codes_is_no_part_of_a_name(tmp_path: Path) -> None:
    rows = by_code(icd.rows(written(tmp_path)))
    assert rows["19"].display == "Injury"
    assert rows["T07-T07"].display == "Injuries involving multiple body regions"


def test_notes_are_properties_and_inclusion_terms_names_each_once(tmp_path: Path) -> None:
    rows = by_code(icd.rows(written(tmp_path)))
    assert values(rows["19"], "excludes2") == ["birth trauma (P10-P15)"]
    assert values(rows["T07"], "excludes1") == ["injury NOS (T14.90)"]
    assert [name.text for name in rows["S93.4"].designations] == ["Twisted ankle"]


def test_the_side_is_what_a_code_names_and_its_category_does_not(tmp_path: Path) -> None:
    rows = by_code(icd.rows(written(tmp_path)))
    sides = {code: values(row, "laterality") for code, row in rows.items() if values(row, "laterality")}
    assert sides == {"S93.401": ["right"], "S93.402": ["left"], "S93.409": ["unspecified"]}


def siblings(*names: str) -> str:
    inner = "".join(f"<diag><name>A00.{i}</name><desc>{name}</desc></diag>" for i, name in enumerate(names))
    return (
        '<b><chapter><name>1</name><desc>One</desc><section id="A00"><desc>Section</desc><diag><name>A00</name>'
        f"<desc>Category</desc>{inner}</diag></section></chapter></b>"
    )


@pytest.mark.parametrize(
    ("names", "sides"),
    [
        (("Loss, right ear", "Loss, left ear", "Loss, bilateral"), ["right", "left", "bilateral"]),
        (("Left heart failure", "Heart failure, unspecified"), ["", ""]),
        (("Hernia, bilateral", "Hernia, unilateral"), ["bilateral", ""]),
        (("Blind right eye, good left eye", "Blind left eye, good right eye"), ["", ""]),
        (("Pain, right", "Pain, left", "Pain, unspecified", "Other"), ["right", "left", "unspecified", ""]),
    ],
)
def test_a_word_tells_a_side_only_beside_its_opposite(
    tmp_path: Path, names: tuple[str, ...], sides: list[str]
) -> None:
    listed = ["1", "A00", "A00", *(f"A00{i}" for i in range(len(names)))]
    rows = by_code(icd.rows(written(tmp_path, siblings(*names), listed)))
    assert ["".join(values(rows[f"A00.{i}"], "laterality")) for i in range(len(names))] == sides


@pytest.mark.parametrize(
    ("book", "listed", "said"),
    [
        (SAMPLE[:900], LISTED, f"{TABULAR.name} is not whole XML"),
        (SAMPLE, [*LISTED, "Z99"], f"Z99 of {DIAGNOSES.name} is not in {TABULAR.name}"),
        (SAMPLE, LISTED[:-2], f"T07 is twice in {TABULAR.name}, or not in {DIAGNOSES.name}"),
        (SAMPLE.replace("S93.402", "S93.401"), LISTED, "S93.401 is twice"),
        (SAMPLE.replace('char="S"', 'char="T"'), LISTED, "seventh character of S93.401S is not explained"),
        (SAMPLE, [*LISTED, "X99999A"], f"X99999A of {DIAGNOSES.name} belongs to no category"),
        ("<b/>", LISTED, "belongs to no category"),
        ("<b/>", ["A00"], f"A00 of {DIAGNOSES.name} is not in {TABULAR.name}"),
    ],
)
def test_damaged_files_are_told_by_name_and_code(
    tmp_path: Path, book: str, listed: list[str], said: str
) -> None:
    with pytest.raises(RuntimeError) as caught:
        list(icd.rows(written(tmp_path, book, listed)))
    assert said in str(caught.value)
    assert str(caught.value).endswith("build again.")


@dataclass
class Node:
    """A category of an invented book; `sevenths` are the seventh characters that its codes take."""

    below: list["Node"] = field(default_factory=list)
    sevenths: str = ""


NODES = st.recursive(
    st.builds(Node, sevenths=st.text("ADS", max_size=3).map(lambda text: "".join(sorted(set(text))))),
    lambda inner: st.builds(Node, st.lists(inner, min_size=1, max_size=3)),
    max_leaves=12,
)


def drawn(node: Node, code: str, listed: list[str], leaves: set[str]) -> str:
    """The XML of a node; its codes are added to `listed`, those that may be reported to `leaves`."""
    dotted = code if len(code) == 3 else f"{code[:3]}.{code[3:]}"
    listed.append(code)
    full = [f"{code.ljust(6, 'X')}{seventh}" for seventh in node.sevenths] if len(code) < 7 else []
    listed.extend(full)
    leaves.update(f"{each[:3]}.{each[3:]}" for each in full)
    if not node.below and not full:
        leaves.add(dotted)
    known = "".join(f'<extension char="{each}">means {each}</extension>' for each in "ADS")
    inner = "".join(drawn(each, f"{code}{i}", listed, leaves) for i, each in enumerate(node.below))
    return f"<diag><name>{dotted}</name><desc>{code}</desc><sevenChrDef>{known}</sevenChrDef>{inner}</diag>"


@given(st.lists(NODES, min_size=1, max_size=4))
def test_whatever_the_book_every_parent_is_there_and_what_has_codes_below_is_a_heading(
    nodes: list[Node],
) -> None:
    listed, leaves = ["1", "A00-A99"], set[str]()
    inner = "".join(drawn(node, f"A0{i}", listed, leaves) for i, node in enumerate(nodes))
    book = (
        '<b><chapter><name>1</name><desc>One</desc><section id="A00-A99"><desc>Section</desc>'
        f"{inner}</section></chapter></b>"
    )
    with tempfile.TemporaryDirectory() as name:
        rows = list(icd.rows(written(Path(name), book, listed)))
    assert sorted(row.code.replace(".", "") for row in rows) == sorted(listed)
    assert_well_formed(rows)
    assert {row.code for row in rows if not row.flags & HEADING} == leaves


def assert_well_formed(rows: Iterable[Row]) -> None:
    """Parents come first, each code once; a concept is a heading just when something stands below it."""
    seen: dict[str, Row] = {}
    for row in rows:
        assert row.code not in seen
        assert all(parent in seen for parent in row.parents), row
        assert row.display.strip() == row.display != ""
        seen[row.code] = row
    above = {parent for row in seen.values() for parent in row.parents}
    for code, row in seen.items():
        assert bool(row.flags & HEADING) == (code in above), row


# ---------------------------------------------------------------- the real release


@pytest.fixture(scope="module")
def real(released: Path) -> dict[str, Row]:
    rows = list(icd.rows(released))
    assert len({row.code for row in rows}) == len(rows)
    return by_code(rows)


def test_the_release_has_as_many_codes_as_its_publisher_says(real: dict[str, Row]) -> None:
    """74,719 codes for fiscal year 2026; 98,505 with what stands above them.

    39 of these are sections of one category, which the list of codes has under the same code.
    """
    assert len(real) == 98_505
    assert sum(not row.flags & HEADING for row in real.values()) == 74_719
    assert sum(not row.parents for row in real.values()) == 22
    assert sum(len(code) == 7 and code[:3] == code[4:] for code in real) == 39


def test_every_code_of_the_list_is_there_as_often_as_in_the_list(
    released: Path, real: dict[str, Row]
) -> None:
    def bare(code: str) -> str:
        first, _, last = code.partition("-")
        return first if first == last else code.replace(".", "")

    listed = Counter((released / DIAGNOSES).read_text().split())
    assert Counter(map(bare, real)) == listed


def test_the_hierarchy_of_the_release_is_whole(real: dict[str, Row]) -> None:
    assert_well_formed(real.values())


def test_a_section_that_is_only_a_title_stands_above_the_sections_of_its_range(real: dict[str, Row]) -> None:
    assert real["C15-C26"].parents == ("2", "C00-C75")
    assert real["C00-C75"].parents == ("2", "C00-C96")
    assert real["C7A-C7A"].parents == ("2", "C00-C96")
    assert real["D00-D09"].parents == ("2",)
    assert real["T26-T28"].parents == ("19", "T20-T32")
    assert real["T33-T34"].parents == ("19", "T07-T88")
    assert real["X50-X50"].parents == ("20", "W00-X58")
    assert real["X71-X83"].parents == ("20",)


def test_the_notes_are_those_that_the_other_reader_finds(released: Path, real: dict[str, Row]) -> None:
    with Source(released / TABULAR) as source:
        places = tabular.places(source.members[0])
    assert len(places) > 40_000
    for place in places:
        row = real[place.code]
        assert (row.display, "".join(row.parents[:1])) == (place.title, place.above)
        assert Counter({pair for pair in row.properties if pair[0] != "laterality"}) == Counter(
            set(place.notes)
        )
        assert {name.text for name in row.designations} == set(place.terms) - {place.title}


def test_each_side_has_its_opposite(real: dict[str, Row]) -> None:
    found = {
        side: [row for row in real.values() if values(row, "laterality") == [side]]
        for side in ("right", "left")
    }
    assert len(found["right"]) == len(found["left"]) > 4_800
    assert all(side in row.display.lower() for side, rows in found.items() for row in rows)


def test_well_known_codes_say_what_they_should(real: dict[str, Row]) -> None:
    diabetes = real["E11.9"]
    assert diabetes.display == "Type 2 diabetes mellitus without complications"
    assert not diabetes.flags & HEADING
    assert real["E11"].flags & HEADING
    assert "gestational diabetes (O24.4-)" in values(real["E11"], "excludes1")
    assert "insulin (Z79.4)" in values(real["E11"], "useAdditionalCode")

    sprain = real["S93.402A"]
    assert sprain.display == "Sprain of unspecified ligament of left ankle, initial encounter"
    assert not sprain.flags & HEADING
    assert real["S93.402"].flags & HEADING
    assert values(real["S93.402"], "laterality") == ["left"]
    assert values(real["S93.409"], "laterality") == ["unspecified"]
    assert values(real["S93"], "sevenChr") == ["A initial encounter", "D subsequent encounter", "S sequela"]

    gestational = real["O24.419"]
    assert gestational.display == "Gestational diabetes mellitus in pregnancy, unspecified control"
    assert not values(gestational, "laterality")
    assert "Gestational diabetes mellitus NOS" in {name.text for name in real["O24.4"].designations}

    hypertension = real["I10"]
    assert hypertension.display == "Essential (primary) hypertension"
    assert hypertension.parents == ("I10-I1A",)
    assert "high blood pressure" in values(hypertension, "includes")
    assert any("O10-O11" in note for note in values(hypertension, "excludes1"))

    eye = real["E11.3211"]
    assert eye.display.endswith("with macular edema, right eye")
    assert values(eye, "laterality") == ["right"]
