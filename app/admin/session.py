"""Sessions of the admin page: a cookie with a random token, opened by a write key.

The cookie is sent by this site's own pages only (SameSite=Strict). Every form also has a text that is derived from the
token, which other sites cannot know.
"""

from __future__ import annotations

import hashlib
import hmac
from dataclasses import dataclass
from typing import Annotated

from fastapi import Cookie, Depends, Request
from fastapi.responses import Response
from starlette.exceptions import HTTPException

from app.asgi.dependencies import ServiceOf
from app.asgi.errors import ApiError
from app.catalogue.admin.sessions import SECONDS, AdminSessions
from app.catalogue.api_keys import ApiKey
from app.serving.service import Service

PATH = "/admin"
_COOKIE = "sketchfind_admin"


class SignInRequiredError(Exception):
    """Request without a session. The browser is sent to the sign-in."""


@dataclass(frozen=True)
class Session:
    """Session of an operator: the key that opened it, and its secret token."""

    key: ApiKey
    token: str

    @property
    def form_token(self) -> str:
        """The text that every form of this session has."""
        return hmac.new(self.token.encode(), b"form", hashlib.sha256).hexdigest()

    def check_form(self, presented: str) -> None:
        """Check that a form comes from a page of this session. Raises ApiError stale_form."""
        if not hmac.compare_digest(presented.encode(), self.form_token.encode()):
            message = "the form is not of this session: open its page again, then send it from there"
            raise ApiError(403, "stale_form", message)


def require_write_keys(service: ServiceOf) -> None:
    """Check that the gallery has a write key. Without one there is no admin page: raises HTTPException 404."""
    if not any(key.scope == "write" for key in service.gallery.catalogue.keys.recent()):
        raise HTTPException(404)


def _require_session(
    service: ServiceOf, token: Annotated[str | None, Cookie(alias=_COOKIE, include_in_schema=False)] = None
) -> Session:
    """Return the session of a request. Raises SignInRequiredError, or HTTPException 404 without any write key."""
    require_write_keys(service)
    key = sessions_of(service).find(token) if token else None
    if token is None or key is None:
        raise SignInRequiredError
    return Session(key, token)


def sessions_of(service: Service) -> AdminSessions:
    """Return the sessions of a service's gallery."""
    return AdminSessions(service.gallery.catalogue)


def set_cookie(request: Request, response: Response, token: str) -> None:
    """Give the browser a session. Over HTTPS it sends the cookie over HTTPS only."""
    is_secure = request.url.scheme == "https"
    response.set_cookie(
        _COOKIE, token, max_age=int(SECONDS), path=PATH, secure=is_secure, httponly=True, samesite="strict"
    )


def delete_cookie(response: Response) -> None:
    """Remove the session from the browser."""
    response.delete_cookie(_COOKIE, path=PATH, httponly=True, samesite="strict")


WriteKeysExist = Depends(require_write_keys)
"""Dependency: 404 while the gallery has no write key."""
SessionOf = Annotated[Session, Depends(_require_session)]
"""Dependency: the session of a request, which is sent to the sign-in without one."""
