"""Care as it is given: vaccines by age, one problem once, people who exist, orders that lead somewhere."""

from __future__ import annotations

from collections import Counter
from datetime import date

from charthouse.ops.demo.tables import vaccines
from tests.unit.ops.demo.charts import Record, Tree, age_in_months, code_of, day, moment, years

NO_LIVE_VACCINE = {"03", "21"}  # in pregnancy: measles-mumps-rubella, varicella


def test_no_vaccine_is_given_before_its_lowest_age(everyone: list[Record]) -> None:
    youngest = {row.code: row.youngest for row in vaccines().values()}
    for record in everyone:
        for tree in record.all("Immunization"):
            age = age_in_months(record.born, day(tree["occurrenceDateTime"]))
            assert age >= youngest[code_of(tree["vaccineCode"]) or ""], (
                record.name,
                tree["vaccineCode"]["text"],
            )


def test_doses_of_a_vaccine_are_counted_up_and_spaced(everyone: list[Record]) -> None:
    for record in everyone:
        last: dict[str, tuple[int, date]] = {}
        for tree in sorted(record.all("Immunization"), key=lambda tree: day(tree["occurrenceDateTime"])):
            if tree["status"] == "not-done":
                continue
            name, when = tree["vaccineCode"]["text"], day(tree["occurrenceDateTime"])
            dose = tree["protocolApplied"][0]["doseNumberPositiveInt"]
            if name in last and not name.startswith(("Influenza", "Tdap")):
                before, earlier = last[name]
                assert dose == before + 1, (record.name, name)
                assert (when - earlier).days >= 26, (record.name, name)
            last[name] = (dose, when)


def test_vaccines_given_here_carry_lot_maker_and_expiry(everyone: list[Record]) -> None:
    for record in everyone:
        for tree in record.all("Immunization"):
            if tree["status"] == "completed" and tree["primarySource"]:
                assert tree["lotNumber"]
                assert tree["manufacturer"]["display"]
                assert tree["expirationDate"] > tree["occurrenceDateTime"][:10]
            if tree["status"] == "not-done":
                assert tree["statusReason"]["text"]


def test_a_child_followed_from_birth_is_fully_vaccinated_at_two(cast: dict[str, Record]) -> None:
    record = cast["Noah James Whitfield"]
    counts = Counter(
        tree["vaccineCode"]["text"]
        for tree in record.all("Immunization")
        if age_in_months(record.born, day(tree["occurrenceDateTime"])) < 24.5
    )
    wanted = {"Hepatitis B": 3, "DTaP": 4, "Polio": 3, "Hib": 3, "MMR": 1, "Varicella": 1, "Rotavirus": 3}
    assert {name: counts[name] for name in wanted} == wanted
    assert counts["Pneumococcal (PCV13)"] + counts["Pneumococcal (PCV20)"] == 4


def test_only_women_who_can_be_are_pregnant(everyone: list[Record]) -> None:
    found = 0
    for record in everyone:
        for tree in record.all("Condition"):
            if (code_of(tree["code"]) or "").startswith(("Z34", "O80", "O24")):
                found += 1
                assert record.patient["gender"] == "female"
                assert 16 <= years(record.born, day(tree["onsetDateTime"])) <= 48
    assert found > 5


def test_no_live_vaccine_is_given_in_pregnancy(everyone: list[Record]) -> None:
    for record in everyone:
        for problem in record.all("Condition"):
            if not (code_of(problem["code"]) or "").startswith("Z34"):
                continue
            end = problem.get("abatementDateTime", "9999-01-01")
            for tree in record.all("Immunization"):
                inside = problem["onsetDateTime"] <= tree["occurrenceDateTime"][:10] <= end
                assert not (inside and code_of(tree["vaccineCode"]) in NO_LIVE_VACCINE)


def test_no_problem_is_on_the_list_twice(everyone: list[Record]) -> None:
    for record in everyone:
        active = [
            code_of(tree["code"])
            for tree in record.all("Condition")
            if tree["category"][0]["coding"][0]["code"] == "problem-list-item"
            and tree["clinicalStatus"]["coding"][0]["code"] == "active"
        ]
        assert len(active) == len(set(active)), (record.name, active)


def test_no_drug_is_active_twice_and_no_class_is_doubled(everyone: list[Record]) -> None:
    for record in everyone:
        active = [tree for tree in record.all("MedicationRequest") if tree["status"] == "active"]
        stems = [tree["medicationCodeableConcept"]["text"].split()[0] for tree in active]
        assert len(stems) == len(set(stems)), (record.name, stems)
        assert not {"Lisinopril", "Losartan"} <= set(stems), record.name
        assert not {"Lisinopril", "Sacubitril-valsartan"} <= set(stems), record.name
        assert not {"Sertraline", "Escitalopram"} <= set(stems), record.name


def test_nobody_gets_a_drug_they_are_allergic_to(everyone: list[Record]) -> None:
    kin = {
        "Penicillin": ("amoxicillin",),
        "Amoxicillin": ("amoxicillin",),
        "Lisinopril": ("lisinopril",),
        "Sulfonamide antibiotics": ("sulfamethoxazole",),
        "Aspirin": ("aspirin",),
    }
    for record in everyone:
        for allergy in record.all("AllergyIntolerance"):
            for word in kin.get(allergy["code"]["text"], ()):
                since = allergy.get("onsetDateTime", "0000")
                late = [tree for tree in record.drugs(word) if tree["authoredOn"][:10] > since]
                assert not late, (record.name, word)


def test_every_prescription_has_a_reason_or_an_allergy_behind_it(everyone: list[Record]) -> None:
    for record in everyone:
        for tree in record.all("MedicationRequest"):
            if "reasonReference" in tree:
                reason = record.find(tree["reasonReference"][0]["reference"])
                start = tree["dosageInstruction"][0]["timing"]["repeat"]["boundsPeriod"]["start"]
                assert reason["onsetDateTime"] <= start
            else:
                assert "Epinephrine" in tree["medicationCodeableConcept"]["text"]


def test_people_at_visits_exist_and_are_not_the_wrong_kind(
    everyone: list[Record], stream: list[Tree]
) -> None:
    staff = {entry["request"]["url"] for entry in stream[0]["entry"]}
    for record in everyone:
        for tree in record.all("Encounter"):
            assert {part["individual"]["reference"] for part in tree["participant"]} <= staff
            assert tree["location"][0]["location"]["reference"] in staff


def test_grown_people_do_not_see_the_pediatrician(everyone: list[Record]) -> None:
    for record in everyone:
        for tree in record.all("Encounter"):
            if "Goldberg" in tree["participant"][0]["individual"]["display"]:
                assert years(record.born, day(tree["period"]["start"])) < 19


def test_every_finished_visit_has_a_note_and_every_arrival_waits_for_one(everyone: list[Record]) -> None:
    for record in everyone:
        noted = {
            found["reference"]
            for tree in record.all("DocumentReference")
            for found in tree.get("context", {}).get("encounter", ())
        }
        for tree in record.all("Encounter"):
            assert (f"Encounter/{tree['id']}" in noted) == (tree["status"] != "arrived")


def test_a_report_holds_the_results_of_one_draw(everyone: list[Record]) -> None:
    for record in everyone:
        for tree in record.all("DiagnosticReport"):
            for found in tree.get("result", ()):
                assert record.find(found["reference"])["effectiveDateTime"] == tree["effectiveDateTime"]


def test_an_answered_referral_is_closed_and_an_open_one_is_watched(everyone: list[Record]) -> None:
    open_ones = 0
    for record in everyone:
        for tree in record.all("ServiceRequest"):
            if tree["category"][0]["text"] != "Referral":
                continue
            task = next(
                task
                for task in record.all("Task")
                if task.get("focus", {}).get("reference", "") == f"ServiceRequest/{tree['id']}"
            )
            closed = tree["status"] == "completed"
            open_ones += not closed
            assert task["status"] == ("completed" if closed else "in-progress")
            assert len(tree["supportingInfo"]) == (2 if closed else 1)
    assert open_ones


def test_claims_add_up_and_payers_pay_no_more_than_was_asked(everyone: list[Record]) -> None:
    answered = 0
    for record in everyone:
        for tree in record.all("Claim"):
            assert tree["total"]["value"] == sum(item["net"]["value"] for item in tree["item"])
        for tree in record.all("ExplanationOfBenefit"):
            answered += 1
            claim = record.find(tree["claim"]["reference"])
            assert tree["payment"]["amount"]["value"] <= claim["total"]["value"]
            assert moment(tree["created"]) > moment(claim["created"])
    assert answered > 200


def test_who_has_no_insurance_has_no_claims(cast: dict[str, Record]) -> None:
    record = cast["Beatriz Carvalho"]
    assert not record.all("Coverage")
    assert not record.all("Claim")
