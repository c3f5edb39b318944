"""Tests of decompression bombs: each is refused in under a second, and the server's memory stays flat.

Those in feeds are tested in tests/app/feeds.
"""

from __future__ import annotations

import gzip
import re
import struct
import threading
import time
import zipfile
import zlib
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.support.server_process import server_process
from tests.support.sketch_files import JSON, bomb, refused, sketch_file, strokes_body

_MOST_GROWTH = 200 * 2**20


class ServerProcess:
    """Server process with a thread that watches its memory and that of its children."""

    def __init__(self, url: str, pid: int) -> None:
        self.url, self._pid = url, pid
        self._most = self.before = self.memory()
        self._watching = True
        threading.Thread(target=self._watch, daemon=True).start()

    def memory(self) -> int:
        """Sum the resident bytes of the processes."""
        pids = [self._pid, *map(int, Path(f"/proc/{self._pid}/task/{self._pid}/children").read_text().split())]
        return sum(_resident(pid) for pid in pids)

    def growth(self) -> int:
        """Return the largest growth in bytes since the start."""
        return self._most - self.before

    def end(self) -> None:
        """Stop watching."""
        self._watching = False

    def _watch(self) -> None:
        while self._watching:
            try:
                self._most = max(self._most, self.memory())
            except FileNotFoundError:
                return
            time.sleep(0.005)


def _resident(pid: int) -> int:
    match = re.search(r"VmRSS:\s+(\d+) kB", Path(f"/proc/{pid}/status").read_text())
    return int(match[1]) * 1024 if match else 0


@pytest.fixture(scope="module")
def server(tiny_gallery: Path) -> Iterator[ServerProcess]:
    with server_process(tiny_gallery) as (process, url):
        for _ in range(3):  # until both decoder processes run, and have decoded
            httpx.post(f"{url}/search", content=sketch_file(), headers={"Content-Type": "image/png"}, timeout=60)
            time.sleep(1)
        watched = ServerProcess(url, process.pid)
        yield watched
        watched.end()


def jpeg(width: int = 65_000, height: int = 65_000) -> bytes:
    data = bytearray(sketch_file(3, "JPEG"))
    start = data.index(b"\xff\xc0")
    data[start + 5 : start + 9] = struct.pack(">HH", height, width)
    return bytes(data)


def webp() -> bytes:
    """Make a lossy WebP that claims 16,383 x 16,383 pixels."""
    data = bytearray(sketch_file(3, "WEBP"))
    start = data.index(b"\x9d\x01\x2a") + 3
    data[start : start + 4] = struct.pack("<HH", 16_383, 16_383)
    return bytes(data)


def gif() -> bytes:
    data = bytearray(sketch_file(3, "GIF"))
    data[6:10] = struct.pack("<HH", 65_535, 65_535)
    return bytes(data)


def tiff() -> bytes:
    """Make a TIFF of 100,000 x 100,000 pixels, in one strip of a few bytes, deflated."""
    strip = zlib.compress(bytes(1000))
    tags = [(256, 4, 100_000), (257, 4, 100_000), (258, 3, 8), (259, 3, 8), (262, 3, 1), (273, 4, 200), (277, 3, 1)]
    tags += [(278, 4, 100_000), (279, 4, len(strip))]
    directory = struct.pack("<H", len(tags)) + b"".join(struct.pack("<HHII", tag, kind, 1, v) for tag, kind, v in tags)
    return (b"II*\0" + struct.pack("<I", 8) + directory + bytes(4)).ljust(200, b"\0") + strip


def text_bomb() -> bytes:
    """Make a PNG whose comment unpacks to 500 MB."""
    data = b"Comment\0\0" + zlib.compress(bytes(500 * 2**20), 1)
    chunk = struct.pack(">I", len(data)) + b"zTXt" + data + struct.pack(">I", zlib.crc32(b"zTXt" + data))
    png = sketch_file()
    return png[:33] + chunk + png[33:]


def zipped() -> bytes:
    buffer = BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("sketch.png", bytes(100 * 2**20))
    return buffer.getvalue()


def svg() -> bytes:
    entities = "".join(f'<!ENTITY e{n} "{f"&e{n - 1};" * 10}">' for n in range(1, 10))
    return f'<!DOCTYPE svg [<!ENTITY e0 "lol">{entities}]><svg>&e9;</svg>'.encode()


def many_points() -> bytes:
    return strokes_body(strokes=[[[7, 7]] * 10**6])


IMAGES = {
    "png": (bomb, 413, "image_too_large"),
    "jpeg": (jpeg, 413, "image_too_large"),
    "webp": (webp, 413, "image_too_large"),
    "gif": (gif, 413, "image_too_large"),
    "tiff": (tiff, 413, "image_too_large"),
    "png comment": (text_bomb, 415, "not_an_image"),
    "zip": (zipped, 415, "not_an_image"),
    "svg entities": (svg, 415, "not_an_image"),
}


def search_quickly(server: ServerProcess, **sent: Any) -> httpx.Response:
    """Post a search and return its answer, which has to come within a second in one of three attempts."""
    durations = []
    for _ in range(3):
        started = time.perf_counter()
        answer = httpx.post(f"{server.url}/search", timeout=30, **sent)
        durations.append(time.perf_counter() - started)
        if durations[-1] < 1:
            break
    assert min(durations) < 1
    assert server.growth() < _MOST_GROWTH, f"grew by {server.growth() / 2**20:.0f} MB"
    return answer


@pytest.mark.parametrize("name", IMAGES)
@pytest.mark.parametrize("way", ["raw", "multipart"])
def test_images(server: ServerProcess, name: str, way: str) -> None:
    make, status, code = IMAGES[name]
    data = make()
    sent: dict[str, Any] = {"files": {"sketch": ("a", data)}}
    if way == "raw":
        sent = {"content": data, "headers": {"Content-Type": "application/octet-stream"}}
    refused(search_quickly(server, **sent), status, code)


@pytest.mark.parametrize("encoding", ["gzip", "deflate", "br", "zstd", "gzip, gzip"])
def test_compressed_bodies_are_not_unpacked(server: ServerProcess, encoding: str) -> None:
    headers = {"Content-Type": "image/png", "Content-Encoding": encoding}
    answer = search_quickly(server, content=gzip.compress(bytes(10**8), 1), headers=headers)
    refused(answer, 415, "unsupported_media_type", "content-encoding")


BODIES = {
    "a stroke of a million points": many_points(),
    "a hundred thousand lists": b"[" * 100_000 + b"]" * 100_000,
    "a hundred thousand lists as strokes": b'{"width":9,"height":9,"strokes":' + b"[" * 100_000 + b"]" * 100_000 + b"}",
    "a hundred thousand objects": b'{"width":' * 100_000 + b"1" + b"}" * 100_000,
    "unclosed": b"[" * 4_000_000,
}


@pytest.mark.parametrize("name", BODIES)
def test_json(server: ServerProcess, name: str) -> None:
    refused(search_quickly(server, content=BODIES[name], headers=JSON), 422, "bad_strokes")


def test_parts_and_parameters_without_end(server: ServerProcess) -> None:
    many: dict[str, Any] = {"files": [(f"f{number}", ("a", b"x")) for number in range(2000)]}
    refused(search_quickly(server, **many), 400, "bad_multipart")
    nested = b"--b\r\n" * 200_000
    headers = {"Content-Type": "multipart/form-data; boundary=b"}
    assert search_quickly(server, content=nested, headers=headers).status_code in (400, 422)
    params = {"color": ["red"] * 5000}
    assert search_quickly(server, params=params, content=strokes_body(), headers=JSON).status_code in (
        400,
        414,
        422,
        431,
    )


def test_afterwards_it_searches_as_before(server: ServerProcess) -> None:
    answer = httpx.post(f"{server.url}/search", content=strokes_body(), headers=JSON, timeout=30)
    assert answer.status_code == 200
    assert server.growth() < _MOST_GROWTH
    print(f"grew by {server.growth() / 2**20:.0f} MB over {server.before / 2**20:.0f} MB")
