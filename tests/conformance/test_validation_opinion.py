"""Another validator's opinion (pyfhircheck 0.2) on the US Core examples and on seeded defects.

It is asked where it is installed. Each disagreement falls under one of the reasons below; where none fits,
the test fails. A reason that no longer fits anything has to be taken off the list.
"""

from __future__ import annotations

import contextlib
import io
import json
import re
import warnings
from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest

from charthouse.fhir.resource import dump
from tests.conformance import material, uscore
from tests.conformance.seeding import Seeder
from tests.conformance.test_validation import found, instances

Opinion = Callable[[dict[str, Any] | bytes], set[tuple[str, str]]]

# (rule and place by its account) -> why it is wrong, or asks what is not asked here.
FALSE_ALARMS = {
    r"element\.unknown .*\.(item|dosageInstruction)\[\d+\]\.text": "takes the text of an element for a narrative",
    r"profile\.(element\.)?pattern Observation\.code": "compares codings one by one, in their order",
    r"profile\.slice\.cardinality\.min Observation\.(category:VSCat|component:\w+)":
        "uses the discriminator of the last slicing of a profile, or the order of codings, for its other slicings",
    r"profile\.slice\.cardinality\.m.. \w+\.extension:\w+": "takes any extension for one of a slice",
    r"profile\.slice\.cardinality\.min Condition\.category:us-core": "knows no slice told by a set of codes",
    r"profile\.element\.invariant\.vs-1 .*": "has no types, so that no value is a dateTime",
    r"profile\.element\.invariant\.unsupported\.txt-. .*": "cannot evaluate htmlChecks()",
    r"profile\.(element\.)?binding\.required DocumentReference\.type": "takes an open set for a closed one",
    r"profile\..* QuestionnaireResponse\.questionnaire": "does not count a value that has only an extension",
    r"questionnaire\.unresolved .*": "wants the questionnaire itself, which is not in the package",
    r"terminology\.display .*": "compares displays, which no binding does",
    r"terminology\.code-system Condition\.category.*": "knows only a part of the code system of condition categories",
}  # fmt: skip
# (kind of defect, profile and element) -> why it does not see it.
NOT_SEEN = {
    r"\w+ .*Observation\.category:VSCat": "see its false alarm there: no item is in the slice before or after",
    r"\w+ .*Condition\.category:us-core": "the same",
    r"mistyped .*Observation\.effective\[x\]": "does not check the type of a choice",
    r"\w+ us-core-(race|ethnicity|tribal-affiliation) Extension\.extension.*": "looks at the url only",
    r"doubled us-core-patient Patient\.extension:race": "see its false alarm there",
    r"doubled us-core-coverage Coverage\.identifier:memberid": "see the slicings of Observation: another discriminator",
    r"miscoded .*\.(identifier\.use|telecom\.system|entryType|role)": "does not look at bindings inside an element",
    r"miscoded .*\.clinicalStatus": "does not know the value set",
    r"miscoded .*DiagnosticReport\.status": "takes no status but its own for right, before and after",
    r"astray .*QuestionnaireResponse\.subject": "does not know a target that every element of R4 has here",
}  # fmt: skip


@pytest.fixture(scope="module")
def opinion() -> Opinion:
    """(rule, place) of each error that the other one finds."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        pyfhircheck = pytest.importorskip("pyfhircheck")
        config = pytest.importorskip("pyfhircheck.config")
    package = str(material.folder("us-core") / "us_core_610.tgz")
    made = pyfhircheck.Validator(
        config.ValidatorConfig(
            local_package_paths=[package], allow_unknown_extensions=True, error_on_unknown_profile=False
        )
    )

    def ask(tree: dict[str, Any] | bytes) -> set[tuple[str, str]]:
        body = tree if isinstance(tree, bytes) else dump(tree)
        noise = io.StringIO()
        with warnings.catch_warnings(), contextlib.redirect_stdout(noise), contextlib.redirect_stderr(noise):
            warnings.simplefilter("ignore")
            report = made.validate_resource(json.loads(body))
        return {
            (issue.code, issue.path)
            for issue in report.issues
            if str(issue.severity).lower().endswith(("error", "fatal"))
        }

    return ask


def reason(table: dict[str, str], text: str) -> str | None:
    """The entry of a table that fits."""
    return next((pattern for pattern in table if re.fullmatch(pattern, text)), None)


def test_what_another_validator_says_of_the_us_core_examples_is_explained(opinion: Opinion) -> None:
    used: Counter[str | None] = Counter()
    agreed = 0
    for name, body in material.us_core():
        issues = opinion(body)
        agreed += not issues
        for code, place in issues:
            pattern = reason(FALSE_ALARMS, f"{code} {place}")
            assert pattern is not None, (name, code, place)
            used[pattern] += 1
    print(f"examples that both find valid: {agreed} of 183")
    assert agreed >= 120
    assert set(used) == set(FALSE_ALARMS)


def test_the_defects_that_another_validator_does_not_see_are_explained(opinion: Opinion) -> None:
    used: Counter[str | None] = Counter()
    seen: set[tuple[str, str]] = set()
    agreed = 0
    for url, structure in uscore.structures().by_url.items():
        name = url.rpartition("/")[2]
        for tree, start in instances(url):
            before: set[tuple[str, str]] | None = None
            for defect in Seeder(structure, uscore.structures(), uscore.books()).defects(tree, start):
                if (url, defect.kind) in seen:
                    continue
                seen.add((url, defect.kind))
                before = opinion(tree) if before is None else before
                assert found(defect.tree, structure)
                if opinion(defect.tree) - before:
                    agreed += 1
                    continue
                pattern = reason(NOT_SEEN, f"{defect.kind} {name} {defect.id}")
                assert pattern is not None, (defect.kind, name, defect.id)
                used[pattern] += 1
    print(f"defects that both find: {agreed} of {len(seen)}")
    assert agreed >= 180
    assert set(used) == set(NOT_SEEN)
