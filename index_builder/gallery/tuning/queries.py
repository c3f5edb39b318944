"""Queries for tuning a gallery's index: real sketches, or photo embeddings distorted like sketches."""

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
# Squared distance of a sketch to its photo, as a share of the squared distance between photos. The nearest photo of
# eight in ten real sketches is at 0.36 to 0.61.
_NEAR, _FAR = 0.3, 0.7


def sketches_of(folders: Sequence[Path], checkpoint: Checkpoint, n: int = QUERIES) -> Embeddings:
    """Embed a random sample of the sketches of data sets: (B,D), B <= n.

    Raises PairsError for an unusable data set, and ValueError if no sketch can be used.
    """
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
    """Return a random sample (B,D), B <= n, of photo embeddings (N,D), distorted as sketches differ from their photos.

    An embedding is moved along the difference of two random photos, that is, in a direction in which photos differ.
    It is moved as far as sketches lie from their photos.
    """
    random = np.random.default_rng(0)
    n = min(n, len(embeddings))
    base, start, end = (embeddings[np.sort(random.choice(len(embeddings), n, replace=False))] for _ in range(3))
    start, end = random.permutation(start), random.permutation(end)
    distance = np.sqrt(random.uniform(_NEAR, _FAR, (n, 1))).astype(np.float32)
    return np.asarray(base + distance * (start - end), np.float32)
