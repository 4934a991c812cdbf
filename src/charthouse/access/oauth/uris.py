"""Which addresses a program may name: where people are sent with a code, where it is started, where its keys lie."""

from __future__ import annotations

import re
from typing import Final
from urllib.parse import SplitResult, urlsplit

from charthouse.access.oauth.refusal import refused

LONGEST: Final = 500
LOOPBACK: Final = ("localhost", "127.0.0.1", "[::1]")
# What RFC 3986 lets stand in an address, less the quotes; so nothing needs escaping in a header or a page.
_PLAIN: Final = re.compile(r"[A-Za-z0-9\-._~:/?\[\]@!$&()*+,;=%]+")
_HOST: Final = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?|\[::1\]")


def split(text: str, place: str, *, loopback: bool = True) -> SplitResult:
    """The parts of an https address, or (with `loopback`) of an http address on this machine.

    Refused are fragments, user names, wildcards, backslashes, blanks and anything outside ASCII: what one
    reader takes for another host than the next (RFC 9700, 4.1; RFC 8252, 7.3).
    """
    word = "invalid_redirect_uri" if place == "redirect_uris" else "invalid_client_metadata"
    wrong = refused(
        word, f"An address in {place} cannot be used.", place=place,
        repair="Give https://... without a fragment or a user name"
        + (", or http:// with localhost or 127.0.0.1." if loopback else "."),
    )  # fmt: skip
    if len(text) > LONGEST or _PLAIN.fullmatch(text) is None or "*" in text:
        raise wrong
    try:
        parts = urlsplit(text)
        port = parts.port
    except ValueError:
        raise wrong from None
    host = host_of(parts)
    if parts.username is not None or "@" in parts.netloc or _HOST.fullmatch(host) is None or port == 0:
        raise wrong
    if parts.scheme != "https" and not (loopback and parts.scheme == "http" and host in LOOPBACK):
        raise wrong
    if any(step in (".", "..") for step in parts.path.lower().replace("%2e", ".").split("/")):
        raise wrong
    return parts


def host_of(parts: SplitResult) -> str:
    """The host as it stands in the address, without its port."""
    host = parts.netloc.rpartition("@")[2]
    return host.rpartition(":")[0] if ":" in host and not host.endswith("]") else host


def origin(text: str) -> str:
    """Scheme, host and port, as a browser writes the Origin of a page at this address (RFC 6454, 6.2)."""
    parts = urlsplit(text)
    usual = {"https": 443, "http": 80}.get(parts.scheme)
    port = "" if parts.port in (None, usual) else f":{parts.port}"
    return f"{parts.scheme}://{host_of(parts).lower()}{port}"


def source(text: str) -> str:
    """The same as a source of a Content-Security-Policy, which cannot name an IPv6 host."""
    found = origin(text)
    return "http:" if "[" in found else found
