"""Photos that no product has any more, removed once no open page can still show them."""

from __future__ import annotations

import time

from app.catalogue import Catalogue
from app.photos import PhotoStore

GRACE = 3600.0  # s since a photo was stored, or a product let it go


def remove_unused_photos(photos: PhotoStore, catalogue: Catalogue) -> None:
    """Remove what is unused and old enough. Safe beside whoever writes: new photos are not old, and nobody takes up an
    old one without a check that its product still has it (Catalogue.put)."""
    catalogue.forget_photos(photos.older_than(time.time() - GRACE), photos.remove)
