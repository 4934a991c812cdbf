"""Static files by content, and the keys that pages print and bind."""

from __future__ import annotations

import asyncio
import re
from pathlib import Path

import httpx
import pytest
from starlette.applications import Starlette
from starlette.routing import Route

from charthouse.web.assets import ROOT, Assets
from charthouse.web.keys import EVERYWHERE, for_chart
from charthouse.web.sections import BY_SLUG, CHIPS, SECTIONS, section_of
from tests.unit.web.makers import concept


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "a.css").write_text("@font-face{src:url(./f/x.woff2)} p{color:red}" + " " * 2000)
    (tmp_path / "f").mkdir()
    (tmp_path / "f" / "x.woff2").write_bytes(b"font")
    (tmp_path / "m.js").write_text('import { n } from "./n.js";')
    (tmp_path / "n.js").write_text("export const n = 1;")
    (tmp_path / "secret.txt").write_text("no")
    return tmp_path


def get(assets: Assets, path: str) -> httpx.Response:
    """The answer of a site that has only these files."""
    app = Starlette(routes=[Route("/static/{hash}/{name:path}", assets.serve)])

    async def ask() -> httpx.Response:
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://test") as client:
            return await client.get(path)

    return asyncio.run(ask())


def test_a_file_is_served_under_the_hash_of_its_content_and_kept_for_ever(folder: Path) -> None:
    assets = Assets(folder)
    answer = get(assets, assets.path("a.css"))
    assert answer.status_code == 200
    assert "immutable" in answer.headers["cache-control"]
    assert answer.headers["content-encoding"] == "gzip"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert "color:red" in answer.text


def test_links_between_files_are_to_content_addresses(folder: Path) -> None:
    assets = Assets(folder)
    assert assets.path("f/x.woff2") in get(assets, assets.path("a.css")).text
    assert f'from "{assets.path("n.js")}"' in get(assets, assets.path("m.js")).text


def test_a_changed_part_changes_the_address_of_the_whole(folder: Path) -> None:
    before = Assets(folder).path("m.js")
    (folder / "n.js").write_text("export const n = 2;")
    assert Assets(folder).path("m.js") != before


@pytest.mark.parametrize(
    "path",
    [
        "/static/0000/a.css",
        "/static/x/secret.txt",
        "/static/x/f",
        "/static/x/..%2fpyproject.toml",
        "/static/x/none.css",
    ],
)
def test_what_is_not_exactly_that_file_is_not_found(folder: Path, path: str) -> None:
    assert get(Assets(folder), path).status_code == 404


def test_no_page_or_script_of_ours_needs_inline_style_or_script() -> None:
    for file in [*ROOT.glob("*.js"), *ROOT.parent.joinpath("templates").rglob("*.html")]:
        text = file.read_text()
        assert not re.search(
            r"\sstyle=|<style|\son[a-z]+=|javascript:|\.innerHTML|eval\(|new Function", text
        ), file.name
        assert "hx-on" not in text, file.name
        assert "js:" not in text, file.name


def test_every_key_is_one_action_or_one_page_and_no_two_are_alike() -> None:
    keys = (*EVERYWHERE, *for_chart("p"))
    assert all(bool(key.does) != bool(key.href) for key in keys)
    strokes = [key.stroke for key in keys]
    assert len(set(strokes)) == len(strokes)


def test_every_action_of_a_key_exists_in_the_script_that_binds_them() -> None:
    script = (ROOT / "keys.js").read_text()
    for key in EVERYWHERE:
        assert not key.does or re.search(
            rf"\b{key.does}:|\b{key.does},", script.replace("palette: openPalette", "palette:")
        ), key.does


def test_every_section_has_a_key_and_its_page() -> None:
    assert {key.href for key in for_chart("p")} == {section.path("p") for section in SECTIONS} | {
        "/chart/p/apps"
    }
    assert BY_SLUG["summary"].path("p") == "/chart/p"


def test_every_chip_of_the_timeline_asks_for_something() -> None:
    assert all(chip.queries for chip in CHIPS)


def test_a_record_knows_the_section_it_is_listed_in() -> None:
    lab = {"resourceType": "Observation", "category": [concept("", "laboratory")]}
    sections = [
        section_of(tree) for tree in (lab, {"resourceType": "Encounter"}, {"resourceType": "Patient"})
    ]
    assert [section.slug if section else None for section in sections] == ["results", "visits", None]
