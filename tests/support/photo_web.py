"""A web server of photos that can misbehave, and names for it."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler

from tests.support.loopback import answering

Answer = tuple[int, dict[str, str], bytes]


@dataclass
class Web:
    """Answers by path; `asked` collects the headers of requests, `busiest` is how many were in progress at once."""

    port: int = 0
    answers: dict[str, list[Answer] | Answer] = field(default_factory=dict)  # a list: one a request, the last stays
    asked: list[tuple[str, dict[str, str]]] = field(default_factory=list)
    delay: float = 0.0
    busiest: int = 0
    drip: float = 0.0  # s between single bytes of a body
    _busy: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def url(self, path: str = "/a.jpg", host: str = "127.0.0.1") -> str:
        """The URL of a path."""
        return f"http://{host}:{self.port}{path}"

    def count(self) -> Counter[str]:
        """Requests by path."""
        return Counter(path for path, _ in self.asked)

    def answer(self, request: BaseHTTPRequestHandler) -> None:
        """Send what one request gets."""
        with self._lock:
            self._busy += 1
            self.busiest = max(self.busiest, self._busy)
            self.asked.append((request.path, {name.lower(): value for name, value in request.headers.items()}))
        time.sleep(self.delay)
        status, headers, body = self._answer(request)
        request.send_response(status)
        for name, value in headers.items():
            request.send_header(name, value)
        if "Content-Length" not in headers and "Transfer-Encoding" not in headers:
            request.send_header("Content-Length", str(len(body)))
        request.end_headers()
        self._send(request.wfile.write, body)
        with self._lock:
            self._busy -= 1

    def _send(self, write: Callable[[bytes], object], body: bytes) -> None:
        try:
            for byte in body if self.drip else ():
                write(bytes([byte]))
                time.sleep(self.drip)
            if not self.drip:
                write(body)
        except OSError:  # whoever asked has had enough
            pass

    def _answer(self, request: BaseHTTPRequestHandler) -> Answer:
        found = self.answers.get(request.path, (404, {}, b"nothing"))
        if isinstance(found, list):
            found = found.pop(0) if len(found) > 1 else found[0]
        status, headers, body = found
        if "ETag" in headers and request.headers.get("If-None-Match") == headers["ETag"]:
            return 304, headers, b""
        return status, headers, body


@contextmanager
def web() -> Iterator[Web]:
    """A server without answers yet, in a thread."""
    served = Web()
    with answering(served.answer, keep_alive=True) as served.port:
        yield served
