"""What a request says about where it comes from counts only where a named proxy says it."""

from __future__ import annotations

import ipaddress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from charthouse.base.proxies import Proxies

NAMED = Proxies("10.0.0.0/8 192.0.2.7 2001:db8:1::/48")
ADDRESSES = st.one_of(
    st.integers(0, 2**32 - 1).map(lambda n: str(ipaddress.IPv4Address(n))),
    st.integers(0, 2**128 - 1).map(lambda n: str(ipaddress.IPv6Address(n))),
)


def seen(peer: str | None, *chain: str, proxies: Proxies = NAMED, proto: str = "") -> tuple[str, str]:
    """The address and scheme that a request is taken to have; `chain` are X-Forwarded-For headers."""
    headers = [(b"x-forwarded-for", one.encode()) for one in chain]
    if proto:
        headers.append((b"x-forwarded-proto", proto.encode()))
    scope: dict[str, Any] = {"client": (peer, 5) if peer else None, "scheme": "http", "headers": headers}
    found = proxies.seen(scope)
    return found["client"][0] if found["client"] else "", found["scheme"]


@given(ADDRESSES, ADDRESSES)
def test_without_named_proxies_nobody_is_believed(peer: str, said: str) -> None:
    assert seen(peer, said, proxies=Proxies(), proto="https") == (peer, "http")
    assert not Proxies()


@given(ADDRESSES, st.lists(ADDRESSES, max_size=5))
def test_a_client_may_write_what_it_likes_before_what_the_proxy_writes(
    client: str, before: list[str]
) -> None:
    address = ipaddress.ip_address(client)
    if any(address in ipaddress.ip_network(one) for one in ("10.0.0.0/8", "192.0.2.7", "2001:db8:1::/48")):
        return
    if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped:
        return
    assert seen("10.0.0.1", ", ".join([*before, client]))[0] == str(address)
    assert seen("10.0.0.1", *before, client)[0] == str(address)


@pytest.mark.parametrize(("peer", "chain", "client"), [
    ("203.0.113.9", ["198.51.100.1"], "203.0.113.9"),
    ("10.1.1.1", ["198.51.100.1"], "198.51.100.1"),
    ("::ffff:10.1.1.1", ["198.51.100.1"], "198.51.100.1"),
    ("10.1.1.1", ["1.1.1.1, 198.51.100.1, 192.0.2.7"], "198.51.100.1"),
    ("10.1.1.1", ["198.51.100.1:4711"], "198.51.100.1"),
    ("10.1.1.1", ["[2001:db8:9::1]:4711"], "2001:db8:9::1"),
    ("10.1.1.1", ["198.51.100.1, unknown"], "10.1.1.1"),
    ("10.1.1.1", ["198.51.100.1, unknown, 192.0.2.7"], "192.0.2.7"),
    ("10.1.1.1", [""], "10.1.1.1"),
    ("10.1.1.1", [], "10.1.1.1"),
    ("10.1.1.1", ["10.2.2.2"], "10.2.2.2"),
    ("10.1.1.1", ["fe80::1%eth0"], "10.1.1.1"),
    (None, ["198.51.100.1"], ""),
])  # fmt: skip
def test_the_first_address_from_the_end_that_is_no_proxy_is_the_client(
    peer: str | None, chain: list[str], client: str
) -> None:
    assert seen(peer, *chain)[0] == client


@pytest.mark.parametrize(("peer", "proto", "scheme"), [
    ("10.1.1.1", "https", "https"), ("10.1.1.1", "http, https", "https"), ("10.1.1.1", "HTTPS", "https"),
    ("10.1.1.1", "javascript", "http"), ("203.0.113.9", "https", "http"),
])  # fmt: skip
def test_the_scheme_is_the_one_the_nearest_proxy_tells(peer: str, proto: str, scheme: str) -> None:
    assert seen(peer, proto=proto)[1] == scheme


def test_a_header_of_a_hundred_thousand_addresses_is_read_from_its_end_only() -> None:
    assert seen("10.1.1.1", ", ".join(["10.0.0.2"] * 100_000))[0] == "10.0.0.2"
