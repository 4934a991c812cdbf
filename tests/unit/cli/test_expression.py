"""`charthouse fhirpath`: results with place and type, one a line; faults with a mark under them."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.unit.cli.terminal import PROGRAM, charthouse, environment

PATIENT = {
    "resourceType": "Patient",
    "id": "p1",
    "name": [{"family": "Okafor", "given": ["Ada", "Ngozi"]}],
    "birthDate": "1980-02-29",
    "_birthDate": {"extension": [{"url": "urn:time", "valueTime": "10:30:00"}]},
    "contact": [{"gender": "female"}],
}
TEMPERATURE = {
    "resourceType": "Observation",
    "id": "o1",
    "subject": {"reference": "Patient/p1"},
    "valueQuantity": {"value": 38.50, "system": "http://unitsofmeasure.org", "code": "Cel"},
}
BUNDLE = {
    "resourceType": "Bundle",
    "type": "collection",
    "entry": [
        {"fullUrl": "http://example.org/fhir/Patient/p1", "resource": PATIENT},
        {"resource": TEMPERATURE},
    ],
}
SEVERAL = (
    "charthouse: patient.json: line 1, column 12: Each side of + needs one item and got 2."
    " Choose one, e.g. with .first() or a condition."
)
XML = '<Patient xmlns="http://hl7.org/fhir"><id value="x1"/><name><given value="Ada"/></name></Patient>'


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a file of each kind."""
    found = tmp_path_factory.mktemp("files")
    for name, content in {
        "patient.json": json.dumps(PATIENT, indent=1),
        "patient.xml": XML,
        "bundle.json": json.dumps(BUNDLE),
        "many.ndjson": f"{json.dumps(PATIENT)}\n\n{json.dumps(TEMPERATURE)}\n",
        "lines.txt": f"{json.dumps(PATIENT)}\n{json.dumps(TEMPERATURE)}\n",
        "name.json": '{"family": "Okafor", "given": ["Ada"]}',
        "broken.json": '{"resourceType": "Patient",',
        "half.ndjson": f'{json.dumps(PATIENT)}\n{{"resourceType":\n',
    }.items():
        (found / name).write_text(content)
    return found


def lines(folder: Path, *words: object) -> list[list[str]]:
    """The columns of each line of a command that succeeds."""
    done = charthouse(folder, "fhirpath", *words)
    assert done.returncode == 0, done.stderr
    return [line.split("\t") for line in done.stdout.splitlines()]


def test_each_result_is_a_line_with_its_place_and_type(folder: Path) -> None:
    assert lines(folder, "name.given | birthDate | name.count() | contact", "patient.json") == [
        ["Patient.name[0].given[0]", "string", "Ada"],
        ["Patient.name[0].given[1]", "string", "Ngozi"],
        ["Patient.birthDate", "date", "1980-02-29"],
        ["(computed)", "integer", "1"],
        ["Patient.contact[0]", "Patient.contact", '{"gender":"female"}'],
    ]
    assert lines(folder, "name.given", "patient.xml") == [["Patient.name[0].given[0]", "string", "Ada"]]
    assert lines(folder, "'a' & '\\n' & 'b'", "patient.xml") == [["(computed)", "string", '"a\\nb"']]


def test_several_resources_are_told_apart(folder: Path) -> None:
    assert lines(folder, "id", "patient.json", "patient.xml") == [
        ["patient.json", "Patient.id", "id", "p1"],
        ["patient.xml", "Patient.id", "id", "x1"],
    ]
    by_line = [
        ["many.ndjson:1", "Patient.id", "id", "p1"],
        ["many.ndjson:3", "Observation.id", "id", "o1"],
    ]
    assert lines(folder, "id", "many.ndjson") == by_line
    assert lines(folder, "id", "lines.txt", "--type", "Observation") == [
        ["lines.txt:2", "Observation.id", "id", "o1"]
    ]


def test_a_bundle_is_one_resource_or_each_of_its_own(folder: Path) -> None:
    assert lines(folder, "entry.resource.id", "bundle.json") == [
        ["Bundle.entry[0].resource.id", "id", "p1"],
        ["Bundle.entry[1].resource.id", "id", "o1"],
    ]
    expression = "id | (value > 101 '[degF]') | subject.resolve().birthDate"
    assert lines(folder, expression, "bundle.json", "--each", "--type", "Observation") == [
        ["bundle.json: Observation/o1", "Bundle.entry[1].resource.id", "id", "o1"],
        ["bundle.json: Observation/o1", "(computed)", "boolean", "true"],
        ["bundle.json: Observation/o1", "Patient.birthDate", "date", "1980-02-29"],
    ]


def test_json_is_one_object_a_line(folder: Path) -> None:
    done = charthouse(folder, "fhirpath", "birthDate | 2.50", "patient.json", "--json")
    assert done.returncode == 0
    found = [json.loads(line) for line in done.stdout.splitlines()]
    assert found == [
        {
            "source": "patient.json", "place": "Patient.birthDate", "type": "date", "value": "1980-02-29",
            "extension": PATIENT["_birthDate"],
        },
        {"source": "patient.json", "place": None, "type": "decimal", "value": 2.5},
    ]  # fmt: skip
    assert "2.50" in done.stdout


def test_standard_input_is_read(folder: Path) -> None:
    def piped(content: str, *words: str) -> subprocess.CompletedProcess[str]:
        command = [*PROGRAM, "fhirpath", *words]
        return subprocess.run(
            command, cwd=folder, env=environment(), input=content, text=True, capture_output=True, check=False
        )

    assert piped(json.dumps(PATIENT), "id", "-").stdout == "Patient.id\tid\tp1\n"
    assert piped(XML, "id", "-").stdout == "Patient.id\tid\tx1\n"
    two = "\n".join(json.dumps(one) for one in (PATIENT, TEMPERATURE))
    assert piped(two, "id", "-").stdout.splitlines() == [
        "standard input:1\tPatient.id\tid\tp1",
        "standard input:2\tObservation.id\tid\to1",
    ]
    broken = piped("{", "id", "-")
    assert broken.returncode == 2
    assert broken.stderr.startswith("charthouse: standard input: ")


def test_a_data_type_is_asked_by_its_name(folder: Path) -> None:
    assert lines(folder, "given", "name.json", "--type", "HumanName") == [
        ["HumanName.given[0]", "string", "Ada"]
    ]
    failed = charthouse(folder, "fhirpath", "given", "name.json")
    assert failed.returncode == 2
    assert "--type" in failed.stderr


def test_what_passes_trace_and_the_tree_are_shown(folder: Path) -> None:
    done = charthouse(folder, "fhirpath", "name.trace('n', family).given.count()", "patient.json", "--trace")
    assert done.stdout == "(computed)\tinteger\t2\n"
    said = done.stderr.splitlines()
    assert said[0] == "FunctionCallExpression count : integer"
    assert said[-1] == "trace n\tPatient.name[0].family\tstring\tOkafor"


@pytest.mark.parametrize(
    ("expression", "file", "said"),
    [
        (
            "name..family",
            "missing.json",
            [
                "charthouse: A name is expected here (line 1, column 6). Found: .family.",
                "  name..family",
                "       ^",
            ],
        ),
        (
            "name\n .foo()",
            "missing.json",
            [
                "charthouse: There is no function foo() (line 2, column 3). Found: foo(). Is floor() meant?",
                "   .foo()",
                "    ^",
            ],
        ),
        (
            "name.given + 'x'",
            "patient.json",
            [
                SEVERAL,
                "  name.given + 'x'",
                "             ^",
            ],
        ),
    ],
)
def test_a_fault_has_a_mark_under_it(folder: Path, expression: str, file: str, said: list[str]) -> None:
    done = charthouse(folder, "fhirpath", expression, file)
    assert done.returncode == 2
    assert done.stdout == ""
    assert done.stderr.splitlines() == said


def test_a_long_expression_is_cut_around_the_fault(folder: Path) -> None:
    expression = f"{'id | ' * 100}name..x{' | id' * 100}"
    said = charthouse(folder, "fhirpath", expression, "patient.json").stderr.splitlines()
    assert len(said[1]) <= 202
    assert said[1][said[2].index("^") :].startswith(".x | id")


def test_a_path_that_can_find_nothing_is_told(folder: Path) -> None:
    done = charthouse(folder, "fhirpath", "name.gven", "patient.json")
    assert done.returncode == 0
    assert done.stderr.splitlines() == [
        "No result.",
        "charthouse: HumanName has no element gven (line 1, column 6). Found: gven. Is given meant?",
        "  name.gven",
        "       ^",
    ]
    assert charthouse(folder, "fhirpath", "deceased", "patient.json").stderr == "No result.\n"
    assert charthouse(folder, "fhirpath", "deceased", "patient.json", "--json").stderr == ""


def test_others_are_asked_after_one_that_fails(folder: Path) -> None:
    done = charthouse(folder, "fhirpath", "id | name.given.single()", "many.ndjson")
    assert done.returncode == 2
    assert done.stdout == "many.ndjson:3\tObservation.id\tid\to1\n"
    assert done.stderr.startswith("charthouse: many.ndjson:1: line 1, column 17: single() found 2 items.")


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (("id", "nowhere.json"), 1, "nowhere.json: No such file"),
        (("id", "broken.json"), 2, "broken.json: "),
        (("id", "half.ndjson"), 2, "half.ndjson:2: "),
        (("id", "patient.json", "--type", "Pateint"), 2, "--type: FHIR R4 has no such type. Found: Pateint."),
        (("(1).repeat($this + 1)", "patient.json"), 6, "needs more than"),
    ],
)
def test_what_fails_says_why_and_ends_with_the_code_of_its_kind(
    folder: Path, words: tuple[Any, ...], code: int, said: str
) -> None:
    done = charthouse(folder, "fhirpath", *words)
    assert done.returncode == code
    assert done.stderr.startswith("charthouse: ")
    assert said in done.stderr


# -- what asks the books

GENDERS = "http://hl7.org/fhir/ValueSet/administrative-gender"
CORE = "http://hl7.org/fhir/StructureDefinition"
ICD = "http://hl7.org/fhir/sid/icd-10-cm"
GENDER = "http://hl7.org/fhir/administrative-gender"
OWN = "http://example.org/ValueSet/families"
NAMED = "http://example.org/StructureDefinition/photographed"
DIABETES = {
    "resourceType": "Condition",
    "subject": {"reference": "Patient/p1"},
    "code": {"coding": [{"system": ICD, "code": "E11"}]},
    "evidence": [{"code": [{"coding": [{"system": ICD, "code": "E11.9"}]}]}],
}
BOOKS = (
    {
        "resourceType": "ValueSet", "url": OWN, "status": "active",
        "compose": {"include": [{"system": GENDER, "concept": [{"code": "male"}]}]},
    },
    {
        "resourceType": "StructureDefinition", "url": NAMED, "name": "Own", "status": "active", "kind": "resource",
        "abstract": False, "type": "Patient", "baseDefinition": f"{CORE}/Patient", "derivation": "constraint",
        "differential": {"element": [{"id": "Patient.photo", "path": "Patient.photo", "min": 1}]},
    },
)  # fmt: skip


@pytest.fixture(scope="module")
def clinic(folder: Path) -> Path:
    """The folder of a clinic with books of its own."""
    assert charthouse(folder, "init", "--data", "clinic").returncode == 0
    (folder / "books.ndjson").write_text("".join(f"{json.dumps(book)}\n" for book in BOOKS))
    done = charthouse(folder, "import", "books.ndjson", "--data", "clinic")
    assert done.returncode == 0, done.stderr
    return folder / "clinic"


@pytest.mark.parametrize(
    ("expression", "file", "expected"),
    [
        (f"contact.gender.memberOf('{GENDERS}')", "patient.json", "true"),
        (f"name.family.memberOf('{GENDERS}')", "patient.json", "false"),
        ("code.subsumes(evidence.code)", "diabetes.json", "true"),
        ("code.subsumedBy(evidence.code)", "diabetes.json", "false"),
        (f"conformsTo('{CORE}/Patient')", "sound.json", "true"),
        (f"name.conformsTo('{CORE}/HumanName')", "sound.json", "true"),
        (f"conformsTo('{CORE}/Person')", "sound.json", "false"),
        (f"conformsTo('{CORE}/vitalsigns')", "diabetes.json", "false"),
    ],
)
def test_codes_and_profiles_are_asked_in_the_file_that_comes_with_the_program(
    folder: Path, expression: str, file: str, expected: str
) -> None:
    (folder / "diabetes.json").write_text(json.dumps(DIABETES))
    (folder / "sound.json").write_text('{"resourceType": "Patient", "name": [{"family": "Okafor"}]}')
    assert lines(folder, expression, file) == [["(computed)", "boolean", expected]]


@pytest.mark.parametrize(
    ("expression", "column", "said"),
    [
        (f"contact.gender.memberOf('{OWN}')", 16, f"The value set is not at hand. Found: {OWN}."),
        (f"conformsTo('{NAMED}')", 1, f"This profile is not known here. Found: {NAMED}."),
    ],
)
def test_a_book_that_is_not_at_hand_is_told_with_its_name(
    folder: Path, expression: str, column: int, said: str
) -> None:
    done = charthouse(folder, "fhirpath", expression, "patient.json")
    assert done.returncode == 2
    assert done.stderr.splitlines()[0].startswith(
        f"charthouse: patient.json: line 1, column {column}: {said}"
    )


def test_the_books_of_a_clinic_are_asked_where_it_is_named(folder: Path, clinic: Path) -> None:
    asked = f"contact.gender.memberOf('{OWN}') | conformsTo('{NAMED}')", "patient.json"
    done = charthouse(folder, "fhirpath", *asked, "--data", clinic, "--json")
    assert [json.loads(line)["value"] for line in done.stdout.splitlines()] == [False], done.stderr
    assert lines(folder, f"'male'.memberOf('{OWN}')", "patient.json", "--data", clinic) == [
        ["(computed)", "boolean", "true"]
    ]


def test_a_clinic_that_is_not_there_is_told_before_anything_is_asked(folder: Path) -> None:
    done = charthouse(folder, "fhirpath", "id", "patient.json", "--data", "nowhere")
    assert done.returncode != 0
    assert done.stdout == ""
    assert "There is no record in this data folder" in done.stderr
