"""TLS served directly: versions, ciphers, cookies, and never by http again."""

from __future__ import annotations

import socket
import ssl
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.door.small import Small
from tests.unit.base.test_outgoing import certificate
from tests.unit.cli.terminal import charthouse, free_port, running


@pytest.fixture(scope="module")
def secure(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, ssl.SSLContext, Path]]:
    """A clinic served by TLS: its address, a context that trusts it, its folder."""
    folder = tmp_path_factory.mktemp("secure")
    file, _, trusting = certificate(folder, "localhost")
    assert charthouse(folder, "init", "--data", "c").returncode == 0
    port = free_port()
    with running(
        folder,
        "serve",
        "--data",
        "c",
        "--port",
        str(port),
        CHARTHOUSE_TLS_CERT=str(file),
        CHARTHOUSE_TLS_KEY=str(file),
    ) as (said, _):
        assert f"https://localhost:{port}" in said
        yield f"https://localhost:{port}", trusting, folder


def test_over_tls_every_answer_says_never_to_come_by_http_again(
    secure: tuple[str, ssl.SSLContext, Path],
) -> None:
    url, context, _ = secure
    with httpx.Client(base_url=url, verify=context) as client:
        for path in (
            "/healthz",
            "/sign-in",
            "/",
            "/nowhere",
            "/fhir/metadata",
            "/fhir/Patient",
            "/static/0/x.css",
        ):
            answer = client.get(path)
            assert answer.headers.get_list("strict-transport-security") == ["max-age=31536000"], path
        base = client.get("/fhir/metadata").json()["implementation"]["url"]
    assert base.startswith("https://localhost")


def test_over_tls_cookies_are_for_this_host_and_for_https_only(
    secure: tuple[str, ssl.SSLContext, Path],
) -> None:
    url, context, folder = secure
    link = charthouse(folder, "token", "--data", "c", "--user", "admin").stdout.strip()
    assert link.startswith(url)
    answer = httpx.get(link, verify=context)
    assert answer.status_code == 303
    cookies = answer.headers.get_list("set-cookie")
    assert any(cookie.startswith("__Host-charthouse=") for cookie in cookies)
    for cookie in cookies:
        parts = {part.strip().lower() for part in cookie.split(";")}
        assert "secure" in parts, cookie
        assert "path=/" in parts, cookie
        assert parts & {"samesite=lax", "samesite=strict"}, cookie
        assert not any(part.startswith("domain") for part in parts), cookie


def spoken(url: str, version: ssl.TLSVersion, **given: Any) -> str:
    """The TLS version that is agreed on when a client offers only this one."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    context.set_ciphers(given.get("ciphers", "DEFAULT:@SECLEVEL=0"))
    context.minimum_version = context.maximum_version = version
    host, _, port = url.removeprefix("https://").partition(":")
    with (
        socket.create_connection((host, int(port)), timeout=10) as wire,
        context.wrap_socket(wire) as secured,
    ):
        return str(secured.version())


@pytest.mark.filterwarnings("ignore:ssl.TLSVersion:DeprecationWarning")
def test_old_tls_and_ciphers_without_forward_secrecy_are_refused(
    secure: tuple[str, ssl.SSLContext, Path],
) -> None:
    url = secure[0]
    assert spoken(url, ssl.TLSVersion.TLSv1_2) == "TLSv1.2"
    assert spoken(url, ssl.TLSVersion.TLSv1_3) == "TLSv1.3"
    for version in (ssl.TLSVersion.TLSv1, ssl.TLSVersion.TLSv1_1):
        with pytest.raises((ssl.SSLError, OSError)):
            spoken(url, version)
    with pytest.raises((ssl.SSLError, OSError)):
        spoken(url, ssl.TLSVersion.TLSv1_2, ciphers="AES128-SHA:AES256-SHA:@SECLEVEL=0")


def test_plain_http_on_the_port_of_tls_gets_nothing(secure: tuple[str, ssl.SSLContext, Path]) -> None:
    host, _, port = secure[0].removeprefix("https://").partition(":")
    with socket.create_connection((host, int(port)), timeout=10) as wire:
        wire.sendall(b"GET /sign-in HTTP/1.1\r\nhost: x\r\n\r\n")
        assert b"200 OK" not in wire.recv(1000)


def test_files_that_are_no_certificate_stop_the_start_with_a_sentence(tmp_path: Path) -> None:
    assert charthouse(tmp_path, "init", "--data", "c").returncode == 0
    (tmp_path / "bad.pem").write_text("nothing")
    for name in ("bad.pem", "missing.pem"):
        done = charthouse(
            tmp_path,
            "serve",
            "--data",
            "c",
            "--port",
            str(free_port()),
            CHARTHOUSE_TLS_CERT=name,
            CHARTHOUSE_TLS_KEY=name,
        )
        assert (done.returncode, "CHARTHOUSE_TLS_CERT" in done.stderr) == (2, True), done.stderr
        assert "Traceback" not in done.stderr


def test_behind_a_proxy_that_does_tls_cookies_are_secure_all_the_same(tmp_path: Path) -> None:
    made = Small(tmp_path, base_url="https://ehr.example.org")
    try:
        person = made.clinic.write(
            lambda connection: made.clinic.people.add(connection, "x", "X", ["clinician"])
        )
        path = made.clinic.write(
            lambda connection: made.clinic.links.issue(connection, made.clinic.people.get(person))
        )
        answer = made.ask(path)
        assert answer.status_code == 303
        for cookie in answer.headers.get_list("set-cookie"):
            assert "secure" in cookie.lower()
    finally:
        made.close()


def test_without_https_nothing_is_said_about_it(tmp_path: Path) -> None:
    from charthouse.cli.server import strict

    assert strict("http://localhost:8080") == []
    assert strict("https://ehr.example.org") == [("strict-transport-security", "max-age=31536000")]
