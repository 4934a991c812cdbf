"""Coming in by a link that works once, and going out."""

from __future__ import annotations

import httpx
import pytest
from playwright.sync_api import Page, expect

from tests.web.conftest import Open, Served, copied

pytestmark = pytest.mark.browser


def test_a_link_signs_in_once_and_then_says_that_it_was_used(served: Served, open_page: Open) -> None:
    link, page = served.link(), open_page(signed_in=False)
    page.goto(link)
    expect(page.get_by_role("heading", name="Find a patient")).to_be_visible()
    assert page.url == served.url + "/"
    other = open_page(signed_in=False)
    other.goto(link)
    expect(other.get_by_role("alert")).to_contain_text("used or is too old")


def test_without_a_sign_in_a_chart_leads_to_the_sign_in_page_which_explains_the_link(open_page: Open) -> None:
    page = open_page(signed_in=False)
    page.goto("/chart/amara-okafor")
    expect(page.get_by_role("heading", name="Sign in")).to_be_visible()
    page.get_by_text("No password yet, or forgotten?").click()
    expect(page.get_by_text("charthouse token --user NAME")).to_be_visible()
    expect(page.get_by_text("Demo")).to_be_visible()
    page.get_by_role("button", name="Copy").click()
    copied(page, "charthouse token --user NAME")


def test_signing_out_ends_the_session_everywhere_and_forgets_the_open_charts(
    served: Served, open_page: Open
) -> None:
    page = open_page(signed_in=False)
    page.goto(served.link())
    page.goto("/chart/amara-okafor")
    kept = {one["name"]: one["value"] for one in page.context.cookies()}
    page.locator(".me summary").click()
    page.get_by_role("button", name="Sign out").click()
    expect(page.get_by_role("heading", name="Sign in")).to_be_visible()
    assert not [
        one
        for one in page.context.cookies()
        if one["name"] == "charthouse_charts" and "amara" in one["value"]
    ]
    answer = httpx.get(f"{served.url}/chart/amara-okafor", cookies={"charthouse": kept["charthouse"]})
    assert answer.status_code == 303
    assert answer.headers["location"] == "/sign-in"


def test_who_is_in_already_does_not_see_the_sign_in_page(page: Page) -> None:
    page.goto("/sign-in")
    expect(page.get_by_role("heading", name="Find a patient")).to_be_visible()
