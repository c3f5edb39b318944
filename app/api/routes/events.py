"""Route by which pages report what became of results, without saying whose they were."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Request

from app.analytics.search_ticket import SearchTicket
from app.api.requests.multipart import read_json_body
from app.api.schemas.errors import error_docs
from app.api.schemas.events import EVENT_BATCH_SCHEMA, EventBatch, EventReceipt
from app.asgi.body_memory import SearchBody
from app.asgi.dependencies import ServiceOf
from app.asgi.errors import ApiError
from app.asgi.rate_limit import EventRate
from app.database.analytics.records import Event

_MAX_BYTES = 64 * 2**10  # of a body: what browsers send when a page is left
_EXPECTED = "a session with its events as application/json"
_DOCS: dict[str, Any] = {"required": True, "content": {"application/json": {"schema": EVENT_BATCH_SCHEMA}}}

router = APIRouter()


@router.post(
    "/events",
    responses=error_docs(401, 403, 408, 413, 415, 422, 429, 500, 503),
    openapi_extra={"requestBody": _DOCS},
    dependencies=[EventRate],
    tags=["search"],
)
async def record_events(request: Request, service: ServiceOf, reservation: SearchBody) -> EventReceipt:
    """Record that results were looked at, and products opened. The answer comes when all of it is stored.

    Nothing but the fields of the body is kept: no address, no browser, no sketch and no words. Repeats count once.
    """
    if service.events is None:
        message = "nothing is counted here: expected SKETCHFIND_EVENTS=true in the environment of the server"
        raise ApiError(403, "events_off", message)
    batch = await read_json_body(request, reservation, _MAX_BYTES, _EXPECTED, EventBatch.model_validate_json)
    events = list_events(batch, service.gallery.secret)
    if events:
        await service.events.record(events)
    ignored = len(batch.events) - len(events)
    service.metrics.events("ignored", ignored)
    return EventReceipt(accepted=len(events), ignored=ignored)


def list_events(batch: EventBatch, secret: str) -> list[Event]:
    """Return the events of known searches that still count."""
    decoded = [(info, SearchTicket.decode(info.search_id, secret)) for info in batch.events]
    return [
        Event(
            search=ticket.search,
            kind=info.kind,
            product_id=info.product_id or "",
            day=ticket.day.isoformat(),
            session=batch.session,
            rank=info.rank,
            checkpoint=ticket.checkpoint,
            outcome=ticket.outcome,
        )
        for info, ticket in decoded
        if ticket is not None and ticket.is_current
    ]
