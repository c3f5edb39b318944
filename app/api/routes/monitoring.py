"""Routes for monitoring: health, readiness and metrics."""

from __future__ import annotations

from fastapi import APIRouter, Request
from fastapi.responses import PlainTextResponse, Response
from prometheus_client import CONTENT_TYPE_LATEST

from app.api.authentication import ReadAccess
from app.api.schemas.errors import error_docs
from app.api.schemas.monitoring import Health, Readiness
from app.asgi.dependencies import ServiceOf, service_of
from app.asgi.errors import ApiError
from app.observability.build_info import read_build_info, short_hash
from app.observability.metrics import Metrics

router = APIRouter(tags=["monitoring"])


@router.get("/healthz")
async def check_health(request: Request) -> Health:
    """Report that the process answers, with its version, build and checkpoint."""
    info, service = read_build_info(), service_of(request)
    checkpoint = short_hash(service.runtime.checkpoint.sha256) if service else None
    return Health(status="ok", version=info.version, build=info.build, checkpoint=checkpoint)


@router.get("/readyz", responses=error_docs(503))
async def check_readiness(request: Request, service: ServiceOf) -> Readiness:
    """Report whether searches work: the gallery is open, a first search has run, and no damage has been found.

    The status is `degraded` while the database is away and searches continue from memory, or the bucket of the photos.
    """
    damage: str | None = getattr(request.app.state, "damage", None)
    if damage is not None:
        raise ApiError(503, "damaged_catalogue", damage)
    has_database, has_photos = service.gallery.contact.is_up, service.gallery.photos.is_up
    return Readiness(
        status="ready" if has_database and has_photos else "degraded",
        database="up" if has_database else "away",
        photos="up" if has_photos else "away",
    )


@router.get(
    "/metrics", dependencies=[ReadAccess], response_class=PlainTextResponse, responses=error_docs(401, 500, 503)
)
def get_metrics(request: Request) -> Response:
    """Return the server's metrics in the Prometheus text format."""
    collected: Metrics = request.app.state.metrics
    return Response(collected.text(), media_type=CONTENT_TYPE_LATEST)
