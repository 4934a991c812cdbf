"""The compact definitions say what R4 says: checked against the raw files and an independent model of R4."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import fhirpathpy
import pytest

from building import assets, fetch
from charthouse.fhir.definitions import FILE, Definitions, TypeDef, load

ROOT = Path(__file__).parents[3]
RAW = fetch.cache_folder(ROOT / "building" / "npm", assets.NEEDED) / assets.RAW
MODEL = Path(fhirpathpy.__file__).parent / "models" / "r4"

Json = dict[str, Any]


@pytest.fixture(scope="module")
def r4() -> Definitions:
    return load()


@pytest.fixture(scope="module")
def raw() -> dict[str, list[Json]]:
    """The raw files as the build took them, by name."""
    if not RAW.is_dir():
        pytest.skip(f"no raw R4 files at {RAW}: they are kept there by a build (pip install -e .)")
    return {
        path.name: [entry["resource"] for entry in json.loads(path.read_bytes()).get("entry", [])]
        for path in RAW.glob("*.json")
    }


@pytest.fixture(scope="module")
def model() -> dict[str, Any]:
    """R4 as another project drew it from the standard: element path -> type, choice path -> types."""
    return {path.stem: json.loads(path.read_bytes()) for path in MODEL.glob("*.json")}


def every_type(r4: Definitions) -> dict[str, TypeDef]:
    """Each type and backbone element by name."""
    found: dict[str, TypeDef] = {}
    waiting = list(r4.type_names)
    while waiting:
        name = waiting.pop()
        if name not in found:
            found[name] = r4.type(name)
            for element in found[name].elements.values():
                waiting += [code for code in element.types if "." in code]
    return found


def test_the_resource_types_are_those_of_the_standards_own_list(
    r4: Definitions, raw: dict[str, list[Json]]
) -> None:
    systems = [item for item in raw["valuesets.json"] if item["resourceType"] == "CodeSystem"]
    listed = next(item for item in systems if item["url"] == "http://hl7.org/fhir/resource-types")
    codes = {concept["code"] for concept in listed["concept"]}
    assert len(codes) == 148
    assert set(r4.resource_types) == codes - {"Resource", "DomainResource"}
    assert len(r4.resource_types) == 146


def test_every_data_type_of_version_4_0_1_is_there_and_no_profile(
    r4: Definitions, raw: dict[str, list[Json]]
) -> None:
    kinds = Counter(r4.type(name).kind for name in r4.type_names)
    listed = [item for item in raw["profiles-types.json"] if item.get("derivation") != "constraint"]
    assert kinds["primitive-type"] == sum(item["kind"] == "primitive-type" for item in listed) == 20
    assert kinds["complex-type"] == sum(item["kind"] == "complex-type" for item in listed) == 41
    assert kinds["resource"] == 148
    assert {name for name in r4.type_names if r4.type(name).abstract} == {
        "Element",
        "BackboneElement",
        "Resource",
        "DomainResource",
    }


def test_elements_and_their_types_agree_with_an_independent_model_of_r4(
    r4: Definitions, model: dict[str, Any]
) -> None:
    mine: dict[str, str] = {}
    for path, made in every_type(r4).items():
        for element in made.elements.values():
            if not element.is_choice and "." not in element.types[0]:
                mine[f"{path}.{element.name}"] = element.types[0]
        for name, (_stem, code) in made.choice.items():
            mine[f"{path}.{name}"] = code
    theirs = {
        path: code
        for path, code in model["path2Type"].items()
        # an abstract type that R4 names nowhere, and constraints that a snapshot carried along
        if not path.startswith(("MetadataResource.", "ElementDefinition.extension."))
        and path.rpartition(".")[2] != "id"
        and path != "Extension.url"
    }
    stems = set(model["choiceTypePaths"])
    primitives = {
        f"{name}.{child}" for name in r4.type_names if name[0].islower() for child in ("value", "extension")
    }
    mine = {path: code for path, code in mine.items() if not path.endswith(".id") and path not in primitives}
    mine.pop("Extension.url")
    assert {path: code for path, code in theirs.items() if path not in stems} == mine


def test_choices_agree_with_an_independent_model_of_r4(r4: Definitions, model: dict[str, Any]) -> None:
    mine = {
        f"{path}.{element.name}": {code[0].upper() + code[1:] for code in element.types}
        for path, made in every_type(r4).items()
        for element in made.elements.values()
        if element.is_choice
    }
    theirs = {
        path: {code[0].upper() + code[1:] for code in codes}
        for path, codes in model["choiceTypePaths"].items()
        if not path.startswith("ElementDefinition.extension.")
    }
    assert mine == theirs


def test_content_references_agree_with_an_independent_model_of_r4(
    r4: Definitions, model: dict[str, Any]
) -> None:
    mine = {
        f"{path}.{element.name}": element.types[0]
        for path, made in every_type(r4).items()
        for element in made.elements.values()
        if "." in element.types[0] and element.types[0] != f"{path}.{element.name}"
    }
    assert mine == model["pathsDefinedElsewhere"]


def test_ancestry_agrees_with_an_independent_model_of_r4(r4: Definitions, model: dict[str, Any]) -> None:
    parents = model["type2Parent"]
    for name in r4.type_names:
        assert r4.type(name).base == parents.get(name), name


@pytest.mark.parametrize(
    ("type_name", "element"),
    [
        ("Meta", "project"),
        ("Meta", "compartment"),
        ("Binary", "url"),
        ("ResearchStudy", "studyDesign"),
        ("ResearchStudy", "recruitment"),
        ("DeviceDefinition", "classification"),
    ],
)
def test_what_the_publisher_added_to_r4_is_left_out(r4: Definitions, type_name: str, element: str) -> None:
    assert element not in r4.type(type_name).elements


def test_what_the_publisher_replaced_in_r4_is_as_the_standard_has_it(r4: Definitions) -> None:
    characteristic = r4.type("EvidenceVariable.characteristic")
    assert list(characteristic.elements) == [
        "id",
        "extension",
        "modifierExtension",
        "description",
        "definition",
        "usageContext",
        "exclude",
        "participantEffective",
        "timeFromStart",
        "groupMeasure",
    ]
    assert r4.type("EvidenceVariable").elements["characteristic"].min == 1
    assert r4.type("Bundle.entry.response").elements["outcome"].types == ("Resource",)
    assert (
        r4.type("DetectedIssue").elements["status"].binding
        == "http://hl7.org/fhir/ValueSet/observation-status"
    )
    assert (
        r4.type("ResearchStudy").elements["status"].binding
        == "http://hl7.org/fhir/ValueSet/research-study-status"
    )
    assert r4.type("ResearchStudy").elements["site"].targets == ("Location",)
    assert "Subscription" not in r4.type("AuditEvent.source").elements["observer"].targets


def test_an_element_carries_what_its_definition_says(r4: Definitions) -> None:
    patient = r4.type("Patient")
    gender = patient.elements["gender"]
    assert (gender.types, gender.min, gender.max, gender.strength) == (("code",), 0, 1, "required")
    assert gender.is_summary
    assert not gender.is_modifier
    assert patient.elements["active"].is_modifier
    assert patient.elements["name"].max is None
    assert patient.elements["generalPractitioner"].targets == (
        "Organization",
        "Practitioner",
        "PractitionerRole",
    )
    assert patient.elements["contact"].types == ("Patient.contact",)
    assert patient.elements["id"].types == ("id",)
    assert patient.choice["deceasedDateTime"] == ("deceased", "dateTime")
    assert r4.type("Patient.contact").base == "BackboneElement"
    assert r4.type("Timing.repeat").base == "Element"
    assert r4.type("Extension").elements["url"].is_attribute
    assert len(r4.type("Extension").elements["value"].types) == 50
    assert r4.type("Observation.component").elements["referenceRange"].types == (
        "Observation.referenceRange",
    )


def test_elements_keep_the_order_of_the_standard(r4: Definitions) -> None:
    names = list(r4.type("Patient").elements)
    assert names[:9] == [
        "id",
        "meta",
        "implicitRules",
        "language",
        "text",
        "contained",
        "extension",
        "modifierExtension",
        "identifier",
    ]
    assert names.index("gender") < names.index("birthDate") < names.index("deceased")


def test_primitives_have_a_format_that_compiles_and_judges(r4: Definitions) -> None:
    primitives = [r4.type(name) for name in r4.type_names if r4.type(name).kind == "primitive-type"]
    formats = {made.name: re.compile(made.regex) for made in primitives if made.regex}
    assert set(formats) == {made.name for made in primitives} - {"xhtml"}
    assert formats["date"].fullmatch("2020-02")
    assert not formats["date"].fullmatch("2020-2")
    assert not formats["id"].fullmatch("a b")
    assert formats["instant"].fullmatch("2020-01-01T00:00:00Z")


def test_the_search_parameters_are_all_those_of_version_4_0_1(
    r4: Definitions, raw: dict[str, list[Json]]
) -> None:
    listed = [item for item in raw["search-parameters.json"] if item["version"] == "4.0.1"]
    pairs = {(base, item["code"]) for item in listed for base in item["base"]}
    bases = {"Resource", "DomainResource"}
    shared = {base: {code for name, code in pairs if name == base} for base in bases}
    for name in r4.resource_types:
        codes = {code for base, code in pairs if base == name} | shared["Resource"]
        if r4.type(name).base == "DomainResource":
            codes |= shared["DomainResource"]
        assert set(r4.search_params(name)) == codes, name
    made = {
        parameter.url
        for name in (*r4.resource_types, *bases)
        for parameter in r4.search_params(name).values()
    }
    assert made == {item["url"] for item in listed}
    assert len(made) == 1377


def test_each_expression_speaks_of_its_own_type_only(r4: Definitions) -> None:
    allowed = {"Resource", "DomainResource"}
    for name in r4.resource_types:
        for parameter in r4.search_params(name).values():
            if parameter.expression is None:
                assert parameter.code in {"_text", "_content", "_query"}
                continue
            capitals = re.findall(r"(?<![\w.])([A-Z]\w+)(?=[.)\s]|$)", parameter.expression)
            roots = {word for word in capitals if r4.is_resource(word)} - {name} - allowed
            tested = set(re.findall(r" is ([A-Z]\w+)", parameter.expression))
            assert roots <= tested, (name, parameter.code, parameter.expression)


def test_a_shared_parameter_is_narrowed_with_its_description(r4: Definitions) -> None:
    patient = r4.search_params("Observation")["patient"]
    assert patient.expression == "Observation.subject.where(resolve() is Patient)"
    assert patient.description == "The subject that the observation is about (if patient)"
    assert patient.url == "http://hl7.org/fhir/SearchParameter/clinical-patient"
    assert r4.search_params("InsurancePlan")["name"].expression == "InsurancePlan.name | InsurancePlan.alias"
    composite = r4.search_params("Observation")["code-value-quantity"]
    assert composite.components == (
        ("http://hl7.org/fhir/SearchParameter/clinical-code", "code"),
        ("http://hl7.org/fhir/SearchParameter/Observation-value-quantity", "value.as(Quantity)"),
    )


def test_the_patient_compartment_names_only_parameters_that_exist(
    r4: Definitions, raw: dict[str, list[Json]]
) -> None:
    listed = json.loads((RAW / "compartmentdefinition-patient.json").read_bytes())
    expected = {row["code"]: tuple(row["param"]) for row in listed["resource"] if row.get("param")}
    assert raw
    assert r4.compartment("Patient") == expected
    assert len(expected) > 60
    for name, codes in r4.compartment().items():
        for code in codes:
            assert code in r4.search_params(name), (name, code)


@pytest.mark.parametrize("kind", ["Encounter", "RelatedPerson", "Practitioner", "Device"])
def test_the_other_compartments_are_those_of_the_standard(
    r4: Definitions, raw: dict[str, list[Json]], kind: str
) -> None:
    (listed,) = [
        one for one in raw["profiles-resources.json"]
        if one["resourceType"] == "CompartmentDefinition" and one["code"] == kind
    ]  # fmt: skip
    expected = {row["code"]: tuple(row["param"]) for row in listed["resource"] if row.get("param")}
    assert r4.compartment(kind) == expected
    assert len(expected) > 20
    for name, codes in expected.items():
        for code in codes:
            assert code == "{def}" or kind in (targets := r4.search_params(name)[code].targets) or not targets


def test_codes_of_required_bindings_are_listed_or_known_to_be_open(r4: Definitions) -> None:
    required = {
        element.binding
        for made in every_type(r4).values()
        for element in made.elements.values()
        if element.strength == "required" and element.binding
    }
    assert {url for url in required if r4.codes(url) is None} == {
        "http://hl7.org/fhir/ValueSet/currencies",
        "http://hl7.org/fhir/ValueSet/mimetypes",
        "http://hl7.org/fhir/ValueSet/ucum-units",
        "http://loinc.org/vs/LL379-9",
    }
    assert r4.codes("http://hl7.org/fhir/ValueSet/administrative-gender|4.0.1") == {
        "male",
        "female",
        "other",
        "unknown",
    }
    assert r4.codes("http://hl7.org/fhir/ValueSet/care-plan-intent") == {
        "proposal",
        "plan",
        "order",
        "option",
    }
    assert r4.codes("http://example.org/nowhere") is None
    shown = r4.concepts("http://hl7.org/fhir/ValueSet/observation-status")
    assert shown is not None
    assert {concept.display for concept in shown} >= {"Final", "Preliminary"}


def test_notes_hold_each_types_own_invariants(r4: Definitions) -> None:
    patient = r4.notes("Patient")
    assert [invariant.key for invariant in patient["Patient.contact"].invariants] == ["pat-1"]
    assert patient["Patient.contact"].short.startswith("A contact party")
    assert patient["Patient"].invariants == ()
    resource = {invariant.key for invariant in r4.notes("DomainResource")["DomainResource"].invariants}
    assert resource == {"dom-2", "dom-3", "dom-4", "dom-5", "dom-6"}
    assert [invariant.key for invariant in r4.notes("Element")["Element"].invariants] == ["ele-1"]


def test_an_unknown_type_is_a_key_error(r4: Definitions) -> None:
    for ask in (r4.type, r4.search_params, r4.notes, r4.compartment):
        with pytest.raises(KeyError):
            ask("Nothing")
    with pytest.raises(KeyError):
        r4.type("Patient.nothing")
    assert not r4.is_resource("DomainResource")


def test_a_file_of_another_format_is_refused() -> None:
    with pytest.raises(ValueError, match="build the project again"):
        Definitions(b"something else entirely")


def test_the_file_is_small_and_quick_to_open() -> None:
    assert FILE.stat().st_size < 1_500_000
    code = (
        "import time, resource; from charthouse.fhir import definitions\n"
        "before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss; start = time.perf_counter()\n"
        "made = definitions.load(); made.type('Patient'); made.search_params('Patient')\n"
        "spent = time.perf_counter() - start\n"
        "print(spent, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT / "src"
    )
    seconds, kibibytes = map(float, done.stdout.split())
    assert seconds < 0.1
    assert kibibytes < 10_000


def test_threads_may_read_at_once() -> None:
    made = Definitions(FILE.read_bytes())
    names = [name for name in made.type_names for _ in range(2)]
    with ThreadPoolExecutor(8) as pool:
        types = list(pool.map(made.type, names))
        parameters = list(pool.map(made.search_params, [*made.resource_types, *made.resource_types]))
    assert [item.name for item in types] == names
    assert len(parameters) == 2 * len(made.resource_types)
