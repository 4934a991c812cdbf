"""The way out leads to public places only, whatever an address is dressed up as, and not far."""

from __future__ import annotations

import asyncio
import datetime as dt
import ipaddress
import ssl
from collections.abc import Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from hypothesis import given
from hypothesis import strategies as st

from charthouse.base.errors import Category, Problem
from charthouse.base.outgoing import Allowed, Answer, Outgoing, is_public
from charthouse.base.settings import Settings

V4 = st.integers(0, 2**32 - 1).map(ipaddress.IPv4Address)
# Networks that nobody outside has anything to ask of: RFC 6890, with multicast and what is kept for later.
SHUT = [
    ipaddress.ip_network(one)
    for one in (
        "0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12",
        "192.0.2.0/24", "192.168.0.0/16", "198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24", "224.0.0.0/4",
        "240.0.0.0/4",
    )
]  # fmt: skip
INNER = st.sampled_from(SHUT).flatmap(
    lambda net: st.integers(int(net.network_address), int(net.broadcast_address)).map(ipaddress.IPv4Address)
)


def called(url: str, *answers: str, allow: str = "") -> list[Any]:
    """The addresses that a call would go to, where names resolve to `answers`."""

    async def resolve(name: str, port: int) -> list[str]:
        return list(answers)

    outgoing = Outgoing(Settings(outgoing_allow=allow), resolve=resolve)
    return asyncio.run(outgoing.permitted(httpx.URL(url)))


def refused(url: str, *answers: str, allow: str = "") -> Problem:
    async def resolve(name: str, port: int) -> list[str]:
        return list(answers)

    outgoing = Outgoing(Settings(outgoing_allow=allow), resolve=resolve)
    with pytest.raises(Problem) as caught:
        asyncio.run(outgoing.get(url))
    return caught.value


@given(INNER)
def test_no_inner_address_is_public_in_any_of_its_forms(address: ipaddress.IPv4Address) -> None:
    number, text = int(address), str(address)
    forms = [
        text,
        f"::ffff:{text}",
        f"64:ff9b::{text}",
        f"2002:{number >> 16:x}:{number & 0xFFFF:x}::1",
        f"::{text}",
    ]
    for form in forms:
        assert not is_public(ipaddress.ip_address(form)), form


@given(INNER)
def test_every_spelling_of_an_inner_address_is_refused(address: ipaddress.IPv4Address) -> None:
    number, text = int(address), str(address)
    one, two, three, four = text.split(".")
    spellings = [
        text, f"{number}", f"0x{number:x}", f"0{number:o}", f"0x{int(one):x}.{two}.{three}.{four}",
        f"{int(one):04o}.{int(two):04o}.{int(three):04o}.{int(four):04o}", f"{one}.{number & 0xFFFFFF}", f"{text}.",
        f"[::ffff:{text}]", f"[::ffff:{number >> 16:x}:{number & 0xFFFF:x}]",
    ]  # fmt: skip
    for host in spellings:
        failure = refused(f"https://{host}/x", text)
        assert failure.category in (Category.FORBIDDEN, Category.INVALID), host


@given(V4)
def test_what_the_standard_library_calls_global_and_nothing_else_is_public(
    address: ipaddress.IPv4Address,
) -> None:
    inside = any(address in net for net in SHUT)
    if inside:
        assert not is_public(address)
    elif is_public(address):
        assert address.is_global


@pytest.mark.parametrize("url", [
    "https://localhost/", "https://127.1/", "https://2130706433/", "https://0x7f000001/", "https://0177.0.0.1/",
    "https://0/", "https://0.0.0.0/", "https://[::]/", "https://[::1]/", "https://[::ffff:127.0.0.1]/",
    "https://[fe80::1]/", "https://[fe80::1%25eth0]/", "https://[fc00::1]/", "https://[fd00:ec2::254]/",
    "https://169.254.169.254/latest/meta-data/", "https://[::ffff:a9fe:a9fe]/", "https://metadata.internal/",
    "https://255.255.255.255/", "https://[ff02::1]/", "https://10.0.0.1:8443/", "https://[fec0::1]/",
    "https://user:pw@example.org/", "https://127.0.0.1#@example.org/", "https://example.org@127.0.0.1/",
    "ftp://example.org/", "file:///etc/passwd", "gopher://example.org/", "https:///x", "https://", "", "//example.org",
    "https://example.org:0/", "https://exa mple.org/", "https://①②⑦.⓪.⓪.①/", "https://127。0。0。1/",
    "https://١٢٧.0.0.1/", "javascript:alert(1)", "https://[::1", "https://ex\x00ample.org/",
])  # fmt: skip
def test_addresses_that_attackers_try_are_refused(url: str) -> None:
    failure = refused(url, "127.0.0.1")
    assert failure.category in (Category.FORBIDDEN, Category.INVALID)
    assert failure.issues[0].repair


def test_a_name_with_one_inner_address_among_others_is_refused() -> None:
    assert refused("https://two.example.org/", "93.184.216.34", "10.0.0.1").category is Category.FORBIDDEN
    assert refused("https://two.example.org/", "93.184.216.34", "fe80::1%2").category is Category.FORBIDDEN
    assert called("https://two.example.org/", "93.184.216.34", "2606:2800:220:1::1")


def test_plain_http_is_for_those_that_were_allowed() -> None:
    assert refused("http://example.org/", "93.184.216.34").category is Category.FORBIDDEN
    assert called("http://example.org/", "93.184.216.34", allow="example.org")


def test_what_was_allowed_is_called_and_nothing_beside_it() -> None:
    allow = "idp.inner:8443 10.1.0.0/16 [::1] dev.inner".replace("[::1]", "::1")
    assert called("https://idp.inner:8443/", "10.9.9.9", allow=allow)
    assert called("https://other.inner/", "10.1.2.3", allow=allow)
    assert called("http://[::1]:99/", allow=allow)
    assert called("http://dev.inner:5/", "127.0.0.1", allow=allow)
    for url, answer in (
        ("https://idp.inner/", "10.9.9.9"), ("https://x.idp.inner:8443/", "10.9.9.9"), ("https://o.inner/", "10.2.0.1"),
        ("https://dev.inner.example.org/", "127.0.0.1"), ("https://127.0.0.1/", "127.0.0.1"),
    ):  # fmt: skip
        assert refused(url, answer, allow=allow).category is Category.FORBIDDEN
    assert Allowed("").host("", 443) is False


# -- against a real server


Handler = Callable[[bytes], Awaitable[bytes]]


def certificate(folder: Path, *names: str) -> tuple[Path, ssl.SSLContext, ssl.SSLContext]:
    """A certificate for `names`: its server context, and one for a client that trusts it."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, names[0])])
    now = dt.datetime.now(dt.UTC)
    made = (
        x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
        .serial_number(1).not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + dt.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(one) for one in names]), critical=False)
        .sign(key, hashes.SHA256())
    )  # fmt: skip
    file = folder / "cert.pem"
    file.write_bytes(
        made.public_bytes(serialization.Encoding.PEM)
        + key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
    )
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(file)
    return file, server, ssl.create_default_context(cafile=str(file))


@asynccontextmanager
async def serving(handler: Handler, context: ssl.SSLContext | None = None) -> Any:
    """A server of raw answers on a free port of 127.0.0.1."""

    async def one(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            head = await reader.readuntil(b"\r\n\r\n")
            writer.write(await handler(head))
            await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()

    server = await asyncio.start_server(one, "127.0.0.1", 0, ssl=context)
    async with server:
        yield server.sockets[0].getsockname()[1]


def ok(body: bytes, *headers: bytes) -> bytes:
    lines = [b"HTTP/1.1 200 OK", b"Content-Length: %d" % len(body), b"Connection: close", *headers]
    return b"\r\n".join(lines) + b"\r\n\r\n" + body


def test_the_name_is_resolved_once_and_the_certificate_is_that_of_the_name(tmp_path: Path) -> None:
    """DNS rebinding: a second look would lead elsewhere; there is none. The wire carries name and Host all the same."""
    _, server, client = certificate(tmp_path, "keys.example.org")
    asked: list[str] = []
    heads: list[bytes] = []

    async def resolve(name: str, port: int) -> list[str]:
        asked.append(name)
        return ["127.0.0.1"] if len(asked) == 1 else ["10.255.255.1"]

    async def handler(head: bytes) -> bytes:
        heads.append(head)
        return ok(b'{"keys":[]}', b"Content-Type: application/json")

    async def run() -> tuple[Answer, Problem]:
        async with serving(handler, server) as port:
            allow = Settings(outgoing_allow=f"keys.example.org:{port} other.example.org")
            outgoing = Outgoing(allow, resolve=resolve, verify=client)
            found = await outgoing.get(
                f"https://keys.example.org:{port}/jwks?x=1#y", {"Host": "evil", "Accept": "a/b"}
            )

            async def home(name: str, port: int) -> list[str]:
                return ["127.0.0.1"]

            with pytest.raises(Problem) as caught:  # the same server under a name it has no certificate for
                await Outgoing(allow, resolve=home, verify=client).get(f"https://other.example.org:{port}/")
            return found, caught.value

    found, other = asyncio.run(run())
    assert (found.status, found.body, found.headers["content-type"]) == (
        200,
        b'{"keys":[]}',
        "application/json",
    )
    assert asked == ["keys.example.org"]
    assert heads[0].startswith(b"GET /jwks?x=1 HTTP/1.1\r\n")
    assert heads[0].lower().count(b"host:") == 1
    assert b"Host: keys.example.org:" in heads[0]
    assert b"Accept: a/b" in heads[0]
    assert other.category is Category.BUSY


def against(handler: Handler, path: str = "/", **given: Any) -> Answer | Problem:
    """The answer of a server that was allowed."""

    async def run() -> Answer | Problem:
        async with serving(handler) as port:
            outgoing = Outgoing(Settings(outgoing_allow=f"127.0.0.1:{port}"), **given)
            try:
                return await outgoing.get(f"http://127.0.0.1:{port}{path}")
            except Problem as failure:
                return failure

    return asyncio.run(run())


def test_a_redirect_to_another_host_is_not_followed_and_one_on_the_same_is() -> None:
    seen: list[bytes] = []

    def to(place: bytes) -> Handler:
        async def handler(head: bytes) -> bytes:
            seen.append(head.split(b" ")[1])
            if head.startswith(b"GET /end"):
                return ok(b"here")
            return (
                b"HTTP/1.1 302 Found\r\nLocation: "
                + place
                + b"\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
            )

        return handler

    found = against(to(b"/end"))
    assert isinstance(found, Answer)
    assert found.body == b"here"
    for place in (b"http://169.254.169.254/", b"http://localhost/", b"https://127.0.0.1/", b"//example.org/",
                  b"http://127.0.0.1:1/", b"file:///etc/passwd"):  # fmt: skip
        failure = against(to(place))
        assert isinstance(failure, Problem), place
        assert failure.category is Category.FORBIDDEN
    endless = against(to(b"/again"))
    assert isinstance(endless, Problem)
    assert endless.category is Category.BUSY
    assert len(seen) < 20


def test_an_answer_that_is_too_long_or_too_slow_is_given_up() -> None:
    async def long(head: bytes) -> bytes:
        return ok(b"x" * 5000)

    async def streamed(head: bytes) -> bytes:
        return b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n" + b"x" * 5000

    async def packed(head: bytes) -> bytes:
        import gzip

        return ok(gzip.compress(b"x" * 5000), b"Content-Encoding: gzip")

    async def never(head: bytes) -> bytes:
        await asyncio.sleep(30)
        return b""

    for handler in (long, streamed, packed):
        failure = against(handler, size=1000)
        assert isinstance(failure, Problem)
        assert "longer than" in str(failure) or "packed" in str(failure)
    slow = against(never, seconds=0.2)
    assert isinstance(slow, Problem)
    assert slow.category is Category.BUSY


def test_what_the_other_side_says_is_in_no_message() -> None:
    async def crooked(head: bytes) -> bytes:
        return b"Zzyzx secret\r\n\r\n"

    failure = against(crooked)
    assert isinstance(failure, Problem)
    assert "Zzyzx" not in str(failure)


def test_proxies_of_the_environment_are_not_used(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "https_proxy", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")

    async def handler(head: bytes) -> bytes:
        return ok(b"direct")

    found = against(handler)
    assert isinstance(found, Answer)
    assert found.body == b"direct"
