"""What products have left behind: photos, removed once no open page can still show them, and values of filters."""

from __future__ import annotations

import logging
import time

from sqlalchemy import delete, select

from app.catalogue.catalogue import Catalogue
from app.database.tables import trait_values, traits
from app.gallery.photo_store import PhotoStore

GRACE = 3600.0  # s since a photo was stored, or a product let it go
_log = logging.getLogger(__name__)


def remove_unused_photos(photos: PhotoStore, catalogue: Catalogue) -> None:
    """Remove photos that no product has and that are old enough, beside any number of writers.

    No product loses a photo by that, however long ago it was stored: photos are removed only while no product can be
    written, and a product is written only if its photos are there in that same moment (Catalogue.put).
    """
    moment = time.time() - GRACE

    def remove(name: str) -> None:
        try:
            photos.remove(name, before=moment)
        except OSError as error:  # the others can be removed all the same
            _log.warning("photo %s, which no product has, cannot be removed: %s", name, error)

    catalogue.forget_photos(photos.older_than(moment), remove)


def remove_unused_values(catalogue: Catalogue) -> None:
    """Remove the names and values by which no product is found any more. Nobody writes a product meanwhile."""
    used = select(traits.c.value_id).where(traits.c.value_id == trait_values.c.id)
    with catalogue.transaction() as connection:
        connection.execute(delete(trait_values).where(~used.exists()))
