"""Ranking of all photos of a pair folder for one sketch after another, by one of two protocols.

The product's protocol: photos through our own edge extractor, one embedding each, found in both orientations, with the
server's Retriever. The paper's protocol: published edge maps and unmirrored sketches, optionally with ten views of
both.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from enum import StrEnum
from pathlib import Path

import torch

from app.catalogue.mirroring import is_worth_mirroring
from app.gallery.gallery import Gallery
from app.gallery.layout import GalleryLocation
from app.products.product import Product
from app.search.retriever import Retriever
from index_builder.datasets.pairs import Pair, PairFolder
from index_builder.datasets.pictures import frame_of
from index_builder.evaluation.errors import EvaluationError
from index_builder.evaluation.ten_views import embed_views, view_distance
from model.checkpoint import Checkpoint
from model.preprocessing.edge_styles import photo_frames
from model.preprocessing.images import Pixels
from model.preprocessing.preprocess import Preprocess

VIEWS = (1, 10)
_CHUNK = 64  # images in memory at once
Advance = Callable[[int], None]
Rank = Callable[[Pixels], list[str]]  # a sketch's frame (256,256) -> the ids of all photos, nearest first


class GalleryFrom(StrEnum):
    """Source of the gallery's embeddings."""

    photos = "photos"  # the product's protocol: our own edges of the photos, mirrored too, as on the server
    edge_maps = "edge_maps"  # the paper's protocol: the published edge maps, as they are


@contextmanager
def ranking(
    folder: PairFolder, checkpoint: Checkpoint, gallery_from: GalleryFrom, views: int, advance: Advance
) -> Iterator[Rank]:
    """Open a gallery of all the folder's photos; yields its Rank.

    `advance` counts photos as they are embedded.

    Raises EvaluationError when a photo lacks the file that the gallery is built from, or when `views` do not match.
    """
    check_views(views, gallery_from)
    if views > 1:
        yield _build_view_rank(folder, checkpoint, gallery_from, advance)
        return
    with tempfile.TemporaryDirectory(prefix="sketchfind-evaluate-") as directory:
        gallery = _build_gallery(folder, checkpoint, gallery_from, Path(directory), advance)
        retriever = Retriever(checkpoint, gallery)
        mirror = gallery_from is GalleryFrom.photos  # the server's default; the paper's protocol does not mirror

        def rank(frame: Pixels) -> list[str]:
            return [
                result.product.product_id for result in retriever.search(frame, gallery.size, mirror=mirror).results
            ]

        try:
            yield rank
        finally:
            gallery.close()


def check_views(views: int, gallery_from: GalleryFrom) -> None:
    """Raise EvaluationError unless the number of views is valid: 1, or 10 for edge maps."""
    if views not in VIEWS:
        raise EvaluationError(f"--views is {views}, expected one of {', '.join(map(str, VIEWS))}")
    if views > 1 and gallery_from is GalleryFrom.photos:
        raise EvaluationError(
            f"--views is {views} with --gallery-from photos, expected 1, or --gallery-from edge_maps as in the "
            "paper: a server has one embedding per photo"
        )


def gallery_frame(pair: Pair, preprocess: Preprocess, gallery_from: GalleryFrom) -> Pixels:
    """Return the first of gallery_frames(), (256,256)."""
    first: Pixels = gallery_frames(pair, preprocess, gallery_from)[0]
    return first


def gallery_frames(pair: Pair, preprocess: Preprocess, gallery_from: GalleryFrom) -> Pixels:
    """Return the frames (K,256,256) of a photo in the gallery.

    Raises EvaluationError when its file is absent.
    """
    picture = pair.photo if gallery_from is GalleryFrom.photos else pair.edge_map
    if picture is None:
        raise EvaluationError(
            f"photo {pair.photo_id!r} has no file in {gallery_from.value}/, expected one for every photo; "
            f"try --gallery-from {'edge_maps' if gallery_from is GalleryFrom.photos else 'photos'}"
        )
    if gallery_from is GalleryFrom.edge_maps:
        return frame_of(picture, preprocess.edge_map)[None]  # (1,256,256)
    return frame_of(picture, lambda photo: photo_frames(photo, preprocess))


def _build_gallery(
    folder: PairFolder, checkpoint: Checkpoint, gallery_from: GalleryFrom, directory: Path, advance: Advance
) -> Gallery:
    """Build a gallery of the folder's photos or edge maps, with embeddings only."""
    catalogue = GalleryLocation(directory).open_or_create_catalogue()
    is_mirrored = gallery_from is GalleryFrom.photos and is_worth_mirroring(len(folder.pairs))
    catalogue.bind(checkpoint.sha256, checkpoint.network.dim, mirrored=is_mirrored)
    for pairs, frames in _iterate_frames(folder, checkpoint.preprocess, gallery_from):
        products = [Product(pair.photo_id, title=pair.photo_id) for pair in pairs]
        catalogue.put(products, checkpoint.embed_photos(frames, mirrored=is_mirrored))
        advance(len(pairs))
    return Gallery.open(directory, checkpoint, catalogue)


def _build_view_rank(folder: PairFolder, checkpoint: Checkpoint, gallery_from: GalleryFrom, advance: Advance) -> Rank:
    """Build a Rank by the distance averaged over ten views; ties are ordered by id, as in the Retriever."""
    ids: list[str] = []
    views: list[torch.Tensor] = []
    for pairs, frames in _iterate_frames(folder, checkpoint.preprocess, gallery_from):
        ids += [pair.photo_id for pair in pairs]
        views.append(embed_views(checkpoint, [edge_map for (edge_map,) in frames]))
        advance(len(pairs))
    photos = torch.cat(views, 1)  # (10,N,D)

    def rank(frame: Pixels) -> list[str]:
        distances = view_distance(checkpoint.network.distance, embed_views(checkpoint, [frame]), photos)[0]
        return [photo_id for _, photo_id in sorted(zip(distances.tolist(), ids, strict=True))]

    return rank


def _iterate_frames(
    folder: PairFolder, preprocess: Preprocess, gallery_from: GalleryFrom
) -> Iterator[tuple[tuple[Pair, ...], list[Pixels]]]:
    """Iterate over photos of the gallery and their frames (K,256,256) in chunks."""
    for start in range(0, len(folder.pairs), _CHUNK):
        pairs = folder.pairs[start : start + _CHUNK]
        yield pairs, [gallery_frames(pair, preprocess, gallery_from) for pair in pairs]
