"""acc@k of a checkpoint on a pair folder, through the same Retriever that serves."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from app.catalogue import Catalogue, Product, sqlite_url
from app.gallery import Gallery
from app.retriever import Retriever
from index_builder.pairs import Pair, PairFolder, frame_of
from model.checkpoint import Checkpoint
from model.images import Pixels
from model.preprocess import Preprocess

SHOWN = 8  # first results that are kept of each query
_CHUNK = 64  # images in memory at once
Advance = Callable[[int], None]


class GalleryFrom(StrEnum):
    """What the gallery's embeddings are made from."""

    photos = "photos"  # the product's protocol: our own edges of the photos, either way round, all as the server does
    edge_maps = "edge_maps"  # the paper's protocol: the published edge maps, as they are


class EvaluationError(ValueError):
    """The pair folder cannot be evaluated in the way asked for."""


@dataclass(frozen=True)
class Query:
    """What the search for one sketch gave: its true photo's id and rank (from 1), and the ids of the first results."""

    sketch: Path
    truth: str
    rank: int
    first: tuple[str, ...]


@dataclass(frozen=True)
class Evaluation:
    """All queries against a gallery of n_gallery photos."""

    queries: tuple[Query, ...]
    n_gallery: int

    @property
    def ranks(self) -> NDArray[np.int64]:
        """(n_queries,) int64: the rank of each query's true photo."""
        return np.array([query.rank for query in self.queries], np.int64)

    def acc_at_k(self, k: int) -> float:
        """The share of queries, in percent, whose true photo is among the first k results."""
        return 100 * float((self.ranks <= k).mean())

    def as_json(self) -> dict[str, Any]:
        """The figures that `sketchfind evaluate --json` prints."""
        accuracy = {f"acc@{k}": round(self.acc_at_k(k), 2) for k in (1, 5, 10)}
        mean_rank = round(float(self.ranks.mean()), 2)
        return {"n_queries": len(self.ranks), "n_gallery": self.n_gallery, **accuracy, "mean_rank": mean_rank}


def evaluate(
    folder: PairFolder,
    checkpoint: Checkpoint,
    gallery_from: GalleryFrom = GalleryFrom.photos,
    advance: Advance = lambda count: None,
) -> Evaluation:
    """Search a gallery of all the folder's photos for each of its sketches; `advance` counts images as they are done.

    Raises EvaluationError when there are no sketches, or a photo lacks what the gallery is to be made from, and
    UnreadableImage or BlankSketch, naming the file.
    """
    sketches = [(path, pair.photo_id) for pair in folder.pairs for path in pair.sketches]
    if not sketches:
        raise EvaluationError(f"{folder.name} has no sketches to evaluate with, expected sketches/ID.png")
    with tempfile.TemporaryDirectory(prefix="sketchfind-evaluate-") as directory:
        gallery = _gallery(folder, checkpoint, gallery_from, Path(directory), advance)
        retriever = Retriever(checkpoint, gallery)
        mirror = gallery_from is GalleryFrom.photos  # the server's default; the paper compares as drawn
        queries: list[Query] = []
        for path, truth in sketches:
            frame = frame_of(path, checkpoint.preprocess.sketch)
            ids = [result.product.product_id for result in retriever.search(frame, gallery.size, mirror=mirror).results]
            queries.append(Query(path, truth, ids.index(truth) + 1, tuple(ids[:SHOWN])))
            advance(1)
        gallery.close()
    return Evaluation(tuple(queries), len(folder.pairs))


def _gallery(
    folder: PairFolder, checkpoint: Checkpoint, gallery_from: GalleryFrom, directory: Path, advance: Advance
) -> Gallery:
    """A gallery of the folder's photos or edge maps, with embeddings only."""
    catalogue = Catalogue(sqlite_url(directory / "catalogue.sqlite"))
    catalogue.bind(checkpoint.sha256, checkpoint.network.dim)
    for start in range(0, len(folder.pairs), _CHUNK):
        pairs = folder.pairs[start : start + _CHUNK]
        embeddings = checkpoint.embed_frames(
            [gallery_frame(pair, checkpoint.preprocess, gallery_from) for pair in pairs]
        )
        catalogue.put([Product(pair.photo_id, title=pair.photo_id) for pair in pairs], embeddings)
        advance(len(pairs))
    return Gallery.open(directory, checkpoint, catalogue)


def gallery_frame(pair: Pair, preprocess: Preprocess, gallery_from: GalleryFrom) -> Pixels:
    """The frame (256,256) by which a photo stands in the gallery. Raises EvaluationError when its file is absent."""
    path = pair.photo if gallery_from is GalleryFrom.photos else pair.edge_map
    if path is None:
        raise EvaluationError(
            f"photo {pair.photo_id!r} has no file in {gallery_from.value}/, expected one for every photo; "
            f"try --gallery-from {'edge_maps' if gallery_from is GalleryFrom.photos else 'photos'}"
        )
    return frame_of(path, preprocess.photo if gallery_from is GalleryFrom.photos else preprocess.edge_map)
