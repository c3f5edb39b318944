"""Routes of the admin page that start the maintenance of the gallery, and show its progress and results."""

from __future__ import annotations

from typing import Literal

from fastapi import APIRouter, Request, Response

from app.admin.admin_route import AdminRoute
from app.admin.commands import CommandRunningError, Commands
from app.admin.forms import FormOf
from app.admin.rendering import redirect, render
from app.admin.session import SessionOf
from app.asgi.dependencies import ServiceOf
from app.asgi.errors import ApiError

router = APIRouter(route_class=AdminRoute, include_in_schema=False)


@router.get("/admin/operations")
def show_operations(request: Request, session: SessionOf, service: ServiceOf) -> Response:
    """Show the commands, what runs, and the results of the last runs on this server."""
    settings = service.settings
    return render(
        request,
        "operations.html",
        session,
        runs=_commands_of(request).runs,
        backup_to=settings.backup_to,
        gallery=settings.gallery,
    )


@router.post("/admin/operations/{name}")
def start_operation(
    request: Request, session: SessionOf, service: ServiceOf, form: FormOf, name: Literal["backup", "tune", "verify"]
) -> Response:
    """Start a command in the background. Raises ApiError if it cannot run now."""
    folder = service.settings.backup_to
    if name == "backup" and folder is None:
        message = "there is no folder for a backup: expected one in SKETCHFIND_BACKUP_TO"
        raise ApiError(409, "not_possible", message)
    try:
        _commands_of(request).start(name, *([folder.resolve()] if name == "backup" and folder else []))
    except CommandRunningError as error:
        raise ApiError(409, "not_possible", str(error)) from None
    return redirect("/admin/operations?notice=started")


def _commands_of(request: Request) -> Commands:
    commands: Commands = request.app.state.commands
    return commands
