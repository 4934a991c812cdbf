"""A small classification of diagnoses, written like ICD-10-CM, in tables of its own."""

from __future__ import annotations

from collections.abc import Iterator

from charthouse.db.connect import Connection
from charthouse.terminology.concept import HEADING, Designation, Release, Row
from charthouse.terminology.fill import fill
from charthouse.terminology.find.index import words
from charthouse.terminology.find.lore import DIAGNOSES

SEVENTH = (("A", "initial encounter"), ("D", "subsequent encounter"), ("S", "sequela"))
SIDES = (("1", "right"), ("2", "left"), ("9", "unspecified"))

# code, display, code above, inclusion terms, notes
BOOK: tuple[tuple[str, str, str, tuple[str, ...], tuple[tuple[str, str], ...]], ...] = (
    ("4", "Endocrine, nutritional and metabolic diseases", "", (), ()),
    ("E08-E13", "Diabetes mellitus", "4", (), ()),
    ("E10", "Type 1 diabetes mellitus", "E08-E13", (), ()),
    ("E10.9", "Type 1 diabetes mellitus without complications", "E10", (), ()),
    (
        "E11",
        "Type 2 diabetes mellitus",
        "E08-E13",
        (),
        (
            ("includes", "diabetes NOS"),
            ("excludes1", "type 1 diabetes mellitus (E10.-)"),
            ("useAdditionalCode", "insulin (Z79.4)"),
        ),
    ),
    ("E11.2", "Type 2 diabetes mellitus with kidney complications", "E11", (), ()),
    ("E11.21", "Type 2 diabetes mellitus with diabetic nephropathy", "E11.2", (), ()),
    ("E11.4", "Type 2 diabetes mellitus with neurological complications", "E11", (), ()),
    ("E11.40", "Type 2 diabetes mellitus with diabetic neuropathy, unspecified", "E11.4", (), ()),
    ("E11.9", "Type 2 diabetes mellitus without complications", "E11", (), ()),
    ("E08", "Diabetes mellitus due to underlying condition", "E08-E13", (), ()),
    ("E08.9", "Diabetes mellitus due to underlying condition without complications", "E08", (), ()),
    ("9", "Diseases of the circulatory system", "", (), ()),
    ("I10", "Essential (primary) hypertension", "9", (), (("includes", "high blood pressure"),)),
    ("I50", "Heart failure", "9", (), (("codeFirst", "heart failure due to hypertension (I11.0)"),)),
    ("I50.9", "Heart failure, unspecified", "I50", ("Congestive heart failure NOS",), ()),
    ("I50.1", "Left ventricular failure, unspecified", "I50", (), ()),
    ("10", "Diseases of the respiratory system", "", (), ()),
    ("J18", "Pneumonia, unspecified organism", "10", (), ()),
    ("J18.9", "Pneumonia, unspecified organism", "J18", (), ()),
    ("J45", "Asthma", "10", (), ()),
    ("J45.901", "Unspecified asthma with (acute) exacerbation", "J45", (), ()),
    ("J45.909", "Unspecified asthma, uncomplicated", "J45", ("Asthma NOS",), ()),
    ("11", "Diseases of the digestive system", "", (), ()),
    ("K35", "Acute appendicitis", "11", (), ()),
    ("K35.80", "Unspecified acute appendicitis", "K35", (), ()),
    ("K35.32", "Acute appendicitis with perforation", "K35", (), ()),
    ("13", "Diseases of the musculoskeletal system", "", (), ()),
    ("M25.5", "Pain in joint", "13", (), (("excludes2", "pain in hand (M79.64-)"),)),
    ("M79.7", "Fibromyalgia", "13", (), ()),
    ("8", "Diseases of the ear", "", (), ()),
    ("H93.1", "Tinnitus", "8", (), ()),
    ("H93.11", "Tinnitus, right ear", "H93.1", (), ()),
    ("H93.12", "Tinnitus, left ear", "H93.1", (), ()),
    ("H93.13", "Tinnitus, bilateral", "H93.1", (), ()),
    ("H93.19", "Tinnitus, unspecified ear", "H93.1", (), ()),
    ("18", "Symptoms, signs and abnormal findings", "", (), ()),
    ("R05", "Cough", "18", (), ()),
    ("R05.9", "Cough, unspecified", "R05", (), ()),
    ("R05.3", "Chronic cough", "R05", ("Persistent cough",), ()),
    ("R06.02", "Shortness of breath", "18", (), ()),
    ("19", "Injury, poisoning and external causes", "", (), ()),
    ("S83", "Dislocation and sprain of knee", "19", (), tuple(("sevenChr", f"{a} {b}") for a, b in SEVENTH)),
    ("S83.51", "Sprain of anterior cruciate ligament of knee", "S83", (), ()),
    ("20", "External causes of morbidity", "", (), ()),
    ("W11", "Fall on and from ladder", "20", (), tuple(("sevenChr", f"{a} {b}") for a, b in SEVENTH)),
    ("21", "Factors influencing health status", "", (), ()),
    ("Z79.4", "Long term (current) use of insulin", "21", (), ()),
    ("Z80.3", "Family history of malignant neoplasm of breast", "21", (), ()),
    ("Z85.3", "Personal history of malignant neoplasm of breast", "21", (), ()),
)
HEADINGS = frozenset({"S83", "S83.51", "W11"})


def rows() -> Iterator[Row]:
    """The classification, parents first."""
    parents = {above for _, _, above, _, _ in BOOK} | HEADINGS | {"M25.5"}
    for code, display, above, terms, notes in BOOK:
        yield Row(
            code, display, (above,) if above else (), HEADING if code in parents else 0,
            tuple(map(Designation, terms)), notes,
        )  # fmt: skip
        if code == "M25.5":
            yield from _shoulders()
        elif code == "S83.51":
            yield from _knees()
        elif code == "W11":
            for character, meaning in SEVENTH:
                yield Row(f"W11.XXX{character}", f"{display}, {meaning}", (code,))


def _shoulders() -> Iterator[Row]:
    yield Row("M25.51", "Pain in shoulder", ("M25.5",), HEADING)
    for character, side in SIDES:
        yield Row(f"M25.51{character}", f"Pain in {side} shoulder", ("M25.51",))


def _knees() -> Iterator[Row]:
    for number, side in SIDES:
        code, display = f"S83.51{number}", f"Sprain of anterior cruciate ligament of {side} knee"
        yield Row(code, display, ("S83.51",), HEADING)
        for character, meaning in SEVENTH:
            yield Row(f"{code}{character}", f"{display}, {meaning}", (code,))


def release(version: str = "2026", url: str = DIAGNOSES, **more: str | None) -> Release:
    """A release of it."""
    return Release(url=url, version=version, title="Small", case_sensitive=False, **more)  # type: ignore[arg-type]


def filled(connection: Connection, **more: str) -> None:
    """Put it into the tables."""
    fill(connection, release(**more), rows(), words=words)
