"""A sketch from a request's body: read under a limit here, decoded later, off the event loop."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from dataclasses import dataclass

from starlette.datastructures import FormData, Headers, UploadFile
from starlette.formparsers import MultiPartException, MultiPartParser
from starlette.requests import Request

from app.asgi.body_memory import Hold
from app.asgi.body_reader import read_body
from app.asgi.errors import ApiError
from app.core.error_text import short
from app.decoding.framed_picture import Picture
from app.decoding.image_sketch import AskedKind, RasterSketch
from app.decoding.stroke_sketch import StrokesBody, parse_strokes
from model.preprocessing.preprocess import Preprocess

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


@dataclass(frozen=True)
class StrokesSketch:
    """The bytes of JSON strokes."""

    data: bytes

    def picture(self, preprocess: Preprocess) -> Picture:
        """Check and draw the strokes; their place is in the canvas's own unit."""
        body = parse_strokes(self.data)
        frame, placement = preprocess.place_strokes(body.in_pixels())
        return Picture(frame, placement.scaled(1 / body.scale, 1 / body.scale), body.width, body.height)


Sketch = RasterSketch | StrokesSketch
"""A sketch as it was sent."""


async def read_sketch(
    request: Request, hold: Hold, max_bytes: int, max_pixels: int, kind: AskedKind = "auto"
) -> Sketch:
    """The sketch in a request's body, by its content type, or a product's photo in its place. Raises ApiError."""
    data = await sent(request, hold, max_bytes, f"a sketch as {_SKETCH}")
    if media_type(request) == "application/json":
        if kind == "photo":
            raise ApiError(422, "invalid_parameter", "kind is 'photo': expected an image with it, not strokes")
        return StrokesSketch(data)
    return RasterSketch(await _image(request, data, _SKETCH), max_pixels, kind)


async def read_picture(request: Request, hold: Hold, max_bytes: int, max_pixels: int) -> RasterSketch:
    """The picture of a sketch in a request's body. Raises ApiError."""
    data = await sent(request, hold, max_bytes, f"a sketch as {_PICTURE}")
    return RasterSketch(await _image(request, data, _PICTURE), max_pixels)


async def sent(request: Request, hold: Hold, max_bytes: int, expected: str) -> bytes:
    """The body, unless it is empty or compressed. Raises ApiError."""
    data = await read_body(request, max_bytes, hold)
    if not data:
        raise ApiError(400, "empty_body", f"the body is empty: expected {expected}")
    encoding = request.headers.get("content-encoding", "identity")
    if encoding != "identity":
        raise unsupported("content-encoding", encoding, "a body that is not compressed")
    return data


async def _image(request: Request, data: bytes, expected: str) -> bytes:
    """The image file that a body is, or has in its field `sketch`."""
    kind = media_type(request)
    if kind == "multipart/form-data":
        return await _field(request.headers, data)
    if kind.startswith("image/") or kind == "application/octet-stream":
        return data
    raise unsupported("content-type", request.headers.get("content-type", ""), expected)


def media_type(request: Request) -> str:
    """The content type without its parameters; "" when there is none."""
    return request.headers.get("content-type", "").partition(";")[0].strip().lower()


class _InMemory(MultiPartParser):
    """Keeps every part in memory: the whole body is there already, and sketches do not belong on a disk."""

    spool_max_size = 0  # no limit


async def read_form(headers: Headers, data: bytes, most: int) -> FormData:
    """A multipart body of at most so many files, and as many texts. Raises ApiError bad_multipart."""
    try:
        return await _InMemory(headers, _once(data), max_files=most, max_fields=most).parse()
    except MultiPartException as error:
        raise bad_multipart(error) from None


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
        found = ", ".join(short(name) for name in form) or "no field"
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


async def _once(data: bytes) -> AsyncGenerator[bytes, None]:
    yield data


def bad_multipart(error: MultiPartException) -> ApiError:
    """The error for a form that cannot be read."""
    reason = error.message.rstrip(".")
    return ApiError(400, "bad_multipart", f"the multipart body cannot be read: {reason}")


def unsupported(header: str, value: str, expected: str) -> ApiError:
    """The error for a header that says the body is of a kind that is not taken."""
    found = f"is {short(value)}" if value else "is missing"
    return ApiError(415, "unsupported_media_type", f"{header} {found}: expected {expected}")
