"""A load client on raw sockets, for where there is no wrk: one process, many connections, no HTTP library.

Run as `python -m charthouse.ops.bench.client PORT CONNECTIONS SECONDS FILE ORDER HEADER...`; it prints one line
of JSON. The file has a request on each line: method, path and body with tabs between.
"""

from __future__ import annotations

import json
import selectors
import socket
import sys
import time
from collections.abc import Iterable, Iterator, Sequence
from itertools import cycle
from random import Random
from typing import Any, Final

RECEIVE: Final = 256 * 1024
SHOWN: Final = 2_000  # bytes of a refusal that are told
GRACE: Final = 10.0  # seconds beyond the time of the run after which an answer is given up


class Answers:
    """The answers on one connection, cut out of the bytes as they come; one request is under way at a time."""

    __slots__ = ("_buffer", "_missing", "head")

    def __init__(self) -> None:
        self._buffer = b""
        self._missing = -1  # bytes of the body still to come, -1 before the headers are whole
        self.head = b""  # the beginning of the answer that was complete last

    def feed(self, data: bytes) -> int | None:
        """The status of the answer that `data` completes, else None.

        Raises `ValueError` for what is no HTTP/1.1 answer with a Content-Length.
        """
        if self._missing >= 0:
            self._missing -= len(data)
        else:
            self._buffer += data
            end = self._buffer.find(b"\r\n\r\n")
            if end < 0:
                return None
            self._missing = length(self._buffer[:end]) - (len(self._buffer) - end - 4)
        if self._missing > 0:
            return None
        if self._missing < 0:
            raise ValueError("more came than was asked for")
        status = int(self._buffer[9:12])
        self.head = self._buffer[:SHOWN]
        self._buffer = b""
        self._missing = -1
        return status


def length(head: bytes) -> int:
    """The Content-Length in the head of an answer; 0 where a status has no body."""
    if not head.startswith(b"HTTP/1.1 "):
        raise ValueError("this is no HTTP/1.1 answer")
    lower = head.lower()
    at = lower.find(b"\r\ncontent-length:")
    if at < 0:
        if head[9:12] in (b"204", b"304"):
            return 0
        raise ValueError("the answer does not tell its length")
    return int(lower[at + 17 :].split(b"\r\n", 1)[0])


def requests(lines: Iterable[str], headers: Sequence[str]) -> list[bytes]:
    """The bytes of each request: lines of method, path and body with tabs between."""
    head = "".join(f"{header}\r\n" for header in headers)
    made: list[bytes] = []
    for line in lines:
        method, path, body = line.rstrip("\n").split("\t")
        content = body.encode()
        size = f"Content-Length: {len(content)}\r\n" if content else ""
        made.append(f"{method} {path} HTTP/1.1\r\nHost: 127.0.0.1\r\n{head}{size}\r\n".encode() + content)
    return made


def percentile(ordered: Sequence[float], share: float) -> float:
    """The value below which `share` (0 to 1) of the ordered values lie; 0 of none."""
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))] if ordered else 0.0


def drive(port: int, connections: int, seconds: float, choose: Iterator[bytes]) -> dict[str, Any]:
    """Send for `seconds` over `connections`, each sending its next request when its answer is whole."""
    watch = selectors.DefaultSelector()
    times: list[float] = []
    bad = broken = 0
    refusal = ""
    clock = time.perf_counter
    for _ in range(connections):
        link = socket.create_connection(("127.0.0.1", port), timeout=GRACE)
        link.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        watch.register(link, selectors.EVENT_READ, [Answers(), 0.0])
    begun = clock()
    end = begun + seconds
    for key in list(watch.get_map().values()):
        key.data[1] = clock()
        key.fileobj.sendall(next(choose))  # type: ignore[union-attr]
    while watch.get_map():
        ready = watch.select(GRACE)
        if not ready:
            broken += len(watch.get_map())
            break
        for key, _ in ready:
            link, state = key.fileobj, key.data  # type: ignore[assignment]
            data = link.recv(RECEIVE)
            if not data:
                broken += 1
                watch.unregister(link)
                link.close()
                continue
            status = state[0].feed(data)
            if status is None:
                continue
            now = clock()
            times.append((now - state[1]) * 1000)
            if status >= 400:
                bad += 1
                refusal = refusal or state[0].head.decode(errors="replace")
            if now >= end:
                watch.unregister(link)
                link.close()
                continue
            state[1] = now
            link.sendall(next(choose))
    lasted = clock() - begun
    times.sort()
    return {
        "requests": len(times), "seconds": lasted, "bad": bad, "broken": broken,
        "refusal": refusal,
        "p50": percentile(times, 0.50), "p95": percentile(times, 0.95), "p99": percentile(times, 0.99),
    }  # fmt: skip


def chosen(made: Sequence[bytes], order: str) -> Iterator[bytes]:
    """Requests without end: `random`, or in turn from the place that `order` says."""
    if order == "random":
        random = Random()  # noqa: S311 - load, not secrets
        while True:
            yield made[int(random.random() * len(made))]
    start = int(order) % len(made)
    yield from cycle([*made[start:], *made[:start]])


def main(arguments: Sequence[str]) -> None:
    """Carry out what the command line asks."""
    port, connections, seconds, file, order, *headers = arguments
    with open(file, encoding="utf-8") as lines:
        made = requests(lines, headers)
    found = drive(int(port), int(connections), float(seconds), chosen(made, order))
    sys.stdout.write(json.dumps(found) + "\n")


if __name__ == "__main__":
    main(sys.argv[1:])
