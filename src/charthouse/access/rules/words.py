"""Conditions on rows in words, for people who ask what a rule comes to."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from charthouse.access.rules.node import (
    ALWAYS,
    About,
    Care,
    Criteria,
    Every,
    Facility,
    Homes,
    Labelled,
    Loose,
    Node,
    Not,
    Permitted,
    Some,
    Withheld,
)


def told(rows: Mapping[str, Node], open: Iterable[str]) -> list[tuple[str, str, list[str]]]:
    """What is open, as people read it: (interactions, which rows, what is left out of them), alike ones together."""
    found: dict[Node, list[str]] = {}
    for word in sorted(open):
        found.setdefault(rows.get(word, ALWAYS), []).append(word)
    lines: list[tuple[str, str, list[str]]] = []
    for node, words in found.items():
        parts = node.parts if isinstance(node, Every) else (node,)
        shut = [part.part for part in parts if isinstance(part, Not)]
        left = [one for part in shut for one in (part.parts if isinstance(part, Some) else (part,))]
        shown = [part for part in parts if not isinstance(part, Not)]
        lines.append((", ".join(words), said(Every(tuple(shown))), [said(one) for one in left]))
    return lines


def said(node: Node) -> str:
    """`node`, bound to an actor, as a phrase: no id and no key is in it."""
    if isinstance(node, Every):
        return " and ".join(_inside(part) for part in node.parts) or "all rows"
    if isinstance(node, Some):
        return " or ".join(_inside(part) for part in node.parts) or "no rows"
    if isinstance(node, Not):
        return f"not {_inside(node.part)}"
    if isinstance(node, Criteria):
        return "&".join(f"{name}={value}" for name, value in node.params)
    if isinstance(node, About):
        return f"of patients with {'&'.join(f'{name}={value}' for name, value in node.params)}"
    if isinstance(node, Labelled):
        return f"labelled {', '.join(code for _, code in node.labels)}"
    if isinstance(node, Permitted):
        return f"permitted by a consent for {', '.join(code for _, code in node.labels) or 'this data'}"
    words = {
        Loose: "in nobody's record", Homes: "in the records of certain patients", Care: "of patients in their care",
        Facility: "of patients of their organizations", Withheld: "withheld by a consent",
    }  # fmt: skip
    return words[type(node)]


def _inside(node: Node) -> str:
    several = isinstance(node, Every | Some) and len(node.parts) > 1
    return f"({said(node)})" if several else said(node)
