"""The documentation says what the program does, and every way through it leads somewhere."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from building import reference, standard
from building.commands import commands
from charthouse.base.errors import Category
from charthouse.base.settings import ELSEWHERE, table
from charthouse.search.known import RESULT
from tests.unit.docs.pages import PAGES, ROOT, anchors, code, command_lines, links, named, shown, wrong

LONGEST_SENTENCE = 45  # words; a table cell or a list is no sentence


@pytest.mark.parametrize("page", list(reference.PAGES), ids=str)
def test_a_generated_page_says_what_the_code_says(page: Path) -> None:
    assert (ROOT / page).read_text() == reference.PAGES[page](), "run `make docs`"


def test_every_setting_is_documented_and_every_documented_setting_is_one() -> None:
    settings = {row.variable for row in table()}
    page = (ROOT / reference.SETTINGS).read_text()
    assert all(f"| `{name}` |" in page for name in settings)
    named = {
        (shown(one), name)
        for one in PAGES
        for name in re.findall(r"\bCHARTHOUSE_[A-Z_]*[A-Z]\b", one.read_text())
    }
    assert named
    assert not {(one, name) for one, name in named if name not in settings and not name.startswith(ELSEWHERE)}


def test_every_command_is_documented() -> None:
    headings = re.findall(r"(?m)^## ([\w ]+)$", (ROOT / "docs/reference/commands.md").read_text())
    assert headings == sorted(commands())


def test_every_kind_of_failure_is_documented() -> None:
    page = (ROOT / "docs/reference/errors.md").read_text()
    assert all(f"| `{category}` |" in page for category in Category)


def test_every_parameter_about_the_result_is_on_the_page() -> None:
    page = (ROOT / standard.PAGE).read_text()
    rows = [line for line in page.splitlines() if line.startswith("| `_") and line.endswith("| answered |")]
    for name in set(RESULT) - {"_containedType", "_score"}:  # which are explained beside what they belong to
        assert any(f"`{name}`" in row for row in rows), name


def test_the_page_on_search_tells_answered_from_refused_by_asking() -> None:
    assert standard.is_answered("Patient", "name", "oka")
    assert not standard.is_answered("Patient", "nmae", "oka")
    assert not standard.is_answered("Observation", "date", "yesterday")


@pytest.mark.parametrize("page", PAGES, ids=shown)
def test_every_command_line_is_a_real_command_with_real_options(page: Path) -> None:
    found = {line: wrong(line) for line in command_lines(page)}
    assert not {line: reason for line, reason in found.items() if reason}


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("chekc --data x", "there is no command chekc"),
        ("check --dta x", "check has no option --dta"),
        ("check my-clinic", "check takes no arguments"),
        ("token --data --user x", "--data has no value"),
        ("token --data demo --client x | tr a b)", None),
        ("import --json FILES", None),
        ("init [OPTIONS]", None),
    ],
)
def test_a_wrong_command_line_would_be_noticed(line: str, reason: str | None) -> None:
    assert wrong(line) == reason


def test_the_documentation_prints_commands() -> None:
    names = {named(line)[0] for page in PAGES for line in command_lines(page)}
    assert names == set(commands()), "each command is shown at work somewhere"


def test_every_make_target_that_is_named_is_there() -> None:
    targets = set(re.findall(r"(?m)^([a-z]+):", (ROOT / "Makefile").read_text()))
    named = {name for page in PAGES for line in code(page) for name in re.findall(r"^make ([a-z]+)", line)}
    assert {"demo", "test"} <= named
    assert named <= targets


@pytest.mark.parametrize("page", PAGES, ids=shown)
def test_every_link_leads_somewhere(page: Path) -> None:
    for is_image, words, target in links(page):
        assert words.strip(), f"{target} has no words"
        if re.match(r"https?:", target):
            continue
        path, _, anchor = target.partition("#")
        file = (page.parent / path).resolve() if path else page
        assert file.is_relative_to(ROOT), target
        assert file.is_file(), target
        assert not is_image or len(words) > 20, f"{target} is told to nobody who cannot see it"
        assert not anchor or anchor in anchors(file), target


def test_every_page_can_be_reached_from_the_readme() -> None:
    reached, waiting = set[Path](), [ROOT / "README.md"]
    while waiting:
        page = waiting.pop()
        if page in reached or page.suffix != ".md" or not page.is_file():
            continue
        reached.add(page)
        waiting += [(page.parent / target.partition("#")[0]).resolve() for _, _, target in links(page)]
    assert set(PAGES) <= reached, {shown(page) for page in set(PAGES) - reached}


def test_the_readme_shows_both_commands_and_a_picture_at_once() -> None:
    first = (ROOT / "README.md").read_text().splitlines()[:16]
    assert any(line.strip().startswith("make demo") for line in first)
    assert any(line.strip().startswith("make test") for line in first)
    assert any(line.startswith("![") for line in first)


@pytest.mark.parametrize("page", [page for page in PAGES if "docs" in page.parts], ids=shown)
def test_sentences_are_short(page: Path) -> None:
    prose = "\n".join(
        line for line in page.read_text().splitlines() if not line.startswith(("|", "    ", "#", "```", "{"))
    )
    for paragraph in re.split(r"\n\s*\n|\n(?=- |\d\. )", prose):
        for sentence in re.split(r"(?<=[.:;?!])\s+", paragraph):
            assert len(sentence.split()) <= LONGEST_SENTENCE, sentence
