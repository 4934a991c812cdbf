"""Resources without the elements that must not leave the record, and searches that would give those away."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Final

from charthouse.base.errors import Category, Problem, problem
from charthouse.fhir.definitions import Definitions, SearchParam
from charthouse.store import body
from charthouse.store.body import Codec, Stored
from charthouse.store.index.extract import INSIDE

_WORD: Final = re.compile(r"\w+")
# What stands for any element: functions that walk through all, and the narrative, which tells the same in words.
_ANY: Final = frozenset(("children", "descendants", "repeat", "div"))
SUBSETTED = {"system": "http://terminology.hl7.org/CodeSystem/v3-ObservationValue", "code": "SUBSETTED"}


def masked(stored: Stored, fields: frozenset[str], codec: Codec) -> Stored:
    """The version without `fields` (top elements, their primitive extensions included), marked as SUBSETTED
    (R4 resource-definitions.html#Meta.tag)."""
    if stored.deleted or not fields:
        return stored
    tree = {
        name: value
        for name, value in stored.tree.items()
        if name.lstrip("_") not in fields and not _chosen(name, fields)
    }
    if "text" not in fields:
        tree.pop("text", None)  # the narrative tells the same in words
    meta = dict(tree.get("meta") or {})
    meta["tag"] = [*(meta.get("tag") or ()), SUBSETTED]
    tree["meta"] = meta
    return Stored(
        codec, stored.key, stored.type, stored.id, stored.version, stored.updated, body.METHOD_CODE[stored.method],
        stored.home, b"", stored.seq, kept=body.rest(tree), actor=stored.actor,
    )  # fmt: skip


def _chosen(name: str, fields: frozenset[str]) -> bool:
    """Whether `name` is a choice of type of a hidden element: `deceasedBoolean` of `deceased`."""
    plain = name.lstrip("_")
    return any(plain.startswith(field) and plain[len(field) : len(field) + 1].isupper() for field in fields)


def refuse_telling(
    definitions: Definitions,
    type: str,
    hidden: Mapping[str, frozenset[str]],
    params: Iterable[tuple[str, str]],
) -> None:
    """Raise `Problem(forbidden)` for a search of `type` that would tell of a hidden element: by its conditions, its
    order, or what it includes. `hidden` are the elements by type."""
    if not hidden:
        return
    for name, value in params:
        for asked, code in _asked(type, name, value, hidden):
            fields = hidden.get(asked, frozenset())
            if fields and (
                code in ("*", "_text", "_content", "_filter") or _tells(definitions, asked, code, fields)
            ):
                raise _refusal(code if code != "*" else name)


def telling(definitions: Definitions, type: str, fields: frozenset[str]) -> frozenset[str]:
    """The search parameters of `type` whose values come from one of the elements `fields`."""
    if not fields:
        return frozenset()
    found = {code for code in definitions.search_params(type) if _tells(definitions, type, code, fields)}
    return frozenset(found | ({INSIDE} if {"securityContext", "entry"} & fields else set()))


def _asked(type: str, name: str, value: str, hidden: Iterable[str]) -> Iterator[tuple[str, str]]:
    """(type, parameter) pairs that a parameter of a search looks at."""
    plain = name.partition(":")[0]
    if plain == "_sort":
        for part in value.split(","):
            yield type, part.lstrip("-").partition(":")[0]
    elif plain in ("_include", "_revinclude"):
        source, _, code = value.partition(":")
        yield source, code.partition(":")[0] or "*"
        if source == "*":
            yield from ((other, "*") for other in hidden)
    elif "." in name or plain == "_has":
        # a chain walks through types that its words do not always tell, so every type is looked at
        words = [word for part in name.split(".") for word in part.split(":")]
        yield from ((other, word) for word in words for other in hidden)
    else:
        yield type, plain


def _tells(definitions: Definitions, type: str, code: str, fields: frozenset[str]) -> bool:
    param = definitions.search_params(type).get(code)
    if code == "contained" and code in fields:  # what is inside is searched for under no parameter
        return True
    if param is None or not param.expression:
        return False
    if code in definitions.own.types.get(type, ()):
        return _may_tell(definitions, type, param, fields)
    parts = [url.rpartition("/")[2].partition("-")[2] for url, _ in param.components]
    if any(_tells(definitions, type, part, fields) for part in parts if part != code):
        return True
    named = set(re.findall(rf"\b{type}\.(\w+)", param.expression))
    return bool(named & fields) or any(_chosen(one, fields) for one in named)


def _may_tell(definitions: Definitions, type: str, param: SearchParam, fields: frozenset[str]) -> bool:
    """Whether a parameter of the clinic's own could tell of `fields`: their names stand in it, or what can stand for
    any name does."""
    text = " ".join((param.expression or "", *(expression for _, expression in param.components)))
    named = set(_WORD.findall(text))
    urls = {url for url, _ in param.components}
    return (
        "\\" in text or not _ANY.isdisjoint(named) or bool(named & fields)
        or any(_chosen(one, fields) for one in named)
        or any(_tells(definitions, type, one.code, fields) for one in definitions.search_params(type).values()
               if one.url in urls and one.url != param.url)
    )  # fmt: skip


def _refusal(code: str) -> Problem:
    return problem(
        Category.FORBIDDEN, "forbidden", f'Your rights do not include what "{code}" looks at.', place=code,
        repair="Leave this parameter out.",
    )  # fmt: skip
