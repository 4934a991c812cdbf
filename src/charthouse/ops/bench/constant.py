"""The floor under every request: the same server stack, answering constant bytes and doing nothing else."""

from __future__ import annotations

import gc
import sys
from collections.abc import Awaitable, Callable, Mapping
from functools import cache
from typing import Any

import uvicorn

Receive = Callable[[], Awaitable[Mapping[str, Any]]]
Send = Callable[[Mapping[str, Any]], Awaitable[None]]


@cache
def content(size: int) -> bytes:
    """`size` bytes to answer."""
    return b'{"resourceType":"Basic"' + b" " * (size - 24) + b"}"


async def application(scope: Mapping[str, Any], receive: Receive, send: Send) -> None:
    """Read the request to its end, then answer as many bytes as the path says: `/1500`."""
    if scope["type"] != "http":
        return
    while (await receive()).get("more_body"):
        pass
    body = content(int(scope["path"][1:]))
    headers = [
        (b"content-type", b"application/fhir+json;charset=utf-8"),
        (b"content-length", b"%d" % len(body)),
    ]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": body})


def main(port: int) -> None:
    """Serve on 127.0.0.1 with what `charthouse serve` serves with."""
    gc.collect()
    gc.freeze()
    uvicorn.run(
        application, host="127.0.0.1", port=port, loop="uvloop", http="httptools", ws="none", lifespan="off",
        access_log=False, log_level="warning", server_header=False,
    )  # fmt: skip


if __name__ == "__main__":
    main(int(sys.argv[1]))
