"""An event of the trail as FHIR AuditEvent, after the patterns of IHE Basic Audit Log Patterns 1.1 (BALP).

It is made for the answer and never stored. What succeeded, is RESTful and about at most one patient has
the BALP profile in `meta.profile`; anything else is a plain AuditEvent in the same form.
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from charthouse.access.trail.codes import (
    BALP,
    DICOM,
    HL7,
    OUTCOMES,
    coding,
    kinds,
)
from charthouse.access.trail.line import WRITE, Line
from charthouse.access.trail.names import Who
from charthouse.base.clock import instant
from charthouse.fhir.resource import Tree

SITE: Final = "Charthouse"
ACCOUNT: Final = "urn:charthouse:account"  # the system of sign-in names
MOST: Final = 1_000  # entities of one event; a page of a search holds no more
_PROFILES: Final = {
    "read": "Read", "vread": "Read", "search": "Query", "create": "Create", "update": "Update", "patch": "Update",
    "delete": "Delete",
}  # fmt: skip
_RESOURCE: Final = coding(HL7 + "object-role", "4", "Domain Resource")
_OBJECT: Final = coding(HL7 + "audit-entity-type", "2", "System Object")
_PERSON: Final = coding(HL7 + "audit-entity-type", "1", "Person")
_PATIENT: Final = coding(HL7 + "object-role", "1", "Patient")
_QUERY: Final = coding(HL7 + "object-role", "24", "Query")
_PARTICIPATION: Final = HL7 + "v3-ParticipationType"
_LOOKED_FOR: Final = frozenset({"search", "history", "history-type", "history-system"})


@dataclass(frozen=True, slots=True)
class Told:
    """What is behind the numbers of some lines: accounts, addresses of resources by key, roles by (account, at)."""

    people: Mapping[int, Who]
    resources: Mapping[int, tuple[str, str]]
    roles: Mapping[tuple[int, int], Sequence[str]]
    base: str  # the address of the API, e.g. https://ehr.example.org/fhir


def auditevent(line: Line, told: Told) -> Tree:
    """The AuditEvent of `line`."""
    word = line.word
    kind, subtypes, action = kinds(word)
    tree: Tree = {
        "resourceType": "AuditEvent",
        "id": line.name,
        "meta": _meta(line, word),
        "type": kind,
        "subtype": subtypes,
        "action": action,
        "recorded": instant(line.at),
        "outcome": OUTCOMES.get(line.outcome, "4"),
    }
    if line.outcome != "ok":
        tree["outcomeDesc"] = line.outcome
    if line.purpose:
        tree["purposeOfEvent"] = [{"coding": [coding(HL7 + "v3-ActReason", line.purpose)]}]
    tree["agent"] = _agents(line, told, word)
    tree["source"] = {
        "site": SITE,
        "observer": {"identifier": {"value": told.base}, "display": SITE},
        "type": [coding(HL7 + "security-source-type", "4", "Application Server")],
    }
    tree["entity"] = _entities(line, told, word)
    return tree


def _meta(line: Line, word: str) -> dict[str, Any]:
    """`source` tells that this is the house's own, and from which of its two places."""
    place = "transactions" if line.source == WRITE else "reads"
    meta: dict[str, Any] = {"lastUpdated": instant(line.at), "source": f"urn:charthouse:trail:{place}"}
    name = _PROFILES.get(word)
    one_object = word in _LOOKED_FOR or len(line.resources) == 1
    if name and line.outcome == "ok" and len(line.patients) <= 1 and one_object and line.type != "audit":
        patient = "Patient" if line.patients else ""
        meta["profile"] = [f"{BALP}StructureDefinition/IHE.BasicAudit.{patient}{name}"]
    return meta


def _agents(line: Line, told: Told, word: str) -> list[dict[str, Any]]:
    """The program that asked, this server, and the person. Who is source and who destination follows BALP:
    a read flows to the client, everything else from it."""
    to_client = word in ("read", "vread")
    source = coding(DICOM, "110153", "Source Role ID")
    destination = coding(DICOM, "110152", "Destination Role ID")
    who = told.people[line.actor]
    client: dict[str, Any] = {
        "type": {"coding": [destination if to_client else source]},
        "who": {"identifier": {"value": line.client or "unknown"}, "display": line.client or "unknown"},
        "requestor": who.kind != "person",
        "network": {"address": line.address or "not kept", "type": "2" if line.address else "1"},
    }
    server = {
        "type": {"coding": [source if to_client else destination]},
        "who": {"identifier": {"value": told.base}, "display": SITE},
        "requestor": False,
        "network": {"address": told.base, "type": "5"},
    }
    agents = [client, server]
    if who.kind in ("person", "unknown"):
        author = word in ("create", "update", "patch", "delete", "transaction", "batch")
        part = ("AUT", "author (originator)") if author else ("IRCP", "information recipient")
        person: dict[str, Any] = {"type": {"coding": [coding(_PARTICIPATION, *part)]}}
        roles = told.roles.get((line.actor, line.at), ())
        if roles:
            person["role"] = [{"coding": [coding("urn:charthouse:role", role)]} for role in roles]
        person["who"] = _reference(who)
        person["name"] = who.display
        person["requestor"] = True
        if line.purpose:
            person["purposeOfUse"] = [{"coding": [coding(HL7 + "v3-ActReason", line.purpose)]}]
        agents.append(person)
    return agents


def _reference(who: Who) -> dict[str, Any]:
    """The person: their Practitioner or Patient where the account names one, and the account in any case."""
    account = {"system": ACCOUNT, "value": who.name}
    said: dict[str, Any] = {"identifier": account, "display": who.display}
    if who.practitioner:
        said = {"reference": f"Practitioner/{who.practitioner}", "type": "Practitioner"} | said
    elif who.patient:
        said = {"reference": f"Patient/{who.patient}", "type": "Patient"} | said
    return said


def _entities(line: Line, told: Told, word: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    for key in line.patients[:MOST]:
        type, id = told.resources.get(key, ("Patient", ""))
        if id:
            found.append({"what": {"reference": f"{type}/{id}"}, "type": _PERSON, "role": _PATIENT})
    if word in _LOOKED_FOR or (line.query and not line.resources):
        asked = line.query or line.type
        if word == "search" and not asked.startswith("/"):  # in a compartment it is a whole address
            asked = f"{line.type}?{line.query}"
        query: dict[str, Any] = {"type": _OBJECT, "role": _QUERY}
        query["query"] = b64encode((asked or word).encode()).decode()
        found.append(query)
    for key, version in line.resources[:MOST]:
        type, id = told.resources.get(key, ("", ""))
        if id:
            what = {"reference": f"{type}/{id}/_history/{version}" if version else f"{type}/{id}"}
            found.append({"what": what, "type": _OBJECT, "role": _RESOURCE})
    if line.request:
        sent = coding(f"{BALP}CodeSystem/BasicAuditEntityType", "XrequestId")
        found.append({"what": {"identifier": {"value": line.request}}, "type": sent})
    if not found:
        found.append({"type": _OBJECT, "description": line.type or word})
    return found
