"""The way to another server and back, out again, and everybody who would cut in."""

from __future__ import annotations

import time
from urllib.parse import parse_qsl, urlencode, urlsplit

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from charthouse.access.oidc.flow import safe_place
from charthouse.access.oidc.provider import Provider as Settings_
from charthouse.base.errors import Problem
from tests import openid
from tests.unit.access.oidc.desk import BASE, Desk

# -- the way there and back


def test_the_way_out_holds_a_challenge_and_nothing_secret(desk: Desk) -> None:
    asked, cookie = desk.leave()
    assert (asked["code_challenge_method"], asked["response_type"]) == ("S256", "code")
    assert asked["redirect_uri"] == f"{BASE}/sign-in/with/{desk.name}/back"
    assert openid.SECRET not in str(asked)
    again, other = desk.leave()
    assert {asked[one] for one in ("state", "nonce", "code_challenge")}.isdisjoint(again.values())
    assert asked["nonce"] not in cookie
    assert cookie != other


def test_an_answer_counts_once(desk: Desk) -> None:
    desk.expect()
    asked, cookie = desk.leave()
    answer = desk.approved(asked)
    desk.back(answer, cookie)
    with pytest.raises(Problem, match="over"):
        desk.back(answer, cookie)
    with pytest.raises(Problem, match="over"):  # nor with a fresh code
        desk.back(answer | {"code": desk.provider.approve(asked, "ada")}, cookie)


@pytest.mark.parametrize(
    "change", ["other state", "no state", "other browser", "no cookie", "torn cookie", "too late"]
)
def test_an_answer_that_this_browser_did_not_ask_for_is_refused(desk: Desk, change: str) -> None:
    desk.expect()
    asked, cookie = desk.leave()
    answer = desk.approved(asked)
    match change:
        case "other state":
            answer["state"] = answer["state"][::-1]
        case "no state":
            del answer["state"]
        case "other browser":
            cookie = desk.leave()[1]
        case "no cookie":
            cookie = ""
        case "torn cookie":
            cookie = cookie[:-2] + ("AA" if cookie[-2:] != "AA" else "BB")
        case _:
            desk.moment += 11 * 60_000
    with pytest.raises(Problem, match="over"):
        desk.back(answer, cookie)


def test_somebody_elses_code_does_not_work_in_this_browser(desk: Desk) -> None:
    """Code injection: the verifier is of this browser's sign-in, so the provider refuses (RFC 9700, 4.5)."""
    desk.expect()
    theirs, _ = desk.leave()
    stolen = desk.approved(theirs)["code"]
    asked, cookie = desk.leave()
    with pytest.raises(Problem, match="did not give a token"):
        desk.back({"code": stolen, "state": asked["state"], "iss": desk.provider.url}, cookie)


def test_an_answer_of_another_server_is_not_taken_for_this_one(desk: Desk) -> None:
    """Mix-up: neither under the address of another provider, nor with another `iss`, nor without one that is due."""
    desk.expect()
    other = desk.save(Settings_("Other", desk.provider.url, "other"))
    asked, cookie = desk.leave()
    answer = desk.approved(asked)
    with pytest.raises(Problem, match="over"):
        desk.back(answer, cookie, other)
    with pytest.raises(Problem, match="another server"):
        desk.back(answer | {"iss": "https://evil.example"}, cookie)
    with pytest.raises(Problem, match="another server"):
        desk.back({name: text for name, text in answer.items() if name != "iss"}, cookie)


def test_a_refusal_by_the_server_is_told_without_its_words(desk: Desk) -> None:
    asked, cookie = desk.leave()
    with pytest.raises(Problem) as caught:
        desk.back(
            {
                "error": "x",
                "error_description": "call 555",
                "state": asked["state"],
                "iss": desk.provider.url,
            },
            cookie,
        )
    assert "555" not in str(caught.value)


def test_a_provider_that_is_off_or_unknown_does_not_exist(desk: Desk) -> None:
    desk.set(is_on=False)
    for name in (desk.name, "nope", "../x", "8f14e45f-ceea-467f-a9ab-3b6f2ad1b3d5"):
        with pytest.raises(Problem, match="nothing here"):
            desk.run(desk.openid.flow.begin(name))


@pytest.mark.parametrize(
    ("place", "kept"),
    [("/", "/"), ("/chart/a?x=1", "/chart/a?x=1"), ("//evil.example", "/"), ("https://evil.example", "/"),
     ("/\\evil.example", "/"), ("/\t/evil.example", "/"), ("javascript:alert(1)", "/"), ("/sign-out", "/"),
     ("/a/../../x", "/"), ("/a//b", "/"), ("", "/"), ("/%0d%0aSet-Cookie:x", "/"), ("/@evil.example", "/"),
     ("/sign-in/with/x", "/"), ("/charts#x", "/")],
)  # fmt: skip
def test_after_the_sign_in_the_way_leads_to_a_page_of_ours_only(desk: Desk, place: str, kept: str) -> None:
    assert safe_place(place) == kept
    desk.expect()
    asked, cookie = desk.leave(place)
    assert desk.back(desk.approved(asked), cookie).place == kept


@given(st.text(max_size=60) | st.from_regex(r"/[/\\]?[a-z.@:/\\%?#]*", fullmatch=True))
def test_no_text_leads_to_another_host(text: str) -> None:
    place = safe_place(text)
    assert httpx.URL(BASE).join(place).host == "localhost"
    assert place.startswith("/")
    assert not place.startswith(("//", "/\\"))


# -- out


def test_a_sign_out_goes_on_to_the_server_with_the_token_it_gave(desk: Desk) -> None:
    desk.expect()
    address = desk.run(desk.openid.flow.out(desk.whole().left))
    asked = dict(parse_qsl(urlsplit(address).query))
    assert address.startswith(f"{desk.provider.url}/out?")
    assert asked["post_logout_redirect_uri"] == f"{BASE}/sign-in"
    assert asked["client_id"] == openid.CLIENT
    assert asked["id_token_hint"].count(".") == 2
    assert desk.run(desk.openid.flow.out("")) is None
    desk.provider.more = {"end_session_endpoint": None}
    desk.openid.server.forget(desk.provider.url)
    assert desk.run(desk.openid.flow.out(desk.whole().left)) is None


def test_the_word_that_somebody_left_counts_once_and_only_if_it_is_one(desk: Desk) -> None:
    desk.expect()
    account = desk.whole().account
    told = desk.openid.flow.told_out
    token = desk.provider.logout_token("0x1")
    assert desk.run(told(desk.name, token)) == account
    with pytest.raises(Problem):
        desk.run(told(desk.name, token))
    assert desk.run(told(desk.name, desk.provider.logout_token("nobody"))) is None
    sound = desk.provider.claims("ada", "n")
    logout = desk.provider.logout_token
    crooked = [
        desk.provider.sign(sound), logout("0x1", nonce="n"), logout("0x1", aud="x"), logout("0x1", events={}),
        logout("0x1", iat=int(time.time()) - 3 * 86400), logout("0x1", jti=None), "x",
        desk.provider.sign(sound, openid.key_pair("RS256")),
    ]  # fmt: skip
    for one in crooked:
        with pytest.raises(Problem):
            desk.run(told(desk.name, one))


def test_the_query_of_the_way_out_is_joined_to_one_that_is_there(desk: Desk) -> None:
    desk.provider.more = {"authorization_endpoint": f"{desk.provider.url}/authorize?tenant=1"}
    address, _ = desk.run(desk.openid.flow.begin(desk.name))
    assert f"/authorize?tenant=1&{urlencode({'response_type': 'code'})}" in address
