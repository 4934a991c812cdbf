"""People are invited, sign in with two steps, lock and unlock: in a real browser."""

from __future__ import annotations

import time

import httpx
import pytest
from playwright.sync_api import expect

from tests.web.visitor import PASSWORD, House, Visitor, folder, house, visitor

pytestmark = pytest.mark.browser
__all__ = ["folder", "house", "visitor"]  # the fixtures of this module


def test_an_invitation_is_accepted_once_with_a_password_that_is_not_guessed(
    house: House, visitor: Visitor
) -> None:
    page, link = visitor.page, house.invitation("n.petrov")
    page.goto(link)
    expect(page.get_by_role("heading", name="Welcome, Nadia Petrov, RN")).to_be_visible()
    for chosen, again, said in (
        ("password1234", "password1234", "would be guessed"), (PASSWORD, "something else", "not the same"),
    ):  # fmt: skip
        page.fill("[name=password]", chosen)
        page.fill("[name=again]", again)
        page.get_by_role("button", name="Keep this password").click()
        expect(page.get_by_role("alert")).to_contain_text(said)
    page.fill("[name=password]", PASSWORD)
    page.fill("[name=again]", PASSWORD)
    page.get_by_role("button", name="Keep this password").click()
    visitor.home()
    visitor.sign_out()
    page.goto(link)
    expect(page.get_by_role("alert")).to_contain_text("used or is too old")
    visitor.sign_in("n.petrov")
    visitor.home()


def test_unknown_name_wrong_password_and_disabled_look_the_same(house: House) -> None:
    pages = []
    for name in ("n.petrov", "who.is.it", "b.ruiz"):
        answer = httpx.post(f"{house.url}/sign-in", data={"name": name, "password": "wrong wrong wrong"})
        pages.append((answer.status_code, answer.text.replace(name, "NAME")))
    assert pages[0][0] == 401
    assert pages == [pages[0]] * 3
    invitations = [httpx.get(f"{house.url}/invite/{text}") for text in ("x", "A" * 43)]
    assert {(one.status_code, one.text) for one in invitations} == {(401, invitations[0].text)}
    asked = [httpx.post(f"{house.url}/sign-in/passkey/ask").json() for _ in range(2)]
    assert all(not one["allowCredentials"] for one in asked)


def test_a_form_of_another_site_signs_nobody_in(house: House) -> None:
    data = {"name": "n.petrov", "password": PASSWORD}
    for headers in (
        {"origin": "https://evil.example"},
        {"sec-fetch-site": "cross-site"},
        {"sec-fetch-site": "same-site"},
        {"origin": "null"},
    ):
        answer = httpx.post(f"{house.url}/sign-in", data=data, headers=headers)
        assert answer.status_code == 403
        assert "set-cookie" not in answer.headers


def test_a_passkey_is_added_and_signs_in_without_name_or_password(visitor: Visitor) -> None:
    visitor.accept("d.key").home()
    codes = visitor.add_passkey()
    assert len(codes) == 10
    visitor.page.get_by_role("link", name="I have kept them").click()
    expect(visitor.page.get_by_text("Passkey: Test device")).to_be_visible()
    visitor.sign_out()
    visitor.page.get_by_role("button", name="Sign in with a passkey").click()
    visitor.home()
    visitor.sign_out()
    visitor.sign_in("d.key")
    expect(visitor.page.get_by_role("heading", name="Second step")).to_be_visible()
    visitor.page.goto("/account")  # half open: nothing but the second step
    expect(visitor.page.get_by_role("heading", name="Sign in")).to_be_visible()
    visitor.page.goto("/sign-in/second")
    visitor.page.get_by_role("button", name="Use a passkey").click()
    visitor.home()
    visitor.sign_out()
    for code, opens in ((codes[0], True), (codes[0], False), (codes[1].lower(), True)):
        visitor.sign_in("d.key")
        visitor.page.get_by_text("Use a recovery code").click()
        visitor.page.locator("details [name=code]").fill(code)
        visitor.page.locator("details").get_by_role("button", name="Go on").click()
        if opens:
            visitor.home()
            visitor.sign_out()
        else:
            expect(visitor.page.get_by_role("alert").first).to_contain_text("used before")


def test_an_app_is_set_up_and_its_code_works_once(visitor: Visitor) -> None:
    visitor.accept("e.app").home()
    visitor.page.goto("/account")
    app = visitor.add_app()
    expect(visitor.page.locator(".codes-shown li")).to_have_count(10)
    visitor.page.get_by_role("link", name="I have kept them").click()
    visitor.sign_out()
    visitor.sign_in("e.app")
    soon = app.at(time.time() + 30)  # the present one confirmed the set-up and is used up
    visitor.page.fill("[name=code] >> nth=0", soon)
    visitor.page.get_by_role("button", name="Go on").first.click()
    visitor.home()
    visitor.sign_out()
    visitor.sign_in("e.app")
    visitor.page.fill("[name=code] >> nth=0", soon)
    visitor.page.get_by_role("button", name="Go on").first.click()
    expect(visitor.page.get_by_role("alert").first).to_contain_text("not right")


def test_who_must_have_a_second_step_sets_one_up_before_anything_else(visitor: Visitor) -> None:
    page = visitor.accept("f.must").page
    for path in ("/", "/people", "/account", "/chart/x"):
        page.goto(path)
        expect(page.get_by_role("heading", name="Set up a second step")).to_be_visible()
    expect(page.get_by_text("asks everybody who is Coder")).to_be_visible()
    visitor.add_app()
    page.get_by_role("link", name="I have kept them").click()
    expect(page.get_by_role("heading", name="Your account")).to_be_visible()
    page.goto("/")
    visitor.home()
    page.goto("/account")
    page.get_by_role("button", name="Remove the authenticator app").click()
    expect(page.get_by_role("alert").first).to_contain_text("this is the last one")


def test_the_lock_covers_the_page_and_gives_it_back_with_everything_typed(visitor: Visitor) -> None:
    page = visitor.accept("g.lock").page
    visitor.home()
    page.fill("#find", "half a na")
    before = {one["name"]: one["value"] for one in visitor.context.cookies()}
    page.locator(".me summary").click()
    with page.expect_response("**/lock"):
        page.get_by_role("button", name="Lock", exact=True).click()
    lock = page.get_by_role("dialog", name="Locked")
    expect(lock).to_be_visible()
    expect(page.locator("#find")).not_to_be_visible()
    expect(lock).to_contain_text("Gia Lock")
    for _ in range(3):
        page.keyboard.press("Escape")
    expect(lock).to_be_visible()
    cookies = {"charthouse": before["charthouse"]}
    for path in ("/", "/account", "/people", "/fhir/Patient", "/chart/x"):
        answer = httpx.get(visitor.house.url + path, cookies=cookies)
        assert (answer.status_code, answer.headers.get("location")) in (
            (303, "/sign-in"),
            (303, "/unlock"),
            (401, None),
        )
    lock.get_by_label("Password").fill("not this one")
    lock.get_by_role("button", name="Unlock").click()
    expect(lock.get_by_role("alert")).to_contain_text("not right")
    lock.get_by_label("Password").fill(PASSWORD)
    lock.get_by_role("button", name="Unlock").click()
    expect(lock).not_to_be_visible()
    expect(page.locator("#find")).to_have_value("half a na")
    page.fill("#find", "half a name")
    expect(page.locator("#found")).to_contain_text("No patient found")  # its form token is still good
    assert {one["name"]: one["value"] for one in visitor.context.cookies()} == before


def test_an_idle_page_locks_by_itself_in_every_window_and_unlocks_in_every_window(visitor: Visitor) -> None:
    visitor.accept("h.idle").home()
    visitor.page.clock.install()
    page, other = visitor.page, visitor.open()
    page.goto("/")
    other.goto("/account")
    with page.expect_response("**/find"):  # whose time limit would run out with the clock
        page.fill("#find", "a draft")
    other.fill("[name=current]", "half a pass")
    page.clock.fast_forward(29 * 60_000)
    page.keyboard.press("Shift")  # somebody is there
    page.clock.fast_forward(29 * 60_000)
    expect(page.get_by_role("dialog", name="Locked")).not_to_be_visible()
    page.clock.fast_forward(2 * 60_000)
    for one in (page, other):
        expect(one.get_by_role("dialog", name="Locked")).to_be_visible()
    page.get_by_role("dialog").get_by_label("Password").fill(PASSWORD)
    page.keyboard.press("Enter")
    for one in (page, other):
        expect(one.get_by_role("dialog", name="Locked")).not_to_be_visible()
    expect(page.locator("#find")).to_have_value("a draft")
    expect(other.locator("[name=current]")).to_have_value("half a pass")


def test_a_page_that_learns_from_the_server_that_it_is_locked_keeps_what_was_typed(visitor: Visitor) -> None:
    page = visitor.accept("h.idle").page
    visitor.home()
    page.fill("#find", "zzzz")
    expect(page.locator("#found")).to_contain_text("No patient found")
    token = page.locator("#lock").get_attribute("data-token") or ""
    elsewhere = {one["name"]: one["value"] for one in visitor.context.cookies()}
    locked = httpx.post(
        f"{visitor.house.url}/lock",
        headers={"x-csrf-token": token, "accept": "application/json"},
        cookies=elsewhere,
    )
    assert locked.status_code == 204
    page.fill("#find", "zzzz and more")
    expect(page.get_by_role("dialog", name="Locked")).to_be_visible()
    assert page.url.endswith("/")
    page.get_by_role("dialog").get_by_label("Password").fill(PASSWORD)
    page.keyboard.press("Enter")
    expect(page.locator("#find")).to_have_value("zzzz and more")
    expect(page.locator("#found")).to_contain_text("No patient found")


def test_a_locked_sign_in_that_is_loaded_anew_asks_to_unlock_or_to_leave(visitor: Visitor) -> None:
    page = visitor.accept("g.lock").page
    visitor.home()
    visitor.add_passkey()
    page.locator(".me summary").click()
    with page.expect_response("**/lock"):
        page.get_by_role("button", name="Lock", exact=True).click()
    expect(page.get_by_role("dialog", name="Locked")).to_be_visible()
    page.goto("/")
    expect(page.get_by_role("heading", name="Locked")).to_be_visible()
    page.get_by_role("button", name="Unlock with a passkey").click()
    visitor.home()
    page.locator(".me summary").click()
    with page.expect_response("**/lock"):
        page.get_by_role("button", name="Lock", exact=True).click()
    page.goto("/unlock")
    page.get_by_role("button", name="Sign out, or sign in as somebody else").click()
    expect(page.get_by_role("heading", name="Sign in")).to_be_visible()


def test_a_lock_that_never_reached_the_server_is_asked_for_again_by_the_next_page(visitor: Visitor) -> None:
    page = visitor.accept("j.left").page
    visitor.home()
    page.route("**/lock", lambda route: route.abort())
    page.locator(".me summary").click()
    with page.expect_event("requestfailed"):
        page.get_by_role("button", name="Lock", exact=True).click()
    expect(page.get_by_role("dialog", name="Locked")).to_be_visible()
    page.unroute("**/lock")
    with page.expect_response("**/lock") as again:
        page.goto("/")
    assert again.value.status == 204
    expect(page.get_by_role("dialog", name="Locked")).to_be_visible()
    page.goto("/account")
    expect(page.get_by_role("heading", name="Locked")).to_be_visible()
    page.fill("[name=password]", PASSWORD)
    page.get_by_role("button", name="Unlock", exact=True).click()
    visitor.home()
    expect(page.get_by_role("dialog", name="Locked")).to_be_hidden()
    assert len(visitor.wrong) == 1, visitor.wrong
    assert "ERR_FAILED" in visitor.wrong[0], "only the request that was cut off"
    visitor.wrong.clear()


def test_too_many_wrong_passwords_must_wait_and_are_told_so(visitor: Visitor) -> None:
    visitor.accept("i.slow").home()
    visitor.sign_out()
    for _ in range(10):
        visitor.sign_in("i.slow", "wrong wrong wrong")
        expect(visitor.page.get_by_role("alert").first).to_contain_text("not right")
    visitor.sign_in("i.slow")
    expect(visitor.page.get_by_role("alert").first).to_contain_text("Try again in 15 minutes")
