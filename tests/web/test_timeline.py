"""The timeline and the page of one record."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from tests.web import story

pytestmark = pytest.mark.browser


def test_chips_narrow_the_timeline(page: Page) -> None:
    page.goto(f"/chart/{story.AMARA}/timeline")
    kinds = page.locator(".time .kind")
    expect(kinds.filter(has_text="Vital signs")).to_have_count(3)
    expect(kinds.filter(has_text="Document")).to_have_count(1)
    page.get_by_role("navigation", name="Show").get_by_role("link", name="Visits").click()
    expect(kinds.filter(has_text="Immunization")).to_have_count(0)
    assert set(kinds.all_inner_texts()) == {"Visit"}
    page.get_by_role("navigation", name="Show").get_by_role("link", name="Documents").click()
    expect(kinds.filter(has_text="Document")).to_have_count(1)
    assert set(kinds.all_inner_texts()) == {"Visit", "Document"}
    page.get_by_role("navigation", name="Show").get_by_role("link", name="All", exact=True).click()
    expect(kinds.filter(has_text="Immunization")).to_have_count(1)


def test_an_entry_tells_when_it_happened_who_and_whether_it_counts(page: Page) -> None:
    page.goto(f"/chart/{story.AMARA}/timeline")
    visit = page.locator(".time li", has_text="Diabetes follow-up")
    for word in ("12 Nov", "08:31", "In progress", "Dr. Linh Tran", "entered"):
        expect(visit).to_contain_text(word)
    wrong = page.locator(".time li.struck")
    expect(wrong).to_contain_text("Gout")
    expect(wrong).to_contain_text("Entered in error")
    assert "line-through" in wrong.evaluate("one => getComputedStyle(one).textDecoration")


def test_scrolling_to_the_beginning_shows_every_visit_exactly_once(page: Page) -> None:
    page.goto(f"/chart/{story.PER}/timeline")
    for _ in range(150):
        if page.get_by_text("The beginning of the chart.").count():
            break
        page.evaluate("document.querySelector('main').scrollTo(0, 1e6)")
        page.wait_for_timeout(200)
    titles = page.locator(".time .go").all_inner_texts()
    assert titles == [f"Check {number}" for number in reversed(range(story.VISITS))]
    months = page.locator(".time .month").all_inner_texts()
    assert len(months) == len(set(months))


def test_a_note_is_read_on_its_page(page: Page) -> None:
    page.goto("/record/DocumentReference/note")
    expect(page.get_by_role("heading", name="Progress note")).to_be_visible()
    expect(page.get_by_text(story.NOTE)).to_be_visible()


def test_a_file_opens_as_what_cannot_run(page: Page) -> None:
    answer = page.request.get("/record/DocumentReference/note/file/0")
    assert answer.text() == story.NOTE
    assert answer.headers["content-security-policy"].endswith("sandbox")
    assert answer.headers["content-type"].startswith("text/plain")
    assert page.request.get("/record/DocumentReference/note/file/1").status == 404
    assert page.request.get("/record/DocumentReference/note/file/x").status == 404


def test_a_record_reads_in_words_and_its_references_have_names(page: Page) -> None:
    page.goto("/record/MedicationRequest/lisinopril")
    sheet = page.locator(".sheet").first
    for word in (
        "Medication",
        "Lisinopril 20 mg tablet",
        "Ordered on",
        "Directions",
        "1 by mouth every morning",
    ):
        expect(sheet).to_contain_text(word)
    sheet.get_by_role("link", name="Dr. Linh Tran").click()
    expect(page.get_by_role("heading", name="Dr. Linh Tran")).to_be_visible()


def test_two_versions_differ_in_words(page: Page) -> None:
    page.goto(f"/record/Condition/{story.HYPERTENSION}")
    page.get_by_role("link", name="Versions").click()
    expect(page.locator(".versions tbody tr")).to_have_count(2)
    changes = page.locator(".changes li")
    expect(changes).to_have_count(3)
    expect(changes.filter(has_text="Status")).to_contain_text("Active")
    expect(changes.filter(has_text="Status")).to_contain_text("Resolved")
    expect(changes.filter(has_text="Ended")).to_contain_text("12 Nov 2026")
    expect(changes.filter(has_text="Note")).to_contain_text("At goal without medication.")
    page.get_by_label("Compare from version 2").check()
    page.get_by_label("Compare to version 1").check()
    page.get_by_role("button", name="Compare").click()
    expect(page.get_by_role("heading", name="What changed from version 2 to 1")).to_be_visible()
    expect(changes.filter(has_text="Ended").locator("del")).to_have_text("12 Nov 2026")


def test_no_screen_shows_the_name_of_an_element_but_the_source(page: Page) -> None:
    names = (
        "clinicalStatus",
        "onsetDateTime",
        "abatement",
        "valueQuantity",
        "effectiveDateTime",
        "birthDate",
        "resourceType",
    )
    for path in (f"/chart/{story.AMARA}", f"/chart/{story.AMARA}/timeline", f"/record/Condition/{story.HYPERTENSION}",
                 f"/record/Patient/{story.AMARA}", f"/record/Condition/{story.HYPERTENSION}?tab=versions"):  # fmt: skip
        page.goto(path)
        text = page.locator("body").inner_text()
        assert not [name for name in names if name in text], path
    page.goto(f"/record/Condition/{story.HYPERTENSION}?tab=source")
    expect(page.locator(".source")).to_contain_text('"clinicalStatus"')
