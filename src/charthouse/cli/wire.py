"""The HTTP connection with bounds that its library leaves open: how long, and how large, a request's head may be."""

from __future__ import annotations

import asyncio
from typing import Any, Final

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle

HEAD: Final = 128 * 1024  # bytes of request line and headers that come in more than one piece
SECONDS: Final = 20.0  # in which a head must be complete, counted from its first piece or the connection
_REFUSED: Final = (
    b"HTTP/1.1 431 Request Header Fields Too Large\r\nconnection: close\r\ncontent-length: 0\r\n\r\n"
)


class Wire(HttpToolsProtocol):
    """One connection. A head that does not end is cut off, so that strangers hold neither memory nor places."""

    def __init__(self, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        self._is_head = True  # the next bytes belong to a request line or headers
        self._size = 0
        self._timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """A caller came; the clock runs."""
        super().connection_made(transport)
        self._timer = self.loop.call_later(SECONDS, transport.close)

    def connection_lost(self, exc: Exception | None) -> None:
        """A caller left."""
        self._stop()
        super().connection_lost(exc)

    def on_message_begin(self) -> None:
        """The first byte of a request."""
        self._is_head, self._size = True, 0
        super().on_message_begin()

    def on_headers_complete(self) -> None:
        """The empty line after the headers."""
        self._is_head = False
        super().on_headers_complete()

    def data_received(self, data: bytes) -> None:
        """Some bytes; most requests come in one piece, for which no clock is set."""
        if self._is_head:
            self._size += len(data)
        super().data_received(data)
        if not self._is_head:
            self._stop()
        elif self._size > HEAD:
            if not self.transport.is_closing():
                last: object = self.cycle  # None before the first request, whatever its type says
                if not isinstance(last, RequestResponseCycle) or last.response_complete:
                    self.transport.write(_REFUSED)
                self.transport.close()
        elif self._timer is None:
            self._timer = self.loop.call_later(SECONDS, self.transport.close)

    def _stop(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
