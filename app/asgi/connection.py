"""uvicorn connections with timeouts and a maximum number, so that slow clients cannot occupy all of them."""

from __future__ import annotations

import asyncio
import fcntl
import heapq
import socket
import struct
import termios
from collections.abc import Iterable

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol

from app.asgi.body_reader import MIN_RATE
from app.asgi.errors import error_response
from app.asgi.file_descriptors import max_connections

TIMEOUT = 30.0  # s for a request's headers, for the rest of a body after its answer, and for the delay in reading

_CHECKS = 10  # of the reading rate, within TIMEOUT
_SEND_BUFFER = 2**16  # bytes: data in the system's buffer counts as read, and by default it holds several MB
_DISCARD_UNSENT = struct.pack("ii", 1, 0)  # SO_LINGER: closing the connection drops the system's send buffer
_CLOSED_SHARE = 16  # one in 16 connections is closed at the limit, since the choice takes as long for one as for many
_NOT_HTTP = "malformed request: expected HTTP/1.1 with a request line and headers of at most 64 KiB"


class TimeoutProtocol(H11Protocol):
    """uvicorn connection with timeouts for requests and for reading answers. body_reader.py limits bodies."""

    _request_timer: asyncio.TimerHandle | None = None
    _read_check: asyncio.TimerHandle | None = None
    _unread = 0  # bytes of an answer, at the last check

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Start to wait for the first request, and close idle connections when there are too many."""
        super().connection_made(transport)
        self._socket: socket.socket = transport.get_extra_info("socket")
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, _SEND_BUFFER)
        transport.set_write_buffer_limits(high=0)  # reports all data that the system does not accept
        self._read_time_left = TIMEOUT
        self._last_heard = self.loop.time()
        if len(self.connections) > (limit := max_connections()):
            close_idle(self.connections, max(1, limit // _CLOSED_SHARE))
        self._update_request_timer()

    def data_received(self, data: bytes) -> None:
        """Pass the data on, and restart or stop the timeout."""
        self._last_heard = self.loop.time()
        super().data_received(data)
        self._update_request_timer()

    def connection_lost(self, exc: Exception | None) -> None:
        """Cancel all timers."""
        super().connection_lost(exc)
        self._cancel_request_timer()
        self._cancel_read_check()

    def pause_writing(self) -> None:
        """Start to check the rate at which the client reads. This includes connections that are closing."""
        super().pause_writing()
        self._add_read_time()
        self._read_check = self.loop.call_later(TIMEOUT / _CHECKS, self._check_reading)

    def resume_writing(self) -> None:
        """Stop the checks: all data is read, or in the system's buffer."""
        super().resume_writing()
        self._add_read_time()
        self._cancel_read_check()

    @property
    def idle_since(self) -> float | None:
        """Return the loop's time of the last data from the client; None while the client waits for the server."""
        cycle = self.cycle
        is_idle = cycle is None or cycle.response_complete or cycle.more_body or self.flow.write_paused
        return self._last_heard if is_idle else None

    def drop(self) -> None:
        """Close the connection at once, and discard unread data."""
        self.connections.discard(self)  # so that the number is correct before connection_lost() is called
        self.transport.abort()

    def send_400_response(self, msg: str) -> None:
        """Refuse a malformed request in the common error format, in place of uvicorn's plain text `msg`."""
        body = bytes(error_response(400, "not_http", _NOT_HTTP).body)
        headers = [("Content-Type", "application/json"), ("Content-Length", str(len(body))), ("Connection", "close")]
        response = h11.Response(status_code=400, reason=b"Bad Request", headers=headers)
        for event in (response, h11.Data(data=body), h11.EndOfMessage()):
            self.transport.write(self.conn.send(event) or b"")
        self.transport.close()

    def _update_request_timer(self) -> None:
        """Run the timer while the client owes data and no request in progress waits for it."""
        is_answered = self.cycle is None or self.cycle.response_complete
        if not is_answered or self.conn.their_state not in (h11.IDLE, h11.SEND_BODY):
            self._cancel_request_timer()
        elif self._request_timer is None:
            self._request_timer = self.loop.call_later(TIMEOUT, self.transport.close)

    def _cancel_request_timer(self) -> None:
        if self._request_timer is not None:
            self._request_timer.cancel()
            self._request_timer = None

    def _check_reading(self) -> None:
        """Disconnect a client that is TIMEOUT behind the minimum reading rate.

        The method counts checks, not time: a suspended server process must not disconnect its clients.
        """
        self._read_time_left -= TIMEOUT / _CHECKS
        self._add_read_time()
        if self._read_time_left > 0:
            self._read_check = self.loop.call_later(TIMEOUT / _CHECKS, self._check_reading)
        else:
            self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _DISCARD_UNSENT)
            self.transport.abort()

    def _add_read_time(self) -> None:
        """Add the time that the minimum rate allows for the bytes read since the last call."""
        unread = self.transport.get_write_buffer_size() + _count_unacknowledged_bytes(self._socket)
        self._read_time_left = min(self._read_time_left + max(0, self._unread - unread) / MIN_RATE, TIMEOUT)
        self._unread = unread

    def _cancel_read_check(self) -> None:
        if self._read_check is not None:
            self._read_check.cancel()
            self._read_check = None


def close_idle(connections: Iterable[object], count: int) -> None:
    """Close the `count` idle connections whose clients have been silent for longest."""
    idle = [
        (since, number, connection)
        for number, connection in enumerate(connections)
        if isinstance(connection, TimeoutProtocol) and (since := connection.idle_since) is not None
    ]
    for _, _, connection in heapq.nsmallest(count, idle):
        connection.drop()


def _count_unacknowledged_bytes(connection: socket.socket) -> int:
    """Return the number of bytes sent but not acknowledged; 0 on systems without TIOCOUTQ."""
    try:
        return int(struct.unpack("i", fcntl.ioctl(connection.fileno(), termios.TIOCOUTQ, bytes(4)))[0])
    except OSError:
        return 0
