"""What a search must find, by looking at every resource in turn: R4 search.html read literally, without an index.

Nothing here comes from `charthouse.search`; the definitions of the parameters are the standard's own. Where R4
leaves a choice, what docs/reference/search.md says is taken.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from charthouse.fhir.definitions import Definitions, SearchParam
from tests.oracle.filters import Comparison, formula
from tests.oracle.held import fold, is_below, kilometres, measures, scale, strings
from tests.oracle.ranges import date_meets, date_spans, number_meets, split
from tests.oracle.values import Tree, Value, Values

Params = Sequence[tuple[str, str]]
ID: Final = re.compile(r"[A-Za-z0-9.-]{1,64}")
_KILOMETRES: Final = {"km": 1.0, "m": 0.001, "[mi_i]": 1.609344, "mi": 1.609344}


def parts(value: str, separator: str) -> list[str]:
    """`value` cut where `separator` stands unescaped; the escapes stay."""
    return re.split(rf"(?<!\\){re.escape(separator)}", value)


def plain(value: str) -> str:
    """`value` without its escapes."""
    return re.sub(r"\\(.)", r"\1", value)


@dataclass(frozen=True, slots=True)
class Reference:
    """A literal reference: type and id when it is one of ours, else the address as it stands."""

    type: str | None
    id: str | None
    text: str


class Oracle:
    """The resources there are, and the code systems and value sets among them."""

    def __init__(self, definitions: Definitions, trees: Iterable[Tree], base: str) -> None:
        self.values = Values(definitions, base)
        self.definitions = definitions
        self.base = base
        self.trees = {f"{tree['resourceType']}/{tree['id']}": tree for tree in trees}
        self.by_type: dict[str, list[Tree]] = {}
        self.by_url: dict[str, list[Tree]] = {}
        for tree in self.trees.values():
            self.by_type.setdefault(tree["resourceType"], []).append(tree)
            if isinstance(tree.get("url"), str):
                self.by_url.setdefault(tree["url"], []).append(tree)
        self.now = 0
        self._kinds: dict[str, Callable[[Value, str], bool]] = {
            "number": self._number, "date": self._date, "quantity": self._quantity, "string": self._string,
            "token": self._token, "reference": self._reference, "uri": self._uri, "special": self._near,
        }  # fmt: skip
        self._modified: dict[tuple[str, str], Callable[[Value, str], bool]] = {
            ("string", "exact"): lambda value, text: plain(text) in strings(value),
            ("string", "contains"): lambda value, text: any(fold(plain(text)) in fold(one) for one in strings(value)),
            ("token", "text"): self._text, ("token", "of-type"): self._of_type, ("token", "in"): self._in,
            ("token", "below"): self._below, ("token", "above"): self._above,
            ("reference", "below"): self._under, ("reference", "above"): self._over,
            ("reference", "text"): self._text, ("reference", "identifier"): self._identified,
            ("uri", "below"): lambda value, text: is_below(value.data, plain(text)),
            ("uri", "above"): lambda value, text: is_below(plain(text), value.data),
        }  # fmt: skip

    def answer(self, type: str, params: Params, now: int) -> set[str]:
        """The ids of the resources that meet all of `params` at the moment `now` (microseconds, see `ranges`)."""
        self.now = now
        return {
            tree["id"]
            for tree in self.by_type.get(type, ())
            if all(self.meets(tree, name, value) for name, value in params)
        }

    # ------------------------------------------------------------ one parameter

    def meets(self, tree: Tree, name: str, value: str) -> bool:
        """Whether the resource meets `name=value`."""
        if name.startswith("_has:"):
            _, type, link, rest = name.split(":", 3)
            return any(
                self.meets(other, rest, value)
                for other in self.by_type.get(type, ())
                if any(target is tree for target in self.targets(other, link))
            )
        if name == "_list":
            entries = self.trees.get(f"List/{value}", {}).get("entry", ())
            items = (self.refer(entry["item"].get("reference", "")) for entry in entries)
            return any(self.trees.get(f"{item.type}/{item.id}") is tree for item in items)
        if name == "_filter":
            return formula(value).holds(lambda comparison: self._compares(tree, comparison))
        head, dot, rest = name.partition(".")
        if dot:
            code, _, type = head.partition(":")
            return any(
                self.meets(target, rest, value)
                for target in self.targets(tree, code)
                if type in ("", target["resourceType"]) and self._has_param(target, rest)
            )
        code, _, modifier = name.partition(":")
        return self._own(tree, code, modifier, value)

    def _has_param(self, tree: Tree, name: str) -> bool:
        code = re.split(r"[.:]", name)[0]
        return (
            code in ("_has", "_list", "_filter") or self.values.param(tree["resourceType"], code) is not None
        )

    def _own(self, tree: Tree, code: str, modifier: str, value: str) -> bool:
        param = self.values.param(tree["resourceType"], code)
        assert param is not None, f"{tree['resourceType']} has no {code}"
        if modifier == "missing":
            return (value == "true") is not self._has_any(tree, param)
        if param.components:
            return any(self._composed(tree, param, one) for one in parts(value, ","))
        is_not = modifier in ("not", "not-in")
        matches = self.matcher(param.type, {"not": "", "not-in": "in"}.get(modifier, modifier))
        found = self.values.of(tree, code)
        return is_not is not any(matches(one, text) for text in parts(value, ",") for one in found)

    def _has_any(self, tree: Tree, param: SearchParam) -> bool:
        """Whether there is something that the parameter could find."""
        if not param.components:
            return any(self.is_findable(param.type, one) for one in self.values.of(tree, param.code))
        return any(
            all(self.values.at(expression, base, tree) for _, expression in param.components)
            for base in self.values.bases(tree, param.expression or "")
        )

    def matcher(self, kind: str, modifier: str) -> Callable[[Value, str], bool]:
        """What tells whether one value meets one text."""
        if not modifier:
            return self._kinds[kind]
        if kind == "reference" and modifier[0].isupper():
            return lambda value, text: self._reference(
                value, f"{modifier}/{text}" if ID.fullmatch(text) else text
            )
        return self._modified[kind, modifier]

    def _composed(self, tree: Tree, param: SearchParam, value: str) -> bool:
        """The parts are other parameters ("values that match other defined parameters"), looked at in one element."""
        known = {one.url: one for one in self.definitions.search_params(tree["resourceType"]).values()}
        is_whole = param.expression == tree["resourceType"]
        return any(
            all(
                any(
                    self.matcher(known[url].type, "")(one, text)
                    for one in (
                        self.values.of(tree, known[url].code)
                        if is_whole
                        else self.values.at(expression, base, tree)
                    )
                )
                for (url, expression), text in zip(param.components, parts(value, "$"), strict=True)
            )
            for base in self.values.bases(tree, param.expression or "")
        )

    def is_findable(self, kind: str, value: Value) -> bool:
        """Whether any plain search could find the value."""
        if kind == "token":
            return any(code is not None or system is not None for system, code in self.tokens(value))
        if kind == "reference":
            return bool(self.literal(value))
        if kind == "date":
            return bool(date_spans(value.type, value.data))
        if kind in ("number", "quantity"):
            return bool(measures(value))
        if kind == "string":
            return bool(strings(value))
        return True

    # ------------------------------------------------------------ kinds

    def _number(self, value: Value, text: str) -> bool:
        return any(number_meets(text, span) for span, _ in measures(value))

    def _date(self, value: Value, text: str) -> bool:
        return any(date_meets(text, span, self.now) for span in date_spans(value.type, value.data))

    def _quantity(self, value: Value, text: str) -> bool:
        prefix, rest = split(text)
        number, system, code = (*(plain(one) for one in parts(rest, "|")), None, None)[:3]
        for span, unit in measures(value):
            factor = scale(system, code, unit)
            if factor is not None and number_meets(f"{prefix}{number}", span, factor):
                return True
        return False

    def _string(self, value: Value, text: str) -> bool:
        return any(fold(one).startswith(fold(plain(text))) for one in strings(value))

    def _token(self, value: Value, text: str) -> bool:
        found = self.tokens(value)
        if len(parts(text, "|")) == 1:
            if value.type == "string":  # "then the search is not case sensitive"
                return str(value.data).casefold() == plain(text).casefold()
            return any(code == plain(text) for _, code in found)
        system, code = (plain(one) for one in parts(text, "|"))
        if not code:
            return any(held == system for held, _ in found)
        return (system or None, code) in found

    def tokens(self, value: Value) -> list[tuple[str | None, str | None]]:
        """(system, code) of each coding, identifier, contact point, code, or what stands for one."""
        data = value.data
        if value.type == "CodeableConcept":
            return [(one.get("system"), one.get("code")) for one in data.get("coding", ())]
        if value.type == "Coding":
            return [(data.get("system"), data.get("code"))]
        if value.type == "Identifier":
            return [(data.get("system"), data.get("value"))]
        if value.type == "ContactPoint":
            return [(None, data.get("value"))]
        text = str(data).lower() if isinstance(data, bool) else str(data)
        if value.type == "code":
            return [(system, text) for system in self._implied(value.path, text)]
        return [(None, text)]

    def _implied(self, path: str, code: str) -> list[str | None]:
        """The systems that the binding of a `code` gives it."""
        type, *names = path.split(".")
        definition = self.definitions.type(type)
        for name in names[:-1]:
            definition = self.definitions.type(definition.elements[name].types[0])
        binding = definition.elements[names[-1]].binding if names else None
        concepts = self.definitions.concepts(binding) if binding else None
        return [one.system for one in concepts or () if one.code == code] or [None]

    def _text(self, value: Value, text: str) -> bool:
        data = value.data
        if not isinstance(data, dict):
            return False
        found = [data.get("text"), data.get("display"), data.get("type", {}).get("text")]
        if value.type == "Reference":
            found = [data.get("display")]
        found += [one.get("display") for one in data.get("coding", ())]
        return any(fold(one).startswith(fold(plain(text))) for one in found if one)

    def _of_type(self, value: Value, text: str) -> bool:
        system, code, number = (plain(one) for one in parts(text, "|"))
        codings = value.data.get("type", {}).get("coding", ())
        return value.data.get("value") == number and any(
            (one.get("system"), one.get("code")) == (system, code) for one in codings
        )

    def _identified(self, value: Value, text: str) -> bool:
        held = value.data.get("identifier") if isinstance(value.data, dict) else None
        return held is not None and self._token(Value("Identifier", held), text)

    # ------------------------------------------------------------ codes

    def _in(self, value: Value, text: str) -> bool:
        url = plain(text)
        sets = [self.trees[url]] if url in self.trees else self.by_url[url]
        members = {
            (include["system"], concept["code"])
            for include in sets[0]["compose"]["include"]
            for concept in include.get("concept", self._concepts(include["system"]))
        }
        return bool(members.intersection(self.tokens(value)))

    def _concepts(self, system: str) -> list[Tree]:
        def walk(concepts: Iterable[Tree]) -> Iterable[Tree]:
            for one in concepts:
                yield one
                yield from walk(one.get("concept", ()))

        return list(walk(self.by_url[system][0]["concept"]))

    def subsumed(self, system: str, code: str) -> set[str]:
        """The code and all below it in a code system that was loaded."""
        if system not in self.by_url:
            return {code}
        start = [one for one in self._concepts(system) if one["code"] == code]
        below = {code}
        for one in start:
            below |= {
                found for child in one.get("concept", ()) for found in self.subsumed(system, child["code"])
            }
        return below

    def _below(self, value: Value, text: str) -> bool:
        if "|" not in text:  # a MIME type: parameters may follow
            return str(value.data).partition(";")[0] == text
        system, code = (plain(one) for one in parts(text, "|"))
        return any(
            held == system and found in self.subsumed(system, code) for held, found in self.tokens(value)
        )

    def _above(self, value: Value, text: str) -> bool:
        system, code = (plain(one) for one in parts(text, "|"))
        return any(
            held == system and found is not None and code in self.subsumed(system, found)
            for held, found in self.tokens(value)
        )

    # ------------------------------------------------------------ references and addresses

    def refer(self, text: str) -> Reference:
        """What a literal reference leads to."""
        local = text.removeprefix(f"{self.base}/")
        match = re.fullmatch(r"([A-Z]\w+)/([A-Za-z0-9.-]{1,64})(?:/_history/[^/]+)?", local)
        return Reference(match[1], match[2], text) if match else Reference(None, None, text)

    def literal(self, value: Value) -> str:
        """The literal reference or canonical address of a value; empty where there is none."""
        found = value.data.get("reference", "") if isinstance(value.data, dict) else value.data
        return "" if found.startswith("#") else str(found)

    def _reference(self, value: Value, text: str) -> bool:
        held = self.literal(value)
        if not held:
            return False
        reference, asked = self.refer(held), self.refer(plain(text))
        if asked.type is not None:
            return (reference.type, reference.id) == (asked.type, asked.id)
        if value.type != "Reference":
            return held == plain(text) or held.partition("|")[0] == plain(text)
        return plain(text) in (reference.id, held)

    def _under(self, value: Value, text: str) -> bool:
        """A canonical of that address, whatever its version or of that one; or what is part of the resource asked."""
        held = self.literal(value)
        if value.type != "Reference":
            url, _, version = held.partition("|")
            asked, _, wanted = plain(text).partition("|")
            return url == asked and (not wanted or f"{version}.".startswith(f"{wanted}."))
        return any(one in self._line(held) for one in self._named(text))

    def _over(self, value: Value, text: str) -> bool:
        if value.type != "Reference":
            return self._reference(value, text)
        return any(self._line(held)[:1] == [one] for held in [self.literal(value)]
                   for start in self._named(text) for one in self._line(start))  # fmt: skip

    def _named(self, text: str) -> list[str]:
        """Type and id of what a reference value can mean."""
        asked = self.refer(plain(text))
        return (
            [f"{asked.type}/{asked.id}"]
            if asked.type
            else [one for one in self.trees if one.endswith(f"/{text}")]
        )

    def _line(self, name: str) -> list[str]:
        """A resource, and what it is part of, up to the top."""
        reference = self.refer(name)
        found: list[str] = []
        while (place := f"{reference.type}/{reference.id}") in self.trees and place not in found:
            found.append(place)
            reference = self.refer(self.trees[place].get("partOf", {}).get("reference", ""))
        return found

    def targets(self, tree: Tree, code: str) -> list[Tree]:
        """The resources that the parameter's references lead to, as far as they are here."""
        found = []
        for value in self.values.of(tree, code):
            reference = self.refer(self.literal(value))
            if f"{reference.type}/{reference.id}" in self.trees:
                found.append(self.trees[f"{reference.type}/{reference.id}"])
        return found

    def _uri(self, value: Value, text: str) -> bool:
        return bool(value.data == plain(text))

    def _near(self, value: Value, text: str) -> bool:
        latitude, longitude, distance, unit = (*text.split("|"), "10", "km")[:4] if text.count("|") == 1 else (
            *text.split("|"), "km")[:4]  # fmt: skip
        away = kilometres(
            float(value.data["latitude"]), float(value.data["longitude"]), float(latitude), float(longitude)
        )
        return away <= float(distance) * _KILOMETRES[unit]

    # ------------------------------------------------------------ _filter

    def _compares(self, tree: Tree, comparison: Comparison) -> bool:
        """Whether the resource meets one comparison of a `_filter`."""
        code, operator, text = comparison.path, comparison.operator, comparison.value
        if "." in code:
            head, _, rest = code.partition(".")
            return any(
                self._compares(target, Comparison(rest, operator, text))
                for target in self.targets(tree, head)
                if self._has_param(target, rest)
            )
        param = self.values.param(tree["resourceType"], code)
        assert param is not None
        found = self.values.of(tree, code)
        if operator == "pr":
            return (text == "true") is any(self.is_findable(param.type, one) for one in found)
        if operator == "ni":
            return not any(self._in(one, text) for one in found)
        return any(self._filtered(param.type, operator, one, text) for one in found)

    def _filtered(self, kind: str, operator: str, value: Value, text: str) -> bool:
        if kind == "string":
            asked = fold(text)
            tests: dict[str, Callable[[str], bool]] = {
                "eq": lambda held: held == asked, "co": lambda held: asked in held,
                "sw": lambda held: held.startswith(asked), "ew": lambda held: held.endswith(asked),
                "ne": lambda held: held != asked,
            }  # fmt: skip
            return any(tests[operator](fold(one)) for one in strings(value))
        if operator == "po":
            asked_span = date_spans("dateTime", text)[0]
            return any(asked_span.meets(span) for span in date_spans(value.type, value.data))
        if kind in ("date", "number", "quantity"):
            return self._kinds[kind](value, f"{operator}{text}")
        if operator in ("ss", "sb", "in"):
            return self._modified["token", {"ss": "below", "sb": "above", "in": "in"}[operator]](value, text)
        if operator == "ne":  # of a value that has no code or address nothing can be told
            return self.is_findable(kind, value) and not self._kinds[kind](value, text)
        return self._kinds[kind](value, text)
