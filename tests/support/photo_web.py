"""Web server of photos with configurable faults."""

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
    """Server with answers by path. `asked` collects paths and headers, `busiest` is the most requests at once."""

    port: int = 0
    answers: dict[str, list[Answer] | Answer] = field(
        default_factory=dict
    )  # list: one per request, the last one repeats
    asked: list[tuple[str, dict[str, str]]] = field(default_factory=list)
    delay: float = 0.0
    busiest: int = 0
    drip: float = 0.0  # s between the bytes of a body
    _busy: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def url(self, path: str = "/a.jpg", host: str = "127.0.0.1") -> str:
        """Return the URL of a path."""
        return f"http://{host}:{self.port}{path}"

    def count(self) -> Counter[str]:
        """Count the requests by path."""
        return Counter(path for path, _ in self.asked)

    def answer(self, request: BaseHTTPRequestHandler) -> None:
        """Answer one request."""
        with self._lock:
            self._busy += 1
            self.busiest = max(self.busiest, self._busy)
            self.asked.append((request.path, {name.lower(): value for name, value in request.headers.items()}))
        time.sleep(self.delay)
        status, headers, body = self._choose_answer(request)
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
        except OSError:  # the client has disconnected
            pass

    def _choose_answer(self, request: BaseHTTPRequestHandler) -> Answer:
        answer = self.answers.get(request.path, (404, {}, b"nothing"))
        if isinstance(answer, list):
            answer = answer.pop(0) if len(answer) > 1 else answer[0]
        status, headers, body = answer
        if "ETag" in headers and request.headers.get("If-None-Match") == headers["ETag"]:
            return 304, headers, b""
        return status, headers, body


@contextmanager
def web() -> Iterator[Web]:
    """Run a server without answers in a thread until the block ends."""
    served = Web()
    with answering(served.answer, keep_alive=True) as served.port:
        yield served
