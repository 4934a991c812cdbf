"""Rules about what is kept under version control."""

from __future__ import annotations

import json
import re
import tomllib

import pytest

from building import reference
from tests.architecture.tree import ROOT, shown, tracked

# Hosts that packages come from: the user's own configuration names them, the project never does.
HOSTS = re.compile(
    "|".join(
        name.replace(".", r"\.")
        for name in (
            "registry." + "npmjs.org",
            "registry." + "yarnpkg.com",
            "pypi." + "org",
            "files." + "pythonhosted.org",
            "deb." + "debian.org",
        )
    )
)
PLACES = re.compile(r"(?<![\w.])/(?:work|root|home|Users|tmp/[a-z])/?\b")
TEXT = frozenset(
    {".cfg", ".css", ".html", ".js", ".json", ".md", ".py", ".sql", ".toml", ".txt", ".yaml", ".yml", ""}
)


@pytest.mark.parametrize("pattern", [HOSTS, PLACES], ids=["package hosts", "places on one machine"])
def test_no_file_names(pattern: re.Pattern[str]) -> None:
    found = [
        f"{shown(path)}:{number}: {line.strip()[:80]}"
        for path in tracked()
        if path.suffix in TEXT and path.name != "test_files.py"
        for number, line in enumerate(path.read_text().splitlines(), 1)
        if pattern.search(line)
    ]
    assert not found, "\n".join(found)


def test_nothing_that_the_build_makes_is_kept() -> None:
    names = {shown(path) for path in tracked()}
    made = {
        name for name in names if "/vendor/" in name or name.endswith((".bin", ".woff2", ".min.js", ".whl"))
    }
    assert not made


def test_the_npm_lock_holds_a_hash_for_each_package_and_no_address() -> None:
    lock = json.loads((ROOT / "building" / "npm" / "package-lock.json").read_text())
    packages = {name: item for name, item in lock["packages"].items() if name}
    assert packages
    for name, item in packages.items():
        assert item["integrity"].startswith("sha512-"), name
        assert "resolved" not in item, name


@pytest.mark.parametrize("name", ["requirements.txt", "requirements-dev.txt"])
def test_the_python_lock_holds_a_hash_for_each_package_and_no_address(name: str) -> None:
    text = (ROOT / name).read_text()
    packages = text.replace("\\\n", "").splitlines()
    assert len(packages) > 20
    for package in packages:
        assert re.match(r"[a-z0-9-]+==\S+ .*--hash=sha256:[0-9a-f]{64}", package), package[:60]
    assert "://" not in text


def test_every_required_dependency_is_locked() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    wanted = {re.split(r"[\[>=]", item)[0] for item in project["dependencies"]}
    locked = set(re.findall(r"(?m)^([a-z0-9-]+)==", (ROOT / "requirements.txt").read_text()))
    assert wanted <= locked


def test_the_settings_page_says_what_the_table_says() -> None:
    assert (ROOT / reference.SETTINGS).read_text() == reference.settings_page(), "run `make docs`"


def test_the_version_is_the_first_in_the_changelog() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    pattern = project["tool"]["hatch"]["version"]["pattern"]
    found = re.search(pattern, (ROOT / "CHANGELOG.md").read_text())
    assert found
    assert re.fullmatch(r"\d+\.\d+\.\d+", found["version"])
