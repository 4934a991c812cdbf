"""Makes the compact definitions file out of the raw R4 definitions, so that start-up reads no JSON."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, Final

import msgspec
import zstandard

from building.corrections import corrected
from building.sources import COMPARTMENTS, PARAMETERS, STRUCTURES, TERMS, VERSION
from building.valuesets import Terms
from charthouse.fhir.branches import narrow
from charthouse.fhir.definitions import MAGIC, Element, Index, Invariant, Note, SearchParam, TypeDef

_CORE: Final = "http://hl7.org/fhir/StructureDefinition/"
_SYSTEM_TYPE: Final = "http://hl7.org/fhirpath/System."
_FHIR_TYPE: Final = _CORE + "structuredefinition-fhir-type"
_REGEX: Final = _CORE + "regex"
_DICTIONARY_SIZE: Final = 48 * 1024

Json = dict[str, Any]


def read(folder: Path, name: str) -> Iterator[Json]:
    """The resources of one raw file: a Bundle's entries, or the file itself."""
    content = json.loads((folder / name).read_bytes())
    if content["resourceType"] == "Bundle":
        yield from (entry["resource"] for entry in content["entry"])
    else:
        yield content


def structures(folder: Path) -> dict[str, Json]:
    """Every R4 type by name: no profiles, no logical models, nothing of another version."""
    found: dict[str, Json] = {}
    for file in STRUCTURES:
        for resource in read(folder, file):
            if (
                resource["resourceType"] == "StructureDefinition"
                and resource["version"] == VERSION
                and resource["fhirVersion"] == VERSION
                and resource["kind"] in ("resource", "complex-type", "primitive-type")
                and resource.get("derivation") != "constraint"
            ):
                found[resource["name"]] = corrected(resource)
    return found


def type_code(entry: Json, path: str) -> str:
    """The FHIR type of one `ElementDefinition.type`; System types become the FHIR type they stand for."""
    code: str = entry["code"]
    if not code.startswith(_SYSTEM_TYPE):
        return code
    for extension in entry.get("extension", ()):
        if extension["url"] == _FHIR_TYPE:
            return str(extension.get("valueUrl") or extension.get("valueUri"))
    return "string" if path.endswith(".id") else code.removeprefix(_SYSTEM_TYPE).lower()


def element(definition: Json, backbones: frozenset[str]) -> Element:
    """The compact form of one ElementDefinition."""
    path: str = definition["path"]
    name = path.rpartition(".")[2]
    is_choice = name.endswith("[x]")
    entries = definition.get("type", [])
    if path in backbones:
        types: tuple[str, ...] = (path,)
    elif "contentReference" in definition:
        types = (definition["contentReference"].removeprefix("#"),)
    elif definition["base"]["path"] == "Resource.id":
        types = ("id",)
    else:
        types = unique(type_code(entry, path) for entry in entries)
    binding = definition.get("binding", {})
    return Element(
        name=name.removesuffix("[x]"),
        types=types,
        min=definition["min"],
        max=None if definition["max"] == "*" else int(definition["max"]),
        is_choice=is_choice,
        is_summary=definition.get("isSummary", False),
        is_modifier=definition.get("isModifier", False),
        targets=unique(short_type(url) for entry in entries for url in entry.get("targetProfile", ())),
        binding=binding["valueSet"].partition("|")[0] if "valueSet" in binding else None,
        strength=binding.get("strength"),
        regex=next((regex for entry in entries if (regex := value_regex(entry))), None),
        profiles=unique(url for entry in entries for url in entry.get("profile", ())),
        is_attribute="xmlAttr" in definition.get("representation", ()),
    )


def value_regex(entry: Json) -> str | None:
    """The regular expression that an `ElementDefinition.type` carries as an extension."""
    found = (item["valueString"] for item in entry.get("extension", ()) if item["url"] == _REGEX)
    return next(found, None)


def unique(items: Iterable[str]) -> tuple[str, ...]:
    """The items once each, in order."""
    return tuple(dict.fromkeys(items))


def short_type(url: str) -> str:
    """`Patient` for the canonical url of Patient; other urls as they are."""
    return url.removeprefix(_CORE)


def type_defs(structure: Json) -> dict[str, TypeDef]:
    """One StructureDefinition as its own TypeDef and those of its backbone elements, by name or path."""
    root: str = structure["name"]
    definitions = structure["snapshot"]["element"]
    children: dict[str, list[Json]] = {root: []}
    for definition in definitions[1:]:
        children.setdefault(definition["path"].rpartition(".")[0], []).append(definition)
    backbones = frozenset(children)
    made: dict[str, TypeDef] = {}
    for path, members in children.items():
        elements = {made_of.name: made_of for made_of in (element(member, backbones) for member in members)}
        own = next(item for item in definitions if item["path"] == path)
        base = short_type(structure.get("baseDefinition", "")) if path == root else own["type"][0]["code"]
        made[path] = TypeDef(
            name=path,
            kind=structure["kind"] if path == root else "complex-type",
            base=base or None,
            abstract=structure["abstract"] and path == root,
            elements=elements,
            choice={
                made_of.name + code[0].upper() + code[1:]: (made_of.name, code)
                for made_of in elements.values()
                if made_of.is_choice
                for code in open_types(made_of.types)
            },
            regex=elements["value"].regex if structure["kind"] == "primitive-type" else None,
        )
    return made


def open_types(types: tuple[str, ...]) -> tuple[str, ...]:
    """The types of a choice; R4 snapshots list the open choice (`*`) in full, so none is left open."""
    if "*" in types:
        raise ValueError("an open choice has no list of types")
    return types


def notes(structure: Json) -> dict[str, Note]:
    """Labels, and the constraints that this structure itself declares, by element path."""
    url = structure["url"]
    made: dict[str, Note] = {}
    for definition in structure["snapshot"]["element"]:
        own = tuple(
            Invariant(item["key"], item["severity"], item["human"], item["expression"])
            for item in definition.get("constraint", ())
            if item.get("source", url) == url and "expression" in item
        )
        made[definition["path"].removesuffix("[x]")] = Note(definition.get("short", ""), own)
    return made


def description(text: str, resource_type: str) -> str:
    """The sentence about `resource_type` in a description that lists several types."""
    match = re.search(rf"\* \[{resource_type}\]\([^)]*\): (.*)", text)
    return (match[1] if match else text.removeprefix("Multiple Resources:")).strip()


def search_params(folder: Path, resources: dict[str, Json]) -> dict[str, dict[str, SearchParam]]:
    """For each resource type (abstract ones too): code -> parameter, inherited ones first."""
    raw = [item for item in read(folder, PARAMETERS) if item["version"] == VERSION]
    made: dict[str, dict[str, SearchParam]] = {}
    for name, structure in resources.items():
        ancestry = [name]
        while base := structure.get("baseDefinition"):
            structure = resources[short_type(base)]
            ancestry.insert(0, structure["name"])
        made[name] = {
            item["code"]: search_param(item, name if ancestor == name else ancestor)
            for ancestor in ancestry
            for item in sorted(raw, key=lambda item: str(item["code"]))
            if ancestor in item["base"]
        }
    return made


def search_param(item: Json, resource_type: str) -> SearchParam:
    """The compact form of a SearchParameter, narrowed to `resource_type`."""
    expression = narrow(item["expression"], resource_type) if "expression" in item else None
    if "expression" in item and expression is None:
        raise ValueError(f"{item['url']} has no branch for {resource_type}")
    return SearchParam(
        code=item["code"],
        type=item["type"],
        expression=expression,
        url=item["url"],
        targets=tuple(item.get("target", ())),
        components=tuple((part["definition"], part["expression"]) for part in item.get("component", ())),
        description=description(item["description"], resource_type),
    )


def compartments(folder: Path) -> dict[str, dict[str, tuple[str, ...]]]:
    """Compartment code -> resource type -> linking parameters; types without a link left out.

    That of the patient has a file of its own, which goes before the one among the structures: it has Task as well.
    """
    found: dict[str, dict[str, tuple[str, ...]]] = {}
    for file in (*COMPARTMENTS, STRUCTURES[0]):
        for item in read(folder, file):
            if item["resourceType"] == "CompartmentDefinition" and item["version"] == VERSION:
                links = {row["code"]: tuple(row["param"]) for row in item["resource"] if row.get("param")}
                found.setdefault(item["code"], links)
    return found


def compile_file(folder: Path, target: Path) -> None:
    """Read the raw files in `folder` and write the compact file to `target`, whole or not at all."""
    types = structures(folder)
    resources = {name: item for name, item in types.items() if item["kind"] == "resource"}
    defs = {name: type_defs(item) for name, item in types.items()}
    required = {
        made.binding
        for group in defs.values()
        for part in group.values()
        for made in part.elements.values()
        if made.binding and made.strength == "required"
    }
    terms = Terms(item for file in TERMS for item in read(folder, file))
    groups: dict[str, dict[str, Any]] = {
        "types": defs,
        "notes": {name: notes(item) for name, item in types.items()},
        "search": search_params(folder, resources),
        "values": {url: concepts for url in sorted(required) if (concepts := terms.expand(url)) is not None},
        "compartments": compartments(folder),
    }
    concrete = tuple(sorted(name for name, item in resources.items() if not item["abstract"]))
    content = pack(VERSION, concrete, groups)
    target.parent.mkdir(parents=True, exist_ok=True)
    draft = target.with_suffix(".tmp")
    draft.write_bytes(content)
    draft.replace(target)


def pack(version: str, resource_types: tuple[str, ...], groups: dict[str, dict[str, Any]]) -> bytes:
    """The file's bytes: see `charthouse.fhir.definitions` for the layout."""
    encode = msgspec.msgpack.Encoder().encode
    bodies = {(group, name): encode(item) for group, items in groups.items() for name, item in items.items()}
    dictionary = zstandard.train_dictionary(_DICTIONARY_SIZE, list(bodies.values()), level=19)
    frames = zstandard.ZstdCompressor(level=19, dict_data=dictionary, write_dict_id=False)
    places: dict[str, dict[str, tuple[int, int]]] = {group: {} for group in groups}
    sections: list[bytes] = []
    offset = 0
    for (group, name), body in bodies.items():
        section = frames.compress(body)
        places[group][name] = (offset, len(section))
        sections.append(section)
        offset += len(section)
    index = frames.compress(encode(Index(version, resource_types, **places)))
    prefix = dictionary.as_bytes()
    sizes = len(prefix).to_bytes(4, "little") + len(index).to_bytes(4, "little")
    return b"".join([MAGIC, sizes, prefix, index, *sections])
