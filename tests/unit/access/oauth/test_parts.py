"""The parts of the authorisation server that need no database: addresses, scopes, PKCE, keys, words."""

from __future__ import annotations

from itertools import product
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from charthouse.access import scopes
from charthouse.access.oauth import refusal, registration, uris
from charthouse.access.oauth.code import meets
from charthouse.access.oauth.identity import Identity
from charthouse.access.oauth.known import Known
from charthouse.base.errors import Category, Problem, problem
from charthouse.fhir import definitions
from charthouse.web.permits import permits

TYPES = ("Patient", "Observation", "Condition")
LETTERS = "cruds"
letters = st.sets(st.sampled_from(LETTERS), min_size=1).map(
    lambda found: "".join(sorted(found, key=LETTERS.index))
)
scope_texts = st.builds(
    lambda context, type, some: f"{context}/{type}.{some}",
    st.sampled_from(("user", "patient", "system")),
    st.sampled_from((*TYPES, "*")),
    st.one_of(letters, st.sampled_from(("read", "write", "*"))),
)


def opened(texts: Any) -> set[tuple[str, str, str]]:
    """(context, type, letter) that a list of scopes opens: the plain reading, with no algebra of scopes."""
    found = set()
    for context, type, letter in product(("user", "patient", "system"), TYPES, LETTERS):
        for text in texts:
            whose, _, rest = text.partition("/")
            name, _, some = rest.partition(".")
            known = {"read": "rs", "write": "cud", "*": LETTERS}.get(some, some)
            if whose == context and name in (type, "*") and letter in known:
                found.add((context, type, letter))
    return found


@given(st.lists(scope_texts, max_size=5), st.lists(scope_texts, max_size=5))
def test_what_two_lists_have_in_common_opens_what_both_open_and_nothing_else(
    asked: list[str], allowed: list[str]
) -> None:
    assert opened(scopes.common(asked, allowed)) == opened(asked) & opened(allowed)


@given(st.lists(scope_texts, max_size=5))
def test_what_is_wholly_allowed_stays_as_it_was_written(asked: list[str]) -> None:
    everything = ["user/*.cruds", "patient/*.cruds", "system/*.cruds"]
    assert scopes.common(asked, everything) == set(asked)


def test_criteria_of_both_lists_must_hold() -> None:
    found = scopes.common(["user/Observation.rs?category=laboratory"], ["user/Observation.r?status=final"])
    assert found == {"user/Observation.r?category=laboratory&status=final"}
    lab = "patient/Observation.rs?category=http://terminology.hl7.org/CodeSystem/observation-category|laboratory"
    assert scopes.common([lab], ["patient/Observation.rs"]) == {lab}
    assert scopes.common(["patient/Observation.rs"], [lab]) == {lab}


@pytest.mark.parametrize(
    ("text", "sound"),
    [
        ("openid", True), ("launch", True), ("user/Patient.rs", True), ("user/Patient.read", True),
        ("patient/Observation.rs?category=laboratory", True), ("user/*.rs?_tag=x", True),
        ("user/*.rs?category=x", False), ("user/Observation.rs?nonsense=1", False),
        ("user/Observation.rs?category=", False), ("user/Observation.rs?x", False),
        ("system/Patient.rs", False), ("user/Teapot.rs", False), ("user/Patient.sr", False), ("", False),
        ("x" * 500, False),
    ],
)  # fmt: skip
def test_a_scope_is_known_by_its_type_and_its_criteria(text: str, *, sound: bool) -> None:
    assert Known(definitions.load())(text, ("user", "patient")) is sound


def test_the_example_of_the_standard_meets_its_challenge() -> None:
    """RFC 7636, appendix B."""
    verifier, challenge = (
        "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk",
        "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM",
    )
    assert meets(verifier, challenge)
    assert not meets(challenge, verifier)
    assert not meets(verifier, verifier)  # plain


@pytest.mark.parametrize(
    ("address", "origin"),
    [
        ("https://App.example/x?y=1", "https://app.example"), ("https://app.example:443/", "https://app.example"),
        ("https://app.example:8443/", "https://app.example:8443"), ("http://localhost:3000/cb", "http://localhost:3000"),
        ("http://127.0.0.1/", "http://127.0.0.1"), ("http://[::1]:8000/", "http://[::1]:8000"),
    ],
)  # fmt: skip
def test_an_address_has_the_origin_a_browser_sends(address: str, origin: str) -> None:
    uris.split(address, "redirect_uris")
    assert uris.origin(address) == origin


def test_a_policy_names_no_ipv6_host() -> None:
    assert uris.source("http://[::1]:8000/") == "http:"
    assert uris.source("https://app.example/") == "https://app.example"


@given(st.text(max_size=60))
def test_whatever_is_taken_as_an_address_is_https_or_this_machine(text: str) -> None:
    try:
        parts = uris.split(text, "redirect_uris")
    except Problem:
        return
    assert parts.scheme == "https" or parts.hostname in ("localhost", "127.0.0.1", "::1")


_json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=10), inner, max_size=3),
    max_leaves=8,
)
_members = st.sampled_from(
    ("client_name", "redirect_uris", "scope", "jwks", "jwks_uri", "grant_types", "contacts", "initiate_login_uri",
     "token_endpoint_auth_method", "response_types", "client_description")
)  # fmt: skip


@given(st.dictionaries(_members, _json), _json)
def test_whatever_is_sent_as_a_registration_is_taken_or_refused_in_words(
    members: dict[str, Any], other: Any
) -> None:
    sound = {"client_name": "X", "redirect_uris": ["https://a.example/"], "jwks_uri": "https://a.example/jwks",
             "token_endpoint_auth_method": "private_key_jwt", "scope": "openid"}  # fmt: skip
    for sent in (members, {**sound, **members}, other):
        said = "invalid_client_metadata"
        try:
            registration.read(sent, lambda text, contexts: text == "openid")
        except Problem as failure:
            said = refusal.word(failure)
        assert said in ("invalid_client_metadata", "invalid_redirect_uri")


class Secrets:
    """Keys of a clinic, always the same."""

    def __init__(self, seed: bytes) -> None:
        self._seed = seed

    def get(self, name: str) -> bytes:
        return self._seed

    def sign(self, name: str, message: bytes) -> bytes:
        return self._seed


def test_the_signing_key_follows_from_the_clinic_s_secret_and_is_its_own() -> None:
    one, same, other = (Identity(Secrets(seed * 32)).published() for seed in (b"a", b"a", b"b"))  # type: ignore[arg-type]
    assert one == same != other
    assert set(one["keys"][0]) == {"kty", "crv", "x", "y", "use", "alg", "kid"}


def test_an_error_description_keeps_to_the_characters_of_the_standard() -> None:
    told = refusal.body(refusal.refused("invalid_request", 'A "quoted" \\ ü\n text', repair="Mend it."))
    assert told == {"error": "invalid_request", "error_description": "A 'quoted' ' '' text Mend it."}
    busy = problem(Category.BUSY, "throttled", "Too many.")
    assert (refusal.word(busy), refusal.status(busy)) == ("temporarily_unavailable", 429)
    lost = problem(Category.FAULT, "exception", "Lost.")
    assert (refusal.word(lost), refusal.status(lost)) == ("server_error", 500)


def test_scopes_are_told_in_plain_words_reading_before_changing() -> None:
    found = permits(
        [
            "patient/Observation.cu",
            "patient/Observation.rs?category=http://x|laboratory",
            "openid",
            "user/*.cruds",
        ]
    )
    assert [(one.title, one.writes) for one in found] == [
        ("Know who you are", False),
        ("Read observations", False),
        ("Add to and change observations", True),
        ("Read, add to, change and delete the whole record", True),
    ]
    assert found[1].detail == "Of the one chosen patient. Only where category is laboratory."
