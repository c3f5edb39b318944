"""Preparation of product updates: fetch, decode and store their photos. The embeddings of new photos come later.

Photos that the catalogue already has of the product are neither decoded nor embedded again. Only the photo store is
changed.
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
from app.decoding.recent_photos import RecentPhotos
from app.gallery.photo_store import PhotoStore
from app.products.product import Photo, Product
from model.preprocessing.images import Pixels, UnreadableImageError

Fetch = Callable[[str | None], bytes | None]
"""Returns the bytes of a photo, or None if it still has the given SHA-256. Raises UnreadableImageError or OSError."""


class DraftPhoto(NamedTuple):
    """Photo of a product update."""

    link: str  # "" for none
    fetch: Fetch
    name: str  # of the photo in messages


@dataclass(frozen=True)
class ProductUpdate:
    """Update of one product. `build` returns its new fields, given the product in the catalogue, if it has one.

    `photos` is None to keep the photos. `build` may raise ValueError or an error of its caller's.
    """

    product_id: str
    build: Callable[[Product | None], Product]
    photos: Sequence[DraftPhoto] | None


@dataclass(frozen=True)
class Frame:
    """Frames (K,256,256) of a new photo, not embedded yet."""

    pixels: Pixels


@dataclass(frozen=True)
class PreparedProduct:
    """Product ready to be written. Each photo has its embedding (D,) if the catalogue knows it, else its frame.

    `old` is the product that the catalogue had; the update replaces only that. `failures` are the errors of photos that
    were left out, or that stay at the older photo of the same link.
    """

    update: ProductUpdate
    product: Product
    old: Product | None
    embeddings_or_frames: tuple[Frame | Embeddings, ...]
    failures: tuple[Exception, ...] = ()

    @property
    def new_photos(self) -> list[str]:
        """Names of its new photos, which are in the store but do not belong to a product yet."""
        # not strict, because a product without photos has a view all the same
        pairs = zip(self.product.photos, self.embeddings_or_frames, strict=False)
        return [photo.name for photo, view in pairs if isinstance(view, Frame)]

    @property
    def is_unchanged(self) -> bool:
        """Whether the catalogue has exactly this product, and the store all of its photos."""
        is_same = self.old is not None and replace(self.old, revision=0) == self.product
        return is_same and not any(isinstance(view, Frame) for view in self.embeddings_or_frames)


class ProductPreparer:
    """Preparer of product updates for one gallery. Safe to use from many threads; at most `decoders` decode at once."""

    def __init__(self, catalogue: Catalogue, photos: PhotoStore, decode: Decode, decoders: int) -> None:
        self._catalogue, self._photos = catalogue, photos
        self._decode = RecentPhotos(_limit(decode, decoders))

    def prepare(self, update: ProductUpdate, on_stored: Callable[[str], object] = lambda name: None) -> PreparedProduct:
        """Fetch, decode and store the new photos of a product. `on_stored` is called with the name of each.

        Raises the errors of `build`; the first failure, if all photos fail; and OSError when the photo store cannot be
        written.
        """
        old, embeddings = self._catalogue.embedded(update.product_id) or (None, None)
        product = replace(update.build(old), revision=0)
        if update.photos is None and old is not None and embeddings is not None:
            return PreparedProduct(update, replace(product, photos=old.photos), old, tuple(embeddings))
        known = _KnownPhotos(old, embeddings, self._photos, on_stored)
        views: dict[Photo, Frame | Embeddings] = {}
        failures: list[Exception] = []
        for photo in update.photos or ():
            try:
                self._add_photo(views, photo, known)
            except UnreadableImageError as error:
                failures.append(error)
        if not views:
            raise failures[0] if failures else UnreadableImageError("there is no photo: expected at least one")
        product = replace(product, photos=tuple(views))
        return PreparedProduct(update, product, old, tuple(views.values()), tuple(failures))

    def _add_photo(self, views: dict[Photo, Frame | Embeddings], draft: DraftPhoto, known: _KnownPhotos) -> None:
        """Fetch a photo and add its view, unless the same photo is there by another link.

        If it cannot be fetched, add the older photo of its link. Raises UnreadableImageError, also then.
        """
        older = known.find_link(draft.link)
        try:
            data = _fetch(draft.fetch, older)
        except UnreadableImageError:
            if older is not None:
                views[older] = known.embedding(older)
            raise
        with _name_in_errors(draft.name):
            photo, view = (older, None) if data is None else self._store_new(data, known)
        if photo is not None and not any(other.source == photo.source for other in views):
            views[replace(photo, link=draft.link)] = known.embedding(photo) if view is None else view

    def _store_new(self, data: bytes, known: _KnownPhotos) -> tuple[Photo, Frame | None]:
        """Decode and store a photo file unless it is known. Returns the photo, and its frame if it is new.

        Raises UnreadableImageError and OSError.
        """
        source = hashlib.sha256(data).hexdigest()
        same = known.find_source(source)
        if same is not None:
            return same, None
        decoded = self._decode(data)
        return Photo(known.store(decoded), source, colors=decoded.colors), Frame(decoded.frames)


def _limit(decode: Decode, decoders: int) -> Decode:
    """Return a decoder of which at most `decoders` calls run at once."""
    slots = threading.BoundedSemaphore(decoders)

    def decode_in_slot(data: bytes) -> ProductPhoto:
        with slots:
            return decode(data)

    return decode_in_slot


class _KnownPhotos:
    """Photos of a product that are both in the catalogue and in the store, with their embeddings. Stores new ones."""

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

    def store(self, decoded: ProductPhoto) -> str:
        """Store a new photo. Returns its SHA-256. Raises OSError."""
        name = self._store.keep(decoded.photo, decoded.thumbnail)
        self._on_stored(name)
        return name

    def find_link(self, link: str) -> Photo | None:
        """Return the photo of a link, or None, as for the empty link."""
        return next((photo for photo in self._views if link and photo.link == link), None)

    def find_source(self, source: str) -> Photo | None:
        """Return the photo whose original file has a SHA-256, or None."""
        return next((photo for photo in self._views if photo.source == source), None)

    def embedding(self, photo: Photo) -> Embeddings:
        """Return the embedding (D,) of a known photo."""
        return self._views[photo]


@contextmanager
def _name_in_errors(name: str) -> Iterator[None]:
    """Put the name of a photo before the message of every UnreadableImageError of the block."""
    try:
        yield
    except UnreadableImageError as error:
        raise type(error)(f"{name}: {error}") from None


def _fetch(fetch: Fetch, older: Photo | None) -> bytes | None:
    """Return the bytes of a photo, or None if it still is the older photo. Raises UnreadableImageError."""
    try:
        data = fetch(older.source if older else None)
    except OSError as error:
        raise UnreadableImageError(str(error)) from None
    if data is None and older is None:
        raise UnreadableImageError("there is no photo: expected its bytes")
    return data
