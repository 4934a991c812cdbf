"""What a Consent says, as flat rules: each provision with the conditions of those around it (R4 consent.html).

Where a condition cannot be understood, a denial holds without it and a permission does not hold at all.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass, replace
from typing import Any, Final

from charthouse.fhir import dates, references
from charthouse.fhir.resource import Tree

FIRST: Final = -(1 << 62)
LAST: Final = 1 << 62
DEEPEST: Final = 12
# What consents of these scopes are about is who may see data; others say what may be done to a person.
SCOPES: Final = frozenset({"patient-privacy", "research"})
READING: Final = frozenset(
    {"access", "use", "disclose"}
)  # http://terminology.hl7.org/CodeSystem/consentaction
_POLICY: Final = {"OPTOUT": "deny", "OPTOUTE": "deny", "OPTIN": "permit", "OPTINR": "permit"}  # v3-ActCode
# Purposes that a wider one takes in (v3-ActReason, PurposeOfUse).
_NARROWER: Final = {
    "TREAT": ("ETREAT", "CLINTRCH", "PATRQT", "POPHLTH", "THREAT"),
    "HOPERAT": ("HQUALIMP", "HLEGAL", "HACCRED", "HCOMPL", "HDECD", "HSYSADMIN", "HTEST", "TRAIN", "PATSFTY"),
    "HPAYMT": ("CLMATTCH", "COVAUTH", "COVERAGE", "ELIGDTRM", "ELIGVER", "ENROLLM", "REMITADV"),
    "HRESCH": ("CLINTRCH", "BIORCH", "DSRCH", "POARCH", "TRANSRCH"),
    "PUBHLTH": ("DISASTER", "THREAT"),
}
Listed = frozenset[str] | None  # None = whatever it is


@dataclass(frozen=True, slots=True)
class Provision:
    """One rule. `depth` 0 is the consent itself. Lists that are None do not limit; `data` are (type, id)."""

    depth: int
    permits: bool
    opens: int = FIRST
    closes: int = LAST
    purposes: Listed = None
    readers: Listed = None
    types: Listed = None
    labels: Listed = None
    codes: Listed = None
    data: frozenset[tuple[str, str]] | None = None


def provisions(tree: Tree, resource_types: Collection[str]) -> list[Provision]:
    """The rules of a Consent that is in force, the outermost first; none for any other."""
    scope = {coding.get("code") for coding in (tree.get("scope") or {}).get("coding") or ()}
    root = tree.get("provision")
    if tree.get("status") != "active" or not scope & SCOPES:
        return []
    kind = (root or {}).get("type") or _by_policy(tree)
    if root is None:
        return [Provision(0, kind == "permit")] if kind else []
    return list(_flat(root, kind, Provision(-1, permits=False), frozenset(resource_types)))


def patient(tree: Tree) -> str | None:
    """The id of the patient whose consent it is."""
    found = references.parse(str((tree.get("patient") or {}).get("reference") or ""))
    return found.id if found is not None and found.type == "Patient" and found.base is None else None


def _by_policy(tree: Tree) -> str | None:
    rule = tree.get("policyRule") or {}
    return next(
        (_POLICY[one["code"]] for one in rule.get("coding") or () if one.get("code") in _POLICY), None
    )


def _flat(part: Tree, kind: str | None, outer: Provision, types: Collection[str]) -> Iterator[Provision]:
    made = _limited(part, replace(outer, depth=outer.depth + 1, permits=kind == "permit"), types)
    actions = {code for one in part.get("action") or () for code in _codes(one)}
    if kind is not None and made is not None and (not actions or actions & READING):
        yield made
    if made is None or made.depth >= DEEPEST:
        return
    for inner in part.get("provision") or ():
        # R4: a nested provision is an exception to the one around it, unless it says what it is
        opposite = None if kind is None else "deny" if kind == "permit" else "permit"
        yield from _flat(inner, inner.get("type") or opposite, made, types)


def _limited(part: Tree, rule: Provision, resource_types: Collection[str]) -> Provision | None:
    """`rule` with the conditions of one provision; None for a permission that cannot be understood."""
    unclear = bool(part.get("dataPeriod"))
    period = part.get("period") or {}
    opens, closes = rule.opens, rule.closes
    for name in ("start", "end"):
        if name in period:
            span = dates.period(str(period[name]))
            if span is None:
                unclear = True
            elif name == "start":
                opens = max(opens, span[0])
            else:
                closes = min(closes, span[1])
    made = replace(rule, opens=opens, closes=closes)
    if purposes := {code for one in part.get("purpose") or () for code in _codes(one)}:
        wide = {narrow for code in purposes for narrow in _NARROWER.get(code, ())}
        made = replace(made, purposes=frozenset(purposes | wide))
    if actors := part.get("actor"):
        named = [_reader(one) for one in actors]
        unclear = unclear or None in named
        known = frozenset(one for one in named if one)
        made = replace(made, readers=known if made.permits or None not in named else None)
    if classes := part.get("class"):
        known = frozenset(code for one in classes for code in _codes(one) if code in resource_types)
        unclear = unclear or len(known) < len(classes)
        made = replace(made, types=known if made.permits or len(known) == len(classes) else None)
    if labels := {code for one in part.get("securityLabel") or () for code in _codes(one)}:
        made = replace(made, labels=frozenset(labels))
    if codes := {
        code
        for one in part.get("code") or ()
        for coding in one.get("coding") or ()
        for code in _codes(coding)
    }:
        made = replace(made, codes=frozenset(codes))
    if data := part.get("data"):
        found = [references.parse(str((one.get("reference") or {}).get("reference") or "")) for one in data]
        made = replace(
            made, data=frozenset((one.type, one.id) for one in found if one and one.type and one.id)
        )
    return None if unclear and made.permits else made


def _codes(coding: Any) -> list[str]:
    """The code of a Coding, or those of a CodeableConcept."""
    if not isinstance(coding, dict):
        return []
    inner = coding.get("coding")
    found = inner if isinstance(inner, list) else [coding]
    return [str(one["code"]) for one in found if isinstance(one, dict) and one.get("code")]


def _reader(actor: Tree) -> str | None:
    """Who is named, as `Type/id`; None where it is not one of our resources."""
    found = references.parse(str((actor.get("reference") or {}).get("reference") or ""))
    return f"{found.type}/{found.id}" if found is not None and found.type and found.base is None else None
