"""What must not get out or in: names in addresses, forms from elsewhere, pages of other people."""

from __future__ import annotations

import re

import httpx
import pytest
from playwright.sync_api import expect

from tests.web import story
from tests.web.conftest import Open, Served
from tests.web.test_chart import SCREENS


def token_of(page: str) -> str:
    found = re.search(r'name="form_token" value="([^"]+)"', page)
    assert found
    return found[1]


@pytest.mark.browser
def test_nothing_about_a_patient_is_in_any_address_that_is_asked_for(open_page: Open) -> None:
    page, asked = open_page(), []
    page.on("request", lambda request: asked.append(request.url.split("/", 3)[3].lower()))
    page.goto("/")
    page.fill("#find", "okafor 1980-03-14")
    expect(page.locator("#found .hit")).to_have_count(1)
    page.fill("#find", "00421877")
    expect(page.locator("#found .hit")).to_have_count(1)
    for path in SCREENS:
        page.goto(path)
    opaque = [
        one.replace(story.AMARA, "id").replace(story.PER, "id").replace(story.HYPERTENSION, "id")
        for one in asked
    ]
    assert len(opaque) > len(SCREENS)
    assert not [one for one in opaque if any(secret in one for secret in story.SECRETS)]


@pytest.mark.browser
def test_pages_load_nothing_from_elsewhere(open_page: Open, served: Served) -> None:
    page, asked = open_page(), []
    page.on("request", lambda request: asked.append(request.url))
    for path in SCREENS:
        page.goto(path)
    assert all(one.startswith(served.url) for one in asked)


@pytest.mark.parametrize("path", SCREENS)
def test_every_page_forbids_what_it_does_not_need(client: httpx.Client, path: str) -> None:
    answer = client.get(path)
    policy = answer.headers["content-security-policy"]
    assert "default-src 'self'" in policy
    assert "unsafe" not in policy
    assert answer.headers["x-frame-options"] == "DENY"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["cache-control"] == "no-store"
    assert "<script>" not in answer.text
    assert not re.search(r"\sstyle=|\son[a-z]+=", re.sub(r"&lt;.*?&gt;", "", answer.text))


@pytest.mark.parametrize("path", [path for path in SCREENS if path != "/record/Patient/not-there"])
def test_no_page_is_open_to_who_is_not_signed_in(served: Served, path: str) -> None:
    answer = httpx.get(served.url + path)
    assert (answer.status_code, answer.headers["location"]) == (303, "/sign-in")
    assert not [secret for secret in story.SECRETS if secret in answer.text.lower()]


@pytest.mark.parametrize(
    "path",
    [
        "/find",
        "/charts/close",
        "/sign-out",
        f"/chart/{story.AMARA}/timeline/more",
        f"/chart/{story.AMARA}/visits/more",
    ],
)
def test_a_form_without_the_token_of_this_sign_in_is_refused(
    client: httpx.Client, served: Served, path: str
) -> None:
    assert client.post(path, data={"q": "okafor"}).status_code == 403
    assert client.post(path, data={"q": "okafor", "form_token": "guess"}).status_code == 403
    assert httpx.post(served.url + path, data={"q": "okafor"}).status_code == 401


def test_a_form_with_its_token_is_answered(client: httpx.Client) -> None:
    answer = client.post("/find", data={"q": "okafor", "form_token": token_of(client.get("/").text)})
    assert answer.status_code == 200
    assert "Okafor, Amara" in answer.text


def test_a_form_that_is_too_long_is_refused_unread(client: httpx.Client) -> None:
    token = token_of(client.get("/").text)
    assert client.post("/find", data={"q": "x" * 300_000, "form_token": token}).status_code == 413


def test_hidden_absent_and_impossible_are_one_and_the_same_page(client: httpx.Client) -> None:
    pages = [
        client.get(path)
        for path in (
            "/chart/not-there",
            "/record/Patient/not-there",
            "/record/Nonsense/x",
            f"/chart/{story.AMARA}/nonsense",
            "/record/Patient/not-there?tab=versions",
            "/record/Patient/not-there?tab=source",
            "/chart/not-there/timeline",
            "/chart/not-there/results",
            "/nowhere/at/all",
        )
    ]
    assert {page.status_code for page in pages} == {404}
    assert len({page.text for page in pages}) == 1


def test_an_error_page_shows_no_stack(client: httpx.Client) -> None:
    token = token_of(client.get("/").text)
    answer = client.post(
        f"/chart/{story.AMARA}/timeline/more", data={"until": "soon", "state": "[", "form_token": token}
    )
    assert answer.status_code == 400
    assert "Traceback" not in answer.text
    forged = {"until": "2020-01-01", "state": '{"Encounter": "forged"}', "form_token": token}
    answer = client.post(f"/chart/{story.AMARA}/timeline/more", data=forged)
    assert answer.status_code == 400
    assert "Traceback" not in answer.text


def test_a_cursor_of_another_chart_opens_nothing_of_it(client: httpx.Client) -> None:
    page = client.get(f"/chart/{story.PER}/visits").text
    cursor = re.search(r'name="cursor" value="([^"]+)"', page)
    assert cursor
    data = {"table": "0", "cursor": cursor[1], "show": "", "form_token": token_of(page)}
    answer = client.post(f"/chart/{story.AMARA}/visits/more", data=data)
    assert "Check " not in answer.text


def test_styles_and_scripts_are_kept_for_ever_and_packed(client: httpx.Client) -> None:
    page = client.get("/").text
    parts = re.findall(r'(?:href|src)="(/static/[^"]+)"', page)
    assert len(parts) > 6
    for part in parts:
        answer = client.get(part)
        assert answer.status_code == 200, part
        assert "immutable" in answer.headers["cache-control"]
        if part.endswith((".css", ".js")):
            assert answer.headers["content-encoding"] == "gzip"


def test_the_versions_of_a_record_say_who_wrote_them(client: httpx.Client) -> None:
    page = client.get(f"/record/Condition/{story.HYPERTENSION}?tab=versions").text
    assert '<th scope="col">Who</th>' in page
    assert page.count("<td>story</td>") == 2
