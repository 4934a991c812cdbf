"""What a value set may hold that comes with a question, and is worked out for that one answer only."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from charthouse.base.errors import Problem, invalid
from charthouse.fhir.resource import Tree
from charthouse.terminology.trees import child, items, texts

CODES: Final = 20_000  # listed in `compose` and `expansion` together
FILTERS: Final = 200
IMPORTS: Final = 200
VALUES: Final = 2_000  # characters of the value of a filter


def bounded(tree: Tree) -> None:
    """Raise Problem(invalid) that names what a value set has too much of."""
    compose = child(tree, "compose")
    codes = filters = imports = 0
    for name in ("include", "exclude"):
        for number, part in enumerate(items(compose, name)):
            place = f"ValueSet.compose.{name}[{number}]"
            rules = items(part, "filter")
            codes += len(items(part, "concept"))
            filters += len(rules)
            imports += len(texts(part, "valueSet"))
            for rule in rules:
                if len(str(rule.get("value", ""))) > VALUES:
                    raise _much(
                        f"The value of a filter has at most {VALUES} characters", f"{place}.filter.value"
                    )
            if codes > CODES:
                raise _much(f"A value set that is sent lists at most {CODES} codes", f"{place}.concept")
            if filters > FILTERS:
                raise _much(f"A value set that is sent has at most {FILTERS} filters", f"{place}.filter")
            if imports > IMPORTS:
                raise _much(f"A value set that is sent imports at most {IMPORTS} others", f"{place}.valueSet")
    for _ in _contained(child(tree, "expansion")):
        codes += 1
        if codes > CODES:
            raise _much(
                f"A value set that is sent lists at most {CODES} codes", "ValueSet.expansion.contains"
            )


def _contained(tree: Tree) -> Iterator[Tree]:
    """Every entry of an expansion, at any depth."""
    waiting = [tree]
    while waiting:
        found = items(waiting.pop(), "contains")
        yield from found
        waiting.extend(found)


def _much(words: str, place: str) -> Problem:
    return invalid(
        "too-costly", f"{words}.", place=place,
        repair="Send a smaller one; or store it as a ValueSet, and name it by its url.",
    )  # fmt: skip
