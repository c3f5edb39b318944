"""Requests for searches, and the searches that wait for their batch."""

from __future__ import annotations

import hashlib
import threading
import time
from dataclasses import dataclass, field, replace

import numpy as np

from app.colours.shares import ColorShare
from app.decoding.framed_picture import FramedPicture
from app.decoding.image_sketch import ImageSketch
from app.decoding.stroke_sketch import Sketch, StrokesSketch
from app.products.filters import Filters
from app.rules.rule import NO_RULES, ActiveRules
from app.search.listing.cursor import FROM_START, ListRequest, fingerprint
from app.search.results import NEAREST, Listing, Query, QueryKind
from app.search.retriever import Retriever
from model.preprocessing.object_cutout import PhotoObject
from model.preprocessing.preprocess import Preprocess


@dataclass(frozen=True)
class SearchRequest:
    """Request for the k products nearest to a sketch; with `mirror`, in either direction.

    With `variants`, products of one group are results of their own. Without a sketch, the words of the filters decide.
    Results of the colours `paint` come first, by default of those that the strokes are drawn in. With `explain`, the
    results say which rules acted on them.
    """

    sketch: Sketch | None
    k: int
    filters: Filters
    mirror: bool
    variants: bool = False
    listing: ListRequest = FROM_START
    paint: tuple[ColorShare, ...] = ()
    rules: ActiveRules = NO_RULES
    explain: bool = False

    def fingerprint(self) -> bytes:
        """Hash all that decides which list is returned, and in which order, except rules.

        These may change while a list is read. If that changes the results before a cursor, the cursor is outdated.
        """
        how = (self.sketch.kind, self.sketch.crop) if isinstance(self.sketch, ImageSketch) else None
        sketch = self.sketch and (hashlib.blake2b(self.sketch.data).digest(), how)
        listing = replace(self.listing, cursor=None)
        filters = replace(self.filters, hidden=())
        return fingerprint(sketch, filters, self.mirror, self.variants, listing, self.paint)


@dataclass(frozen=True)
class SimilarRequest:
    """Request for the k products nearest to a product, without those of its group."""

    product_id: str
    k: int
    filters: Filters
    variants: bool = False
    listing: ListRequest = FROM_START
    rules: ActiveRules = NO_RULES
    explain: bool = False

    def fingerprint(self) -> bytes:
        """Hash all that decides which list is returned, and in which order, as that of SearchRequest."""
        filters = replace(self.filters, hidden=())
        return fingerprint(self.product_id, filters, self.variants, replace(self.listing, cursor=None))


@dataclass(frozen=True)
class DecodedSketch:
    """Picture of an image file, or strokes that the search thread draws, since that costs almost nothing."""

    content: FramedPicture | StrokesSketch
    milliseconds: float = 0.0  # spent on decoding

    def draw(self, preprocess: Preprocess) -> FramedPicture:
        """Return the picture. Raises InvalidStrokesError."""
        return self.content if isinstance(self.content, FramedPicture) else self.content.decode(preprocess)


@dataclass(frozen=True)
class PreparedQuery:
    """Query with the kind of its picture, the object in a photo, and the time that its preparation took."""

    query: Query
    kind: QueryKind = "sketch"
    object: PhotoObject | None = None
    preprocess_ms: float = 0.0
    explain: bool = False


@dataclass(frozen=True, eq=False)
class PendingSearch:
    """Search by a sketch that waits for its batch. `abandoned` is set once its client has left."""

    request: SearchRequest
    sketch: DecodedSketch | None
    listing: Listing = NEAREST
    abandoned: threading.Event = field(default_factory=threading.Event)

    def prepare(self, retriever: Retriever) -> PreparedQuery:
        """Draw the sketch and make the query. Raises InvalidStrokesError."""
        started, request = time.perf_counter(), self.request
        if self.sketch is None:
            query = Query(np.zeros((0, 0), np.float32), request.k, request.filters, request.variants)
            is_sorted = self.listing.sort != "likeness"
            pins = () if is_sorted else request.rules.pins_for(request.filters.words, request.filters.category)
            query = replace(query, rules=request.rules, pins=pins)
            query = replace(query, listing=self.listing, is_abandoned=self.abandoned.is_set)
            return PreparedQuery(query, kind="words", explain=request.explain)
        picture = self.sketch.draw(retriever.preprocess)
        query = Query.of(picture.frame, request.k, request.filters, mirror=request.mirror, variants=request.variants)
        drawn = request.paint or picture.colors
        query = replace(query, listing=self.listing, drawn=drawn, rules=request.rules)
        query = replace(query, is_abandoned=self.abandoned.is_set)
        milliseconds = (time.perf_counter() - started) * 1000 + self.sketch.milliseconds
        return PreparedQuery(query, picture.kind, picture.object, milliseconds, request.explain)


@dataclass(frozen=True, eq=False)
class PendingSimilar:
    """Search by a product that waits for its batch. `abandoned` is set once its client has left."""

    request: SimilarRequest
    listing: Listing = NEAREST
    abandoned: threading.Event = field(default_factory=threading.Event)

    def prepare(self, retriever: Retriever) -> PreparedQuery:
        """Make the query by the product's photos. Raises UnknownProductError."""
        request = self.request
        query = retriever.like(request.product_id, request.k, request.filters, variants=request.variants)
        query = replace(query, listing=self.listing, rules=request.rules, is_abandoned=self.abandoned.is_set)
        return PreparedQuery(query, kind="photo", explain=request.explain)
