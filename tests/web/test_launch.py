"""A sample SMART app, approved on the screen, started from a chart and by itself, in a real browser."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from time import time
from uuid import uuid4

import httpx
import pytest
from joserfc import jwt
from joserfc.jwk import ECKey, RSAKey
from playwright.sync_api import Page, expect

from charthouse.app import Clinic
from charthouse.base.settings import read
from tests.web import sample, story
from tests.web.conftest import Open, Served, _free_port
from tests.web.sample import Sample

pytestmark = pytest.mark.browser

AXE = Path(__file__).parent / "vendor" / "axe.min.js"
ADMINISTRATOR = "asa.lund"
SCOPE = "openid patient/Patient.rs patient/Observation.rs user/Practitioner.rs"


@pytest.fixture(scope="module")
def app() -> Iterator[Sample]:
    with sample.running(_free_port()) as found:
        yield found


@pytest.fixture(scope="module")
def registered(served: Served, app: Sample) -> str:
    """The client_id of the app, which waits for a decision."""
    sent = {
        "client_name": "Growth chart", "client_description": "Draws weight and height over time.",
        "redirect_uris": [f"{app.url}/callback"], "initiate_login_uri": f"{app.url}/launch",
        "token_endpoint_auth_method": "none", "scope": f"launch launch/patient {SCOPE} patient/Observation.cu",
        "contacts": ["makers@growth.example"],
    }  # fmt: skip
    told = httpx.post(f"{served.url}/oauth/register", json=sent).json()
    app.config.update(client_id=told["client_id"], scope=SCOPE)
    return str(told["client_id"])


@pytest.fixture
def administrator(served: Served, open_page: Open) -> Page:
    """A page at which an administrator is signed in."""
    clinic = Clinic.open(read({}, data=served.data))
    try:
        if clinic.people.find(ADMINISTRATOR) is None:
            clinic.write(
                lambda connection: clinic.people.add(connection, ADMINISTRATOR, "Asa Lund", ["administrator"])
            )
    finally:
        clinic.close()
    page = open_page(signed_in=False)
    page.goto(served.url + "/sign-in/link/" + served.run("token", "--user", ADMINISTRATOR).split("/link/")[1])
    return page


@pytest.fixture
def approved(administrator: Page, registered: str) -> str:
    administrator.goto(f"/apps/{registered}")
    box = administrator.get_by_role("checkbox", name="Add to and change observations")
    box.uncheck()
    administrator.get_by_role("button", name="Approve").or_(
        administrator.get_by_role("button", name="Keep these")
    ).click()
    expect(administrator.get_by_role("heading", name="Decided")).to_be_visible()
    return registered


def accessible(page: Page) -> None:
    """No finding of axe-core."""
    if AXE.exists():
        page.evaluate(AXE.read_text())
        found = page.evaluate(
            "async () => (await axe.run()).violations.map(one => one.id + ': ' + one.nodes[0].html)"
        )
        assert not found, found


def test_an_administrator_sees_what_waits_and_approves_less_than_was_asked(
    administrator: Page, page: Page, registered: str, served: Served
) -> None:
    page.goto("/apps")
    expect(page.get_by_text("Growth chart")).to_have_count(0)
    administrator.goto("/apps")
    administrator.get_by_role("link", name="Growth chart").click()
    expect(administrator.get_by_text("nobody checked this")).to_be_visible()
    expect(administrator.get_by_text("Changes the record")).to_have_count(1)
    accessible(administrator)
    administrator.get_by_role("checkbox", name="Add to and change observations").uncheck()
    administrator.get_by_role("button", name="Approve").click()
    page.goto("/apps")
    expect(page.get_by_text("Growth chart")).to_be_visible()
    accessible(page)
    answer = page.goto(f"/apps/{registered}")
    assert answer is not None
    assert answer.status == 403


def test_an_app_started_from_a_chart_reads_that_patient_and_visit(page: Page, approved: str) -> None:
    page.goto(f"/chart/{story.AMARA}/apps")
    accessible(page)
    with page.context.expect_page() as opened:
        page.get_by_role("button", name="Start").click()
    popup = opened.value
    expect(popup.get_by_role("heading", name="Let Growth chart in?")).to_be_visible()
    expect(popup.get_by_text("Okafor, Amara")).to_be_visible()
    expect(popup.get_by_text("Changes the record")).to_have_count(0)
    accessible(popup)
    popup.get_by_role("checkbox", name="Read practitioners").uncheck()
    popup.get_by_role("button", name="Let it in").click()
    expect(popup.locator("#said")).to_have_text("Read Okafor, Amara")
    body = popup.locator("body")
    assert body.get_attribute("data-scope") == "launch openid patient/Observation.rs patient/Patient.rs"
    assert body.get_attribute("data-encounter") == "today"


def test_an_app_started_by_itself_has_the_person_sign_in_and_choose_a_patient(
    served: Served, open_page: Open, app: Sample, approved: str
) -> None:
    page = open_page(signed_in=False)
    page.goto(f"{app.url}/?iss={served.url}/fhir")
    expect(page).to_have_url(f"{served.url}/sign-in")
    page.goto(served.link())
    expect(page.get_by_role("heading", name="Let Growth chart in?")).to_be_visible()
    page.get_by_role("button", name="Let it in").click()
    expect(page.get_by_role("alert")).to_contain_text("Choose the patient first")
    page.get_by_role("searchbox").fill("oka am")
    page.get_by_role("searchbox").press("Enter")
    page.get_by_role("radio", name="Okafor, Amara").check()
    accessible(page)
    page.get_by_role("button", name="Let it in").click()
    expect(page.locator("#said")).to_have_text("Read Okafor, Amara")
    page.goto(f"{served.url}/apps")
    expect(page.get_by_text("Has access")).to_be_visible()
    page.get_by_role("button", name="Take back").first.click()
    expect(page.get_by_text("You have not let any app in.")).to_be_visible()


def test_no_leads_back_to_the_app_with_nothing(
    page: Page, served: Served, app: Sample, approved: str
) -> None:
    page.goto(f"{app.url}/?iss={served.url}/fhir")
    page.get_by_role("button", name="No", exact=True).click()
    expect(page.locator("#said")).to_have_text("Refused: access_denied")


@pytest.mark.parametrize(("kind", "alg"), [("EC", "ES384"), ("RSA", "RS384")])
def test_a_feed_with_a_key_reads_by_itself_over_http(
    served: Served, administrator: Page, kind: str, alg: str
) -> None:
    """SMART Backend Services from registration to the first page of results."""
    key = ECKey.generate_key("P-384") if kind == "EC" else RSAKey.generate_key(3072)
    told = httpx.post(f"{served.url}/oauth/register", json={
        "client_name": f"Night feed {kind}", "token_endpoint_auth_method": "private_key_jwt",
        "grant_types": ["client_credentials"], "scope": "system/Patient.rs system/Observation.rs",
        "jwks": {"keys": [{**key.as_dict(private=False), "kid": "k1"}]},
    }).json()  # fmt: skip
    config = httpx.get(f"{served.url}/fhir/.well-known/smart-configuration").json()

    def token() -> httpx.Response:
        now = int(time())
        claims = {"iss": told["client_id"], "sub": told["client_id"], "aud": config["token_endpoint"], "exp": now + 290,
                  "jti": uuid4().hex}  # fmt: skip
        assertion = jwt.encode({"alg": alg, "kid": "k1"}, claims, key, algorithms=[alg])
        form = {"grant_type": "client_credentials", "scope": "system/Patient.rs", "client_assertion": assertion,
                "client_assertion_type": "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"}  # fmt: skip
        return httpx.post(config["token_endpoint"], data=form)

    assert token().json()["error"] == "invalid_client"  # nobody decided yet
    administrator.goto(f"/apps/{told['client_id']}")
    expect(administrator.get_by_text("Without a person")).to_have_count(2)
    administrator.get_by_role("button", name="Approve").click()
    expect(administrator.get_by_role("heading", name="Decided")).to_be_visible()
    got = token().json()
    assert (got["token_type"], got["expires_in"], got["scope"]) == ("Bearer", 300, "system/Patient.rs")
    headers = {"Authorization": f"Bearer {got['access_token']}"}
    answer = httpx.get(f"{served.url}/fhir/Patient?family=Okafor", headers=headers)
    assert [entry["resource"]["id"] for entry in answer.json()["entry"]] == [story.AMARA]
    assert httpx.get(f"{served.url}/fhir/Observation", headers=headers).status_code == 403


def test_an_administrator_enters_an_app_by_hand_and_sees_its_secret_once(
    administrator: Page, page: Page
) -> None:
    administrator.goto("/apps/new")
    accessible(administrator)
    administrator.get_by_label("Name", exact=True).fill("Referral desk")
    administrator.get_by_label("How it proves itself").select_option("secret")
    administrator.get_by_label("Answers go to").fill("http://referral.example/back")
    administrator.get_by_label("Scopes").fill("openid user/ServiceRequest.rs")
    administrator.get_by_role("button", name="Enter").click()
    expect(administrator.get_by_role("alert")).to_contain_text("An address in redirect_uris cannot be used.")
    expect(administrator.get_by_label("Name", exact=True)).to_have_value("Referral desk")
    administrator.get_by_label("Answers go to").fill("https://referral.example/back")
    administrator.get_by_role("button", name="Enter").click()
    expect(administrator.get_by_role("alert")).to_contain_text("chs_")
    administrator.get_by_role("button", name="Approve").click()
    administrator.get_by_role("link", name="Referral desk").click()
    expect(administrator.get_by_text("chs_")).to_have_count(0)
    answer = page.goto("/apps/new")
    assert answer is not None
    assert answer.status == 403
