"""Named queries: searches that a clinic keeps under a name, from OperationDefinition resources of kind `query` to the
conditions that they stand for (R4 search.html#query, operationdefinition.html).

The conditions stand in the extension cqf-expression, one for each resource type, as x-fhir-query: a search with
FHIRPath in double braces, where `%name` is what a caller sends for a parameter of the query, e.g.
`Patient?birthdate=le{{today() - 50 years}}&general-practitioner={{%doctor}}`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from itertools import islice, product
from typing import Any, Final, NamedTuple
from urllib.parse import unquote_plus

from charthouse.base.errors import Issue, Problem, invalid
from charthouse.fhir import path
from charthouse.fhir.definitions import Definitions
from charthouse.fhir.path import Env, Expression
from charthouse.fhir.resource import Tree

TYPE: Final = "OperationDefinition"
EXPRESSION: Final = "http://hl7.org/fhir/StructureDefinition/cqf-expression"
LANGUAGE: Final = "application/x-fhir-query"
LONGEST: Final = 4000  # characters of the conditions for one type
MOST: Final = 50  # conditions, and values of a parameter
STEPS: Final = 5_000  # that one expression may take, on each search
_NAME: Final = re.compile(r"[A-Za-z][A-Za-z0-9_.-]{0,63}")
_BRACES: Final = re.compile(r"\{\{(.*?)\}\}", re.DOTALL)
_BARE: Final = re.compile(r"\s*%(?:(\w+)|`([^`\\]+)`)\s*")
_NAMED: Final = re.compile(r"%(?:(\w+)|`([^`\\]+)`)")
_SIGNS: Final = re.compile(r"[\\,|$]")  # which part values

Pairs = Sequence[tuple[str, str]]


class Input(NamedTuple):
    """A parameter of a query; `most` None = any number of times."""

    name: str
    least: int
    most: int | None


class Variable(NamedTuple):
    """The texts that were sent for a parameter, as they are."""

    name: str


class Part(NamedTuple):
    """One condition: the name of a search parameter, and what its value is put together from."""

    name: str
    pieces: tuple[str | Variable | Expression, ...]


class Filled(NamedTuple):
    """A condition with its value, and the parameter of the query that the value is from ("" where of several, or
    none)."""

    name: str
    text: str
    place: str


class Named(NamedTuple):
    """A query on one type, ready to be filled in."""

    code: str
    url: str
    inputs: tuple[Input, ...]
    parts: tuple[Part, ...]

    @property
    def names(self) -> frozenset[str]:
        """The names of its parameters."""
        return frozenset(one.name for one in self.inputs)

    def filled(self, sent: Pairs, moment: datetime) -> list[Filled]:
        """The conditions for a caller who sends these parameters; `moment` is that of `today()` and `now()`.

        A condition falls away where a parameter it rests on was not sent. Raises `Problem(invalid)` for a parameter
        that is missing, or was sent too often."""
        given: dict[str, list[str]] = {one.name: [] for one in self.inputs}
        for name, text in sent:
            if name in given:
                given[name].append(text)
        for one in self.inputs:
            self._check(one, len(given[one.name]))
        env = Env(variables=given, now=moment, budget=STEPS)
        return [filled for part in self.parts for filled in _filled(part, given, env)]

    def _check(self, one: Input, count: int) -> None:
        if count < one.least:
            raise invalid(
                "required", f'The query "{self.code}" needs "{one.name}".', place=one.name,
                repair=f"Add {one.name}=… to the search.",
            )  # fmt: skip
        if count > (MOST if one.most is None else one.most):
            raise invalid(
                "value", f'The query "{self.code}" takes "{one.name}" {one.most or MOST} times at most.',
                place=one.name, repair="Send it less often.",
            )  # fmt: skip


class Listed(NamedTuple):
    """A named query for those who want to know what there is."""

    type: str
    code: str
    url: str


def is_query(tree: Tree) -> bool:
    """Whether it is a query that is in use."""
    return tree.get("resourceType") == TYPE and tree.get("kind") == "query" and tree.get("status") == "active"


def types(tree: Tree) -> list[str]:
    """The resource types that it has conditions for, in their order."""
    return list(dict.fromkeys(text.partition("?")[0] for _, text in _expressions(tree)))


def read(tree: Tree, type: str, definitions: Definitions) -> Named:
    """The query as it is asked of `type`. Raises `Problem(invalid)` for what does not hold, or says nothing of it."""
    found = [(place, text) for place, text in _expressions(tree) if text.partition("?")[0] == type]
    if not found:
        raise invalid(
            "not-supported", f'The query "{tree.get("code")}" has no conditions for {type}.', place="_query",
            repair=f"Give it an extension {EXPRESSION} in {LANGUAGE} that begins with {type}?.",
        )  # fmt: skip
    inputs = tuple(_inputs(tree))
    place, text = found[0]
    parts = tuple(_parts(text, place, inputs, definitions))
    return Named(str(tree.get("code")), str(tree.get("url") or ""), inputs, parts)


def wrong(tree: Tree, definitions: Definitions) -> list[Issue]:
    """What keeps a query from being answered, as far as it can be seen in itself; nothing for one that is not in use,
    or has no conditions that are understood here."""
    if not is_query(tree) or not any(True for _ in _expressions(tree)):
        return []
    found: list[Issue] = []
    code = tree.get("code")
    if not isinstance(code, str) or not _NAME.fullmatch(code):
        message = "The name of a query is a letter, and then letters, digits, - _ and dots, 64 at most."
        found.append(Issue("business-rule", message, f"{TYPE}.code", str(code), "Choose such a name."))
    resources = tree.get("resource") or ()
    for index, one in enumerate(tree.get("parameter") or ()):
        name = str(one.get("name"))
        if one.get("use") == "in" and not _NAME.fullmatch(name):
            message = "A parameter of a query is named by a letter, and then letters, digits, - _ and dots."
            found.append(
                Issue("business-rule", message, f"{TYPE}.parameter[{index}].name", name, "Rename it.")
            )
    inputs = tuple(_inputs(tree))
    for place, text in _expressions(tree):
        type = text.partition("?")[0]
        if type not in resources:
            message = "The conditions are for a type that is not among the resources of the query."
            found.append(Issue("business-rule", message, place, text, f'Write e.g. "{_any(resources)}?…".'))
            continue
        try:
            parts = list(_parts(text, place, inputs, definitions))
            _tried(parts, inputs, place, text)
        except Problem as failure:
            found += failure.issues
            continue
        found += _unknown(parts, type, place, definitions)
    return found


# -- one query


def _expressions(tree: Tree) -> Iterator[tuple[str, str]]:
    """Where its conditions stand, and how they read."""
    for index, one in enumerate(tree.get("extension") or ()):
        asked = one.get("valueExpression") or {}
        if one.get("url") == EXPRESSION and asked.get("language") == LANGUAGE:
            yield f"{TYPE}.extension[{index}].value.expression", str(asked.get("expression") or "")


def _inputs(tree: Tree) -> Iterator[Input]:
    for one in tree.get("parameter") or ():
        if one.get("use") == "in" and _NAME.fullmatch(str(one.get("name"))):
            most = str(one.get("max") or "1")
            least = one.get("min") or 0
            yield Input(str(one.get("name")), int(least), int(most) if most.isdigit() else None)


def _parts(text: str, place: str, inputs: Sequence[Input], definitions: Definitions) -> Iterator[Part]:
    """The conditions of `Type?name=value&…`."""
    if len(text) > LONGEST:
        raise _bad(
            f"The conditions are longer than {LONGEST} characters.", place, text, "Write them shorter."
        )
    names = {one.name for one in inputs}
    pieces: list[str | Variable | Expression] = []
    count = 0
    for is_expression, piece in _split(text.partition("?")[2]):
        if is_expression:
            pieces.append(_piece(piece, place, names, definitions))
            continue
        first, *others = piece.split("&")
        pieces.append(first)
        for other in others:
            if part := _part(pieces, place, text):
                yield part
            count += 1
            pieces = [other]
    if part := _part(pieces, place, text):
        yield part
    if count >= MOST:
        raise _bad(f"These are more than {MOST} conditions.", place, text, "Take some out.")


def _split(text: str) -> Iterator[tuple[bool, str]]:
    """What stands between double braces (True), and what outside of them."""
    for index, piece in enumerate(_BRACES.split(text)):
        yield index % 2 == 1, piece


def _piece(text: str, place: str, names: Iterable[str], definitions: Definitions) -> Variable | Expression:
    bare = _BARE.fullmatch(text)
    name = bare and (bare[1] or bare[2])
    if name and name in names:
        return Variable(name)
    try:
        return path.compile(text, TYPE, definitions)
    except Problem as failure:
        issue = failure.issues[0]
        raise _bad(issue.message, place, text, issue.repair or "Write it as FHIRPath.") from None


def _part(pieces: Sequence[str | Variable | Expression], place: str, text: str) -> Part | None:
    """The condition that stands between two &."""
    first, *rest = pieces
    name, sign, value = str(first).partition("=") if isinstance(first, str) else ("", "", "")
    if not name and not value and not rest:
        return None
    if not name or not sign:
        repair = "Write name=value, with & between the conditions and braces in values only."
        raise _bad("A condition has no name, or no value.", place, text, repair)
    if any(isinstance(one, str) and ("{{" in one or "}}" in one) for one in pieces):
        raise _bad("Double braces are not closed, or not opened.", place, text, "Write {{ … }}.")
    name = unquote_plus(name)
    if name == "_query" or (name in ("_contained", "_containedType", "_score", "_summary", "_elements")):
        raise _bad(f'"{name}" is no condition of a query.', place, name, "Take it out.")
    texts = [value, *rest]
    return Part(name, tuple(unquote_plus(one) if isinstance(one, str) else one for one in texts if one != ""))


def _tried(parts: Sequence[Part], inputs: Sequence[Input], place: str, text: str) -> None:
    """Refuse expressions that rest on something unknown."""
    env = Env(variables={one.name: [] for one in inputs}, budget=STEPS)
    for piece in (piece for part in parts for piece in part.pieces if isinstance(piece, Expression)):
        try:
            piece.typed({"resourceType": TYPE}, env)
        except Problem as failure:
            issue = failure.issues[0]
            known = ", ".join(f"%{one.name}" for one in inputs) or "no parameter"
            raise _bad(issue.message, place, issue.value or text, f"The query has {known}.") from None


def _unknown(parts: Iterable[Part], type: str, place: str, definitions: Definitions) -> Iterator[Issue]:
    """Search parameters that the type has not; what leads on to others is told by the search."""
    known = definitions.search_params(type)
    for name in dict.fromkeys(part.name for part in parts):
        code = name.partition(":")[0].partition(".")[0]
        if not code.startswith("_") and code not in known:
            message = f'{type} has no search parameter "{code}".'
            yield Issue("business-rule", message, place, name, f"{type} has {', '.join(sorted(known)[:20])}.")


# -- filling in


def _filled(part: Part, given: dict[str, list[str]], env: Env) -> Iterator[Filled]:
    """The condition with each of the values that one piece has; none where one has nothing."""
    values: list[Sequence[str]] = []
    names: set[str] = set()
    for piece in part.pieces:
        if isinstance(piece, str):
            values.append((piece,))
        elif isinstance(piece, Variable):
            values.append(given[piece.name])
            names.add(piece.name)
        else:
            found = [_text(value) for value, _ in piece.typed({"resourceType": TYPE}, env)]
            values.append([",".join(found)] if found else _nothing(piece, given))
            names.add("")
    place = names.pop() if len(names) == 1 else ""
    for texts in islice(product(*values), MOST + 1):
        yield Filled(part.name, "".join(texts), place)


def _nothing(piece: Expression, given: dict[str, list[str]]) -> Sequence[str]:
    """No value, where a parameter that the expression rests on was not sent; otherwise what was sent is wrong, and
    leaving the condition out would find more than was asked for."""
    rests = dict.fromkeys(
        one or other for one, other in _NAMED.findall(piece.text) if (one or other) in given
    )
    if any(not given[name] for name in rests):
        return ()
    place = next(iter(rests)) if len(rests) == 1 else "_query"
    raise invalid(
        "value", f"No value comes of {{{{{piece.text}}}}}.", place=place,
        value=", ".join(text for name in rests for text in given[name]) or None,
        repair="Send a value of the kind that the query asks for.",
    )  # fmt: skip


def _text(value: Any) -> str:
    """A result as one value of a search, in which nothing parts it."""
    text = ("true" if value else "false") if isinstance(value, bool) else str(value)
    return _SIGNS.sub(r"\\\g<0>", text)


def _bad(message: str, place: str, value: str, repair: str) -> Problem:
    return invalid("business-rule", message, place=place, value=value, repair=repair)


def _any(resources: Sequence[Any]) -> str:
    return str(resources[0]) if resources else "Patient"
