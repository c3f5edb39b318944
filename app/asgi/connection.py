"""uvicorn's connections with timeouts and an upper number, so that silent or slow clients cannot hold them all."""

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

from app.asgi.body_reader import SLOWEST
from app.asgi.errors import error_response
from app.asgi.file_descriptors import max_connections

PATIENCE = 30.0  # s for a request's line and headers, the rest of a body after its answer, and to lag behind in reading

_CHECKS = 10  # of the rate of reading, within PATIENCE
_SEND_BUFFER = 2**16  # bytes: what the system takes of an answer counts as read, and without a limit that is several MB
_FORGET = struct.pack("ii", 1, 0)  # what the system keeps, too, when the connection is closed
_SHARE = 16  # one in so many connections is closed when there are too many, since to choose one takes as long
_NO_HTTP = "what was sent is no request: expected HTTP/1.1, with a line and headers of at most 64 KiB"


class TimeoutProtocol(H11Protocol):
    """uvicorn's connection with timeouts for requests and for reading answers; body_reader.py has those of bodies."""

    _timer: asyncio.TimerHandle | None = None
    _reading: asyncio.TimerHandle | None = None
    _unread = 0  # bytes of an answer, at the last check

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """The first request is awaited from now on."""
        super().connection_made(transport)
        self._socket: socket.socket = transport.get_extra_info("socket")
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, _SEND_BUFFER)
        transport.set_write_buffer_limits(high=0)  # to be told of all that the system does not take
        self._left = PATIENCE
        self._heard = self.loop.time()
        if len(self.connections) > (most := max_connections()):
            close_idle(self.connections, max(1, most // _SHARE))
        self._watch()

    def data_received(self, data: bytes) -> None:
        """Take what has come."""
        self._heard = self.loop.time()
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
        self._credit()
        self._reading = self.loop.call_later(PATIENCE / _CHECKS, self._check_reading)

    def resume_writing(self) -> None:
        """All but what the system keeps has been taken."""
        super().resume_writing()
        self._credit()
        self._stop_expecting()

    @property
    def idle_since(self) -> float | None:
        """When the client was last heard of, by the loop's clock; None while it waits for the server."""
        cycle = self.cycle
        is_idle = cycle is None or cycle.response_complete or cycle.more_body or self.flow.write_paused
        return self._heard if is_idle else None

    def drop(self) -> None:
        """Close the connection at once, whatever has not been read of an answer."""
        self.connections.discard(self)  # the number is right before connection_lost() is called
        self.transport.abort()

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

    def _check_reading(self) -> None:
        """Disconnect a client that is PATIENCE behind the slowest rate of reading.

        Checks are counted, not the clock: while this process is stopped, the client is not to blame.
        """
        self._left -= PATIENCE / _CHECKS
        self._credit()
        if self._left > 0:
            self._reading = self.loop.call_later(PATIENCE / _CHECKS, self._check_reading)
        else:
            self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _FORGET)
            self.transport.abort()

    def _credit(self) -> None:
        """Give the client the time that the bytes which it has taken since the last call may take."""
        unread = self.transport.get_write_buffer_size() + _kept_by_system(self._socket)
        self._left = min(self._left + max(0, self._unread - unread) / SLOWEST, PATIENCE)
        self._unread = unread

    def _stop_expecting(self) -> None:
        if self._reading is not None:
            self._reading.cancel()
            self._reading = None


def close_idle(connections: Iterable[object], count: int) -> None:
    """Close so many of the connections whose clients the server waits for: those that have been silent for longest."""
    idle = [
        (since, number, connection)
        for number, connection in enumerate(connections)
        if isinstance(connection, TimeoutProtocol) and (since := connection.idle_since) is not None
    ]
    for _, _, connection in heapq.nsmallest(count, idle):
        connection.drop()


def _kept_by_system(connection: socket.socket) -> int:
    """Bytes that were written and not yet acknowledged; 0 where the system does not tell."""
    try:
        return int(struct.unpack("i", fcntl.ioctl(connection.fileno(), termios.TIOCOUTQ, bytes(4)))[0])
    except OSError:
        return 0
