"""Connections that are kept open by sending or reading next to nothing are closed; uvicorn would wait for ever."""

from __future__ import annotations

import asyncio
import math

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol

from app.errors import error_response

PATIENCE = 30.0  # s for a request's line and headers, the rest of a body after its answer, and any part of an answer

_NO_HTTP = "what was sent is no request: expected HTTP/1.1, with a line and headers of at most 64 KiB"


class Connection(H11Protocol):
    """uvicorn's connection, closed when no request comes of what is sent, or nothing is read. Bodies: app/bodies.py."""

    _timer: asyncio.TimerHandle | None = None
    _unread: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """The first request is awaited from now on."""
        super().connection_made(transport)
        transport.set_write_buffer_limits(high=0)  # to be told of all that the client's system does not take
        self._watch()

    def data_received(self, data: bytes) -> None:
        """Take what has come."""
        super().data_received(data)
        self._watch()

    def connection_lost(self, exc: Exception | None) -> None:
        """Wait for nothing more."""
        super().connection_lost(exc)
        self._forget()
        self._stop_expecting()

    def pause_writing(self) -> None:
        """There is something that the client has to read first, on a connection that is being closed, too."""
        super().pause_writing()
        self._expect_reading()

    def resume_writing(self) -> None:
        """All has been taken."""
        super().resume_writing()
        self._stop_expecting()

    def send_400_response(self, msg: str) -> None:
        """Refuse what is no request, in the one shape of errors, where uvicorn would say `msg`."""
        body = bytes(error_response(400, "not_http", _NO_HTTP).body)
        headers = [("Content-Type", "application/json"), ("Content-Length", str(len(body))), ("Connection", "close")]
        answer = h11.Response(status_code=400, reason=b"Bad Request", headers=headers)
        for event in (answer, h11.Data(data=body), h11.EndOfMessage()):
            self.transport.write(self.conn.send(event) or b"")
        self.transport.close()

    def _watch(self) -> None:
        """Let the time run while the client owes something that no request waits for."""
        is_answered = self.cycle is None or self.cycle.response_complete
        if not is_answered or self.conn.their_state not in (h11.IDLE, h11.SEND_BODY):
            self._forget()
        elif self._timer is None:
            self._timer = self.loop.call_later(PATIENCE, self.transport.close)

    def _forget(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _expect_reading(self, before: float = math.inf) -> None:
        """Let the time run while something waits to be taken, as long as that becomes less; else cut the client off."""
        unread = self.transport.get_write_buffer_size()
        if unread < before:
            self._unread = self.loop.call_later(PATIENCE, self._expect_reading, unread)
        else:
            self.transport.abort()

    def _stop_expecting(self) -> None:
        if self._unread is not None:
            self._unread.cancel()
            self._unread = None
