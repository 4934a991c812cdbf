"""Sign-in with an organisation's own server, from its settings to signing out on both sides, in a real browser."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator

import httpx
import pytest
from playwright.sync_api import Browser, Page, expect

from charthouse.app import Clinic
from charthouse.base.settings import read
from tests import openid
from tests.web.conftest import CHARTHOUSE, PATIENCE, TELL, Served, _environment, _free_port, _wait
from tests.web.test_keyboard import violations

pytestmark = pytest.mark.browser

ADMIN, DOCTOR, NURSE = "asa.lund", "dr.okafor", "n.petrov"


@pytest.fixture(scope="module")
def provider() -> Iterator[openid.Provider]:
    with openid.running() as made:
        made.people = {
            "okafor": {"sub": "0x1", "preferred_username": "okafor@harbor.example"},
            "newcomer": {"sub": "0x2", "preferred_username": "new@harbor.example", "name": "New Comer",
                         "email": "new@harbor.example", "email_verified": True},
            "stranger": {"sub": "0x3", "preferred_username": "eve@elsewhere.example"},
        }  # fmt: skip
        yield made


@pytest.fixture(scope="module")
def harbor(provider: openid.Provider, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A clinic of its own that may call the provider."""
    folder, port = tmp_path_factory.mktemp("harbor") / "data", _free_port()
    clinic = Clinic.open(read({}, data=folder), create=True)
    try:
        for name, role in ((ADMIN, "administrator"), (DOCTOR, "clinician"), (NURSE, "clinician")):
            clinic.write(lambda conn, n=name, r=role: clinic.people.add(conn, n, n.title(), [r]))
    finally:
        clinic.close()
    made = Served(f"http://localhost:{port}", folder)
    more = {
        "CHARTHOUSE_OUTGOING_ALLOW": provider.url.removeprefix("http://"),
        "CHARTHOUSE_BASE_URL": made.url,
    }
    command = [*CHARTHOUSE, "serve", "--data", str(folder), "--port", str(port)]
    with (folder.parent / "server.log").open("wb") as log:
        process = subprocess.Popen(command, env=_environment() | more, stdout=log, stderr=subprocess.STDOUT)
        try:
            _wait(f"http://127.0.0.1:{port}", process)
            yield made
        finally:
            process.terminate()
            process.wait(20)
    told = (folder.parent / "server.log").read_text()
    assert "page.failed" not in told, told
    assert not [word for word in (openid.SECRET, "okafor@harbor") if word in told]


@pytest.fixture
def visitor(browser: Browser, harbor: Served) -> Iterator[Page]:
    """Somebody who is not signed in, in a browser of their own."""
    context = browser.new_context(
        base_url=harbor.url, viewport={"width": 1440, "height": 900}, reduced_motion="reduce"
    )
    context.add_init_script(TELL)
    wrong: list[str] = []
    page = context.new_page()
    page.set_default_timeout(PATIENCE)
    page.on("console", lambda message: wrong.append(message.text) if "POLICY" in message.text else None)
    page.on("pageerror", lambda error: wrong.append(str(error)))
    yield page
    context.close()
    assert not wrong


def administer(page: Page, harbor: Served) -> None:
    """Come in as the administrator, by a link."""
    told = harbor.run("token", "--user", ADMIN)
    page.goto("/sign-in/link/" + told.split("/sign-in/link/")[1])


@pytest.fixture(scope="module")
def named(browser: Browser, harbor: Served, provider: openid.Provider) -> str:
    """The provider, set up on its page by the administrator, who expects the doctor; its name in addresses."""
    context = browser.new_context(base_url=harbor.url)
    page = context.new_page()
    page.set_default_timeout(PATIENCE)
    administer(page, harbor)
    page.goto("/sign-in-servers/new")
    page.get_by_label("Name on the sign-in page").fill("Harbor Health")
    page.get_by_label("Issuer").fill(provider.url + "/wrong")
    page.get_by_label("Client id").fill(openid.CLIENT)
    page.get_by_label("Client secret").fill(openid.SECRET)
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("alert")).to_contain_text("This server cannot be used")
    page.get_by_label("Issuer").fill(provider.url)
    page.get_by_label("Client secret").fill(openid.SECRET)
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Harbor Health")
    assert openid.SECRET not in page.content()
    page.get_by_label("User here").fill(DOCTOR)
    page.get_by_label("Their preferred_username").fill("Okafor@Harbor.example")
    page.get_by_role("button", name="Link").click()
    expect(page.get_by_text("Not yet")).to_be_visible()
    name = page.url.rsplit("/", 1)[1]
    assert name != "new"
    context.close()
    return name


def sign_in(page: Page, login: str) -> None:
    page.goto("/sign-in")
    page.get_by_role("link", name="Sign in with Harbor Health").click()
    expect(page.get_by_role("heading", name="Harbor login")).to_be_visible()
    page.get_by_role("button", name=login).click()


def test_somebody_comes_in_with_the_account_of_their_organisation_and_signs_out_on_both_sides(
    visitor: Page, named: str, provider: openid.Provider
) -> None:
    sign_in(visitor, "okafor")
    expect(visitor.get_by_role("heading", name="Find a patient")).to_be_visible()
    cookies = {one["name"]: one for one in visitor.context.cookies()}
    assert "charthouse-away" not in cookies
    assert cookies["charthouse-left"]["httpOnly"]
    visitor.locator(".me summary").click()
    visitor.get_by_role("button", name="Sign out").click()
    visitor.get_by_role("link", name="Sign out there, too").click()
    expect(visitor.get_by_role("heading", name="Sign in")).to_be_visible()
    assert any("id_token_hint" in one for one in provider.asked if one.startswith("out "))
    assert "charthouse-left" not in {one["name"] for one in visitor.context.cookies()}


def test_somebody_unknown_is_told_so_and_is_not_in(visitor: Page, named: str) -> None:
    sign_in(visitor, "stranger")
    expect(visitor.get_by_role("alert")).to_contain_text("not known here")
    assert violations(visitor) == []
    visitor.goto("/")
    expect(visitor.get_by_role("heading", name="Sign in")).to_be_visible()


def test_the_way_back_works_once_and_only_in_the_browser_that_left(
    visitor: Page, browser: Browser, named: str
) -> None:
    came: list[str] = []
    visitor.on("request", lambda request: came.append(request.url) if "/back?" in request.url else None)
    sign_in(visitor, "okafor")
    expect(visitor.get_by_role("heading", name="Find a patient")).to_be_visible()
    other = browser.new_context()
    stolen = other.new_page()
    stolen.goto(came[0])
    expect(stolen.get_by_role("alert")).to_contain_text("not begun in this browser")
    other.close()


@pytest.mark.parametrize("place", ["//evil.example", "https://evil.example", "/\\evil.example", "/sign-out"])
def test_the_sign_in_leads_nowhere_else(visitor: Page, harbor: Served, named: str, place: str) -> None:
    visitor.goto(f"/sign-in/with/{named}?next={place}")
    visitor.get_by_role("button", name="okafor").click()
    expect(visitor.get_by_role("heading", name="Find a patient")).to_be_visible()
    assert visitor.url == harbor.url + "/"


def test_who_wanted_a_page_gets_there(visitor: Page, harbor: Served, named: str) -> None:
    visitor.goto(f"/sign-in/with/{named}?next=/code-systems")
    visitor.get_by_role("button", name="okafor").click()
    visitor.wait_for_url("**/code-systems")


def test_a_host_by_another_name_is_left_for_the_one_that_people_come_back_to(
    harbor: Served, named: str
) -> None:
    other = harbor.url.replace("localhost", "127.0.0.1")
    answer = httpx.get(f"{other}/sign-in/with/{named}")
    assert answer.headers["location"].startswith(harbor.url + "/sign-in/with/")


def test_an_account_is_made_where_the_administrator_says_so_and_can_be_unlinked(
    visitor: Page, harbor: Served, named: str, browser: Browser
) -> None:
    administer(visitor, harbor)
    visitor.goto(f"/sign-in-servers/{named}")
    visitor.get_by_label("E-mail domains").fill("harbor.example")
    visitor.get_by_label("Role of new accounts").select_option("registrar")
    visitor.get_by_label("Make an account at the first sign-in").check()
    visitor.get_by_role("button", name="Save").click()
    context = browser.new_context(base_url=harbor.url)
    theirs = context.new_page()
    sign_in(theirs, "newcomer")
    expect(theirs.locator(".me summary")).to_have_attribute("aria-label", "NC: New Comer")
    visitor.reload()
    visitor.get_by_role("button", name="End the link of New Comer").click()
    theirs.goto("/")
    expect(theirs.get_by_role("heading", name="Sign in")).to_be_visible()
    context.close()


def test_the_word_of_the_server_that_somebody_left_ends_their_sessions(
    visitor: Page, harbor: Served, named: str, provider: openid.Provider
) -> None:
    sign_in(visitor, "okafor")
    expect(visitor.get_by_role("heading", name="Find a patient")).to_be_visible()
    gone, token = f"{harbor.url}/sign-in/with/{named}/gone", provider.logout_token("0x1")
    assert httpx.post(gone, data={"logout_token": token + "x"}).status_code == 400
    assert httpx.post(gone, data={}).status_code == 400
    assert httpx.post(gone, data={"logout_token": token}).status_code == 200
    assert httpx.post(gone, data={"logout_token": token}).status_code == 400
    visitor.goto("/")
    expect(visitor.get_by_role("heading", name="Sign in")).to_be_visible()


def test_only_who_may_change_the_settings_sees_the_servers(harbor: Served, named: str) -> None:
    told = harbor.run("token", "--user", NURSE)
    with httpx.Client(base_url=harbor.url) as nurse:
        nurse.get("/sign-in/link/" + told.split("/sign-in/link/")[1])
        for path in ("", "/new", f"/{named}"):
            assert nurse.get(f"/sign-in-servers{path}").status_code == 403
    assert httpx.get(f"{harbor.url}/sign-in-servers").headers["location"] == "/sign-in"
    assert httpx.get(f"{harbor.url}/sign-in/with/nobody").status_code == 404
    assert httpx.get(f"{harbor.url}/sign-in/with/{named}/back?code=x&state=y").status_code == 401
    assert httpx.head(f"{harbor.url}/sign-in/with/{named}/back?code=x&state=y").status_code == 401


@pytest.mark.parametrize("width", [1440, 1024, 390])
def test_the_settings_are_readable_for_everybody_and_fit(
    visitor: Page, harbor: Served, named: str, width: int
) -> None:
    visitor.set_viewport_size({"width": width, "height": 900})
    administer(visitor, harbor)
    for path in ("/sign-in-servers", "/sign-in-servers/new", f"/sign-in-servers/{named}"):
        visitor.goto(path)
        assert violations(visitor) == [], path
        assert visitor.evaluate("document.documentElement.scrollWidth <= innerWidth"), path
