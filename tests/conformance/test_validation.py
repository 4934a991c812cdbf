"""Real resources against the standard and against US Core: no error without a reason in either."""

from __future__ import annotations

import contextlib
import copy
import functools
import warnings
from collections import Counter
from typing import Any

import pytest

from charthouse.base.errors import Issue
from charthouse.fhir.definitions import load
from charthouse.fhir.resource import parse
from charthouse.validation.validator import Level, Validator
from tests.conformance import material, uscore
from tests.conformance.minimal import Maker, host
from tests.conformance.seeding import Defect, Seeder
from tests.conformance.test_fhirpath import parse_floats

US_CORE = "http://hl7.org/fhir/us/core/StructureDefinition/us-core-"
# What Synthea's resources of a type would be in US Core, which they do not claim to be.
OF_TYPE = {
    "AllergyIntolerance": "allergyintolerance", "CarePlan": "careplan", "Encounter": "encounter", "Goal": "goal",
    "Condition": "condition-problems-health-concerns", "DiagnosticReport": "diagnosticreport-lab",
    "Immunization": "immunization", "MedicationRequest": "medicationrequest", "Organization": "organization",
    "Patient": "patient", "Practitioner": "practitioner", "Procedure": "procedure",
}  # fmt: skip
# (place without indexes, code) -> why Synthea's data of 2019 does not keep US Core 6.1.0. All are true.
MISSED = {
    ("CarePlan.category", "required"): "has no category of assess-plan",
    ("Condition.category", "required"): "has no category",
    ("Practitioner.identifier", "invariant"): "its NPI is a short number (us-core-16: ten digits)",
}
# Examples of US Core that do not keep their own profile, each with the reason: none.
EXPLAINED: dict[str, str] = {}


def errors(issues: list[Issue]) -> list[Issue]:
    return [issue for issue in issues if issue.severity == "error"]


def plain(place: str | None) -> str:
    """A place without indexes."""
    return "".join(
        part.partition("]")[2] or ("" if "]" in part else part) for part in (place or "").split("[")
    )


# --- real resources -------------------------------------------------------------------------------------


def test_no_synthea_resource_breaks_the_standard() -> None:
    """Structure, constraints, required bindings and targets of 31,000 resources."""
    validator = Validator(load())
    count = 0
    for name, bundle in material.synthea():
        assert validator.check(bundle) == [], name
        count += len(bundle["entry"])
    assert count > 31_000


def test_synthea_misses_of_us_core_only_what_it_never_had() -> None:
    validator = uscore.validator()
    found: Counter[tuple[str, str]] = Counter()
    asked = 0
    for _, bundle in material.synthea(bundles_per_archive=4):
        for entry in bundle["entry"]:
            profile = OF_TYPE.get(entry["resource"]["resourceType"])
            if profile is not None:
                asked += 1
                issues = validator.check(
                    entry["resource"], level=Level.FULL, profiles=[US_CORE + profile], limit=200
                )
                found.update((plain(issue.place), issue.code) for issue in errors(issues))
    assert asked > 1_000
    assert set(found) == set(MISSED)


def test_every_us_core_example_keeps_its_profile() -> None:
    validator = uscore.validator()
    wrong: dict[str, list[Issue]] = {}
    claimed: set[str] = set()
    count = 0
    for name, body in material.us_core():
        tree = parse(body)
        before = copy.deepcopy(tree)
        issues = validator.check(tree, level=Level.FULL, limit=500)
        assert tree == before
        claimed.update(url for url in tree.get("meta", {}).get("profile", ()))
        if errors(issues):
            wrong[name] = errors(issues)
        count += 1
    assert count == 183
    assert len(claimed & uscore.validator_urls()) >= 46
    assert {name: found for name, found in wrong.items() if name not in EXPLAINED} == {}
    assert set(wrong) == set(EXPLAINED), "an example explained as wrong is right now: take it off the list"


# --- seeded defects --------------------------------------------------------------------------------------

LEAST = 3


@functools.cache
def instances(url: str) -> list[tuple[dict[str, Any], str | None]]:
    """(resource, where in it the instance stands) that keep a profile: made from it, and an example if there is one."""
    structure = uscore.structures().by_url[url]
    made = Maker(uscore.structures(), uscore.books())

    def count(tree: dict[str, Any]) -> int:
        issues = found(tree if "resourceType" in tree else host(tree), structure)
        return 1000 if any(issue.code == "structure" for issue in issues) else len(issues)

    trees = [made.sound(structure, count, is_full=is_full) for is_full in (False, True)]
    if structure["kind"] != "resource":
        return [(host(tree), "Basic.extension[0]") for tree in trees]
    return [(tree, None) for tree in (*trees, *uscore.examples(url)[:1])]


def found(tree: dict[str, Any], structure: dict[str, Any]) -> list[Issue]:
    profiles = [structure["url"]] if structure["kind"] == "resource" else []
    return errors(uscore.validator().check(tree, level=Level.FULL, profiles=profiles, limit=500))


def defects(structure: dict[str, Any]) -> list[Defect]:
    seeder = Seeder(structure, uscore.structures(), uscore.books())
    return [defect for tree, start in instances(structure["url"]) for defect in seeder.defects(tree, start)]


def profiles() -> list[str]:
    """The names of the profiles; one placeholder where the package is not at hand."""
    try:
        return sorted(url.rpartition("/")[2] for url in uscore.structures().by_url)
    except pytest.skip.Exception:
        return ["us-core-patient"]


@pytest.mark.parametrize("name", profiles())
def test_each_defect_seeded_in_an_instance_of_a_profile_is_found_at_its_place(name: str) -> None:
    structure = uscore.structures().by_url[uscore.PROFILE + name]
    for tree, _ in instances(structure["url"]):
        assert found(tree, structure) == [], "the instance keeps the profile before it is broken"
    seeded = defects(structure)
    kinds = Counter(defect.kind for defect in seeded)
    assert len(seeded) >= LEAST, kinds
    assert len(kinds) >= 2, kinds
    for defect in seeded:
        places = [issue.place for issue in found(defect.tree, structure)]
        assert defect.place in places, (defect.kind, defect.id, defect.place, places)


def test_each_rule_that_another_engine_finds_broken_is_found_broken_where_it_stands() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        fhirpathpy = pytest.importorskip("fhirpathpy")
        models = pytest.importorskip("fhirpathpy.models").models

    def is_false(expression: str, node: Any, kind: str) -> bool:
        question = {"base": kind, "expression": expression}
        with contextlib.suppress(
            Exception
        ):  # it takes no single object for a true condition, as pd-1 wants it
            return bool(fhirpathpy.evaluate(parse_floats(node), question, {}, models["r4"]) == [False])
        return False

    broken: Counter[str] = Counter()
    for structure in uscore.structures().by_url.values():
        seeder = Seeder(structure, uscore.structures(), uscore.books())
        for tree, start in instances(structure["url"]):
            for defect in seeder.broken(tree, is_false) if start is None else ():
                key = defect.id.partition(" ")[2]
                issues = found(defect.tree, structure)
                assert any(
                    issue.place == defect.place and f"rule {key} of" in issue.message for issue in issues
                ), defect
                broken[key] += 1
    print(f"US Core: {broken.total()} broken rules: {dict(broken)}")
    assert len(broken) >= 10


def test_there_are_defects_of_every_kind() -> None:
    kinds: Counter[str] = Counter()
    for structure in uscore.structures().by_url.values():
        kinds.update(defect.kind for defect in defects(structure))
    print(f"US Core: {kinds.total()} seeded defects: {dict(kinds)}")
    assert kinds.total() > 800
    assert set(kinds) == {
        "dropped", "doubled", "miscoded", "misvalued", "mistyped", "astray", "unsliced", "extended", "crowded",
    }  # fmt: skip
