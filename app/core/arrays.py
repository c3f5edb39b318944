"""Type aliases of the arrays that searches use."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Embeddings = NDArray[np.float32]
Keys = NDArray[np.float32]
Rows = NDArray[np.int64]
Mask = NDArray[np.bool_]
