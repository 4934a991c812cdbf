"""What a program asks of a person (RFC 6749, 4.1.1; RFC 7636; SMART App Launch): read, bounded, and answered."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlencode, urlsplit

from charthouse.access import scopes
from charthouse.access.actor import Actor
from charthouse.access.oauth.apps import App, Apps
from charthouse.access.oauth.code import CHALLENGE
from charthouse.access.oauth.credentials import unknown
from charthouse.access.oauth.exchange import IsKnown
from charthouse.access.oauth.grants import Context, session_of
from charthouse.access.oauth.launch import Launch, Launches
from charthouse.access.oauth.refusal import body, refused
from charthouse.base.errors import Problem

# The parameters that count, and that the consent page sends back as they came.
PARAMETERS: Final = (
    "response_type", "client_id", "redirect_uri", "scope", "state", "aud", "launch", "code_challenge",
    "code_challenge_method", "nonce", "prompt",
)  # fmt: skip
WORDS: Final = {"c": "create", "r": "read", "u": "update", "d": "delete", "s": "search"}
# About launch and context: they come with what was chosen, and are nothing to deselect.
AUTOMATIC: Final = frozenset({"launch", "launch/patient", "launch/encounter"})
# How long it lasts, which is nothing by itself.
LASTING: Final = frozenset({"online_access", "offline_access"})
LONGEST_STATE: Final = 2_000

May = Callable[[Actor, str, str], bool]


@dataclass(frozen=True, slots=True)
class Target:
    """Where an answer goes: an approved program at one of its own addresses, with its `state`."""

    app: App
    redirect: str
    state: str | None

    def back(self, issuer: str, told: Mapping[str, str]) -> str:
        """The address that tells the program `told`, with `state` and `iss` (RFC 9207)."""
        joint = "&" if urlsplit(self.redirect).query else "?"
        state = {} if self.state is None else {"state": self.state}
        return f"{self.redirect}{joint}{urlencode({**told, **state, 'iss': issuer})}"

    def failed(self, issuer: str, failure: Problem) -> str:
        """The address that tells the program of a failure (RFC 6749, 4.1.2.1)."""
        return self.back(issuer, body(failure))


@dataclass(frozen=True, slots=True)
class Asked:
    """A sound request. `scopes` is what can be granted at most; `launch` the launch it came by."""

    target: Target
    scopes: frozenset[str]
    challenge: str
    nonce: str | None
    launch: Launch | None
    always: bool

    @property
    def wants_patient(self) -> bool:
        """Whether it is about one patient, who must be chosen where no launch says who."""
        return "launch/patient" in self.scopes or any(
            scope.context == "patient" for scope in scopes.resources(self.scopes)
        )


class Authorize:
    """Reads requests of programs to people. For the thread that owns the connections of `apps` and `launches`."""

    def __init__(
        self, apps: Apps, launches: Launches, may: May, types: Collection[str], is_known: IsKnown
    ) -> None:
        """`may(actor, type, interaction)` is the policy; `types` are all resource types."""
        self._apps = apps
        self._launches = launches
        self._may = may
        self._types = types
        self._is_known = is_known

    def target(self, sent: Mapping[str, str]) -> Target:
        """Where the answer goes. What is wrong here is told to the person and never redirected: the address
        may be an attacker's (RFC 6749, 4.1.2.1; RFC 9700, 4.11)."""
        app = self._apps.find(sent.get("client_id", ""))
        if app is None or not app.is_open or "authorization_code" not in app.grants:
            raise unknown()
        redirect = sent.get("redirect_uri", "")
        if redirect not in app.redirects:
            raise refused(
                "invalid_request", "The program asks to be answered at an address it did not register.",
                place="redirect_uri",
            )  # fmt: skip
        state = sent.get("state")
        return Target(app, redirect, None if state is None else state[:LONGEST_STATE])

    def read(self, target: Target, sent: Mapping[str, str], actor: Actor, base: str, *, known: bool) -> Asked:
        """The request itself, for a person signed in as `actor` at a server known by its FHIR `base`.

        `known` says whether the clinic knows which record the person is. Raises refusals to redirect.
        """
        if sent.get("response_type") != "code":
            raise refused("unsupported_response_type", "response_type must be code.", place="response_type")
        if len(sent.get("state") or "") > LONGEST_STATE or not sent.get("state"):
            raise refused("invalid_request", "state is missing or too long.", place="state")
        if (
            sent.get("code_challenge_method") != "S256"
            or CHALLENGE.fullmatch(sent.get("code_challenge", "")) is None
        ):
            raise refused(
                "invalid_request", "PKCE is needed: a code_challenge of method S256.", place="code_challenge"
            )
        if sent.get("aud", "").rstrip("/") != base:
            raise refused(
                "invalid_request", "aud must be the FHIR base of this server.", place="aud", repair=base
            )
        prompt = frozenset(sent.get("prompt", "").split())
        if "none" in prompt:
            raise refused("interaction_required", "The person must be asked.", place="prompt")
        asked = [
            text for text in scopes.split(sent.get("scope", "")) if self._is_known(text, ("user", "patient"))
        ]
        granted = self._open(actor, scopes.common(asked, target.app.allowed))
        launch = None
        if "launch" in sent:
            launch = self._launches.find(sent["launch"], target.app, session_of(actor))
            if launch is None:
                raise refused(
                    "invalid_request", "The launch is not known, used, too old, or another's.", place="launch"
                )
        if launch is None:
            granted -= {"launch", "launch/encounter"}
        if not known:
            granted -= {"fhirUser", "profile"}
        if not granted - AUTOMATIC - LASTING:
            raise refused(
                "invalid_scope", "None of these scopes is open to this program and person.", place="scope"
            )
        return Asked(target, granted, sent["code_challenge"], sent.get("nonce"), launch, bool(prompt))

    def _open(self, actor: Actor, texts: frozenset[str]) -> frozenset[str]:
        """What of `texts` the person's roles can ever open."""
        found = set()
        for text in texts:
            scope = scopes.parse(text)
            if scope is None:
                found.add(text)
                continue
            types = self._types if scope.type == "*" else (scope.type,)
            letters = frozenset(
                letter for letter in scope.letters
                if any(self._may(actor, type, WORDS[letter]) for type in types)
            )  # fmt: skip
            if letters == scope.letters:
                found.add(text)
            elif letters:
                found.add(scopes.Scope(scope.context, scope.type, letters, scope.criteria).text)
        return frozenset(found)


def chosen(asked: Asked, kept: Collection[str], context: Context) -> frozenset[str]:
    """What is granted: what the person left ticked, with the scopes that tell of the context there is.

    Raises a refusal where nothing is left. Without a patient there is nothing for a `patient/` scope to be about.
    """
    granted = asked.scopes & frozenset(kept)
    if context.patient is None:
        granted = frozenset(text for text in granted if not text.startswith("patient/"))
    if not granted - AUTOMATIC - LASTING:
        raise refused("access_denied", "The person left nothing for the program to do.")
    told = {"launch": asked.launch is not None, "launch/patient": context.patient is not None,
            "launch/encounter": context.encounter is not None}  # fmt: skip
    return granted | {text for text in asked.scopes & AUTOMATIC if told[text]}
