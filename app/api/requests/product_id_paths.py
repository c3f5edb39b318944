"""Routes and parameters for product ids that contain slashes."""

from __future__ import annotations

from typing import Annotated

from fastapi import Path
from fastapi.routing import APIRoute
from starlette.routing import Match
from starlette.types import Scope

from app.api.requests.query_parameters import NulFreeText
from app.asgi.errors import ApiError
from app.core.error_text import truncate


class RawSuffixRoute(APIRoute):
    """Route whose suffix after all parameters matches the raw path only.

    /products/a%2Fsimilar is the product "a/similar", not the products similar to "a". Starlette matches decoded paths,
    so this class checks the raw path, where the server provides it.
    """

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        """Return whether the route matches a request, fully or except its method, and the path's parameters."""
        match, parameters = super().matches(scope)
        suffix = self.path.rpartition("}")[2].encode() if "}" in self.path else b""
        if match is not Match.NONE and not (scope.get("raw_path") or suffix).endswith(suffix):
            return Match.NONE, {}
        return match, parameters


ProductId = Annotated[
    NulFreeText,
    Path(
        max_length=1000,
        description="product id; slashes may be encoded, and must be if the id ends in /similar or /match",
        examples=["boot-017"],
    ),
]


def unknown_product_error(product_id: str) -> ApiError:
    """Return the error for a product id that the catalogue does not have."""
    return ApiError(404, "not_found", f"there is no product {truncate(product_id)}: expected an id from /products")
