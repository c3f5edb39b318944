"""Confidence that a gallery has a product like the sketch, judged by its distances."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from app.database.analytics.records import Outcome

GUESS_SHARE = 0.8  # of the limit, for a guessed object (docs/accuracy.md)

_RANK = 5  # a single result may be near by chance, five seldom are


def contrast_of(candidates: NDArray[np.float32], mean: float | None) -> float | None:
    """Compute the distance of the fifth nearest candidate as a share of the mean distance of a gallery's sample.

    Near 1 the results are hardly nearer than any product. A ratio does not depend on the unit of a network's distances.
    Returns None without a mean, as in a gallery of few products, with too few candidates, or if the mean is not
    positive.
    """
    if mean is None or mean <= 0 or len(candidates) < _RANK:
        return None
    return float(np.partition(candidates, _RANK - 1)[_RANK - 1]) / float(mean)


def is_confident(contrast: float | None, max_contrast: float, *, is_guess: bool = False) -> bool:
    """Return whether results may be like the sketch, or like the object in a photo, by the limit of their checkpoint.

    An object that was guessed has to be nearer, since the guess is often wrong. Without a contrast, results may be like
    the sketch, and are not taken for like a guessed object.
    """
    if is_guess:
        return contrast is not None and contrast <= GUESS_SHARE * max_contrast
    return contrast is None or contrast <= max_contrast


def outcome_of(count: int, *, confident: bool) -> Outcome:
    """Return the outcome of a search with `count` results."""
    if not count:
        return "none"
    return "found" if confident else "doubtful"
