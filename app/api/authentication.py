"""Authentication by API keys: for every write and explanation, and for reads if the settings require it.

A route that writes takes a parameter `key: WriteAccess`. It must read its body itself, since FastAPI's File() and
Body() would read all of it before the key is checked.
"""

from __future__ import annotations

from typing import Annotated

from fastapi import Depends, Query
from fastapi.security import APIKeyHeader, HTTPAuthorizationCredentials, HTTPBearer
from starlette.concurrency import run_in_threadpool

from app.asgi.dependencies import ServiceOf
from app.asgi.errors import ApiError
from app.asgi.rate_limit import WriteRate
from app.catalogue.api_keys import ApiKey
from app.serving.service import Service

_CHALLENGE = {"WWW-Authenticate": 'Bearer realm="sketchfind"'}
_HOW = "`Authorization: Bearer KEY` or `X-API-Key: KEY`"
_MAKE_ONE = "`sketchfind keys add NAME --scope write --gallery DIR` makes one"

_Bearer = Annotated[HTTPAuthorizationCredentials | None, Depends(HTTPBearer(auto_error=False, scheme_name="bearer"))]
_Header = Annotated[str | None, Depends(APIKeyHeader(name="X-API-Key", auto_error=False, scheme_name="header"))]


async def _read_key(bearer: _Bearer, header: _Header) -> str | None:
    """Return the key in a request's headers, or None."""
    return (bearer.credentials if bearer else header) or None


_RequestKey = Annotated[str | None, Depends(_read_key)]


def require_write_key(_rate: WriteRate, service: ServiceOf, secret: _RequestKey) -> ApiKey:
    """Return the write key of a request.

    Raises ApiError too_many_requests, missing_key, wrong_key, read_only_key, or writes_disabled if the gallery has no
    write key.
    """
    return _find_write_key(service, secret)


async def read_explain(
    service: ServiceOf,
    secret: _RequestKey,
    *,
    explain: Annotated[
        bool, Query(description="explain which rules acted on each result; needs a write key", examples=[False])
    ] = False,
) -> bool:
    """Read whether to explain results, which shows rules. Raises the errors of require_write_key() if so."""
    if explain:
        await run_in_threadpool(_find_write_key, service, secret)
    return explain


def _find_write_key(service: Service, secret: str | None) -> ApiKey:
    """Return the write key of a secret. Raises ApiError as require_write_key()."""
    keys = service.gallery.catalogue.keys
    if not any(key.scope == "write" for key in keys.recent()):
        raise ApiError(403, "writes_disabled", f"the gallery has no write key, which this needs: {_MAKE_ONE}")
    key = _find_key(service, secret)
    if key.scope != "write":
        message = f"key {key.name!r} has the scope 'read': expected one with the scope 'write'"
        raise ApiError(403, "read_only_key", message, {"name": key.name, "scope": key.scope})
    return key


async def require_read_key(service: ServiceOf, secret: _RequestKey) -> None:
    """Check a request's key if the settings require one for reads. Raises ApiError missing_key or wrong_key."""
    if service.settings.require_key:
        await run_in_threadpool(_find_key, service, secret)


def _find_key(service: Service, secret: str | None) -> ApiKey:
    """Return the stored key of a secret. Raises ApiError missing_key or wrong_key."""
    if secret is None:
        raise ApiError(401, "missing_key", f"an API key is missing: expected {_HOW}", headers=_CHALLENGE)
    key = service.gallery.catalogue.keys.find(secret)
    if key is None:  # the message does not repeat the secret, since messages end up in logs
        raise ApiError(401, "wrong_key", "the API key is unknown: expected a key of this gallery", headers=_CHALLENGE)
    return key


WriteAccess = Annotated[ApiKey, Depends(require_write_key)]
ExplainOf = Annotated[bool, Depends(read_explain)]
"""Dependency: whether to explain results."""
ReadAccess = Depends(require_read_key)
