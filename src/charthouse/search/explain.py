"""How a search is carried out, in plain words and figures, without any value that it looks for."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, TypeVar

from charthouse.db.connect import Connection
from charthouse.search.clause import Clause
from charthouse.search.plan import WHOLE_TYPE, Plan
from charthouse.search.text import Texts

COUNTED: Final = 10_000  # index rows of a condition that are counted for an explanation

EACH: Final = "asked of each candidate"

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Condition:
    """One condition: the parameter, how it is looked up, and how many index rows it has (None: not countable)."""

    name: str
    how: str
    rows: int | None
    is_more: bool = False


@dataclass(slots=True)
class Explanation:
    """How a search of `type` is carried out.

    `driver` says where candidates come from and why; `policy` is the condition on rows of what may
    be met, as it stands in the SQL, placeholders in place of values; `seconds` is what each step took;
    `incomplete` says which parts of the index it rests on are not complete.
    """

    type: str
    driver: str = ""
    conditions: list[Condition] = field(default_factory=list)
    policy: str | None = None
    order: str = ""
    statements: list[str] = field(default_factory=list)
    seconds: dict[str, float] = field(default_factory=dict)
    matches: int | None = None
    advice: list[str] = field(default_factory=list)
    incomplete: list[str] = field(default_factory=list)

    def timed(self, step: str, work: Callable[[], T]) -> T:
        """Carry out a step and note what it took."""
        start = time.perf_counter()
        found = work()
        self.seconds[step] = time.perf_counter() - start
        return found

    def veiled(self) -> Explanation:
        """What of it may be told to who does not see all rows: the policy. Counts, times and the way itself would tell
        of rows they do not see."""
        words = "How the rest is done is told to who sees all rows of the type."
        return Explanation(self.type, words, [], self.policy, incomplete=self.incomplete)

    def parameters(self) -> dict[str, Any]:
        """The explanation as a Parameters resource (R4 parameters.html)."""
        told: list[dict[str, Any]] = [
            {"name": "type", "valueCode": self.type},
            {"name": "driver", "valueString": self.driver},
            {"name": "order", "valueString": self.order},
        ]
        for one in self.conditions:
            parts: list[dict[str, Any]] = [
                {"name": "parameter", "valueString": one.name}, {"name": "how", "valueString": one.how},
            ]  # fmt: skip
            if one.rows is not None:
                parts.append({"name": "rows", "valueInteger": one.rows})
                parts.append({"name": "more", "valueBoolean": one.is_more})
            told.append({"name": "condition", "part": parts})
        told.append({"name": "policy", "valueString": self.policy or "All rows are open to you."})
        told += [{"name": "statement", "valueString": sql} for sql in self.statements]
        for step, seconds in self.seconds.items():
            parts = [
                {"name": "what", "valueString": step},
                {"name": "ms", "valueDecimal": round(seconds * 1000, 3)},
            ]
            told.append({"name": "step", "part": parts})
        if self.matches is not None:
            told.append({"name": "matches", "valueInteger": self.matches})
        told += [{"name": "incomplete", "valueString": text} for text in self.incomplete]
        told += [{"name": "advice", "valueString": text} for text in self.advice]
        return {"resourceType": "Parameters", "parameter": told}


def described(connection: Connection, texts: Texts, asked: Sequence[Clause]) -> list[Condition]:
    """The conditions, each with its rows counted to a limit."""
    return [_described(connection, texts, one) for one in asked]


def _described(connection: Connection, texts: Texts, one: Clause) -> Condition:
    if not one.tests:
        return Condition(
            one.name, "everything meets it" if one.negated else "nothing in this record meets it", 0
        )
    if not one.drives:
        return Condition(one.name, EACH, None)
    sql, args = one.gather(texts)
    row = connection.one(texts.format(texts.lookup.size, ("gather", sql)), (*args, COUNTED + 1))
    count = int(row[0]) if row else 0
    how = f"{len(one.tests)} range{'s' if len(one.tests) > 1 else ''} of {one.table}"
    if one.table == "resource":
        how = "the index of words" if one.tests[0].name.startswith("words") else "a list of resources"
    return Condition(one.name, how, min(count, COUNTED), count > COUNTED)


def advice(plan: Plan, found: Explanation) -> list[str]:
    """What would make the search quicker."""
    told: list[str] = []
    if plan.driver == WHOLE_TYPE and found.conditions:
        told.append("No condition leads to few resources: add a patient, a code or a span of dates.")
    if any(one.how == EACH for one in found.conditions):
        told.append("A condition is asked of each candidate: others that leave few make it cheap.")
    return told
