"""One condition of a search: what its name says (parameter, modifier, chain), and its values read by that."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Final, cast

from charthouse.base.errors import Problem, invalid
from charthouse.search import values
from charthouse.search.known import LATER, Book, Known, Reader, too_many, unsupported
from charthouse.search.lists import functional
from charthouse.search.query import (
    MAX_FOLLOWED,
    MAX_HOPS,
    MAX_LISTED,
    MAX_RANGES,
    MAX_READ,
    MAX_STEPS,
    Branch,
    Criterion,
    Formula,
    Hop,
    Kind,
    Link,
    Pair,
    Value,
)
from charthouse.store.index import Source

_MODIFIERS: Final = frozenset((
    "missing", "exact", "contains", "not", "text", "in", "not-in", "below", "above", "type", "identifier",
    "of-type", "iterate", "recurse",
))  # fmt: skip
_LISTED: Final = frozenset((Kind.TOKEN, Kind.REFERENCE, Kind.URI, Kind.ID))  # whose alternatives are one list
_USABLE: Final = {
    Kind.STRING: "Leave the modifier out (start of the text) or use :exact, :contains or :missing.",
    Kind.TOKEN: "Leave the modifier out or use :not, :text, :in, :not-in, :below, :above or :missing.",
    Kind.REFERENCE: "Leave the modifier out, name a type, e.g. :Patient, or use :identifier, :text or :missing; "
    ":below and :above where it leads to a hierarchy, e.g. of places.",
    Kind.URI: "Leave the modifier out or use :below, :above or :missing.",
}
_BY_ID: Final = ("_id", "_lastUpdated")  # which every resource has
# (kind, modifier) that only changes what is compared -> how its values are read.
_MODES: Final[dict[tuple[Kind, str], Reader]] = {
    (Kind.STRING, "contains"): values.string,
    (Kind.TOKEN, "text"): values.string,
    (Kind.REFERENCE, "text"): values.string,
    (Kind.REFERENCE, "identifier"): values.token,
    (Kind.URI, "below"): values.address,
    (Kind.URI, "above"): values.address,
}  # fmt: skip

WHOLE: Final = "-whole"  # what only a filter can ask: the whole text, its end, ranges that overlap
ENDS: Final = "-ends"
UNEQUAL: Final = "-unequal"
_OF_FILTERS: Final = (WHOLE, ENDS)

Touch = Callable[[str, str], None]


class Criteria:
    """Reads conditions on any type; `touch` is told each (type, parameter) that one rests on."""

    nowhere = Source(())

    def __init__(self, book: Book, touch: Touch, *, filtering: bool = False) -> None:
        """`filtering`: these are the comparisons of a filter, not parameters."""
        self._book = book
        self._touch = touch
        self._filtering = filtering
        self._read = 0
        self._followed = 0

    def read(self, type: str, name: str, text: str, *, depth: int = 0) -> Criterion:
        """The condition `name=text` on `type`. Raises `Problem` naming what is wrong with it."""
        self._count(name)
        known = self._book.of(type).get(name)
        if known is None:
            if name == "_list":
                return self._list(type, text)
            if name.startswith("_has:") or "." in name:
                step = self._reverse if name.startswith("_has:") else self._chain
                try:
                    return step(type, name, text, depth)
                except Problem as failure:
                    raise placed(failure, name) from None
        param, negated, mode = (known, False, "") if known else self._modified(type, name)
        self._touch(type, param.code)
        if not text:
            raise invalid(
                "value", f'"{name}" has no value.', place=name,
                repair="Give it a value or leave the parameter out.",
            )  # fmt: skip
        check_text(name, text)
        if param.kind is Kind.COMPOSITE and not mode:
            parts = tuple(self._pair(type, param, name, part) for part in _alternatives(param, name, text))
            return Criterion(name, param.kind, param.source, parts, False, "", param.code)
        if self._filtering and param.kind in (Kind.DATE, Kind.UPDATED) and not mode:
            param = param._replace(read=partial(values.date, is_filter=True))
        if param.kind is Kind.SPECIAL:
            mode = param.code
        found = _values(param, name, text)
        return Criterion(name, param.kind, param.source, found, negated, mode, param.code)

    def _count(self, name: str) -> None:
        """Refuse a search whose chains part into very many."""
        self._read += 1
        if self._read > MAX_READ:
            raise too_many(f'"{name}" and the other conditions lead to too many types', name, MAX_READ)

    def kind(self, type: str, path: str) -> Kind:
        """The kind of the parameter at the end of a path (a chain, perhaps). Raises `Problem` where there is none."""
        self._count(path)
        first, dot, rest = path.partition(".")
        if path.startswith("_has:") and path.count(":") >= 3:
            _, other, _, rest = path.split(":", 3)
            if not self._book.definitions.is_resource(other):
                raise invalid("value", f'"{other}" is not a resource type.', place=path, value=other)
            return self.kind(other, rest)
        code, _, target = first.partition(":")
        param = self._book.of(type).get(code)
        if param is None:
            raise self._book.missing(type, code, path)
        if not dot:
            return param.kind
        if target and not self._book.definitions.is_resource(target):
            raise invalid("value", f'"{target}" is not a resource type.', place=path, value=target)
        following = rest.partition(".")[0].partition(":")[0]
        refusal: Problem | None = None
        for other in (target,) if target else self._book.targets(param):
            if not (target or rest.startswith("_has:") or following in self._book.of(other)):
                continue
            try:
                return self.kind(other, rest)
            except Problem as failure:
                refusal = refusal or failure
                if is_costly(failure):
                    break
        raise refusal or self._book.missing(type, code, path)

    # -- parameters and modifiers

    def _modified(self, type: str, name: str) -> tuple[Known, bool, str]:
        """The parameter behind a name with a modifier, whether it is negated, and the mode; else why not."""
        code, _, modifier = name.partition(":")
        param = self._book.of(type).get(code)
        if param is None:
            raise self._book.missing(type, code, name)
        kind = param.kind
        if (
            modifier == "missing"
            and code not in _BY_ID
            and kind not in (Kind.COMPOSITE, Kind.SPECIAL, Kind.WORDS)
        ):
            return param._replace(read=values.truth), False, modifier
        if param.is_sound:
            kind = Kind.SPECIAL  # whose values are compared in one way only
        if modifier == "exact" and kind is Kind.STRING:
            return param._replace(read=values.exact), False, ""
        if modifier == "not" and kind is Kind.TOKEN:
            return param, True, ""
        if modifier in values.AMONG and kind is Kind.TOKEN:
            return param._replace(read=values.AMONG[modifier]), modifier == "not-in", ""
        if modifier == "of-type" and kind is Kind.TOKEN and param.is_identifier:
            return param._replace(read=values.typed), False, modifier
        if self._filtering and (modifier == UNEQUAL or (modifier in _OF_FILTERS and kind is Kind.STRING)):
            read = values.string if kind is Kind.STRING else param.read
            return param._replace(read=read), False, modifier
        if (kind, modifier) in _MODES and (modifier != "identifier" or not param.is_canonical):
            return param._replace(read=_MODES[kind, modifier]), False, modifier
        if kind is Kind.REFERENCE and modifier in ("below", "above"):
            trees = {other: tree for other in param.targets if (tree := self._book.hierarchy(other))}
            if trees:
                return param._replace(read=partial(self._branch, trees)), False, modifier
        if kind is Kind.REFERENCE and self._book.definitions.is_resource(modifier):
            check_target(param, modifier, name)
            return param._replace(read=self._book.reference_reader((modifier,))), False, ""
        repair = _USABLE.get(kind, "Leave the modifier out, or use :missing.")
        if modifier in _MODIFIERS:
            raise unsupported(f'The modifier ":{modifier}" is not supported on "{code}".', name, repair)
        raise invalid(
            "value", f'"{code}" has no modifier ":{modifier}".', place=name, value=modifier, repair=repair
        )

    def _branch(self, trees: Mapping[str, Known], name: str, text: str) -> Branch:
        """A place in a hierarchy of one of the types of `trees`."""
        link = cast(Link, self._book.reference_reader(tuple(trees))(name, text))
        types = [type for type in link.types if link.address is None]
        for type in types:
            self._touch(type, trees[type].code)
        return Branch(link, tuple((type, trees[type].source) for type in types))

    def _pair(self, type: str, param: Known, name: str, text: str) -> Pair:
        """The parts of a composite value, each read by its component (R4 search.html#composite)."""
        parts = values.split(text, "$")
        if len(parts) != len(param.parts) or not all(parts):
            raise invalid(
                "value", f'"{name}" takes {len(param.parts)} values with $ between them.', place=name, value=text,
                repair=f"Write {'$'.join(part.code for part in param.parts)}; a $ inside a value is written \\$.",
            )  # fmt: skip
        found: list[Criterion] = []
        for part, asked in zip(param.parts, parts, strict=True):
            self._touch(type, part.code)
            found.append(
                Criterion(name, part.kind, part.source, (part.read(name, asked),), False, "", part.code)
            )
        return Pair(tuple(found))

    # -- along references

    def _chain(self, type: str, name: str, text: str, depth: int) -> Criterion:
        """`reference.rest` and `reference:Type.rest` (R4 search.html#chaining)."""
        first, _, rest = name.partition(".")
        code = rest.partition(".")[0].partition(":")[0]

        def follow(target: str) -> Criterion:
            return self.read(target, rest, text, depth=depth + 1)

        return self.through(type, name, first, "" if rest.startswith("_has:") else code, follow, depth)

    def through(
        self, type: str, name: str, first: str, following: str, follow: Callable[[str], Criterion], depth: int
    ) -> Criterion:
        """That the reference `first` (`reference` or `reference:Type`) leads to a resource that meets what
        `follow(its type)` reads; to types that have the parameter `following`, or to any where that is empty."""
        code, _, target = first.partition(":")
        known = self._book.of(type)
        param = known.get(code)
        if param is None and code in LATER:
            raise self._book.missing(type, code, name)
        if param is None or param.kind is not Kind.REFERENCE:
            raise invalid(
                "not-found", f'"{name}" goes through "{code}", which is no reference parameter here.', place=name,
                value=name, repair="Only references can be searched through.",
            )  # fmt: skip
        _check_depth(name, depth)
        self._touch(type, code)
        if target:
            if not self._book.definitions.is_resource(target):
                raise invalid("value", f'"{target}" is not a resource type.', place=name, value=target)
            check_target(param, target, name)
            targets: Sequence[str] = (target,)
        else:
            targets = self._book.targets(param)
        hops = self._hops(targets, name, following, follow)
        return Criterion(name, Kind.CHAIN, param.source, tuple(hops), False, "", code)

    def _hops(
        self, targets: Sequence[str], name: str, code: str, follow: Callable[[str], Criterion]
    ) -> list[Hop]:
        """The condition on each type that the reference can lead to and that has the parameter."""
        hops: list[Hop] = []
        refusal: Problem | None = None
        for target in targets:
            if len(targets) > 1 and code and code not in self._book.of(target):
                continue
            self._followed += 1  # what is refused at each of them comes here again and again, step by step
            if self._followed > MAX_FOLLOWED:
                raise invalid(
                    "too-costly", f'"{name}" leads to too many types.', place=name, value=name,
                    repair=f"Name the type of each reference, e.g. {name.partition('.')[0]}:{target}.",
                )  # fmt: skip
            try:
                hops.append(Hop(target, follow(target)))
            except Problem as failure:
                if is_costly(failure):
                    raise
                refusal = refusal or failure
        if not hops:
            raise refusal or invalid(
                "not-found", f'No type that "{name}" leads to has a search parameter "{code}".', place=name,
                value=name, repair=f"It leads to {', '.join(targets[:8])}.",
            )  # fmt: skip
        if len(hops) > MAX_HOPS:
            raise invalid(
                "too-costly", f'"{name}" leads to too many types.', place=name, value=name,
                repair=f"Name the type, e.g. {name.partition('.')[0]}:{hops[0].type}.{code}.",
            )  # fmt: skip
        return hops

    def _reverse(self, type: str, name: str, text: str, depth: int) -> Criterion:
        """`_has:Type:reference:rest` (R4 search.html#has)."""
        parts = name.split(":", 3)
        if len(parts) < 4 or not all(parts):
            raise invalid(
                "value", '"_has" is written _has:Type:reference:parameter.', place=name, value=name,
                repair="Write e.g. _has:Observation:subject:code=8480-6.",
            )  # fmt: skip
        _, other, code, rest = parts
        if not self._book.definitions.is_resource(other):
            raise invalid("value", f'"{other}" is not a resource type.', place=name, value=other)
        _check_depth(name, depth)
        param = self._book.of(other).get(code)
        if param is None:
            raise self._book.missing(other, code, name)
        if param.kind is not Kind.REFERENCE:
            raise invalid("value", f'"{other}:{code}" is no reference.', place=name, value=code)
        check_target(param, type, name)
        self._touch(other, code)
        hop = Hop(other, self.read(other, rest, text, depth=depth + 1))
        return Criterion(name, Kind.REVERSE, param.source, (hop,), False, "", "_has")

    def _list(self, type: str, text: str) -> Criterion:
        """`_list=id`: what the entries of a List refer to; `_list=$name`: what is on a functional list
        (R4 search.html#list)."""
        if text.startswith("$"):
            held = [self.read(type, name, asked) for name, asked in functional(type, text)]
            return Criterion(
                "_list", Kind.FORMULA, self.nowhere, (Formula("and", tuple(held)),), False, "", "_list"
            )
        if not text:
            raise invalid("value", '"_list" has no value.', place="_list", repair="Give the id of a List.")
        check_text("_list", text)
        found = self._reverse(type, "_has:List:item:_id", text, 0)
        return found._replace(name="_list", code="_list")


def placed(failure: Problem, name: str) -> Problem:
    """The same refusal, said of the parameter as it was sent."""
    return Problem(failure.category, tuple(replace(issue, place=name) for issue in failure.issues))


def is_costly(failure: Problem) -> bool:
    """Whether a search was refused because it asks too much at once."""
    return failure.issues[0].code == "too-costly"


def _values(param: Known, name: str, text: str) -> tuple[Value, ...]:
    read = param.read
    if "," not in text:
        return (read(name, text),)
    return tuple(dict.fromkeys(read(name, part) for part in _alternatives(param, name, text)))


def _alternatives(param: Known, name: str, text: str) -> list[str]:
    parts = values.alternatives(text)
    if "" in parts:
        raise invalid(
            "value", f'"{name}" has an empty value between commas.', place=name, value=text,
            repair="Remove the comma, or write \\, for a comma inside a value.",
        )  # fmt: skip
    most = MAX_LISTED if param.kind in _LISTED else MAX_RANGES
    if len(parts) > most:
        raise too_many(f'"{name}" has {len(parts)} values', name, most)
    return parts


def _check_depth(name: str, depth: int) -> None:
    if depth >= MAX_STEPS:
        raise too_many("The search walks along too many references", name, MAX_STEPS)


def check_target(param: Known, type: str, name: str) -> None:
    """Refuse a type that a reference parameter never leads to."""
    if not param.refers_to(type):
        raise invalid(
            "value", f'"{param.code}" does not refer to {type}.', place=name, value=type,
            repair=f"It refers to {', '.join(param.targets[:8])}.",
        )  # fmt: skip


def check_text(name: str, text: str) -> None:
    """Refuse what no database text can hold: NUL, and halves of characters."""
    if "\x00" in text or not (text.isascii() or _is_whole(text)):
        raise invalid(
            "value", f'"{name}" holds a character that is not text.', place=name, value=ascii(text),
            repair="Percent-encode the value as UTF-8.",
        )  # fmt: skip


def _is_whole(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True
