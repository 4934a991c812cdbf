"""Questions with their right answers, and whether a server gives them: no figure is made of a wrong answer."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import urlsplit
from zlib import crc32

from charthouse.ops.bench import invented
from charthouse.ops.bench.ledger import Fact, Ledger
from charthouse.ops.bench.process import Server
from charthouse.ops.bench.shapes import Ask, Shape

DRAWN: Final = 40  # questions of a shape that is about one patient
SCANNED: Final = 8  # questions of a shape that is about all of them
TOLD: Final = 10  # wrong answers that are told


@dataclass(frozen=True, slots=True)
class Question:
    """A question with what it must find; `along` is what comes with it where the page holds all of that."""

    shape: Shape
    path: str
    number_path: str  # the same, asking for the number alone
    found: Sequence[Fact]
    along: int | None


def questions(shape: Shape, ledger: Ledger) -> list[Question]:
    """Different questions of a shape, the same for the same ledger."""
    random = invented.chance(crc32(shape.name.encode()))
    made: dict[str, Question] = {}
    for turn in range(DRAWN):
        ask = shape.draw(random, ledger)
        if "number" not in ask and turn >= SCANNED:
            break
        path = shape.path(ask)
        if path not in made:
            made[path] = _question(shape, ledger, ask, path)
    return list(made.values())


def _question(shape: Shape, ledger: Ledger, ask: Ask, path: str) -> Question:
    found = shape.found(ledger, ask)
    if shape.order:
        found = sorted(found, key=lambda fact: fact.at, reverse=shape.order < 0)
    whole = shape.along is not None and len(found) <= shape.count
    along = shape.along(ledger, ask, found) if whole and shape.along is not None else None
    return Question(shape, path, shape.path(ask, ("_summary", "count")), found, along)


def page(server: Server, credentials: Mapping[str, str], question: Question) -> tuple[str, list[str]]:
    """The address of the page that a question is about, and what is wrong with the answers on the way there."""
    path, seen = question.path, set[str]()
    wrong: list[str] = []
    for number in range(question.shape.pages):
        status, bundle = _get(server, credentials, path)
        if status != 200:
            return path, [*wrong, f"{path} answered {status}"]
        wrong += _differences(question, bundle, number * question.shape.count, seen)
        following = [link["url"] for link in bundle.get("link", []) if link["relation"] == "next"]
        if number + 1 == question.shape.pages or not following:
            break
        parts = urlsplit(following[0])
        path = f"{parts.path}?{parts.query}"
    if question.shape.count:
        _, bundle = _get(server, credentials, question.number_path)
        if bundle.get("total") != len(question.found):
            wrong.append(
                f"{question.number_path}: {bundle.get('total')} counted, {len(question.found)} are there"
            )
    return path, wrong


def _get(server: Server, credentials: Mapping[str, str], path: str) -> tuple[int, dict[str, Any]]:
    status, _, body = server.ask(path, credentials)
    return status, json.loads(body)


def _differences(question: Question, bundle: Mapping[str, Any], skipped: int, seen: set[str]) -> list[str]:
    """How a page differs from what must be on it; `seen` are the matches of the pages before."""
    shape, found, wrong = question.shape, question.found, []
    entries: dict[str, list[str]] = {"match": [], "include": []}
    for entry in bundle.get("entry", []):
        entries[entry["search"]["mode"]].append(entry["resource"]["id"])
    matches, expected = entries["match"], max(0, min(shape.count, len(found) - skipped))
    if len(matches) != expected:
        wrong.append(f"{question.path}: {len(matches)} on a page, {expected} must be")
    if bundle.get("total", len(found)) != len(found):
        wrong.append(f"{question.path}: total {bundle['total']}, {len(found)} are there")
    moments = {fact.id: fact.at for fact in found}
    if strange := [id for id in matches if id not in moments or id in seen]:
        wrong.append(f"{question.path}: {strange[0]} is no match, or came twice")
    elif shape.order and [moments[id] for id in matches] != [
        fact.at for fact in found[skipped : skipped + expected]
    ]:
        wrong.append(f"{question.path}: the order is another one")
    if question.along is not None and len(entries["include"]) != question.along:
        wrong.append(f"{question.path}: {len(entries['include'])} came along, {question.along} must")
    seen.update(matches)
    return wrong
