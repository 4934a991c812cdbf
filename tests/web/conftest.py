"""A clinic that is really served, and a browser that really looks at it."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

from charthouse.app import Clinic
from charthouse.base.settings import read
from tests.web import story

CHARTHOUSE = (sys.executable, "-c", "from charthouse.cli import main; main()")
SOURCE = str(Path(__file__).parents[2] / "src")
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
]
USER = "dr.tran"
PATIENCE = 30_000  # ms, for what a slow machine shows late; nothing waits for longer than it has to
expect.set_options(timeout=PATIENCE)
TELL = """addEventListener('securitypolicyviolation', event =>
    console.error('POLICY', event.violatedDirective, event.blockedURI))"""


@dataclass(frozen=True)
class Served:
    """A running clinic: where it answers, where its data lies."""

    url: str
    data: Path

    def run(self, *words: str) -> str:
        """What a command prints for this clinic."""
        command = [*CHARTHOUSE, *words, "--data", str(self.data)]
        done = subprocess.run(
            command, env=_environment(), capture_output=True, text=True, timeout=60, check=False
        )
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()

    def link(self) -> str:
        """A fresh one-time sign-in link to this server."""
        return self.url + "/sign-in/link/" + self.run("token", "--user", USER).split("/sign-in/link/")[1]


def _environment() -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": SOURCE, "CHARTHOUSE_DEMO": "on", "NO_COLOR": "1"}


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _make(folder: Path) -> None:
    """A clinic with one clinician and nobody in it yet."""
    clinic = Clinic.open(read({}, data=folder), create=True)
    try:
        clinic.write(lambda connection: clinic.people.add(connection, USER, "Linh Tran, MD", ["clinician"]))
    finally:
        clinic.close()


def _fill(served: Served) -> None:
    """The charts of the story, through the API as any client would send them."""
    token = served.run("token", "--client", "story", "--scope", "system/*.cruds")
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/fhir+json"}
    with httpx.Client(base_url=served.url, headers=headers, timeout=60) as client:
        answer = client.post("/fhir", json=story.everything())
        assert answer.status_code == 200, answer.text
        changed = client.put(f"/fhir/Condition/{story.HYPERTENSION}", json=story.resolved())
        assert changed.status_code == 200, changed.text


@pytest.fixture(scope="session")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """The clinic of the story, served by the command a user runs."""
    folder, port = tmp_path_factory.mktemp("clinic") / "data", _free_port()
    _make(folder)
    running = Served(f"http://127.0.0.1:{port}", folder)
    command = [*CHARTHOUSE, "serve", "--data", str(folder), "--port", str(port)]
    with (folder.parent / "server.log").open("wb") as log:
        process = subprocess.Popen(command, env=_environment(), stdout=log, stderr=subprocess.STDOUT)
        try:
            _wait(running.url, process)
            _fill(running)
            yield running
        finally:
            process.terminate()
            process.wait(20)
    told = (folder.parent / "server.log").read_text().lower()
    assert "page.failed" not in told, told
    assert not [secret for secret in story.SECRETS if secret in told], "patient data in the log"


def _wait(url: str, process: subprocess.Popen[bytes]) -> None:
    for _ in range(200):
        assert process.poll() is None, "the server stopped"
        try:
            if httpx.get(url + "/healthz").status_code == 200:
                return
        except httpx.TransportError:
            time.sleep(0.1)
    raise AssertionError("the server does not answer")


@pytest.fixture(scope="session")
def clinic_url(served: Served) -> str:
    return served.url


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Chromium. Its absence is said loudly, and is a failure where CI is true.

    For one module only: while it is open its event loop counts as running, and other tests want their own.
    """
    found = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    if found is None:
        words = "NO CHROMIUM: the browser tests were not run (Debian: apt install chromium)"
        if os.environ.get("CI") == "true":
            pytest.fail(words)
        pytest.skip(words)
    with sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=found, args=FLAGS)
        try:
            yield running
        finally:
            running.close()


@pytest.fixture(scope="session")
def cookie(served: Served) -> dict[str, str]:
    """One sign-in for all tests that are not about signing in."""
    answer = httpx.get(served.link())
    assert answer.status_code == 303
    return {"name": "charthouse", "value": answer.cookies["charthouse"], "url": served.url}


Open = Callable[..., Page]


@pytest.fixture
def open_page(browser: Browser, served: Served, cookie: dict[str, str]) -> Iterator[Open]:
    """Makes pages in a browser of their own: `open_page(width=…, scheme=…, signed_in=…)`.

    What a page says on its console, refuses by its policy or throws fails the test at the end.
    """
    contexts: list[Any] = []
    wrong: list[str] = []

    def make(*, width: int = 1440, height: int = 900, scheme: str = "light", signed_in: bool = True) -> Page:
        context = browser.new_context(
            base_url=served.url,
            viewport={"width": width, "height": height},
            color_scheme=scheme,
            reduced_motion="reduce",
            permissions=["clipboard-read", "clipboard-write"],
        )
        context.add_init_script(TELL)
        if signed_in:
            context.add_cookies([cookie])
        contexts.append(context)
        page: Page = context.new_page()
        page.set_default_timeout(PATIENCE)
        page.on(
            "console",
            lambda message: wrong.append(message.text) if message.type in ("error", "warning") else None,
        )
        page.on("pageerror", lambda error: wrong.append(str(error)))
        return page

    yield make
    for context in contexts:
        context.close()
    assert not [one for one in wrong if "responded with a status of 4" not in one], wrong


def copied(page: Page, text: str) -> None:
    """The clipboard comes to hold the text."""
    page.wait_for_function("async text => await navigator.clipboard.readText() === text", arg=text)


@pytest.fixture
def page(open_page: Open) -> Page:
    return open_page()


@pytest.fixture
def client(served: Served, cookie: dict[str, str]) -> Iterator[httpx.Client]:
    """The same sign-in without a browser."""
    with httpx.Client(base_url=served.url, cookies={cookie["name"]: cookie["value"]}, timeout=30) as made:
        yield made
