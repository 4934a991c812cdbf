"""What may be seen, worked out from the written rules in plain Python: no SQL, nothing of the program.

It follows docs/reference/access-policies.md alone. Records are trees; a policy is its JSON document.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any
from urllib.parse import parse_qsl

Tree = dict[str, Any]

DIRECTORY = frozenset({"Practitioner", "PractitionerRole", "Organization", "Location", "HealthcareService"})
CONFORMANCE = frozenset({"ValueSet", "CodeSystem", "ConceptMap", "StructureDefinition", "SearchParameter"})
SCOPE_LETTERS = {
    "create": "c", "read": "r", "vread": "r", "history": "r", "print": "r", "update": "u", "update-create": "cu",
    "patch": "u", "delete": "d", "search": "s", "history-type": "s",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Asker:
    """Somebody who asks: a person with roles, or (without `is_person`) a program with its scopes."""

    name: str
    headers: Mapping[str, str] = field(default_factory=dict, compare=False)
    roles: frozenset[str] = frozenset()
    is_person: bool = True
    patient: str | None = None
    practitioner: str | None = None
    places: frozenset[str] = frozenset()
    scopes: tuple[str, ...] = ("user/*.cruds",)
    bound: str | None = None  # the patient of patient/ scopes
    purpose: str = "TREAT"

    @property
    def has_pages(self) -> bool:
        return "cookie" in self.headers


class Oracle:
    """The records there are, and the policies in force."""

    def __init__(self, documents: Iterable[Tree], trees: Iterable[Tree], today: date | None = None) -> None:
        self.documents = list(documents)
        self.trees = {f"{tree['resourceType']}/{tree['id']}": tree for tree in trees}
        self.today = today or date.today()  # noqa: DTZ011 - the clinic's own day

    def may(self, who: Asker, word: str, tree: Tree) -> bool:
        """Whether `who` may carry out interaction `word` on the record `tree`."""
        rules = list(self._rules(who, word, tree["resourceType"]))
        if any("deny" in rule and self._holds(rule, who, tree) for rule in rules):
            return False
        if not self._in_scope(who, word, tree):
            return False
        return not who.is_person or any("allow" in rule and self._holds(rule, who, tree) for rule in rules)

    def may_type(self, who: Asker, word: str, kind: str) -> bool:
        """Whether the interaction is open on some rows of the type, as far as rules without conditions tell."""
        rules = list(self._rules(who, word, kind))
        if any("deny" in rule and "where" not in rule and "unless" not in rule for rule in rules):
            return False
        if not any(_opens(scope, word, kind) for scope in who.scopes):
            return False
        return not who.is_person or any("allow" in rule for rule in rules)

    def sees_all(self, who: Asker, word: str, kind: str) -> bool:
        """Whether no condition at all bounds the interaction on the type."""
        rules = list(self._rules(who, word, kind))
        return not any("deny" in rule for rule in rules) and all("where" not in rule for rule in rules)

    def patient(self, tree: Tree) -> str | None:
        """The id of the patient whose record the resource is in."""
        if tree["resourceType"] == "Patient":
            return str(tree["id"])
        named = [tree.get(name) for name in ("patient", "subject", "beneficiary", "for", "individual")]
        named += [part.get("actor") for part in tree.get("participant", ())]
        named += [*tree.get("target", ()), tree.get("securityContext")]
        if isinstance(tree.get("subject"), list):
            named += tree["subject"]
        for one in named:
            reference = one.get("reference", "") if isinstance(one, dict) else ""
            if reference.startswith("Patient/"):
                return str(reference.removeprefix("Patient/"))
        return None

    def _rules(self, who: Asker, word: str, kind: str) -> Iterable[Tree]:
        for document in self.documents:
            if who.is_person and not who.roles & set(document.get("roles", ())):
                continue
            if not who.is_person and not {who.name, "*"} & set(document.get("clients", ())):
                continue
            for rule in document["rules"]:
                words = rule.get("allow") or rule.get("deny") or ()
                if {word, "*"} & set(words) and any(_is_on(on, kind) for on in rule["on"]):
                    yield rule

    def _holds(self, rule: Tree, who: Asker, tree: Tree) -> bool:
        where, unless = rule.get("where", {}), rule.get("unless", {})
        if not all(self._meets(name, value, who, tree) for name, value in where.items()):
            return False
        return not any(self._meets(name, value, who, tree) for name, value in unless.items())

    def _meets(self, name: str, value: Any, who: Asker, tree: Tree) -> bool:
        if value is False:
            return not self._meets(name, True, who, tree)
        id = self.patient(tree)
        whose = self.trees.get(f"Patient/{id}")
        if name == "criteria":
            return matches(tree, value)
        if name == "patient":
            return whose is not None and matches(whose, value)
        if name == "age":
            return whose is not None and self._is_aged(whose, value)
        if name == "own":
            return id is not None and id == who.patient
        if name == "care":
            return id is not None and self._cares(who, id)
        if name == "facility":
            return id is None or (
                whose is not None and whose.get("managingOrganization", {}).get("reference") in who.places
            )
        if name == "labels":
            return any(_carries(one, value) for one in (tree, whose) if one)
        if name == "no-patient":
            return id is None
        if name == "purpose":
            return who.purpose in value
        if name in ("withheld", "consent", "glass"):  # no consents and no broken glass in these worlds
            return False
        raise LookupError(name)

    def _is_aged(self, whose: Tree, bounds: Tree) -> bool:
        if "birthDate" not in whose:
            return False
        born, today = date.fromisoformat(whose["birthDate"]), self.today
        years = today.year - born.year - ((today.month, today.day) < (born.month, born.day))
        return bool(bounds.get("from", 0) <= years <= bounds.get("to", 999))

    def _cares(self, who: Asker, id: str) -> bool:
        if who.practitioner is None:
            return False
        me = f"Practitioner/{who.practitioner}"
        for tree in self.trees.values():
            if self.patient(tree) != id:
                continue
            parts = [part.get("member") or part.get("individual") or part.get("actor")
                     for part in tree.get("participant", ())]  # fmt: skip
            parts += [tree.get("careManager"), *tree.get("generalPractitioner", ())]
            if any(part and part.get("reference") == me for part in parts):
                return True
        return False

    def _in_scope(self, who: Asker, word: str, tree: Tree) -> bool:
        kind = tree["resourceType"]
        for scope in who.scopes:
            if not _opens(scope, word, kind):
                continue
            context, _, query = scope.partition("?")
            if (
                context.startswith("patient/")
                and not _is_on("@directory", kind)
                and self.patient(tree) != who.bound
            ):
                continue
            if matches(tree, query):
                return True
        return False


def _opens(scope: str, word: str, kind: str) -> bool:
    named, _, letters = scope.partition("?")[0].partition("/")[2].partition(".")
    return named in ("*", kind) and word in SCOPE_LETTERS and set(SCOPE_LETTERS[word]) <= set(letters)


def _is_on(on: str, kind: str) -> bool:
    if on == "@directory":
        return kind in DIRECTORY
    if on == "@conformance":
        return kind in CONFORMANCE
    if on == "@patient":
        return kind not in DIRECTORY and kind not in CONFORMANCE
    return on in ("*", kind)


def _carries(tree: Tree, labels: Iterable[str]) -> bool:
    for coding in tree.get("meta", {}).get("security", ()):
        if coding.get("code") in labels or f"{coding.get('system', '')}|{coding.get('code')}" in labels:
            return True
    return False


def matches(tree: Tree, query: str) -> bool:
    """Whether the few search parameters of these worlds all hold: commas are "or"."""
    return all(
        any(_has(tree, name, one) for one in value.split(","))
        for name, value in parse_qsl(query, keep_blank_values=True)
    )


def _has(tree: Tree, name: str, value: str) -> bool:
    if name in ("status", "gender", "active"):
        found = tree.get(name)
        return found is not None and value == (json.dumps(found) if isinstance(found, bool) else found)
    if name in ("category", "code", "class"):
        given = tree.get(name, ())
        concepts = given if isinstance(given, list) else [given]
        codings = [coding for concept in concepts for coding in concept.get("coding", (concept,))]
        return any(value in (coding.get("code"), f"{coding.get('system', '')}|{coding.get('code')}")
                   for coding in codings)  # fmt: skip
    if name == "subject":
        return bool(tree.get("subject", {}).get("reference") == value)
    if name == "birthdate":
        return bool("birthDate" in tree and tree["birthDate"] >= value.removeprefix("ge"))
    raise LookupError(name)
