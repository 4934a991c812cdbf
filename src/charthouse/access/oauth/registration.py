"""What a program says of itself when it registers (RFC 7591), and what of it is taken."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from charthouse.access import scopes
from charthouse.access.oauth import jwks, uris
from charthouse.access.oauth.apps import Kind
from charthouse.access.oauth.refusal import refused
from charthouse.base.errors import Problem

LARGEST: Final = 64 * 1024  # bytes of a registration
METHODS: Final[Mapping[str, Kind]] = {
    "none": "public",
    "client_secret_basic": "secret",
    "client_secret_post": "secret",
    "private_key_jwt": "key",
}
GRANTS: Final = ("authorization_code", "refresh_token", "client_credentials")
MOST_ADDRESSES: Final = 10
MOST_SCOPES: Final = 100
_CONTACT: Final = re.compile(r"[^\s<>\"@]{1,64}@[^\s<>\"@]{1,190}")

IsKnown = Callable[[str, tuple[str, ...]], bool]


@dataclass(frozen=True, slots=True)
class Wanted:
    """A registration that is sound. `method` is the token_endpoint_auth_method as it was sent."""

    name: str
    about: str
    kind: Kind
    method: str
    redirects: tuple[str, ...]
    launch_address: str | None
    contacts: tuple[str, ...]
    grants: frozenset[str]
    scopes: frozenset[str]
    keys: dict[str, Any] | None
    keys_address: str | None


def read(sent: Any, is_known: IsKnown) -> Wanted:
    """The registration in `sent`; what it does not understand is left out, as RFC 7591, section 2 has it.

    `is_known(scope, contexts)` tells scopes. Raises a refusal that names the member.
    """
    if not isinstance(sent, dict):
        raise refused("invalid_client_metadata", "The registration is not a JSON object.")
    method = _text(sent, "token_endpoint_auth_method") or "client_secret_basic"
    if method not in METHODS:
        raise wrong("token_endpoint_auth_method", f"Use one of {', '.join(METHODS)}.")
    kind = METHODS[method]
    grants = frozenset(_texts(sent, "grant_types") or ("authorization_code", "refresh_token"))
    if not grants.issubset(GRANTS) or not grants - {"refresh_token"}:
        raise wrong("grant_types", f"Use of {', '.join(GRANTS)}.")
    if "client_credentials" in grants and kind != "key":
        raise wrong("grant_types", "client_credentials needs private_key_jwt.")
    with_people = "authorization_code" in grants
    if with_people and _texts(sent, "response_types") not in ((), ("code",)):
        raise wrong("response_types", "Use code.")
    keys, keys_address = _keys(sent, kind)
    redirects = _texts(sent, "redirect_uris") if with_people else ()
    if with_people and not 1 <= len(redirects) <= MOST_ADDRESSES:
        raise refused("invalid_redirect_uri", "A program that people use needs 1 to 10 redirect_uris.")
    for address in redirects:
        uris.split(address, "redirect_uris")
    launch = _text(sent, "initiate_login_uri") or _text(sent, "launch_uri") if with_people else ""
    if launch:
        uris.split(launch, "initiate_login_uri")
    return Wanted(
        _name(sent), _line(_text(sent, "client_description"), 300), kind, method, redirects, launch or None,
        _contacts(sent), grants, _scopes(sent, grants, is_known), keys, keys_address,
    )  # fmt: skip


def answer(wanted: Wanted, client_id: str, secret: str | None, issued: int) -> dict[str, Any]:
    """What the program is told (RFC 7591, 3.2.1); `issued` in ms."""
    told: dict[str, Any] = {
        "client_id": client_id,
        "client_id_issued_at": issued // 1000,
        "client_name": wanted.name,
        "token_endpoint_auth_method": wanted.method,
        "grant_types": sorted(wanted.grants),
        "scope": " ".join(sorted(wanted.scopes)),
    }
    if wanted.redirects:
        told |= {"redirect_uris": list(wanted.redirects), "response_types": ["code"]}
    more = {"initiate_login_uri": wanted.launch_address, "jwks_uri": wanted.keys_address, "jwks": wanted.keys,
            "contacts": list(wanted.contacts), "client_description": wanted.about}  # fmt: skip
    told |= {name: value for name, value in more.items() if value}
    if secret is not None:
        told |= {"client_secret": secret, "client_secret_expires_at": 0}
    return told


def wrong(place: str, repair: str) -> Problem:
    """The refusal of one member."""
    return refused("invalid_client_metadata", f"{place} cannot be taken.", place=place, repair=repair)


def _keys(sent: Mapping[str, Any], kind: Kind) -> tuple[dict[str, Any] | None, str | None]:
    """The inline key set or the address of one: exactly one of them for a program with a key, else neither."""
    address, inline = _text(sent, "jwks_uri"), sent.get("jwks")
    if kind != "key":
        return None, None
    if bool(address) == (inline is not None):
        raise wrong("jwks", "Give either jwks or jwks_uri.")
    if address:
        uris.split(address, "jwks_uri", loopback=False)
        return None, address
    return jwks.public(inline), None


def _scopes(sent: Mapping[str, Any], grants: frozenset[str], is_known: IsKnown) -> frozenset[str]:
    asked = scopes.split(_text(sent, "scope", longest=8_000))
    contexts = (
        *(("user", "patient") if "authorization_code" in grants else ()),
        *(("system",) if "client_credentials" in grants else ()),
    )
    found = frozenset(text for text in asked if is_known(text, contexts))
    if not found:
        raise wrong("scope", "Name the scopes the program will ask for, e.g. launch patient/Observation.rs.")
    if len(found) > MOST_SCOPES:
        raise wrong("scope", f"At most {MOST_SCOPES} scopes.")
    return found


def _name(sent: Mapping[str, Any]) -> str:
    name = _line(_text(sent, "client_name"), 80)
    if not name:
        raise wrong("client_name", "Give the name that people will see.")
    return name


def _contacts(sent: Mapping[str, Any]) -> tuple[str, ...]:
    found = _texts(sent, "contacts")
    if len(found) > 5 or any(_CONTACT.fullmatch(one) is None for one in found):
        raise wrong("contacts", "Give up to 5 mail addresses.")
    return found


def _text(sent: Mapping[str, Any], name: str, *, longest: int = 1_000) -> str:
    value = sent.get(name, "")
    if not isinstance(value, str) or len(value) > longest:
        raise wrong(name, f"Give a text of at most {longest} characters.")
    return value.strip()


def _texts(sent: Mapping[str, Any], name: str) -> tuple[str, ...]:
    value = sent.get(name, [])
    if not isinstance(value, list) or len(value) > 20 or not all(isinstance(one, str) for one in value):
        raise wrong(name, "Give a list of texts.")
    return tuple(dict.fromkeys(value))


def _line(text: str, longest: int) -> str:
    """Printable text on one line: no controls, no marks that turn the direction of writing."""
    return " ".join("".join(mark if mark.isprintable() else " " for mark in text).split())[:longest]
