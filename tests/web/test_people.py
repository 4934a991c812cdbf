"""Administrators look after people: in a real browser."""

from __future__ import annotations

import httpx
import pytest
from playwright.sync_api import expect

from tests.web.visitor import PASSWORD, Visitor, check, folder, house, look, visitor

pytestmark = pytest.mark.browser
__all__ = ["folder", "house", "visitor"]  # the fixtures of this module


def test_an_administrator_adds_invites_and_disables_a_person(visitor: Visitor) -> None:
    page = visitor.accept("asa.lund").page
    visitor.home()
    page.locator(".me summary").click()
    page.get_by_role("link", name="People").click()
    page.get_by_label("Name, user name or e-mail").fill("petrov")
    expect(page.locator(".people-rows tbody tr")).to_have_count(1)
    page.get_by_label("Name, user name or e-mail").fill("nobody at all")
    expect(page.get_by_text("Nobody matches")).to_be_visible()
    page.get_by_label("Name, user name or e-mail").fill("")
    page.locator(".filters [name=role]").select_option("biller")
    expect(page.locator(".people-rows tbody tr")).to_have_count(1)
    assert "ruiz" not in page.url
    page.get_by_text("Add a person").click()
    page.get_by_label("Name on the screens").fill("New One, MA")
    page.get_by_label("User name", exact=True).fill("new.one")
    page.get_by_role("checkbox", name="Biller").check()
    page.get_by_role("button", name="Add", exact=True).click()
    expect(page.get_by_role("heading", name="New One, MA")).to_be_visible()
    page.get_by_role("button", name="Invite").click()
    link = page.locator(".invitation code").inner_text()
    page.goto(page.url.removesuffix("/invite"))  # it is shown only once
    expect(page.locator(".invitation")).to_have_count(0)
    guest = visitor.house.visitor()
    guest.page.goto(link)
    guest.page.fill("[name=password]", PASSWORD)
    guest.page.fill("[name=again]", PASSWORD)
    guest.page.get_by_role("button", name="Keep this password").click()
    guest.home()
    guest.page.goto("/people")
    expect(guest.page.get_by_role("heading", name="Not open to you")).to_be_visible()
    page.reload()
    expect(page.get_by_role("region", name="Signed in now")).to_contain_text("Chrome")
    page.get_by_role("button", name="Disable").click()
    expect(page.get_by_text("Disabled since")).to_be_visible()
    guest.page.goto("/")
    expect(guest.page.get_by_role("heading", name="Sign in")).to_be_visible()
    guest.close()


def test_facilities_and_licences_are_kept_with_their_history(visitor: Visitor) -> None:
    page = visitor.accept("asa.lund").page
    visitor.home()
    page.goto("/people/rules")
    page.locator("form.across [name=name]").fill("Harbor Clinic, East")
    page.get_by_role("button", name="Add a facility").click()
    expect(page.get_by_text("Harbor Clinic, East")).to_be_visible()
    page.goto("/people")
    page.locator(".people-rows").get_by_role("link", name="Nadia Petrov, RN").click()
    page.get_by_label("Harbor Clinic, East").check()
    page.get_by_role("button", name="Save facilities").click()
    expect(page.get_by_label("Harbor Clinic, East")).to_be_checked()
    page.get_by_text("Add a licence or certificate").click()
    page.get_by_label("Kind").fill("RN")
    page.get_by_role("textbox", name="Number", exact=True).fill("RN-1188")
    page.get_by_label("Given by").fill("Board of Nursing")
    page.get_by_label("Until").fill("2020-12-31")
    page.get_by_role("button", name="Add", exact=True).click()
    licences = page.get_by_role("region", name="Licences and certificates")
    expect(licences).to_contain_text("expired")
    licences.get_by_text("End it").click()
    licences.get_by_label("Why does it no longer hold?").fill("renewed under another number")
    licences.get_by_role("button", name="End RN").click()
    expect(licences).to_contain_text("ended: renewed under another number")


def test_the_practitioner_that_a_person_is_gets_chosen_by_name(visitor: Visitor) -> None:
    page = visitor.accept("asa.lund").page
    visitor.home()
    page.goto("/people")
    page.locator(".people-rows").get_by_role("link", name="Dana Key").click()
    page.get_by_label("Is this practitioner: part of a name").fill("nobody of that name")
    expect(page.locator("#practitioner-found")).to_contain_text("Nothing of that name")
    page.get_by_label("Is this practitioner: part of a name").fill("tra li")
    page.locator("#practitioner-found").get_by_label("Linh Tran").check()
    page.get_by_role("button", name="Save", exact=True).last.click()
    expect(page.get_by_label("Linh Tran")).to_be_checked()
    assert "tran" not in page.url


def test_nobody_changes_their_own_roles_and_the_page_says_so(visitor: Visitor) -> None:
    page = visitor.accept("asa.lund").page
    visitor.home()
    page.goto("/people")
    page.locator(".people-rows").get_by_role("link", name="Asa Lund").click()
    expect(page.get_by_text("This is you")).to_be_visible()
    expect(page.get_by_role("button", name="Save roles")).to_have_count(0)
    token = page.locator("[name=form_token]").first.get_attribute("value") or ""
    cookies = {one["name"]: one["value"] for one in visitor.context.cookies()}
    for act, data in (("roles", {"role": "privacy-officer"}), ("disable", {}), ("factors-reset", {})):
        answer = httpx.post(f"{page.url}/{act}", data={**data, "form_token": token}, cookies=cookies)
        assert (answer.status_code, "Nobody changes their own account here" in answer.text) == (403, True)


def test_all_screens_fit_and_pass_the_accessibility_check_by_day_and_by_night(visitor: Visitor) -> None:
    page = visitor.accept("kofi.mensah").page
    visitor.home()
    paths = ["/account", "/account/confirm", "/people", "/people/rules", "/people/1", "/people/3"]
    check(page, paths)
    page.goto("/account")
    page.get_by_role("button", name="Set up an authenticator app").click()
    expect(page.locator("svg.square")).to_be_visible()
    check(page, ["/account/app"])
    page.goto("/account")
    page.locator(".me summary").click()
    with page.expect_response("**/lock"):
        page.get_by_role("button", name="Lock", exact=True).click()
    expect(page.get_by_role("dialog", name="Locked")).to_be_visible()
    look(page, "the lock")
    check(page, ["/unlock"])
    visitor.page.get_by_role("button", name="Sign out, or sign in as somebody else").click()
    check(page, ["/sign-in", visitor.house.invitation("b.ruiz")])
