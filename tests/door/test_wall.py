"""The rest of the wall: headers of every answer, rates, TLS, proxies, and files that are not what they say."""

from __future__ import annotations

import base64
import re
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import httpx
import pytest

from charthouse.web.site import HEADERS, POLICY, TEMPLATES
from tests import cast
from tests.door.conftest import MARK, House, ways
from tests.door.small import STRANGE, Small
from tests.unit.cli.terminal import charthouse, free_port, running

PNG = b"\x89PNG\r\n\x1a\n" + b"\0" * 32

# -- headers


def policy(text: str) -> dict[str, str]:
    """A Content-Security-Policy by directive."""
    return {
        name: rest for name, _, rest in (one.strip().partition(" ") for one in text.split(";") if one.strip())
    }


def test_the_policy_of_pages_lets_nothing_in_from_elsewhere_and_no_script_stand_in_a_page() -> None:
    found = policy(POLICY)
    assert (
        found["default-src"] == found["script-src"] == found["style-src"] == found["form-action"] == "'self'"
    )
    assert found["object-src"] == found["base-uri"] == found["frame-ancestors"] == "'none'"
    assert "unsafe" not in POLICY
    assert "*" not in POLICY
    assert "data:" not in POLICY


def test_every_answer_of_every_route_is_inert_to_who_sniffs_frames_or_keeps(house: House) -> None:
    """Errors, files, health and the API included, whoever asks."""
    administrator, doctor = house.session(cast.ADMINISTRATOR), house.session(cast.DOCTOR)
    seen = set()
    for way in ways(house):
        if way.path == "/sign-out":
            continue
        for caller in ({}, administrator, doctor, house.everything):
            answer = house.ask(way.method, way.path, caller)
            told = (way, answer.status_code)
            assert answer.headers.get("x-content-type-options") == "nosniff", told
            found = policy(answer.headers.get("content-security-policy", ""))
            assert found.get("default-src") in ("'self'", "'none'"), told
            assert "'unsafe-inline'" not in found.get("script-src", ""), told
            assert "server" not in answer.headers, told
            assert (
                not {name for name in answer.headers if name.startswith("access-control-")} or not caller
            ), told
            if not way.path.startswith("/static/"):
                assert "no-store" in answer.headers.get("cache-control", ""), told
            if answer.headers.get("content-type", "").startswith("text/html"):
                seen.add(answer.status_code)
                assert answer.headers["content-security-policy"] == POLICY, told
                for name, value in HEADERS.items():
                    assert answer.headers.get(name) == value, (name, told)
    assert {200, 404} <= seen


@pytest.mark.parametrize("path", ["/nowhere", "/chart/x", "/static/0/nothing.css", "/static/../x",
                                  "/sign-in/link/x", "/fhir/Nothing",
                                  "/%00", "/record/Patient/x/file/99", "/healthz/x", "//evil.example"])  # fmt: skip
@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "DELETE", "TRACE", "OPTIONS", "BREW"])
def test_error_pages_carry_them_too(house: House, path: str, method: str) -> None:
    answer = house.ask(method, path, house.session(cast.DOCTOR))
    assert answer.status_code < 500 or answer.status_code == 501
    assert answer.headers.get("x-content-type-options") == "nosniff"
    assert policy(answer.headers["content-security-policy"])["default-src"] in ("'self'", "'none'")
    assert "location" not in answer.headers or answer.headers["location"].startswith("/sign-in")


# -- what an address says


class Links(HTMLParser):
    """Every address in a page."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        names = (
            "href",
            "src",
            "action",
            "formaction",
            "hx-get",
            "hx-post",
            "hx-push-url",
            "poster",
            "data-url",
        )
        self.found += [value for name, value in attrs if name in names and value]


PARAMETERS = {
    "account", "act", "app", "client", "code", "hash", "id", "incident", "kind", "name", "number", "path", "patient",
    "person", "provider", "secret", "section", "state", "type", "user", "version", "what",
}  # fmt: skip


def test_no_route_takes_a_word_about_a_person_in_its_address(house: House) -> None:
    for way in ways(house):
        names = {name.partition(":")[0] for name in re.findall(r"\{([^}]+)\}", way.template)}
        assert names <= PARAMETERS, way.template


def test_no_link_of_any_page_holds_a_word_about_a_person(house: House) -> None:
    secret = (MARK, MARK.lower(), "1980-02-29", "Okafor")
    session = house.session(cast.DOCTOR)
    todo, done = ["/", *(way.path for way in ways(house) if way.method == "GET" and not way.is_open)], set()
    while todo and len(done) < 150:
        path = todo.pop(0)
        if path in done or path.startswith(("/fhir", "/static")):
            continue
        done.add(path)
        answer = house.ask("GET", path, session)
        if not answer.headers.get("content-type", "").startswith("text/html"):
            continue
        links = Links()
        links.feed(answer.text)
        for link in links.found:
            assert not any(word in link for word in secret), (path, link)
            if link.startswith("/") and not link.startswith("//"):
                todo.append(link.partition("#")[0])
    assert len(done) > 20


# Answers about pay are shared by their address; there is nothing about a person in them.
GUIDE = ("salary", "careers", "guide")


def test_no_form_sends_typed_words_in_an_address() -> None:
    """A form without method=post puts its fields into the address, where histories and proxies keep them."""
    for template in TEMPLATES.rglob("*.html"):
        if template.name.startswith(GUIDE):
            continue
        text = template.read_text()
        for form, inner in re.findall(r"<form([^>]*)>(.*?)</form>", text, re.DOTALL):
            if "hx-post" in form or re.search(r"method=.(?:post|dialog)", form):
                continue
            typed = re.findall(
                r"<input(?![^>]*type=.(?:hidden|radio|checkbox|date|number|submit|month))[^>]*>|<textarea",
                inner,
            )
            assert not typed, f"{template.name}: {form}"


# -- files


def shown(house: House, media: str, body: bytes) -> httpx.Response:
    id = house.make({
        "resourceType": "DocumentReference", "status": "current",
        "content": [{"attachment": {"contentType": media, "data": base64.b64encode(body).decode()}}],
    })  # fmt: skip
    return house.ask("GET", f"/record/DocumentReference/{id}/file/0", house.session(cast.DOCTOR))


SCRIPT = b"<html><script>alert(1)</script></html>"


@pytest.mark.parametrize(("media", "body", "is_shown"), [
    ("image/png", PNG, True), ("image/png", SCRIPT, False), ("image/jpeg", b"\xff\xd8\xff\xe0", True),
    ("image/jpeg", PNG, False), ("image/gif", b"GIF89a....", True), ("image/gif", b"GIF88a", False),
    ("image/webp", b"RIFF\0\0\0\0WEBPVP8 ", True), ("image/webp", b"RIFF\0\0\0\0WAVEfmt ", False),
    ("application/pdf", b"%PDF-1.7\n", True), ("application/pdf", b"\n" + SCRIPT, False),
    ("application/pdf", b" " * 100 + b"%PDF-", False), ("text/plain", b"a note", True), ("text/plain", SCRIPT, True),
    ("text/plain", b"a\0b", False), ("text/html", SCRIPT, False), ("image/svg+xml", b"<svg onload=alert(1)>", False),
    ("application/xml", b"<x/>", False), ("IMAGE/PNG; x=y", PNG, True), ("application/x-msdownload", b"MZ", False),
])  # fmt: skip
def test_a_file_is_shown_only_as_what_its_first_bytes_say(
    house: House, media: str, body: bytes, *, is_shown: bool
) -> None:
    answer = shown(house, media, body)
    assert answer.status_code == 200
    assert answer.content == body
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert "default-src 'none'" in answer.headers["content-security-policy"]
    kind = media.partition(";")[0].lower()
    assert answer.headers["content-disposition"] == ("inline" if is_shown else "attachment")
    assert answer.headers["content-type"].startswith(kind if is_shown else "application/octet-stream")


@pytest.mark.parametrize("media", ["image/png", "text/html", "application/pdf"])
def test_the_api_gives_a_binary_for_keeping_only(house: House, media: str) -> None:
    made = house.ask("POST", "/fhir/Binary", {**house.everything, "content-type": media}, content=SCRIPT)
    assert made.status_code == 201
    id = made.headers["location"].split("/")[-3]
    answer = house.ask("GET", f"/fhir/Binary/{id}", {**house.everything, "accept": media})
    assert answer.content == SCRIPT
    assert answer.headers["content-disposition"] == "attachment"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert "sandbox" in answer.headers["content-security-policy"]


# -- rates


@pytest.fixture
def small(tmp_path: Path) -> Iterator[Small]:
    made = Small(tmp_path, rate_client=3, rate_session=3, rate_stranger=3)
    yield made
    made.close()


def test_each_token_has_its_own_measure(small: Small) -> None:
    one, two = small.token("one"), small.token("two")
    assert [small.ask("/fhir/Patient", headers=one).status_code for _ in range(4)] == [200, 200, 200, 429]
    refused = small.ask("/fhir/Patient", headers=one)
    assert refused.headers["retry-after"] == "20"
    assert refused.json()["issue"][0]["code"] == "throttled"
    assert small.ask("/fhir/Patient", headers=two).status_code == 200


def test_each_session_has_its_own_measure_on_pages_and_in_the_api(small: Small) -> None:
    one, two = small.session(), small.session()
    assert [
        small.ask(path, headers=one).status_code for path in ("/", "/fhir/Patient", "/", "/fhir/Patient")
    ] == [200, 200, 200, 429]
    page = small.ask("/", headers=one)
    assert (page.status_code, page.headers["retry-after"]) == (429, "20")
    assert "Traceback" not in page.text
    assert small.ask("/", headers=two).status_code == 200


def test_a_stranger_is_known_by_the_address_whatever_credentials_are_made_up(small: Small) -> None:
    statuses = [
        small.ask("/fhir/Patient", headers={"authorization": f"Bearer made-up-{number}"}).status_code
        for number in range(5)
    ]
    assert statuses == [401, 401, 401, 429, 429]
    for path, headers in (("/", {"cookie": "charthouse=x"}), ("/sign-in", {}), ("/fhir/metadata", {})):
        assert small.ask(path, headers=headers).status_code == 429
        assert small.ask(path, "203.0.113.10", headers=headers).status_code != 429
    assert small.ask("/healthz").status_code == 200
    assert small.ask("/fhir/Patient", headers=small.token("let-in")).status_code == 200


def test_a_stranger_in_ipv6_is_a_whole_network(small: Small) -> None:
    statuses = [small.ask("/sign-in", f"2001:db8::{number:x}").status_code for number in range(5)]
    assert statuses == [200, 200, 200, 429, 429]


# -- proxies


def forwarded(address: str) -> dict[str, str]:
    return {
        "x-forwarded-for": address,
        "x-real-ip": address,
        "forwarded": f"for={address}",
        "client-ip": address,
    }


def test_headers_that_claim_an_address_are_worth_nothing_from_who_is_no_proxy(small: Small) -> None:
    statuses = [
        small.ask("/sign-in", headers=forwarded(f"198.51.100.{number}")).status_code for number in range(5)
    ]
    assert statuses == [200, 200, 200, 429, 429]


def tries(port: int, count: int, headers: Any) -> list[int]:
    """The answers to wrong sign-in links over a real connection."""
    with httpx.Client(base_url=f"http://127.0.0.1:{port}") as client:
        return [
            client.get("/sign-in/link/wrong", headers=headers(number)).status_code for number in range(count)
        ]


def test_over_a_real_socket_no_header_evades_the_brake(tmp_path: Path) -> None:
    """`FORWARDED_ALLOW_IPS` is what the server's library believes by itself; here it must change nothing."""
    assert charthouse(tmp_path, "init", "--data", "c").returncode == 0
    port = free_port()
    with running(tmp_path, "serve", "--data", "c", "--port", str(port), FORWARDED_ALLOW_IPS="*"):
        found = tries(port, 60, lambda number: forwarded(f"198.51.100.{number}"))
    assert (found[0], found[-1]) == (401, 429)


def test_over_a_real_socket_a_named_proxy_is_believed_and_what_its_client_wrote_is_not(
    tmp_path: Path,
) -> None:
    assert charthouse(tmp_path, "init", "--data", "c").returncode == 0
    port = free_port()
    with running(
        tmp_path, "serve", "--data", "c", "--port", str(port), CHARTHOUSE_PROXIES="127.0.0.1 10.0.0.0/8",
        CHARTHOUSE_RATE_STRANGER="6",
    ):  # fmt: skip
        found = tries(
            port, 8, lambda number: {"x-forwarded-for": f"198.51.100.{number}, {STRANGE}, 10.1.1.1"}
        )
        other = tries(port, 1, lambda number: {"x-forwarded-for": f"{STRANGE}, 203.0.113.77"})
    assert found == [401] * 6 + [429] * 2
    assert other == [401]
