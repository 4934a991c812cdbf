"""The only way out to other machines: every address is looked at before anything is sent to it.

Where a request goes is often said by somebody else (a key set, a webhook), who must not be able to make
this server ask its own neighbours (server-side request forgery, CWE-918). So a name is resolved once, each
of its addresses is looked at, and the connection is made to the very address that passed.
"""

from __future__ import annotations

import asyncio
import re
import socket
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from typing import Any, Final

import httpx

from charthouse.base.errors import Category, Problem, problem
from charthouse.base.settings import Settings

SECONDS: Final = 10.0  # for the whole of a call, redirects included
SIZE: Final = 1024 * 1024  # bytes of an answer; one that is packed is refused
HOPS: Final = 3
TRIED: Final = 3  # addresses of a name that are tried
AGENT: Final = "Charthouse"
_NUMBER: Final = re.compile(r"(0x[0-9a-f]*|[0-9]+)")
_REDIRECTS: Final = frozenset({301, 302, 303, 307, 308})
_CARRIES_V4: Final = (ip_network("64:ff9b::/96"), ip_network("64:ff9b:1::/48"))  # RFC 6052, RFC 8215
_COMPATIBLE: Final = ip_network("::/96")  # RFC 4291, 2.5.5.1

Address = IPv4Address | IPv6Address
Resolve = Callable[[str, int], Awaitable[list[str]]]


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back: status, headers by lower-case name, and the whole body."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class Allowed:
    """The private places that an operator opened (`CHARTHOUSE_OUTGOING_ALLOW`): hosts, HOST:PORT, networks."""

    def __init__(self, text: str = "") -> None:
        self._hosts: set[str] = set()
        self._networks = []
        for one in text.lower().split():
            try:
                self._networks.append(ip_network(one, strict=False))
            except ValueError:
                self._hosts.add(one)

    def host(self, name: str, port: int) -> bool:
        """Whether the host was named, whatever its addresses are."""
        return name in self._hosts or f"{name}:{port}" in self._hosts

    def address(self, address: Address) -> bool:
        """Whether the address is in a network that was named."""
        return any(address in network for network in self._networks)


class Outgoing:
    """Calls other servers. Public ones by https; what an operator allowed also where it is private, or http."""

    def __init__(
        self,
        settings: Settings | None = None,
        *,
        resolve: Resolve | None = None,
        verify: Any = True,
        seconds: float = SECONDS,
        size: int = SIZE,
    ) -> None:
        """`verify` is an SSL context instead of the system's, for tests; `seconds` and `size` bound one call."""
        self._allowed = Allowed((settings or Settings()).outgoing_allow)
        self._resolve = resolve or resolved
        self._verify = verify
        self._seconds = seconds
        self._size = size

    async def get(self, url: str, headers: Mapping[str, str] | None = None) -> Answer:
        """The answer to a GET; redirects are followed on the same host and port only."""
        return await self.call("GET", url, headers=headers)

    async def post(self, url: str, content: bytes, headers: Mapping[str, str] | None = None) -> Answer:
        """The answer to a POST; a redirect is an answer like any other."""
        return await self.call("POST", url, content=content, headers=headers)

    async def call(
        self, method: str, url: str, *, content: bytes = b"", headers: Mapping[str, str] | None = None
    ) -> Answer:
        """One call.

        Raises `Problem(forbidden, security)` for an address that must not be called, `Problem(invalid)`
        for one that is none, `Problem(busy)` where nobody answers in time or well enough. No message
        tells what the other side said.
        """
        try:
            async with asyncio.timeout(self._seconds):
                return await self._follow(method, _parsed(url), content, dict(headers or {}))
        except TimeoutError:
            raise _unreachable(f"it did not answer within {self._seconds:g} seconds") from None
        except (httpx.HTTPError, httpx.InvalidURL, httpx.StreamError, OSError) as error:
            raise _unreachable(type(error).__name__) from None

    async def _follow(self, method: str, url: httpx.URL, content: bytes, headers: dict[str, str]) -> Answer:
        for _ in range(HOPS + 1):
            answer = await self._once(method, url, content, headers)
            place = answer.headers.get("location")
            if answer.status not in _REDIRECTS or place is None or method != "GET":
                return answer
            target = url.join(place)
            if (target.scheme, target.host, _port(target)) != (url.scheme, url.host, _port(url)):
                raise _shut("It redirects to another host.", url)
            url = _parsed(str(target))
        raise _unreachable("it redirects too often")

    async def _once(self, method: str, url: httpx.URL, content: bytes, headers: dict[str, str]) -> Answer:
        addresses = await self.permitted(url)
        failure: Exception | None = None
        for address in addresses[:TRIED]:
            try:
                return await self._sent(method, url, address, content, headers)
            except (httpx.ConnectError, httpx.ConnectTimeout) as error:
                failure = error
        raise failure or _unreachable("it has no address")

    async def _sent(
        self, method: str, url: httpx.URL, address: Address, content: bytes, headers: dict[str, str]
    ) -> Answer:
        """Send to `address`, and to nothing else: its certificate must be that of the name in `url`."""
        host = url.netloc.decode("ascii")
        sent = {name: value for name, value in headers.items() if name.lower() != "host"}
        async with httpx.AsyncClient(
            verify=self._verify, trust_env=False, follow_redirects=False, timeout=self._seconds, http2=False,
        ) as client:  # fmt: skip
            request = client.build_request(
                method, url.copy_with(host=str(address)), content=content or None,
                headers={"User-Agent": AGENT, "Accept-Encoding": "identity", **sent, "Host": host},
                extensions={"sni_hostname": url.host},
            )  # fmt: skip
            answer = await client.send(request, stream=True)
            try:
                if answer.headers.get("content-encoding", "identity").lower() != "identity":
                    raise _unreachable("its answer is packed, which nobody asked for")
                body = bytearray()
                async for part in answer.aiter_raw(65536):
                    body += part
                    if len(body) > self._size:
                        raise _unreachable(f"its answer is longer than {self._size} bytes")
            finally:
                await answer.aclose()
        return Answer(answer.status_code, {k.lower(): v for k, v in answer.headers.items()}, bytes(body))

    async def permitted(self, url: httpx.URL) -> list[Address]:
        """The addresses of the host of `url`, every one of which may be called; `Problem(forbidden)` otherwise."""
        name, port = url.host.lower(), _port(url)
        opened = self._allowed.host(name, port)
        literal = _literal(name, url)
        if literal is not None:
            found = [literal]
        else:
            try:
                found = [_plain(ip_address(text)) for text in await self._resolve(name, port)]
            except (OSError, ValueError):
                raise _unreachable("its name has no address") from None
        if not found:
            raise _unreachable("its name has no address")
        for address in found:  # all of them: a name with good and bad ones is a trick
            named = opened or self._allowed.address(address)
            if not named and not is_public(address):
                raise _shut("It is no public address.", url)
            if not named and url.scheme != "https":
                raise _shut("Only https is called.", url)
        return found


def of(settings: Settings) -> Outgoing:
    """The way out of a clinic with these settings."""
    return Outgoing(settings)


def is_public(address: Address) -> bool:
    """Whether an address belongs to the internet at large, and so does every IPv4 address that hides in it."""
    if not address.is_global or address.is_multicast or address.is_unspecified:
        return False
    if isinstance(address, IPv4Address):
        return not address.is_reserved
    if address.scope_id or address.is_site_local:
        return False
    inner = address.ipv4_mapped or address.sixtofour or (address.teredo or (None, None))[1]
    if inner is None and any(address in network for network in (*_CARRIES_V4, _COMPATIBLE)):
        inner = IPv4Address(int(address) & 0xFFFFFFFF)
    return inner is None or is_public(inner)


async def resolved(name: str, port: int) -> list[str]:
    """The addresses of a name, from the system."""
    loop = asyncio.get_running_loop()
    found = await loop.getaddrinfo(name, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(place[0]) for *_, place in found))


def _plain(address: Address) -> Address:
    """IPv4 without its IPv6 clothes, so that an operator's networks match it."""
    return (address.ipv4_mapped or address) if isinstance(address, IPv6Address) else address


def _parsed(text: str) -> httpx.URL:
    try:
        url = httpx.URL(text)
        port = _port(url)
    except (httpx.InvalidURL, ValueError, TypeError):
        raise _no_url() from None
    if url.scheme not in ("http", "https") or not url.host or url.userinfo or not 0 < port < 65536:
        raise _no_url()
    return url.copy_with(fragment=None)


def _literal(name: str, url: httpx.URL) -> Address | None:
    """The address a host is written as, None for a name; number-like ones that only some readers take for
    an address (decimal, octal, hexadecimal, short) are refused."""
    try:
        found = ip_address(name)
    except ValueError:
        if _NUMBER.fullmatch(name.rstrip(".").rpartition(".")[2]) or ":" in name or "%" in name:
            raise _shut("It is a number, but no address as one writes it.", url) from None
        return None
    if isinstance(found, IPv6Address) and found.scope_id:
        raise _shut("It is an address of one network card.", url)
    return _plain(found)


def _port(url: httpx.URL) -> int:
    return url.port or (443 if url.scheme == "https" else 80)


def _no_url() -> Problem:
    return problem(
        Category.INVALID, "value", "This is no address that can be called.", place="url",
        repair="Give https://HOST/PATH without a user name.",
    )  # fmt: skip


def _shut(why: str, url: httpx.URL) -> Problem:
    return problem(
        Category.FORBIDDEN, "security", f"This address must not be called. {why}", place="url", value=url.host,
        repair="Use a public https address, or have an administrator name the host in CHARTHOUSE_OUTGOING_ALLOW.",
    )  # fmt: skip


def _unreachable(why: str) -> Problem:
    return problem(
        Category.BUSY, "transient", f"The other server cannot be used: {why}.", place="url",
        repair="Try again later, or check the address.",
    )  # fmt: skip
