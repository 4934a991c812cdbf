"""Value sets worked out the plain way, concept by concept, to compare with."""

from __future__ import annotations

import re
from typing import Any

Tree = dict[str, Any]
Key = tuple[str, str]


class Naive:
    """Knows some CodeSystems and ValueSets by url."""

    def __init__(self, *resources: Tree) -> None:
        self.parents: dict[str, dict[str, set[str]]] = {}
        self.properties: dict[str, dict[str, list[tuple[str, str]]]] = {}
        self.sets: dict[str, Tree] = {}
        for tree in resources:
            if tree["resourceType"] == "CodeSystem":
                self.parents[tree["url"]] = {}
                self.properties[tree["url"]] = {}
                for item in tree["concept"]:
                    self._take(tree["url"], item, None)
            else:
                self.sets[tree["url"]] = tree

    def _take(self, url: str, item: Tree, above: str | None) -> None:
        own = [
            (
                each["code"],
                str(next(value for name, value in each.items() if name.startswith("value"))).lower(),
            )
            for each in item.get("property", ())
        ]
        self.parents[url][item["code"]] = {value for name, value in own if name == "parent"} | (
            {above} if above else set()
        )
        self.properties[url][item["code"]] = own
        for nested in item.get("concept", ()):
            self._take(url, nested, item["code"])

    def above(self, url: str, code: str) -> set[str]:
        """The code and all above it."""
        found, waiting = set(), [code]
        while waiting:
            each = waiting.pop()
            if each not in found:
                found.add(each)
                waiting.extend(self.parents[url][each])
        return found

    def is_inactive(self, url: str, code: str) -> bool:
        """Whether a code has ended."""
        own = self.properties.get(url, {}).get(code, [])
        return ("status", "retired") in own or ("inactive", "true") in own

    def holds(self, url: str, code: str, rule: Tree) -> bool:
        """Whether a filter keeps a code."""
        name, op, value = rule["property"], rule["op"], rule["value"]
        values = [held for own, held in self.properties[url][code] if own == name]
        if name == "parent":
            values = sorted(self.parents[url][code])
        if name == "code" or (name == "concept" and op in ("=", "in", "not-in", "regex")):
            values = [code]
        if name == "child":
            values = [other for other, above in self.parents[url].items() if code in above]
        if name == "inactive":
            values = [str(self.is_inactive(url, code)).lower()]
        return {
            "is-a": lambda: value in self.above(url, code),
            "descendent-of": lambda: value in self.above(url, code) and code != value,
            "is-not-a": lambda: value not in self.above(url, code),
            "generalizes": lambda: code in self.above(url, value),
            "child-of": lambda: value in self.parents[url][code],
            "=": lambda: value in values,
            "in": lambda: bool(set(value.split(",")) & set(values)),
            "not-in": lambda: not set(value.split(",")) & set(values),
            "exists": lambda: (value == "true") is bool(values),
            "regex": lambda: any(re.fullmatch(value, held) for held in values),
        }[op]()

    def part(self, part: Tree) -> set[Key]:
        """The members of an include or exclude."""
        found: set[Key] | None = None
        if "system" in part:
            url = part["system"]
            if "concept" in part:
                found = {(url, item["code"]) for item in part["concept"]}
            else:
                rules = part.get("filter", ())
                codes = self.parents[url]
                found = {(url, code) for code in codes if all(self.holds(url, code, rule) for rule in rules)}
        for other in part.get("valueSet", ()):
            members = self.members(self.sets[other])
            found = members if found is None else found & members
        return found or set()

    def members(self, tree: Tree) -> set[Key]:
        """All (system, code) of a value set."""
        compose = tree["compose"]
        found = set().union(*(self.part(part) for part in compose["include"]))
        found -= set().union(*(self.part(part) for part in compose.get("exclude", ())))
        if compose.get("inactive") is False:
            found = {key for key in found if not self.is_inactive(*key)}
        return found
