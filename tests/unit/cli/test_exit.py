"""A command that fails says why in a sentence, with the repair, and ends with the code of its kind."""

from __future__ import annotations

import os
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from charthouse.base.errors import EXIT_CODE, Category
from tests.unit.cli.terminal import charthouse, free_port, links, running

USAGE, CONFLICT, MISSING = 2, 5, 4


@pytest.fixture(scope="module")
def clinic(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder in which an empty clinic `c` lies; tests leave it as it is."""
    folder = tmp_path_factory.mktemp("clinic")
    made = charthouse(folder, "init", "--data", "c")
    assert made.returncode == 0, made.stderr
    return folder


@pytest.fixture(scope="module")
def served(clinic: Path) -> Iterator[tuple[Path, int, int]]:
    """The clinic while it is served: its folder, the port, the process."""
    port = free_port()
    with running(clinic, "serve", "--data", "c", "--port", port) as (_, process):
        yield clinic, port, process.pid


def says(answer: subprocess.CompletedProcess[str], code: int, *words: object) -> None:
    """The command failed with `code` and one plain sentence holding `words`, and nothing on standard output."""
    assert answer.returncode == code, answer.stderr
    assert answer.stdout == ""
    assert answer.stderr.startswith("charthouse: ")
    assert len(answer.stderr.splitlines()) == 1
    for word in words:
        assert str(word) in answer.stderr


@pytest.mark.parametrize("words", [("check",), ("serve",), ("export", "out"), ("token", "--user", "admin")])
def test_a_folder_without_a_record_is_not_found_and_says_how_to_make_one(
    tmp_path: Path, words: tuple[str, ...]
) -> None:
    says(
        charthouse(tmp_path, *words, "--data", "nowhere"),
        MISSING,
        "nowhere",
        "charthouse init --data nowhere",
    )
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("words", "named"),
    [
        (("check", "--dta", "x"), "--dta"),
        (("chekc",), "chekc"),
        (("export",), "'folder'"),
        (("serve", "--port", "many"), "--port"),
    ],
)
def test_what_cannot_be_read_is_a_matter_of_usage(tmp_path: Path, words: tuple[str, ...], named: str) -> None:
    answer = charthouse(tmp_path, *words)
    assert answer.returncode == USAGE
    assert named in answer.stderr
    assert "Traceback" not in answer.stderr


@pytest.mark.parametrize(
    ("words", "named"),
    [
        (("init", "--profile", "clasroom"), ("--profile", "clasroom", "demo")),
        (("init", "--profile", "classroom"), ("--profile", "not there yet")),
        (("token",), ("--client", "--user")),
        (("token", "--user", "a", "--client", "b"), ("--client", "--user")),
    ],
)
def test_a_value_that_will_not_do_is_named_with_what_would(
    tmp_path: Path, words: tuple[str, ...], named: tuple[str, ...]
) -> None:
    says(charthouse(tmp_path, *words, "--data", "d"), USAGE, *named)
    assert not list(tmp_path.iterdir())


def test_a_misspelt_setting_stops_the_start_and_names_the_nearest(tmp_path: Path) -> None:
    says(charthouse(tmp_path, "check", CHARTHOUSE_PROT="8081"), USAGE, "CHARTHOUSE_PROT", "CHARTHOUSE_PORT")


def test_a_second_init_in_a_folder_is_a_conflict(clinic: Path) -> None:
    before = (clinic / "c" / "record.db").stat().st_mtime_ns
    says(charthouse(clinic, "init", "--data", "c"), CONFLICT, "c", "Choose another folder.")
    assert (clinic / "c" / "record.db").stat().st_mtime_ns == before


def test_a_path_that_cannot_be_used_is_named_without_a_trace(clinic: Path) -> None:
    (clinic / "file").write_text("x")
    says(charthouse(clinic, "init", "--data", "file"), EXIT_CODE[Category.FAULT], "file")
    says(charthouse(clinic, "import", "no-such-file", "--data", "c"), USAGE, "no-such-file")


def test_a_link_for_nobody_is_not_found(clinic: Path) -> None:
    says(charthouse(clinic, "token", "--data", "c", "--user", "nobody"), MISSING, '"nobody"')


def test_a_token_with_a_scope_that_cannot_be_read_is_refused(clinic: Path) -> None:
    says(
        charthouse(clinic, "token", "--data", "c", "--client", "x", "--scope", "system/Patent.rs"),
        USAGE,
        "Patent",
    )


def test_a_demo_in_a_folder_of_another_clinic_is_a_conflict(clinic: Path) -> None:
    says(charthouse(clinic, "demo", "--data", "c"), CONFLICT, "c", "--data")


def test_an_occupied_port_is_a_conflict_and_names_the_port(clinic: Path) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        says(
            charthouse(clinic, "serve", "--data", "c", "--port", port), CONFLICT, port, "choose another port"
        )


def test_a_folder_that_is_being_served_is_not_served_twice(served: tuple[Path, int, int]) -> None:
    folder, _, process = served
    answer = charthouse(folder, "serve", "--data", "c", "--port", free_port())
    says(answer, CONFLICT, f"process {process}.", "Stop that process")


def test_a_link_leads_to_where_the_clinic_is_served_and_works_once(served: tuple[Path, int, int]) -> None:
    folder, port, _ = served
    printed = charthouse(folder, "token", "--data", "c", "--user", "admin").stdout
    (link,) = links(printed)
    assert printed == f"{link}\n"
    assert link.startswith(f"http://localhost:{port}/")
    first = httpx.get(link, timeout=20)
    assert first.status_code == 303
    assert "charthouse=" in first.headers["set-cookie"]
    assert httpx.get(link, timeout=20).status_code == 401


def test_a_token_is_printed_alone_and_opens_the_api_while_the_server_runs(
    served: tuple[Path, int, int],
) -> None:
    folder, port, _ = served
    printed = charthouse(
        folder, "token", "--data", "c", "--client", "lab", "--scope", "system/Patient.rs"
    ).stdout
    token = printed.strip()
    assert printed == f"{token}\n"
    base, headers = f"http://localhost:{port}/fhir", {"Authorization": f"Bearer {token}"}
    assert httpx.get(f"{base}/Patient", headers=headers, timeout=20).status_code == 200
    assert httpx.get(f"{base}/Observation", headers=headers, timeout=20).status_code == 403


def test_a_public_address_goes_before_where_it_is_served(served: tuple[Path, int, int]) -> None:
    words = ("token", "--data", "c", "--user", "admin")
    printed = charthouse(served[0], *words, CHARTHOUSE_BASE_URL="https://ehr.example.org").stdout
    assert printed.startswith("https://ehr.example.org/sign-in/link/")


def test_what_a_killed_server_left_is_no_address(clinic: Path) -> None:
    from charthouse.cli import lock

    folder = clinic / "left"
    folder.mkdir()
    gone = subprocess.Popen(["true"])
    gone.wait()
    (folder / lock.FILE).write_text(f"{gone.pid}\nhttp://localhost:1\n")
    assert lock.address(folder) is None
    (folder / lock.FILE).write_text(f"{os.getpid()}\nhttp://localhost:1\n")
    assert lock.address(folder) == "http://localhost:1"
    (folder / lock.FILE).write_text("")
    assert lock.address(folder) is None


@pytest.mark.postgres
def test_a_second_init_in_a_database_is_a_conflict_whoever_is_named(
    tmp_path: Path, postgres_url: str
) -> None:
    from charthouse.db.connect import Place, connect

    connection = connect(Place(url=postgres_url))
    connection.script("CREATE DATABASE second_init")
    connection.close()
    url = postgres_url.replace("/postgres?", "/second_init?")
    first = charthouse(tmp_path, "init", "--database", url)
    assert first.returncode == 0, first.stderr
    says(
        charthouse(tmp_path, "init", "--database", url, "--administrator", "eve"),
        CONFLICT,
        "database already",
    )
    says(charthouse(tmp_path, "token", "--database", url, "--user", "eve"), MISSING, "eve")
