"""Whether a sketch shows anything that a gallery has, as far as its distances tell."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

MOST = 0.8  # contrast: in the demo gallery 6% of real sketches lie above, and 34% of scribbles (docs/accuracy.md)

_PLACE = 5  # one result may be near by chance, five seldom are


def contrast_of(candidates: NDArray[np.float32], mean: float | None) -> float | None:
    """How far the fifth nearest of the candidates is, as a share of the mean distance of a gallery's sample.

    Near 1 the results are hardly nearer than any product is. Of a ratio it does not matter in what unit a network
    measures. None where it tells nothing: no mean, as there are too few products, or a distance that is not positive.
    """
    if mean is None or mean <= 0 or len(candidates) < _PLACE:
        return None
    return float(np.partition(candidates, _PLACE - 1)[_PLACE - 1]) / float(mean)


def is_confident(contrast: float | None) -> bool:
    """Whether results may be like the sketch. When nothing tells that they are not, they may."""
    return contrast is None or contrast <= MOST
