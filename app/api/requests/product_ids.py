"""Lists of product ids of `DELETE /products`."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import Field, TypeAdapter, ValidationError
from starlette.requests import Request

from app.api.requests.multipart import media_type, read_nonempty_body, unsupported_media_error
from app.api.requests.query_parameters import NulFreeText
from app.asgi.body_memory import Reservation
from app.asgi.errors import ApiError
from app.core.error_text import describe_first_error

_MAX_IDS = 10_000
_EXPECTED = "a list of product ids as application/json"
_IDS = TypeAdapter(Annotated[list[Annotated[NulFreeText, Field(max_length=1000)]], Field(max_length=_MAX_IDS)])

IDS_DOCS: dict[str, Any] = {
    "required": True,
    "content": {"application/json": {"schema": _IDS.json_schema(), "example": ["boot-017", "boot-018"]}},
}
"""OpenAPI's `requestBody` of a route that takes product ids."""


async def read_product_ids(request: Request, reservation: Reservation, max_bytes: int) -> list[str]:
    """Read the product ids in a request's body. Raises ApiError."""
    if media_type(request) != "application/json":
        raise unsupported_media_error("content-type", request.headers.get("content-type", ""), _EXPECTED)
    data = await read_nonempty_body(request, reservation, max_bytes, _EXPECTED)
    try:
        return _IDS.validate_json(data)
    except ValidationError as error:
        where, message = describe_first_error(error)
        raise ApiError(422, "invalid_parameter", message, {"parameter": where[:80]}) from None
