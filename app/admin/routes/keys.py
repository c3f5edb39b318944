"""Routes of the admin page that list, create and remove API keys."""

from __future__ import annotations

import logging

from fastapi import APIRouter, Request, Response

from app.admin.admin_route import AdminRoute
from app.admin.forms import Form, FormOf, get_field
from app.admin.rendering import redirect, render
from app.admin.session import Session, SessionOf
from app.asgi.dependencies import LimitedReads, ServiceOf
from app.asgi.errors import ApiError
from app.catalogue.api_keys import SCOPES, InvalidKeyError, Scope
from app.core.error_text import expected_one_of, truncate
from app.serving.service import Service

router = APIRouter(route_class=AdminRoute, include_in_schema=False)
_log = logging.getLogger(__name__)


@router.get("/admin/keys", dependencies=[LimitedReads])
def list_keys(request: Request, session: SessionOf, service: ServiceOf) -> Response:
    """List the keys by name and scope. The keys themselves are not stored."""
    return _render_keys(request, session, service)


@router.post("/admin/keys")
def add_key(request: Request, session: SessionOf, service: ServiceOf, form: FormOf) -> Response:
    """Create a key and show it, this once: so this answer is a page, and not a redirection to one."""
    name, scope = get_field(form, "name"), _read_scope(form)
    try:
        secret = service.gallery.catalogue.keys.add(name, scope)
    except InvalidKeyError as error:
        return _render_keys(request, session, service, 422, str(error))
    _log.info("key %r was created on the admin page by key %r", name, session.key.name)
    return _render_keys(request, session, service, secret=secret)


@router.post("/admin/keys/{name}/remove")
def remove_key(request: Request, session: SessionOf, service: ServiceOf, form: FormOf, name: str) -> Response:
    """Remove a key, but never the one of this session: it would lock the operator out."""
    problem: str | None = None
    if name == session.key.name:
        problem = f"this session was opened by the key {name!r}: expected another key, or sign in by another one"
    elif form.get("confirmed") != "yes":
        problem = f"the removal of key {name!r} is not confirmed: expected a tick beside the button"
    else:
        try:
            service.gallery.catalogue.keys.remove(name)
        except InvalidKeyError as error:
            problem = str(error)
    if problem is not None:
        return _render_keys(request, session, service, 422, problem)
    _log.info("key %r was removed on the admin page by key %r", name, session.key.name)
    return redirect("/admin/keys?notice=key-removed")


def _read_scope(form: Form) -> Scope:
    """Read the scope of a new key. Raises ApiError for an unknown one."""
    text = get_field(form, "scope")
    for scope in SCOPES:
        if text == scope:
            return scope
    message = f"scope is {truncate(text)}: {expected_one_of(SCOPES, '')}"
    raise ApiError(422, "invalid_parameter", message, {"parameter": "scope"})


def _render_keys(
    request: Request,
    session: Session,
    service: Service,
    status: int = 200,
    problem: str | None = None,
    secret: str | None = None,
) -> Response:
    """Render the keys, with a new key or a problem."""
    keys = service.gallery.catalogue.keys.all()
    return render(request, "keys.html", session, status, keys=keys, problem=problem, secret=secret)
