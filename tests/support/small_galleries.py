"""Galleries of a few short random embeddings, for tests that need no network."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import numpy as np
import torch
from numpy.typing import NDArray
from sqlalchemy import URL

from app.catalogue.catalogue import Catalogue, sqlite_url
from app.gallery.gallery import Gallery
from app.gallery.layout import CATALOGUE_FILE, INDEX
from app.gallery.local_index.index_choice import record_choice
from app.gallery.local_index.index_manifest import MANIFEST, Choice
from app.index.first_stage.index_snapshot import IndexSnapshot
from app.index.first_stage.passing import Passing, PassingSource
from app.index.index_spec import Tuning
from app.index.snapshot import Snapshot
from app.products.filters import Filters
from app.products.product import Photo, Product
from model.checkpoint import MAX_CONTRAST, Checkpoint
from model.network.distances import HOLEF

DIM = 8
URL_FILE = "url"  # in a gallery directory whose catalogue is on a server

TUNING = Tuning(
    parameters="nprobe=3",
    training=500,
    n_candidates=37,
    recall=0.9,
    target=0.9,
    queries="photos",
    revision=1,
    checkpoint="a" * 64,
)
"""Tuning of an inverted file."""

_opened: list[Catalogue] = []

EVERYTHING = Passing(Filters(), cast(PassingSource, None))
"""All products pass."""


def small_checkpoint(sha256: str = "a" * 64) -> Checkpoint:
    """Make a checkpoint with a HOLEF of 8 dimensions, including negative weights, and without a network."""
    distance = HOLEF(DIM)
    with torch.no_grad():
        distance.weight.add_(0.5 * torch.randn(DIM, DIM, generator=torch.Generator().manual_seed(1)))
    distance.requires_grad_(requires_grad=False)
    network = SimpleNamespace(distance=distance, dim=DIM, to=lambda device: None)
    return cast(Checkpoint, SimpleNamespace(network=network, sha256=sha256, max_contrast=MAX_CONTRAST))


def url_of(directory: Path) -> str | URL:
    """Return the catalogue's URL of a gallery directory: from its URL_FILE, or of the file in it."""
    named = directory / URL_FILE
    return named.read_text() if named.is_file() else sqlite_url(directory / CATALOGUE_FILE)


def open_catalogue(directory: Path) -> Catalogue:
    """Open the catalogue of a gallery directory like another process."""
    directory.mkdir(parents=True, exist_ok=True)
    catalogue = Catalogue(url_of(directory))
    catalogue.bind("a" * 64, DIM)
    _opened.append(catalogue)
    return catalogue


def close_catalogues() -> None:
    """Close all catalogues of open_catalogue().

    Connections to a server must not be left to the garbage collector.
    """
    while _opened:
        _opened.pop().close()


def vectors(count: int, seed: int = 0) -> NDArray[np.float32]:
    """Draw random embeddings (count,8) float32."""
    return np.random.default_rng(seed).standard_normal((count, DIM)).astype(np.float32)


def products(names: Sequence[str], category: str | None = None) -> list[Product]:
    """Make products with these ids."""
    return [Product(name, title=name, category=category) for name in names]


def with_photos(name: str, count: int, **fields: Any) -> Product:
    """Make a product with `count` photos, which are missing from the store."""
    photos = tuple(Photo(f"{name}/{position}", f"source {position}") for position in range(count))
    return Product(name, title=name, photos=photos, **fields)


def at_revisions(catalogue: Catalogue, revisions: Iterable[int]) -> dict[int, Product]:
    """Read the products that have these revisions now, by revision."""
    with catalogue.view() as view:
        return view.at_revisions(revisions)


def matching(catalogue: Catalogue, filters: Filters) -> list[int]:
    """Read the revisions of all products that pass, in no order."""
    with catalogue.view() as view:
        return [int(revision) for revision in view.matching(view.look_up(filters)[0])]


def ranking(
    snapshot: IndexSnapshot,
    catalogue: Catalogue,
    sketch: NDArray[np.float32],
    n: int,
    revisions: Sequence[int] | None = None,
) -> list[str]:
    """List the product ids of a snapshot's candidates for one sketch (8,), nearest first."""
    with torch.inference_mode():
        query = small_checkpoint().network.distance.query(torch.from_numpy(sketch[None])).numpy()
    passing = EVERYTHING if revisions is None else passing_of(revisions)
    rows = snapshot.candidates(query, n, passing)[0]
    names = at_revisions(catalogue, snapshot.revisions(rows[rows >= 0]).tolist())
    return [names[revision].product_id for revision in snapshot.revisions(rows[rows >= 0]).tolist()]


def passing_of(revisions: Iterable[int]) -> Passing:
    """Make the passing products of a search from their revisions."""
    listed = np.array(list(revisions), np.int64)
    source = SimpleNamespace(matching=lambda _filters, among=None: listed)
    return Passing(Filters(in_stock=True), cast(PassingSource, source))


def local_snapshot(gallery: Gallery) -> Snapshot:
    """Return the snapshot of a gallery whose index is in this process."""
    snapshot = gallery.snapshot
    assert isinstance(snapshot, Snapshot)
    return snapshot


def save_tuned(gallery: Gallery, tuning: Tuning) -> Path:
    """Build a gallery's index with this tuning; return the path of its manifest."""
    choice = Choice(gallery.catalogue.state().factory, tuning)
    record_choice(gallery.directory / INDEX, choice, gallery.catalogue)
    gallery.save()
    return gallery.directory / INDEX / MANIFEST


def brute_force(sketch: NDArray[np.float32], photos: dict[str, NDArray[np.float32]]) -> list[str]:
    """Rank product ids by the definition of HOLEF, the outer subtraction in float64, nearest first."""
    weight = small_checkpoint().network.distance.weight.double().numpy()  # type: ignore[operator]
    s = sketch.astype(np.float64)
    distances = {name: (weight * (s[:, None] - p[None, :]) ** 2).sum() for name, p in photos.items()}
    return sorted(photos, key=lambda name: (distances[name], name))
