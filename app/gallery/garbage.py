"""Removal of photos, filter values and words that no product has any more."""

from __future__ import annotations

import time
from functools import partial

from sqlalchemy import delete, select

from app.catalogue.catalogue import Catalogue
from app.database.tables import trait_values, traits
from app.database.word_index.writing import remove_unused_words
from app.gallery.photo_store import PhotoStore

GRACE = 3600.0  # s since a photo was stored or released; until then an open page may still show it


def remove_unused_photos(photos: PhotoStore, catalogue: Catalogue) -> None:
    """Remove photos that no product has and that are older than GRACE. Safe beside any number of writers.

    Photos are condemned only while no product can be written. Catalogue.put() writes a product only if its photos exist
    in that moment and are not condemned. A product therefore never loses a photo, even one that was stored long before.
    """
    before = time.time() - GRACE
    catalogue.forget_photos(photos.older_than(before), partial(photos.condemn, before=before))


def remove_unused_values(catalogue: Catalogue) -> None:
    """Remove the filter names and values, and the words, that no product has any more. Writers wait meanwhile."""
    used = select(traits.c.value_id).where(traits.c.value_id == trait_values.c.id)
    with catalogue.transaction() as connection:
        connection.execute(delete(trait_values).where(~used.exists()))
        remove_unused_words(connection)
