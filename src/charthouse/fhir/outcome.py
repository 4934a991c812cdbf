"""OperationOutcome: the one shape in which FHIR clients hear what went wrong (R4 operationoutcome.html)."""

from __future__ import annotations

from collections.abc import Iterable

from charthouse.base.errors import FHIR_ISSUE_CODE, Issue, Problem
from charthouse.fhir.resource import Tree


def of(found: Problem | Iterable[Issue]) -> Tree:
    """An OperationOutcome tree with one issue per finding, the place as `expression`."""
    issues = found.issues if isinstance(found, Problem) else tuple(found)
    return {"resourceType": "OperationOutcome", "issue": [_issue(issue) for issue in issues]}


def information(text: str) -> Tree:
    """An OperationOutcome that only tells."""
    return of([Issue("informational", text, severity="information")])


def _issue(issue: Issue) -> Tree:
    tree: Tree = {
        "severity": issue.severity,
        "code": FHIR_ISSUE_CODE.get(issue.code, issue.code),
        "diagnostics": issue.sentence(),
    }
    if issue.place:
        tree["expression"] = [issue.place]
    return tree
