"""Lists of product ids of `DELETE /products`."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import Field, TypeAdapter
from starlette.requests import Request

from app.api.requests.multipart import read_json_body
from app.api.requests.query_parameters import NulFreeText
from app.asgi.body_memory import Reservation

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
    return await read_json_body(request, reservation, max_bytes, _EXPECTED, _IDS.validate_json)
