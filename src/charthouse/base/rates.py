"""How often one client may ask: a token bucket for each token, browser session and strange address."""

from __future__ import annotations

import time
from collections.abc import Callable
from ipaddress import IPv6Address, ip_address, ip_network
from typing import Final

from charthouse.base.errors import Category, Issue, Problem
from charthouse.base.settings import Settings

MINUTE: Final = 60.0
REMEMBERED: Final = (
    50_000  # clients of one kind; more of them and those that were quiet longest are forgotten
)
OWN: Final = frozenset({"", "127.0.0.1", "::1", "testclient"})  # who is on this machine can do worse than ask


class Buckets:
    """Token buckets that hold a minute's worth each, one number for each key.

    The number is when the bucket will be full again (the generic cell rate algorithm, ITU-T I.371), so that
    a key which was quiet for a minute is as good as new and need not be kept: keys lie in two halves, and
    the older half is dropped once a minute. Memory is bounded whatever comes.
    """

    __slots__ = ("_clock", "_cost", "_fresh", "_most", "_old", "_turn")

    def __init__(
        self, per_minute: int, *, clock: Callable[[], float] = time.monotonic, most: int = REMEMBERED
    ) -> None:
        """`per_minute` requests, 0 = no limit; `clock` in seconds."""
        self._cost = MINUTE / per_minute if per_minute else 0.0
        self._clock = clock
        self._most = most
        self._fresh: dict[str, float] = {}
        self._old: dict[str, float] = {}
        self._turn = 0.0

    def take(self, key: str) -> float:
        """0 where the request may pass; else the seconds until the next one of this key may."""
        cost = self._cost
        if not cost:
            return 0.0
        moment = self._clock()
        fresh = self._fresh
        full = fresh.get(key)
        if full is None:
            full = self._old.get(key, moment)
            if moment > self._turn or len(fresh) >= self._most:
                self._old, self._fresh, self._turn = fresh, {}, moment + MINUTE
                fresh = self._fresh
        full = (full if full > moment else moment) + cost
        over = full - moment - MINUTE
        if over > 1e-9:
            fresh[key] = full - cost
            return over
        fresh[key] = full
        return 0.0

    def __len__(self) -> int:
        """How many keys are remembered."""
        return len(self._fresh) + len(self._old)


class Rates:
    """The limits of one clinic. In memory: a restart forgets, several processes count apart."""

    def __init__(self, settings: Settings, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._sessions = Buckets(settings.rate_session, clock=clock)
        self._tokens = Buckets(settings.rate_client, clock=clock)
        self._strangers = Buckets(settings.rate_stranger, clock=clock)

    def known(self, session: str) -> None:
        """Count a request of who is let in; `session` is the row that did it (`session:7`, `token:12`).

        Raises `Problem(busy, throttled)` (429) where there were too many.
        """
        buckets = self._sessions if session[:2] == "se" else self._tokens
        wait = buckets.take(session)
        if wait:
            raise too_often(wait)

    def stranger(self, address: str) -> None:
        """The same for a request that nobody is let in with; of IPv6 a whole /64 counts as one address."""
        if address in OWN:
            return
        wait = self._strangers.take(_neighbours(address) if ":" in address else address)
        if wait:
            raise too_often(wait)


def too_often(wait: float) -> Problem:
    """The answer to a client that must wait `wait` seconds."""
    after = max(1, -int(-wait // 1))
    issue = Issue(
        "throttled", "There were too many requests.",
        repair=f"Try again in {after} second{'s' if after > 1 else ''}, and ask less often.",
    )  # fmt: skip
    return Problem(Category.BUSY, (issue,), after)


def _neighbours(address: str) -> str:
    """The /64 an IPv6 address is in: whoever has one of them has all; IPv4 stays as it is."""
    try:
        found = ip_address(address.partition("%")[0])
    except ValueError:
        return address
    if isinstance(found, IPv6Address) and found.ipv4_mapped is None:
        return str(ip_network((found, 64), strict=False))
    return str(found.ipv4_mapped) if isinstance(found, IPv6Address) else address
