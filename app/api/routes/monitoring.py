"""Routes for monitoring: health, readiness and metrics."""

from __future__ import annotations

from fastapi import APIRouter, Request
from fastapi.responses import PlainTextResponse, Response
from prometheus_client import CONTENT_TYPE_LATEST

from app.api.authentication import ReadAccess
from app.api.schemas.errors import Status, error_docs
from app.asgi.dependencies import ServiceOf
from app.asgi.errors import ApiError
from app.observability.metrics import Metrics

router = APIRouter(tags=["monitoring"])


@router.get("/healthz")
async def health() -> Status:
    """Report that the process answers."""
    return Status(status="ok")


@router.get("/readyz", responses=error_docs(503))
async def ready(request: Request, _service: ServiceOf) -> Status:
    """Report whether searches work: the gallery is open, a first search has run, and no damage has been found."""
    damage: str | None = getattr(request.app.state, "damage", None)
    if damage is not None:
        raise ApiError(503, "damaged_catalogue", damage)
    return Status(status="ready")


@router.get(
    "/metrics", dependencies=[ReadAccess], response_class=PlainTextResponse, responses=error_docs(401, 500, 503)
)
def metrics(request: Request) -> Response:
    """Return the server's metrics in the Prometheus text format."""
    collected: Metrics = request.app.state.metrics
    return Response(collected.text(), media_type=CONTENT_TYPE_LATEST)
