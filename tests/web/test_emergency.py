"""A closed chart in an emergency, and the policies that closed it, in a real browser."""

from __future__ import annotations

import json

import httpx
import pytest
from playwright.sync_api import Page, expect

from charthouse.app import Clinic
from charthouse.base.settings import read
from tests.web.conftest import Open, Served
from tests.web.test_keyboard import violations

pytestmark = pytest.mark.browser

VIP = "famous-face"
NOTE = "Found unconscious at the station"
SENSITIVITY = "http://terminology.hl7.org/CodeSystem/v3-ActCode"


@pytest.fixture(scope="module", autouse=True)
def closed_chart(served: Served) -> None:
    """A patient whose chart opens only to who cares for them."""
    token = served.run("token", "--client", "story", "--scope", "system/*.cruds")
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/fhir+json"}
    patient = {
        "resourceType": "Patient",
        "id": VIP,
        "name": [{"family": "Starr", "given": ["Zelda"]}],
        "birthDate": "1971-02-03",
        "identifier": [{"system": "urn:mrn", "value": "00990011"}],
        "meta": {"security": [{"system": SENSITIVITY, "code": "VIP"}]},
    }
    answer = httpx.put(f"{served.url}/fhir/Patient/{VIP}", json=patient, headers=headers)
    assert answer.status_code in (200, 201), answer.text


def enter(served: Served, open_page: Open, name: str, role: str) -> Page:
    """A page of somebody else, who comes in by a link."""
    clinic = Clinic.open(read({}, data=served.data))
    try:
        if clinic.people.find(name) is None:
            clinic.write(lambda connection: clinic.people.add(connection, name, name.title(), [role]))
    finally:
        clinic.close()
    page = open_page(signed_in=False)
    page.goto("/sign-in/link/" + served.run("token", "--user", name).split("/sign-in/link/")[1])
    return page


@pytest.fixture
def officer(served: Served, open_page: Open) -> Page:
    return enter(served, open_page, "petra", "privacy-officer")


@pytest.fixture
def administrator_page(served: Served, open_page: Open) -> Page:
    return enter(served, open_page, "asa", "administrator")


def test_a_closed_chart_is_not_there_until_the_glass_is_broken_and_after_it_is_given_back(page: Page) -> None:
    assert page.goto(f"/chart/{VIP}").status == 404  # type: ignore[union-attr]
    page.goto("/emergency")
    page.get_by_label("Record number", exact=True).fill("00990011")
    page.get_by_role("button", name="Look up").click()
    expect(page.get_by_text("Zelda")).to_be_visible()
    assert "00990011" not in page.url
    page.get_by_label("What happened?").fill("short")
    page.get_by_role("button", name="Break the glass").click()
    expect(page.locator(".caution")).to_contain_text("10 characters")
    expect(page.get_by_label("What happened?")).to_have_value("short")
    page.get_by_label("What happened?").fill(NOTE)
    page.get_by_role("button", name="Break the glass").click()
    expect(page).to_have_url(f"{page.url.split('/chart')[0]}/chart/{VIP}")
    expect(page.locator("form.glass")).to_contain_text("until")
    assert not violations(page)
    page.get_by_role("button", name="Give it back").click()
    assert page.goto(f"/chart/{VIP}").status == 404  # type: ignore[union-attr]


def test_who_is_looked_for_must_be_known(page: Page) -> None:
    page.goto("/emergency")
    page.get_by_role("button", name="Look up").click()
    expect(page.locator("#number-wrong")).to_contain_text("Say who it is")
    page.get_by_label("Family name").fill("Starr")
    page.get_by_label("Born", exact=True).fill("1971-02-04")
    page.get_by_role("button", name="Look up").click()
    expect(page.get_by_text("Nobody matches exactly")).to_be_visible()
    assert not violations(page)


def test_a_clinician_reaches_neither_the_review_nor_the_policies(page: Page) -> None:
    for address in ("/emergency/review", "/policies", "/policies/nurse"):
        assert page.goto(address).status == 403, address  # type: ignore[union-attr]


def test_the_privacy_officer_sees_each_case_and_writes_down_what_was_found(officer: Page) -> None:
    officer.goto("/emergency/review")
    case = officer.locator(".clocks li", has_text=NOTE).first
    expect(case).to_contain_text("Linh Tran")
    assert not violations(officer)
    case.get_by_text("Write down what you found").click()
    case.get_by_role("button", name="Save the finding").click()
    expect(officer.locator("table.queue tr", has_text=NOTE).first).to_contain_text("Justified")


def test_a_policy_is_changed_with_its_mistakes_named_and_taken_back(administrator_page: Page) -> None:
    page = administrator_page
    page.goto("/policies")
    assert not violations(page)
    page.get_by_role("link", name="Learner").click()
    text = page.get_by_label("Policy as JSON")
    document = json.loads(text.input_value())
    document["rules"][0]["allow"] = ["raed"]
    text.fill(json.dumps(document))
    page.get_by_role("button", name="Put in force").click()
    expect(page.get_by_role("alert")).to_contain_text(
        'rules[0].allow: There is no such interaction. Found: raed. Did you mean "read"?'
    )
    document["rules"][0]["allow"] = ["read", "search"]
    page.get_by_label("Policy as JSON").fill(json.dumps(document))
    page.get_by_role("button", name="Put in force").click()
    expect(page.locator("h1 + p")).to_contain_text("Changed here")
    assert not violations(page)
    page.get_by_role("button", name="Put this one in force").first.click()
    page.goto("/policies")
    page.get_by_label("User name").fill("dr.tran")
    page.get_by_label("Resource type").fill("Observation")
    page.get_by_role("button", name="Try").click()
    expect(page.locator("main [role=status]")).to_contain_text("labelled")
