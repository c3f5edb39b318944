"""Forms of the admin page: read within limits, and checked to come from a page of the same session."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated
from urllib.parse import parse_qsl

from fastapi import Depends, Request

from app.admin.session import Session, SessionOf
from app.api.requests.multipart import media_type, read_nonempty_body, unsupported_media_error
from app.asgi.body_memory import Reservation, WriteBody
from app.asgi.errors import ApiError
from app.asgi.rate_limit import WriteRate

FORM_TOKEN = "form_token"
"""Name of the hidden field that every form of a session has."""

_TYPE = "application/x-www-form-urlencoded"
_MAX_BYTES = 2**20
_MAX_FIELDS = 400  # a product may have texts in 30 languages, each with the text before

Form = Mapping[str, str]


async def read_form(request: Request, reservation: Reservation) -> dict[str, str]:
    """Read the fields of a form; of several with one name, the last. Line breaks become line feeds. Raises ApiError."""
    if media_type(request) != _TYPE:
        raise unsupported_media_error("content-type", request.headers.get("content-type", ""), _TYPE)
    data = await read_nonempty_body(request, reservation, _MAX_BYTES, "the fields of a form")
    try:
        pairs = parse_qsl(data.decode(), keep_blank_values=True, max_num_fields=_MAX_FIELDS)
    except ValueError as error:
        raise ApiError(422, "invalid_parameter", f"the form cannot be read: {error}") from None
    return {name: value.replace("\r\n", "\n") for name, value in pairs}


async def _read_checked_form(_rate: WriteRate, session: SessionOf, reservation: WriteBody, request: Request) -> Form:
    """Read the form of a session. Raises ApiError."""
    form = await read_form(request, reservation)
    check_origin(session, form)
    return form


def check_origin(session: Session, form: Mapping[str, object]) -> None:
    """Check that a form comes from a page of this session. Raises ApiError stale_form."""
    session.check_form(str(form.get(FORM_TOKEN, "")))


def get_field(form: Form, name: str) -> str:
    """Return a field's text without surrounding space. Raises ApiError for a missing field, and one with NUL."""
    text = form.get(name)
    if text is None or "\0" in text:
        problem = "is missing" if text is None else "has a NUL character"
        raise ApiError(422, "invalid_parameter", f"field {name!r} {problem}: expected a text", {"parameter": name})
    return text.strip()


FormOf = Annotated[Form, Depends(_read_checked_form)]
"""Dependency: the fields of a form, after its session, the rate limit and its origin have been checked."""
