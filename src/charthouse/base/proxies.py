"""Whose word counts about where a request comes from: that of named proxies, and of nobody else."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from typing import Any, Final

from charthouse.base.settings import Settings

FOR: Final = b"x-forwarded-for"
PROTO: Final = b"x-forwarded-proto"
MOST: Final = 32  # addresses of one header that are looked at, from its end

Address = IPv4Address | IPv6Address


class Proxies:
    """The proxies an operator named. Without any, every request is from the address at the other end of its wire."""

    def __init__(self, networks: str = "") -> None:
        """`networks` are addresses and CIDR networks with spaces between them (`CHARTHOUSE_PROXIES`)."""
        self._networks = tuple(ip_network(one, strict=False) for one in networks.split())

    def __bool__(self) -> bool:
        return bool(self._networks)

    def seen(self, scope: Mapping[str, Any]) -> Mapping[str, Any]:
        """The ASGI scope as the first proxy saw it; the same one where the peer is no named proxy.

        `X-Forwarded-For` is read from its end, where the nearest proxy writes: named proxies are passed
        over, and the first address that is none of them is the client. What stands before it was sent by
        that client and is worth nothing.
        """
        peer = scope.get("client")
        if not peer or not self._trusts(_address(peer[0])):
            return scope
        found = dict(scope)
        client = self._client(_joined(scope["headers"], FOR))
        if client is not None:
            found["client"] = (str(client), 0)
        proto = _joined(scope["headers"], PROTO)
        if proto and proto[-1] in ("http", "https"):
            found["scheme"] = proto[-1]
        return found

    def _client(self, chain: Sequence[str]) -> Address | None:
        nearest = None
        for text in reversed(chain[-MOST:]):
            address = _address(_portless(text))
            if address is None:
                break  # it was not written by a proxy that knows its trade: what is before it counts as little
            nearest = address
            if not self._trusts(address):
                break
        return nearest

    def _trusts(self, address: Address | None) -> bool:
        return address is not None and any(address in network for network in self._networks)


def of(settings: Settings) -> Proxies:
    """The proxies that the settings name."""
    return Proxies(settings.proxies)


def _address(text: str) -> Address | None:
    """An address, IPv4 also where it comes in IPv6 clothes; None for anything else, zones included."""
    try:
        found = ip_address(text)
    except ValueError:
        return None
    if isinstance(found, IPv6Address):
        return None if found.scope_id else found.ipv4_mapped or found
    return found


def _joined(headers: Sequence[tuple[bytes, bytes]], name: bytes) -> list[str]:
    """The comma-separated values of every header of that name, in order, in lower case."""
    text = b",".join(value for key, value in headers if key == name)
    return [part.strip().lower() for part in text.decode("latin-1").split(",") if part.strip()]


def _portless(text: str) -> str:
    """`192.0.2.1:5000` and `[2001:db8::1]:5000` without port and brackets."""
    if text.startswith("["):
        return text[1:].partition("]")[0]
    return text.partition(":")[0] if text.count(":") == 1 else text
