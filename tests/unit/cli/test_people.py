"""`charthouse people`: what whoever runs the server does with accounts."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from charthouse.app import Clinic
from charthouse.base.errors import Category, Problem
from charthouse.base.settings import read
from charthouse.cli import app


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A clinic with one administrator."""
    monkeypatch.setenv("CHARTHOUSE_LOG_LEVEL", "error")
    run("init", tmp_path / "data", "--administrator", "asa.lund")
    return tmp_path / "data"


def run(command: str, folder: Path, *words: str) -> None:
    app([*command.split(), *words, "--data", str(folder)], standalone_mode=False)


def test_a_person_is_added_with_roles_and_an_invitation_is_printed(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    capsys.readouterr()
    run(
        "people add",
        folder,
        "n.petrov",
        "--display",
        "Nadia Petrov, RN",
        "--role",
        "nurse",
        "--role",
        "coder",
    )
    link = capsys.readouterr().out.strip()
    assert link.startswith("http://localhost:8080/invite/")
    run("people list", folder, "--json")
    told = json.loads(capsys.readouterr().out)
    assert [(one["name"], one["roles"], one["password"]) for one in told] == [
        ("asa.lund", ["administrator"], False), ("n.petrov", ["coder", "nurse"], False),
    ]  # fmt: skip
    clinic = Clinic.open(read({}, data=folder))
    try:
        assert clinic.sign_in.invited(link.rpartition("/")[2]).display == "Nadia Petrov, RN"
    finally:
        clinic.close()
    run("people invite", folder, "N.PETROV")
    assert capsys.readouterr().out.strip() != link


def test_roles_are_given_and_taken_and_an_account_is_shut_and_opened(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run("people add", folder, "n.petrov", "--role", "nurse")
    capsys.readouterr()
    run("people roles", folder, "n.petrov", "--give", "coder", "--take", "nurse", "--json")
    assert json.loads(capsys.readouterr().out) == ["coder"]
    for command, state in (("disable", "disabled"), ("enable", "new")):
        run(f"people {command}", folder, "n.petrov")
        run("people list", folder)
        assert f"n.petrov                 {state}" in capsys.readouterr().out
    run("people reset", folder, "n.petrov")


@pytest.mark.parametrize(
    ("command", "category", "said"),
    [
        ("people invite nobody", Category.NOT_FOUND, 'There is no user "nobody"'),
        ("people add asa.lund", Category.CONFLICT, "a user of this name already"),
        ("people add new.one --role root", Category.INVALID, "no such role"),
        ("people roles asa.lund --take administrator", Category.INVALID, "last administrator"),
        ("people disable asa.lund", Category.INVALID, "last administrator"),
    ],
)
def test_what_cannot_be_is_refused_and_changes_nothing(
    folder: Path, command: str, category: Category, said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(Problem, match=said) as caught:
        run(command, folder)
    assert caught.value.category is category
    capsys.readouterr()
    run("people list", folder)
    assert capsys.readouterr().out.split() == ["asa.lund", "new", "administrator"]


def test_what_a_command_changed_is_in_the_audit_as_the_house_itself(folder: Path) -> None:
    run("people add", folder, "n.petrov", "--role", "nurse")
    clinic = Clinic.open(read({}, data=folder))
    audit = clinic.open_audit()
    try:
        rows = audit.run("SELECT actor, interaction, query FROM audit_event ORDER BY id")
    finally:
        audit.close()
        clinic.close()
    assert [(row[0], row[1], row[2].partition(" ")[2]) for row in rows][-2:] == [
        (0, "people-changed", "added +nurse"), (0, "people-changed", "invited"),
    ]  # fmt: skip
