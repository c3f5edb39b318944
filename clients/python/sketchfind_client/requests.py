"""The requests of all operations, without sending them."""

from __future__ import annotations

import io
import json
import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, BinaryIO, Generic, Self, TypeVar, cast
from urllib.parse import quote

import httpx

from sketchfind_client.types import (
    Deletion,
    Deletions,
    Event,
    EventReceipt,
    Health,
    Import,
    ImportPage,
    PatchReport,
    Picture,
    ProductChanges,
    ProductDetails,
    ProductFields,
    ProductPage,
    ProductPatch,
    Readiness,
    SearchAnswer,
    SearchOptions,
    SimilarOptions,
    Sketch,
)

AnswerT = TypeVar("AnswerT")
_ERRORS_PER_PAGE = 1000  # the most that a server keeps of an import


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


@dataclass(frozen=True, kw_only=True)
class PageRequest(Request[AnswerT]):
    """Request for a page of a list, whose answer has the field `items`.

    The answer's field `next` is the value of the parameter `continue_at` for the next page, None on the last.
    """

    items: str
    next: str = "next"
    continue_at: str = "after"

    def items_of(self, page: AnswerT) -> list[Any]:
        """Return the items of a page."""
        return list(cast(Mapping[str, Any], page)[self.items])

    def next_after(self, page: AnswerT) -> Self | None:
        """Return the request for the page after a page, None if it is the last."""
        value = cast(Mapping[str, Any], page)[self.next]
        return None if value is None else replace(self, params={**self.params, self.continue_at: value})


def search(sketch: Sketch | None, k: int, options: SearchOptions) -> PageRequest[SearchAnswer]:
    """Return the request for the products nearest to a sketch, or for those that have the words `q`."""
    body: dict[str, Any]
    if sketch is None:
        body = {}
    elif isinstance(sketch, Mapping):
        body = {"json": sketch}
    else:
        body = {"content": _read(sketch)[1], "headers": {"Content-Type": "application/octet-stream"}}
    crop = options.get("crop")
    box = None if crop is None else ",".join(map(str, crop))
    return _search_page("POST", "/search", {"k": k, **options, "crop": box}, body)


def find_similar(product_id: str, k: int, options: SimilarOptions) -> PageRequest[SearchAnswer]:
    """Return the request for the products that look like a product."""
    return _search_page("GET", f"{_product_path(product_id)}/similar", {"k": k, **options}, {})


def get_product(product_id: str, lang: str | None) -> Request[ProductDetails]:
    """Return the request for a product, with its texts in a language."""
    return Request("GET", _product_path(product_id), {"lang": lang})


def list_products(limit: int, lang: str | None) -> PageRequest[ProductPage]:
    """Return the request for the first page of products, with their texts in a language."""
    return PageRequest("GET", "/products", {"limit": limit, "lang": lang}, items="products")


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


def patch_product(product_id: str, changes: ProductChanges) -> Request[ProductDetails]:
    """Return the request that changes fields of a product."""
    return Request("PATCH", _product_path(product_id), body={"json": changes}, changes=True)


def patch_products(patches: Iterable[ProductPatch]) -> Request[PatchReport]:
    """Return the request that changes fields of many products, one in each line."""
    lines = "".join(f"{json.dumps(patch)}\n" for patch in patches)
    body = {"content": lines.encode(), "headers": {"Content-Type": "application/jsonl"}}
    return Request("PATCH", "/products", body=body, changes=True)


def delete_product(product_id: str) -> Request[Deletion]:
    """Return the request that deletes a product."""
    return Request("DELETE", _product_path(product_id), changes=True)


def delete_products(product_ids: Iterable[str]) -> Request[Deletions]:
    """Return the request that deletes many products."""
    return Request("DELETE", "/products", body={"json": list(product_ids)}, changes=True)


def record_events(session: str, events: Sequence[Event]) -> Request[EventReceipt]:
    """Return the request that records events. It may be sent again, since repeats count once."""
    return Request("POST", "/events", body={"json": {"session": session, "events": events}})


def open_feed(feed: bytes | str | os.PathLike[str]) -> BinaryIO:
    """Open a feed, given by its bytes or its path."""
    return io.BytesIO(feed) if isinstance(feed, bytes) else Path(feed).open("rb")


def start_import(
    feed: BinaryIO, max_removed: float | None, language: str | None, *, complete: bool, dry_run: bool
) -> Request[Import]:
    """Return the request that starts an import of an open feed. Each try reads the feed from its start."""
    params = {"complete": complete, "max_removed": max_removed, "dry_run": dry_run, "language": language}
    return Request("POST", "/products/import", params, {"files": {"feed": ("feed", feed)}}, changes=True)


def list_imports(limit: int) -> PageRequest[ImportPage]:
    """Return the request for the first page of imports, newest first."""
    return PageRequest("GET", "/operations", {"limit": limit}, items="operations")


def get_import(import_id: str) -> Request[Import]:
    """Return the request for the progress of an import."""
    return Request("GET", _import_path(import_id))


def list_import_errors(import_id: str) -> PageRequest[Import]:
    """Return the request for the first page of an import's errors."""
    params = {"limit": _ERRORS_PER_PAGE}
    return PageRequest("GET", _import_path(import_id), params, items="errors", next="errors_next")


def cancel_import(import_id: str) -> Request[Import]:
    """Return the request that cancels an import."""
    return Request("POST", f"{_import_path(import_id)}/cancel", changes=True)


def check_health() -> Request[Health]:
    """Return the request whether the server answers."""
    return Request("GET", "/healthz")


def check_readiness() -> Request[Readiness]:
    """Return the request whether the server can search."""
    return Request("GET", "/readyz")


def _search_page(method: str, path: str, options: dict[str, Any], body: dict[str, Any]) -> PageRequest[SearchAnswer]:
    """Return the request for a page of results. The session of a shopper is a header."""
    session = options.pop("session", None)
    headers = {**body.get("headers", {}), **({"X-Session": session} if session else {})}
    return PageRequest(method, path, options, {**body, "headers": headers}, items="results", continue_at="cursor")


def _import_path(import_id: str) -> str:
    return f"/operations/{quote(import_id, safe='')}"


def _product_path(product_id: str) -> str:
    return f"/products/{quote(product_id, safe='')}"


def _read(picture: Picture) -> tuple[str, bytes]:
    """Return the name and the bytes of an image file."""
    if isinstance(picture, bytes):
        return "picture", picture
    return Path(picture).name, Path(picture).read_bytes()
