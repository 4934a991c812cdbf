"""Conditions that lead to other resources, or that only the resource itself can tell, worked out before the search.

What is few is worked out at once: then it is a list of keys, which leads to the matches like any other
condition. What is many is asked of each candidate. Whatever is walked through must be open to the
actor, as if the record held nothing else.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, cast

from charthouse.base.errors import Category, problem
from charthouse.db.connect import Connection
from charthouse.search import clause, proof, words
from charthouse.search.clause import END_OF_TEXT, Clause, clauses
from charthouse.search.counting import nearer
from charthouse.search.criteria import ENDS, UNEQUAL, WHOLE
from charthouse.search.gather import Gathering
from charthouse.search.names import Names
from charthouse.search.query import (
    SUBJECT,
    Branch,
    Criterion,
    Formula,
    Hop,
    Inside,
    Kind,
    Link,
    Pair,
    Text,
    Token,
    Typed,
)
from charthouse.search.ranges import Test
from charthouse.search.text import EVERYTHING, NOTHING, Fragment, Texts, both
from charthouse.store.index import LONGEST, Source
from charthouse.store.index.extract import CONTAINED

FEW: Final = 1000  # resources up to which those that a step leads to are listed
LISTED: Final = 20_000  # resources with certain words up to which they are listed on SQLite
DEEPEST: Final = 16  # steps up or down a hierarchy
_TEXTS: Final = {"contains": "string_contains", WHOLE: "string_whole", ENDS: "string_ends"}
_ROW: Final = re.compile(r"\br\.")


@dataclass(frozen=True, slots=True)
class Resolver:
    """Makes clauses of criteria, for one search at one moment (`at`, ms)."""

    connection: Connection
    names: Names
    texts: Texts
    proofs: proof.Proofs
    open: Gathering
    at: int

    def clauses(self, type: str, criteria: Sequence[Criterion]) -> list[Clause]:
        """The clauses of conditions on `type`."""
        found = clauses(self.connection, self.names, type, [one for one in criteria if one.is_plain], self.at)
        closely: list[Criterion] = []
        for one in criteria:
            if one.is_plain:
                continue
            made = self._made(type, one)
            found += made or ()
            if made is None:
                closely.append(one)
        for one in closely:
            found.append(self._looked_into(type, one, found))
        return found

    # -- conditions that SQL can tell

    def _made(self, type: str, one: Criterion) -> list[Clause] | None:
        """The clauses of a condition; None where each candidate has to be looked into."""
        number = self.names.types[type]
        if one.mode == "missing":
            return [self._missing(type, one)]
        if one.mode == UNEQUAL:
            return [self._unequal(type, one)]
        if one.mode == SUBJECT:
            return [self._subject(type, one)]
        if one.kind is Kind.REFERENCE and one.mode in ("below", "above"):
            return [self._hierarchy(type, one)]
        if one.kind is Kind.CHAIN:
            return [self._chain(type, one)]
        if one.kind is Kind.REVERSE:
            return [self._reverse(type, one)]
        if one.kind is Kind.FORMULA:
            parts = [self._formula(type, cast(Formula, value)) for value in one.values]
            return [clause.given(_joined(parts, " AND "), number, one.name)]
        if one.kind is Kind.COMPOSITE:
            return self._composite(type, one)
        if one.kind is Kind.INSIDE:
            return self._itself(type, one)
        if one.kind is Kind.WORDS:
            return [self._worded(number, one)]
        params = self.names.params(self.connection, type, one.source.codes)
        if one.mode in _TEXTS:
            if params and one.mode != WHOLE and self._any_cut(params):
                return None
            return [clause.valued(one.kind, params, _texts(one) if params else (), number, one.name)]
        if one.mode in ("below", "above"):
            return [clause.valued(one.kind, params, self._addresses(one) if params else (), number, one.name)]
        return None

    def _missing(self, type: str, one: Criterion) -> Clause:
        """That a resource has no value, or has one (R4 search.html#modifiers)."""
        params = self.names.params(self.connection, type, one.source.codes)
        number = self.names.types[type]
        wanted = set(one.values)
        if len(wanted) == 2:
            return clause.given(EVERYTHING, number, one.name)
        if not params:
            return clause.given(EVERYTHING if True in wanted else NOTHING, number, one.name)
        if one.source.target is not None:
            sql = self.texts.format(
                self.texts.steps.refers_to_type, ("params", self.texts.listed(len(params)))
            )
            has = Fragment(sql, (*params, self.names.types[one.source.target]))
            fragment = Fragment(f"NOT {has.sql}", has.args) if True in wanted else has
            return clause.given(fragment, number, one.name)
        absent = self.texts.absent(clause.table(one.kind), len(params))
        sql = absent if True in wanted else f"NOT ({absent})"
        return clause.given(Fragment(sql, params), number, one.name)

    def _unequal(self, type: str, one: Criterion) -> Clause:
        """That one of the values is another than the one asked for (R4 search_filter.html, `ne`).

        A value that stands in several index rows (a concept of several codes, a reference to a version) is another one
        only where none of them is met, so what has rows of both kinds is looked into.
        """
        params = self.names.params(self.connection, type, one.source.codes)
        number = self.names.types[type]
        if not params:
            return clause.nothing(number, one.name)
        if one.kind is Kind.STRING:
            tests = _texts(one._replace(mode=WHOLE))
        else:
            plain = clauses(self.connection, self.names, type, [one._replace(mode="")], self.at)
            tests = list(plain[0].tests)
        if not tests:  # nothing here has that value
            return self._missing(type, one._replace(values=(False,)))
        args = (*params, *(arg for test in tests for arg in test.args))
        target = () if one.source.target is None else (self.names.types[one.source.target],)
        sql = self.texts.unlike(clause.table(one.kind), len(params), tests, of_type=bool(target))
        unlike = clause.given(Fragment(sql, (*args, *target)), number, one.name)
        if one.kind is Kind.STRING:
            return unlike
        alike = clause.valued(one.kind, params, tests, number, one.name)
        judge = self.proofs.other(type, one, self.names)
        keys = [stored.key for stored in self.open.heads(type, [alike, unlike], one) if judge(stored.tree)]
        apart = alike._replace(negated=True).probe(self.texts)
        looked = [clause.among(keys, number, one.name).probe(self.texts)] if keys else []
        either = _joined([apart, *looked], " OR ")
        return clause.given(_joined([unlike.probe(self.texts), either], " AND "), number, one.name)

    def _worded(self, number: int, one: Criterion) -> Clause:
        """That the words of `r` answer a question. FTS5 is slow to ask of one resource and quick to list, so few are
        listed; an index of PostgreSQL is asked of each either way."""
        asked = cast(tuple[words.Words, ...], one.values)
        if self.texts.dialect == "postgres":
            return clause.worded([words.tsquery(value) for value in asked], number, one.name)
        questions = [words.fts5(value) for value in asked]
        count = self.texts.words.count_words
        counted = [self.connection.one(count, (text, LISTED + 1)) for text in questions]
        is_few = sum(row[0] for row in counted if row) <= LISTED
        return clause.worded(questions, number, one.name, listed=is_few)

    def _itself(self, type: str, one: Criterion) -> list[Clause] | None:
        """That `r` meets the criteria itself, or contains a resource of its own type that does."""
        asked = cast(Inside, one.values[0])
        if not asked.is_itself:
            return None
        holders = self.names.params(self.connection, type, (CONTAINED,))
        if not holders:
            return self.clauses(type, asked.criteria)
        token = Criterion(one.name, Kind.TOKEN, Source((CONTAINED,)), (Token(None, asked.type),))
        inside = one._replace(values=(asked._replace(is_itself=False),))
        parts = [self._condition(type, asked.criteria), self._condition(type, [token, inside])]
        return [clause.given(_joined(parts, " OR "), self.names.types[type], one.name)]

    def _subject(self, type: str, one: Criterion) -> Clause:
        """That `r` is the subject of a compartment, or refers to it as a part of it."""
        keys = list(self.names.targets(self.connection, Link((type,), cast(str, one.values[0]), None)))
        number = self.names.types[type]
        params = self.names.params(self.connection, type, one.source.codes)
        if keys and params:
            sql, args = clause.referring(params, keys, number, one.name).gather(self.texts)
            keys += [row[0] for row in self.connection.run(sql, args)]
        return clause.among(keys, number, one.name)

    def _addresses(self, one: Criterion) -> list[Test]:
        """Addresses at or below those asked for, or at or above them, by their paths."""
        tests: list[Test] = []
        for address in cast(tuple[str, ...], one.values):
            if one.mode == "below":
                start = f"{address}/"
                tests.append(Test("uri_below", 1, (address, start, start + END_OF_TEXT)))
                continue
            scheme, _, rest = address.partition("://")
            parts = rest.split("/")
            above = [f"{scheme}://{'/'.join(parts[:size])}" for size in range(1, len(parts) + 1)]
            numbers = [
                found for text in above for form in (text, f"{text}/")
                for found in self.names.uri(self.connection, form)
            ]  # fmt: skip
            tests += [Test("uri_is", 1, (found,)) for found in numbers]
        return tests

    def _composite(self, type: str, one: Criterion) -> list[Clause] | None:
        """Where the values of all components are single ones of the resource itself, each by itself will do."""
        if not self.proofs.is_of_whole(type, one.code) or len(one.values) != 1:
            return None
        pair = cast(Pair, one.values[0])
        return self.clauses(type, pair.parts)

    def _formula(self, type: str, formula: Formula | Criterion) -> Fragment:
        """A formula as one condition on `r`."""
        if isinstance(formula, Criterion):
            return self._condition(type, [formula])
        parts = [self._formula(type, part) for part in formula.parts]
        if formula.word == "not":
            return Fragment(f"NOT ({parts[0].sql})", parts[0].args)
        return _joined(parts, " AND " if formula.word == "and" else " OR ")

    def _condition(self, type: str, criteria: Sequence[Criterion]) -> Fragment:
        found = self.clauses(type, criteria)
        if clause.is_hopeless(found):
            return NOTHING
        return _joined([one.probe(self.texts) for one in found if one.tests], " AND ")

    # -- along references

    def _hierarchy(self, type: str, one: Criterion) -> Clause:
        """That `r` refers to a place in a hierarchy, or to one below or above it (R4 search.html#recursive)."""
        found: set[int] = set()
        for value in cast(tuple[Branch, ...], one.values):
            found.update(self.names.targets(self.connection, value.link))
            for kind, parts in value.parts:
                start = self.names.targets(self.connection, value.link._replace(types=(kind,)))
                found |= self._branch(kind, parts, start, one)
        params = self.names.params(self.connection, type, one.source.codes)
        number = self.names.types[type]
        if not params:
            return clause.nothing(number, one.name)
        return clause.referring(params, sorted(found), number, one.name)

    def _branch(self, type: str, parts: Source, start: Sequence[int], one: Criterion) -> set[int]:
        """All resources of `type` below those of `start`, or above them, as far as a way of open ones leads."""
        params = self.names.params(self.connection, type, parts.codes)
        number = self.names.types[type]
        found, edge, level = set(start), set(start), 0
        while edge and params:
            if one.mode == "below":
                step = clause.referring(params, sorted(edge), number, one.name)
                reached = self.open.keys(type, [step], FEW + 1)
            else:
                here = self.open.keys(type, [clause.among(sorted(edge), number, one.name)], FEW + 1)
                reached = self.open.targets(here, params)
            edge = set(reached) - found
            found |= edge
            level += 1
            if edge and (level >= DEEPEST or len(found) > FEW):
                raise problem(
                    Category.TOO_COSTLY, "too-costly", f'"{one.name}" leads through too large a hierarchy.',
                    place=one.name, repair=f"Begin at most {DEEPEST} steps from its end, with at most {FEW} places.",
                )  # fmt: skip
        return found

    def _chain(self, type: str, one: Criterion) -> Clause:
        """That `r` refers to a resource that meets a condition, of one of several types."""
        params = self.names.params(self.connection, type, one.source.codes)
        number = self.names.types[type]
        if not params:
            return clause.nothing(number, one.name)
        hops = cast(tuple[Hop, ...], one.values)
        found: list[int] = []
        inner: list[list[Clause]] = []
        for hop in hops:
            inner.append(self.clauses(hop.type, [hop.criterion]))
            if len(found) <= FEW:
                found += self.open.keys(hop.type, inner[-1], FEW + 1)
        if len(found) <= FEW:
            return clause.referring(params, found, number, one.name)
        steps = [
            self._step(self.texts.steps.forward, params, hop, its)
            for hop, its in zip(hops, inner, strict=True)
        ]
        return clause.given(_joined(steps, " OR "), number, one.name)

    def _reverse(self, type: str, one: Criterion) -> Clause:
        """That a resource which meets a condition refers to `r`."""
        hop = cast(Hop, one.values[0])
        params = self.names.params(self.connection, hop.type, one.source.codes)
        number = self.names.types[type]
        if not params:
            return clause.nothing(number, one.name)
        inner = self.clauses(hop.type, [hop.criterion])
        found = self.open.keys(hop.type, inner, FEW + 1)
        if len(found) > FEW:
            step = self._step(self.texts.steps.reverse, params, hop, inner)
            return clause.given(step, number, one.name)._replace(far=True)
        if not found:
            return clause.nothing(number, one.name)
        return clause.among(self.open.targets(found, params), number, one.name)

    def _step(self, frame: str, params: tuple[int, ...], hop: Hop, inner: Sequence[Clause]) -> Fragment:
        """The condition that a step leads to a resource that meets `inner` and is open."""
        if clause.is_hopeless(inner):
            return NOTHING
        wanted = [one for one in inner if one.tests]
        near: list[Fragment] = []
        if frame is self.texts.steps.reverse:
            # what the index tells of who refers is asked before that resource is looked for
            plain = [one for one in wanted if one.is_of_index]
            near = nearer(self.texts, [one.probe(self.texts) for one in plain], "j")
            wanted = [one for one in wanted if not one.is_of_index]
        fragments = [*(one.probe(self.texts) for one in wanted), *self.open.allowed(hop.type)]
        conditions = both(Fragment(f"({sql})", args) for sql, args in fragments)
        row = f"r{_depth(conditions.sql) + 1}"
        sql = self.texts.format(
            frame, ("row", row), ("params", self.texts.listed(len(params))),
            ("conditions", _ROW.sub(f"{row}.", conditions.sql)), ("near", both(near).sql),
        )  # fmt: skip
        return Fragment(sql, (self.names.types[hop.type], *conditions.args, *params, *both(near).args))

    # -- conditions that only the resource can tell

    def _any_cut(self, params: tuple[int, ...]) -> bool:
        sql = self.texts.format(self.texts.steps.any_cut, ("params", self.texts.listed(len(params))))
        return self.connection.one(sql, (*params, LONGEST)) is not None

    def _looked_into(self, type: str, one: Criterion, beside: Sequence[Clause]) -> Clause:
        """The matches of a condition among those that meet all others, by a look into each of them."""
        number = self.names.types[type]
        before = self._before(type, one)
        asked = [*beside, *before]
        if clause.is_hopeless(asked):
            return clause.nothing(number, one.name)
        judge = self.proofs.judge(type, one, self.at, self.names)
        found = [stored.key for stored in self.open.heads(type, asked, one) if judge(stored.tree)]
        return clause.among(found, number, one.name)

    def _before(self, type: str, one: Criterion) -> list[Clause]:
        """What the index can tell beforehand of a condition that it cannot decide."""
        number = self.names.types[type]
        if one.kind is Kind.COMPOSITE:
            if len(one.values) == 1:
                return self.clauses(type, cast(Pair, one.values[0]).parts)
            parts = [self._condition(type, cast(Pair, value).parts) for value in one.values]
            return [clause.given(_joined(parts, " OR "), number, one.name)]
        if one.mode == "of-type":
            values = tuple(Token(None, cast(Typed, value).value) for value in one.values)
            return self.clauses(type, [Criterion(one.name, one.kind, one.source, values)])
        if one.mode in _TEXTS:
            params = self.names.params(self.connection, type, one.source.codes)
            cut = Test("string_cut", 1, (LONGEST,))
            return [clause.valued(one.kind, params, [*_texts(one), cut], number, one.name)]
        return []


def _texts(one: Criterion) -> list[Test]:
    """The tests of a condition on texts that are not cut."""
    name = _TEXTS[one.mode]
    folded = [cast(Text, value).folded for value in one.values]
    if one.mode == ENDS:
        return [Test(name, 1, (len(text), text)) for text in folded]
    return [Test(name, 1, (text,)) for text in folded]


def _depth(sql: str) -> int:
    """The highest number of a row that stands in the statement already."""
    return max((int(one) for one in re.findall(r"\br(\d+)\.", sql)), default=0)


def _joined(parts: Sequence[Fragment], word: str) -> Fragment:
    """The conditions joined; everything where there is none."""
    if not parts:
        return EVERYTHING
    sql = word.join(f"({one.sql})" for one in parts)
    return Fragment(f"({sql})", tuple(arg for one in parts for arg in one.args))
