"""From a sketch to results: embed, take candidates from the gallery, and rank them by the exact distance.

Server and evaluation search through this one class, so their answers are the same. Results at the same distance
are in the order of their product ids.
"""

from __future__ import annotations

import copy
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray

from app.catalogue import Filters, Product
from app.confidence import contrast_of
from app.gallery import Gallery
from app.segments import Embeddings, Rows
from app.snapshot import Snapshot
from model.checkpoint import Checkpoint
from model.frames import mirror_image
from model.kinds import Kind
from model.preprocess import Pixels

ALL = Filters()


class UnknownProduct(KeyError):
    """There is no product of that id."""


class Result(NamedTuple):
    """A product that was found, and its distance from the sketch (smaller is nearer; may be negative)."""

    product: Product
    distance: float
    position: int  # of the photo that is nearest, among the product's photos

    @property
    def photo(self) -> str:
        """The name of the photo that is nearest; empty when it is not kept."""
        return _name(self.product, self.position)


class Comparison(NamedTuple):
    """A product beside a sketch: how far its nearest photo is, which that is, and whether it is nearer mirrored."""

    product: Product
    distance: float
    photo: str  # its name; empty when it is not kept
    mirrored: bool


@dataclass(frozen=True)
class SearchResult:
    """Results, nearest first, the gallery they were found in, and how long each stage took."""

    results: list[Result]
    size: int
    revision: int
    timings_ms: dict[str, float]  # embed, candidates, rerank
    contrast: float | None  # see app/confidence.py
    kind: Kind = "sketch"  # what was searched by


@dataclass(frozen=True)
class Ranked:
    """One sketch's candidates (n,) by their revisions, and its exact distances (n,) to them, in no order.

    A product is as near as its nearest photo, which `positions` (n,) tell.
    """

    revisions: Rows
    distances: NDArray[np.float32]
    positions: Rows

    def nearest_photos(self) -> Ranked:
        """Each product once, where it was there by each of its photos; of photos as near, the first counts."""
        order = np.lexsort((self.positions, self.distances, self.revisions))
        _, first = np.unique(self.revisions[order], return_index=True)
        kept = order[first]
        return Ranked(self.revisions[kept], self.distances[kept], self.positions[kept])

    def within(self, k: int) -> list[int]:
        """Revisions of the k nearest and of all that tie with the last of these."""
        if k >= len(self.distances):
            return [int(revision) for revision in self.revisions]
        kth = np.partition(self.distances, k - 1)[k - 1]
        return [int(revision) for revision in self.revisions[self.distances <= kth]]


class Retriever:
    """Searches a gallery with a checkpoint, on a device: "auto" (CUDA if there is any, else CPU), "cpu", "cuda".

    The first stage takes `n_candidates` from the gallery, None for as many as that was tuned for, or k if that is more.
    The checkpoint's network is moved to the device. Safe to use from many threads.
    """

    def __init__(
        self, checkpoint: Checkpoint, gallery: Gallery, n_candidates: int | None = None, device: str = "auto"
    ) -> None:
        if n_candidates is not None and n_candidates < 1:
            raise ValueError(f"n_candidates is {n_candidates}: expected at least 1")
        self.gallery = gallery
        self.device = resolve_device(device)
        self._n_candidates = n_candidates
        self._checkpoint = checkpoint
        checkpoint.network.to(self.device)
        self._distance = copy.deepcopy(checkpoint.network.distance).to(self.device).requires_grad_(False)

    def search(self, frame: Pixels, k: int, filters: Filters = ALL, mirror: bool = True) -> SearchResult:
        """The k products nearest to a sketch's frame (256,256) of those that pass; fewer only if there are fewer.

        With `mirror`, a product is as near as it is to the sketch or to its mirror image, whichever is nearer:
        catalogues show shoes from one side, people draw them from either.
        """
        started = time.perf_counter()
        embeddings = self._checkpoint.embed_frames(_views(frame, mirror))
        embed_ms = (time.perf_counter() - started) * 1000
        found = _either(self.search_embeddings(embeddings, k, filters), k)
        return replace(found, timings_ms={"embed": embed_ms, **found.timings_ms})

    def search_embeddings(self, embeddings: Embeddings, k: int, filters: Filters = ALL) -> list[SearchResult]:
        """What search() does after embedding, for embeddings (B,D) of several sketches: one SearchResult each."""
        if k < 1:
            raise ValueError(f"k is {k}: expected at least 1")
        started = time.perf_counter()
        snapshot, passing = self.gallery.select(filters)
        with torch.inference_mode():
            sketches = torch.from_numpy(embeddings).to(self.device)
            queries = self._distance.query(sketches).cpu().numpy()
            rows = snapshot.candidates(queries, max(k, self._n_candidates or self.gallery.n_candidates), passing)
            taken = time.perf_counter()
            ranked = [
                self._distances(snapshot, sketch[None], found[found >= 0])
                for sketch, found in zip(sketches, rows, strict=True)
            ]
            sample = self._distance.pairwise(sketches, torch.from_numpy(snapshot.sample).to(self.device)).cpu().numpy()
        products = self._products(ranked, k)
        timings = {"candidates": taken - started, "rerank": time.perf_counter() - taken}
        timings = {stage: 1000 * seconds / len(embeddings) for stage, seconds in timings.items()}
        return [
            SearchResult(
                _nearest(one, products, k),
                snapshot.size,
                snapshot.revision,
                timings,
                contrast_of(one.distances, typical),
            )
            for one, typical in zip(ranked, sample, strict=True)
        ]

    def similar(self, product_id: str, k: int, filters: Filters = ALL) -> SearchResult:
        """The k products nearest to a product's own photos, itself left out. Raises UnknownProduct."""
        embeddings = self.gallery.catalogue.embedding(product_id)
        if embeddings is None:
            raise UnknownProduct(product_id)
        found = _either(self.search_embeddings(embeddings, k + 1, filters), k + 1)
        others = [result for result in found.results if result.product.product_id != product_id]
        return replace(found, results=others[:k], kind="photo")

    def compare(self, frame: Pixels, product_id: str, mirror: bool = True) -> Comparison:
        """A product beside a sketch's frame, at the distance that search() gives. Raises UnknownProduct."""
        found = self.gallery.catalogue.embedded(product_id)
        if found is None:
            raise UnknownProduct(product_id)
        product, embeddings = found
        photos = torch.from_numpy(embeddings).to(self.device)  # (P,D)
        sketches = torch.from_numpy(self._checkpoint.embed_frames(_views(frame, mirror))).to(self.device)  # (1 or 2,D)
        with torch.inference_mode():
            distances = self._distance.pairwise(sketches, photos).cpu().numpy()  # (1 or 2,P)
        nearest = distances.min(1)
        mirrored = bool(nearest[-1] < nearest[0])
        view = -1 if mirrored else 0
        return Comparison(product, float(nearest[view]), _name(product, int(distances[view].argmin())), mirrored)

    def _distances(self, snapshot: Snapshot, sketch: torch.Tensor, rows: Rows) -> Ranked:
        """Exact distances of a sketch (1,D) to candidates, by all of their photos."""
        rows = snapshot.photos_of(rows)
        photos = torch.from_numpy(snapshot.embeddings(rows)).to(self.device)  # (n,D)
        distances = self._distance.pairwise(sketch, photos)[0].cpu().numpy()
        ranked = Ranked(snapshot.revisions(rows), distances, snapshot.positions(rows))
        return ranked if snapshot.photos == snapshot.size else ranked.nearest_photos()

    def _products(self, ranked: Sequence[Ranked], k: int) -> dict[int, Product]:
        """The products, by revision, that can be among anyone's k nearest."""
        wanted = {revision for one in ranked for revision in one.within(k)}
        products = self.gallery.catalogue.at_revisions(list(wanted))
        if len(products) < len(wanted):  # some have changed since the snapshot, so others take their places
            products = self.gallery.catalogue.at_revisions([int(r) for one in ranked for r in one.revisions])
        return products


def _views(frame: Pixels, mirror: bool) -> list[Pixels]:
    """A sketch's frame and, with `mirror`, its mirror image."""
    return [frame, mirror_image(frame)] if mirror else [frame]


def _nearest(ranked: Ranked, products: Mapping[int, Product], k: int) -> list[Result]:
    triples = zip(ranked.revisions.tolist(), ranked.distances.tolist(), ranked.positions.tolist(), strict=True)
    results = [Result(products[r], distance, position) for r, distance, position in triples if r in products]
    return sorted(results, key=_order)[:k]


def _name(product: Product, position: int) -> str:
    return product.photos[position].name if position < len(product.photos) else ""


def _order(result: Result) -> tuple[float, str]:
    return result.distance, result.product.product_id


def _either(views: Sequence[SearchResult], k: int) -> SearchResult:
    """The k nearest of what views of one sketch found, each product once; times are summed."""
    nearest: dict[str, Result] = {}
    for result in sorted((result for view in views for result in view.results), key=_order):
        nearest.setdefault(result.product.product_id, result)
    timings = {stage: sum(view.timings_ms[stage] for view in views) for stage in views[0].timings_ms}
    contrast = min((view.contrast for view in views if view.contrast is not None), default=None)
    return replace(views[0], results=list(nearest.values())[:k], timings_ms=timings, contrast=contrast)


def resolve_device(name: str) -> torch.device:
    """The device of that name; "auto" is CUDA if there is any, else CPU. Raises ValueError for an unusable one."""
    if name == "auto":
        name = "cuda" if torch.cuda.is_available() else "cpu"
    try:
        device = torch.device(name)
    except RuntimeError:
        raise ValueError(f"device is {name!r}: expected auto, cpu or cuda") from None
    if device.type == "cuda" and not torch.cuda.is_available():
        raise ValueError(f"device is {name!r}, but there is no usable GPU: expected auto or cpu")
    return device
