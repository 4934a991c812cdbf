"""What a plain look at every resource answers to questions about its text, and what such questions and texts are drawn
from; folding, words and the meaning of a question are all its own."""

from __future__ import annotations

import random
import re
import unicodedata
from collections.abc import Iterator
from typing import Any

from charthouse.search import Fragment
from charthouse.search.concordance import Concordance
from charthouse.search.words import NARRATIVE
from charthouse.store.integrity import Report
from tests.unit.search.drawing import HIDDEN
from tests.unit.search.oracle import Tree
from tests.unit.search.shelf import Shelf, matches

VOCABULARY = (
    "Bone",
    "bónes",
    "liver",
    "metastasis",
    "metastases",
    "no",
    "evidence",
    "Größe",
    "ΣΊΣΥΦΟΣ",
    "x1",
    "and",
    "北京",
)
LEAVES = (
    "bone",
    "BÓNE",
    "liver",
    "metastasis",
    "no",
    "evidence",
    "grosse",
    "σίσυφος",
    "X1",
    "北京",
    "absent",
)
STARTS = ("bon", "metas", "gro", "ev", "σισ", "li")


# -- a plain look: own folding, own words, own meaning of a question


def plainly(text: str) -> list[str]:
    """The words of a text."""
    found = "".join(
        one for one in unicodedata.normalize("NFKD", text) if not unicodedata.combining(one)
    ).casefold()
    return "".join(one if one.isalnum() else " " for one in found).split()


def strings(value: Any) -> Iterator[str]:
    """The texts of the resources that are drawn here; only keys that are drawn matter."""
    if isinstance(value, dict):
        for key, inner in value.items():
            if key not in ("id", "resourceType", "meta", "system", "reference", "div", "data", "birthDate"):
                yield from strings(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from strings(inner)
    elif isinstance(value, str):
        yield value


def texts(tree: Tree, column: str) -> list[list[str]]:
    """The words that a question to `column` looks at, each text that phrases stay inside of by itself."""
    told = re.sub("</?(b|i)>", "", tree.get("text", {}).get("div", ""))
    narrative = plainly(re.sub("<[^>]*>", " ", told).replace("&lt;", "<").replace("&amp;", "&"))
    rest = [word for text in strings(tree) for word in plainly(text)]
    return [narrative] if column == NARRATIVE else [narrative, rest]


def fits(word: str, asked: str) -> bool:
    return word.startswith(plainly(asked)[0]) if asked.endswith("*") else word == plainly(asked)[0]


def holds(asked: Any, found: list[list[str]]) -> bool:
    """Whether texts meet a question: (kind, parts…)."""
    kind, *parts = asked
    if kind == "phrase":
        size = len(parts)
        return any(
            all(fits(text[at + place], part) for place, part in enumerate(parts))
            for text in found for at in range(len(text) - size + 1)
        )  # fmt: skip
    if kind == "near":
        one, other, between = parts
        return any(
            abs(at - to) <= between + 1
            for text in found for at, word in enumerate(text) if fits(word, one)
            for to, second in enumerate(text) if fits(second, other)
        )  # fmt: skip
    if kind == "or":
        return any(holds(part, found) for part in parts)
    if kind == "not":
        return not holds(parts[0], found)
    return all(holds(part, found) for part in parts)


def written(asked: Any) -> str:
    """The question as it is sent."""
    kind, *parts = asked
    if kind == "phrase":
        quoted = len(parts) > 1 or parts[0] == "and"
        star = "*" if parts[-1].endswith("*") else ""
        return f'"{" ".join(parts).removesuffix("*")}"{star}' if quoted else parts[0]
    if kind == "near":
        return f"{parts[0]} NEAR/{parts[2]} {parts[1]}"
    if kind == "not":
        return f"not {written(parts[0])}"
    return "(" + (" OR " if kind == "or" else " ").join(written(part) for part in parts) + ")"


class Drawing:
    """Draws resources and questions."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)

    def text(self, most: int) -> str:
        return self.random.choice((" ", ", ", "-", " ")).join(
            self.random.choice(VOCABULARY) for _ in range(self.random.randint(1, most))
        )

    def tree(self, id: str) -> Tree:
        tree: Tree = {
            "resourceType": self.random.choice(("Basic", "Flag")),
            "id": id,
            "code": {"text": self.text(4)},
        }
        if self.random.random() < 0.7:
            marked = self.text(6).replace("metas", "me<b>tas</b>", 1)
            tree["text"] = {
                "status": "generated",
                "div": f"<div><p>{marked}</p><p>{self.text(3)} a&amp;b</p></div>",
            }
        if self.random.random() < 0.3:
            tree["meta"] = {"tag": [HIDDEN]}
        if self.random.random() < 0.3:
            tree["identifier"] = [{"system": "urn:liver", "value": self.text(1)}]
        if self.random.random() < 0.2:
            held = {
                "resourceType": "Patient",
                "id": "liver",
                "name": [{"text": self.text(2)}],
                "birthDate": "2020-01-01",
            }
            tree |= {"contained": [held], "subject": {"reference": "#liver"}}
        return tree

    def question(self, depth: int = 2) -> Any:
        kind = self.random.choice(("phrase", "phrase", "near", "and", "or", "not") if depth else ("phrase",))
        if kind == "phrase":
            found = [self.random.choice(LEAVES) for _ in range(self.random.choice((1, 1, 2, 3)))]
            if self.random.random() < 0.3:
                found[-1] = self.random.choice(STARTS) + "*"
            return ("phrase", *found)
        if kind == "near":
            one, other = self.random.choice(LEAVES), self.random.choice((*LEAVES, "metas*"))
            return ("near", one, other, self.random.randint(0, 4))
        if kind == "not":
            return ("and", self.question(depth - 1), ("not", self.question(depth - 1)))
        return (kind, *(self.question(depth - 1) for _ in range(2)))


class Room:
    """A shelf and what is on it."""

    def __init__(self, shelf: Shelf) -> None:
        self.shelf = shelf
        self.trees: dict[str, Tree] = {}

    def put(self, *trees: Tree) -> None:
        for tree in trees:
            before = self.trees.get(tree["id"])
            if before and before["resourceType"] != tree["resourceType"]:
                self.shelf.drop(before["resourceType"], tree["id"])
            self.trees[tree["id"]] = tree
        self.shelf.put(*trees)

    def drop(self, id: str) -> None:
        self.shelf.drop(self.trees.pop(id)["resourceType"], id)

    def narrow(self, type: str) -> Fragment | None:
        """Everything but what carries the tag `hidden`."""
        return self.shelf.search.condition(self.shelf.connection, type, [("_tag:not", "hidden")])

    def expected(self, type: str, column: str, asked: Any, *, all: bool) -> list[str]:
        return sorted(
            id for id, tree in self.trees.items()
            if tree["resourceType"] == type and (all or HIDDEN not in tree.get("meta", {}).get("tag", ()))
            and holds(asked, texts(tree, column))
        )  # fmt: skip

    def walk(
        self, type: str, params: list[tuple[str, str]], *, all: bool = True
    ) -> tuple[list[str], int | None]:
        """The ids on all pages, and the total of the first."""
        search, narrow, found = self.shelf.search, None if all else self.narrow, []
        page = search.search(self.shelf.connection, type, params, narrow=narrow)
        total = page.total
        found += matches(page)
        while page.next:
            page = search.search(self.shelf.connection, type, (), cursor=page.next, narrow=narrow)
            found += matches(page)
        return found, total

    def checked(self) -> list[str]:
        report = Report()
        Concordance(self.shelf.record).check(self.shelf.connection, report)
        return [f"{one.place}: {one.message}" for one in report.findings]
