"""Who the person is, told to a program in a signed id_token (OpenID Connect Core 1.0, section 2; SMART `fhirUser`)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from joserfc import jwt
from joserfc.jwk import ECKey

from charthouse.access.keys import Keys
from charthouse.access.oauth.apps import App
from charthouse.access.oauth.grants import Grant
from charthouse.access.oauth.metadata import SIGNED
from charthouse.base.clock import now

NAME: Final = "openid"
LIFETIME: Final = 5 * 60  # seconds: it says who came in, and is no key to anything
# The order of the group of P-256 (FIPS 186-4, D.1.2.3): private keys are 1 to ORDER - 1.
_ORDER: Final = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551


class Identity:
    """The clinic's signing key and the tokens it signs. The key is made from the clinic's own secret `openid`."""

    def __init__(self, keys: Keys, *, clock: Callable[[], int] = now) -> None:
        self._keys = keys
        self._clock = clock
        self._made: ECKey | None = None

    def published(self) -> dict[str, Any]:
        """The JWK set with the public key."""
        return {"keys": [{**self._key.as_dict(private=False), "use": "sig", "alg": SIGNED, "kid": self._kid}]}

    def subject(self, account: int) -> str:
        """A name for an account that stays and says nothing."""
        return self._keys.sign(NAME, b"subject %d" % account).hex()[:32]

    def token(self, app: App, grant: Grant, issuer: str, fhir_user: str | None) -> str:
        """The id_token for `app` about the person of `grant`; `fhir_user` goes in where its scope was granted."""
        moment = self._clock() // 1000
        claims: dict[str, Any] = {
            "iss": issuer,
            "sub": self.subject(grant.account),
            "aud": app.client_id,
            "iat": moment,
            "exp": moment + LIFETIME,
            "auth_time": grant.signed_in // 1000,
        }
        if grant.nonce is not None:
            claims["nonce"] = grant.nonce
        if fhir_user is not None:
            claims |= {name: fhir_user for name in ("fhirUser", "profile") if name in grant.scopes}
        return jwt.encode({"alg": SIGNED, "kid": self._kid}, claims, self._key, algorithms=[SIGNED])

    @property
    def _key(self) -> ECKey:
        if self._made is None:
            wide = HKDF(SHA256(), 48, None, b"charthouse id_token ES256").derive(self._keys.get(NAME))
            private = ec.derive_private_key(int.from_bytes(wide) % (_ORDER - 1) + 1, ec.SECP256R1())
            self._made = ECKey.import_key(private)
        return self._made

    @property
    def _kid(self) -> str:
        return self._key.thumbprint()
