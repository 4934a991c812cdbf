"""The serving process: one for each data folder, in the foreground, stopped by a signal."""

from __future__ import annotations

import gc
import signal
import socket
import ssl
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

import typer
import uvicorn

from charthouse.base import log
from charthouse.base.errors import Category, invalid, problem
from charthouse.cli import lock
from charthouse.cli.wire import Wire
from charthouse.ops.reindex import Background

if TYPE_CHECKING:
    from charthouse.app import Clinic


REMEMBERED: Final = 365 * 24 * 3600  # seconds that a browser keeps to https
# For TLS 1.2; 1.3 has its own, all of them good.
CIPHERS: Final = "ECDHE+AESGCM:ECDHE+CHACHA20:!aNULL"


def run(clinic: Clinic, *, link: Callable[[], str] | None = None) -> None:
    """Serve until SIGINT or SIGTERM. `link`, where given, makes the one-time sign-in link to print."""
    from charthouse.app import build

    place = clinic.settings
    log.setup(place.log_level, place.log_format)
    with (
        lock.held(None if place.database_url else place.data, clinic.base_url),
        _listening(place.host, place.port) as listener,
    ):
        application = build(clinic)
        config = uvicorn.Config(
            application,
            loop="uvloop",
            http=Wire,
            ws="none",
            access_log=False,
            log_config=None,  # its own would print what exceptions say, which may quote a record
            log_level="warning",
            server_header=False,
            proxy_headers=False,  # only proxies that the settings name are believed, in `api.wall`
            headers=strict(clinic.base_url),
            ssl_certfile=place.tls_cert,
            ssl_keyfile=place.tls_key,
            ssl_context_factory=(lambda made, usual: tls(usual)) if place.tls_cert else None,
            timeout_graceful_shutdown=10,
        )
        server = uvicorn.Server(config)
        config.load()  # a certificate that will not do is told before anything begins
        gc.collect()
        gc.freeze()  # what is loaded by now stays; looking at it again and again would cost each request
        gc.set_threshold(20_000, 20, 50)
        sys.setswitchinterval(0.001)  # the writers' threads wait for the interpreter less long
        typer.echo(f"Charthouse serves on {clinic.base_url}  (Ctrl-C stops it)")
        if link:
            typer.echo(f"Sign in, once, within 10 minutes:\n  {link()}")
        # uvicorn stops in order and then passes the signal on; that must not skip closing the clinic
        signal.signal(signal.SIGTERM, lambda number, frame: sys.exit(0))
        worker = clinic.worker()
        worker.start()
        rounds = clinic.rounds()
        rounds.start()
        reindex = Background(clinic.record)
        reindex.start()
        try:
            server.run(sockets=[listener])
        finally:
            reindex.close()
            rounds.close()
            worker.close()


def strict(base_url: str) -> list[tuple[str, str]]:
    """The headers that every answer carries where people come by https: never by http again (RFC 6797)."""
    if not base_url.lower().startswith("https:"):
        return []
    return [("strict-transport-security", f"max-age={REMEMBERED}")]


def tls(usual: Callable[[], ssl.SSLContext]) -> ssl.SSLContext:
    """The TLS of this server: 1.2 with forward secrecy or later (RFC 9325); `Problem(invalid)` for unusable files."""
    try:
        context = usual()
    except (OSError, ssl.SSLError) as error:
        raise invalid(
            "value", f"TLS cannot be served with these files: {error.strerror or type(error).__name__}.",
            place="CHARTHOUSE_TLS_CERT, CHARTHOUSE_TLS_KEY",
            repair="Give a certificate with its chain, and the private key that belongs to it, both in PEM form.",
        ) from None  # fmt: skip
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.set_ciphers(CIPHERS)
    context.options |= ssl.OP_NO_COMPRESSION | ssl.OP_NO_RENEGOTIATION | ssl.OP_CIPHER_SERVER_PREFERENCE
    return context


@contextmanager
def _listening(host: str, port: int) -> Iterator[socket.socket]:
    """The socket, or a sentence about who has it."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind((host, port))
        except OSError as error:
            raise problem(
                Category.CONFLICT,
                "conflict",
                f"Port {port} on {host} cannot be used: {error.strerror}.",
                place="--port",
                value=port,
                repair="Stop the other program, or choose another port (PORT= for make).",
            ) from None
        listener.listen(2048)
        yield listener
