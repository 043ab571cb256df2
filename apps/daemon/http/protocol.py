"""Connections that cost little: no more than so many, and none that is silent or half open.

The framework waits without end for a connection's first request, and for the rest of one whose
header comes byte by byte. Here a whole header must be there in time, or the connection is cut.
"""

from __future__ import annotations

import asyncio
from typing import Any

from uvicorn.protocols.http.h11_impl import H11Protocol


class Limits:
    """What all connections of a server share.

    Attributes:
        most: Connections at a time; more are cut at once.
        header_s: Time for the header of a request.
        open: Connections now.
        refused: Connections cut because there were too many.
        too_slow: Connections cut because a header did not come.
    """

    def __init__(self, most: int, header_s: float) -> None:
        self.most, self.header_s = most, header_s
        self.open = self.refused = self.too_slow = 0


def limited_protocol(limits: Limits) -> type[H11Protocol]:
    """Return a protocol for `uvicorn.Config(http=…)` that keeps to limits."""

    class LimitedProtocol(H11Protocol):
        _deadline: asyncio.TimerHandle | None = None
        _is_counted = False

        def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
            super().connection_made(transport)
            if limits.open >= limits.most:
                limits.refused += 1
                transport.abort()
                return
            limits.open += 1
            self._is_counted = True
            self._expect_header()

        def connection_lost(self, exc: Exception | None) -> None:
            self._stop_waiting()
            if self._is_counted:
                self._is_counted = False
                limits.open -= 1
            super().connection_lost(exc)

        def data_received(self, data: bytes) -> None:
            super().data_received(data)
            if self._has_request:
                self._stop_waiting()

        def on_response_complete(self) -> None:
            super().on_response_complete()
            self._expect_header()

        @property
        def _has_request(self) -> bool:
            return self.cycle is not None and not self.cycle.response_complete

        def _expect_header(self) -> None:
            self._stop_waiting()
            self._deadline = self.loop.call_later(limits.header_s, self._cut)

        def _stop_waiting(self) -> None:
            if self._deadline is not None:
                self._deadline.cancel()
                self._deadline = None

        def _cut(self) -> None:
            if not self._has_request and not self.transport.is_closing():
                limits.too_slow += 1
                self.transport.abort()

    return LimitedProtocol


def settings_of(limits: Limits) -> dict[str, Any]:
    """Return what `uvicorn.Config` takes."""
    return {
        "http": limited_protocol(limits),
        "ws": "none",
        "timeout_keep_alive": max(1, int(limits.header_s)),
        "h11_max_incomplete_event_size": 16_384,
    }
