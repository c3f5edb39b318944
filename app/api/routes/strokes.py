"""Route that traces a picture into strokes, which the page can edit, share and search."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise
from typing import Annotated

from fastapi import APIRouter, Query, Request
from pydantic import BaseModel, Field

from app.api.requests.sketch_upload import PICTURE_DOCS, CropParameter, read_picture
from app.api.schemas.errors import error_docs
from app.api.schemas.queries import OBJECT_EXAMPLE, ObjectInfo
from app.asgi.body_memory import SearchBody
from app.asgi.client_address import rate_limit_key
from app.asgi.dependencies import QueueHasRoom, ServiceOf
from app.asgi.disconnect import cancel_on_disconnect
from app.asgi.rate_limit import SearchRate
from app.decoding.stroke_sketch import MAX_POINTS, MAX_SIDE, MAX_STROKES
from model.preprocessing.picture_kind import Kind
from model.preprocessing.tracing import Tracing

Stroke = list[list[float]]

router = APIRouter()


class StrokesResponse(BaseModel):
    """Sketch as strokes on a canvas, in the format of POST /search."""

    width: int = Field(description="width in px of the cleaned, straightened and reduced picture", examples=[320])
    height: int = Field(description="height in px of the same picture", examples=[240])
    strokes: list[Stroke] = Field(
        description="strokes of points [x, y] in px, y down",
        examples=[[[[20, 200], [90.5, 40]], [[90, 40], [300, 60]]]],
    )
    kind: Kind = Field(description="kind of the picture; the strokes of a photo are its edges", examples=["sketch"])
    object: ObjectInfo | None = Field(
        description="what was traced of a photo; null for a sketch", examples=[None, OBJECT_EXAMPLE]
    )


@router.post(
    "/strokes",
    responses=error_docs(401, 408, 413, 415, 422, 429, 500, 503),
    openapi_extra={"requestBody": PICTURE_DOCS},
    dependencies=[SearchRate, QueueHasRoom],
    tags=["search"],
)
async def trace_strokes(
    request: Request, service: ServiceOf, reservation: SearchBody, parameters: Annotated[CropParameter, Query()]
) -> StrokesResponse:
    """Trace the lines of a photo, a scan or a picture of a sketch, or the edges of the object in a photo."""
    limits = service.settings.max_body_bytes, service.settings.max_pixels
    picture = await read_picture(request, reservation, *limits, parameters.read_crop())
    tracing = await cancel_on_disconnect(request, service.trace(rate_limit_key(request.scope), picture))
    tracing = shrink_canvas(tracing)
    return StrokesResponse(
        width=tracing.width,
        height=tracing.height,
        strokes=drop_shortest(tracing.strokes),
        kind=tracing.kind,
        object=ObjectInfo.from_object(tracing.object),
    )


def shrink_canvas(tracing: Tracing, max_side: int = MAX_SIDE) -> Tracing:
    """Scale strokes down to a canvas with sides of at most `max_side`, which POST /search accepts."""
    scale = max_side / max(tracing.width, tracing.height)
    if scale >= 1:
        return tracing
    strokes = [[[round(x * scale, 2), round(y * scale, 2)] for x, y in stroke] for stroke in tracing.strokes]
    width, height = (max(1, round(side * scale)) for side in (tracing.width, tracing.height))
    return Tracing(width, height, strokes, tracing.object)


def drop_shortest(
    strokes: Sequence[Stroke], max_strokes: int = MAX_STROKES, max_points: int = MAX_POINTS
) -> list[Stroke]:
    """Return the strokes in their order, without the shortest ones beyond the limits of POST /search."""
    order = sorted(range(len(strokes)), key=lambda i: -_length(strokes[i]))[:max_strokes]
    longest, points = set(), 0
    for i in order:
        points += len(strokes[i])
        if points > max_points:
            break
        longest.add(i)
    return [stroke for i, stroke in enumerate(strokes) if i in longest]


def _length(stroke: Stroke) -> float:
    return math.fsum(math.dist(start, end) for start, end in pairwise(stroke))
