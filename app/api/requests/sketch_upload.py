"""A sketch from a request's body: read under a limit here, decoded later, off the event loop."""

from __future__ import annotations

from starlette.datastructures import FormData, Headers, UploadFile
from starlette.requests import Request

from app.api.requests.multipart import media_type, read_form, sent, unsupported
from app.asgi.body_memory import Reservation
from app.asgi.errors import ApiError
from app.core.error_text import truncate
from app.decoding.image_sketch import ImageSketch, RequestedKind
from app.decoding.stroke_sketch import Sketch, StrokesBody, StrokesSketch

FIELD = "sketch"

_BINARY = {"schema": {"type": "string", "format": "binary"}}
_PICTURES = {
    "multipart/form-data": {
        "schema": {"type": "object", "required": [FIELD], "properties": {FIELD: _BINARY["schema"]}}
    },
    "image/png": _BINARY,
    "image/jpeg": _BINARY,
    "image/webp": _BINARY,
    "application/octet-stream": _BINARY,
}
BODY_DOCS = {
    "required": True,
    "content": {"application/json": {"schema": StrokesBody.model_json_schema()}, **_PICTURES},
}
"""OpenAPI's `requestBody` of a route that takes a sketch."""
PICTURE_DOCS = {"required": True, "content": _PICTURES}
"""The same for a picture of a sketch."""

_PICTURE = f"multipart/form-data with a field `{FIELD}`, image/*, or application/octet-stream"
_SKETCH = f"{_PICTURE}, or application/json"
_MAX_PARTS = 20


"""A sketch as it was sent."""


async def read_sketch(
    request: Request, hold: Reservation, max_bytes: int, max_pixels: int, kind: RequestedKind = "auto"
) -> Sketch:
    """The sketch in a request's body, by its content type, or a product's photo in its place. Raises ApiError."""
    data = await sent(request, hold, max_bytes, f"a sketch as {_SKETCH}")
    if media_type(request) == "application/json":
        if kind == "photo":
            raise ApiError(422, "invalid_parameter", "kind is 'photo': expected an image with it, not strokes")
        return StrokesSketch(data)
    return ImageSketch(await _image(request, data, _SKETCH), max_pixels, kind)


async def read_picture(request: Request, hold: Reservation, max_bytes: int, max_pixels: int) -> ImageSketch:
    """The picture of a sketch in a request's body. Raises ApiError."""
    data = await sent(request, hold, max_bytes, f"a sketch as {_PICTURE}")
    return ImageSketch(await _image(request, data, _PICTURE), max_pixels)


async def _image(request: Request, data: bytes, expected: str) -> bytes:
    """The image file that a body is, or has in its field `sketch`."""
    kind = media_type(request)
    if kind == "multipart/form-data":
        return await _field(request.headers, data)
    if kind.startswith("image/") or kind == "application/octet-stream":
        return data
    raise unsupported("content-type", request.headers.get("content-type", ""), expected)


async def _field(headers: Headers, data: bytes) -> bytes:
    """The file in the field `sketch` of a multipart body. Raises ApiError."""
    form = await read_form(headers, data, _MAX_PARTS)
    try:
        return await _file_in(form)
    finally:
        await form.close()


async def _file_in(form: FormData) -> bytes:
    file = form.get(FIELD)
    if file is None:
        found = ", ".join(truncate(name) for name in form) or "no field"
        message = f"field {FIELD!r} is missing: found {found}, expected a file in {FIELD!r}"
        raise ApiError(422, "invalid_parameter", message, {"parameter": FIELD})
    times = len(form.getlist(FIELD))
    if times > 1:
        raise ApiError(422, "invalid_parameter", f"field {FIELD!r} comes {times} times: expected it once")
    if not isinstance(file, UploadFile):
        raise ApiError(422, "invalid_parameter", f"field {FIELD!r} is text: expected a file (with a filename)")
    data = await file.read()
    if not data:
        raise ApiError(400, "empty_body", f"field {FIELD!r} is empty: expected an image file")
    return data
