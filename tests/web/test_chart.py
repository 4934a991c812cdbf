"""A clinician finds a patient and reads the chart."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from tests.web import story
from tests.web.conftest import Open, copied

pytestmark = pytest.mark.browser


def test_a_patient_is_found_by_typing_and_identity_is_checked_before_opening(page: Page) -> None:
    page.goto("/")
    page.keyboard.type("oka am")
    hit = page.locator("#found .hit")
    expect(hit).to_have_count(1)
    for word in ("Okafor, Amara", "Mara", "14 Mar 1980", "46 y", "Female", "MRN 00421877"):
        expect(hit).to_contain_text(word)
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    page.wait_for_url(f"**/chart/{story.AMARA}")
    expect(page.locator(".strip .legal")).to_have_text("Amara Okafor")


@pytest.mark.parametrize("typed", ["00421877", "14 Mar 1980", "1980-03-14", "3/14/1980", "mara"])
def test_a_patient_is_found_by_number_birth_date_and_nickname(page: Page, typed: str) -> None:
    page.goto("/")
    page.fill("#find", typed)
    expect(page.locator("#found .hit").first).to_contain_text("Okafor, Amara")


def test_nobody_found_says_what_to_try(page: Page) -> None:
    page.goto("/")
    page.fill("#find", "zzzz")
    expect(page.locator("#found")).to_contain_text("No patient found")
    page.fill("#find", "z")
    expect(page.locator("#found")).to_contain_text("at least two letters")


def test_the_summary_shows_what_must_not_be_missed(page: Page) -> None:
    page.goto(f"/chart/{story.AMARA}")
    strip = page.locator(".strip")
    expect(strip.locator(".flag.red")).to_contain_text("Penicillin: Anaphylaxis")
    expect(strip).to_contain_text("Igbo")
    vitals = page.locator(".vitals")
    expect(vitals).to_contain_text("148/92")
    expect(vitals).to_contain_text("high")
    expect(vitals).to_contain_text("86.4 kg, +1.4")
    expect(page.locator(".vitals svg")).to_have_count(2)
    potassium = page.locator(".flow tr", has_text="Potassium")
    expect(potassium.locator("td.day.critical")).to_contain_text("6.2")
    expect(potassium.locator("td.day.critical")).to_contain_text("critical")
    expect(potassium).to_contain_text("3.5 to 5.1")
    expect(page.get_by_text("Lisinopril 20 mg tablet")).to_be_visible()
    expect(page.get_by_text("1 by mouth every morning")).to_be_visible()
    expect(page.locator(".demo")).to_be_visible()


def test_identity_and_allergies_stay_in_view_while_the_chart_scrolls(open_page: Open) -> None:
    for width, height in ((1440, 700), (1024, 600), (390, 700)):
        page = open_page(width=width, height=height)
        page.goto(f"/chart/{story.AMARA}")
        page.evaluate("document.querySelector('main').scrollTo(0, 1e5); scrollTo(0, 1e5)")
        expect(page.locator(".strip .legal")).to_be_in_viewport()
        expect(page.locator(".strip .flag.red")).to_be_in_viewport()


def test_no_screen_is_wider_than_the_window(open_page: Open) -> None:
    for width in (1440, 1024, 390):
        page = open_page(width=width)
        for path in SCREENS:
            page.goto(path)
            assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), (width, path)


def test_death_is_said_and_nothing_recorded_is_not_nothing_known(page: Page) -> None:
    page.goto(f"/chart/{story.PER}")
    expect(page.locator(".strip")).to_contain_text("Died 1 Feb 2025, aged 69 y")
    page.goto(f"/chart/{story.EMPTY}")
    expect(page.locator(".strip .flag.amber")).to_contain_text("None recorded")
    expect(page.get_by_text("No active problems.")).to_be_visible()


def test_the_record_number_is_copied_whole(page: Page) -> None:
    page.goto(f"/chart/{story.AMARA}")
    page.locator("button.mrn").click()
    expect(page.locator("#said")).to_have_text("MRN copied")
    copied(page, "00421877")


def test_a_photo_in_the_record_is_the_face_and_initials_stand_in_where_there_is_none(page: Page) -> None:
    page.goto(f"/chart/{story.AMARA}")
    photo = page.get_by_role("img", name="Photo of Amara Okafor")
    expect(photo).to_have_js_property("complete", True)
    expect(photo).to_have_js_property("naturalWidth", 1)
    page.goto(f"/chart/{story.PER}")
    expect(page.locator(".strip .face")).to_have_text("PL")
    assert page.request.get(f"/chart/{story.PER}/photo").status == 404


def test_open_charts_are_tabs_of_different_colours_and_can_be_closed(page: Page) -> None:
    for patient in (story.AMARA, story.PER, story.EMPTY):
        page.goto(f"/chart/{patient}")
    tabs = page.locator(".tab")
    expect(tabs).to_have_count(3)
    bands = tabs.evaluate_all("all => all.map(one => getComputedStyle(one).getPropertyValue('--band'))")
    assert len(set(bands)) == 3
    band = page.locator(".strip").evaluate("one => getComputedStyle(one).getPropertyValue('--band')")
    assert band == bands[2]
    page.get_by_role("button", name="Close the chart of New Person").click()
    expect(tabs).to_have_count(2)
    page.goto("/")
    lately = page.locator("section", has_text="Opened lately").locator(".hit")
    expect(lately).to_have_count(3)


def test_a_name_that_is_code_is_only_text(page: Page) -> None:
    page.goto(f"/chart/{story.HOSTILE}")
    expect(page.locator(".strip .legal")).to_contain_text("{{7*7}} </script> <img src=x onerror=alert(1)>")
    assert page.locator("img[src=x]").count() == 0


def test_a_long_list_grows_by_the_page_until_all_is_there(page: Page) -> None:
    page.goto(f"/chart/{story.PER}/visits")
    rows = page.locator("tbody:not(.more) tr")
    expect(rows).to_have_count(50)
    page.get_by_role("button", name="Show more").click()
    expect(rows).to_have_count(100)
    page.get_by_role("button", name="Show more").click()
    expect(rows).to_have_count(story.VISITS)
    expect(page.get_by_role("button", name="Show more")).to_have_count(0)
    titles = page.locator("tbody .go").all_inner_texts()
    assert titles == [f"Check {number}" for number in reversed(range(story.VISITS))]


def test_filters_narrow_a_section(page: Page) -> None:
    page.goto(f"/chart/{story.AMARA}/problems")
    expect(page.locator("main")).not_to_contain_text("Essential hypertension")
    page.get_by_role("link", name="Resolved").click()
    expect(page.locator(".rows")).to_contain_text("Essential hypertension")


SCREENS = (
    "/",
    f"/chart/{story.AMARA}",
    f"/chart/{story.EMPTY}",
    f"/chart/{story.HOSTILE}",
    f"/chart/{story.AMARA}/timeline",
    f"/chart/{story.AMARA}/problems?show=all",
    f"/chart/{story.AMARA}/results",
    f"/chart/{story.AMARA}/vitals",
    f"/chart/{story.PER}/visits",
    f"/chart/{story.AMARA}/documents",
    f"/record/Condition/{story.HYPERTENSION}",
    f"/record/Condition/{story.HYPERTENSION}?tab=versions",
    f"/record/Condition/{story.HYPERTENSION}?tab=source",
    f"/record/Patient/{story.AMARA}",
    "/record/DocumentReference/note",
    "/record/Encounter/today",
    "/record/Organization/harbor",
    "/record/Patient/not-there",
)
