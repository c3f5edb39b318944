"""Valid requests of every kind that the server accepts."""

from __future__ import annotations

import io
import json
import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from urllib.parse import urlencode

from PIL import Image

from benchmarks.reliability.random_filters import draw_filters
from benchmarks.support.write_clients import draw_photo

_FORMATS = ("PNG", "JPEG", "WEBP", "GIF", "BMP", "TIFF")
_FIELDS = ("id", "title", "product_type", "price", "color", "image_link", "availability")
_VALUES = ("7", "Boot", "Shoes > Boots", "59.90 EUR", "Red/Black", "http://127.0.0.1:9/7.png", "in stock")


@dataclass(frozen=True)
class Request:
    """HTTP request; headers are sent unchanged."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes


def list_valid_requests(key: str) -> list[Request]:
    """List valid requests, one of each kind."""
    writes = {"Authorization": f"Bearer {key}"}
    picture = Image.open(io.BytesIO(draw_photo(3)))
    requests = [
        Request("POST", "/search?k=5", {"Content-Type": f"image/{name.lower()}"}, _encode_image(picture, name))
        for name in _FORMATS
    ]
    strokes = json.dumps({"width": 100, "height": 80, "strokes": [[[10, 10], [50, 60, 0.5], [90, 20]]]}).encode()
    for path in (
        "/search?k=5&mirror=false&category=Shoes&sort=price_asc",
        "/search?min_price=1&max_price=90&currency=EUR&q=red%20boot",
    ):
        requests.append(Request("POST", path, {"Content-Type": "application/json"}, strokes))
    requests.append(Request("POST", "/search?q=bota&k=5", {}, b""))
    requests.append(Request("POST", "/strokes", {"Content-Type": "image/png"}, _encode_image(picture, "PNG")))
    requests.append(Request("POST", "/products/3/match", {"Content-Type": "application/json"}, strokes))
    png = ("a.png", _encode_image(picture, "PNG"))
    body = _encode_form({"product": (None, b'{"title": "Boot", "price": "59.90"}'), "photo": png})
    form = {"Content-Type": "multipart/form-data; boundary=line"}
    requests.append(Request("PUT", "/products/fuzzed", writes | form, body))
    requests.append(Request("POST", "/search", form, _encode_form({"sketch": png})))
    metadata = b'{"title": "Boot", "attributes": {"heel": ["high"]}, "availability": "in_stock"}'
    requests.append(Request("PUT", "/products/3", writes | {"Content-Type": "application/json"}, metadata))
    for kind, feed in _make_feeds().items():
        requests.append(Request("POST", "/products/import", writes | {"Content-Type": kind}, feed))
    for path in ("/products?after=a&limit=3", "/products/3", "/products/3/similar?k=3", "/facets?color=red&q=boots",
                 "/photos/" + "0" * 64 + ".webp", "/operations/none", "/", "/metrics"):  # fmt: skip
        requests.append(Request("GET", path, dict(writes), b""))
    requests.append(Request("DELETE", "/products/fuzzed", dict(writes), b""))
    return requests


def make_filter_query(rng: random.Random) -> Request:
    """Make a query of random repeated filters for the products of add_products()."""
    path = rng.choice(["/facets", "/products/p1/similar"])
    return Request("GET", f"{path}?{urlencode(draw_filters(rng))}", {}, b"")


def _encode_image(picture: Image.Image, name: str) -> bytes:
    buffer = io.BytesIO()
    picture.save(buffer, name)
    return buffer.getvalue()


def _encode_form(parts: dict[str, tuple[str | None, bytes]]) -> bytes:
    def written() -> Iterator[bytes]:
        for name, (filename, data) in parts.items():
            file = f'; filename="{filename}"' if filename else ""
            yield f'--line\r\nContent-Disposition: form-data; name="{name}"{file}\r\n\r\n'.encode() + data + b"\r\n"
        yield b"--line--\r\n"

    return b"".join(written())


def _make_feeds() -> dict[str, bytes]:
    """Make a feed of one product in each format, by content type."""
    entry = dict(zip(_FIELDS, _VALUES, strict=True))
    xml = "".join(f"<g:{name}>{value.replace('>', '&gt;')}</g:{name}>" for name, value in entry.items())
    rss = f'<rss version="2.0" xmlns:g="http://base.google.com/ns/1.0"><channel><item>{xml}</item></channel></rss>'
    join: dict[str, Callable[[tuple[str, ...]], str]] = {"text/tab-separated-values": "\t".join, "text/csv": ",".join}
    feeds = {kind: f"{line(_FIELDS)}\n{line(_VALUES)}\n" for kind, line in join.items()}
    feeds |= {"application/jsonl": json.dumps(entry), "application/xml": rss}
    return {kind: text.encode() for kind, text in feeds.items()}
