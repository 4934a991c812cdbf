"""The serving process: one for each data folder, in the foreground, stopped by a signal."""

from __future__ import annotations

import gc
import signal
import socket
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import typer
import uvicorn

from charthouse.base import log
from charthouse.base.errors import Category, problem
from charthouse.cli import lock
from charthouse.cli.wire import Wire

if TYPE_CHECKING:
    from charthouse.app import Clinic


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
            timeout_graceful_shutdown=10,
        )
        server = uvicorn.Server(config)
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
        try:
            server.run(sockets=[listener])
        finally:
            worker.close()


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
