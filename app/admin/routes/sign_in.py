"""Routes that begin and end a session of the admin page."""

from __future__ import annotations

import logging

from fastapi import APIRouter, Request, Response
from starlette.concurrency import run_in_threadpool

from app.admin.admin_route import SIGN_IN, AdminRoute
from app.admin.forms import FormOf, read_form
from app.admin.rendering import redirect, render
from app.admin.session import PATH, SessionOf, WriteKeysExist, delete_cookie, sessions_of, set_cookie
from app.asgi.body_memory import WriteBody
from app.asgi.dependencies import ServiceOf
from app.asgi.rate_limit import WriteRate
from app.serving.service import Service

router = APIRouter(route_class=AdminRoute, include_in_schema=False)
_log = logging.getLogger(__name__)


@router.get("/admin/sign-in", dependencies=[WriteKeysExist])
def show_sign_in(request: Request) -> Response:
    """Ask for a key."""
    return render(request, "sign_in.html")


@router.post("/admin/sign-in", dependencies=[WriteKeysExist])
async def sign_in(request: Request, _rate: WriteRate, service: ServiceOf, reservation: WriteBody) -> Response:
    """Open a session by a write key."""
    form = await read_form(request, reservation)
    token, problem = await run_in_threadpool(_open_session, service, form.get("key", "").strip())
    if token is None:
        return render(request, "sign_in.html", status=403, problem=problem)
    answer = redirect(PATH)
    set_cookie(request, answer, token)
    return answer


@router.post("/admin/sign-out")
def sign_out(session: SessionOf, service: ServiceOf, form: FormOf) -> Response:
    """Close the session on all servers."""
    sessions_of(service).close(session.token)
    answer = redirect(SIGN_IN)
    delete_cookie(answer)
    return answer


def _open_session(service: Service, secret: str) -> tuple[str | None, str]:
    """Open a session, or tell why the key does not allow that."""
    key = service.gallery.catalogue.keys.find(secret)
    if key is None:
        return None, "The key is unknown. Expected a key of this gallery."
    if key.scope != "write":
        return None, f"The key {key.name} can only read. Expected one that can write."
    _log.info("key %r opens a session of the admin page", key.name)
    return sessions_of(service).open(key), ""
