"""A wire to a PostgreSQL server that can be cut: in the moment of a commit, before or after the server got it."""

from __future__ import annotations

import contextlib
import socket
import threading
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

COMMIT = b"COMMIT"


class Cutter:
    """Passes bytes on between a client and the server until `cut` says when to stop.

    `cut`: "" never; "before" when the client sends COMMIT, which the server then does not get;
    "after" when it sends COMMIT, whose answer the client does not get.
    """

    def __init__(self, url: str, folder: Path) -> None:
        parts = urlsplit(url)
        self._server = Path(parse_qs(parts.query)["host"][0]) / ".s.PGSQL.5432"
        self.url = parts._replace(query=f"host={folder}").geturl()
        self.cut = ""
        self.passed = 0  # connections
        self._listener = socket.socket(socket.AF_UNIX)
        self._listener.bind(str(folder / ".s.PGSQL.5432"))
        self._listener.listen()
        self._threads = [threading.Thread(target=self._accept, daemon=True)]
        self._open: list[socket.socket] = []
        self._threads[0].start()

    def close(self) -> None:
        """No more connections, and the end of those there are."""
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for one in self._open:
            with contextlib.suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)
        for thread in self._threads:
            thread.join(5)
        for one in self._open:
            one.close()

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            self.passed += 1
            server = socket.socket(socket.AF_UNIX)
            try:
                server.connect(str(self._server))
            except OSError:  # it is down
                client.close()
                server.close()
                continue
            self._open += [client, server]
            for arguments in ((client, server, True), (server, client, False)):
                thread = threading.Thread(target=self._pass, args=arguments, daemon=True)
                self._threads.append(thread)
                thread.start()

    def _pass(self, source: socket.socket, target: socket.socket, is_client: bool) -> None:
        with contextlib.suppress(OSError):
            while data := source.recv(65536):
                if is_client and self.cut and COMMIT in data:
                    when, self.cut = self.cut, ""
                    source.shutdown(socket.SHUT_RDWR)
                    if when == "after":
                        target.sendall(data)  # the server answers to nobody
                        target.recv(65536)
                    break
                target.sendall(data)
        for one in (source, target):
            with contextlib.suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)
