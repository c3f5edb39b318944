"""What somebody wants a product to be -> all of it but the embeddings of new photos. Only the photo store is changed.

What the catalogue has of the product already is compared, and taken over where it is the same: its photos are not
decoded, nor embedded, again.
"""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import NamedTuple

from app.catalogue.catalogue import Catalogue
from app.core.arrays import Embeddings
from app.decoding.product_photo import Decode, ProductPhoto
from app.gallery.photo_store import PhotoStore
from app.products.product import Photo, Product
from model.preprocessing.images import Pixels, UnreadableImageError

Fetch = Callable[[str | None], bytes | None]
"""The bytes of a photo; None when it still is the one of the SHA-256 given. Raises UnreadableImage or OSError."""


class DraftPhoto(NamedTuple):
    """A photo of a product to be written."""

    link: str  # "" for none
    fetch: Fetch
    name: str  # by which messages tell it from the product's others


@dataclass(frozen=True)
class ProductUpdate:
    """A product to be written: what describes it, given what is there now, and its photos.

    `photos` is None to keep those that it has. `describe` may raise ValueError or an error of its caller's.
    """

    product_id: str
    build: Callable[[Product | None], Product]
    photos: Sequence[DraftPhoto] | None


@dataclass(frozen=True)
class Frame:
    """A new photo's frame (256,256), to be embedded."""

    pixels: Pixels


@dataclass(frozen=True)
class PreparedProduct:
    """A product to be written; for each photo its frame, or its embedding (D,) if it had one.

    `old` is what was there; it is to be written over nothing else. `failures` are of photos that are left out or,
    where an older one of the same link is there, left as they are.
    """

    draft: ProductUpdate
    product: Product
    old: Product | None
    embeddings_or_frames: tuple[Frame | Embeddings, ...]
    failures: tuple[Exception, ...] = ()

    @property
    def stored(self) -> list[str]:
        """Names of its new photos, which are in the store but of no product yet."""
        pairs = zip(
            self.product.photos, self.embeddings_or_frames, strict=False
        )  # a product of no photo has a view all the same
        return [photo.name for photo, view in pairs if isinstance(view, Frame)]

    @property
    def is_unchanged(self) -> bool:
        """Whether the catalogue has the product just so."""
        same = self.old is not None and replace(self.old, revision=0) == self.product
        return same and not any(
            isinstance(view, Frame) for view in self.embeddings_or_frames
        )  # a photo that was lost is there again


class ProductPreparer:
    """Prepares drafts for one gallery. Safe to use from many threads, of which only some may decode at a time."""

    def __init__(self, catalogue: Catalogue, photos: PhotoStore, decode: Decode, decoders: int) -> None:
        self._catalogue, self._photos, self._decode = catalogue, photos, decode
        self._decoding = threading.BoundedSemaphore(decoders)

    def prepare(self, draft: ProductUpdate, on_stored: Callable[[str], object] = lambda name: None) -> PreparedProduct:
        """Fetch, decode and store what is new of a product, and tell `on_stored` the name of every photo stored.

        Raises what describe() does; the failure, if no photo is left; and OSError where the photo store cannot be
        written.
        """
        old, embeddings = self._catalogue.embedded(draft.product_id) or (None, None)
        product = replace(draft.build(old), revision=0)
        if draft.photos is None and old is not None and embeddings is not None:
            return PreparedProduct(draft, replace(product, photos=old.photos), old, tuple(embeddings))
        known = _Known(old, embeddings, self._photos, on_stored)
        taken: dict[Photo, Frame | Embeddings] = {}
        failures: list[Exception] = []
        for photo in draft.photos or ():
            try:
                self._add_photo(taken, photo, known)
            except UnreadableImageError as error:
                failures.append(error)
        if not taken:
            raise failures[0] if failures else UnreadableImageError("there is no photo: expected at least one")
        return PreparedProduct(
            draft, replace(product, photos=tuple(taken)), old, tuple(taken.values()), tuple(failures)
        )

    def _add_photo(self, taken: dict[Photo, Frame | Embeddings], draft: DraftPhoto, known: _Known) -> None:
        """Add a photo, unless the same is there by another link. Raises UnreadableImage after adding an older one."""
        before = known.of_link(draft.link)
        try:
            data = _fetched(draft.fetch, before)
        except UnreadableImageError:
            if before is not None:
                taken[before] = known.embedding(before)
            raise
        with _named(draft.name):
            photo, view = (before, None) if data is None else self._read(data, known)
        if photo is not None and not any(other.source == photo.source for other in taken):
            taken[replace(photo, link=draft.link)] = known.embedding(photo) if view is None else view

    def _read(self, data: bytes, known: _Known) -> tuple[Photo, Frame | None]:
        """The photo of these bytes, stored, and its frame unless it is known. Raises UnreadableImage."""
        source = hashlib.sha256(data).hexdigest()
        same = known.of_source(source)
        if same is not None:
            return same, None
        with self._decoding:
            made = self._decode(data)
        return Photo(known.keep(made), source), Frame(made.frame)


class _Known:
    """The photos that a product has in the catalogue and in the store, with their embeddings; takes new ones."""

    def __init__(
        self,
        old: Product | None,
        embeddings: Embeddings | None,
        store: PhotoStore,
        on_stored: Callable[[str], object],
    ) -> None:
        self._store, self._on_stored = store, on_stored
        pairs: Iterable[tuple[Photo, Embeddings]] = ()
        if old is not None and old.photos and embeddings is not None:
            pairs = zip(old.photos, embeddings, strict=True)
        self._views: dict[Photo, Embeddings] = {photo: view for photo, view in pairs if store.has(photo.name)}

    def keep(self, made: ProductPhoto) -> str:
        """Store a new photo. Returns its SHA-256."""
        name = self._store.keep(made.photo, made.thumbnail)
        self._on_stored(name)
        return name

    def of_link(self, link: str) -> Photo | None:
        """The one of that link; "" is no link."""
        return next((photo for photo in self._views if link and photo.link == link), None)

    def of_source(self, source: str) -> Photo | None:
        """The one of that SHA-256."""
        return next((photo for photo in self._views if photo.source == source), None)

    def embedding(self, photo: Photo) -> Embeddings:
        """(D,) of one of them."""
        return self._views[photo]


@contextmanager
def _named(name: str) -> Iterator[None]:
    """Have every UnreadableImage of the block say of which photo it is."""
    try:
        yield
    except UnreadableImageError as error:
        raise type(error)(f"{name}: {error}") from None


def _fetched(fetch: Fetch, before: Photo | None) -> bytes | None:
    """The bytes of a photo, None for the one from before. Raises UnreadableImage."""
    try:
        data = fetch(before.source if before else None)
    except OSError as error:
        raise UnreadableImageError(str(error)) from None
    if data is None and before is None:
        raise UnreadableImageError("there is no photo: expected its bytes")
    return data
