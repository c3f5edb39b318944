"""Routes that read and replace the rules of merchandising."""

from __future__ import annotations

import logging
from typing import Annotated, Any

from fastapi import APIRouter, Header, Request, Response
from pydantic_core import from_json
from starlette.concurrency import run_in_threadpool

from app.api.authentication import WriteAccess
from app.api.requests.multipart import media_type, read_nonempty_body, unsupported_media_error
from app.api.schemas.errors import error_docs
from app.api.schemas.rules import RULES_DOCS, RulesDocument
from app.asgi.body_memory import WriteBody
from app.asgi.dependencies import LimitedReads, ServiceOf
from app.asgi.errors import ApiError
from app.core.error_text import truncate
from app.database.merchandising.stored_rules import RulesChangedError, version_of
from app.rules.rule_set import MOST_BYTES, InvalidRulesError, check_rules, parse_rules
from app.rules.toml_writer import write_toml
from app.serving.service import Service
from app.serving.shop_rules import RulesInFileError

router = APIRouter(tags=["rules"])

_EXPECTED = "rules as application/json"
_log = logging.getLogger(__name__)


@router.get("/rules", responses=error_docs(401, 403, 409, 422, 429, 500, 503), dependencies=[LimitedReads])
def get_rules(response: Response, service: ServiceOf, key: WriteAccess) -> RulesDocument:
    """Return all rules. The ETag header is their version, which a change of them names.

    Rules of a file are those that it has now.
    """
    try:
        text = service.rules.read()
        parse_rules(text)
    except InvalidRulesError as error:  # in a file that is being edited
        raise ApiError(409, "unusable_rules", f"the rules cannot be read: {error}") from None
    response.headers["ETag"] = _etag_of(text)
    return RulesDocument.from_text(text)


@router.put(
    "/rules",
    responses=error_docs(401, 403, 408, 409, 412, 413, 415, 422, 428, 429, 500, 503),
    openapi_extra={"requestBody": RULES_DOCS},
)
async def put_rules(
    request: Request,
    response: Response,
    service: ServiceOf,
    key: WriteAccess,
    reservation: WriteBody,
    if_match: Annotated[
        str | None,
        Header(
            max_length=1000,
            description="ETag of the rules to replace, or * for any; required",
            examples=['"5f2c7a0d9e414b4f8d0a6f1c3b7e9a21"', "*"],
        ),
    ] = None,
) -> RulesDocument:
    """Replace all rules. They act here at once, and on other servers of the gallery within two seconds."""
    if media_type(request) != "application/json":
        raise unsupported_media_error("content-type", request.headers.get("content-type", ""), _EXPECTED)
    data = await read_nonempty_body(request, reservation, MOST_BYTES, _EXPECTED)
    text = await run_in_threadpool(_replace, service, data, if_match)
    _log.info("the rules were replaced by key %r", key.name)
    response.headers["ETag"] = _etag_of(text)
    return RulesDocument.from_text(text)


def _replace(service: Service, data: bytes, if_match: str | None) -> str:
    """Replace the rules by those of a JSON body, and return them as TOML. Raises ApiError."""
    try:
        service.rules.check_stored()
        if if_match is None:
            message = "If-Match is missing: expected the ETag of `GET /rules`, or * to replace any rules"
            raise ApiError(428, "missing_if_match", message)
        content = _parse_json(data)
        check_rules(content)
        text = write_toml(content)
        service.rules.replace(text, _seen_version(service, if_match))
    except RulesInFileError as error:
        raise ApiError(409, "rules_in_file", str(error)) from None
    except RulesChangedError as error:
        raise ApiError(412, "rules_changed", str(error)) from None
    except InvalidRulesError as error:
        raise ApiError(422, "invalid_rules", str(error), {"problems": error.problems}) from None
    return text


def _parse_json(data: bytes) -> Any:
    try:
        return from_json(data, allow_inf_nan=False)
    except ValueError as error:
        raise InvalidRulesError([f"the body is not valid JSON: {error}"]) from None


def _seen_version(service: Service, if_match: str) -> str | None:
    """Return the version that a header names, None for any. Of several versions, only the present one counts.

    A proxy that compresses answers makes ETags weak (W/"..."), and they name the same rules still.
    """
    versions = [part.strip().removeprefix("W/").strip('"') for part in if_match.split(",")]
    if "*" in versions:
        return None
    present = version_of(service.rules.read())
    return present if present in versions else truncate(versions[0])


def _etag_of(text: str) -> str:
    return f'"{version_of(text)}"'
