"""What requests that write bring: a product's metadata and photos, or a whole feed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from starlette.datastructures import FormData, UploadFile
from starlette.requests import Request

from app.api.requests.multipart import _BINARY, _multipart, media_type, read_form, sent, unsupported
from app.api.schemas.writes import ProductBody, parse_product
from app.asgi.body_memory import Reservation
from app.asgi.errors import ApiError
from app.core.error_text import truncate
from app.products.product import MAX_PHOTOS

PHOTO, PRODUCT = "photo", "product"

_PUT = f"multipart/form-data with fields `{PHOTO}` and `{PRODUCT}`, or application/json"


PUT_DOCS = {
    "required": True,
    "content": {
        "application/json": {"schema": ProductBody.model_json_schema()},
        "multipart/form-data": _multipart(
            photo={"type": "array", "items": _BINARY, "maxItems": MAX_PHOTOS},
            product={"type": "string", "description": "JSON, as application/json has it"},
        ),
    },
}
"""OpenAPI's `requestBody` of a route that takes a product."""
"""The same for a feed."""


class PhotoUpload(NamedTuple):
    """A photo as it was sent."""

    filename: str
    data: bytes


@dataclass(frozen=True)
class ProductUpload:
    """A product as it was sent: without metadata it keeps what it has, and without photos too."""

    metadata: ProductBody | None
    photos: list[PhotoUpload]


async def read_product(request: Request, hold: Reservation, max_bytes: int) -> ProductUpload:
    """The product in a request's body. Raises ApiError."""
    kind = media_type(request)
    if kind not in ("application/json", "multipart/form-data"):
        raise unsupported("content-type", request.headers.get("content-type", ""), _PUT)
    data = await sent(request, hold, max_bytes, f"a product as {_PUT}")
    if kind == "application/json":
        return ProductUpload(parse_product(data), [])
    form = await read_form(request.headers, data, MAX_PHOTOS + 1)
    try:
        return await _product_in(form)
    finally:
        await form.close()


async def _product_in(form: FormData) -> ProductUpload:
    unknown = [name for name in form if name not in (PHOTO, PRODUCT)]
    if unknown:
        message = f"field {truncate(unknown[0])} is unknown: expected files in {PHOTO!r} and JSON in {PRODUCT!r}"
        raise ApiError(422, "invalid_parameter", message, {"parameter": unknown[0][:80]})
    photos = [await _photo(part) for part in form.getlist(PHOTO)]
    if len(photos) > MAX_PHOTOS:
        raise ApiError(422, "invalid_parameter", f"there are {len(photos)} photos: expected at most {MAX_PHOTOS}")
    parts = form.getlist(PRODUCT)
    if len(parts) > 1:
        raise ApiError(422, "invalid_parameter", f"field {PRODUCT!r} comes {len(parts)} times: expected it once")
    if not parts and not photos:
        message = f"neither {PHOTO!r} nor {PRODUCT!r} is there: expected at least one of these fields"
        raise ApiError(422, "invalid_parameter", message)
    if not parts:
        return ProductUpload(None, photos)
    text = parts[0]
    return ProductUpload(parse_product(await text.read() if isinstance(text, UploadFile) else text.encode()), photos)


async def _photo(part: UploadFile | str) -> PhotoUpload:
    if not isinstance(part, UploadFile):
        raise ApiError(422, "invalid_parameter", f"field {PHOTO!r} is text: expected a file (with a filename)")
    return PhotoUpload(part.filename or "", await part.read())
