"""Routes of the admin page that only show: the state of the gallery, and what shoppers searched for lately."""

from __future__ import annotations

from fastapi import APIRouter, Request, Response

from app.admin.admin_route import AdminRoute
from app.admin.gallery_status import read_status
from app.admin.rendering import render
from app.admin.session import SessionOf
from app.asgi.dependencies import LimitedReads, ServiceOf

router = APIRouter(route_class=AdminRoute, include_in_schema=False)


@router.get("/admin", dependencies=[LimitedReads])
def show_overview(request: Request, session: SessionOf, service: ServiceOf) -> Response:
    """Show the state of the gallery, its index and this server."""
    return render(request, "overview.html", session, gallery=read_status(service))


@router.get("/admin/searches")
def list_searches(request: Request, session: SessionOf, service: ServiceOf) -> Response:
    """List the words and filters that shoppers searched for lately on this server."""
    searches = service.recent_searches.list_latest()
    return render(request, "searches.html", session, searches=searches, is_off=not service.settings.recent_searches)
