"""Server that receives notifications of a webhook."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler

from tests.support.loopback import answering


class Receiver:
    """Server that answers with the given statuses, the last one again and again."""

    def __init__(self) -> None:
        self.port, self.statuses = 0, [204]
        self.received: list[tuple[dict[str, str], bytes]] = []

    @property
    def url(self) -> str:
        """URL of the webhook."""
        return f"http://127.0.0.1:{self.port}/hook"

    def answer(self, request: BaseHTTPRequestHandler) -> None:
        """Answer one request."""
        body = request.rfile.read(int(request.headers["Content-Length"]))
        self.received.append(({name.lower(): value for name, value in request.headers.items()}, body))
        request.send_response(self.statuses.pop(0) if len(self.statuses) > 1 else self.statuses[0])
        request.send_header("Content-Length", "0")
        request.end_headers()

    def wait_for(self, count: int) -> None:
        """Wait until so many requests have come."""
        deadline = time.monotonic() + 10
        while len(self.received) < count:
            assert time.monotonic() < deadline
            time.sleep(0.02)


@contextmanager
def receiving() -> Iterator[Receiver]:
    """Run a receiver until the block ends."""
    served = Receiver()
    with answering(served.answer, keep_alive=False) as served.port:
        yield served
