"""The search over the file that is shipped: real codes, both systems."""

from __future__ import annotations

import threading

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from charthouse.terminology.find.finder import Finder

DIAGNOSES = (
    ("e119", "E11.9"), ("E11.", "E11"), ("m54", "M54"), ("s83511a", "S83.511A"), ("z3a.20", "Z3A.20"),
    ("nstemi", "I21.4"), ("copd exacerbation", "J44.1"), ("uti", "N39.0"), ("gerd", "K21.9"), ("osa", "G47.33"),
    ("a fib", "I48.91"), ("ckd 3b", "N18.32"), ("ckd stage iv", "N18.4"), ("bph", "N40.0"), ("ra", "M06.9"),
    ("r hip oa", "M16.11"), ("s/p l tka", "Z96.652"), ("h/o dvt", "Z86.718"), ("fh colon ca", "Z80.0"),
    ("heart attack", "I21.9"), ("nose bleed", "R04.0"), ("athletes foot", "B35.3"), ("slipped disc", "M51.26"),
    ("broken left wrist", "S62.102A"), ("twisted right ankle", "S93.401A"), ("lung mets", "C78.00"),
    ("long term blood thinner", "Z79.01"), ("screening for colon cancer", "Z12.11"), ("cut on left thumb", "S61.012A"),
    ("migrainne", "G43.909"), ("sciatica left", "M54.32"), ("pressure sore right heel stage 3", "L89.613"),
    ("fracture left tibia follow up", "S82.202D"), ("open fracture right tibia", "S82.201B"),
    ("depression", "F32.A"), ("anxiety", "F41.9"), ("back pain", "M54.9"), ("cough", "R05.9"), ("rash", "R21"),
)  # fmt: skip
PROCEDURES = (
    ("lap chole", "0FT44ZZ"), ("left tka", "0SRD0JZ"), ("open appendectomy", "0DTJ0ZZ"), ("c section", "10D00Z1"),
    ("vaginal delivery", "10E0XZZ"), ("lumbar puncture", "009U3ZX"), ("0dtj4zz", "0DTJ4ZZ"),
)  # fmt: skip


@pytest.mark.parametrize(("text", "code"), DIAGNOSES)
def test_the_right_diagnosis_comes_first(whole: Finder, text: str, code: str) -> None:
    assert [hit.code for hit in whole.find(text)][:1] == [code]


@pytest.mark.parametrize(("text", "code"), PROCEDURES)
def test_the_right_procedure_comes_first(whole: Finder, text: str, code: str) -> None:
    assert [hit.code for hit in whole.find(text, ("icd-10-pcs",))][:1] == [code]


def test_both_systems_are_searched_together(whole: Finder) -> None:
    hits = whole.find("appendicitis", ("icd-10-cm", "icd-10-pcs"))
    assert hits[0].code == "K35.80"
    assert whole.find("0DTJ4ZZ", ("icd-10-cm", "icd-10-pcs"))[0].code == "0DTJ4ZZ"


@settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(place=st.floats(0, 1, exclude_max=True), system=st.sampled_from(["icd-10-cm", "icd-10-pcs"]))
def test_any_code_typed_in_full_comes_first(whole: Finder, place: float, system: str) -> None:
    held = whole.lexicon(system).system
    id = held.system.first + int(place * held.system.concepts)
    code = held.concepts([id])[id].code
    for typed in {code, code.lower(), code.replace(".", ""), f" {code.lower().replace('.', '')} "}:
        assert whole.find(typed, (system,))[0].code == code


WORDS = (
    "pain left right both r l rt fracture of the w/o with no chronic x 3 months hx s/p diabetis 2 type initial open "
    "follow up sequela cancer stage ii knee eye ; ' % ( E11.9 m54 s83 bilateral not unspecified burn second degree"
)  # fmt: skip


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(words=st.lists(st.sampled_from(WORDS.split()), max_size=14), tail=st.text(max_size=20))
def test_no_words_break_the_search(whole: Finder, words: list[str], tail: str) -> None:
    hits = whole.find(f"{' '.join(words)} {tail}"[:200], ("icd-10-cm", "icd-10-pcs"), limit=30)
    assert len({(hit.system, hit.code) for hit in hits}) == len(hits) <= 30


def test_threads_search_at_the_same_time(whole: Finder) -> None:
    asked = dict(DIAGNOSES[5:25])
    wrong: list[str] = []

    def search() -> None:
        wrong.extend(text for text, code in asked.items() if whole.find(text)[0].code != code)

    threads = [threading.Thread(target=search) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []


def test_the_guide_tells_what_the_book_says(whole: Finder) -> None:
    guide = whole.guide("icd-10-cm", "e11.22")
    assert guide.is_billable
    assert ("useAdditionalCode", "E11.22") in {(note.kind, note.code) for note in guide.notes}
    assert ("excludes1", "E11") in {(note.kind, note.code) for note in guide.notes}
    sixth, seventh = whole.guide("icd-10-cm", "S83.51").missing
    assert [choice.characters for choice in sixth.choices] == ["1", "2", "9"]
    assert "A" in {choice.characters for choice in seventh.choices}
