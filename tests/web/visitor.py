"""People with browsers and passkeys of their own, and a clinic that is theirs alone."""

from __future__ import annotations

import asyncio
import re
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pyotp
import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from charthouse.access.actor import SYSTEM
from charthouse.app import Clinic
from charthouse.base.settings import read
from charthouse.fhir.bundle import Entry
from tests.web.conftest import CHARTHOUSE, PATIENCE, TELL, _environment, _free_port, _wait

PASSWORD = "tulip cargo window seven"
WIDTHS = (1440, 1024, 390)
AXE = Path(__file__).with_name("vendor") / "axe.min.js"


@dataclass
class House:
    """A served clinic of this module's own, at the name that passkeys need, and its browser."""

    url: str
    data: Path
    browser: Browser

    def invitation(self, name: str) -> str:
        """A fresh invitation for that person."""
        clinic = Clinic.open(read({}, data=self.data))
        try:
            person = clinic.people.find(name)
            assert person is not None
            path: str = clinic.write(lambda connection: clinic.links.invite(connection, person))
            return self.url + path
        finally:
            clinic.close()

    def visitor(self) -> Visitor:
        """A browser of one person."""
        return Visitor(self)


class Visitor:
    """One browser context with a device that holds passkeys and never asks twice."""

    def __init__(self, house: House) -> None:
        self.house = house
        self.context: BrowserContext = house.browser.new_context(base_url=house.url, reduced_motion="reduce")
        self.context.add_init_script(TELL)
        self.wrong: list[str] = []
        self.page = self.open()
        self.device = self.context.new_cdp_session(self.page)
        self.device.send("WebAuthn.enable")
        options = {
            "protocol": "ctap2", "transport": "internal", "hasResidentKey": True, "hasUserVerification": True,
            "isUserVerified": True, "automaticPresenceSimulation": True,
        }  # fmt: skip
        self.device.send("WebAuthn.addVirtualAuthenticator", {"options": options})

    def open(self) -> Page:
        page = self.context.new_page()
        page.set_default_timeout(PATIENCE)
        page.on(
            "console",
            lambda said: self.wrong.append(said.text) if said.type in ("error", "warning") else None,
        )
        page.on("pageerror", lambda error: self.wrong.append(str(error)))
        return page

    def accept(self, name: str) -> Visitor:
        """Come in by a fresh invitation."""
        self.page.goto(self.house.invitation(name))
        self.page.fill("[name=password]", PASSWORD)
        self.page.fill("[name=again]", PASSWORD)
        self.page.get_by_role("button", name="Keep this password").click()
        return self

    def sign_in(self, name: str, password: str = PASSWORD) -> Visitor:
        self.page.goto("/sign-in")
        self.page.fill("[name=name]", name)
        self.page.fill("[name=password]", password)
        self.page.get_by_role("button", name="Sign in", exact=True).click()
        return self

    def sign_out(self) -> None:
        self.page.locator(".me summary").click()
        self.page.locator(".menu").get_by_role("button", name="Sign out").click()
        expect(self.page.get_by_role("heading", name="Sign in")).to_be_visible()

    def home(self) -> None:
        expect(self.page.get_by_role("heading", name="Find a patient")).to_be_visible()

    def add_passkey(self) -> list[str]:
        """Add a passkey on the account page; the recovery codes if they were shown."""
        self.page.goto("/account")
        self.page.fill("[name=label]", "Test device")
        self.page.get_by_role("button", name="Add a passkey").click()
        expect(self.page.get_by_role("heading", name="Keep these recovery codes")).to_be_visible()
        return self.page.locator(".codes-shown li").all_inner_texts()

    def add_app(self) -> pyotp.TOTP:
        """Set up an authenticator app from wherever the button for it stands."""
        self.page.get_by_role("button", name="Set up an authenticator app").click()
        expect(self.page.locator("svg.square")).to_be_visible()
        self.page.get_by_text("The phone cannot scan?").click()
        app = pyotp.TOTP(self.page.locator(".key").inner_text().replace(" ", ""))
        self.page.fill("[name=code]", app.now())
        self.page.get_by_role("button", name="Take it into use").click()
        return app

    def close(self) -> None:
        self.context.close()
        expected = ("400", "401", "403", "404", "409", "422", "429")
        assert not [one for one in self.wrong if not any(status in one for status in expected)], self.wrong


PEOPLE = (
    ("asa.lund", "Asa Lund", "administrator"), ("kofi.mensah", "Kofi Mensah", "administrator"),
    ("n.petrov", "Nadia Petrov, RN", "clinician"), ("b.ruiz", "Bruno Ruiz", "biller"),
    ("d.key", "Dana Key", "clinician"), ("e.app", "Emil App", "clinician"), ("f.must", "Femi Must", "coder"),
    ("g.lock", "Gia Lock", "clinician"), ("h.idle", "Hugo Idle", "clinician"), ("i.slow", "Ida Slow", "clinician"),
    ("j.left", "Jon Left", "clinician"),
)  # fmt: skip


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The clinic's data, made before a browser's event loop runs."""
    folder = tmp_path_factory.mktemp("people") / "data"
    clinic = Clinic.open(read({}, data=folder), create=True)
    for name, display, role in PEOPLE:
        clinic.write(
            lambda connection, one=(name, display, role): clinic.people.add(
                connection, one[0], one[1], [one[2]]
            )
        )
    clinic.write(lambda connection: clinic.factors.needs.set(connection, ["coder"], clinic.people.roles()))
    tree = {"resourceType": "Practitioner", "id": "tran", "name": [{"family": "Tran", "given": ["Linh"]}]}
    asyncio.run(
        clinic.gate.commit(SYSTEM, [Entry("PUT", "Practitioner", "tran", tree)], interaction="update")
    )
    clinic.close()
    return folder


@pytest.fixture(scope="module")
def house(folder: Path, browser: Browser) -> Iterator[House]:
    port = _free_port()
    command = [*CHARTHOUSE, "serve", "--data", str(folder), "--port", str(port)]
    with (folder.parent / "server.log").open("wb") as log:
        process = subprocess.Popen(command, env=_environment(), stdout=log, stderr=subprocess.STDOUT)
        try:
            _wait(f"http://127.0.0.1:{port}", process)
            yield House(f"http://localhost:{port}", folder, browser)
        finally:
            process.terminate()
            process.wait(20)
    told = (folder.parent / "server.log").read_text().lower()
    assert "page.failed" not in told, told
    assert not [name for name, _, _ in PEOPLE if name in told], "names of people in the log"


@pytest.fixture
def visitor(house: House) -> Iterator[Visitor]:
    made = house.visitor()
    yield made
    made.close()


def check(page: Page, paths: list[str]) -> None:
    for path in paths:
        for width in WIDTHS:
            page.set_viewport_size({"width": width, "height": 900})
            page.goto(path)
            assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), (path, width)
            assert not re.search(r"\sstyle=", page.content()), path
        for scheme in ("light", "dark"):
            page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
            look(page, f"{path} {scheme}")


def look(page: Page, where: str) -> None:
    if not AXE.is_file():
        pytest.skip("axe-core is brought by the build")
    page.evaluate(AXE.read_text())
    found = page.evaluate("axe.run(document, {runOnly: ['wcag2a', 'wcag2aa', 'wcag21aa', 'wcag22aa']})")
    assert not [(one["id"], one["nodes"][0]["html"][:200]) for one in found["violations"]], where
