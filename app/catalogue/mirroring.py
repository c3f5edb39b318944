"""Choice of whether a gallery's photos are embedded both ways round.

If they are, a search embeds a sketch once and compares it with both. Otherwise it embeds the sketch and its mirror
image, and compares both with the photos. The former saves a forward pass, and scans the index twice. The choice is made
when a gallery is built or re-embedded, and holds until the next time.
"""

from __future__ import annotations

MOST_MIRRORED = 30_000
"""Products up to which the second scan takes less time than a forward pass (benchmarks/search/mirrored_photos.py)."""


def is_worth_mirroring(products: int) -> bool:
    """Return whether to embed the photos of a gallery of so many products both ways round."""
    return products <= MOST_MIRRORED
