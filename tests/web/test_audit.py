"""The pages of the audit: who opened this chart, what a person saw, unusual access, and what goes on paper."""

from __future__ import annotations

import csv
import hashlib
import io
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import Browser, Page, expect

from charthouse.app import Clinic
from charthouse.base.settings import read
from tests.web import story
from tests.web.conftest import PATIENCE, Served

pytestmark = pytest.mark.browser
AXE = Path(__file__).parent / "vendor" / "axe.min.js"
OFFICER, SELF = "p.officer", "amara.herself"
SCREENS = (1440, 1024, 390)


@pytest.fixture(scope="module")
def sessions(served: Served) -> dict[str, str]:
    """Sign-ins of the privacy officer and of a patient, as another process makes them beside the server."""
    clinic = Clinic.open(read({}, data=served.data))
    try:
        people = clinic.people

        def job(connection: object) -> dict[str, str]:
            officer = people.add(connection, OFFICER, "Priya Officer", ["privacy-officer", "clinician"])  # type: ignore[arg-type]
            herself = people.add(connection, SELF, "Amara Okafor", ["patient"])  # type: ignore[arg-type]
            people.link(connection, herself, patient=story.AMARA)  # type: ignore[arg-type]
            return {
                OFFICER: clinic.sessions.open(connection, officer),  # type: ignore[arg-type]
                SELF: clinic.sessions.open(connection, herself),  # type: ignore[arg-type]
            }

        made: dict[str, str] = clinic.write(job)
        return made
    finally:
        clinic.close()


@pytest.fixture
def wrong() -> list[str]:
    return []


@pytest.fixture
def officer(browser: Browser, served: Served, sessions: dict[str, str], wrong: list[str]) -> Iterator[Page]:
    yield from _page(browser, served, sessions[OFFICER], wrong)
    assert not wrong


@pytest.fixture
def herself(browser: Browser, served: Served, sessions: dict[str, str], wrong: list[str]) -> Iterator[Page]:
    yield from _page(browser, served, sessions[SELF], wrong)


def _page(browser: Browser, served: Served, secret: str, wrong: list[str]) -> Iterator[Page]:
    context = browser.new_context(
        base_url=served.url, viewport={"width": 1440, "height": 900}, reduced_motion="reduce"
    )
    context.add_cookies([{"name": "charthouse", "value": secret, "url": served.url}])
    page = context.new_page()
    page.set_default_timeout(PATIENCE)
    page.on("console", lambda said: wrong.append(said.text) if said.type in ("error", "warning") else None)
    page.on("pageerror", lambda error: wrong.append(str(error)))
    yield page
    context.close()


def _violations(page: Page) -> list[str]:
    page.evaluate(AXE.read_text())
    found = page.evaluate("axe.run(document, {runOnly: ['wcag2a', 'wcag2aa', 'wcag22aa', 'best-practice']})")
    return [f"{one['id']}: {one['nodes'][0]['html'][:120]}" for one in found["violations"]]


@pytest.fixture
def opened(client: httpx.Client) -> None:
    """A clinician looks at Amara's chart."""
    assert client.get(f"/chart/{story.AMARA}").status_code == 200


def test_who_opened_a_chart_is_found_by_name_and_told_with_person_and_purpose(
    officer: Page, opened: None
) -> None:
    officer.goto("/audit")
    officer.fill("#chart-find", "okafor")
    officer.locator("#charts-found a").first.click()
    officer.wait_for_url(f"**/audit/chart/{story.AMARA}")
    expect(officer.locator(".about")).to_contain_text("Okafor, Amara")
    sitting = officer.locator(".sittings > li", has_text="Linh Tran, MD").first
    expect(sitting).to_contain_text("Clinician")
    expect(sitting).to_contain_text("Treatment")
    sitting.locator("summary").click()
    expect(sitting.locator(".steps-list")).to_contain_text("Opened a patient")


def test_writes_stand_beside_reads(officer: Page) -> None:
    officer.goto(f"/audit/chart/{story.AMARA}")
    officer.locator("select[name=kind]").select_option("wrote")
    officer.get_by_role("button", name="Show", exact=True).click()
    expect(officer.locator(".sittings .id").first).to_contain_text("w-")
    assert officer.url.endswith(f"/audit/chart/{story.AMARA}")


def test_the_menu_of_a_chart_leads_to_who_opened_it(officer: Page) -> None:
    officer.goto(f"/chart/{story.AMARA}")
    officer.get_by_role("link", name="Who opened this chart").click()
    officer.wait_for_url("**/audit/chart/*")


def test_what_a_person_saw_is_found_by_name(officer: Page, opened: None) -> None:
    officer.goto("/audit")
    officer.fill("#person-find", "linh")
    officer.locator("#people-found a").first.click()
    expect(officer.locator("h1")).to_have_text("What this person saw")
    expect(officer.locator(".sittings")).to_contain_text("Okafor, Amara")


def test_a_case_is_looked_into_and_explained(officer: Page, client: httpx.Client) -> None:
    assert client.get(f"/chart/{story.PER}").status_code == 200  # whose last visit was years ago
    for _ in range(60):  # the watch looks every now and then
        officer.goto("/audit/unusual")
        if officer.locator(".cases .row-link").count():
            break
        officer.wait_for_timeout(1000)
    officer.locator(".cases .row-link").first.click()
    expect(officer.locator(".reasons li").first).to_be_visible()
    officer.locator("input[value=explained]").check()
    officer.get_by_role("button", name="Save").click()
    expect(officer.get_by_role("alert")).to_contain_text("Say what you found")
    officer.locator("input[value=explained]").check()
    officer.locator("textarea").fill("Covered for a colleague.")
    officer.get_by_role("button", name="Save").click()
    expect(officer.locator(".history")).to_contain_text("Covered for a colleague.")
    expect(officer.locator(".head .pill")).to_have_text("Explained")


def test_a_limit_that_cannot_be_is_refused_and_stays_in_its_box(officer: Page) -> None:
    officer.goto("/audit/limits")
    officer.get_by_label("Odd hours from").fill("99")
    officer.get_by_role("button", name="Save").click()
    expect(officer.get_by_role("alert")).to_contain_text("Odd hours from")
    expect(officer.get_by_label("Odd hours from")).to_have_value("99")


def test_the_table_carries_the_hash_of_what_stands_above(officer: Page, opened: None) -> None:
    officer.goto(f"/audit/chart/{story.AMARA}")
    with officer.expect_download() as download:
        officer.get_by_role("button", name="Table (CSV)").click()
    text = Path(download.value.path()).read_bytes().decode()
    body, last = text[: text.rstrip().rindex("\n") + 1], text.rstrip().splitlines()[-1].split(",")
    assert last[0] == "sha256"
    assert hashlib.sha256(body.encode()).hexdigest() == last[1]
    rows = list(csv.DictReader(io.StringIO(body)))
    assert {row["event"][0] for row in rows} == {"r", "w"}
    assert all(f"Patient/{story.AMARA}" in row["patients"] for row in rows)


def test_an_investigation_goes_on_paper_with_its_hash_and_its_state(officer: Page, opened: None) -> None:
    officer.goto(f"/audit/chart/{story.AMARA}")
    officer.get_by_role("button", name="To print").click()
    expect(officer.locator(".proof")).to_contain_text("SHA-256 of the table")
    expect(officer.locator(".paper-rows")).to_contain_text("Linh Tran, MD")


def test_a_report_for_the_patient_is_plain(officer: Page, opened: None) -> None:
    officer.goto(f"/audit/report/{story.AMARA}")
    expect(officer.locator(".sittings")).to_contain_text("Linh Tran, MD")
    assert "r-" not in officer.locator(".sittings").inner_text()


def test_patients_see_who_opened_their_own_chart_and_nothing_else(herself: Page, opened: None) -> None:
    herself.goto("/my-access")
    expect(herself.locator("h1")).to_have_text("Who opened your chart")
    expect(herself.locator(".sittings")).to_contain_text("Linh Tran, MD")
    for address in (
        "/audit",
        f"/audit/chart/{story.AMARA}",
        "/audit/events",
        "/audit/unusual",
        "/audit/limits",
    ):
        answer = herself.goto(address)
        assert answer is not None
        assert answer.status == 403, address


@pytest.mark.parametrize("address", ["/audit", "/audit/events", "/audit/unusual", "/audit/limits", "/audit/person/1",
                                     f"/audit/chart/{story.AMARA}", f"/audit/report/{story.AMARA}"])  # fmt: skip
@pytest.mark.parametrize("width", SCREENS)
def test_the_pages_suit_everybody_and_every_width(officer: Page, address: str, width: int) -> None:
    officer.set_viewport_size({"width": width, "height": 900})
    officer.goto(address)
    assert _violations(officer) == []
    wide = officer.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    assert wide <= 0


def test_a_clinician_is_turned_away_and_no_address_holds_a_name(client: httpx.Client) -> None:
    for address in ("/audit", f"/audit/chart/{story.AMARA}", "/audit/person/1", "/audit/events", "/audit/unusual",
                    "/audit/unusual/1", "/audit/limits", f"/audit/report/{story.AMARA}"):  # fmt: skip
        assert client.get(address).status_code == 403, address
    for address in (
        "/audit/find",
        "/audit/export",
        "/audit/print",
        "/audit/events",
        "/audit/unusual/1",
        "/audit/limits",
    ):
        assert client.post(address, data={"q": "okafor"}).status_code == 403, address
    assert client.get("/my-access").status_code == 404
