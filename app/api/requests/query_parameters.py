"""Checks of query parameters: unknown names, repeated values, NUL and languages.

Unknown names are refused, since a filter with a misspelt name would filter nothing.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Any, get_origin

from fastapi import Depends, Query, Request
from fastapi.dependencies.models import Dependant
from pydantic import AfterValidator
from pydantic_core import PydanticCustomError

from app.asgi.errors import ApiError
from app.core.error_text import expected_one_of, truncate
from app.products.languages.codes import read_language


async def check_parameters(request: Request) -> None:
    """Check the names and counts of query parameters.

    Raises ApiError for a parameter that the route does not have, and for a repeated one that takes a single value.
    """
    given = [name for name, _ in request.query_params.multi_items()]
    if not given:
        return
    known = dict(_iterate_parameters(request.scope["route"].dependant))
    for name in given:
        if name not in known:
            message = (
                f"parameter {truncate(name)} is unknown: {expected_one_of(sorted(known), 'this route takes none')}"
            )
            raise ApiError(422, "unknown_parameter", message, {"parameter": name[:80], "known": sorted(known)})
        if not known[name] and given.count(name) > 1:
            message = f"parameter {name!r} comes {given.count(name)} times: expected it once"
            raise ApiError(422, "invalid_parameter", message, {"parameter": name})


def _iterate_parameters(dependant: Dependant) -> Iterator[tuple[str, bool]]:
    """Yield the names of a route's query parameters, and whether each takes several values."""
    for field in dependant.query_params:
        annotation: Any = field.field_info.annotation
        fields = getattr(annotation, "model_fields", {field.alias: field.field_info})  # of a model, all of its fields
        yield from ((name, get_origin(info.annotation) is list) for name, info in fields.items())
    for inner in dependant.dependencies:
        yield from _iterate_parameters(inner)


KnownParameters = Depends(check_parameters)
"""Dependency: refuses unknown query parameters."""


def _reject_nul(value: str) -> str:
    """Return the text. Raises PydanticCustomError for NUL, which PostgreSQL refuses and no catalogue contains."""
    if "\0" in value:
        raise PydanticCustomError("nul", "a text without NUL")
    return value


NulFreeText = Annotated[str, AfterValidator(_reject_nul)]
"""Text that identifies a product or an operation in a request."""


def parse_language(name: str, text: str) -> str:
    """Return the code of a language in a parameter. Raises ApiError for anything else."""
    try:
        return read_language(text)
    except ValueError as error:
        raise ApiError(422, "invalid_parameter", f"{name}: {error}", {"parameter": name}) from None


def _read_lang(text: str | None) -> str | None:
    """Read the language of an answer. Raises ApiError, which pydantic passes on."""
    return None if text is None else parse_language("lang", text)


Lang = Annotated[
    str | None,
    Query(
        max_length=35,
        description="language of titles, descriptions, links and labels, as far as products have texts in it; "
        "default: the products' own",
        examples=["de", "pt-BR"],
    ),
    AfterValidator(_read_lang),
]
"""Query parameter: the code of the language that an answer is in, None for the products' own texts."""
