"""Valid requests of every kind that the server accepts."""

from __future__ import annotations

import io
import json
import random
from collections.abc import Callable, Iterator, Mapping
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
        "/search?paint=red&paint=%23c0252d&variants=true&size=41&in_stock=true",
    ):
        requests.append(Request("POST", path, {"Content-Type": "application/json"}, strokes))
    requests.append(Request("POST", "/search?q=bota&k=5", {}, b""))
    for path in ("/search?kind=photo&crop=0.1,0.2,0.7,0.9", "/strokes?crop=0.1,0.2,0.7,0.9", "/strokes"):
        requests.append(Request("POST", path, {"Content-Type": "image/png"}, _encode_image(picture, "PNG")))
    requests.append(Request("POST", "/products/3/match", {"Content-Type": "application/json"}, strokes))
    png = ("a.png", _encode_image(picture, "PNG"))
    body = encode_form({"product": (None, b'{"title": "Boot", "price": "59.90"}'), "photo": png})
    form = {"Content-Type": "multipart/form-data; boundary=line"}
    requests.append(Request("PUT", "/products/fuzzed", writes | form, body))
    requests.append(Request("POST", "/search", form, encode_form({"sketch": png})))
    metadata = b'{"title": "Boot", "attributes": {"heel": ["high"]}, "availability": "in_stock"}'
    requests.append(Request("PUT", "/products/3", writes | {"Content-Type": "application/json"}, metadata))
    for kind, feed in _make_feeds().items():
        for path in ("/products/import", "/products/import?complete=true&max_removed=0&dry_run=true"):
            requests.append(Request("POST", path, writes | {"Content-Type": kind}, feed))
    requests += _list_changes(writes)
    for path in ("/products?after=a&limit=3", "/products/3", "/products/3/similar?k=3&sort=price_desc&explain=true",
                 "/facets?color=red&q=boots&variants=true", "/photos/" + "0" * 64 + ".webp", "/operations/none",
                 "/operations?limit=3", "/categories?variants=true", "/crop", "/?lang=de", "/metrics"):  # fmt: skip
        requests.append(Request("GET", path, dict(writes), b""))
    return requests


def _list_changes(writes: dict[str, str]) -> list[Request]:
    """List valid changes of fields and deletions, of one product and of many."""
    json_body, lines_body = (writes | {"Content-Type": f"application/{kind}"} for kind in ("json", "jsonl"))
    fields = {"price": "49.90", "currency": "EUR", "availability": "out_of_stock"}
    lines = "\n".join(json.dumps({"product_id": f"p{n}", "size": ["41", "42"], **fields}) for n in range(3))
    return [
        Request("PATCH", "/products/p5", json_body, json.dumps(fields | {"attributes": {"heel": None}}).encode()),
        Request("PATCH", "/products", lines_body, lines.encode()),
        Request("DELETE", "/products", json_body, b'["fuzzed", "p7"]'),
        Request("DELETE", "/products/fuzzed", dict(writes), b""),
        Request("POST", "/operations/none/cancel", dict(writes), b""),
    ]


def make_filter_query(rng: random.Random) -> Request:
    """Make a query of random repeated filters for the products of add_products()."""
    path = rng.choice(["/facets", "/products/p1/similar"])
    return Request("GET", f"{path}?{urlencode(draw_filters(rng))}", {}, b"")


def _encode_image(picture: Image.Image, name: str) -> bytes:
    buffer = io.BytesIO()
    picture.save(buffer, name)
    return buffer.getvalue()


def encode_form(parts: Mapping[str, tuple[str | None, bytes]]) -> bytes:
    """Encode fields and files as multipart/form-data with the boundary `line`."""

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
