"""The address under which callers know this server, for Location, fullUrl and links.

A Host header is what a caller says, so it is believed only for names the settings list;
otherwise a forged one would come back in links that others follow.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

from charthouse.base.settings import Settings, address

PREFIX: Final = "/fhir"
LOCAL: Final = ("localhost", "127.0.0.1", "[::1]")
_PLAIN: Final = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-:[]")


class Origin:
    """`url` is the public address, which goes before any Host header.

    Without it, a Host header naming one of `hosts` (any port) is used, else `fallback`.
    """

    def __init__(
        self, url: str | None, *, hosts: Iterable[str] = LOCAL, fallback: str = "http://localhost:8080"
    ) -> None:
        self._fixed = None if not url else _with(url)
        self._hosts = frozenset(hosts)
        self._fallback = _with(fallback)

    def base(self, headers: Mapping[bytes, bytes], scheme: str) -> str:
        """The FHIR base without a slash at its end, e.g. `http://localhost:8080/fhir`."""
        if self._fixed is not None:
            return self._fixed
        host = headers.get(b"host", b"").decode("latin-1")
        name = host.rpartition(":")[0] if ":" in host and not host.endswith("]") else host
        if name in self._hosts and _PLAIN.issuperset(host):
            return f"{scheme}://{host}{PREFIX}"
        return self._fallback


def of(settings: Settings) -> Origin:
    """The origin as the settings give it: `base_url`, else this machine's own names and the host listened on."""
    return Origin(settings.base_url, hosts=(*LOCAL, settings.host), fallback=address(settings))


def bases(settings: Settings) -> tuple[str, ...]:
    """The FHIR bases by which this server says it is known: references below them lead to resources here.

    With `base_url` there is only that one; else every name of this machine, with the port listened on.
    """
    usual = _with(address(settings))
    if settings.base_url:
        return (usual,)
    scheme = usual.partition(":")[0]
    found = (f"{scheme}://{host}:{settings.port}{PREFIX}" for host in (*LOCAL, settings.host))
    return tuple(dict.fromkeys((usual, *found)))


def _with(url: str) -> str:
    """The FHIR base of a public address, which may name it already."""
    url = url.rstrip("/")
    return url if url.endswith(PREFIX) else url + PREFIX
