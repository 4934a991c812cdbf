"""What an evaluation may be told: variables, resources around it, terminology, profiles, units, time."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any

from charthouse.fhir import path
from charthouse.fhir.definitions import load
from charthouse.fhir.path import Env
from tests.unit.fhir.path.ask import PATIENT, refusal, values


def test_variables_are_values_lists_trees_or_typed_pairs() -> None:
    env = Env(
        variables={
            "one": 1,
            "many": ["a", "b"],
            "tree": {"resourceType": "Group", "id": "g"},
            "day": ("2020-01-01", "date"),
            "none": None,
        }
    )
    assert values("%one + 1", env=env) == [2]
    assert values("%many.count()", env=env) == [2]
    assert values("%tree.id", env=env) == ["g"]
    assert values("%day + 1 day", env=env) == ["2020-01-02"]
    assert values("%none", env=env) == []


def test_resource_and_context_are_told_apart() -> None:
    name = path.compile("name[0]", "Patient", load()).items(PATIENT)[0]
    env = Env(resource=PATIENT)
    assert path.compile("%resource.id", "HumanName", load()).values(name, env) == ["p1"]
    assert path.compile("%context.use", "HumanName", load()).values(name, env) == ["official"]
    inner = Env(resource=PATIENT["contained"][0], root=PATIENT)
    assert values("%rootResource.id | %resource.id", env=inner) == ["p1", "o1"]


def test_defined_variables_hold_for_what_follows() -> None:
    assert values("defineVariable('n', name.count()).select(%n + 1)") == [3]
    assert "meaning already" in str(refusal("defineVariable('sct')"))


def test_resolve_asks_the_resolver_and_the_bundle_around() -> None:
    tree = {"resourceType": "Observation", "subject": {"reference": "Patient/p1"}}
    env = Env(resolve=lambda text: PATIENT if text == "Patient/p1" else None)
    assert values("subject.resolve().birthDate", tree, env) == ["1974-12-25"]
    assert values("subject.where(resolve() is Group)", tree, env) == []
    assert values("subject.where(resolve() is Patient)", tree, Env(resolve=lambda text: None)) == []
    assert values("subject.where(resolve() is Patient)", tree) == [tree["subject"]]
    assert values("subject.resolve()", tree) == []
    bundle = {
        "resourceType": "Bundle",
        "entry": [
            {"fullUrl": "urn:uuid:1", "resource": PATIENT},
            {"resource": {**tree, "subject": {"reference": "urn:uuid:1"}}},
        ],
    }
    assert values("entry.resource.ofType(Observation).subject.resolve().id", bundle) == ["p1"]


def test_terminology_and_profiles_are_asked_through_hooks() -> None:
    asked: list[tuple[Any, ...]] = []

    def member_of(value: Any, kind: str, url: str) -> bool | None:
        asked.append((value, kind, url))
        return url == "urn:yes"

    env = Env(
        member_of=member_of,
        conforms_to=lambda value, kind, url: None if url == "urn:open" else url == "urn:yes",
        subsumes=lambda one, other: bool(one["code"] < other["code"]),
        variables={"a": {"code": "a"}, "b": {"code": "b"}},
    )
    assert values("active.memberOf('urn:yes')", env=env) == [True]
    assert asked == [(True, "boolean", "urn:yes")]
    assert values("conformsTo('urn:yes')", env=env) == [True]
    assert values("conformsTo('urn:open')", env=env) == []
    assert values("conformsTo('http://hl7.org/fhir/StructureDefinition/Patient')") == [True]
    assert values("conformsTo('http://hl7.org/fhir/StructureDefinition/Person')") == [False]
    assert values("%a.subsumes(%b)", env=env) == [True]
    assert values("%a.subsumedBy(%b)", env=env) == [False]


def test_trace_shows_and_passes_on() -> None:
    seen: list[tuple[str, list[str], list[Any]]] = []

    def listen(name: str, items: list[path.Item]) -> None:
        seen.append((name, [item.place() for item in items], [item.value for item in items]))

    env = Env(trace=listen)
    assert values("name.trace('names', use).given.count()", env=env) == [4]
    assert seen == [("names", ["Patient.name[0].use", "Patient.name[1].use"], ["official", "usual"])]


def test_now_is_one_moment_and_can_be_given() -> None:
    moment = datetime(2020, 2, 29, 23, 30, 1, 5000, tzinfo=timezone(timedelta(hours=2)))
    env = Env(now=moment)
    assert values("now()", env=env) == ["2020-02-29T23:30:01.005+02:00"]
    assert values("today()", env=env) == ["2020-02-29"]
    assert values("timeOfDay()", env=env) == ["23:30:01.005"]
    assert values("now() = now()") == [True]
    day = values("today()")[0]
    assert abs(datetime.fromisoformat(day).replace(tzinfo=UTC) - datetime.now(UTC)) < timedelta(days=2)


class Metric:
    """Enough of UCUM for these tests."""

    def canonical(self, code: str) -> tuple[Decimal, str] | None:
        """Grams and metres."""
        known = {
            "g": ("1", "g"),
            "mg": ("0.001", "g"),
            "kg": ("1000", "g"),
            "m": ("1", "m"),
            "cm": ("0.01", "m"),
        }
        found = known.get(code)
        return None if found is None else (Decimal(found[0]), found[1])

    def convert(self, value: Decimal, code: str, other: str) -> Decimal | None:
        """Degrees, of one kind only."""
        return value + Decimal("273.15") if (code, other) == ("Cel", "K") else None


def test_units_of_the_caller_make_quantities_comparable() -> None:
    env = Env(units=Metric())
    for text, answer in {
        "4.0000 'g' = 4000.0 'mg'": [True],
        "4 'g' != 4040 'mg'": [True],
        "4 'g' ~ 4040 'mg'": [True],
        "4 'kg' ~ 4040 'g'": [True],
        "4.01 'g' ~ 4040 'mg'": [False],
        "1 'kg' > 999 'g'": [True],
        "1 'kg' = 1 'm'": [False],
        "1 'kg' > 1 'm'": [],
        "1 'kg' = 1 'zz'": [],
        "1 'g'.comparable(1 'kg')": [True],
        "1 'g'.comparable(1 'm')": [False],
        "(1 'kg' + 500 'g') = 1.5 'kg'": [True],
        "500 'mg'.toQuantity('g') = 0.5 'g'": [True],
        "310.15 'K' = 37 'Cel'": [True],
        "300 'K' < 37 'Cel'": [True],
    }.items():
        assert values(text, env=env) == answer, text


OUTER: dict[str, Any] = {
    "resourceType": "Bundle",
    "type": "collection",
    "entry": [
        {"fullUrl": "http://example.org/fhir/Patient/p1", "resource": PATIENT},
        {
            "resource": {
                "resourceType": "Observation",
                "id": "o1",
                "subject": {"reference": "Patient/p1"},
                "performer": [{"reference": "#inner"}],
                "contained": [{"resourceType": "Practitioner", "id": "inner", "name": [{"family": "Osei"}]}],
            }
        },
    ],
}


def test_an_item_knows_the_resource_around_it() -> None:
    """R4 fhirpath.html: %resource is what holds the node of %context; %rootResource what holds that."""
    inner = path.compile("entry.resource.contained.name", "Bundle", load()).items(OUTER)[-1]
    asked = {
        text: path.compile(text, "HumanName", load()).values(inner)
        for text in ("%resource.id", "%rootResource.id", "%context.family", "%resource.type().name")
    }
    assert asked == {
        "%resource.id": ["inner"],
        "%rootResource.id": ["o1"],
        "%context.family": ["Osei"],
        "%resource.type().name": ["Practitioner"],
    }
    name = path.compile("name[1]", "Patient", load()).items(PATIENT)[0]
    assert path.compile("%rootResource.id = %resource.id", "HumanName", load()).values(name) == [True]


def test_references_are_resolved_from_wherever_the_evaluation_starts() -> None:
    entry = path.compile("entry.resource.ofType(Observation)", "Bundle", load()).items(OUTER)[0]
    assert path.compile("subject.resolve().birthDate", "Observation", load()).values(entry) == ["1974-12-25"]
    performer = path.compile("performer", "Observation", load()).items(entry)[0]
    assert path.compile("resolve().name.family", "Reference", load()).values(performer) == ["Osei"]


def test_variables_of_the_standard_are_known_by_name() -> None:
    assert values("%ucum | %sct | %loinc") == [
        "http://unitsofmeasure.org",
        "http://snomed.info/sct",
        "http://loinc.org",
    ]
    for text in ("%vs-administrative-gender", "%`vs-administrative-gender`", "%'vs-administrative-gender'"):
        assert values(text) == ["http://hl7.org/fhir/ValueSet/administrative-gender"], text
    birth = "http://hl7.org/fhir/StructureDefinition/patient-birthTime"
    assert values("%ext-patient-birthTime") == [birth]
    assert values("%ext-patient-birthTime.endsWith('Time')") == [True]
    assert "Nothing is known under %other" in str(refusal("%other"))


def test_types_tell_what_they_derive_from() -> None:
    assert values("type().baseType | name.type().baseType | 1.type().baseType | gender.type().baseType") == [
        "FHIR.DomainResource",
        "FHIR.Element",
        "System.Any",
    ]
    assert values("'x'.type().namespace & '.' & 'x'.type().name") == ["System.String"]


def test_modifier_extensions_must_be_allowed_for() -> None:
    tree = {**PATIENT, "modifierExtension": [{"url": "urn:no", "valueBoolean": True}]}
    assert values("checkModifiers().id") == ["p1"]
    assert values("checkModifiers('urn:no', 'urn:other').id", tree) == ["p1"]
    failure = refusal("checkModifiers('urn:other').id", tree)
    assert "urn:no" in str(failure)
    assert failure.issues[0].place == "Patient.modifierExtension[0]"


def test_what_needs_a_profile_says_so() -> None:
    for text in ("elementDefinition()", "slice('urn:x', 'y')"):
        assert "is not offered" in str(refusal(text))
