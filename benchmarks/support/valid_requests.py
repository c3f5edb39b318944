"""One good request of every kind that the server takes."""

from __future__ import annotations

import io
import json
import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from urllib.parse import urlencode

from PIL import Image

from benchmarks.reliability.random_filters import random_filters
from benchmarks.support.write_clients import photo_bytes

_FORMATS = ("PNG", "JPEG", "WEBP", "GIF", "BMP", "TIFF")
_FIELDS = ("id", "title", "product_type", "price", "color", "image_link", "availability")
_VALUES = ("7", "Boot", "Shoes > Boots", "59.90 EUR", "Red/Black", "http://127.0.0.1:9/7.png", "in stock")


@dataclass(frozen=True)
class Request:
    """One request; headers are sent as they are."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes


def good_requests(key: str) -> list[Request]:
    """Requests that are answered well, one of each kind."""
    writes = {"Authorization": f"Bearer {key}"}
    picture = Image.open(io.BytesIO(photo_bytes(3)))
    made = [
        Request("POST", "/search?k=5", {"Content-Type": f"image/{name.lower()}"}, _saved(picture, name))
        for name in _FORMATS
    ]
    strokes = json.dumps({"width": 100, "height": 80, "strokes": [[[10, 10], [50, 60, 0.5], [90, 20]]]}).encode()
    for path in ("/search?k=5&mirror=false&category=Shoes", "/search?min_price=1&max_price=90&currency=EUR"):
        made.append(Request("POST", path, {"Content-Type": "application/json"}, strokes))
    made.append(Request("POST", "/strokes", {"Content-Type": "image/png"}, _saved(picture, "PNG")))
    made.append(Request("POST", "/products/3/match", {"Content-Type": "application/json"}, strokes))
    png = ("a.png", _saved(picture, "PNG"))
    body = _form({"product": (None, b'{"title": "Boot", "price": "59.90"}'), "photo": png})
    form = {"Content-Type": "multipart/form-data; boundary=line"}
    made.append(Request("PUT", "/products/fuzzed", writes | form, body))
    made.append(Request("POST", "/search", form, _form({"sketch": png})))
    metadata = b'{"title": "Boot", "attributes": {"heel": ["high"]}, "availability": "in_stock"}'
    made.append(Request("PUT", "/products/3", writes | {"Content-Type": "application/json"}, metadata))
    for kind, feed in _feeds().items():
        made.append(Request("POST", "/products/import", writes | {"Content-Type": kind}, feed))
    for path in ("/products?after=a&limit=3", "/products/3", "/products/3/similar?k=3", "/facets?color=red",
                 "/photos/" + "0" * 64 + ".webp", "/operations/none", "/", "/metrics"):  # fmt: skip
        made.append(Request("GET", path, dict(writes), b""))
    made.append(Request("DELETE", "/products/fuzzed", dict(writes), b""))
    return made


def filter_query(chance: random.Random) -> Request:
    """A query of random repeated filters, of products that add_products() made."""
    path = chance.choice(["/facets", "/products/p1/similar"])
    return Request("GET", f"{path}?{urlencode(random_filters(chance))}", {}, b"")


def _saved(picture: Image.Image, name: str) -> bytes:
    buffer = io.BytesIO()
    picture.save(buffer, name)
    return buffer.getvalue()


def _form(parts: dict[str, tuple[str | None, bytes]]) -> bytes:
    def written() -> Iterator[bytes]:
        for name, (filename, data) in parts.items():
            file = f'; filename="{filename}"' if filename else ""
            yield f'--line\r\nContent-Disposition: form-data; name="{name}"{file}\r\n\r\n'.encode() + data + b"\r\n"
        yield b"--line--\r\n"

    return b"".join(written())


def _feeds() -> dict[str, bytes]:
    """A feed of one product in each format."""
    entry = dict(zip(_FIELDS, _VALUES, strict=True))
    xml = "".join(f"<g:{name}>{value.replace('>', '&gt;')}</g:{name}>" for name, value in entry.items())
    rss = f'<rss version="2.0" xmlns:g="http://base.google.com/ns/1.0"><channel><item>{xml}</item></channel></rss>'
    join: dict[str, Callable[[tuple[str, ...]], str]] = {"text/tab-separated-values": "\t".join, "text/csv": ",".join}
    made = {kind: f"{line(_FIELDS)}\n{line(_VALUES)}\n" for kind, line in join.items()}
    made |= {"application/jsonl": json.dumps(entry), "application/xml": rss}
    return {kind: text.encode() for kind, text in made.items()}
