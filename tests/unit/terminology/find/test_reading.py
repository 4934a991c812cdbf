"""How words and names are taken apart."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from charthouse.terminology.find.cost import plainness, read
from charthouse.terminology.find.sides import family
from charthouse.terminology.find.words import LONGEST, fold, split, stem


@pytest.mark.parametrize(
    "forms",
    [
        "fracture fractures fractured fracturing", "hemorrhage haemorrhage hemorrhages", "diabetes diabetic",
        "chronic chronics", "infection infections", "edema oedema", "allergy allergies", "nerve nerves",
    ],
)  # fmt: skip
def test_the_forms_of_a_word_have_one_stem(forms: str) -> None:
    assert len({stem(form) for form in forms.split()}) == 1


@pytest.mark.parametrize("words", ["hypertension hypotension", "ileum ilium", "test testis", "2 ii"])
def test_other_words_keep_apart(words: str) -> None:
    assert len({stem(word) for word in words.split()}) == len(words.split())


def test_accents_case_and_owners_are_folded() -> None:
    assert fold("Sjögren’s") == "sjogren"
    assert split("Ménière's disease, w/o vertigo") == ["meniere", "disease", "w", "o", "vertigo"]


@given(st.text())
def test_any_text_is_cut_into_short_plain_words(text: str) -> None:
    for word in split(text):
        assert word.isascii()
        assert word.isalnum()
        assert len(word) <= LONGEST
        assert stem(word)


def test_what_is_denied_is_told_from_what_is_said() -> None:
    name = read("Type 2 diabetes mellitus with unspecified diabetic retinopathy without macular edema")
    assert name.denied == {stem("macular"), stem("edema")}
    assert name.costs[stem("edema")] < name.costs[stem("retinopathy")]


@pytest.mark.parametrize(
    ("text", "denied"),
    [
        ("Migraine with aura, not intractable, without status migrainosus", "intractable status migrainosus"),
        ("Laceration without foreign body of right hand", "foreign body"),
        ("Non-Hodgkin lymphoma", "hodgkin"), ("Epilepsy with or without fever", ""),
        ("Enterocolitis, not specified as recurrent", "specified recurrent"),
        ("Tubal pregnancy without intrauterine pregnancy", "intrauterine"),
    ],
)  # fmt: skip
def test_a_denial_ends_where_its_words_end(text: str, denied: str) -> None:
    assert read(text).denied == {stem(word) for word in denied.split()}


@pytest.mark.parametrize(
    ("text", "side", "encounter"),
    [
        ("Pain in right shoulder", "right", ""), ("Tinnitus, bilateral", "bilateral", ""), ("Cough", "", ""),
        ("Sprain of left knee, initial encounter", "left", "A"), ("Sprain of knee, sequela", "", "S"),
        ("Fracture of left tibia, initial encounter for open fracture type IIIA, IIIB, or IIIC", "left", "B"),
        ("Fracture of rib, subsequent encounter for fracture with routine healing", "", "D"),
        ("Fracture of rib, subsequent encounter for fracture with nonunion", "", "F"),
        ("Sequelae of cerebral infarction", "", ""),
    ],
)  # fmt: skip
def test_side_and_encounter_are_read(text: str, side: str, encounter: str) -> None:
    name = read(text)
    assert (name.side, name.encounter) == (side, encounter)


@given(st.text())
def test_any_text_can_be_read(text: str) -> None:
    name = read(text)
    assert name.denied <= name.costs.keys()
    assert all(0 <= cost <= 1.2 for cost in name.costs.values())


def test_the_usual_case_is_the_plainest() -> None:
    names = (
        "Cough, unspecified",
        "Chronic cough",
        "Other specified cough",
        "Cough with hemorrhage and rib fracture",
    )
    assert sorted(names, key=plainness) == list(names)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Pain in right shoulder", "Pain in unspecified shoulder"), ("Tinnitus, bilateral", "Tinnitus, left ear"),
        ("Varicose veins of left lower extremity", "Varicose veins of bilateral lower extremities"),
        ("Sprain of right ankle, initial encounter", "Sprain of left ankle, sequela"),
    ],
)  # fmt: skip
def test_sides_and_encounters_of_one_condition_are_a_family(one: str, other: str) -> None:
    assert family(one) == family(other)


def test_with_and_without_are_no_family() -> None:
    one, other = (f"Laceration {word} foreign body of right hand" for word in ("with", "without"))
    assert family(one) != family(other)
