"""A FHIR package as it comes: a tar of conformance resources, examples and a manifest (FHIR package specification)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import msgspec

from charthouse.base.errors import Category, Problem, invalid, problem
from charthouse.fhir.resource import Tree, parse
from charthouse.interop.bulk.sources import Document, Refusal, documents

FHIR_VERSIONS: Final = ("4.0.1", "4.0")
CORE: Final = "hl7.fhir.r4.core"
# What a guide is made of; the rest of it (examples, its own pages) changes nothing in a record.
CONFORMANCE: Final = frozenset(
    {"CapabilityStatement", "CodeSystem", "CompartmentDefinition", "ConceptMap", "GraphDefinition",
     "ImplementationGuide", "NamingSystem", "OperationDefinition", "SearchParameter", "StructureDefinition",
     "StructureMap", "ValueSet"}
)  # fmt: skip
MEMBERS: Final = 50_000
UNPACKED: Final = 512 * 2**20  # bytes
_NAME: Final = re.compile(r"[a-z][a-z0-9._-]{1,127}")
_VERSION: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9.+-]{0,63}")


@dataclass(slots=True)
class Package:
    """One package: what its manifest says, its conformance resources in order, and where its examples lie."""

    name: str
    version: str
    title: str
    canonical: str
    dependencies: dict[str, str]
    resources: list[Tree] = field(default_factory=list)
    examples: list[Document] = field(default_factory=list)

    @property
    def label(self) -> str:
        """`hl7.fhir.us.core#6.1.0`, as packages are named."""
        return f"{self.name}#{self.version}"


def read(file: Path) -> Package:
    """The package in `file` (.tgz). Raises `Problem` naming the member that cannot be read, or what is missing."""
    if not file.is_file():
        raise invalid("not-found", "There is no such file.", place=str(file), value=file.name)
    if not file.name.lower().endswith((".tgz", ".tar.gz", ".tar")):
        raise invalid(
            "value", "This is no FHIR package.", place=str(file), value=file.name,
            repair="Give the .tgz file of a package.",
        )  # fmt: skip
    manifest: Document | None = None
    members: list[Document] = []
    size = 0
    for number, found in enumerate(documents([file])):
        if isinstance(found, Refusal):
            raise found.problem
        size += len(found.content)
        if number >= MEMBERS or size > UNPACKED:
            raise invalid(
                "too-long", f"The package has more than {MEMBERS} files, or {UNPACKED // 2**20} MB.", place=str(file),
                repair="Give a FHIR package, as guides are published (package.tgz).",
            )  # fmt: skip
        path = found.name.rpartition("!")[2].removeprefix("./")
        if path == "package/package.json":
            manifest = found
        elif (
            path.startswith("package/")
            and path.endswith(".json")
            and not path.rpartition("/")[2].startswith(".")
        ):
            members.append(found)
    if manifest is None:
        raise invalid(
            "required", "The package has no manifest.", place=f"{file}!package/package.json",
            repair="Give a FHIR package, as guides are published (package.tgz).",
        )  # fmt: skip
    package = _described(manifest)
    for member in members:
        path = member.name.rpartition("!")[2].removeprefix("./")
        folder = path.count("/")
        if folder == 1:
            package.resources.extend(_conformance(member))
        elif path.split("/")[1] in ("example", "examples"):
            package.examples.append(member)
    return package


def _described(manifest: Document) -> Package:
    """The package as its manifest describes it, empty yet."""
    try:
        told: Any = msgspec.json.decode(manifest.content)
    except msgspec.DecodeError as error:
        raise invalid("structure", f"The manifest cannot be read: {error}.", place=manifest.name) from None
    name, version = (told.get("name"), told.get("version")) if isinstance(told, dict) else (None, None)
    for what, text, shape in (("name", name, _NAME), ("version", version, _VERSION)):
        if not isinstance(text, str) or not shape.fullmatch(text):
            raise invalid(
                "value", f"The manifest has no usable {what}.", place=f"{manifest.name}: {what}", value=text,
                repair="A name is such as hl7.fhir.us.core, a version such as 6.1.0.",
            )  # fmt: skip
    versions = told.get("fhirVersions") or told.get("fhir-version-list") or list(FHIR_VERSIONS)
    if not any(each in FHIR_VERSIONS for each in versions):
        raise problem(
            Category.UNSUPPORTED, "not-supported", "The package is for another version of FHIR.",
            place=f"{manifest.name}: fhirVersions", value=", ".join(map(str, versions)),
            repair="Give the package of this guide for R4 (4.0.1).",
        )  # fmt: skip
    needed = told.get("dependencies")
    return Package(
        str(name), str(version), str(told.get("title") or name), str(told.get("canonical") or ""),
        {str(key): str(value) for key, value in needed.items()} if isinstance(needed, dict) else {},
    )  # fmt: skip


def _conformance(member: Document) -> Iterator[Tree]:
    """The resource of a member, if it is one that a guide is made of."""
    try:
        tree = parse(member.content)
    except Problem as failure:
        raise invalid(
            "structure", f"The package holds a file that cannot be read: {failure}", place=member.name
        ) from None
    if tree.get("resourceType") in CONFORMANCE:
        if not isinstance(tree.get("url"), str) and tree["resourceType"] != "NamingSystem":
            raise invalid("required", "The resource has no url to name it by.", place=f"{member.name}: url")
        yield tree
