"""The public keys of programs: what of a JWK set is taken (RFC 7517), fetched where it lies elsewhere, and rotated."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

import msgspec
from joserfc.errors import JoseError
from joserfc.jwk import ECKey, RSAKey

from charthouse.access.oauth.apps import App
from charthouse.access.oauth.refusal import refused
from charthouse.base.clock import now
from charthouse.base.errors import Problem

Fetch = Callable[[str], Awaitable[bytes]]
Key = RSAKey | ECKey

# The algorithms of SMART asymmetric authentication, each with the only key it goes with.
ALGORITHMS: Final = ("RS384", "ES384")
MOST_KEYS: Final = 20
SMALLEST: Final = 2048  # bits of an RSA modulus
LARGEST: Final = 8192
MINUTE: Final = 60_000
FRESH: Final = 10 * MINUTE  # how long a fetched set is used without looking again
REMEMBERED: Final = 1_000


def public(sent: Any) -> dict[str, Any]:
    """The usable keys of a JWK set, public members only. Raises a refusal for private keys and for none usable."""
    keys = sent.get("keys") if isinstance(sent, dict) else None
    if not isinstance(keys, list) or not 1 <= len(keys) <= MOST_KEYS:
        raise _no_keys("Give a JWK set with 1 to 20 keys.")
    if any(isinstance(key, dict) and {"d", "p", "q", "k"} & key.keys() for key in keys):
        raise _no_keys("It holds a private key. Send public keys only, and make a new pair.")
    found = [kept for key in keys if (kept := _kept(key)) is not None]
    if not found:
        raise _no_keys("Give RSA keys of 2048 bits or more, or EC keys on P-384, each with a kid of its own.")
    if len({key["kid"] for key in found}) < len(found):
        raise _no_keys("Two keys have the same kid.")
    return {"keys": found}


def algorithm(key: Key) -> str:
    """The one algorithm this key is used with; what a token says of itself does not count."""
    return "RS384" if isinstance(key, RSAKey) else "ES384"


def imported(key: Mapping[str, Any]) -> Key:
    """A kept key, ready to verify with."""
    members = dict(key)
    return RSAKey.import_key(members) if members["kty"] == "RSA" else ECKey.import_key(members)


@dataclass(slots=True)
class _Fetched:
    keys: dict[str, Any]
    at: int
    tried: int


class Keyring:
    """The keys of programs by `kid`. Sets that lie elsewhere are fetched at most once a minute each."""

    def __init__(self, fetch: Fetch | None, *, clock: Callable[[], int] = now) -> None:
        """`fetch(address)` gives the bytes there, within its own limits; None = nothing may be fetched."""
        self._fetch = fetch
        self._clock = clock
        self._held: dict[str, _Fetched] = {}
        self._locks: dict[str, asyncio.Lock] = {}

    async def find(self, app: App, kid: str) -> Key | None:
        """The key `kid` of the program, or None. A kid is only ever compared, never looked up anywhere."""
        if app.keys is not None:
            return _chosen(msgspec.json.decode(app.keys), kid)
        if app.keys_address is None or self._fetch is None:
            return None
        lock = self._locks.setdefault(app.keys_address, asyncio.Lock())
        async with lock:
            held = self._held.get(app.keys_address)
            known = held is not None and _chosen(held.keys, kid) is not None
            if held is None or not known or held.at + FRESH <= self._clock():
                held = await self._renewed(app.keys_address, held)
            return _chosen(held.keys, kid)

    async def _renewed(self, address: str, held: _Fetched | None) -> _Fetched:
        """The set as it lies at `address` now; the one held where it was tried a moment ago or cannot be had."""
        moment = self._clock()
        if held is not None and held.tried + MINUTE > moment:
            return held
        kept = held or _Fetched({"keys": []}, 0, moment)
        kept.tried = moment
        if len(self._held) >= REMEMBERED:
            gone = next(iter(self._held))
            del self._held[gone]
            self._locks.pop(gone, None)
        self._held[address] = kept
        try:
            if self._fetch is not None:
                kept.keys, kept.at = public(msgspec.json.decode(await self._fetch(address))), moment
        except (Problem, msgspec.DecodeError, RecursionError, OSError, TimeoutError):
            if (
                kept.at + 6 * FRESH <= moment
            ):  # an hour without an answer: what was withdrawn must not live on
                kept.keys = {"keys": []}
        return kept


def _chosen(keys: Mapping[str, Any], kid: str) -> Key | None:
    found = [key for key in keys["keys"] if key["kid"] == kid]
    return imported(found[0]) if len(found) == 1 else None


def _kept(key: Any) -> dict[str, Any] | None:
    """The members of one key that count, or None for one we have no use for."""
    if not isinstance(key, dict) or not isinstance(key.get("kid"), str) or not 1 <= len(key["kid"]) <= 200:
        return None
    if key.get("use", "sig") != "sig" or "verify" not in key.get("key_ops", ["verify"]):
        return None
    names = {"RSA": ("kty", "kid", "n", "e"), "EC": ("kty", "kid", "crv", "x", "y")}.get(key.get("kty", ""))
    if names is None or not all(isinstance(key.get(name), str) for name in names):
        return None
    kept = {name: key[name] for name in names}
    try:
        made = imported(kept)
        if isinstance(made, RSAKey):
            numbers = made.public_key.public_numbers()
            sound = SMALLEST <= made.public_key.key_size <= LARGEST and numbers.e >= 65537
        else:
            sound = made.curve_name == "P-384" and made.public_key.key_size == 384  # the point is on it, too
    except (JoseError, ValueError, TypeError):
        return None
    said = key.get("alg", algorithm(made))
    return kept if sound and said == algorithm(made) else None


def _no_keys(repair: str) -> Problem:
    return refused("invalid_client_metadata", "The key set cannot be used.", place="jwks", repair=repair)
