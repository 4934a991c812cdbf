"""The workforce guide in a browser: explorer, comparison, map, guide, planner; open only where it is published."""

from __future__ import annotations

import csv
import io
import json
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from zipfile import ZipFile

import httpx
import pytest
from lxml import html
from playwright.sync_api import Page, expect

from tests.web.conftest import CHARTHOUSE, Open, Served, _environment, _free_port, _make, _wait
from tests.web.test_keyboard import violations

pytestmark = pytest.mark.browser

PAGES = (
    "/salary?area=34980&years=4&certified=yes&education=associate&industry=hospital",
    "/salary?role=implementation&area=TX",
    "/salary/places",
    "/salary/compare",
    "/salary/compare?by=roles&area=CA",
    "/salary/compare?by=employers",
    "/careers",
    "/careers/coder?area=MS",
    "/careers/credentials",
    "/guide?area=CA",
    "/guide/payback?cost=3000&months=6&now=38000&then=45000&kept=80",
)
NUMBER = re.compile(r"\$\s?\d|×\d|\d\s?%|\bp\d\d\b(?!.*\bp\d\d)")


@pytest.fixture(scope="module")
def public(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A clinic that publishes its guide."""
    folder, port = tmp_path_factory.mktemp("public") / "data", _free_port()
    _make(folder)
    command = [*CHARTHOUSE, "serve", "--data", str(folder), "--port", str(port)]
    environment = {**_environment(), "CHARTHOUSE_PUBLIC_GUIDE": "on"}
    with (folder.parent / "server.log").open("wb") as log:
        process = subprocess.Popen(command, env=environment, stdout=log, stderr=subprocess.STDOUT)
        try:
            _wait(f"http://127.0.0.1:{port}", process)
            yield f"http://127.0.0.1:{port}"
        finally:
            process.terminate()
            process.wait(20)
    assert "page.failed" not in (folder.parent / "server.log").read_text()


def unsourced(page: str) -> list[str]:
    """Amounts, factors and shares of a page's content that do not stand with source, year and kind."""
    tree = html.fromstring(page).get_element_by_id("main")
    for drawn in tree.xpath(".//svg | .//form | .//thead | .//datalist"):
        drawn.drop_tree()  # pictures repeat their tables; forms hold what the reader entered
    for sourced in tree.xpath(".//*[@data-source and @data-year and @data-kind]"):
        assert sourced.get("data-source")
        assert sourced.get("data-year").isdigit()
        assert sourced.get("data-kind")
        sourced.drop_tree()
    texts = [" ".join(text.split()) for text in tree.itertext() if text.strip()]
    return [
        text
        for text in texts
        if NUMBER.search(text) and "p10 and p90" not in text and "standard error" not in text
    ]


@pytest.mark.parametrize("path", PAGES)
def test_no_number_is_shown_without_source_year_and_kind(public: str, path: str) -> None:
    answer = httpx.get(public + path)
    assert answer.status_code == 200
    assert "data-source" in answer.text
    assert not unsourced(answer.text)


def test_the_search_for_unsourced_numbers_finds_them() -> None:
    cited = '<data data-source="a" data-year="2025" data-kind="published">$6</data>'
    page = f'<main id="main"><p>earn $5 more</p>{cited}</main>'
    assert unsourced(page) == ["earn $5 more"]


@pytest.mark.parametrize(
    "path", ["/salary", "/salary.json", "/salary/file/places.csv", "/careers", "/guide", "/guide.pdf"]
)
def test_the_guide_is_shut_where_the_clinic_does_not_publish_it(served: Served, path: str) -> None:
    answer = httpx.get(served.url + path)
    assert (answer.status_code, answer.headers["location"]) == (303, "/sign-in")


@pytest.mark.parametrize(
    "path",
    [
        "/",
        "/planner",
        "/planner/transcript.pdf",
        "/people",
        "/fhir/Patient",
        "/code-systems",
        "/careers/../planner",
    ],
)
def test_nothing_else_is_open_where_it_does(public: str, path: str) -> None:
    assert httpx.get(public + path).status_code in (303, 401, 404)


def test_a_page_that_is_kept_comes_whole_again_packed_and_not(public: str) -> None:
    packed = {"Accept-Encoding": "gzip"}, {"Accept-Encoding": "identity"}
    seen = {httpx.get(public + "/careers", headers=headers).text for headers in (*packed, *packed)}
    assert len(seen) == 1
    assert "cannot vouch" in seen.pop()


def test_the_guide_takes_no_writes(public: str) -> None:
    assert {httpx.post(public + path).status_code for path in ("/salary", "/guide", "/careers")} <= {401, 405}


def test_the_explorer_is_light(public: str) -> None:
    answer = httpx.get(public + "/salary?area=CA&years=4", headers={"Accept-Encoding": "gzip"})
    assert int(answer.headers["content-length"]) < 30_000


def test_programs_get_the_same_with_a_description_of_it(public: str) -> None:
    answer = httpx.get(public + "/salary.json", params={"area": "Houston", "years": "4"}).json()
    assert answer["area"] == "26420"
    assert answer["percentiles"]["p50"] == 51_250
    wrong = httpx.get(public + "/salary.json", params={"area": "Springfield"})
    assert wrong.status_code == 400
    assert wrong.json()["error"]["place"] == "area"
    document = httpx.get(public + "/salary/openapi.json").json()
    assert document["openapi"].startswith("3.1")
    asked = {one["name"] for one in document["paths"]["/salary.json"]["get"]["parameters"]}
    assert asked == {"soc", "role", "area", "industry", "years", "certified", "education", "skills"}
    schema = document["components"]["schemas"]["Answer"]
    assert set(schema["required"]) <= set(answer)


def test_files_open_as_tables_with_their_sources(public: str) -> None:
    body = httpx.get(public + "/salary/file/answer.csv?area=CA").content.decode("utf-8-sig")
    rows = list(csv.DictReader(io.StringIO(body)))
    assert rows[2]["What"] == "Published p50"
    assert rows[2]["Value"] == "61810"
    assert all(row["Source"] and row["Year"] and row["Kind"] for row in rows if row["Value"])
    book = ZipFile(io.BytesIO(httpx.get(public + "/salary/file/places.xlsx?soc=29-2072").content))
    assert book.testzip() is None
    words = book.read("xl/sharedStrings.xml").decode()
    assert "California" in words
    assert "cannot vouch" in words
    assert "<f>" not in book.read("xl/worksheets/sheet1.xml").decode()


def test_the_guide_comes_as_pdf_for_any_area(public: str) -> None:
    answer = httpx.get(public + "/guide.pdf?area=Nashville", timeout=20)
    assert answer.headers["content-type"] == "application/pdf"
    assert "34980" in answer.headers["content-disposition"]
    assert answer.content.startswith(b"%PDF-")


def test_the_explorer_answers_while_one_chooses_and_the_address_can_be_shared(
    open_page: Open, public: str
) -> None:
    page = open_page(signed_in=False)
    page.goto(public + "/salary")
    expect(page.locator("#result")).to_contain_text("United States")
    page.get_by_role("combobox", name="Where").fill("California")
    expect(page.locator("#result")).to_contain_text("California")
    page.get_by_label("Years of experience").fill("4")
    page.get_by_label("Employer").select_option(label="Hospitals")
    expect(page.locator("#result")).to_contain_text("Hospitals")
    expect(page).to_have_url(re.compile(r"area=California.*industry=hospital.*years=4"))
    shown = page.locator(".result .big").inner_text()
    page.reload()
    expect(page.locator(".result .big")).to_have_text(shown)
    expect(page.locator(".arithmetic")).to_contain_text("judgement")
    page.get_by_role("combobox", name="Where").fill("Springfield")
    expect(page.get_by_role("alert")).to_contain_text("Springfield, IL")
    assert not violations(page)


def test_the_explorer_works_by_keyboard_and_without_scripts(browser, public: str) -> None:  # type: ignore[no-untyped-def]
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(public + "/salary")
    page.get_by_role("combobox", name="Where").focus()
    page.keyboard.type("TX")
    page.keyboard.press("Enter")
    expect(page.locator("#result")).to_contain_text("Texas")
    context.close()


def test_areas_are_compared_side_by_side_and_the_map_has_its_table(open_page: Open, public: str) -> None:
    page = open_page(signed_in=False)
    page.goto(public + "/salary/compare")
    page.get_by_label("Area 2").fill("Mississippi")
    page.get_by_role("button", name="Compare").click()
    row = page.get_by_role("row", name=re.compile("Mississippi"))
    expect(row).to_contain_text("$41,500")
    assert not violations(page)
    page.goto(public + "/salary/places")
    tile = page.get_by_role("link", name=re.compile("California: "))
    expect(page.locator("table").last).to_be_visible()
    assert not violations(page)
    tile.click()
    expect(page.locator("#result")).to_contain_text("California")


@pytest.mark.parametrize(
    "path", ["/careers", "/careers/trainer", "/careers/credentials", "/guide?area=TX", PAGES[-1]]
)
@pytest.mark.parametrize("width", [1440, 390])
def test_pages_of_the_guide_are_accessible_and_fit(
    open_page: Open, public: str, path: str, width: int
) -> None:
    page = open_page(signed_in=False, width=width)
    page.goto(public + path)
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert not violations(page)


def test_a_person_plans_steps_changes_them_in_place_and_takes_a_removal_back_by_keyboard(
    page: Page, client: httpx.Client, tmp_path: Path
) -> None:
    page.goto("/planner")
    form = page.get_by_role("form", name="A new step")
    form.get_by_label("Step").fill("Book the examination")
    form.get_by_label("Kind").select_option("exam")
    form.get_by_label("Due").fill("2020-01-31")
    page.keyboard.press("Enter")
    expect(page.get_by_text("overdue", exact=True)).to_be_visible()
    expect(form.get_by_label("Step")).to_be_focused()  # for the next one
    page.keyboard.press("Escape")
    page.keyboard.press("j")
    page.keyboard.press("Enter")
    change = page.get_by_role("form", name="Change Book the examination")
    expect(change.get_by_label("Step")).to_be_focused()
    page.keyboard.type("never kept")
    page.keyboard.press("Escape")
    expect(change).to_be_hidden()
    page.get_by_role("link", name="Book the examination").focus()
    page.keyboard.press("Enter")
    change.get_by_label("Step").fill("Sit the examination")
    large = tmp_path / "large.pdf"
    large.write_bytes(b"%PDF-" + bytes(1024 * 1024))
    change.get_by_label("Document").set_input_files(str(large))
    assert "at most 960 KB" in change.get_by_label("Document").evaluate("box => box.validationMessage")
    letter = tmp_path / "letter.pdf"
    letter.write_bytes(b"%PDF-1.7 letter")
    change.get_by_label("Document").set_input_files(str(letter))
    change.get_by_label("Step").press("Enter")
    title = page.get_by_role("link", name="Sit the examination")
    expect(title).to_be_focused()
    paper = page.get_by_role("link", name="letter.pdf").get_attribute("href") or ""
    assert client.get(paper).content == b"%PDF-1.7 letter"
    page.get_by_role("button", name="Remove: Sit the examination").press("Enter")
    expect(title).to_be_hidden()
    expect(page.get_by_role("button", name="Undo")).to_be_focused()
    page.keyboard.press("Enter")
    expect(title).to_be_focused()
    assert not violations(page)
    page.goto("/")
    line = page.locator(".reminders").get_by_role("link", name="Sit the examination")
    expect(line).to_contain_text("days overdue")
    assert not violations(page)
    line.click()
    page.get_by_role("form", name="Change Sit the examination").get_by_role("link", name="Cancel").click()
    page.get_by_role("button", name="Done: Sit the examination").click()
    expect(page.get_by_role("button", name="Not done: Sit the examination")).to_be_visible()
    page.goto("/")
    expect(page.get_by_role("heading", name="Find a patient")).to_be_visible()
    expect(page.locator(".reminders")).to_have_count(0)


def test_what_is_refused_as_a_whole_leaves_what_was_typed(page: Page) -> None:
    page.goto("/planner")
    form = page.get_by_role("form", name="A new step")
    form.get_by_label("Step").fill("Not to be lost")
    page.route("**/planner/step", lambda route: route.fulfill(status=429, body="<p>Busy</p>"))
    form.get_by_role("button", name="Add the step").click()
    expect(page.locator("#trouble")).to_contain_text("Busy")
    expect(form.get_by_label("Step")).to_have_value("Not to be lost")


def test_continuing_education_is_counted_in_credits_or_hours(
    page: Page, client: httpx.Client, tmp_path: Path
) -> None:
    page.goto("/planner")
    rule = page.get_by_role("form", name="A credential and its rule")
    rule.get_by_label("Credential", exact=True).fill("CEHRS")
    rule.get_by_label("Period begins").fill("2026-01-15")
    rule.get_by_label("Years of a period").fill("2")
    rule.get_by_label("Credits wanted").fill("10")
    rule.get_by_label("Hours to a credit").fill("2")
    rule.get_by_role("button").click()
    paper = tmp_path / "certificate.pdf"
    paper.write_bytes(b"%PDF-1.7 course")
    credit = page.get_by_role("form", name="Continuing education")
    credit.get_by_label("Day").fill("2026-02-01")
    credit.get_by_label("What", exact=True).fill("Release of information")
    credit.get_by_label("or contact hours").fill("5")
    credit.get_by_label("Certificate").set_input_files(str(paper))
    credit.get_by_role("button", name="Enter it").click()
    expect(page.get_by_role("img", name="2.5 of 10 credits")).to_be_visible()
    assert not violations(page)
    link = page.get_by_role("link", name="open the certificate of Release of information")
    assert client.get(link.get_attribute("href") or "").content == b"%PDF-1.7 course"
    assert client.get("/planner/transcript.pdf").content.startswith(b"%PDF-")
    assert b"BEGIN:VCALENDAR" in client.get("/planner/calendar.ics").content
    expect(page.get_by_text("administrators can enter programmes")).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


@pytest.mark.parametrize("width", [1024, 390])
def test_the_page_of_steps_fits(open_page: Open, width: int) -> None:
    page = open_page(width=width)
    page.goto("/planner")
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert not violations(page)


def test_the_command_says_the_same_without_a_clinic(served: Served) -> None:
    done = subprocess.run(
        [*CHARTHOUSE, "salary", "--soc", "29-2072", "--area", "US", "--years", "5", "--certified", "--json"],
        env=_environment(), capture_output=True, text=True, timeout=60, check=True,
    )  # fmt: skip
    answer = json.loads(done.stdout)
    assert answer["percentiles"] == {
        "p10": 37_000,
        "p25": 43_490,
        "p50": 51_140,
        "p75": 64_820,
        "p90": 81_150,
    }
    assert answer["estimate"]["median"]["value"] == 52_338
