"""Parameters that no route takes: unknown ones, as a filter with a slip in its name would filter nothing, and NUL."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, get_origin

from fastapi import Depends, Request
from fastapi.dependencies.models import Dependant
from pydantic import AfterValidator
from pydantic_core import PydanticCustomError

from app.asgi.errors import ApiError
from app.core.error_text import expected_one_of, truncate


async def check_parameters(request: Request) -> None:
    """Raises ApiError for a parameter that the route does not know, or one given twice of which it takes one."""
    given = [name for name, _ in request.query_params.multi_items()]
    if not given:
        return
    known = dict(_parameters(request.scope["route"].dependant))
    for name in given:
        if name not in known:
            message = (
                f"parameter {truncate(name)} is unknown: {expected_one_of(sorted(known), 'this route takes none')}"
            )
            raise ApiError(422, "unknown_parameter", message, {"parameter": name[:80], "known": sorted(known)})
        if not known[name] and given.count(name) > 1:
            message = f"parameter {name!r} comes {given.count(name)} times: expected it once"
            raise ApiError(422, "invalid_parameter", message, {"parameter": name})


def _parameters(dependant: Dependant) -> Iterator[tuple[str, bool]]:
    """The names of a route's query parameters, and whether each may be given several times."""
    for field in dependant.query_params:
        yield field.alias, get_origin(field.field_info.annotation) is list
    for inner in dependant.dependencies:
        yield from _parameters(inner)


KnownParameters = Depends(check_parameters)


def _without_nul(value: str) -> str:
    """PostgreSQL takes no query with this character, which no text of a catalogue has."""
    if "\0" in value:
        raise PydanticCustomError("nul", "a text without NUL")
    return value


NulFreeText = Annotated[str, AfterValidator(_without_nul)]
"""What names a product or an operation in a request."""
