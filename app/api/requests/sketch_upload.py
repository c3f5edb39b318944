"""Sketch uploads of searches. They are read here, and decoded later outside of the event loop."""

from __future__ import annotations

from contextlib import suppress

from pydantic import BaseModel, Field
from starlette.datastructures import FormData, Headers, UploadFile
from starlette.requests import Request

from app.api.requests.multipart import (
    check_uncompressed,
    empty_body_error,
    media_type,
    parse_form,
    read_nonempty_body,
    unsupported_media_error,
)
from app.asgi.body_memory import Reservation
from app.asgi.body_reader import read_body
from app.asgi.errors import ApiError
from app.core.error_text import truncate
from app.decoding.image_sketch import ImageSketch, RequestedKind
from app.decoding.stroke_sketch import Sketch, StrokesBody, StrokesSketch
from model.preprocessing.regions import Region

FIELD = "sketch"

_PICTURE_FILE = {"type": "string", "format": "binary", "description": "PNG, JPEG or WebP"}
_BINARY = {"schema": {"type": "string", "format": "binary"}}
_PICTURE_CONTENT = {
    "multipart/form-data": {"schema": {"type": "object", "required": [FIELD], "properties": {FIELD: _PICTURE_FILE}}},
    "image/png": _BINARY,
    "image/jpeg": _BINARY,
    "image/webp": _BINARY,
    "application/octet-stream": _BINARY,
}
BODY_DOCS = {
    "required": True,
    "content": {"application/json": {"schema": StrokesBody.model_json_schema()}, **_PICTURE_CONTENT},
}
"""OpenAPI's `requestBody` of a route that takes a sketch."""
QUERY_DOCS = {**BODY_DOCS, "required": False}
"""OpenAPI's `requestBody` of a search, which may have words instead."""
PICTURE_DOCS = {"required": True, "content": _PICTURE_CONTENT}
"""OpenAPI's `requestBody` of a route that takes a picture of a sketch."""

_PICTURE = f"multipart/form-data with a field `{FIELD}`, image/*, or application/octet-stream"
_SKETCH = f"{_PICTURE}, or application/json"
_MAX_PARTS = 20


class CropParameter(BaseModel):
    """Region of a photo that has the object."""

    crop: str | None = Field(
        default=None,
        max_length=100,
        description="box around the object in a photo: left,top,right,bottom as fractions of the upright photo's "
        "width and height; by default, the server guesses it",
        examples=["0.125,0.2,0.75,0.9"],
    )

    def read_crop(self) -> Region | None:
        """Return the region of a photo that has the object. Raises ApiError."""
        if self.crop is None:
            return None
        with suppress(ValueError, TypeError):  # not numbers; not four of them
            region = Region(*map(float, self.crop.split(",", 3)))
            if 0 <= region.left < region.right <= 1 and 0 <= region.top < region.bottom <= 1:
                return region
        expected = "expected left,top,right,bottom between 0 and 1, left less than right, top less than bottom"
        raise ApiError(422, "invalid_parameter", f"crop is {truncate(self.crop)}: {expected}", {"parameter": "crop"})


async def read_sketch(
    request: Request, reservation: Reservation, max_bytes: int, max_pixels: int, crop: Region | None
) -> Sketch:
    """Read the sketch in a request's body: strokes or an image, by its content type. Raises ApiError."""
    data = await read_nonempty_body(request, reservation, max_bytes, f"a sketch as {_SKETCH}")
    return await _parse_sketch(request, data, max_pixels, "auto", crop)


async def read_query(
    request: Request,
    reservation: Reservation,
    max_bytes: int,
    max_pixels: int,
    kind: RequestedKind,
    crop: Region | None,
    *,
    has_words: bool,
) -> Sketch | None:
    """Read the sketch of a search, which may also be a product's photo, as `kind` says. Raises ApiError.

    The body of a request that has words may be empty; the sketch then is None.
    """
    data = await read_body(request, max_bytes, reservation)
    if not data and not has_words:
        raise empty_body_error(f"a sketch as {_SKETCH}, or words in the parameter q")
    check_uncompressed(request, "a body")
    return await _parse_sketch(request, data, max_pixels, kind, crop) if data else None


async def _parse_sketch(
    request: Request, data: bytes, max_pixels: int, kind: RequestedKind, crop: Region | None
) -> Sketch:
    if crop and kind == "sketch":
        raise ApiError(422, "invalid_parameter", "kind is 'sketch' and crop is given: expected a photo with a crop")
    if media_type(request) == "application/json":
        if crop or kind == "photo":
            given = "crop is given" if crop else "kind is 'photo'"
            raise ApiError(422, "invalid_parameter", f"{given}: expected an image with it, not strokes")
        return StrokesSketch(data)
    return ImageSketch(await _extract_image(request, data, _SKETCH), max_pixels, kind, crop)


async def read_picture(
    request: Request, reservation: Reservation, max_bytes: int, max_pixels: int, crop: Region | None
) -> ImageSketch:
    """Read the picture of a sketch, or the photo of an object, in a request's body. Raises ApiError."""
    data = await read_nonempty_body(request, reservation, max_bytes, f"a sketch as {_PICTURE}")
    return ImageSketch(await _extract_image(request, data, _PICTURE), max_pixels, crop=crop)


async def _extract_image(request: Request, data: bytes, expected: str) -> bytes:
    """Return the image file that is the body, or is in its field `sketch`. Raises ApiError."""
    kind = media_type(request)
    if kind == "multipart/form-data":
        return await _extract_sketch_field(request.headers, data)
    if kind.startswith("image/") or kind == "application/octet-stream":
        return data
    raise unsupported_media_error("content-type", request.headers.get("content-type", ""), expected)


async def _extract_sketch_field(headers: Headers, data: bytes) -> bytes:
    """Return the file in the field `sketch` of a multipart body. Raises ApiError."""
    form = await parse_form(headers, data, _MAX_PARTS)
    try:
        return await _read_sketch_file(form)
    finally:
        await form.close()


async def _read_sketch_file(form: FormData) -> bytes:
    """Read the one file in the field `sketch`. Raises ApiError."""
    file = form.get(FIELD)
    if file is None:
        names = ", ".join(truncate(name) for name in form) or "no field"
        message = f"field {FIELD!r} is missing: found {names}, expected a file in {FIELD!r}"
        raise ApiError(422, "invalid_parameter", message, {"parameter": FIELD})
    count = len(form.getlist(FIELD))
    if count > 1:
        raise ApiError(422, "invalid_parameter", f"field {FIELD!r} comes {count} times: expected it once")
    if not isinstance(file, UploadFile):
        raise ApiError(422, "invalid_parameter", f"field {FIELD!r} is text: expected a file (with a filename)")
    data = await file.read()
    if not data:
        raise ApiError(400, "empty_body", f"field {FIELD!r} is empty: expected an image file")
    return data
