"""Values agree with each other: weight with height, flags with ranges, drugs with what they do."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal

from charthouse.ops.demo.labs import egfr
from tests.unit.ops.demo.charts import Record, code_of, day, moment, years


def test_body_mass_index_is_weight_over_height_squared(everyone: list[Record]) -> None:
    checked = 0
    for record in everyone:
        heights = record.measured("8302-2")
        for tree in record.all("Observation"):
            if code_of(tree["code"]) == "39156-5":
                weight = record.same_draw("29463-7", tree)
                height = [value for when, value in heights if when <= moment(tree["effectiveDateTime"])][-1]
                assert weight
                assert abs(float(tree["valueQuantity"]["value"]) - weight / (height / 100) ** 2) < 0.06
                checked += 1
    assert checked > 500


def test_a_flag_is_there_exactly_when_a_value_leaves_its_range(everyone: list[Record]) -> None:
    flagged = 0
    for record in everyone:
        for tree in record.all("Observation"):
            if tree["category"][0]["coding"][0]["code"] != "laboratory" or "valueQuantity" not in tree:
                continue
            value = tree["valueQuantity"]["value"]
            bounds = tree.get("referenceRange", [{}])[0]
            low, high = (bounds.get(end, {}).get("value") for end in ("low", "high"))
            flag = tree["interpretation"][0]["coding"][0]["code"] if "interpretation" in tree else ""
            flagged += bool(flag)
            if high is not None and value > high:
                assert flag in ("H", "HH"), tree["code"]["text"]
            elif low is not None and value < low:
                assert flag in ("L", "LL"), tree["code"]["text"]
            else:
                assert flag == "", (record.name, tree["code"]["text"], value)
    assert flagged > 300


def test_filtration_follows_creatinine_age_and_sex(everyone: list[Record]) -> None:
    for record in everyone:
        for tree in record.all("Observation"):
            if code_of(tree["code"]) == "98979-8":
                creatinine = record.same_draw("2160-0", tree)
                assert creatinine
                sex = {"F": "female", "M": "male"}[record.patient["extension"][2]["valueCode"]]
                expected = egfr(creatinine, years(record.born, day(tree["effectiveDateTime"])), sex)
                assert abs(float(tree["valueQuantity"]["value"]) - expected) <= 0.5


def test_the_equation_gives_the_published_values() -> None:
    assert round(egfr(1.0, 50, "male")) == 92
    assert round(egfr(1.0, 50, "female")) == 69
    assert round(egfr(0.6, 30, "female")) == 124
    assert round(egfr(2.5, 70, "male")) == 27


def test_ldl_is_what_friedewald_makes_of_the_other_fats(everyone: list[Record]) -> None:
    for record in everyone:
        for tree in record.all("Observation"):
            if code_of(tree["code"]) == "13457-7":
                total, good, fat = (record.same_draw(code, tree) for code in ("2093-3", "2085-9", "2571-8"))
                assert total
                assert good
                assert fat
                assert abs(float(tree["valueQuantity"]["value"]) - (total - good - fat / 5)) <= 0.6


def test_decimals_keep_their_digits(everyone: list[Record]) -> None:
    for record in everyone:
        for tree in record.all("Observation"):
            value = tree.get("valueQuantity", {}).get("value")
            if code_of(tree["code"]) == "8310-5":
                assert isinstance(value, Decimal)
                assert value.as_tuple().exponent == -1
            if code_of(tree["code"]) == "2160-0":
                assert isinstance(value, Decimal)
                assert value.as_tuple().exponent == -2


def test_vital_signs_are_those_of_living_people(everyone: list[Record]) -> None:
    spans = {"8867-4": (40, 190), "9279-1": (8, 60), "8310-5": (35.5, 40.5), "39156-5": (11, 48)}
    for record in everyone:
        for loinc, (low, high) in spans.items():
            assert all(low <= value <= high for _, value in record.measured(loinc)), (record.name, loinc)
        for tree in record.all("Observation"):
            if code_of(tree["code"]) == "85354-9":
                upper, lower = (part["valueQuantity"]["value"] for part in tree["component"])
                assert 60 <= upper <= 210
                assert 35 <= lower <= upper - 20


def test_children_grow_and_never_shrink(everyone: list[Record], today: date) -> None:
    children = [record for record in everyone if years(record.born, today) < 18]
    assert len(children) > 15
    for record in children:
        heights = [value for _, value in record.measured("8302-2")]
        assert heights == sorted(heights), record.name


def test_a_newborn_loses_a_little_weight_first(cast: dict[str, Record]) -> None:
    record = cast["Kai Ren Clark"]
    weights = [value for _, value in record.measured("29463-7")]
    assert weights[1] < weights[0]
    assert weights[-1] > weights[0] * 1.4


def test_grown_people_keep_their_height(everyone: list[Record], today: date) -> None:
    for record in everyone:
        if years(record.born, today) > 25:
            assert len({value for _, value in record.measured("8302-2")}) <= 1


def test_blood_pressure_falls_after_the_first_drug(cast: dict[str, Record]) -> None:
    record = cast["George Whitcomb"]
    start = day(record.drugs("Lisinopril")[0]["authoredOn"])
    second = day(record.drugs("Hydrochlorothiazide")[0]["authoredOn"])
    upper = [
        (day(tree["effectiveDateTime"]), tree["component"][0]["valueQuantity"]["value"])
        for tree in record.all("Observation")
        if code_of(tree["code"]) == "85354-9"
    ]
    before = [value for when, value in upper if start - timedelta(days=100) < when <= start]
    after = [value for when, value in upper if when > second + timedelta(days=60)]
    assert sum(after) / len(after) < sum(before) / len(before) - 5


def test_a1c_rises_slowly_and_falls_after_the_second_drug(cast: dict[str, Record]) -> None:
    record = cast["Concepción Barrientos"]
    start = day(record.drugs("Semaglutide")[0]["authoredOn"])
    values = record.measured("4548-4")
    before = [value for when, value in values if start - timedelta(days=500) < when.date() <= start]
    after = [value for when, value in values if when.date() > start + timedelta(days=120)]
    assert before[-1] >= 8.0
    assert max(after) < before[-1] - 0.8


def test_filtration_falls_and_metformin_goes_with_it(cast: dict[str, Record], today: date) -> None:
    record = cast["Theodore Papadakis"]
    rates = [value for _, value in record.measured("98979-8")]
    assert rates[0] > 45 > 30 > rates[-1]
    assert not [tree for tree in record.drugs("Metformin") if tree["status"] == "active"]
    pressure, potassium = record.measured("2160-0"), record.measured("2823-3")
    assert pressure[-1][1] > pressure[0][1] * 1.4
    assert potassium[-1][1] > potassium[0][1]


def test_warfarin_doses_answer_the_inr(cast: dict[str, Record]) -> None:
    record = cast["Rosalind May Achterberg"]
    values = [value for _, value in record.measured("6301-6")]
    assert len(values) > 8
    assert min(values) < 2.0
    assert 2.0 <= sorted(values)[len(values) // 2] <= 3.0
    assert len(record.drugs("Warfarin")) >= 2


def test_depression_scores_fall_and_are_the_sum_of_their_answers(cast: dict[str, Record]) -> None:
    record = cast["Priya Raghunathan"]
    scores = [tree for tree in record.all("Observation") if code_of(tree["code"]) == "44261-6"]
    worth = {"LA6568-5": 0, "LA6569-3": 1, "LA6570-1": 2, "LA6571-9": 3}
    for tree in scores:
        answers = [worth[part["valueCodeableConcept"]["coding"][0]["code"]] for part in tree["component"]]
        assert len(answers) == 9
        assert sum(answers) == tree["valueQuantity"]["value"]
    assert scores[0]["valueQuantity"]["value"] >= 15
    assert scores[-1]["valueQuantity"]["value"] < 5
