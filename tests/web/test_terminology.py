"""The page of code systems: what holds and until when, what is missing, and finding a code."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlencode

import httpx
import pytest
from playwright.sync_api import Page, expect

from tests.unit.terminology.load import publishers
from tests.unit.terminology.load.publishers import pack, write
from tests.web.conftest import Open, Served, copied
from tests.web.test_keyboard import AXE, violations

pytestmark = pytest.mark.browser

ICD = "http://hl7.org/fhir/sid/icd-10-cm"
LOINC = "http://loinc.org"
OWN = "https://clinic.example/services"


@pytest.fixture(scope="module", autouse=True)
def releases(served: Served, tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """A release of last year, one without an end, one of the clinic's own; taken out again for other tests."""
    folder = tmp_path_factory.mktemp("releases")
    text = publishers.HCPCS["HCPC2026_OCT_ANWEB.txt"]
    loads: tuple[tuple[Path, tuple[str, ...]], ...] = (
        (write(folder / "hcpcs", {"HCPC2020_JAN_ANWEB.txt": text}), ()),
        (pack(folder / "Loinc_2.82.zip", publishers.LOINC), ()),
        (
            write(folder / "own", {"own.csv": publishers.OWN}),
            ("--url", OWN, "--version", "3", "--title", "Our services"),
        ),
    )
    for path, options in loads:
        served.run("codes", "import", str(path), "--json", *options)
    yield
    for release in ("hcpcs|2020-01", "loinc|2.82", f"{OWN}|3"):
        served.run("codes", "remove", release, "--yes")


def code(system: str, code: str) -> str:
    return "/code-systems/code?" + urlencode({"system": system, "code": code})


def test_releases_stand_with_their_dates_their_source_and_a_word_for_their_state(page: Page) -> None:
    page.goto("/code-systems")
    hcpcs = page.locator(".releases tr", has_text="HCPCS Level II")
    expect(hcpcs.locator(".pill.red")).to_have_text("Expired")
    expect(hcpcs).to_contain_text("1 Jan 2020 to 31 Mar 2020")
    loinc = page.locator(".releases tr", has_text="LOINC")
    expect(loinc.locator(".pill.green")).to_have_text("In force")
    expect(loinc).to_contain_text("Loaded from LoincTable/Loinc.csv")
    expect(page.locator(".releases tr", has_text="Our services")).to_contain_text(OWN)


def test_what_has_expired_is_told_on_top_with_the_way_to_mend_it(page: Page) -> None:
    page.goto("/code-systems")
    alarm = page.locator(".alarm.red", has_text="HCPCS Level II 2020-01 expired")
    expect(alarm).to_contain_text("It held until 31 Mar 2020.")
    alarm.locator("summary").click()
    expect(alarm.locator("code")).to_have_text("charthouse codes import alpha-numeric-hcpcs-file.zip")


def test_what_is_missing_says_who_publishes_it_and_gives_the_line_to_copy(page: Page) -> None:
    page.goto("/code-systems")
    missing = page.locator(".missing li", has_text="RxNorm")
    expect(missing).to_contain_text("National Library of Medicine")
    missing.get_by_role("button").click()
    copied(page, "charthouse codes import RxNorm_full_prescribe.zip")


def test_the_notices_of_the_owners_are_shown(page: Page) -> None:
    page.goto("/code-systems")
    expect(page.locator(".notices")).to_contain_text("LOINC is copyright © Regenstrief Institute")


def test_all_others_are_shown_when_asked_for(page: Page) -> None:
    page.goto("/code-systems")
    rest = page.locator(".rest a")
    if rest.count():
        rest.click()
        expect(page.locator(".releases tbody tr").nth(500)).to_be_attached()


def test_a_code_is_found_by_typing_and_opened_without_a_mouse(page: Page) -> None:
    page.goto("/code-systems")
    expect(page.locator("#code-find")).to_be_focused()
    page.keyboard.type("wumple ear")
    expect(page.locator("#code-found .hit").first).to_contain_text("99990-1")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    card = page.locator(".code-card")
    expect(card).to_contain_text("Wumple [Mass/volume] in Ear")
    expect(card).to_contain_text("Its owner wants this said.")
    expect(page.locator("#code-found .hit").first).to_have_attribute("aria-current", "true")
    page.keyboard.press("ArrowUp")
    expect(page.locator("#code-find")).to_be_focused()


def test_a_search_may_be_kept_to_one_code_system(page: Page) -> None:
    page.goto("/code-systems")
    page.select_option(".lookup select", OWN)
    page.fill("#code-find", "talk")
    expect(page.locator("#code-found .hit").first).to_contain_text("A1")
    expect(page.locator("#code-found .hit").first).to_contain_text("Talk")


def test_nothing_found_says_what_to_try(page: Page) -> None:
    page.goto("/code-systems")
    page.fill("#code-find", "qqqqqq")
    expect(page.locator("#code-found")).to_contain_text("No code was found")
    page.fill("#code-find", "q")
    expect(page.locator("#code-found")).to_contain_text("at least two letters")


def test_a_heading_says_so_and_offers_what_is_below(page: Page) -> None:
    page.goto(code(LOINC, "LP99990-0"))
    card = page.locator(".code-card")
    expect(card.locator(".pill.amber")).to_have_text("Heading: choose below")
    card.locator(".choose a").click()
    expect(page.locator("#code-title")).to_contain_text("99990-1")
    expect(page.locator(".code-card .crumb")).to_contain_text("LP99990-0")


def test_a_code_for_one_side_offers_the_others(page: Page) -> None:
    page.goto(code(ICD, "M17.11"))
    others = page.locator(".code-card section", has_text="For another side")
    expect(others.locator(".side")).to_have_text(["Left", "Unspecified"])
    others.get_by_text("M17.12").click()
    expect(page.locator("#code-title")).to_contain_text("M17.12 Unilateral primary osteoarthritis, left knee")
    expect(others.locator(".side")).to_have_text(["Right", "Unspecified"])


def test_a_code_has_a_page_of_its_own_for_a_browser_without_scripts(client: httpx.Client) -> None:
    whole = client.get(code(OWN, "A1"))
    assert whole.status_code == 200
    assert "<title>Code systems" in whole.text
    assert "Talk" in whole.text
    part = client.get(code(OWN, "A1"), headers={"HX-Request": "true"})
    assert part.text.lstrip().startswith("<article")


def test_a_code_that_is_not_there_is_not_found(client: httpx.Client) -> None:
    assert client.get(code(OWN, "nowhere")).status_code == 404
    assert client.get(code("https://nobody.example/x", "A1")).status_code == 404
    assert client.get("/code-systems/code").status_code == 400


def test_nobody_gets_in_without_signing_in(clinic_url: str) -> None:
    for path in ("/code-systems", code(OWN, "A1")):
        answer = httpx.get(clinic_url + path)
        assert (answer.status_code, answer.headers["location"]) == (303, "/sign-in")
    assert httpx.post(clinic_url + "/code-systems/find", data={"q": "talk"}).status_code == 401


@pytest.mark.parametrize("path", ["/code-systems", code(LOINC, "99991-9")])
def test_the_page_fits_every_window(open_page: Open, path: str) -> None:
    for width in (1440, 1024, 390):
        page = open_page(width=width)
        page.goto(path)
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), width


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1440, 390])
def test_every_state_of_the_page_meets_wcag_2_2_aa(open_page: Open, scheme: str, width: int) -> None:
    if not AXE.is_file():
        pytest.fail("axe.min.js is missing beside the tests: build the project (make)")
    page, found = open_page(width=width, scheme=scheme), []
    for path in ("/code-systems", code(LOINC, "LP99990-0")):
        page.goto(path)
        page.fill("#code-find", "wumple")
        page.wait_for_selector("#code-found .hit")
        page.locator(".alarm summary").first.click()
        found += [f"{path}: {one}" for one in violations(page)]
    assert not found
