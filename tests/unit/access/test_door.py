"""The door: who a request is from, and what it is refused for."""

from __future__ import annotations

import pytest
from starlette.applications import Starlette
from starlette.responses import PlainTextResponse
from starlette.routing import Mount, Route

from charthouse.access.actor import NOBODY, Actor
from charthouse.access.door import Cookie, challenge
from charthouse.access.routes import OPEN, describe, is_open
from charthouse.access.throttle import WINDOW, Throttle
from charthouse.base.errors import Problem, http_status
from tests import cast
from tests.unit.access.house import Clock, House

SHUT = "/fhir/Patient/1"


def token(house: House) -> str:
    def job(connection: object) -> str:
        key = house.people.client(house.connection, "Loader")
        return house.tokens.issue(house.connection, house.people.get(key), ["system/*.cruds"]).text

    return house.now(job)


def cookie(house: House, secret: str) -> dict[str, str]:
    return {"cookie": f"theme=dark; {house.cookie.name}={secret}; x=y"}


def form_token(house: House, secret: str) -> str:
    return house.sessions.verify(secret).form_token


def status(answer: Actor | Problem) -> int:
    return http_status(answer) if isinstance(answer, Problem) else 200


@pytest.mark.parametrize("method", ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"])
def test_without_a_credential_every_other_path_is_401(house: House, method: str) -> None:
    answer = house.door.authenticate({}, None, method, SHUT)
    assert status(answer) == 401
    assert isinstance(answer, Problem)
    assert challenge(answer, {}) == {"WWW-Authenticate": 'Bearer realm="Charthouse"'}


@pytest.mark.parametrize("method", ["GET", "POST", "DELETE"])
def test_a_good_token_is_its_client_for_every_method(house: House, method: str) -> None:
    for scheme in ("Bearer", "bearer", "BEARER"):
        answer = house.door.authenticate({"authorization": f"{scheme} {token(house)}"}, None, method, SHUT)
        assert isinstance(answer, Actor)
        assert answer.client == "Loader"


@pytest.mark.parametrize(
    "sent", ["", "Bearer", "Bearer ", "Bearer wrong", "Basic YTpi", "cht_abc", "Bearer\twrong", "Bearer ü"]
)
def test_a_bad_token_is_401_even_beside_a_good_session_and_on_an_open_route(house: House, sent: str) -> None:
    headers = {"authorization": sent, **cookie(house, house.enter(cast.DOCTOR))}
    for path in (SHUT, "/healthz"):
        answer = house.door.authenticate(headers, None, "GET", path)
        assert isinstance(answer, Problem)
        assert status(answer) == 401
        assert challenge(answer, headers) == {
            "WWW-Authenticate": 'Bearer realm="Charthouse", error="invalid_token"'
        }


def test_a_token_counts_before_a_session(house: House) -> None:
    headers = {"authorization": f"Bearer {token(house)}", **cookie(house, house.enter(cast.DOCTOR))}
    answer = house.door.authenticate(headers, None, "POST", SHUT)
    assert isinstance(answer, Actor)
    assert answer.client == "Loader"


def test_a_session_reads_without_a_form_token(house: House) -> None:
    headers = cookie(house, house.enter(cast.DOCTOR))
    for method in ("GET", "HEAD", "OPTIONS"):
        answer = house.door.authenticate(headers, None, method, SHUT)
        assert isinstance(answer, Actor)
        assert answer.name == cast.DOCTOR.name


def test_cookies_that_were_parsed_already_are_taken_as_they_are(house: House) -> None:
    secret = house.enter(cast.DOCTOR)
    assert isinstance(house.door.authenticate({}, {house.cookie.name: secret}, "GET", SHUT), Actor)
    assert status(house.door.authenticate(cookie(house, secret), {}, "GET", SHUT)) == 401


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE", "BREW"])
def test_a_session_changes_something_only_with_its_own_form_token(house: House, method: str) -> None:
    secret, other = house.enter(cast.DOCTOR), house.enter(cast.DOCTOR)
    headers = cookie(house, secret)
    good = form_token(house, secret)
    for wrong in ("", "x", form_token(house, other), good[:-1], good + "A", "ü"):
        answer = house.door.authenticate({**headers, "x-csrf-token": wrong}, None, method, SHUT)
        assert status(answer) == 403, wrong
    assert status(house.door.authenticate(headers, None, method, SHUT)) == 403
    answer = house.door.authenticate({**headers, "x-csrf-token": good}, None, method, SHUT)
    assert isinstance(answer, Actor)


def test_a_form_may_bring_its_token_in_a_field(house: House) -> None:
    secret = house.enter(cast.DOCTOR)
    headers, good = cookie(house, secret), form_token(house, secret)
    assert isinstance(house.door.authenticate(headers, None, "POST", "/x", form_token=good), Actor)
    assert status(house.door.authenticate(headers, None, "POST", "/x", form_token="x")) == 403


def test_a_change_sent_from_another_site_is_refused_whatever_it_brings(house: House) -> None:
    secret = house.enter(cast.DOCTOR)
    headers = {**cookie(house, secret), "sec-fetch-site": "cross-site"}
    sent = {**headers, "x-csrf-token": form_token(house, secret)}
    assert status(house.door.authenticate(sent, None, "POST", SHUT)) == 403
    assert status(house.door.authenticate({"sec-fetch-site": "cross-site"}, None, "POST", "/sign-in")) == 403
    assert isinstance(house.door.authenticate(headers, None, "GET", SHUT), Actor)  # following a link is fine


def test_an_ended_session_is_nobody_on_an_open_route_and_401_elsewhere(house: House) -> None:
    secret = house.enter(cast.DOCTOR)
    live = house.sessions.verify(secret)
    house.now(lambda connection: house.sessions.end(connection, live.id))
    house.generation.stale()
    headers = cookie(house, secret)
    assert house.door.authenticate(headers, None, "GET", "/sign-in") == NOBODY
    assert status(house.door.authenticate(headers, None, "GET", SHUT)) == 401


def test_the_sign_in_form_works_beside_a_session_that_stands(house: House) -> None:
    headers = cookie(house, house.enter(cast.DOCTOR))
    assert house.door.authenticate(headers, None, "POST", "/sign-in") == NOBODY


@pytest.mark.parametrize(
    "header", ["", ";", "charthouse", "charthouse=", "=x", "a=b; \x00=1", 'charthouse="', "x" * 9000]
)
def test_a_broken_cookie_header_is_no_sign_in(house: House, header: str) -> None:
    assert status(house.door.authenticate({"cookie": header}, None, "GET", SHUT)) == 401


def test_the_cookie_is_for_this_host_out_of_scripts_reach_and_secure_over_https() -> None:
    plain = Cookie("http://localhost:8080").put("secret", 60)
    assert plain == "charthouse=secret; Path=/; Max-Age=60; HttpOnly; SameSite=Lax"
    secure = Cookie("https://ehr.example.org").put("secret", 60)
    assert secure == "__Host-charthouse=secret; Path=/; Max-Age=60; HttpOnly; SameSite=Lax; Secure"
    assert "Domain" not in plain + secure
    assert Cookie("https://ehr.example.org").read("charthouse=secret") is None
    assert Cookie("https://ehr.example.org").read("a=b; __Host-charthouse=secret") == "secret"


OPENED = [
    ("GET", "/fhir/metadata"), ("HEAD", "/fhir/metadata"), ("GET", "/healthz"), ("GET", "/readyz"),
    ("GET", "/sign-in"), ("POST", "/sign-in"), ("GET", "/sign-in/link/abc"), ("GET", "/static/a/b.css"),
    ("GET", "/favicon.ico"),
]  # fmt: skip
NOT_OPENED = [
    ("POST", "/fhir/metadata"), ("GET", "/fhir/metadata/"), ("GET", "/fhir/Metadata"), ("GET", "/fhir"),
    ("GET", "/fhir/"), ("GET", "/fhir/Patient"), ("GET", "/"), ("GET", ""), ("GET", "/metrics"),
    ("HEAD", "/sign-in/link/abc"), ("POST", "/sign-in/link/abc"), ("DELETE", "/sign-in"), ("GET", "/staticx"),
    ("GET", "/static"), ("PUT", "/static/a"), ("GET", "/static/../fhir/Patient"), ("GET", "/static//fhir/Patient"),
    ("GET", "//healthz"), ("GET", "/healthz/x"), ("get", "/healthz"), ("OPTIONS", "/healthz"),
    ("GET", "/fhir/metadata/../Patient"), ("GET", "/sign-in/link/../../fhir/Patient"),
]  # fmt: skip


@pytest.mark.parametrize(("method", "path"), OPENED)
def test_the_open_routes_need_no_sign_in(house: House, method: str, path: str) -> None:
    assert house.door.authenticate({}, None, method, path) == NOBODY


@pytest.mark.parametrize(("method", "path"), NOT_OPENED)
def test_what_is_not_in_the_table_is_shut(method: str, path: str) -> None:
    assert not is_open(method, path)


def test_the_table_says_why_each_route_is_open() -> None:
    assert len({entry.path for entry in OPEN}) == len(OPEN)
    assert all(entry.why and entry.methods for entry in OPEN)


def _page(request: object) -> PlainTextResponse:
    return PlainTextResponse("")


class _Mounted:
    async def __call__(self, scope: object, receive: object, send: object) -> None:
        """An app that lists no routes of its own."""


def test_the_routes_of_an_app_are_listed_with_what_they_need() -> None:
    app = Starlette(
        routes=[
            Route("/healthz", _page),
            Route("/sign-in/link/{secret}", _page),
            Route("/sign-out", _page, methods=["POST"]),
            Mount("/patients", routes=[Route("/{id}", _page)]),
            Mount("/fhir", _Mounted()),
            Mount("/static", _Mounted()),
        ]
    )
    rows = describe(app)
    assert describe(app.routes) == rows
    assert {"path": "/healthz", "methods": ["GET", "HEAD"], "open": True, "needs": "nothing"} in rows
    assert {"path": "/sign-in/link/{secret}", "methods": ["GET"], "open": True, "needs": "nothing"} in rows
    assert {
        "path": "/patients/{id}", "methods": ["GET", "HEAD"], "open": False, "needs": "token or session",
    } in rows  # fmt: skip
    with_header = "token, or session with the CSRF header"
    assert {"path": "/sign-out", "methods": ["POST"], "open": False, "needs": with_header} in rows
    fhir = [row for row in rows if row["path"] == "/fhir/{path}"]
    assert [(row["open"], row["needs"]) for row in fhir] == [(False, with_header)]
    assert {"DELETE", "GET", "PUT"} <= set(fhir[0]["methods"])
    static = {row["open"]: row["methods"] for row in rows if row["path"] == "/static/{path}"}
    assert static[True] == ["GET", "HEAD"]
    assert "POST" in static[False]


def test_the_brake_holds_after_the_limit_and_lets_go_after_the_window() -> None:
    clock = Clock()
    brake = Throttle(3, clock=clock)
    for _ in range(3):
        brake.require("a")
        brake.failed("a")
        clock.forward(1000)
    with pytest.raises(Problem) as caught:
        brake.require("a")
    assert http_status(caught.value) == 429
    brake.require("b")
    clock.forward(WINDOW - 3000)
    brake.require("a")
    brake.failed("a")
    brake.require("a")


def test_getting_in_forgets_the_failures() -> None:
    brake = Throttle(2, clock=Clock())
    brake.failed("a")
    brake.passed("a")
    brake.failed("a")
    brake.require("a")
