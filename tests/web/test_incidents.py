"""The pages of privacy incidents: from the first line to the letters and the log, and who may not see them."""

from __future__ import annotations

import csv
import io
import re

import httpx
import pytest
from playwright.sync_api import Page, expect

from charthouse.app import Clinic
from charthouse.base.settings import read
from tests.web import story
from tests.web.conftest import Open, Served
from tests.web.test_keyboard import violations

pytestmark = pytest.mark.browser

OFFICER = "o.reyes"
TEXTS = {
    "What happened": "Somebody opened your chart without a reason.",
    "What information was involved": "Your name and your diagnoses.",
    "What people can do to protect themselves": "Read the statements of your health plan.",
    "What we are doing to look into it, make it good and keep it from happening again": "We looked into it.",
    "How to ask questions": "Call 800-555-0100.",
}
ADDRESS = [{"use": "home", "line": ["7 Quay St"], "city": "Galveston", "state": "TX", "postalCode": "77550"}]


@pytest.fixture(scope="module")
def officer(served: Served) -> None:
    """A privacy officer, and an address for one of the patients."""
    clinic = Clinic.open(read({}, data=served.data))
    try:
        clinic.write(lambda conn: clinic.people.add(conn, OFFICER, "Olga Reyes", ["privacy-officer"]))
    finally:
        clinic.close()
    token = served.run("token", "--client", "story", "--scope", "system/*.cruds")
    amara = story.patients()[0]
    answer = httpx.put(
        f"{served.url}/fhir/Patient/{story.AMARA}", json=amara | {"address": ADDRESS},
        headers={"Authorization": f"Bearer {token}", "Content-Type": "application/fhir+json"}, timeout=30,
    )  # fmt: skip
    assert answer.status_code == 200, answer.text


@pytest.fixture(scope="module")
def cookie(served: Served, officer: None) -> dict[str, str]:
    """The officer's sign-in; the pages of this module are theirs."""
    link = served.url + "/sign-in/link/" + served.run("token", "--user", OFFICER).split("/sign-in/link/")[1]
    answer = httpx.get(link)
    assert answer.status_code == 303, answer.text
    return {"name": "charthouse", "value": answer.cookies["charthouse"], "url": served.url}


def record(page: Page, title: str = "A nurse opened a chart") -> str:
    """Record an incident; its address."""
    page.goto("/incidents/new")
    page.get_by_label("What is it about?").fill(title)
    page.get_by_role("button", name="Record").click()
    expect(page.get_by_role("heading", level=1)).to_have_text(title)
    return page.url


def count(page: Page, number: str = "00421877") -> None:
    page.goto(page.url + "/people")
    page.get_by_label("Record numbers").fill(number)
    page.get_by_role("button", name="Count").click()


def assess(page: Page, conclusion: str) -> None:
    page.locator("summary", has_text="Assess").click()
    for factor in ("nature", "person", "acquired", "mitigated"):
        page.locator(f"input[name={factor}_rating][value=low]").check()
        page.locator(f"textarea[name={factor}_reason]").fill("Because.")
    page.get_by_label(re.compile(conclusion)).check()
    page.get_by_label("Why", exact=True).fill("All in all.")
    page.get_by_role("button", name="Decide").click()


def test_without_the_right_the_pages_are_shut_and_nobody_else_is_let_in(
    served: Served, officer: None, client: httpx.Client, open_page: Open
) -> None:
    link = served.link()
    with httpx.Client(base_url=served.url) as doctor:
        assert doctor.get(link).status_code == 303
        for path in (
            "",
            "/new",
            "/rules",
            "/log",
            "/log.csv",
            "/letter",
            "/0b",
            "/0b/people",
            "/0b/letters",
            "/0b/sheets",
        ):
            assert doctor.get(f"/incidents{path}").status_code == 403, path
    assert httpx.get(f"{served.url}/incidents").headers["location"] == "/sign-in"
    assert client.post("/incidents/new", data={"title": "x"}).status_code == 403  # no form token
    assert client.get("/incidents/no-such").status_code == 404
    assert client.get("/incidents/%3Cscript%3E").status_code == 404


def test_an_empty_queue_says_what_to_do(page: Page) -> None:
    page.goto("/incidents?show=closed")
    expect(page.get_by_text("There is none.")).to_be_visible()


def test_an_incident_goes_from_the_first_line_to_the_log(page: Page, client: httpx.Client) -> None:
    address = record(page)
    expect(page.locator(".under .pill")).to_have_text("Presumed a breach")
    expect(page.locator(".clocks li").first).to_contain_text("Each person affected")
    expect(page.locator(".clocks li").first).to_contain_text("Due in 60 days")
    assess(page, "^Breach")
    expect(page.locator(".under .pill")).to_have_text("Breach")
    count(page)
    row = page.locator("table.people tbody tr")
    expect(row).to_contain_text("Amara Okafor")
    expect(row).to_contain_text("Texas")
    page.goto(address + "/letters")
    expect(page.locator(".todo li")).to_have_count(6)
    for label, text in TEXTS.items():
        page.get_by_label(label, exact=True).fill(text)
    page.get_by_role("button", name="Save").click()
    expect(page.locator(".preview")).to_contain_text("Dear Sample Person,")
    page.get_by_role("link", name="Print all letters").click()
    letter = page.get_by_role("article")
    expect(letter).to_contain_text("Dear Amara Okafor,")
    expect(letter.locator("address")).to_have_text(re.compile("7 Quay St.*Galveston, TX 77550"))
    page.emulate_media(media="print")
    expect(page.locator(".bar")).to_be_hidden()
    expect(page.locator(".unprinted").first).to_be_hidden()
    page.emulate_media(media="screen")
    page.get_by_role("button", name="Write down that these were printed").click()
    expect(page.locator("table.people tbody tr")).to_contain_text("Printed")
    page.goto(address)
    page.locator("summary", has_text="Notice was given: Each person affected").click()
    page.locator(".clocks details[open]").get_by_label("How").fill("First-class mail")
    page.locator(".clocks details[open]").get_by_role("button").click()
    expect(page.locator(".clocks")).to_contain_text("Given")
    expect(page.locator(".story li").first).to_contain_text("First-class mail")
    number = re.search(r"No\. (\d+)", page.locator(".under").inner_text())
    assert number
    page.goto("/incidents/log")
    expect(page.locator("main")).to_contain_text("Unauthorized Access/Disclosure")
    rows = list(csv.DictReader(io.StringIO(client.get("/incidents/log.csv").text)))
    mine = next(row for row in rows if row["Incident"] == number[1])
    assert mine["Approximate number of individuals affected"] == "1"
    assert mine["Date individual notices provided"]
    assert "amara" not in address.lower()


def test_what_is_refused_keeps_what_was_typed_and_says_why(page: Page) -> None:
    record(page, "Half an assessment")
    page.locator("summary", has_text="Assess").click()
    page.locator("textarea[name=nature_reason]").fill("Names only, I think.")
    page.get_by_label(re.compile("^Low probability")).check()
    page.get_by_role("button", name="Decide").click()
    expect(page.get_by_role("alert")).to_contain_text("Nature and extent of the PHI")
    expect(page.locator("textarea[name=nature_reason]")).to_have_value("Names only, I think.")
    expect(page.locator(".under .pill")).to_have_text("Presumed a breach")


def test_two_officers_do_not_overwrite_each_other(open_page: Open) -> None:
    first, second = open_page(), open_page()
    address = record(first, "Two at once")
    for one in (first, second):
        one.goto(address)
        one.locator("summary", has_text="Add to it").click()
    first.locator("#facts-happened").fill("First.")
    first.locator(".form button", has_text="Save").click()
    second.locator("#facts-happened").fill("Second.")
    second.locator(".form button", has_text="Save").click()
    expect(second.get_by_role("alert")).to_contain_text("Somebody else changed this")
    expect(second.locator("#facts-happened")).to_have_value("Second.")
    first.goto(address)
    expect(first.locator("main")).to_contain_text("First.")


def test_a_low_probability_stops_the_clocks_and_lets_the_incident_be_closed(page: Page) -> None:
    address = record(page, "Opened by mistake")
    page.locator("summary", has_text="Close the incident").click()
    page.locator("#state-why").fill("Done.")
    page.get_by_role("button", name="Close", exact=True).click()
    expect(page.get_by_role("alert")).to_contain_text("Nobody has decided")
    page.goto(address)
    assess(page, "^Low probability")
    expect(page.get_by_text("No notice is owed")).to_be_visible()
    page.locator("summary", has_text="Close the incident").click()
    page.locator("#state-why").fill("Low probability.")
    page.get_by_role("button", name="Close", exact=True).click()
    page.goto("/incidents?show=closed")
    expect(page.locator(".queue")).to_contain_text("Opened by mistake")


def test_the_list_of_people_is_corrected_with_a_reason(page: Page) -> None:
    record(page, "Somebody too many")
    count(page, "00421877\n999-unknown")
    address = page.url
    page.locator("table.people input[type=checkbox]").check()
    page.get_by_label("For those ticked").select_option("remove")
    page.get_by_role("button", name="Write down").click()
    expect(page.get_by_role("alert")).to_contain_text("removed")
    page.get_by_label("Note or reason").fill("Their own chart")
    page.get_by_role("button", name="Write down").click()
    expect(page.get_by_text("Nobody is on the list yet.")).to_be_visible()
    page.goto(address.removesuffix("/people"))
    expect(page.locator(".story")).to_contain_text("1 record numbers")


def test_a_delay_holds_the_clocks_and_a_state_adds_one(page: Page) -> None:
    page.goto("/incidents/rules")
    expect(page.get_by_text("No state's duty was entered.")).to_be_visible()
    page.get_by_label("State").select_option("TX")
    page.get_by_label("Whom to tell").fill("Attorney General")
    page.get_by_label("Days after discovery").fill("30")
    page.get_by_label("Law").fill("As counsel said")
    page.get_by_role("button", name="Add").click()
    address = record(page, "Held by the police")
    page.locator("summary", has_text="Law enforcement").click()
    page.get_by_label("Who asked (name, agency)").fill("Det. Smith, Harbor PD")
    page.locator("form", has=page.locator("#delay-official")).get_by_role("button").click()
    expect(page.locator(".clocks li", has_text="Each person affected").locator(".pill")).to_have_text(
        "On hold"
    )
    count(page)
    page.goto(address)
    expect(page.locator(".clocks li", has_text="Attorney General (Texas)").locator(".pill")).to_have_text(
        "Due in 30 days"
    )
    page.goto("/incidents/rules")
    page.get_by_role("button", name="Take back").click()
    expect(page.get_by_text("No state's duty was entered.")).to_be_visible()


def test_a_letter_that_leaves_something_out_is_not_taken(page: Page) -> None:
    page.goto("/incidents/letter")
    page.get_by_label("The letter").fill("Dear {name}, {constructor} sorry.")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("alert")).to_contain_text("no such field")
    page.goto("/incidents/letter")
    expect(page.get_by_label("The letter")).to_have_value(re.compile("What you can do"))


@pytest.mark.parametrize(("width", "scheme"), [(1440, "light"), (1024, "dark"), (390, "light")])
def test_the_pages_are_readable_for_everybody_and_fit(open_page: Open, width: int, scheme: str) -> None:
    page = open_page(width=width, scheme=scheme)
    address = record(page, "Looked at closely")
    count(page)
    for path in ("/incidents", "/incidents/new", "/incidents/rules", "/incidents/letter", "/incidents/log",
                 address, f"{address}/people", f"{address}/letters"):  # fmt: skip
        page.goto(path)
        page.evaluate("document.querySelectorAll('main details').forEach(one => one.open = true)")
        assert violations(page) == [], path
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), path


def test_the_queue_is_walked_with_the_keyboard(page: Page) -> None:
    record(page, "By keyboard")
    page.goto("/incidents")
    page.keyboard.press("Tab")
    for _ in range(40):
        if page.evaluate("document.activeElement?.classList.contains('row-link')"):
            break
        page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(page.locator("#clocks-title")).to_be_visible()


def test_what_was_done_is_in_the_audit_without_names(served: Served, page: Page) -> None:
    address = record(page, "Watched")
    name = address.rsplit("/", 1)[1]
    clinic = Clinic.open(read({}, data=served.data))
    audit = clinic.open_audit()
    try:
        from charthouse.access.reporting import Reporting

        found = [(one.event.interaction, one.event.query) for one in Reporting(audit).latest(count=20).entries
                 if one.event.type == "incidents"]  # fmt: skip
    finally:
        audit.close()
        clinic.close()
    assert ("create", name) in found
    assert ("read", name) in found
