"""Product uploads of `PUT /products/{product_id}`: metadata and photos."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from starlette.datastructures import FormData, UploadFile
from starlette.requests import Request

from app.api.requests.multipart import (
    BINARY_SCHEMA,
    media_type,
    multipart_schema,
    parse_form,
    read_nonempty_body,
    unsupported_media_error,
)
from app.api.schemas.writes import ProductBody, parse_product
from app.asgi.body_memory import Reservation
from app.asgi.errors import ApiError
from app.core.error_text import truncate
from app.products.product import MAX_PHOTOS

PHOTO, PRODUCT = "photo", "product"

_EXPECTED = f"multipart/form-data with fields `{PHOTO}` and `{PRODUCT}`, or application/json"

PUT_DOCS = {
    "required": True,
    "content": {
        "application/json": {"schema": ProductBody.model_json_schema()},
        "multipart/form-data": multipart_schema(
            photo={
                "type": "array",
                "items": BINARY_SCHEMA,
                "maxItems": MAX_PHOTOS,
                "description": "image files; the first is the main photo",
            },
            product={
                "type": "string",
                "description": "JSON, as application/json has it",
                "examples": ['{"title": "Red boot", "price": "89.90 EUR"}'],
            },
        ),
    },
}
"""OpenAPI's `requestBody` of a route that takes a product."""


class PhotoUpload(NamedTuple):
    """Photo of an upload, undecoded, or of a link."""

    name: str  # in messages
    data: bytes
    link: str = ""


@dataclass(frozen=True)
class ProductUpload:
    """Product of an upload. Without metadata, or without photos, the product keeps those that it has."""

    metadata: ProductBody | None
    photos: list[PhotoUpload]

    @property
    def links(self) -> list[str]:
        """URLs of the photos that are yet to be fetched."""
        return list(dict.fromkeys((self.metadata.image_link if self.metadata else None) or ()))


async def read_product(request: Request, reservation: Reservation, max_bytes: int) -> ProductUpload:
    """Read the product in a request's body. Raises ApiError."""
    kind = media_type(request)
    if kind not in ("application/json", "multipart/form-data"):
        raise unsupported_media_error("content-type", request.headers.get("content-type", ""), _EXPECTED)
    data = await read_nonempty_body(request, reservation, max_bytes, f"a product as {_EXPECTED}")
    if kind == "application/json":
        return ProductUpload(parse_product(data, ProductBody), [])
    form = await parse_form(request.headers, data, MAX_PHOTOS + 1)
    try:
        return await _read_product_form(form)
    finally:
        await form.close()


async def _read_product_form(form: FormData) -> ProductUpload:
    """Read the product in a multipart form. Raises ApiError."""
    unknown = [name for name in form if name not in (PHOTO, PRODUCT)]
    if unknown:
        message = f"field {truncate(unknown[0])} is unknown: expected files in {PHOTO!r} and JSON in {PRODUCT!r}"
        raise ApiError(422, "invalid_parameter", message, {"parameter": unknown[0][:80]})
    photos = [await _read_photo(number, part) for number, part in enumerate(form.getlist(PHOTO), 1)]
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
    data = await text.read() if isinstance(text, UploadFile) else text.encode()
    metadata = parse_product(data, ProductBody)
    if metadata.image_link and photos:
        message = f"there are files in {PHOTO!r} and links in 'image_link': expected only one of these"
        raise ApiError(422, "invalid_parameter", message, {"parameter": "image_link"})
    return ProductUpload(metadata, photos)


async def _read_photo(number: int, part: UploadFile | str) -> PhotoUpload:
    """Read one photo of a form. Raises ApiError if the part is not a file."""
    if not isinstance(part, UploadFile):
        raise ApiError(422, "invalid_parameter", f"field {PHOTO!r} is text: expected a file (with a filename)")
    return PhotoUpload(f"photo {number} ({truncate(part.filename or '')})", await part.read())
