"""Small web server for tests of downloads, with the faults of real servers."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler

from tests.support.loopback import answering


@dataclass
class FileServer:
    """Server of one file at every path. Tests change its fields; `asked` collects the Range of every request, or ""."""

    content: bytes
    url: str = ""
    version: str = '"v1"'  # the ETag; empty for none
    ranges: bool = True  # respect Range
    if_range: bool = True  # respect If-Range
    kind: str = "application/octet-stream"
    statuses: list[int] = field(default_factory=list)  # one per request; 200: the file, also after the last
    cuts: list[int] = field(default_factory=list)  # bytes until the connection is cut, one per request
    asked: list[str] = field(default_factory=list)

    def answer(self, request: BaseHTTPRequestHandler) -> None:
        """Answer one request."""
        requested = request.headers.get("Range", "")
        self.asked.append(requested)
        status = self.statuses.pop(0) if self.statuses else 200
        if status != 200:
            request.send_error(status)
            return
        same = not self.if_range or request.headers.get("If-Range") == self.version
        start = int(re.findall(r"\d+", requested)[0]) if requested and self.ranges and same else 0
        if start >= len(self.content):
            request.send_error(416)
            return
        body = self.content[start:]
        request.send_response(206 if start else 200)
        if start:
            request.send_header("Content-Range", f"bytes {start}-{len(self.content) - 1}/{len(self.content)}")
        if self.version:
            request.send_header("ETag", self.version)
        request.send_header("Content-Type", self.kind)
        request.send_header("Content-Length", str(len(body)))
        request.end_headers()
        request.wfile.write(body[: self.cuts.pop(0)] if self.cuts else body)


@contextmanager
def serving(content: bytes) -> Iterator[FileServer]:
    """Serve content from a thread until the block ends; yield the server, whose `url` is without a path."""
    served = FileServer(content)
    with answering(served.answer, keep_alive=False) as port:
        served.url = f"http://127.0.0.1:{port}"
        yield served
