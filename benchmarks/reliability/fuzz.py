"""Fuzz test of the server with broken requests: failures, hangs and growth of memory.

    python -m benchmarks.reliability.fuzz [--requests 100000] [--seed 0] [--json]

Every request starts from a valid one: a sketch as an image in six formats, strokes, a product with its photo, changes
of one product and of many, a feed in four formats, events, a form of the admin page, a query string. Its body, address
or headers are corrupted at random: bits flipped, pieces cut out, repeated or replaced by difficult numbers, words and
bytes. One request in ten is a query of random repeated filters. An answer must not be a 5xx, except 503 with
Retry-After under overload. It must arrive within 5 s, and errors must have the documented shape.
"""

from __future__ import annotations

import http.client
import json
import random
import tempfile
import threading
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks.reliability.random_filters import add_products
from benchmarks.reliability.session_requests import list_session_requests
from benchmarks.support.report import create_parser, parse_options, print_figures
from benchmarks.support.server_process import Server, measure_memory
from benchmarks.support.valid_requests import Request, list_valid_requests, make_filter_query
from benchmarks.support.write_clients import PhotoServer, add_write_key

_CLIENTS = 4
_PATIENCE = 5.0  # s
_WARM = 0.1  # of the requests, before memory is measured
_FILTERS = 0.1  # of the requests
_PRODUCTS = 300  # for the filters
_HARD = (
    *(b"", b"\0", b"-1", b"1e999", b"NaN", b"9" * 400, b"\xff\xfe", b"[" * 2000, b"{}", b"null", b"%00", b"../.."),
    *(b"'\"", b"\r\n", "ß中\U0001f45f".encode(), b"true", b"0" * 20, b"<!ENTITY a 'b'>", b"&a;", b"\xed\xa0\x80"),
)
_HEADERS = ("Content-Encoding", "Accept", "Range", "X-Forwarded-For", "X-Request-Id", "Cookie")


@dataclass
class Outcome:
    """Outcomes of all requests."""

    statuses: Counter[str] = field(default_factory=Counter)
    faults: list[str] = field(default_factory=list)
    slowest: float = 0.0  # s


def corrupt_request(good: Request, rng: random.Random) -> Request:
    """Corrupt a request at random."""
    method, path, headers, body = good.method, good.path, dict(good.headers), good.body
    way = rng.random()
    if body and way < 0.7:
        body = _corrupt_bytes(body, rng)
    elif way < 0.85:
        head, _, tail = path.partition("?")
        text = _corrupt_bytes((tail or head[1:]).encode(), rng).decode("latin-1")
        quoted = "".join(c if 0x21 <= ord(c) < 0x7F and c != "#" else f"%{ord(c):02X}" for c in text)
        path = f"{head}?{quoted}" if tail else f"/{quoted}"
    else:
        name = rng.choice([*headers, *_HEADERS])
        text = _corrupt_bytes(headers.get(name, "x").encode(), rng).decode("latin-1")
        headers[name] = "".join(c for c in text if c not in "\r\n\0")[:4000]
    if rng.random() < 0.02:
        method = rng.choice(["GET", "POST", "PUT", "DELETE", "PATCH", "OPTIONS", "HEAD"])
    return Request(method, path, headers, body)


def _corrupt_bytes(data: bytes, rng: random.Random) -> bytes:
    """Corrupt data in one to five places."""
    out = bytearray(data)
    for _ in range(rng.randint(1, 5)):
        place, length = rng.randrange(len(out) + 1), rng.randint(1, 16)
        piece = bytes(out[place : place + length])
        kind = rng.randrange(6)
        if kind == 0 and place < len(out):
            out[place] ^= 1 << rng.randrange(8)
        elif kind == 1:
            del out[place : place + length]
        elif kind == 2:
            out[place:place] = piece * rng.randint(1, 50)
        elif kind == 3:
            out[place : place + length] = rng.choice(_HARD)
        elif kind == 4:
            out[place : place + length] = rng.randbytes(length)
        else:
            del out[place:]
    return bytes(out)


class Client:
    """Client with one connection, which is opened again after the server has closed it."""

    def __init__(self, port: int, outcome: Outcome, lock: threading.Lock) -> None:
        self._port, self._outcome, self._lock = port, outcome, lock
        self._connection: http.client.HTTPConnection | None = None

    def send(self, request: Request) -> None:
        """Send a request and record the faults of its answer."""
        started = time.monotonic()
        try:
            status, headers, body = self._answer(request)
        except TimeoutError:
            return self._record_fault(request, f"no answer in {_PATIENCE} s")
        except (http.client.HTTPException, OSError) as error:
            self._connection = None
            return self._record(f"connection closed ({type(error).__name__})", started)
        self._record(str(status), started)
        if status >= 500 and not (status == 503 and "retry-after" in headers):
            self._record_fault(request, f"{status} {body[:200]!r}")
        elif status >= 400 and not _is_valid_error(request, headers, body):
            self._record_fault(request, f"another shape: {status} {body[:200]!r}")
        return None

    def _answer(self, request: Request) -> tuple[int, dict[str, str], bytes]:
        if self._connection is None:
            self._connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=_PATIENCE)
        connection = self._connection
        connection.putrequest(request.method, request.path, skip_accept_encoding=True)
        for name, value in {"Content-Length": str(len(request.body)), **request.headers}.items():
            connection.putheader(name, value.encode("latin-1"))
        connection.endheaders(request.body)
        response = connection.getresponse()
        body = response.read()
        if response.will_close:
            self._connection = None
        return response.status, {name.lower(): value for name, value in response.getheaders()}, body

    def _record(self, description: str, started: float) -> None:
        with self._lock:
            self._outcome.statuses[description] += 1
            self._outcome.slowest = max(self._outcome.slowest, time.monotonic() - started)

    def _record_fault(self, request: Request, description: str) -> None:
        self._connection = None
        with self._lock:
            shown = f"{request.method} {request.path[:200]} {request.headers} {request.body[:300]!r}"
            self._outcome.faults.append(f"{description}: {shown}")


def fuzz(server: Server, key: str, count: int, seed: int) -> dict[str, object]:
    """Send `count` corrupted requests by several clients and return the figures."""
    outcome, lock = Outcome(), threading.Lock()
    _send_requests(server, key, round(count * _WARM), seed, outcome, lock)
    before = measure_memory(server.pid)
    _send_requests(server, key, count - round(count * _WARM), seed + 1000, outcome, lock)
    return {
        "requests": sum(outcome.statuses.values()),
        "answers": dict(sorted(outcome.statuses.items())),
        "faults": len(outcome.faults),
        "first faults": outcome.faults[:5],
        "slowest, s": round(outcome.slowest, 2),
        "memory after / before": round(measure_memory(server.pid) / before, 3),
    }


def _send_requests(server: Server, key: str, count: int, seed: int, outcome: Outcome, lock: threading.Lock) -> None:
    good = [*list_valid_requests(key), *list_session_requests(server.url, key)]

    def work(number: int) -> None:
        rng, client = random.Random(seed + number), Client(server.port, outcome, lock)
        for _ in range(count // _CLIENTS):
            is_query = rng.random() < _FILTERS
            client.send(make_filter_query(rng) if is_query else corrupt_request(rng.choice(good), rng))

    threads = [threading.Thread(target=work, args=(number,)) for number in range(_CLIENTS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def _is_valid_error(request: Request, headers: dict[str, str], body: bytes) -> bool:
    """Check for an error of the documented shape or on an admin page, or for the server's refusal to read on."""
    if not body:  # answer to HEAD
        return True
    if request.path.startswith("/admin") and headers.get("content-type", "").startswith("text/html"):
        return True
    if headers.get("content-type") != "application/json":
        return headers.get("connection") == "close"
    return set(json.loads(body).get("error", {})) == {"code", "message", "detail"}


def main() -> None:
    """Serve a small gallery and send corrupted requests; ends with status 1 after any fault."""
    parser = create_parser(__doc__)
    parser.add_argument("--requests", type=int, default=100_000, help="number of requests (default: %(default)s)")
    parser.add_argument("--seed", type=int, default=0, help="seed of all random choices (default: %(default)s)")
    options = parse_options(parser)
    with tempfile.TemporaryDirectory() as name, PhotoServer() as photos:
        gallery = Path(name) / "gallery"
        photos.make_gallery(gallery)
        add_products(gallery, _PRODUCTS, random.Random(options.seed))
        key = add_write_key(gallery)
        server = Server(gallery, Path(name) / "server.log", search_rate=0, write_rate=0, events=True)
        server.start()
        figures = fuzz(server, key, options.requests, options.seed)
        server.stop()
    print_figures(figures, as_json=options.json)
    raise SystemExit(1 if figures["faults"] else 0)


if __name__ == "__main__":
    main()
