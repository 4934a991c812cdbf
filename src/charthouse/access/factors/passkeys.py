"""Passkeys (WebAuthn Level 3): a key that the person's device holds and opens with a finger, a face or a PIN."""

from __future__ import annotations

import hmac
import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, Final, NoReturn
from urllib.parse import urlsplit

import webauthn
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from webauthn.helpers import base64url_to_bytes, parse_client_data_json
from webauthn.helpers.exceptions import WebAuthnException
from webauthn.helpers.structs import (
    AuthenticatorSelectionCriteria,
    PublicKeyCredentialDescriptor,
    ResidentKeyRequirement,
    UserVerificationRequirement,
)

from charthouse.access.factors.challenge import Challenges
from charthouse.access.people import Person, shown
from charthouse.base.clock import now
from charthouse.base.errors import Category, Problem, invalid, problem
from charthouse.db import queries
from charthouse.db.connect import Connection

LONGEST: Final = 16_384  # characters of an answer; real ones have one or two thousand
MOST: Final = 20  # passkeys of one account
MINUTES: Final = 5
_USUAL: Final = {"http": 80, "https": 443}
# What the library may raise over bytes that a stranger made up.
_CROOKED: Final = (
    WebAuthnException, InvalidSignature, UnsupportedAlgorithm, ValueError, TypeError, KeyError, IndexError,
    AttributeError, OverflowError, RecursionError,
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Passkey:
    """A passkey as it is listed; times in ms."""

    id: int
    label: str
    created: int
    used: int | None


@dataclass(frozen=True, slots=True)
class Answer:
    """A checked answer of a passkey, not used yet: its row, its account, what to keep when it is."""

    passkey: int
    account: int
    counter: int
    challenge: bytes


class Passkeys:
    """The passkeys of one record; `base_url` is where people use it, for keys are bound to its host.

    Reads use `connection`. User verification is always required, so a passkey is both factors at once.
    """

    def __init__(
        self, connection: Connection, challenges: Challenges, base_url: str, *, clock: Callable[[], int] = now
    ) -> None:
        self._connection = connection
        self._challenges = challenges
        self._clock = clock
        parts = urlsplit(base_url)
        self.host = parts.hostname or "localhost"
        port = "" if parts.port in (None, _USUAL.get(parts.scheme)) else f":{parts.port}"
        self.origin = f"{parts.scheme}://{self.host}{port}"  # as browsers write it (RFC 6454, 6.2)
        self._sql = queries.load("charthouse.access.factors", "factors", connection.dialect)

    def of(self, account: int) -> list[Passkey]:
        """Those of an account, oldest first."""
        rows = self._connection.run(self._sql.passkeys_of, (account,))
        return [Passkey(id, label, created, used) for id, _, label, created, used in rows]

    def offer(self, person: Person, handle: bytes, purpose: str) -> dict[str, Any]:
        """What the browser needs to make a new key for `person` (WebAuthn, 5.4)."""
        held = self._connection.run(self._sql.passkeys_of, (person.id,))
        options = webauthn.generate_registration_options(
            rp_id=self.host, rp_name="Charthouse", user_id=handle, user_name=person.name,
            user_display_name=person.display, challenge=self._challenges.new(purpose), timeout=MINUTES * 60_000,
            authenticator_selection=AuthenticatorSelectionCriteria(
                resident_key=ResidentKeyRequirement.REQUIRED,
                user_verification=UserVerificationRequirement.REQUIRED,
            ),
            exclude_credentials=[PublicKeyCredentialDescriptor(id=bytes(row[1])) for row in held],
        )  # fmt: skip
        return dict(json.loads(webauthn.options_to_json(options)))

    def made(self, sent: str, purpose: str) -> tuple[bytes, bytes, int, bytes]:
        """Check what the browser made of an offer: (credential id, public key, counter, challenge).

        Raises `Problem(invalid)` for anything that is not an answer to it (WebAuthn, 7.1).
        """
        try:
            challenge = self._asked(sent, purpose)
            found = webauthn.verify_registration_response(
                credential=sent, expected_challenge=challenge, expected_rp_id=self.host,
                expected_origin=self.origin, require_user_verification=True,
            )  # fmt: skip
        except _CROOKED:
            raise invalid(
                "value", "The passkey was not taken.", place="credential", repair="Try again from the start."
            ) from None
        return found.credential_id, found.credential_public_key, found.sign_count, challenge

    def keep(
        self, connection: Connection, account: int, made: tuple[bytes, bytes, int, bytes], label: str
    ) -> None:
        """Add a checked key to the account. Raises `Problem(conflict)` where it is known or the offer was used."""
        credential, public, counter, challenge = made
        if len(connection.run(self._sql.passkeys_of, (account,))) >= MOST:
            raise invalid(
                "too-costly", f"An account has at most {MOST} passkeys.", repair="Remove one first."
            )
        values = (account, credential, public, counter, shown(label)[:60] or "Passkey", self._clock())
        if not self._challenges.spend(connection, challenge) or not connection.run(
            self._sql.passkey_add, values
        ):
            raise problem(
                Category.CONFLICT, "duplicate", "This passkey is known already.", place="credential",
                repair="Use another device or key.",
            )  # fmt: skip

    def ask(self, purpose: str, account: int | None = None) -> dict[str, Any]:
        """What the browser needs to have a key answer; `account` None = whichever key the person picks."""
        held: Iterable[Any] = ()
        if account is not None:
            held = self._connection.run(self._sql.passkeys_of, (account,))
        options = webauthn.generate_authentication_options(
            rp_id=self.host, challenge=self._challenges.new(purpose), timeout=MINUTES * 60_000,
            allow_credentials=[PublicKeyCredentialDescriptor(id=bytes(row[1])) for row in held],
            user_verification=UserVerificationRequirement.REQUIRED,
        )  # fmt: skip
        return dict(json.loads(webauthn.options_to_json(options)))

    def answered(self, sent: str, purpose: str, account: int | None = None) -> Answer:
        """Check an answer (WebAuthn, 7.2): challenge, origin, host, verified user, counter, signature.

        Raises `Problem(forbidden)` (401), the same for a key that is unknown, of another account than
        `account`, of a disabled one, or an answer that does not hold.
        """
        try:
            challenge = self._asked(sent, purpose)
            credential = json.loads(sent)
            row = self._connection.one(
                self._sql.passkey_find, (base64url_to_bytes(str(credential["rawId"])),)
            )
            if row is None:
                _refuse()
            id, owner, public, counter, handle, disabled = row
            named = credential["response"].get("userHandle")
            if named is not None and not hmac.compare_digest(base64url_to_bytes(named), bytes(handle or b"")):
                _refuse()
            found = webauthn.verify_authentication_response(
                credential=credential, expected_challenge=challenge, expected_rp_id=self.host,
                expected_origin=self.origin, credential_public_key=bytes(public),
                credential_current_sign_count=counter, require_user_verification=True,
            )  # fmt: skip
        except _CROOKED:
            _refuse()
        if disabled is not None or account not in (None, owner):
            _refuse()
        return Answer(id, owner, found.new_sign_count, challenge)

    def use(self, connection: Connection, answer: Answer) -> bool:
        """Let a checked answer count, once; False if it did before."""
        counter, moment = answer.counter, self._clock()
        return self._challenges.spend(connection, answer.challenge) and bool(
            connection.run(self._sql.passkey_use, (counter, moment, answer.passkey, counter, counter))
        )

    def end(self, connection: Connection, account: int, passkey: int) -> bool:
        """Take one key out of use; False if it was not in use."""
        return bool(connection.run(self._sql.passkey_end, (self._clock(), account, passkey)))

    def end_all(self, connection: Connection, account: int) -> int:
        """Take all keys of an account out of use; returns how many."""
        return len(connection.run(self._sql.passkeys_end, (self._clock(), account)))

    def _asked(self, sent: str, purpose: str) -> bytes:
        """The challenge that an answer holds; raises ValueError if it is not one of ours for this purpose."""
        if len(sent) > LONGEST:
            raise ValueError("an answer is not that long")
        said = json.loads(sent)["response"]["clientDataJSON"]
        challenge = parse_client_data_json(base64url_to_bytes(str(said))).challenge
        if not self._challenges.is_ours(challenge, purpose):
            raise ValueError("nobody asked that")
        return challenge


def _refuse() -> NoReturn:
    raise unknown()


def unknown() -> Problem:
    """The one answer to every passkey that does not open."""
    return problem(
        Category.FORBIDDEN, "login", "The passkey was not accepted.",
        repair="Try again, or sign in with your name and password.",
    )  # fmt: skip
