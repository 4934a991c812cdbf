"""Programs that ask to be let in, over HTTP as real ones would: registration, consent, tokens."""

from __future__ import annotations

import secrets
import time
from base64 import urlsafe_b64encode
from dataclasses import dataclass, field
from hashlib import sha256
from html.parser import HTMLParser
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import httpx
from joserfc import jwt
from joserfc.jwk import ECKey, RSAKey

from charthouse.access.oauth.apps import App
from tests import cast
from tests.door.conftest import FORM, House

BASE = "http://localhost/fhir"
TOKEN = "http://localhost/oauth/token"
CALLBACK = "https://growth.example/callback"
LAUNCH = "https://growth.example/launch"
EVERYTHING = (
    "openid fhirUser launch launch/patient launch/encounter offline_access online_access "
    "patient/*.cruds user/*.cruds"
)
ASSERTION = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"


def pair() -> tuple[str, str]:
    """A PKCE verifier and its S256 challenge (RFC 7636, 4)."""
    verifier = secrets.token_urlsafe(48)
    return verifier, urlsafe_b64encode(sha256(verifier.encode()).digest()).rstrip(b"=").decode()


def public_key(key: Any, kid: str) -> dict[str, Any]:
    return {**key.as_dict(private=False), "kid": kid}


class Form(HTMLParser):
    """The fields of the consent page: hidden ones, and the boxes."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.hidden: dict[str, str] = {}
        self.permits: list[str] = []
        self.patients: list[str] = []
        self._inside = False
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = dict(attrs)
        if tag == "form":
            self._inside = found.get("action") == "/oauth/authorize"
        if tag != "input" or not self._inside:
            return
        name, value = found.get("name") or "", found.get("value") or ""
        if found.get("type") == "hidden":
            self.hidden[name] = value
        elif name == "permit":
            self.permits.append(value)
        elif name == "patient":
            self.patients.append(value)


@dataclass
class Program:
    """One program and the house it talks to."""

    house: House
    metadata: dict[str, Any]
    client_id: str = ""
    secret: str = ""
    key: Any = None
    kid: str = "one"
    verifier: str = ""
    last: dict[str, str] = field(default_factory=dict)

    @classmethod
    def registered(cls, house: House, *, approve: bool = True, **metadata: Any) -> Program:
        """A program that registered, and was approved for all it asked."""
        sent = {
            "client_name": "Growth chart", "redirect_uris": [CALLBACK], "initiate_login_uri": LAUNCH,
            "token_endpoint_auth_method": "none", "grant_types": ["authorization_code", "refresh_token"],
            "scope": EVERYTHING, **metadata,
        }  # fmt: skip
        answer = house.ask("POST", "/oauth/register", json={k: v for k, v in sent.items() if v is not None})
        assert answer.status_code == 201, answer.text
        told = answer.json()
        found = cls(house, sent, told["client_id"], told.get("client_secret", ""))
        if approve:
            found.decide("approved")
        return found

    @classmethod
    def backend(
        cls, house: House, kind: str = "EC", scope: str = "system/Patient.rs", **metadata: Any
    ) -> Program:
        """A program with a key that acts for itself."""
        key = ECKey.generate_key("P-384") if kind == "EC" else RSAKey.generate_key(2048)
        given = {"jwks": {"keys": [public_key(key, "one")]}, **metadata}
        found = cls.registered(
            house, client_name="Night feed", token_endpoint_auth_method="private_key_jwt", redirect_uris=None,
            initiate_login_uri=None, grant_types=["client_credentials"], scope=scope, **given,
        )  # fmt: skip
        found.key = key
        return found

    @property
    def app(self) -> App:
        return self.house.clinic.oauth.apps.get(self.client_id)

    def decide(self, status: Any, **more: Any) -> None:
        """An administrator's decision."""
        oauth, key = self.house.clinic.oauth, self.house.people[cast.ADMINISTRATOR.name]
        actor = cast.ADMINISTRATOR.at_the_screen(key)
        self.house.runner.run(oauth.decide(actor, self.app, status, **more))

    def request(self, **changed: str | None) -> dict[str, str]:
        """The parameters of an authorisation request; None leaves one out."""
        self.verifier, challenge = pair()
        sent: dict[str, str | None] = {
            "response_type": "code", "client_id": self.client_id, "redirect_uri": CALLBACK,
            "scope": "launch/patient patient/*.rs", "state": secrets.token_urlsafe(16), "aud": BASE,
            "code_challenge": challenge, "code_challenge_method": "S256", **changed,
        }  # fmt: skip
        self.last = {name: value for name, value in sent.items() if value is not None}
        return self.last

    def page(self, cookie: dict[str, str], sent: Any = None, **changed: str | None) -> httpx.Response:
        """The answer to a request that a browser brings."""
        return self.house.ask("GET", f"/oauth/authorize?{urlencode(sent or self.request(**changed))}", cookie)

    def answer(
        self, cookie: dict[str, str], page: httpx.Response, *, decision: str = "allow", permits: Any = None,
        headers: dict[str, str] | None = None, **more: str,
    ) -> httpx.Response:  # fmt: skip
        """What the person's click gives."""
        form = Form(page.text)
        kept = form.permits if permits is None else permits
        pairs = [
            *({**form.hidden, **more}).items(),
            *(("permit", one) for one in kept),
            ("decision", decision),
        ]
        return self.house.ask(
            "POST", "/oauth/authorize", {**cookie, **FORM, **(headers or {})}, content=urlencode(pairs)
        )

    def code(
        self, cookie: dict[str, str], *, permits: Any = None, patient: str | None = None, **changed: Any
    ) -> str:
        """A code for the marked patient, after page and click."""
        page = self.page(cookie, **changed)
        assert page.status_code in (200, 303), page.text
        if page.status_code == 200:
            more = {"patient": patient or self.house.ids["Patient"]}
            page = self.answer(cookie, page, permits=permits, **more)
        told = back(page)
        assert "code" in told, told or page.text
        return told["code"]

    def exchange(self, form: dict[str, Any], headers: dict[str, str] | None = None) -> httpx.Response:
        """The answer of the token endpoint."""
        return self.house.ask("POST", "/oauth/token", {**FORM, **(headers or {})}, content=urlencode(form))

    def redeem(self, code: str, **changed: str | None) -> httpx.Response:
        """A code turned in, with this program's own proof."""
        sent = {
            "grant_type": "authorization_code", "code": code, "redirect_uri": self.last["redirect_uri"],
            "code_verifier": self.verifier, **self.proof(), **changed,
        }  # fmt: skip
        return self.exchange({name: value for name, value in sent.items() if value is not None})

    def refresh(self, token: str, **more: str) -> httpx.Response:
        return self.exchange({"grant_type": "refresh_token", "refresh_token": token, **self.proof(), **more})

    def proof(self) -> dict[str, str]:
        if self.key is not None:
            return {"client_assertion_type": ASSERTION, "client_assertion": self.assertion()}
        return {"client_id": self.client_id, **({"client_secret": self.secret} if self.secret else {})}

    def assertion(self, *, key: Any = None, header: dict[str, Any] | None = None, **changed: Any) -> str:
        """A signed assertion; claims and header can be changed."""
        alg = "RS384" if isinstance(self.key, RSAKey) else "ES384"
        now = int(time.time())
        claims = {"iss": self.client_id, "sub": self.client_id, "aud": TOKEN, "exp": now + 240, "iat": now,
                  "jti": secrets.token_urlsafe(12), **changed}  # fmt: skip
        head = {"alg": alg, "kid": self.kid, "typ": "JWT", **(header or {})}
        kept = {name: value for name, value in claims.items() if value is not None}
        return jwt.encode(head, kept, key or self.key, algorithms=[head["alg"]])

    def itself(
        self, scope: str = "system/Patient.rs", assertion: str | None = None, **more: str
    ) -> httpx.Response:
        """client_credentials."""
        sent = {"grant_type": "client_credentials", "scope": scope, "client_assertion_type": ASSERTION,
                "client_assertion": assertion if assertion is not None else self.assertion(), **more}  # fmt: skip
        return self.exchange(sent)


def back(answer: httpx.Response) -> dict[str, str]:
    """What an answer tells the program in the address it leads to."""
    return {
        name: values[0]
        for name, values in parse_qs(urlsplit(answer.headers.get("location", "")).query).items()
    }


def bearer(token: str) -> dict[str, str]:
    return {"authorization": f"Bearer {token}"}
