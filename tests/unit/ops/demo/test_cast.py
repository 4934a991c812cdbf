"""The people of the demo whom lessons and screens count on."""

from __future__ import annotations

from datetime import date

from tests.unit.ops.demo.charts import Record, Tree, code_of, day


def codes(record: Record) -> set[str | None]:
    return {code_of(tree["code"]) for tree in record.all("Condition")}


def test_amara_okafor_is_as_her_chart_is_drawn(cast: dict[str, Record], today: date) -> None:
    record = cast["Amara Okafor"]
    assert record.patient["name"][1] == {"use": "usual", "text": "Mara", "given": ["Mara"]}
    assert record.born.strftime("%m-%d") == "03-14"
    assert {"E11.40", "I10", "E78.2", "E66.9", "F10.21"} <= codes(record)
    potassium = record.measured("2823-3")[-1]
    assert potassium[1] == 6.2
    assert 1 <= (today - potassium[0].date()).days <= 3
    flags = [
        tree["interpretation"][0]["coding"][0]["code"]
        for tree in record.all("Observation")
        if code_of(tree["code"]) == "2823-3" and "interpretation" in tree
    ]
    assert flags == ["HH"]
    draft = [text for tree, text in record.notes() if tree["docStatus"] == "preliminary"]
    assert len(draft) == 1
    assert "***" in draft[0]
    assert any(
        tree["status"] == "active"
        for tree in record.all("ServiceRequest")
        if tree["category"][0]["text"] == "Referral"
    )


def test_penicillin_anaphylaxis_no_known_allergies_and_nothing_recorded_are_three_things(
    cast: dict[str, Record],
) -> None:
    penicillin = cast["Amara Okafor"].all("AllergyIntolerance")[0]
    assert penicillin["criticality"] == "high"
    assert penicillin["reaction"][0]["manifestation"][0]["text"] == "Anaphylaxis"
    assert code_of(cast["Per Olof Lindqvist"].all("AllergyIntolerance")[0]["code"]) == "no-known-allergies"
    assert cast["Marcus Antoine Delgado"].all("AllergyIntolerance") == []


def test_a_mother_and_her_child_live_together_and_are_linked_later(
    cast: dict[str, Record], later: list[Tree]
) -> None:
    mother, child = cast["Hana Yoshida-Clark"], cast["Kai Ren Clark"]
    assert mother.patient["address"] == child.patient["address"]
    birth = next(tree for tree in mother.all("Condition") if code_of(tree["code"]) == "O80")
    assert day(birth["onsetDateTime"]) == child.born
    relative = child.all("RelatedPerson")[0]
    assert relative["name"][0]["text"] == "Hana Yoshida-Clark"
    linked = later[-1]["entry"][0]["resource"]
    assert linked["id"] == mother.patient["id"]
    assert linked["link"][0]["other"]["reference"] == f"RelatedPerson/{relative['id']}"


def test_two_registrations_of_one_woman_wait_for_the_identity_desk(cast: dict[str, Record]) -> None:
    first, second = cast["Katherine Anne Mulcahy"].patient, cast["Kathryn Mulcahey"].patient
    assert first["telecom"][0]["value"] == second["telecom"][0]["value"]
    assert sorted(first["birthDate"]) == sorted(second["birthDate"])
    assert first["birthDate"] != second["birthDate"]
    assert first["identifier"][0]["value"] != second["identifier"][0]["value"]


def test_the_dead_are_dead_everywhere(cast: dict[str, Record]) -> None:
    record = cast["Ingrid Sofie Halvorsen"]
    assert record.died
    assert record.patient["active"] is False
    assert not [tree for tree in record.all("MedicationRequest") if tree["status"] == "active"]
    assert any(tree["description"] == "Note of death" for tree in record.all("DocumentReference"))


def test_a_newborn_is_days_old_and_gets_his_name_later(
    cast: dict[str, Record], later: list[Tree], today: date
) -> None:
    record = cast["Baby Boy Nguyễn"]
    assert (today - record.born).days == 9
    names = [
        entry["resource"]["name"][0]["text"]
        for bundle in later
        for entry in bundle["entry"]
        if entry["resource"]["id"] == record.patient["id"]
    ]
    assert names == ["Minh Nguyễn"]


def test_pronouns_interpreters_and_languages_are_recorded(cast: dict[str, Record]) -> None:
    alex = cast["Alexandra Castellanos"].patient
    urls = {extension["url"].rsplit("/", 1)[1] for extension in alex["extension"]}
    assert "individual-pronouns" in urls
    assert alex["name"][1]["text"] == "Alex"
    lihua = cast["Mei-Ling Zhao"]
    assert any(extension.get("valueBoolean") for extension in lihua.patient["extension"])
    assert lihua.patient["communication"][0]["language"]["coding"][0]["code"] == "zh"
    assert any("Mandarin interpreter" in text for _, text in lihua.notes())


def test_there_is_an_amended_note_a_draft_and_a_slip(cast: dict[str, Record]) -> None:
    denise = cast["Denise Marie Baptiste"]
    amended = next(tree for tree in denise.all("DocumentReference") if tree["docStatus"] == "amended")
    assert denise.find(amended["relatesTo"][0]["target"]["reference"])["status"] == "superseded"
    harold = cast["Harold George Winthrop"]
    assert [tree["docStatus"] for tree in harold.all("DocumentReference")].count("preliminary") == 1
    slips = [tree for tree in cast["Tyler Brandt"].all("Observation") if tree["status"] == "entered-in-error"]
    assert len(slips) == 1


def test_a_hospital_stay_has_days_results_and_a_discharge_summary(cast: dict[str, Record]) -> None:
    record = cast["Per Olof Lindqvist"]
    stay = next(tree for tree in record.all("Encounter") if tree["class"]["code"] == "IMP")
    inside = [
        tree
        for tree in record.all("Observation")
        if tree.get("encounter", {}).get("reference") == f"Encounter/{stay['id']}"
    ]
    assert len({tree["effectiveDateTime"][:10] for tree in inside}) >= 4
    summary = next(text for tree, text in record.notes() if tree["type"]["text"] == "Discharge summary")
    assert "sacubitril-valsartan 24-26 mg twice a day (new)" in summary
    after = [
        tree for tree in record.all("Encounter") if tree["reasonCode"][0]["text"].startswith("After hospital")
    ]
    assert 0 < (day(after[0]["period"]["start"]) - day(stay["period"]["end"])).days < 12


def test_a_missed_screening_is_ordered_and_still_open(cast: dict[str, Record]) -> None:
    record = cast["Samuel Kwabena Osei"]
    orders = [tree for tree in record.all("ServiceRequest") if "Colonoscopy" in tree["code"]["text"]]
    assert [tree["status"] for tree in orders] == ["active"]
    assert not [tree for tree in record.all("Procedure") if "olonoscopy" in tree["code"]["text"]]


def test_a_corrected_result_is_first_wrong_and_then_right(cast: dict[str, Record], later: list[Tree]) -> None:
    corrected = [
        entry["resource"]
        for bundle in later
        for entry in bundle["entry"]
        if entry["resource"].get("status") == "corrected"
    ]
    assert {tree["resourceType"] for tree in corrected} == {"Observation", "DiagnosticReport"}
    result = next(tree for tree in corrected if tree["resourceType"] == "Observation")
    before = cast["Denise Marie Baptiste"].find(f"Observation/{result['id']}")
    assert float(before["valueQuantity"]["value"]) == 5.6
    assert "interpretation" in before
    assert float(result["valueQuantity"]["value"]) == 4.4
    assert "interpretation" not in result
