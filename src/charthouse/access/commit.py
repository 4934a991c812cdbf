"""From requested interactions to one store transaction: identities, references, conditions, preconditions.

What is decided here rests on the record as it is seen now; the store checks it again inside its
transaction and answers `Stale` when it moved on, upon which everything is decided anew
(R4 http.html#transaction, #ccreate, #cond-update, #concurrency).
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Literal

from charthouse.access.judge import Content
from charthouse.access.policy import forbidden
from charthouse.access.sight import Sight
from charthouse.base.errors import Category, Problem, invalid, not_found, problem
from charthouse.base.ids import Ids, is_logical_id
from charthouse.fhir import bundle, references
from charthouse.fhir.bundle import Entry, Params
from charthouse.fhir.resource import Tree
from charthouse.store.body import Stored
from charthouse.store.write import ANY, Change, Condition, Prepared
from charthouse.validation.validator import Level

Status = Literal["created", "updated", "deleted", "unchanged", "matched"]
URN = ("urn:uuid:", "urn:oid:")
NEEDED: Final = {"POST": "create", "PUT": "update", "PATCH": "patch", "DELETE": "delete"}
# Search parameters that say how to answer and select nothing (R4 search.html#return).
SHAPING = frozenset(
    {"_count", "_sort", "_include", "_revinclude", "_total", "_summary", "_elements", "_contained",
     "_containedType", "_format", "_pretty"}
)  # fmt: skip


@dataclass(slots=True)
class Outcome:
    """What became of one entry: its status, the resource as it stands now (None after nothing was there), and the
    notice that must travel with it."""

    entry: Entry
    status: Status
    stored: Stored | None
    notice: str = ""


@dataclass(slots=True)
class Decision:
    """One entry, decided: which resource, on what ground, and what to write (None = nothing)."""

    entry: Entry
    id: str
    change: Change | None
    tree: Tree | None = None
    status: Status | None = None


@dataclass(slots=True)
class Plan:
    """All entries decided, with the conditions that the store must find unchanged.

    `sight` is what whoever asked sees of the record, `level` how closely what is written is looked at.
    """

    sight: Sight
    level: Level
    decisions: list[Decision] = field(default_factory=list)
    conditions: list[Condition] = field(default_factory=list)
    undone: list[tuple[Tree, str]] = field(default_factory=list)
    asked: list[tuple[str, Params, tuple[str, ...]]] = field(
        default_factory=list
    )  # conditions, and what they found
    fresh: set[tuple[str, str]] = field(default_factory=set)  # (type, id) of what the request itself makes

    def undo(self) -> None:
        """Put back the references as they were asked, so that everything can be decided anew."""
        for holder, text in reversed(self.undone):
            holder["reference"] = text


class Planner:
    """Decides the entries of one request on behalf of the gate."""

    def __init__(
        self,
        patched: Callable[[Tree, Any], Tree],
        prepare: Callable[[Tree, str], Prepared],
        check: Callable[[Tree, str, Level], None],
        base_url: str,
    ) -> None:
        self._patched = patched
        self._prepare = prepare
        self._check = check
        self._ids = Ids()
        self._base = base_url.rstrip("/") + "/"

    async def plan(self, entries: Sequence[Entry], plan: Plan, *, atomic: bool) -> Plan:
        """Decide all entries, as the actor of `plan` sees the record, and fill it. `atomic`: they are one
        transaction, so that urn references must resolve."""
        names: dict[str, str] = {}
        for entry in bundle.request_order(entries):
            try:
                decision = await self._decide(entry, plan)
            except Problem as failure:
                raise bundle.at(failure, entry) if atomic else failure from None
            plan.decisions.append(decision)
            if decision.change is not None and decision.change.expected == 0:
                plan.fresh.add((entry.type, decision.id))
            if entry.full_url and decision.id:
                names[entry.full_url] = f"{entry.type}/{decision.id}"
        if atomic:
            _refuse_twins(plan.decisions)
        for decision in plan.decisions:
            if decision.change is not None and decision.tree is not None:
                try:
                    await self._complete(decision, names, plan, atomic=atomic)
                except Problem as failure:
                    raise bundle.at(failure, decision.entry) if atomic else failure from None
        return plan

    async def _decide(self, entry: Entry, plan: Plan) -> Decision:
        """Which resource the entry is about, and whether it may go ahead."""
        if entry.method == "POST":
            return await self._create(entry, plan)
        if entry.criteria and entry.id is None:
            chosen = await self._one_match(entry.type, entry.criteria, plan, what=entry.method)
            if chosen is None and entry.method != "PUT":
                if entry.method == "DELETE":
                    return Decision(entry, "", None, status="unchanged")
                raise problem(
                    Category.NOT_FOUND, "not-found", "No resource matches the criteria of the patch."
                )
            if chosen is None:
                given = entry.tree.get("id") if entry.tree else None
                if given is not None and plan.sight.node(entry.type, "update") is not None:
                    raise not_found()  # what is hidden from them may stand under this id
                return self._create_by_put(entry)
            if entry.tree is not None and entry.tree.get("id") not in (None, chosen):
                raise invalid(
                    "value",
                    f"The criteria match {entry.type}/{chosen}, but the resource has another id.",
                    place=f"{entry.type}.id",
                    value=entry.tree.get("id"),
                    repair="Leave the id out.",
                )
            return await self._change(entry, chosen, plan)
        return await self._change(entry, entry.id or "", plan)

    async def _create(self, entry: Entry, plan: Plan) -> Decision:
        if entry.if_none_exist:
            found = await self._one_match(entry.type, entry.if_none_exist, plan, what="If-None-Exist")
            if found is not None:
                return Decision(entry, found, None, status="matched")
        id = self._ids.fresh()
        return Decision(entry, id, Change("POST", entry.type, id, expected=0, fresh=True), entry.tree)

    def _create_by_put(self, entry: Entry) -> Decision:
        given = entry.tree.get("id") if entry.tree else None
        if isinstance(given, str) and is_logical_id(given):
            return Decision(entry, given, Change("PUT", entry.type, given, expected=0), entry.tree)
        id = self._ids.fresh()
        return Decision(entry, id, Change("PUT", entry.type, id, expected=0, fresh=True), entry.tree)

    async def _change(self, entry: Entry, id: str, plan: Plan) -> Decision:
        """An update, patch or delete of a known id, with its preconditions."""
        expected = ANY
        needed = NEEDED[entry.method]
        bounded = plan.sight.node(entry.type, needed) is not None
        if (
            bounded
            or entry.if_match is not None
            or entry.if_none_match is not None
            or entry.method == "PATCH"
        ):
            stored = await plan.sight.current(entry.type, id, needed)
            if stored is not None and entry.method == "PATCH" and not await plan.sight.shows(stored, "read"):
                stored = None  # a patch answers what is there
            present = stored is not None and not stored.deleted
            expected = stored.version if stored is not None and present else 0
            self._preconditions(entry, expected, present=present)
            if bounded and stored is None and entry.method == "DELETE":
                return Decision(entry, "", None, status="unchanged")
            if bounded and not present and entry.method == "PUT":
                # what is hidden from them may stand under this id, so none can be made under it
                raise not_found()
            if entry.method == "PATCH":
                if stored is None or not present:
                    gone = stored is not None
                    raise problem(
                        Category.GONE if gone else Category.NOT_FOUND,
                        "deleted" if gone else "not-found",
                        f"There is no {entry.type}/{id} to patch.",
                    )
                tree = self._patched(stored.tree, entry.patch)
                if tree.get("resourceType") != entry.type or tree.get("id") != id:
                    raise invalid("business-rule", "A patch may not change the type or the id of a resource.")
                return Decision(entry, id, Change("PATCH", entry.type, id, expected=expected), tree)
        return Decision(entry, id, Change(entry.method, entry.type, id, expected=expected), entry.tree)

    @staticmethod
    def _preconditions(entry: Entry, version: int, *, present: bool) -> None:
        """If-Match and If-None-Match (RFC 9110, 13.1) against the version now current (0 = none)."""
        if entry.if_match is not None and not (present and entry.if_match in (str(version), "*")):
            raise problem(
                Category.CONFLICT,
                "conflict",
                f"The resource is now at version {version}, not at the one this change was made for."
                if present
                else "The resource this change was made for is not there.",
                value=entry.if_match,
                repair="Read it again, redo the change, and send it with the new version.",
            )
        if entry.if_none_match == "*" and present:
            raise problem(
                Category.CONFLICT,
                "conflict",
                "The resource exists already.",
                repair="Leave If-None-Match out to update it.",
            )

    async def _one_match(self, type: str, criteria: Params, plan: Plan, *, what: str) -> str | None:
        """The one id that matches, or None; the condition is noted for the store to check again."""
        found = await plan.sight.matches(type, criteria)
        plan.asked.append((type, criteria, tuple(found)))
        if len(found) > 1:
            raise problem(
                Category.CONFLICT,
                "multiple-matches",
                f"More than one {type} matches the criteria of {what}.",
                value="&".join(f"{name}={value}" for name, value in criteria),
                repair="Use criteria that only one resource meets, e.g. an identifier.",
            )
        chosen = found[0] if found else None
        plan.conditions.append(
            Condition(plan.sight.find(type, criteria), chosen, lock_number(type, criteria))
        )
        return chosen

    async def _complete(self, decision: Decision, names: dict[str, str], plan: Plan, *, atomic: bool) -> None:
        """Rewrite references, check the result, and prepare it for the store."""
        change, tree = decision.change, decision.tree
        if change is None or tree is None:
            return
        tree = await self._with_references(tree, decision.entry.type, names, plan, atomic=atomic)
        self._check(tree, decision.entry.type, plan.level)
        change.prepared = prepared = self._prepare(tree, decision.entry.type)
        decision.tree = tree
        content = Content(change.type, change.id, prepared.rows, NEEDED[change.method], frozenset(plan.fresh))
        await plan.sight.judged(content)

    async def _with_references(
        self, tree: Tree, type: str, names: dict[str, str], plan: Plan, *, atomic: bool
    ) -> Tree:
        """`tree`, its `urn:uuid` and conditional references made literal in place (see `Plan.undo`)."""
        holders = [
            holder
            for holder in references.walk(tree)
            if (text := holder["reference"]) in names or text.startswith(URN) or "?" in text
        ]
        answers: dict[str, str] = {}
        for holder in holders:
            text = holder["reference"]
            if text not in answers:
                answers[text] = await self._literal(text, tree, type, names, plan, atomic=atomic)
        for holder in holders:
            plan.undone.append((holder, holder["reference"]))
            holder["reference"] = answers[holder["reference"]]
        return tree

    async def _literal(
        self, text: str, tree: Tree, type: str, names: dict[str, str], plan: Plan, *, atomic: bool
    ) -> str:
        """What stands for the reference `text` in the record; outside transactions it stays as it is."""
        if text in names:
            return names[text]
        if not atomic or text.startswith("#"):
            return text
        if text.startswith(URN):
            raise invalid(
                "not-found",
                "The reference names no entry of this Bundle.",
                place=_place_of(tree, text, type),
                value=text,
                repair="Give the entry that is meant this fullUrl.",
            )
        return await self._conditional(text, _place_of(tree, text, type), plan)

    async def _conditional(self, text: str, place: str, plan: Plan) -> str:
        """A reference such as `Patient?identifier=…`: it must match exactly one resource."""
        type, _, asked = text.removeprefix(self._base).partition("?")
        if not plan.sight.may(type, "search"):
            raise forbidden(type, "search")
        criteria = bundle.query(asked)
        plan.sight.refuse_telling(type, criteria)
        if not any(value and name.partition(":")[0] not in SHAPING for name, value in criteria):
            raise invalid(
                "value",
                "The conditional reference selects nothing, so it cannot name a resource.",
                place=place,
                value=text,
                repair="Give criteria that only one resource meets, e.g. an identifier.",
            )
        try:
            chosen = await self._one_match(type, criteria, plan, what="the reference")
        except Problem as failure:
            if failure.category is Category.CONFLICT:
                raise problem(
                    Category.CONFLICT,
                    "multiple-matches",
                    "The conditional reference matches several resources.",
                    place=place,
                    value=text,
                ) from None
            raise
        if chosen is None:
            raise problem(
                Category.CONFLICT,
                "not-found",
                "The conditional reference matches no resource.",
                place=place,
                value=text,
            )
        return f"{type}/{chosen}"


def lock_number(type: str, criteria: Params) -> int:
    """A number that equal criteria share, whatever their order."""
    return zlib.crc32(repr((type, sorted(criteria))).encode())


def _refuse_twins(decisions: Sequence[Decision]) -> None:
    """A transaction may touch a resource only once (R4 http.html#trules)."""
    seen: dict[tuple[str, str], int] = {}
    for decision in decisions:
        if decision.change is None:
            continue
        target = (decision.entry.type, decision.id)
        if target in seen:
            raise invalid(
                "duplicate",
                f"The transaction changes {target[0]}/{target[1]} twice.",
                place=f"Bundle.entry[{decision.entry.index}]",
                value=f"entry {seen[target]} does so too",
                repair="Keep one of the two entries.",
            )
        seen[target] = decision.entry.index


def _place_of(tree: Any, text: str, path: str) -> str:
    """The FHIRPath of the reference that holds `text`."""
    if isinstance(tree, dict):
        for name, value in tree.items():
            if name == "reference" and value == text:
                return f"{path}.reference"
            if isinstance(value, dict | list) and (found := _place_of(value, text, f"{path}.{name}")):
                return found
    elif isinstance(tree, list):
        for index, value in enumerate(tree):
            if found := _place_of(value, text, f"{path}[{index}]"):
                return found
    return ""
