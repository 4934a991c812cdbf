"""A load client that sends at a fixed rate whatever the answers take, as a clinic's people do: no waiting is left out.

Each request has its moment, and its time runs from that moment, also while all connections are busy with others:
a server that stops for a second shows it in every request of that second.

Run as `python -m charthouse.ops.bench.steady PORT CONNECTIONS SECONDS RATE FILE HEADER...`; it prints one line of JSON.
"""

from __future__ import annotations

import json
import selectors
import socket
import sys
import time
from collections import deque
from collections.abc import Iterator, Sequence
from typing import Any, Final

from charthouse.ops.bench.client import RECEIVE, Answers, chosen, percentile, requests

GRACE: Final = 10.0  # seconds after the last moment in which answers are waited for


class Offer:
    """Requests at a fixed rate over a few connections; `times` are ms from the moment each was due."""

    def __init__(self, port: int, connections: int, rate: float, choose: Iterator[bytes]) -> None:
        self.times: list[float] = []
        self.bad = 0
        self.refusal = ""
        self._rate = rate
        self._choose = choose
        self._due: dict[socket.socket, float] = {}
        self._watch = selectors.DefaultSelector()
        self._free: deque[socket.socket] = deque()
        for _ in range(connections):
            link = socket.create_connection(("127.0.0.1", port), timeout=GRACE)
            link.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self._watch.register(link, selectors.EVENT_READ, Answers())
            self._free.append(link)

    def run(self, count: int) -> float:
        """Send `count` requests and wait for their answers; the seconds it took."""
        begun = time.perf_counter()
        end = begun + count / self._rate + GRACE
        sent = 0
        while len(self.times) < count and self._watch.get_map():
            now = time.perf_counter()
            if now > end:
                break
            while sent < count and self._free and begun + sent / self._rate <= now:
                self._send(begun + sent / self._rate)
                sent += 1
            is_waiting = sent < count and self._free
            pause = begun + sent / self._rate - time.perf_counter() if is_waiting else end - now
            for key, _ in self._watch.select(max(0.0, pause)):
                self._receive(key)
        for key in list(self._watch.get_map().values()):
            key.fileobj.close()  # type: ignore[union-attr]
        return time.perf_counter() - begun

    def _send(self, due: float) -> None:
        link = self._free.popleft()
        self._due[link] = due
        link.sendall(next(self._choose))

    def _receive(self, key: selectors.SelectorKey) -> None:
        link: socket.socket = key.fileobj  # type: ignore[assignment]
        data = link.recv(RECEIVE)
        if not data:
            self._watch.unregister(link)
            link.close()
            return
        status = key.data.feed(data)
        if status is None:
            return
        self.times.append((time.perf_counter() - self._due.pop(link)) * 1000)
        if status >= 400:
            self.bad += 1
            self.refusal = self.refusal or key.data.head.decode(errors="replace")
        self._free.append(link)


def offer(
    port: int, connections: int, seconds: float, rate: float, choose: Iterator[bytes]
) -> dict[str, Any]:
    """Send `rate` requests a second for `seconds` over at most `connections`."""
    count = max(1, round(seconds * rate))
    made = Offer(port, connections, rate, choose)
    lasted = made.run(count)
    times = sorted(made.times)
    return {
        "requests": len(times), "seconds": lasted, "bad": made.bad, "broken": count - len(times),
        "refusal": made.refusal,
        "p50": percentile(times, 0.50), "p95": percentile(times, 0.95), "p99": percentile(times, 0.99),
    }  # fmt: skip


def main(arguments: Sequence[str]) -> None:
    """Carry out what the command line asks."""
    port, connections, seconds, rate, file, *headers = arguments
    with open(file, encoding="utf-8") as lines:
        made = requests(lines, headers)
    found = offer(int(port), int(connections), float(seconds), float(rate), chosen(made, "random"))
    sys.stdout.write(json.dumps(found) + "\n")


if __name__ == "__main__":
    main(sys.argv[1:])
