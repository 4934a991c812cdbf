"""Text, tables and sheets as they are really saved: encodings, ends of lines, quotation marks, notices on top."""

from __future__ import annotations

import gzip
import io
import zipfile
from pathlib import Path
from xml.sax.saxutils import escape

import pytest
from hypothesis import given
from hypothesis import strategies as st

from charthouse.base.errors import Problem
from charthouse.terminology.load.lines import lines
from charthouse.terminology.load.loaded import day, quarter, row
from charthouse.terminology.load.source import CHUNK, Member, Source
from charthouse.terminology.load.table import table
from tests.unit.terminology.load.publishers import pack, write


def member(content: bytes, name: str = "x.txt") -> Member:
    return Member(name, name, len(content), len(content), lambda: io.BytesIO(content), lambda size: None)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_text_is_read_whatever_it_was_saved_as(encoding: str, end: str) -> None:
    content = end.join(("code", "café", "")).encode(encoding)
    found = [text for _, text in lines(member(content), legacy=True)]
    assert [text for text in found if text] == ["code", "café"]


@given(
    st.lists(
        st.text(st.characters(exclude_categories=("Cs",), exclude_characters="\r\n\0"), max_size=30),
        max_size=40,
    ),
    st.integers(1, 64),
)
def test_lines_are_the_same_wherever_the_stream_is_cut(texts: list[str], size: int) -> None:
    content = "\n".join(texts).encode()

    class Drip(io.BytesIO):
        def read(self, _: int | None = -1) -> bytes:
            return super().read(size)

    one = Member("x", "x", len(content), len(content), lambda: Drip(content), lambda taken: None)
    found = [text for _, text in lines(one, legacy=True)]
    expected = texts[:-1] if texts and not texts[-1] else texts
    assert [text.removeprefix("\ufeff") for text in found[:1]] + found[1:] == [
        text.removeprefix("\ufeff") for text in expected[:1]
    ] + expected[1:]


def test_a_line_across_two_reads_is_one_line() -> None:
    content = b"a" * (CHUNK - 3) + b"\nsecond line\n"
    assert [len(text) for _, text in lines(member(content))] == [CHUNK - 3, 11]


def test_numbers_count_lines_and_not_rows() -> None:
    text = 'note\n\ncode,display\nA,"two\nlines"\nB,x\n'
    assert list(table(member(text.encode(), "x.csv"), ("code", "display"))) == [
        (4, ("A", "two\nlines")),
        (6, ("B", "x")),
    ]


def test_tabs_and_marks_inside_quotation_marks_belong_to_the_text() -> None:
    text = 'code\tdisplay\nA\t"with a\ttab and ""marks"""\nB\t5" tube\n'
    assert [values for _, values in table(member(text.encode()), ("code", "display"))] == [
        ("A", 'with a\ttab and "marks"'), ("B", '5" tube'),
    ]  # fmt: skip


def test_columns_are_found_whatever_their_spelling_and_order() -> None:
    text = "Display Name;CODE\nOne;A\n"
    assert list(table(member(text.encode()), ("code", "title|display_name"), ("more",))) == [
        (2, ("A", "One", ""))
    ]


def workbook(rows: list[list[str]]) -> bytes:
    """A workbook as small as one can be: shared texts, a sheet that leaves out empty cells."""
    shared = sorted({cell for cells in rows for cell in cells if cell and not cell.isdigit()})
    place = {text: number for number, text in enumerate(shared)}
    space = 'xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"'
    lines_ = []
    for number, cells in enumerate(rows, 1):
        made = "".join(
            f'<c r="{chr(65 + at)}{number}"><v>{cell}</v></c>' if cell.isdigit()
            else f'<c r="{chr(65 + at)}{number}" t="s"><v>{place[cell]}</v></c>'
            for at, cell in enumerate(cells) if cell
        )  # fmt: skip
        lines_.append(f'<row r="{number}">{made}</row>')
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as book:
        texts = "".join(f"<si><t>{escape(text)}</t></si>" for text in shared)
        book.writestr("xl/sharedStrings.xml", f"<sst {space}>{texts}</sst>")
        book.writestr(
            "xl/worksheets/sheet1.xml",
            f"<worksheet {space}><sheetData>{''.join(lines_)}</sheetData></worksheet>",
        )
    return made.getvalue()


def test_a_sheet_is_a_table_too() -> None:
    content = workbook(
        [["HCPCS", "", ""], ["Code", "Display", "More"], ["A0021", "", "x & y"], ["12", "text", ""]]
    )
    assert list(table(member(content, "x.xlsx"), ("code", "display"), ("more",))) == [
        (3, ("A0021", "", "x & y")), (4, ("12", "text", "")),
    ]  # fmt: skip


def test_a_workbook_that_is_none_is_refused() -> None:
    with pytest.raises(Problem, match="workbook cannot be read"):
        list(table(member(b"PK\x03\x04 no", "x.xlsx"), ("code",)))


def test_a_release_may_be_a_file_a_folder_a_zip_or_a_zip_in_a_folder(tmp_path: Path) -> None:
    folder = write(tmp_path / "folder", {"a/one.txt": "1\n", ".hidden": "x"})
    pack(folder / "two.zip", {"b/two.txt": "2\n", "__MACOSX/two.txt": "x"})
    (folder / "three.txt.gz").write_bytes(gzip.compress(b"3\n"))
    with Source(folder) as source:
        assert sorted(one.path for one in source.members) == ["a/one.txt", "b/two.txt", "three.txt"]
        assert [text for one in source.members for _, text in lines(one)] == ["1", "3", "2"]


def test_the_file_that_lies_highest_is_the_one(tmp_path: Path) -> None:
    write(tmp_path, {"rrf/X.RRF": "", "prescribe/rrf/X.RRF": ""})
    with Source(tmp_path) as source:
        found = source.find(r"(^|/)x\.rrf$")
    assert found is not None
    assert found.path == "rrf/X.RRF"


def test_a_property_too_long_to_index_becomes_a_designation() -> None:
    made = row("A", "One", properties=[("short", "x"), ("long", "é" * 600), ("empty", "")])
    assert made.properties == (("short", "x"),)
    assert [(one.use, len(one.text)) for one in made.designations] == [("long", 600)]


@pytest.mark.parametrize(
    ("text", "date"),
    [("20261001", "2026-10-01"), ("2026/10/01", "2026-10-01"), ("3/20/2011", "2011-03-20"),
     ("2026-10-01", "2026-10-01"),
     ("20261301", None), ("", None), ("soon", None), ("12345", None)],
)  # fmt: skip
def test_days_are_read_in_every_spelling_of_the_publishers(text: str, date: str | None) -> None:
    assert day(text) == date


@pytest.mark.parametrize(
    ("month", "ends"),
    [(1, "2026-03-31"), (4, "2026-06-30"), (7, "2026-09-30"), (10, "2026-12-31")],
)
def test_a_quarter_ends_on_the_last_day_of_its_third_month(month: int, ends: str) -> None:
    assert quarter(2026, month) == (f"2026-{month:02d}-01", ends)
