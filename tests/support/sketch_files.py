"""Valid and invalid sketches to send to a server, and a check of its errors."""

from __future__ import annotations

import io
import json
import struct
import zlib
from typing import Any

import httpx
from PIL import Image

from tests.conftest import draw_product

ZIGZAG: dict[str, Any] = {
    "width": 320,
    "height": 240,
    "strokes": [[[20, 200], [90, 40, 0.5]], [[90, 40], [200, 180], [300, 60]]],
}
JSON = {"Content-Type": "application/json"}
PNG = {"Content-Type": "image/png"}


def image_file(image: Image.Image, format: str = "PNG") -> bytes:
    """Encode an image as a file."""
    buffer = io.BytesIO()
    image.save(buffer, format)
    return buffer.getvalue()


def sketch_file(seed: int = 3, format: str = "PNG") -> bytes:
    """Draw an image file that finds products."""
    return image_file(draw_product(seed), format)


def blank_file(width: int, height: int) -> bytes:
    """Draw a PNG of white pixels."""
    return image_file(Image.new("L", (width, height), 255))


def bomb() -> bytes:
    """Make a PNG of about 1 KB whose header states 30,000 x 30,000 pixels."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = chunk(b"IHDR", struct.pack(">IIBBBBB", 30_000, 30_000, 1, 0, 0, 0, 0))
    pixels = chunk(b"IDAT", zlib.compress(bytes(800_000)))
    return b"\x89PNG\r\n\x1a\n" + header + pixels + chunk(b"IEND", b"")


def strokes_body(**changes: Any) -> bytes:
    """Encode the zigzag as a JSON body, with changed fields."""
    return json.dumps({**ZIGZAG, **changes}).encode()


def refused(response: httpx.Response, status: int, code: str, *words: str) -> dict[str, Any]:
    """Check the shape of an error response and the words of its message, and return the error."""
    assert response.status_code == status, response.text
    error: dict[str, Any] = response.json()["error"]
    assert set(response.json()) == {"error"} and set(error) == {"code", "message", "detail"}
    assert error["code"] == code
    assert all(word in error["message"] for word in words), error["message"]
    assert len(response.text) < 2000
    return error
