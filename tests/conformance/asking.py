"""Turns a search that a guide declares into requests, with values taken from resources that are there."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any, Literal

from tests.conformance.answers import BASE, TEXTS, Answers
from tests.conformance.declared import Parameter, Search

Tree = dict[str, Any]
Params = tuple[tuple[str, str], ...]
Forms = Literal["all", "once", "one"]
LONGEST = 12  # letters of a text that is asked for


class Asking:
    """Makes requests; `most` resources of a profile give the values for each search."""

    def __init__(self, answers: Answers, most: int = 1, *, forms: Forms = "once") -> None:
        self._answers = answers
        self._most = most
        self._forms = forms
        self._asked: Counter[tuple[str, str]] = Counter()

    def seeds(self, search: Search) -> list[Tree]:
        """Resources that have a value for all parameters: those of the profile first."""
        wanted = [self._parameter(search.type, name) for name in search.names]
        fit = [
            one
            for one in self._answers.of(search.type)
            if all(self._answers.values(parameter, one) for parameter in wanted)
        ]
        own = [one for one in fit if search.profile in one.get("meta", {}).get("profile", ())]
        return spread(own or fit, self._most)

    def without(self, search: Search) -> list[str]:
        """The parameters for which no resource of the type has a value."""
        wanted = {name: self._parameter(search.type, name) for name in search.names}
        having = self._answers.of(search.type)
        return [
            name
            for name, parameter in wanted.items()
            if not any(self._answers.values(parameter, one) for one in having)
        ]

    def requests(self, search: Search, seed: Tree) -> Iterator[Params]:
        """The search as it stands; then its parameters in other forms, one at a time, with the others as they stand.

        By `forms` a parameter of a type is asked in `all` its forms each time, in all of them `once` and then in one
        more each time, or always in `one` more.
        """
        plain = [(name, self.forms(search.type, name, seed)) for name in search.names]
        yield tuple((name, forms[0]) for name, forms in plain)
        for place, (name, forms) in enumerate(plain):
            rest = [(other, held[0]) for at, (other, held) in enumerate(plain) if at != place]
            parameter = self._parameter(search.type, name)
            other: list[Params] = [(*rest[:place], (name, form), *rest[place:]) for form in forms[1:]]
            if parameter.is_and:
                other.append((*rest, *((name, text) for text in self._both(parameter, seed, forms))))
            for chain in parameter.chains:
                other += self._chained(parameter, chain, seed, rest)
            count = self._asked[search.type, name]
            self._asked[search.type, name] += 1
            is_whole = self._forms == "all" or (self._forms == "once" and not count)
            yield from other if is_whole else other[count % len(other) :][:1]

    def forms(self, type: str, name: str, seed: Tree) -> list[str]:
        """Ways to ask for a value of the seed; the first is the plainest."""
        parameter = self._parameter(type, name)
        found = FORMS[parameter.kind](self._answers.elements(parameter, seed), parameter)
        if parameter.is_or and (other := self._other(parameter, seed)):
            found.append(f"{other},{found[0]}")
        return list(dict.fromkeys(found))

    def _other(self, parameter: Parameter, seed: Tree) -> str | None:
        """A value that the seed does not have, of another resource."""
        mine = self._answers.values(parameter, seed)
        for one in reversed(self._answers.of(parameter.type)):
            theirs = self._answers.values(parameter, one)
            if theirs and not set(theirs) & set(mine):
                return FORMS[parameter.kind](self._answers.elements(parameter, one), parameter)[0]
        return None

    def _both(self, parameter: Parameter, seed: Tree, forms: Sequence[str]) -> tuple[str, str]:
        """Two conditions that the seed meets at once."""
        if parameter.kind == "date":
            start, end = _ends(self._answers.elements(parameter, seed)[0])
            return f"ge{start[:10]}", f"le{end[:10]}"
        last = FORMS[parameter.kind](self._answers.elements(parameter, seed)[-1:], parameter)
        return forms[0], (last or forms)[0]

    def _chained(
        self, parameter: Parameter, chain: str, seed: Tree, rest: list[tuple[str, str]]
    ) -> Iterator[Params]:
        """Through a reference of the seed to what its target has."""
        for reference in self._answers.values(parameter, seed):
            type, _, id = reference.partition("/")
            if self._answers.has(reference) and (type, chain) in self._answers.parameters:
                for form in self.forms(type, chain, self._answers.resources[type][id]):
                    yield (*rest, (f"{parameter.code}.{chain}", form))

    def _parameter(self, type: str, name: str) -> Parameter:
        return self._answers.parameters[type, name]


def spread(items: list[Tree], most: int) -> list[Tree]:
    """The first, the last, and some between, `most` in all."""
    if len(items) <= most:
        return items
    step = (len(items) - 1) / max(most - 1, 1)
    return [items[round(at * step)] for at in range(most)]


# --- ways to write a value --------------------------------------------------------------------------------------


def _tokens(elements: list[Any], parameter: Parameter) -> list[str]:
    found: list[str] = []
    for element in elements:
        if isinstance(element, str):
            found.append(element)
            continue
        for one in element.get("coding", [element]):
            code = one.get("value", one.get("code"))
            if code is not None:
                found.append(code)
                if "system" in one:
                    found += [f"{one['system']}|{code}", f"{one['system']}|"]
    return found


def _references(elements: list[Any], parameter: Parameter) -> list[str]:
    text = elements[0] if isinstance(elements[0], str) else elements[0]["reference"]
    if "://" in text:
        return [text, text.partition("|")[0]]
    return [text, text.partition("/")[2], BASE + text]


def _strings(elements: list[Any], parameter: Parameter) -> list[str]:
    texts: list[str] = []
    for element in elements:
        parts = (
            [element] if isinstance(element, str) else [element[name] for name in element if name in TEXTS]
        )
        texts += [one for part in parts for one in (part if isinstance(part, list) else [part]) if one]
    short = [text.partition(",")[0][:LONGEST].strip() for text in texts]
    return [one for text in short for one in (text, text.upper(), text[:3])]


def _dates(elements: list[Any], parameter: Parameter) -> list[str]:
    start, end = _ends(elements[0])
    whole = [start if isinstance(elements[0], str) else f"ge{start}"]  # no date contains a whole period
    texts = (start, end[:7]) if sum(map(ord, start)) % 2 else (end[:7], start)
    prefixed = [prefix + texts[at % 2] for at, prefix in enumerate(parameter.prefixes)]
    return [*whole, start[:4], start[:7], start[:10], *prefixed]


def _ends(element: Any) -> tuple[str, str]:
    if isinstance(element, str):
        return element, element
    start = element.get("start") or element["end"]
    return start, element.get("end") or start


FORMS = {"token": _tokens, "reference": _references, "string": _strings, "date": _dates}
