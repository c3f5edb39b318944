"""Complete feeds: after their import, the products that they lack are removed.

A damaged feed must not empty a gallery. The removal is therefore checked before anything is written.
"""

from __future__ import annotations

from pathlib import Path

from app.catalogue.catalogue import Catalogue
from app.catalogue.import_options import Removal
from app.feeds.reader import read_ids

_MAX_UNKNOWN = 0.01  # share of a feed's entries whose product id cannot be read


class RemovalRefusedError(ValueError):
    """A complete feed that lacks too many products, or has too many entries without a readable id."""


def plan_removal(catalogue: Catalogue, max_percent: float) -> Removal:
    """Return the removal for a feed that is submitted now."""
    revision = catalogue.state().revision  # first: a product that comes before the size is read is not removed
    return Removal(max_percent, revision, catalogue.size())


def find_missing(catalogue: Catalogue, source: Path, removal: Removal) -> list[str]:
    """Return the ids of the products to remove: those that a source lacks, unless they changed since its submission.

    An entry counts even if it cannot be imported. Raises FeedError, and RemovalRefusedError if too many would go.
    """
    feed = read_ids(source)
    if feed.unknown > _MAX_UNKNOWN * feed.entries:
        raise RemovalRefusedError(
            f"nothing was changed: the product id of {feed.unknown:,} of {feed.entries:,} entries cannot be read, "
            f"expected at most {_MAX_UNKNOWN:.0%} in a complete feed"
        )
    is_old = {name: revision <= removal.revision for name, revision in catalogue.live().items()}
    missing = [name for name in is_old if is_old[name] and name not in feed.ids]
    if 100 * len(missing) > removal.max_percent * removal.size:
        share = 100 * len(missing) / removal.size
        raise RemovalRefusedError(
            f"nothing was changed: the feed lacks {len(missing):,} of {removal.size:,} products ({share:.3g} %), "
            f"expected at most {removal.max_percent:g} %; check the feed, or raise the limit (max_removed)"
        )
    return missing
