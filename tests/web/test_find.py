"""A registrar finds a patient by what was said at the window, sees why, and opens the right chart from the keyboard."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, Route, expect

from tests.web import story
from tests.web.conftest import Open
from tests.web.visitor import WIDTHS, look

pytestmark = pytest.mark.browser


@pytest.mark.parametrize(("typed", "why"), [
    ("okaor amara", "spelled like “okaor”"), ("ammara okaphor", "sounds like “okaphor”"),
    ("mara 3/14/80", ""), ("amara 14.3.1980", ""), ("421877", ""), ("okafor, amara", ""),
])  # fmt: skip
def test_what_was_heard_or_mistyped_finds_the_chart_and_says_why(page: Page, typed: str, why: str) -> None:
    page.goto("/")
    page.keyboard.type(typed)
    expect(page.locator("#found [data-asked]")).to_have_attribute("data-asked", typed)
    hit = page.locator("#found .hit").first
    for word in ("Okafor, Amara", "14 Mar 1980", "46 y", "Female", "MRN 00421877"):
        expect(hit).to_contain_text(word)
    expect(hit.locator(".why")).to_have_count(1 if why else 0)
    if why:
        expect(hit.locator(".why")).to_contain_text(why)
    page.keyboard.press("Enter")
    page.wait_for_url(f"**/chart/{story.AMARA}")


def test_enter_never_opens_a_chart_that_answers_something_else(page: Page) -> None:
    page.goto("/")
    page.keyboard.type("okafor")
    expect(page.locator("#found .hit")).to_have_count(1)
    held: list[Route] = []
    page.route("**/find", lambda route: held.extend([route]))
    page.fill("#find", "lindqvist")
    page.keyboard.press("Enter")  # the list still shows somebody else
    page.wait_for_timeout(300)
    assert page.url.endswith("/")
    for route in held:
        route.continue_()
    page.unroute("**/find")
    expect(page.locator("#found .hit")).to_contain_text("Lindqvist")
    expect(page.locator("#found .hit")).to_be_focused()
    page.keyboard.press("Enter")
    page.wait_for_url(f"**/chart/{story.PER}")


def test_nobody_found_offers_what_to_do_next(page: Page) -> None:
    page.goto("/")
    page.fill("#find", "okafor zzzzzz qqqqqq")
    nobody = page.locator("#found .nobody")
    expect(nobody).to_contain_text("No patient found")
    expect(nobody).to_contain_text("last four digits of the phone")
    nobody.get_by_role("button", name="okafor").click()
    expect(page.locator("#found .hit")).to_contain_text("Okafor, Amara")
    expect(page.locator("#find")).to_be_focused()
    page.fill("#find", "okafor amara 1981")
    expect(page.locator("#found .tally")).to_contain_text("Nobody fits all of it")
    expect(page.locator("#found .hit .why")).to_contain_text("does not fit “1981”")
    page.keyboard.press("Enter")  # who does not fit is looked at before it is opened
    expect(page.locator("#found .hit")).to_be_focused()
    assert page.url.endswith("/")


def test_the_command_list_finds_alike_on_any_page(page: Page) -> None:
    page.goto(f"/chart/{story.PER}")
    page.keyboard.press("/")
    page.keyboard.type("ammara 1980")
    expect(page.locator("#palette-found [data-asked]")).to_have_attribute("data-asked", "ammara 1980")
    expect(page.locator("#palette-found .hit").first).to_contain_text("Okafor, Amara")
    page.keyboard.press("Enter")
    page.wait_for_url(f"**/chart/{story.AMARA}")


def test_the_list_fits_every_screen_and_can_be_read_by_everybody(open_page: Open) -> None:
    for width in WIDTHS:
        page = open_page(width=width, scheme="dark" if width == WIDTHS[0] else "light")
        page.goto("/")
        page.fill("#find", "ammara okaphor")
        expect(page.locator("#found .hit")).to_have_count(1)
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), width
        look(page, f"found at {width}")
