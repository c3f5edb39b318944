"""What products have left behind: photos, removed once no open page can still show them, and values of filters."""

from __future__ import annotations

import logging
import time

from sqlalchemy import delete, select

from app.catalogue import Catalogue
from app.photos import PhotoStore
from app.tables import trait_values, traits

GRACE = 3600.0  # s since a photo was stored, or a product let it go
_log = logging.getLogger(__name__)


def remove_unused_photos(photos: PhotoStore, catalogue: Catalogue) -> None:
    """Remove what is unused and old enough. Safe beside whoever writes: new photos are not old, and nobody takes up an
    old one without a check that its product still has it (Catalogue.put)."""

    def remove(name: str) -> None:
        try:
            photos.remove(name)
        except OSError as error:  # the others can be removed all the same
            _log.warning("photo %s, which no product has, cannot be removed: %s", name, error)

    catalogue.forget_photos(photos.older_than(time.time() - GRACE), remove)


def remove_unused_values(catalogue: Catalogue) -> None:
    """Remove the names and values by which no product is found any more. Nobody writes a product meanwhile."""
    used = select(traits.c.value_id).where(traits.c.value_id == trait_values.c.id)
    with catalogue.transaction() as connection:
        connection.execute(delete(trait_values).where(~used.exists()))
