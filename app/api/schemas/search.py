"""Response bodies of searches."""

from __future__ import annotations

from pydantic import BaseModel, Field

from app.api.schemas.products import ProductSummary, summarise
from app.search.confidence import is_confident
from app.search.results import Result, SearchResult
from model.preprocessing.picture_kind import Kind


class ResultInfo(ProductSummary):
    """Product in the results of a search."""

    rank: int = Field(description="position in the results; 1 is the nearest")
    distance: float = Field(description="smaller is nearer; comparable within one answer only")

    @staticmethod
    def from_result(result: Result, rank: int) -> ResultInfo:
        """Build the response from a result and its rank."""
        return ResultInfo(**summarise(result.product, result.photo), rank=rank, distance=result.distance)


class GalleryInfo(BaseModel):
    """Size and revision of the searched gallery."""

    size: int = Field(description="number of products in the gallery, regardless of filters")
    revision: int = Field(description="revision of the catalogue; each change increases it")


class SearchResponse(BaseModel):
    """Results, nearest first."""

    results: list[ResultInfo]
    gallery: GalleryInfo
    timings_ms: Timings
    kind: Kind = Field(description="kind of the query: the lines of a sketch, or the edges of a product's photo")
    confident: bool = Field(description="false if the results are hardly nearer than other products, as for a scribble")

    @staticmethod
    def from_result(result: SearchResult) -> SearchResponse:
        """Build the response from the result of a search."""
        return SearchResponse(
            results=[ResultInfo.from_result(item, rank) for rank, item in enumerate(result.results, 1)],
            gallery=GalleryInfo(size=result.size, revision=result.revision),
            timings_ms=Timings(**{name: round(duration, 3) for name, duration in result.timings_ms.items()}),
            kind=result.kind,
            confident=is_confident(result.contrast),
        )


class Timings(BaseModel):
    """Duration of each stage in milliseconds."""

    preprocess: float
    embed: float
    candidates: float
    rerank: float
    total: float = Field(description="sum of these stages and the wait in the queue")
