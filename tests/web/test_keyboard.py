"""Everything without a mouse, and with a screen reader."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.web import story
from tests.web.conftest import Open
from tests.web.test_chart import SCREENS

pytestmark = pytest.mark.browser
AXE = Path(__file__).parent / "vendor" / "axe.min.js"


def test_every_key_that_the_overlay_prints_does_what_it_says(page: Page) -> None:
    page.goto(f"/chart/{story.AMARA}")
    page.keyboard.press("?")
    overlay = page.locator("#keys")
    expect(overlay).to_be_visible()
    lines = overlay.locator("[data-href]").evaluate_all(
        "all => all.map(one => [one.dataset.stroke, one.dataset.href])"
    )
    assert len(lines) > 12
    page.keyboard.press("Escape")
    expect(overlay).to_be_hidden()
    for stroke, href in lines:
        page.goto(f"/record/Patient/{story.AMARA}")
        for key in stroke.split():
            page.keyboard.press(key)
        page.wait_for_url(f"**{href}")


def test_keys_typed_in_a_box_are_text(page: Page) -> None:
    page.goto("/")
    page.keyboard.type("g h?")
    expect(page.locator("#find")).to_have_value("g h?")
    expect(page.locator("#keys")).to_be_hidden()


def test_a_slash_finds_a_patient_from_inside_another_chart(page: Page) -> None:
    page.goto(f"/chart/{story.PER}")
    page.keyboard.press("/")
    expect(page.locator("#palette-box")).to_be_focused()
    page.keyboard.type("okafor")
    expect(page.locator("#palette .hit")).to_have_count(1)
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    expect(page.locator(".strip .legal")).to_have_text("Amara Okafor")


def test_the_command_list_goes_to_a_section(page: Page) -> None:
    page.goto(f"/chart/{story.AMARA}")
    page.keyboard.press("Control+k")
    page.keyboard.type("immun")
    page.keyboard.press("Enter")
    page.wait_for_url("**/immunizations")


def test_a_patient_that_stands_above_a_page_in_the_command_list_is_opened_first(page: Page) -> None:
    page.goto(f"/chart/{story.PER}")
    page.keyboard.press("Control+k")
    page.keyboard.type("al")
    expect(page.locator("#palette-found [data-asked=al]")).to_be_attached()
    expect(page.locator("#palette .commands .choice", has_text="Allergies")).to_be_visible()
    patient = page.locator("#palette .choice:visible").first.get_attribute("href") or ""
    page.keyboard.press("Enter")
    page.wait_for_url(f"**{patient}")
    assert patient.count("/") == 2  # a chart, and none of its pages


def test_rows_are_walked_with_j_and_k_and_opened_with_enter(page: Page) -> None:
    page.goto(f"/chart/{story.PER}/visits")
    for key in ("j", "j", "k"):
        page.keyboard.press(key)
    expect(page.locator(".go").first).to_be_focused()
    page.keyboard.press("j")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name=f"Check {story.VISITS - 2}")).to_be_visible()


def test_the_first_tab_stop_skips_to_the_content(page: Page) -> None:
    page.goto(f"/chart/{story.AMARA}")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(page.locator("main")).to_be_focused()


def test_light_and_dark_are_chosen_once_and_kept(page: Page) -> None:
    page.goto("/")
    page.locator(".me summary").click()
    page.get_by_label("Night").check()
    assert page.evaluate("getComputedStyle(document.body).colorScheme") == "dark"
    page.goto(f"/chart/{story.AMARA}")
    assert page.locator("html").get_attribute("data-theme") == "dark"


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1440, 390])
def test_every_screen_meets_wcag_2_2_aa(open_page: Open, scheme: str, width: int) -> None:
    if not AXE.is_file():
        pytest.fail("axe.min.js is missing beside the tests: build the project (make)")
    page, found = open_page(width=width, scheme=scheme), []
    for path in SCREENS:
        page.goto(path)
        found += [f"{path}: {one}" for one in violations(page)]
    page.goto(f"/chart/{story.AMARA}")
    page.keyboard.press("?")
    found += [f"keys: {one}" for one in violations(page)]
    page.keyboard.press("Escape")
    page.keyboard.press("Control+k")
    page.keyboard.type("oka")
    expect(page.locator("#palette .hit")).to_have_count(1)
    found += [f"palette: {one}" for one in violations(page)]
    signed_out = open_page(width=width, scheme=scheme, signed_in=False)
    signed_out.goto("/sign-in")
    found += [f"sign-in: {one}" for one in violations(signed_out)]
    assert not found


def violations(page: Page) -> list[str]:
    """What axe finds against WCAG 2.2 A and AA."""
    page.evaluate(AXE.read_text())
    tags = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
    result = page.evaluate("tags => axe.run(document, {runOnly: tags})", tags)
    assert result["passes"], "axe looked at nothing"
    return [f"{one['id']} {one['nodes'][0]['html'][:120]}" for one in result["violations"]]
