"""Installing a package: its resources become resources of the record, all or none, with its version in their ids."""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Final

from charthouse.access.intake import Change, Intake, Stale
from charthouse.base.errors import Category, Issue, Problem, problem
from charthouse.fhir.resource import Tree
from charthouse.interop.packages.package import CORE, Package

ATTEMPTS: Final = 20
_LONGEST: Final = 64
_UNFIT: Final = re.compile(r"[^A-Za-z0-9.-]+")


@dataclass(slots=True)
class Report:
    """What became of a package: `by_type` counts the resources that it now has here; `missing` are packages it
    builds upon that are not here, so that what they define cannot be checked."""

    label: str
    title: str
    created: int = 0
    changed: int = 0
    equal: int = 0
    skipped: list[Issue] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)
    by_type: Counter[str] = field(default_factory=Counter)


def install(
    intake: Intake,
    package: Package,
    present: Callable[[], set[str]],
    *,
    skip_unsound: bool = False,
    step: Callable[[int, int], None] = lambda done, all: None,
) -> Report:
    """Write the package's resources in one transaction. `present()` names the packages that are here.

    Raises `Problem(invalid)` with the first findings where a resource is unsound, and writes nothing,
    unless `skip_unsound` leaves those out.
    """
    report = Report(package.label, package.title)
    ready: list[tuple[Tree, Change]] = []
    taken: set[tuple[str, str]] = set()
    resources = [*package.resources, *_guide(package)]
    for index, tree in enumerate(resources):
        step(index, len(resources))
        id = resource_id(tree, package.version)
        if (tree["resourceType"], id) in taken:
            id = _hashed(id, tree, package.version)
        taken.add((tree["resourceType"], id))
        kept = {**tree, "id": id}
        try:
            prepared = intake.preparer(kept, tree["resourceType"])
        except Problem as failure:
            told = tuple(_placed(issue, tree) for issue in failure.issues)
            if not skip_unsound:
                raise Problem(failure.category, told[:20]) from None
            report.skipped += told[:1]
            continue
        ready.append((kept, Change("PUT", tree["resourceType"], id, prepared)))
        report.by_type[tree["resourceType"]] += 1
    _write(intake, ready, report)
    step(len(resources), len(resources))
    known = present()
    report.missing = sorted(
        f"{name}#{version}"
        for name, version in package.dependencies.items()
        if name != CORE and not any(label.partition("#")[0] == name for label in known)
    )
    return report


def resource_id(tree: Tree, version: str) -> str:
    """An id that a person can read and that another version of the guide does not take: `us-core-patient-6.1.0`."""
    own = _UNFIT.sub("-", str(tree.get("id") or str(tree.get("url", "")).rpartition("/")[2]))
    id = f"{own}-{_UNFIT.sub('-', version)}"
    return id if len(id) <= _LONGEST else _hashed(id, tree, version)


def _hashed(id: str, tree: Tree, version: str) -> str:
    digest = hashlib.sha256(f"{tree.get('url')}|{tree.get('version')}|{version}".encode()).hexdigest()[:12]
    return f"{id[: _LONGEST - 13]}-{digest}"


def _guide(package: Package) -> Sequence[Tree]:
    """The ImplementationGuide by which the package is known here, where it brings none of its own."""
    if any(tree["resourceType"] == "ImplementationGuide" for tree in package.resources):
        return ()
    return [
        {
            "resourceType": "ImplementationGuide",
            "id": package.name,
            "url": f"{package.canonical or 'urn:package:' + package.name}/ImplementationGuide/{package.name}",
            "version": package.version,
            "name": _UNFIT.sub("", package.name.title()).replace(".", "").replace("-", ""),
            "title": package.title,
            "status": "active",
            "packageId": package.name,
            "fhirVersion": ["4.0.1"],
        }
    ]


def _write(intake: Intake, ready: list[tuple[Tree, Change]], report: Report) -> None:
    for _ in range(ATTEMPTS):
        standings = intake.standing({(change.type, change.id) for _, change in ready})
        changes: list[Change] = []
        created = changed = equal = 0
        for _tree, change in ready:
            standing = standings.get((change.type, change.id))
            if change.prepared is not None and standing is not None and standing.equals(change.prepared):
                equal += 1
                continue
            is_new = standing is None or standing.deleted
            change.expected = 0 if standing is None or standing.deleted else standing.version
            created, changed = created + is_new, changed + (not is_new)
            changes.append(change)
        try:
            if changes:
                intake.submit(changes, request="package").result()
        except Stale:
            continue
        report.created, report.changed, report.equal = created, changed, equal
        return
    raise problem(
        Category.BUSY, "conflict", "Others keep changing the same resources; nothing was installed.",
        repair="Try again in a moment.",
    )  # fmt: skip


def _placed(issue: Issue, tree: Tree) -> Issue:
    """The finding, told with the url of the resource in which it lies."""
    return Issue(
        issue.code, f"{tree['resourceType']} {tree.get('url', '')}: {issue.message}", issue.place, issue.value,
        issue.repair, issue.severity,
    )  # fmt: skip
