"""Broken requests by the hundred thousand: does the server ever fail, hang or grow?

    python -m benchmarks.reliability.fuzz [--requests 100000] [--seed 0] [--json]

Every request starts from a good one (a sketch as an image in six formats, strokes, a product with its photo, a feed in
four formats, a query string) and is spoilt at random: bits turned, pieces cut out, repeated or exchanged for hard
numbers, words and bytes; or its address or headers are. One in ten is a query of random repeated filters. No answer
may be a 5xx (but 503 with Retry-After, a refusal of what comes too fast), take more than 5 s, or lack the one shape of
errors.
"""

from __future__ import annotations

import argparse
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
from benchmarks.support.report import print_figures
from benchmarks.support.server_process import Server, memory_of
from benchmarks.support.valid_requests import Request, filter_query, good_requests
from benchmarks.support.write_clients import Shop, write_key

_CLIENTS = 4
_PATIENCE = 5.0  # s
_WARM = 0.1  # of the requests, before memory counts
_FILTERS = 0.1  # of the requests
_PRODUCTS = 300  # that filters find
_HARD = (
    *(b"", b"\0", b"-1", b"1e999", b"NaN", b"9" * 400, b"\xff\xfe", b"[" * 2000, b"{}", b"null", b"%00", b"../.."),
    *(b"'\"", b"\r\n", "ß中\U0001f45f".encode(), b"true", b"0" * 20, b"<!ENTITY a 'b'>", b"&a;", b"\xed\xa0\x80"),
)
_HEADERS = ("Content-Encoding", "Accept", "Range", "X-Forwarded-For", "X-Request-Id", "Cookie")


@dataclass
class Outcome:
    """What came of all requests."""

    statuses: Counter[str] = field(default_factory=Counter)
    faults: list[str] = field(default_factory=list)
    slowest: float = 0.0  # s


def spoilt(good: Request, chance: random.Random) -> Request:
    """A request like that with something wrong in it."""
    method, path, headers, body = good.method, good.path, dict(good.headers), good.body
    way = chance.random()
    if body and way < 0.7:
        body = _mutated(body, chance)
    elif way < 0.85:
        head, _, tail = path.partition("?")
        text = _mutated((tail or head[1:]).encode(), chance).decode("latin-1")
        quoted = "".join(c if 0x21 <= ord(c) < 0x7F and c != "#" else f"%{ord(c):02X}" for c in text)
        path = f"{head}?{quoted}" if tail else f"/{quoted}"
    else:
        name = chance.choice([*headers, *_HEADERS])
        text = _mutated(headers.get(name, "x").encode(), chance).decode("latin-1")
        headers[name] = "".join(c for c in text if c not in "\r\n\0")[:4000]
    if chance.random() < 0.02:
        method = chance.choice(["GET", "POST", "PUT", "DELETE", "PATCH", "OPTIONS", "HEAD"])
    return Request(method, path, headers, body)


def _mutated(data: bytes, chance: random.Random) -> bytes:
    """The data after one to five small accidents."""
    out = bytearray(data)
    for _ in range(chance.randint(1, 5)):
        place, length = chance.randrange(len(out) + 1), chance.randint(1, 16)
        piece = bytes(out[place : place + length])
        accident = chance.randrange(6)
        if accident == 0 and place < len(out):
            out[place] ^= 1 << chance.randrange(8)
        elif accident == 1:
            del out[place : place + length]
        elif accident == 2:
            out[place:place] = piece * chance.randint(1, 50)
        elif accident == 3:
            out[place : place + length] = chance.choice(_HARD)
        elif accident == 4:
            out[place : place + length] = chance.randbytes(length)
        else:
            del out[place:]
    return bytes(out)


class Client:
    """Sends requests over one connection, which is made anew when the server has closed it."""

    def __init__(self, port: int, outcome: Outcome, lock: threading.Lock) -> None:
        self._port, self._outcome, self._lock = port, outcome, lock
        self._connection: http.client.HTTPConnection | None = None

    def send(self, request: Request) -> None:
        """Send one, and note what is wrong with its answer."""
        started = time.monotonic()
        try:
            status, headers, body = self._answer(request)
        except TimeoutError:
            return self._fault(request, f"no answer in {_PATIENCE} s")
        except (http.client.HTTPException, OSError) as error:
            self._connection = None
            return self._note(f"connection closed ({type(error).__name__})", started)
        self._note(str(status), started)
        if status >= 500 and not (status == 503 and "retry-after" in headers):
            self._fault(request, f"{status} {body[:200]!r}")
        elif status >= 400 and not _is_error(headers, body):
            self._fault(request, f"another shape: {status} {body[:200]!r}")
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

    def _note(self, what: str, started: float) -> None:
        with self._lock:
            self._outcome.statuses[what] += 1
            self._outcome.slowest = max(self._outcome.slowest, time.monotonic() - started)

    def _fault(self, request: Request, what: str) -> None:
        self._connection = None
        with self._lock:
            shown = f"{request.method} {request.path[:200]} {request.headers} {request.body[:300]!r}"
            self._outcome.faults.append(f"{what}: {shown}")


def fuzz(server: Server, key: str, count: int, seed: int) -> dict[str, object]:
    """Send `count` spoilt requests by several clients; figures."""
    outcome, lock = Outcome(), threading.Lock()
    _run(server, key, round(count * _WARM), seed, outcome, lock)
    before = memory_of(server.pid)
    _run(server, key, count - round(count * _WARM), seed + 1000, outcome, lock)
    return {
        "requests": sum(outcome.statuses.values()),
        "answers": dict(sorted(outcome.statuses.items())),
        "faults": len(outcome.faults),
        "first faults": outcome.faults[:5],
        "slowest, s": round(outcome.slowest, 2),
        "memory after / before": round(memory_of(server.pid) / before, 3),
    }


def _run(server: Server, key: str, count: int, seed: int, outcome: Outcome, lock: threading.Lock) -> None:
    def work(number: int) -> None:
        chance, client = random.Random(seed + number), Client(server.port, outcome, lock)
        good = good_requests(key)
        for _ in range(count // _CLIENTS):
            is_query = chance.random() < _FILTERS
            client.send(filter_query(chance) if is_query else spoilt(chance.choice(good), chance))

    threads = [threading.Thread(target=work, args=(number,)) for number in range(_CLIENTS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def _is_error(headers: dict[str, str], body: bytes) -> bool:
    """Whether an answer is an error of the one shape, or the server's refusal to read on, which has none."""
    if not body:  # as an answer to HEAD
        return True
    if headers.get("content-type") != "application/json":
        return headers.get("connection") == "close"
    return set(json.loads(body).get("error", {})) == {"code", "message", "detail"}


def main() -> None:
    """Serve a small gallery and spoil requests; ends with status 1 when anything was wrong."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--requests", type=int, default=100_000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name, Shop() as shop:
        gallery = Path(name) / "gallery"
        shop.make_gallery(gallery)
        add_products(gallery, _PRODUCTS, random.Random(options.seed))
        key = write_key(gallery)
        server = Server(gallery, Path(name) / "server.log", search_rate=0, write_rate=0)
        server.start()
        figures = fuzz(server, key, options.requests, options.seed)
        server.stop()
    print_figures(figures, as_json=options.json)
    raise SystemExit(1 if figures["faults"] else 0)


if __name__ == "__main__":
    main()
