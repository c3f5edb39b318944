"""Who may do what: an API key for every write, and on request for reading too.

A route that writes takes a parameter `key: WriteAccess`. Its body must be read in the route itself, not by FastAPI's
File() or Body(), which would take in all of it before anybody asks for the key.
"""

from __future__ import annotations

from typing import Annotated

from fastapi import Depends
from fastapi.security import APIKeyHeader, HTTPAuthorizationCredentials, HTTPBearer
from starlette.concurrency import run_in_threadpool

from app.asgi.dependencies import ServiceOf
from app.asgi.errors import ApiError
from app.asgi.rate_limit import WriteRate
from app.catalogue.api_keys import ApiKey

_CHALLENGE = {"WWW-Authenticate": 'Bearer realm="sketchfind"'}
_HOW = "`Authorization: Bearer KEY` or `X-API-Key: KEY`"
_MAKE_ONE = "`sketchfind keys add NAME --scope write --gallery DIR` makes one"

_Bearer = Annotated[HTTPAuthorizationCredentials | None, Depends(HTTPBearer(auto_error=False, scheme_name="bearer"))]
_Header = Annotated[str | None, Depends(APIKeyHeader(name="X-API-Key", auto_error=False, scheme_name="header"))]


async def _presented(bearer: _Bearer, header: _Header) -> str | None:
    """The key that a request brings; None when it brings none."""
    return (bearer.credentials if bearer else header) or None


_Presented = Annotated[str | None, Depends(_presented)]


def write_access(_rate: WriteRate, service: ServiceOf, presented: _Presented) -> ApiKey:
    """The write key of a request.

    Raises ApiError too_many_requests, writes_disabled when nobody has one, missing_key, wrong_key, or read_only_key.
    """
    keys = service.gallery.catalogue.keys
    if not any(key.scope == "write" for key in keys.recent()):
        raise ApiError(403, "writes_disabled", f"nothing can be changed here, as there is no write key: {_MAKE_ONE}")
    key = _known(service, presented)
    if key.scope != "write":
        message = f"key {key.name!r} has the scope 'read': expected one with the scope 'write'"
        raise ApiError(403, "read_only_key", message, {"name": key.name, "scope": key.scope})
    return key


async def read_access(service: ServiceOf, presented: _Presented) -> None:
    """Let anybody read, or only those with a key if the settings say so. Raises ApiError missing_key or wrong_key."""
    if service.settings.require_key:
        await run_in_threadpool(_known, service, presented)


def _known(service: ServiceOf, presented: str | None) -> ApiKey:
    if presented is None:
        raise ApiError(401, "missing_key", f"an API key is missing: expected {_HOW}", headers=_CHALLENGE)
    key = service.gallery.catalogue.keys.find(presented)
    if key is None:  # the message repeats nothing of it: messages end up in logs
        raise ApiError(401, "wrong_key", "the API key is not one of this gallery's", headers=_CHALLENGE)
    return key


WriteAccess = Annotated[ApiKey, Depends(write_access)]
ReadAccess = Depends(read_access)
