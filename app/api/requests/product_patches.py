"""Partial updates: one product of `PATCH /products/{product_id}`."""

from __future__ import annotations

from typing import Any

from starlette.requests import Request

from app.api.requests.multipart import media_type, read_nonempty_body, unsupported_media_error
from app.api.schemas.patches import PatchBody, parse_patch
from app.asgi.body_memory import Reservation
from app.products.product_patch import ProductPatch

_MEDIA_TYPES = ("application/merge-patch+json", "application/json")
_EXPECTED = f"the fields to change as {' or '.join(_MEDIA_TYPES)}"
_EXAMPLE = {"price": "79.90 EUR", "availability": "in_stock", "attributes": {"sale": "yes", "season": None}}

PATCH_DOCS: dict[str, Any] = {
    "required": True,
    "content": {kind: {"schema": PatchBody.model_json_schema(), "example": _EXAMPLE} for kind in _MEDIA_TYPES},
}
"""OpenAPI's `requestBody` of a route that changes one product."""


async def read_patch(request: Request, reservation: Reservation, max_bytes: int, product_id: str) -> ProductPatch:
    """Read the changes of a product in a request's body. Raises ApiError."""
    if media_type(request) not in _MEDIA_TYPES:
        raise unsupported_media_error("content-type", request.headers.get("content-type", ""), _EXPECTED)
    return parse_patch(await read_nonempty_body(request, reservation, max_bytes, _EXPECTED), product_id)
