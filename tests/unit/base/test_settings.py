"""Settings come from the environment, and a wrong one stops the start with its repair."""

from __future__ import annotations

from pathlib import Path

import pytest

from charthouse.base import settings
from charthouse.base.errors import Problem


def refusal(environment: dict[str, str]) -> Problem:
    with pytest.raises(Problem) as caught:
        settings.read(environment)
    return caught.value


def test_without_an_environment_every_setting_has_its_default() -> None:
    made = settings.read({})
    assert made == settings.Settings()
    assert (made.host, made.port, made.data) == ("127.0.0.1", 8080, Path("charthouse-data"))
    assert made.bundle_entries >= 10_000


def test_each_variable_reaches_its_setting() -> None:
    made = settings.read(
        {
            "CHARTHOUSE_DATA": "/srv/clinic",
            "CHARTHOUSE_DATABASE_URL": "postgresql://ehr@db/clinic",
            "CHARTHOUSE_PORT": "9000",
            "CHARTHOUSE_BASE_URL": "https://ehr.example.org/",
            "CHARTHOUSE_BODY_LIMIT": "64M",
            "CHARTHOUSE_DEMO": "on",
            "CHARTHOUSE_LOG_LEVEL": "WARNING",
            "CHARTHOUSE_KEY": "AB" * 32,
        }
    )
    assert made.data == Path("/srv/clinic")
    assert made.database_url == "postgresql://ehr@db/clinic"
    assert made.port == 9000
    assert made.base_url == "https://ehr.example.org"
    assert made.body_limit == 64 * 1024 * 1024
    assert made.demo is True
    assert made.log_level == "warning"
    assert settings.key(made) == "ab" * 32


def test_an_option_of_a_command_wins_over_the_environment_even_over_a_bad_one() -> None:
    made = settings.read({"CHARTHOUSE_PORT": "x"}, port=9001, data=None)
    assert made.port == 9001
    assert made.data == Path("charthouse-data")


def test_an_empty_variable_counts_as_not_set() -> None:
    assert settings.read({"CHARTHOUSE_PORT": " "}).port == 8080


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("CHARTHOUSE_PORT", "0"),
        ("CHARTHOUSE_PORT", "80x"),
        ("CHARTHOUSE_PORT", "-1"),
        ("CHARTHOUSE_PORT", "٣"),
        ("CHARTHOUSE_DATABASE_URL", "mysql://x"),
        ("CHARTHOUSE_BASE_URL", "ehr.example.org"),
        ("CHARTHOUSE_BODY_LIMIT", "64MB"),
        ("CHARTHOUSE_BODY_LIMIT", "10"),
        ("CHARTHOUSE_DEMO", "maybe"),
        ("CHARTHOUSE_LOG_FORMAT", "xml"),
        ("CHARTHOUSE_SEARCH_BUDGET", "1.5"),
        ("CHARTHOUSE_KEY", "secret"),
        ("CHARTHOUSE_PROXIES", "10.0.0.300"),
        ("CHARTHOUSE_PROXIES", "proxy.example.org"),
        ("CHARTHOUSE_PROXIES", "*"),
        ("CHARTHOUSE_OUTGOING_ALLOW", "http://idp.example.org"),
        ("CHARTHOUSE_RATE_CLIENT", "many"),
    ],
)
def test_a_bad_value_is_refused_and_names_the_variable_and_the_repair(name: str, value: str) -> None:
    (issue,) = refusal({name: value}).issues
    assert issue.place == name
    assert issue.repair
    assert issue.repair.startswith("Give ")
    assert issue.value == ("(not shown)" if name in {"CHARTHOUSE_KEY", "CHARTHOUSE_DATABASE_URL"} else value)


def test_every_bad_value_is_told_at_once() -> None:
    failure = refusal({"CHARTHOUSE_PORT": "x", "CHARTHOUSE_DEMO": "x"})
    assert [issue.place for issue in failure.issues] == ["CHARTHOUSE_PORT", "CHARTHOUSE_DEMO"]


def test_a_slip_of_the_pen_is_refused_with_the_name_that_was_meant() -> None:
    (issue,) = refusal({"CHARTHOUSE_PROT": "80"}).issues
    assert issue.repair == "Did you mean CHARTHOUSE_PORT?"


def test_variables_of_the_tests_and_the_build_are_nobodys_mistake() -> None:
    settings.read({"CHARTHOUSE_TEST_DATA": "/x", "CHARTHOUSE_BUILD_CACHE": "/y", "PORT": "z"})


@pytest.mark.parametrize(
    "environment",
    [
        {"CHARTHOUSE_PAGE_SIZE": "500", "CHARTHOUSE_PAGE_LIMIT": "100"},
        {"CHARTHOUSE_SESSION_IDLE": "60", "CHARTHOUSE_SESSION_ABSOLUTE": "30"},
        {"CHARTHOUSE_KEY": "0" * 64, "CHARTHOUSE_KEY_FILE": "/x"},
        {"CHARTHOUSE_TLS_CERT": "/c", "CHARTHOUSE_TLS_KEY": "/k", "CHARTHOUSE_BASE_URL": "http://ehr"},
    ],
)
def test_settings_that_contradict_each_other_are_refused(environment: dict[str, str]) -> None:
    assert refusal(environment).issues[0].place in environment


def test_secrets_are_not_in_the_written_form() -> None:
    made = settings.read({"CHARTHOUSE_KEY": "ab" * 32, "CHARTHOUSE_DATABASE_URL": "postgresql://u:pw@h/d"})
    assert "abab" not in repr(made)
    assert "pw@" not in repr(made)


def test_the_key_is_read_from_its_file(tmp_path: Path) -> None:
    file = tmp_path / "key"
    file.write_text("CD" * 32 + "\n")
    file.chmod(0o600)
    assert settings.key(settings.Settings(key_file=file)) == "cd" * 32
    assert settings.key(settings.Settings()) is None


@pytest.mark.parametrize("rights", [0o640, 0o604, 0o660, 0o777])
def test_a_key_file_that_others_may_read_is_refused(tmp_path: Path, rights: int) -> None:
    file = tmp_path / "key"
    file.write_text("CD" * 32)
    file.chmod(rights)
    with pytest.raises(Problem) as caught:
        settings.key(settings.Settings(key_file=file))
    assert caught.value.issues[0].repair == f"Shut it: chmod 600 {file}"


@pytest.mark.parametrize("content", [None, b"short", b"\xff\xfe"])
def test_a_key_file_without_a_key_is_refused_and_its_content_not_shown(
    tmp_path: Path, content: bytes | None
) -> None:
    file = tmp_path / "key"
    if content is not None:
        file.write_bytes(content)
    with pytest.raises(Problem) as caught:
        settings.key(settings.Settings(key_file=file))
    (issue,) = caught.value.issues
    assert issue.value == str(file)
    assert "short" not in str(caught.value)


def test_each_setting_has_one_line_of_help_and_a_default_that_reads_back() -> None:
    for row in settings.table():
        assert row.help.endswith("."), row.name
        assert len(row.help) < 110
        assert row.variable == "CHARTHOUSE_" + row.name.upper()
        if row.default:
            assert getattr(settings.read({row.variable: row.default}), row.name) == getattr(
                settings.Settings(), row.name
            )
