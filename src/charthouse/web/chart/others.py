"""How money, relatives and every type without a reading of its own read as one line."""

from __future__ import annotations

from typing import Any

from charthouse.fhir.resource import Tree
from charthouse.web import codes, labels, quantities
from charthouse.web.chart.entry import Context, Entry, base, end, start


def claim(tree: Tree, context: Context) -> Entry:
    """A bill or what a payer made of it (R4 Claim, ExplanationOfBenefit)."""
    services = [codes.concept(one.get("productOrService")) for one in tree.get("item") or ()]
    total: Any = tree.get("total")
    amount = total[0].get("amount") if isinstance(total, list) and total else total
    return base(
        tree,
        title=next(filter(None, services), "") or labels.one(str(tree["resourceType"])),
        detail=" · ".join(
            filter(None, (codes.concept(tree.get("type")), quantities.money(amount, context.reader)))
        ),
        when=start(tree, "billablePeriod") or str(tree.get("created") or ""),
        entered=str(tree.get("created") or ""),
        who=context.name(tree.get("insurer")) or context.name(tree.get("provider")),
    )


def coverage(tree: Tree, context: Context) -> Entry:
    """Insurance (R4 Coverage)."""
    payers = [context.name(one) for one in tree.get("payor") or ()]
    number = tree.get("subscriberId")
    return base(
        tree,
        kind="Insurance",
        title=next(filter(None, payers), "") or codes.concept(tree.get("type")) or "Insurance",
        detail=" · ".join(
            filter(None, (codes.concept(tree.get("type")), f"member {number}" if number else ""))
        ),
        when=start(tree, "period"),
        until=end(tree, "period"),
    )


def relative(tree: Tree, _context: Context) -> Entry:
    """A relative's history (R4 FamilyMemberHistory)."""
    found = [codes.concept(one.get("code")) for one in tree.get("condition") or ()]
    return base(
        tree,
        title=codes.concept(tree.get("relationship")) or "Relative",
        detail=", ".join(one for one in found if one) or "no conditions recorded",
        when=str(tree.get("date") or ""),
    )


def anything(tree: Tree, _context: Context) -> Entry:
    """Any other record: its code, title or name, and the best date there is."""
    title = next(
        (
            said
            for key in ("code", "type", "category", "description", "title", "name")
            if (said := _said(tree.get(key)))
        ),
        "",
    )
    when = start(
        tree,
        "effective",
        "occurrence",
        "period",
        "performed",
        "date",
        "created",
        "recorded",
        "authoredOn",
        "sent",
    )
    return base(tree, title=title or labels.one(str(tree.get("resourceType", ""))), when=when)


def _said(value: Any) -> str:
    if isinstance(value, list):
        return _said(value[0]) if value else ""
    if isinstance(value, dict):
        return codes.concept(value) or codes.coding(value)
    return value if isinstance(value, str) else ""
