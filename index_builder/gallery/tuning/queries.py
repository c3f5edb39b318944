"""What a gallery's index is tuned with: real sketches, or what sketches would look like among its photos."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from app.core.arrays import Embeddings
from index_builder.datasets.pictures import frame_of
from index_builder.datasets.readers.read import read_data
from model.checkpoint import Checkpoint
from model.preprocessing.line_drawing import BlankSketchError

QUERIES = 400
_BATCH = 32
# how far sketches lie from their photos, squared, as a share of what photos lie from each other; of eight real ones in
# ten the nearest photo is at 0.36 to 0.61
_NEAR, _FAR = 0.3, 0.7


def sketches_of(folders: Sequence[Path], checkpoint: Checkpoint, n: int = QUERIES) -> Embeddings:
    """(B,D), B <= n: embeddings of sketches from all over data sets. Raises PairsError, and ValueError for none."""
    pairs = [pair for folder in folders for part in read_data(folder) for pair in part.pairs]
    pictures = [sketch.picture for pair in pairs for sketch in pair.sketches]
    chosen = np.random.default_rng(0).permutation(len(pictures))[:n]
    frames = []
    for number in chosen:
        try:
            frames.append(frame_of(pictures[number], checkpoint.preprocess.sketch))
        except BlankSketchError:
            continue
    if not frames:
        raise ValueError(f"{', '.join(map(str, folders))} has no sketch that can be used: expected at least one")
    return checkpoint.embed_frames(frames, _BATCH)


def like_sketches(embeddings: Embeddings, n: int = QUERIES) -> Embeddings:
    """(B,D), B <= n: some of a gallery's embeddings (N,D), distorted as a sketch differs from the photo it is of.

    Each is moved along the way from one photo to another, both at random: so in the directions in which photos differ,
    and as far as sketches lie from their photos.
    """
    random = np.random.default_rng(0)
    n = min(n, len(embeddings))
    own, one, other = (embeddings[np.sort(random.choice(len(embeddings), n, replace=False))] for _ in range(3))
    one, other = random.permutation(one), random.permutation(other)
    far = np.sqrt(random.uniform(_NEAR, _FAR, (n, 1))).astype(np.float32)
    return np.asarray(own + far * (one - other), np.float32)
