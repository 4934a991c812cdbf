"""The documentation as tests read it: pages, their links, and the commands they print."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from building.commands import commands, option_names

ROOT: Final = Path(__file__).parents[3]
PAGES: Final = (
    *(ROOT / name for name in ("README.md", "ARCHITECTURE.md", "CONTRIBUTING.md", "CHANGELOG.md")),
    *sorted((ROOT / "docs").rglob("*.md")),
)
_FENCE: Final = re.compile(r"^```.*?$\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_INLINE: Final = re.compile(r"`([^`\n]+)`")
_LINK: Final = re.compile(r"(!?)\[([^\]]*)\]\(([^)\s]+)\)")
_COMMAND: Final = re.compile(r"(?:^|(?<=[\s(/;=]))charthouse +([a-z].*)")


def shown(page: Path) -> str:
    """The page's name from the project's root."""
    return page.relative_to(ROOT).as_posix()


def code(page: Path) -> Iterator[str]:
    """Every line of code of a page: fenced, indented by four, or inside a sentence."""
    text = page.read_text()
    for block in _FENCE.findall(text):
        yield from block.splitlines()
    rest = _FENCE.sub("", text)
    yield from (line.strip() for line in rest.splitlines() if line.startswith("    "))
    yield from _INLINE.findall("\n".join(line for line in rest.splitlines() if not line.startswith("    ")))


def command_lines(page: Path) -> Iterator[str]:
    """What stands after `charthouse` in each command that a page prints."""
    for line in code(page):
        found = _COMMAND.search(line)
        if found:
            yield found[1]


def wrong(line: str) -> str | None:
    """What is wrong with the words after `charthouse`, or None."""
    name, words = named(line)
    command = commands().get(name)
    if command is None:
        return f"there is no command {name}"
    flags = {option for one in command.params if getattr(one, "is_flag", False) for option in one.opts}
    positions = 0
    iterator = iter(words)
    for word in iterator:
        if word.startswith("["):  # [OPTIONS], [WHAT...] of a usage line
            continue
        if not word.startswith("-"):
            positions += 1
        elif word.partition("=")[0] not in option_names(command):
            return f"{name} has no option {word}"
        elif word not in flags and "=" not in word and word not in ("-h", "--help"):
            value = next(iterator, None)
            if value is None or value.startswith("-"):
                return f"{word} has no value"
    arguments = [one for one in command.params if one.param_type_name == "argument"]
    if positions and not arguments:
        return f"{name} takes no arguments"
    return None


def named(line: str) -> tuple[str, list[str]]:
    """The command in the words after `charthouse`, with that of its group where it has one, and the rest."""
    name, *words = _words(line)
    if words and f"{name} {words[0]}" in commands():
        return f"{name} {words[0]}", words[1:]
    return name, words


def links(page: Path) -> Iterator[tuple[bool, str, str]]:
    """(is an image, text, target) of each link of a page."""
    text = _FENCE.sub("", page.read_text())
    for bang, words, target in _LINK.findall(re.sub(r"`[^`\n]*`", "", text)):
        yield bool(bang), words, target


def anchors(page: Path) -> set[str]:
    """The anchors of a page's headings, as they are made from their words."""
    headings = re.findall(r"(?m)^#+ (.+)$", _FENCE.sub("", page.read_text()))
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def _words(line: str) -> list[str]:
    """The words of one command of a shell line."""
    lexer = shlex.shlex(line, posix=True, punctuation_chars=True)
    lexer.whitespace_split = True
    found: list[str] = []
    for word in lexer:
        if set(word) <= set("();<>|&"):
            break
        found.append(word)
    return found
