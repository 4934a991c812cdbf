"""Undoes what the publisher of the raw files changed in R4 under the version 4.0.1 all the same.

The changes (elements of later releases and of their own product, wider targets) are in the
snapshots; the differentials are HL7's, but for three elements of one type. So each structure is
put together again: inherited elements from the snapshot, own elements by the differential.
"""

from __future__ import annotations

from typing import Any, Final

Json = dict[str, Any]

# Where the differential is the changed one (compare https://hl7.org/fhir/R4/researchstudy.html).
_LATER: Final = frozenset({"ResearchStudy.studyDesign"})
_SNAPSHOT_HOLDS: Final = frozenset({"ResearchStudy.status", "ResearchStudy.primaryPurposeType"})

# Bound as required to MIME types, while the element's own words allow `xml`, `json` and `ttl` beside them
# (https://hl7.org/fhir/R4/capabilitystatement-definitions.html#CapabilityStatement.format).
_ABBREVIATED: Final = frozenset({"CapabilityStatement.format"})


def corrected(structure: Json) -> Json:
    """`structure` with a snapshot that holds what HL7 published in 4.0.1, in HL7's order."""
    root: str = structure["name"]
    snapshot: list[Json] = structure["snapshot"]["element"]
    own: dict[str, Json] = {item["path"]: item for item in structure["differential"]["element"]}
    known = {item["path"]: item for item in snapshot}
    inherited: dict[str, list[str]] = {}
    for item in snapshot[1:]:
        if item["base"]["path"] != item["path"]:
            inherited.setdefault(item["path"].rpartition(".")[0], []).append(item["path"])
    order = [root, *inherited.pop(root, [])]
    for path in own:
        if path not in order and path not in _LATER:
            order += [path, *inherited.pop(path, [])]
    elements = [merged(path, known.get(path, {}), own.get(path, {})) for path in order]
    return structure | {"snapshot": {"element": elements}}


def merged(path: str, snapshot: Json, differential: Json) -> Json:
    """One element: the differential's word where there is one, the snapshot's for the rest."""
    own_base = {"base": {"path": path}}
    if path in _SNAPSHOT_HOLDS:
        return own_base | snapshot
    element = own_base | snapshot | differential
    if path in _ABBREVIATED:
        element["binding"] = element["binding"] | {"strength": "extensible"}
    return element
