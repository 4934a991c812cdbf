"""Every loader reads its publisher's layout: codes, names, hierarchy, properties, versions and dates."""

from __future__ import annotations

from pathlib import Path

import pytest

from charthouse.terminology.concept import COMMENT, DEFINITION, HEADING, INACTIVE, Row
from charthouse.terminology.load.loaded import Asked, Loaded
from charthouse.terminology.load.run import read
from tests.unit.terminology.load import publishers
from tests.unit.terminology.load.publishers import pack, write


def loaded(path: Path, kind: str, **asked: object) -> tuple[Loaded, dict[str, Row]]:
    """The release at `path`, which must be taken for `kind`, and its rows by code."""
    found, release = read(path, "" if kind != "csv" else kind, Asked(**asked))  # type: ignore[arg-type]
    assert found == kind
    return release, {row.code: row for row in release.rows}


def texts(row: Row, use: str = "") -> list[str]:
    return [each.text for each in row.designations if each.use == use]


def test_the_order_file_gives_headings_codes_and_the_dates_of_its_fiscal_year(tmp_path: Path) -> None:
    release, rows = loaded(write(tmp_path, publishers.ICD_CM), "icd-10-cm")
    assert (release.release.version, release.release.valid_from, release.release.valid_until) == (
        "2027", "2026-10-01", "2027-09-30",
    )  # fmt: skip
    assert release.release.title == "ICD-10-CM, fiscal year 2027"
    assert (rows["E11"].flags, rows["E11.9"].flags) == (HEADING, 0)
    assert rows["E11.9"].parents == ("E11",)
    assert rows["S52.501A"].parents == ("S52.501",)
    assert texts(rows["S52.501A"]) == ["Unsp fracture of the lower end of right radius, init"]
    assert "tabular list" in release.notes[0]


def test_an_update_in_april_is_in_force_from_april(tmp_path: Path) -> None:
    text = publishers.ICD_CM["icd10cm-order-2027.txt"]
    release, _ = loaded(write(tmp_path, {"icd10cm-order-April-2026.txt": text}), "icd-10-cm")
    assert (release.release.version, release.release.valid_from, release.release.valid_until) == (
        "2026-04", "2026-04-01", "2026-09-30",
    )  # fmt: skip
    assert release.release.title == "ICD-10-CM, fiscal year 2026, April update"


def test_the_tabular_list_adds_chapters_sections_notes_and_missing_headings(tmp_path: Path) -> None:
    files = {**publishers.ICD_CM, "tables/icd10cm_tabular_2027.xml": publishers.TABULAR}
    release, rows = loaded(write(tmp_path, files), "icd-10-cm")
    assert release.notes == []
    assert rows["4"].display == "Endocrine, nutritional and metabolic diseases"
    assert rows["E08-E13"].parents == ("4",)
    assert rows["E11"].parents == ("E08-E13",)
    assert ("excludes1", "type 1 diabetes mellitus (E10.-)") in rows["E11"].properties
    assert ("useAdditionalCode", "code to identify control using insulin (Z79.4)") in rows["E11"].properties
    assert texts(rows["E11"]) == ["diabetes due to insulin resistance"]
    assert rows["S52-S52"].flags == rows["S52"].flags == HEADING
    assert rows["S52.5"].parents == ("S52",)
    assert ("sevenChr", "A initial encounter for closed fracture") in rows["S52"].properties


def test_the_side_stands_at_the_highest_code_that_names_it(tmp_path: Path) -> None:
    _, rows = loaded(write(tmp_path, publishers.ICD_CM), "icd-10-cm")
    sides = {code: dict(row.properties).get("laterality") for code, row in rows.items()}
    assert (sides["S52.501"], sides["S52.502"], sides["S52.509"]) == ("right", "left", "unspecified")
    assert sides["S52.501A"] is None
    assert sides["S52.50"] is None


def test_a_list_of_codes_without_headings_is_read_too(tmp_path: Path) -> None:
    files = {"icd10cm_codes_2027.txt": "E119    Type 2 diabetes mellitus without complications\r\n"}
    _, rows = loaded(write(tmp_path, files), "icd-10-cm")
    assert rows["E11.9"].display == "Type 2 diabetes mellitus without complications"
    assert rows["E11.9"].parents == ()


def test_procedures_stand_below_their_table(tmp_path: Path) -> None:
    release, rows = loaded(write(tmp_path, publishers.ICD_PCS), "icd-10-pcs")
    assert rows["0016070"].parents == ("001",)
    assert rows["001"].flags == HEADING
    assert release.release.url == "http://www.cms.gov/Medicare/Coding/ICD10"
    assert release.release.valid_until == "2027-09-30"


def test_hcpcs_joins_long_descriptions_marks_what_ended_and_leaves_out_level_one(tmp_path: Path) -> None:
    release, rows = loaded(write(tmp_path, publishers.HCPCS), "hcpcs")
    assert (release.release.version, release.release.valid_from, release.release.valid_until) == (
        "2026-10", "2026-10-01", "2026-12-31",
    )  # fmt: skip
    assert rows["A0021"].display == "Ambulance service, outside state per mile, transport (medicaid only)"
    properties = dict(rows["A0021"].properties)
    assert properties["kind"] == "procedure"
    assert (properties["pricing"], properties["coverage"], properties["betos"]) == ("00", "C", "O1A")
    assert (properties["typeOfService"], properties["added"]) == ("A", "1982-01-01")
    assert dict(rows["A1"].properties)["kind"] == "modifier"
    assert rows["G9999"].flags == INACTIVE
    assert "99213" not in rows
    assert "1 codes of Level I" in release.notes[0]


def test_hcpcs_as_a_table_says_the_same(tmp_path: Path) -> None:
    text = (
        "HCPCS file,,,,,,,,,,\r\n"
        "HCPC,SEQNUM,RECID,LONG DESCRIPTION,SHORT DESCRIPTION,PRICE1,COV,BETOS,TOS1,"
        "ADD DT,ACT EFF DT,TERM DT,ACTION CD\r\n"
        'A0021,100,3,"Ambulance service, outside state",Outside state,00,C,O1A,A,19820101,19820101,,N\r\n'
        "A1,100,7,Dressing for one wound,Dressing,,,,,19950101,19950101,,N\r\n"
    )
    release, rows = loaded(write(tmp_path, {"HCPC2027_JAN_ANWEB.csv": text}), "hcpcs")
    assert release.release.version == "2027-01"
    assert dict(rows["A0021"].properties)["betos"] == "O1A"
    assert dict(rows["A1"].properties)["kind"] == "modifier"


def test_snomed_has_preferred_names_several_parents_and_attributes(tmp_path: Path) -> None:
    release, rows = loaded(pack(tmp_path / "SnomedCT.zip", publishers.snomed()), "snomed")
    assert release.release.version == "http://snomed.info/sct/731000124108/version/20260901"
    assert (release.release.valid_from, release.release.valid_until) == ("2026-09-01", None)
    ear = rows["1002"]
    assert ear.display == "Ear wumple"
    assert ear.parents == ("1001", "1003")
    assert ("363698007", "2001") in ear.properties
    assert ("sufficientlyDefined", "true") in ear.properties
    assert texts(ear, "900000000000003001") == ["Wumple of ear (disorder)"]
    assert texts(ear) == ['Ear wumple "so called"']
    assert rows["1004"].flags == INACTIVE
    assert texts(rows["1001"], DEFINITION) == ["A wumple is what we say it is."]
    assert ("1142135004", "5") in rows["1001"].properties
    assert "Never shown" not in texts(rows["1001"])
    assert "SNOMED International" in release.release.notice


def test_snomed_maps_and_lists_become_concept_maps_and_value_sets(tmp_path: Path) -> None:
    release, _ = loaded(write(tmp_path, publishers.snomed("INT", "20260731")), "snomed")
    assert release.release.version == "http://snomed.info/sct/900000000000207008/version/20260731"
    icd, oncology = release.maps
    assert (icd.url, icd.target) == (
        "http://snomed.info/sct?fhir_cm=6011000124106",
        "http://hl7.org/fhir/sid/icd-10-cm",
    )
    assert [tuple(line) for line in icd.lines] == [
        ("1001", "", "unmatched", "CANNOT BE CLASSIFIED"),
        ("1002", "H93.91", "relatedto", "IF FEMALE CHOOSE H93.91"),
        ("1002", "H93.90", "relatedto", "ALWAYS H93.90"),
    ]
    assert [tuple(line) for line in oncology.lines] == [("2001", "C30.1", "equivalent", "")]
    (value_set,) = release.value_sets
    assert value_set["url"] == "http://snomed.info/sct?fhir_vs=refset/3001"
    assert value_set["title"] == "List of wumples"
    assert value_set["compose"]["include"][0]["concept"] == [{"code": "1001"}, {"code": "1002"}]
    assert "999" in release.notes[0]


def test_loinc_has_parts_as_headings_answers_and_lists_of_answers(tmp_path: Path) -> None:
    release, rows = loaded(pack(tmp_path / "Loinc_2.82.zip", publishers.LOINC), "loinc")
    assert (release.release.version, release.release.valid_until) == ("2.82", None)
    wumple = rows["99990-1"]
    assert wumple.display == "Wumple [Mass/volume] in Ear"
    assert wumple.parents == ("LP99990-0",)
    assert texts(wumple) == ["Wumple:MCnc:Pt:Ear:Qn", "Wumple Ear-mCnc", "Wumple (Ear)", "Wumple level"]
    assert texts(wumple, "RELATEDNAMES2") == ["Wmpl; Point in time"]
    assert texts(wumple, DEFINITION) == ["Two lines:\nof text"]
    assert texts(wumple, "EXTERNAL_COPYRIGHT_NOTICE") == ["Its owner wants this said."]
    assert ("SCALE_TYP", "Qn") in wumple.properties
    assert ("CLASSTYPE", "1") in wumple.properties
    assert rows["LP99990-0"].flags == HEADING
    assert rows["99991-9"].flags == INACTIVE
    assert ("answer-list", "LL9999-1") in rows["99991-9"].properties
    assert rows["LA99991-8"].display == "Round"
    (answers,) = release.value_sets
    assert answers["url"] == "http://loinc.org/vs/LL9999-1"
    assert [one["code"] for one in answers["compose"]["include"][0]["concept"]] == ["LA99991-8", "LA99992-6"]
    assert "http://loinc.org/license" in release.release.notice


def test_loinc_without_a_version_in_its_name_has_that_of_its_newest_term(tmp_path: Path) -> None:
    release, _ = loaded(write(tmp_path, {"Loinc.csv": publishers.LOINC["LoincTable/Loinc.csv"]}), "loinc")
    assert release.release.version == "2.81"
    assert len(release.notes) == 2


def test_names_in_another_language_are_read_when_asked_for(tmp_path: Path) -> None:
    _, rows = loaded(write(tmp_path, publishers.LOINC), "loinc", languages=("es-ES",))
    assert ("Wumple en oreja", "es-ES") in {(one.text, one.language) for one in rows["99990-1"].designations}


def test_rxnorm_knows_ingredients_strengths_and_national_drug_codes(tmp_path: Path) -> None:
    release, rows = loaded(pack(tmp_path / "RxNorm_full_10052026.zip", publishers.RXNORM), "rxnorm")
    assert (release.release.version, release.release.valid_from) == ("10052026", "2026-10-05")
    tablet = rows["802"]
    assert tablet.display == "wumpline 5 MG Oral Tablet"
    assert texts(tablet) == ["wumpline 5 MG Tablet"]
    assert set(tablet.properties) == {
        ("TTY", "SCD"), ("has_ingredient", "801"), ("NDC", "00002143380"), ("RXN_STRENGTH", "5 MG"),
    }  # fmt: skip
    assert rows["803"].flags == INACTIVE
    assert "900" not in rows
    (map,) = release.maps
    assert [tuple(line) for line in map.lines] == [("00002143380", "802", "equivalent", "")]


def test_vaccines_as_text_keep_notes_of_several_lines(tmp_path: Path) -> None:
    release, rows = loaded(write(tmp_path, {"cvx.txt": publishers.CVX}), "cvx")
    assert release.release.version == "2020-09-04"
    assert texts(rows["27"], COMMENT) == ["A note that runs over two lines"]
    assert texts(rows["03"]) == ["measles, mumps and rubella virus vaccine, live"]
    assert dict(rows["27"].properties) == {"status": "Active", "nonvaccine": "true", "updated": "2020-09-04"}
    assert rows["99"].flags == INACTIVE


def test_vaccines_as_xml_are_read_in_the_encoding_they_declare(tmp_path: Path) -> None:
    release, rows = loaded(write(tmp_path, {"cvx.xml": publishers.CVX_XML}), "cvx")
    assert release.release.version == "2011-03-20"
    assert rows["143"].display == "café vaccine"
    assert rows["143"].flags == INACTIVE


def test_manufacturers_of_vaccines_are_read(tmp_path: Path) -> None:
    _, rows = loaded(write(tmp_path, {"mvx.txt": publishers.MVX}), "mvx")
    assert {code: row.flags for code, row in rows.items()} == {"AB": INACTIVE, "MSD": 0}


def test_drugs_are_products_with_packages_below_them(tmp_path: Path) -> None:
    release, rows = loaded(write(tmp_path / "ndctext_20261001", publishers.NDC), "ndc")
    assert release.release.version == "20261001"
    assert rows["0002-1433"].display == "Wumplex (wumpline) 5 mg tablet"
    assert dict(rows["0002-1433"].properties)["labeler"] == "Wump, Inc."
    package = rows["0002-1433-80"]
    assert package.parents == ("0002-1433",)
    assert package.display == "Wumplex (wumpline) 5 mg tablet: 4 TABLET in 1 CARTON"
    assert dict(package.properties)["ndc11"] == "00002143380"
    assert "1 packages are listed again" in release.notes[0]


def test_a_specialization_stands_below_its_trade(tmp_path: Path) -> None:
    release, rows = loaded(write(tmp_path, {"nucc_taxonomy_261.csv": publishers.NUCC}, "cp1252"), "nucc")
    assert release.release.version == "26.1"
    heart = rows["207RC0000X"]
    assert heart.parents == ("207R00000X",)
    assert texts(heart, DEFINITION) == ["Café"]
    assert texts(rows["207R00000X"], DEFINITION) == ["A physician, trained. For adults."]


def test_places_of_service_leave_out_numbers_that_are_not_assigned(tmp_path: Path) -> None:
    release, rows = loaded(write(tmp_path, {"place-of-service-2026-05.csv": publishers.POS}), "pos")
    assert list(rows) == ["02", "11"]
    assert release.release.version == "2026-05"
    assert texts(rows["11"], DEFINITION) == ["Location other than a hospital."]


def test_cpt_shows_its_owners_notice_and_takes_the_longest_descriptor(tmp_path: Path) -> None:
    release, rows = loaded(write(tmp_path, publishers.CPT), "cpt")
    assert rows["0001A"].display == "Removal of a wumple from an ear"
    assert texts(rows["0001A"]) == ["WUMPLE REMOVAL EAR", "WUMPLE REM EAR"]
    assert rows["99999"].display == "UNLISTED WUMPLE"
    assert (release.release.version, release.release.valid_until) == ("2027", "2027-12-31")
    assert "American Medical Association" in release.release.notice


def test_cpt_in_one_consolidated_list_is_read_below_its_notice(tmp_path: Path) -> None:
    text = publishers.CPT_NOTICE + (
        "Concept Id\tCPT Code\tLong\tMedium\tShort\tConsumer\n"
        "1000\t0001A\tRemoval of a wumple\tWUMPLE REM\tWUMPLE\tWe take it out\n"
    )
    release, rows = loaded(write(tmp_path, {"ConsolidatedCodeList.txt": text}), "cpt")
    assert release.release.version == "2027"
    assert [rows["0001A"].display, *texts(rows["0001A"])] == [
        "Removal of a wumple",
        "WUMPLE REM",
        "WUMPLE",
        "We take it out",
    ]


def test_a_table_of_ones_own_may_have_a_hierarchy_and_any_property(tmp_path: Path) -> None:
    release, rows = loaded(
        write(tmp_path, {"services.csv": publishers.OWN}), "csv",
        url="https://clinic.example/services", version="3", title="Our services",
    )  # fmt: skip
    assert (release.release.url, release.release.version, release.release.title) == (
        "https://clinic.example/services", "3", "Our services",
    )  # fmt: skip
    assert rows["A1"].parents == ("A",)
    assert texts(rows["A1"]) == ["chat"]
    assert rows["A1"].properties == (("room", "12"),)
    assert rows["A2"].flags == INACTIVE


@pytest.mark.parametrize("kind", ["icd-10-cm", "hcpcs", "cvx", "nucc", "pos"])
def test_what_a_file_is_can_be_told_from_its_first_line(kind: str, tmp_path: Path) -> None:
    files = {
        "icd-10-cm": publishers.ICD_CM["icd10cm-order-2027.txt"], "hcpcs": publishers.HCPCS["HCPC2026_OCT_ANWEB.txt"],
        "cvx": publishers.CVX, "nucc": publishers.NUCC, "pos": publishers.POS,
    }  # fmt: skip
    loaded(write(tmp_path, {"download.txt": files[kind]}) / "download.txt", kind, version="1")
