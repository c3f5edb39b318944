"""The requests of all operations, without sending them."""

from __future__ import annotations

import io
import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO, Generic, TypeVar
from urllib.parse import quote

import httpx

from sketchfind_client.types import (
    Crop,
    Deletion,
    Filters,
    Health,
    Import,
    Picture,
    ProductDetails,
    ProductFields,
    ProductPage,
    Readiness,
    RequestedKind,
    SearchAnswer,
    Sketch,
    Values,
)

AnswerT = TypeVar("AnswerT")
ERRORS_PER_PAGE = 1000  # the most that a server keeps of an import


@dataclass(frozen=True)
class Request(Generic[AnswerT]):
    """Request whose answer is an AnswerT. `changes` is true if it may change the catalogue.

    `body` has further arguments of httpx's build_request().
    """

    method: str
    path: str
    params: Mapping[str, Any] = field(default_factory=dict)
    body: Mapping[str, Any] = field(default_factory=dict)
    changes: bool = False

    def build(self, client: httpx.Client | httpx.AsyncClient) -> httpx.Request:
        """Return the request of httpx to the client's server."""
        params = {name: value for name, value in self.params.items() if value is not None}
        return client.build_request(self.method, self.path, params=params, **self.body)


def search(
    sketch: Sketch | None,
    k: int,
    kind: RequestedKind,
    filters: Filters,
    paint: Values,
    crop: Crop | None,
    *,
    mirror: bool,
) -> Request[SearchAnswer]:
    """Return the request for the products nearest to a sketch, or for those that have the words `q`."""
    body: dict[str, Any]
    if sketch is None:
        body = {}
    elif isinstance(sketch, Mapping):
        body = {"json": sketch}
    else:
        body = {"content": _read(sketch)[1], "headers": {"Content-Type": "application/octet-stream"}}
    box = None if crop is None else ",".join(map(str, crop))
    params = {"k": k, "kind": kind, "mirror": mirror, "paint": paint, "crop": box, **filters}
    return Request("POST", "/search", params, body)


def find_similar(product_id: str, k: int, filters: Filters) -> Request[SearchAnswer]:
    """Return the request for the products that look like a product."""
    return Request("GET", f"{_product_path(product_id)}/similar", {"k": k, **filters})


def get_product(product_id: str) -> Request[ProductDetails]:
    """Return the request for a product."""
    return Request("GET", _product_path(product_id))


def list_products(after: str | None, limit: int) -> Request[ProductPage]:
    """Return the request for a page of products."""
    return Request("GET", "/products", {"after": after, "limit": limit})


def put_product(product_id: str, fields: ProductFields | None, photos: Sequence[Picture]) -> Request[ProductDetails]:
    """Return the request that adds or replaces a product. Raises ValueError without fields and photos."""
    path = _product_path(product_id)
    if photos:
        files: list[tuple[str, Any]] = [("photo", _read(photo)) for photo in photos]
        files += [] if fields is None else [("product", (None, json.dumps(fields)))]
        return Request("PUT", path, body={"files": files}, changes=True)
    if fields is None:
        raise ValueError(f"product {product_id!r} has neither fields nor photos: expected some of them")
    return Request("PUT", path, body={"json": fields}, changes=True)


def delete_product(product_id: str) -> Request[Deletion]:
    """Return the request that deletes a product."""
    return Request("DELETE", _product_path(product_id), changes=True)


def open_feed(feed: bytes | str | os.PathLike[str]) -> BinaryIO:
    """Open a feed, given by its bytes or its path."""
    return io.BytesIO(feed) if isinstance(feed, bytes) else Path(feed).open("rb")


def start_import(feed: BinaryIO) -> Request[Import]:
    """Return the request that starts an import of an open feed. Each try reads the feed from its start."""
    return Request("POST", "/products/import", body={"files": {"feed": ("feed", feed)}}, changes=True)


def get_import(import_id: str, after: int | None = None, limit: int | None = None) -> Request[Import]:
    """Return the request for the progress of an import, with a page of its errors."""
    return Request("GET", f"/operations/{quote(import_id, safe='')}", {"after": after, "limit": limit})


def check_health() -> Request[Health]:
    """Return the request whether the server answers."""
    return Request("GET", "/healthz")


def check_readiness() -> Request[Readiness]:
    """Return the request whether the server can search."""
    return Request("GET", "/readyz")


def _product_path(product_id: str) -> str:
    return f"/products/{quote(product_id, safe='')}"


def _read(picture: Picture) -> tuple[str, bytes]:
    """Return the name and the bytes of an image file."""
    if isinstance(picture, bytes):
        return "picture", picture
    return Path(picture).name, Path(picture).read_bytes()
