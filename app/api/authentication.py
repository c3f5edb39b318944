"""Authentication by API keys: for every write and explanation, and for reads if the settings require it.

A route that writes takes a parameter `key: WriteAccess`. It must read its body itself, since FastAPI's File() and
Body() would read all of it before the key is checked.
"""

from __future__ import annotations

from typing import Annotated

from fastapi import Depends, Request
from fastapi.security import APIKeyHeader, HTTPAuthorizationCredentials, HTTPBearer
from pydantic import BaseModel, Field
from starlette.concurrency import run_in_threadpool

from app.asgi.dependencies import ServiceOf, require_service
from app.asgi.errors import ApiError
from app.asgi.rate_limit import WriteRate
from app.catalogue.api_keys import ApiKey
from app.serving.service import Service

_CHALLENGE = {"WWW-Authenticate": 'Bearer realm="sketchfind"'}
_HOW = "`Authorization: Bearer KEY` or `X-API-Key: KEY`"
_MAKE_ONE = "`sketchfind keys add NAME --scope write --gallery DIR` makes one"

_BEARER = HTTPBearer(auto_error=False, scheme_name="bearer")
_HEADER = APIKeyHeader(name="X-API-Key", auto_error=False, scheme_name="header")
_Bearer = Annotated[HTTPAuthorizationCredentials | None, Depends(_BEARER)]
_Header = Annotated[str | None, Depends(_HEADER)]


def _choose_key(bearer: HTTPAuthorizationCredentials | None, header: str | None) -> str | None:
    """Return the key in a request's headers, or None."""
    return (bearer.credentials if bearer else header) or None


def require_write_key(_rate: WriteRate, service: ServiceOf, bearer: _Bearer, header: _Header) -> ApiKey:
    """Return the write key of a request.

    Raises ApiError too_many_requests, missing_key, wrong_key, read_only_key, or writes_disabled if the gallery has no
    write key.
    """
    return _find_write_key(service, _choose_key(bearer, header))


class ExplainParameter(BaseModel):
    """Query parameter: whether to explain results, which shows rules."""

    explain: bool = Field(
        default=False, description="explain which rules acted on each result; needs a write key", examples=[False]
    )

    async def check_key(self, request: Request) -> None:
        """Check that a request for explanations has a write key. Raises the errors of require_write_key()."""
        if self.explain:
            secret = _choose_key(await _BEARER(request), await _HEADER(request))
            await run_in_threadpool(_find_write_key, require_service(request), secret)


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


async def require_read_key(request: Request, bearer: _Bearer, header: _Header) -> None:
    """Check a request's key if the settings require one for reads. Raises ApiError missing_key or wrong_key."""
    service = require_service(request)
    if service.settings.require_key:
        await run_in_threadpool(_find_key, service, _choose_key(bearer, header))


def _find_key(service: Service, secret: str | None) -> ApiKey:
    """Return the stored key of a secret. Raises ApiError missing_key or wrong_key."""
    if secret is None:
        raise ApiError(401, "missing_key", f"an API key is missing: expected {_HOW}", headers=_CHALLENGE)
    key = service.gallery.catalogue.keys.find(secret)
    if key is None:  # the message does not repeat the secret, since messages end up in logs
        raise ApiError(401, "wrong_key", "the API key is unknown: expected a key of this gallery", headers=_CHALLENGE)
    return key


WriteAccess = Annotated[ApiKey, Depends(require_write_key)]
ReadAccess = Depends(require_read_key)
