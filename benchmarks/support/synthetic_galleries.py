"""Galleries of any size for benchmarks: embeddings around those of real photos, as those of a larger shop would lie.

Gaussian noise would be the wrong thing to measure by: in it everything is equally far from everything, so no index can
leave anything out. Here each embedding is a real one, moved between its neighbours by as much as one of these is away.
"""

from __future__ import annotations

import argparse
import hashlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import faiss
import numpy as np
from rich.progress import track

from app.core.arrays import Embeddings
from index_builder.datasets.pairs import IMAGE_SUFFIXES
from index_builder.datasets.pictures import FilePicture, Picture, frame_of
from index_builder.datasets.readers.read import read_pairs
from model.checkpoint import DEFAULT_CHECKPOINT, Checkpoint, load_checkpoint

CHUNK = 65_536  # embeddings that are drawn at a time
_NEIGHBOURS = 12  # real ones, between which one is moved
_FRAMES = 32  # images that are decoded at a time
_PLURAL = {"photo": "photos", "sketch": "sketches"}
_CACHE = Path("data/embeddings")  # not in git


@dataclass(frozen=True)
class Real:
    """Embeddings (M,D) of real photos, (S,D) of real sketches, and the checkpoint that made them."""

    photos: Embeddings
    sketches: Embeddings
    checkpoint: Checkpoint


def add_real(parser: argparse.ArgumentParser) -> None:
    """The options that real_of() reads."""
    parser.add_argument("--data", type=Path, nargs="+", required=True, help="pair folders: sketches, and photos")
    parser.add_argument("--photos", type=Path, nargs="*", default=[], help="folders with more photos")
    parser.add_argument("--checkpoint", type=Path, default=DEFAULT_CHECKPOINT)


def real_of(options: argparse.Namespace) -> Real:
    """What the options name, embedded. Embedding takes minutes, so it is kept in data/ for the next run."""
    checkpoint = load_checkpoint(options.checkpoint)
    pairs = [pair for folder in options.data for pair in read_pairs(folder).pairs]
    files = [path for folder in options.photos for path in sorted(folder.rglob("*"))]
    photos = [pair.photo for pair in pairs if pair.photo is not None]
    photos += [FilePicture(path) for path in files if path.suffix.lower() in IMAGE_SUFFIXES]
    sketches = [sketch.picture for pair in pairs for sketch in (*pair.sketches, *pair.more_sketches)]
    return Real(embedded(photos, checkpoint, "photo"), embedded(sketches, checkpoint, "sketch"), checkpoint)


def embedded(pictures: Sequence[Picture], checkpoint: Checkpoint, kind: str) -> Embeddings:
    """(N,D) of pictures, each a "photo" or each a "sketch"; what cannot be read is left out."""
    digest = hashlib.sha256(f"{checkpoint.sha256} {kind}".encode())
    for picture in pictures:
        digest.update(hashlib.sha256(picture.content()).digest())
    path = _CACHE / f"{digest.hexdigest()[:32]}.npy"
    if not path.is_file():
        made = np.concatenate([np.zeros((0, checkpoint.network.dim), np.float32), *_embed(pictures, checkpoint, kind)])
        path.parent.mkdir(parents=True, exist_ok=True)
        partial = path.with_suffix(".partial.npy")
        np.save(partial, made)
        partial.rename(path)
    return np.asarray(np.load(path), np.float32)


def _embed(pictures: Sequence[Picture], checkpoint: Checkpoint, kind: str) -> Iterator[Embeddings]:
    prepare = checkpoint.preprocess.photo if kind == "photo" else checkpoint.preprocess.sketch
    for start in track(range(0, len(pictures), _FRAMES), f"Embedding {_PLURAL[kind]}"):
        frames = []
        for picture in pictures[start : start + _FRAMES]:
            try:
                frames.append(frame_of(picture, prepare))
            except ValueError:  # not an image, or blank
                continue
        yield checkpoint.embed_frames(frames)


def chunks_around(real: Embeddings, n: int, seed: int) -> Iterator[Embeddings]:
    """n embeddings around real ones (M,D), in no order, in arrays (at most CHUNK,D) one after the other."""
    _, nearest = faiss.knn(real, real, _NEIGHBOURS + 1)
    ways = real[nearest[:, 1:]] - real[:, None]  # (M,m,D): from each to its neighbours
    lengths = np.linalg.norm(ways, axis=2)  # (M,m)
    random = np.random.default_rng(seed)
    for start in range(0, n, CHUNK):
        yield _drawn(real, ways, lengths, min(CHUNK, n - start), random)


def _drawn(real: Embeddings, ways: Embeddings, lengths: Embeddings, n: int, random: np.random.Generator) -> Embeddings:
    """(n,D): each a real one, moved along a random mixture of its ways, as far as one of them is long."""
    owners = random.integers(len(real), size=n)
    mixtures = random.standard_normal((n, _NEIGHBOURS), np.float32)
    far = lengths[owners, random.integers(_NEIGHBOURS, size=n)]
    made = np.empty((n, real.shape[1]), np.float32)
    order = np.argsort(owners, kind="stable")
    ends = np.searchsorted(owners[order], np.arange(len(real) + 1))
    for owner in np.unique(owners):
        rows = order[ends[owner] : ends[owner + 1]]
        moves = mixtures[rows] @ ways[owner]
        moves *= (far[rows] / np.maximum(np.linalg.norm(moves, axis=1), 1e-12))[:, None]
        made[rows] = real[owner] + moves
    return made


def around(real: Embeddings, n: int, seed: int) -> Embeddings:
    """(n,D) float32 of what chunks_around() gives, at once."""
    return filled(np.empty((n, real.shape[1]), np.float32), chunks_around(real, n, seed))


def filled(array: Embeddings, chunks: Iterable[Embeddings]) -> Embeddings:
    """The array (n,D), which may lie in a file, filled from chunks."""
    start = 0
    for chunk in chunks:
        array[start : start + len(chunk)] = chunk
        start += len(chunk)
    return array
