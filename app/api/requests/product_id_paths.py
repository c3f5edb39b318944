"""Paths in which a product's id may hold slashes."""

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
    """A route whose end, after all parameters, counts only as it is written: /products/a%2Fsimilar is the product
    "a/similar", not what is similar to "a".

    Paths are decoded before they are matched, so this looks at the path as it was sent, where the server tells it.
    """

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        """Whether a request is for this route, by its method or without, and the path's parameters."""
        matched, parameters = super().matches(scope)
        end = self.path.rpartition("}")[2].encode() if "}" in self.path else b""
        if matched is not Match.NONE and not (scope.get("raw_path") or end).endswith(end):
            return Match.NONE, {}
        return matched, parameters


ProductId = Annotated[
    NulFreeText,
    Path(max_length=1000, description="slashes may be encoded, and have to be before a last /similar or /match"),
]


def no_product(product_id: str) -> ApiError:
    """The error for an id that is not there."""
    return ApiError(404, "not_found", f"there is no product {truncate(product_id)}: expected an id from /products")
