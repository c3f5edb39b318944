"""Response bodies of searches."""

from __future__ import annotations

from pydantic import BaseModel, Field

from app.api.schemas.products import _Shown, _shown
from app.search.confidence import is_confident
from app.search.results import Result, SearchResult
from model.preprocessing.picture_kind import Kind


class ResultInfo(_Shown):
    """A product that was found."""

    rank: int = Field(description="1 for the nearest")
    distance: float = Field(description="smaller is nearer; comparable within one answer only")

    @staticmethod
    def of(result: Result, rank: int) -> ResultInfo:
        """The result at a rank as clients see it."""
        return ResultInfo(**_shown(result.product, result.photo), rank=rank, distance=result.distance)


class GalleryInfo(BaseModel):
    """The gallery that was searched."""

    size: int = Field(description="how many products the gallery has, whatever the filters")
    revision: int = Field(description="grows with every change of the catalogue")


class SearchResponse(BaseModel):
    """Results, nearest first."""

    results: list[ResultInfo]
    gallery: GalleryInfo
    timings_ms: Timings
    kind: Kind = Field(description="what was searched by: a sketch's lines, or the edges of a product's photo")
    confident: bool = Field(description="false when results are hardly nearer than any product is: maybe a scribble")

    @staticmethod
    def of(found: SearchResult) -> SearchResponse:
        """What a search found as clients see it."""
        return SearchResponse(
            results=[ResultInfo.of(result, rank) for rank, result in enumerate(found.results, 1)],
            gallery=GalleryInfo(size=found.size, revision=found.revision),
            timings_ms=Timings(**{name: round(spent, 3) for name, spent in found.timings_ms.items()}),
            kind=found.kind,
            confident=is_confident(found.contrast),
        )


class Timings(BaseModel):
    """Milliseconds that each stage took."""

    preprocess: float
    embed: float
    candidates: float
    rerank: float
    total: float = Field(description="all of these and the wait for the requests before")
