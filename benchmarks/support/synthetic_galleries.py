"""Galleries of any size for benchmarks: embeddings around those of real photos, distributed like a larger shop's.

Gaussian noise would be misleading: all its points are equally far from each other, so an index cannot leave anything
out. Here each embedding is a real one, moved between its neighbours by the distance of one of these.
"""

from __future__ import annotations

import argparse
import hashlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import faiss
import numpy as np
from PIL import Image
from rich.progress import track

from app.core.arrays import Embeddings
from benchmarks.support.report import add_checkpoint_option
from index_builder.datasets.pairs import IMAGE_SUFFIXES
from index_builder.datasets.pictures import FilePicture, Picture, frame_of
from index_builder.datasets.readers.read import read_pairs
from model.checkpoint import Checkpoint, load_checkpoint
from model.preprocessing.edge_styles import photo_frames
from model.preprocessing.images import Pixels

CHUNK = 65_536  # embeddings generated at a time
_NEIGHBOURS = 12  # real embeddings, between which an embedding is moved
_FRAMES = 32  # images decoded at a time
_PLURAL = {"photo": "photos", "sketch": "sketches"}
_CACHE = Path("data/embeddings")  # not in git


@dataclass(frozen=True)
class Real:
    """Embeddings (M,D) of real photos and (S,D) of real sketches, and their checkpoint."""

    photos: Embeddings
    sketches: Embeddings
    checkpoint: Checkpoint


def add_real_options(parser: argparse.ArgumentParser) -> None:
    """Add the options that load_real() reads."""
    parser.add_argument("--data", type=Path, nargs="+", required=True, help="pair folders of sketches and photos")
    parser.add_argument("--photos", type=Path, nargs="*", default=[], help="folders of further photos (default: none)")
    add_checkpoint_option(parser)


def load_real(options: argparse.Namespace) -> Real:
    """Embed the photos and sketches named by the options.

    Embedding takes minutes, so the embeddings are cached in data/.
    """
    checkpoint = load_checkpoint(options.checkpoint)
    pairs = [pair for folder in options.data for pair in read_pairs(folder).pairs]
    files = [path for folder in options.photos for path in sorted(folder.rglob("*"))]
    photos = [pair.photo for pair in pairs if pair.photo is not None]
    photos += [FilePicture(path) for path in files if path.suffix.lower() in IMAGE_SUFFIXES]
    sketches = [sketch.picture for pair in pairs for sketch in (*pair.sketches, *pair.more_sketches)]
    return Real(embed_pictures(photos, checkpoint, "photo"), embed_pictures(sketches, checkpoint, "sketch"), checkpoint)


def embed_pictures(pictures: Sequence[Picture], checkpoint: Checkpoint, kind: str) -> Embeddings:
    """Embed pictures of one kind, "photo" or "sketch", as (N,D). Unreadable pictures are left out."""
    digest = hashlib.sha256(f"{checkpoint.sha256} {kind}".encode())
    for picture in pictures:
        digest.update(hashlib.sha256(picture.content()).digest())
    path = _CACHE / f"{digest.hexdigest()[:32]}.npy"
    if not path.is_file():
        embeddings = np.concatenate(
            [np.zeros((0, checkpoint.network.dim), np.float32), *_embed_batches(pictures, checkpoint, kind)]
        )
        path.parent.mkdir(parents=True, exist_ok=True)
        partial = path.with_suffix(".partial.npy")
        np.save(partial, embeddings)
        partial.rename(path)
    return np.asarray(np.load(path), np.float32)


def _embed_batches(pictures: Sequence[Picture], checkpoint: Checkpoint, kind: str) -> Iterator[Embeddings]:
    preprocess = checkpoint.preprocess

    def prepare(image: Image.Image) -> Pixels:
        return photo_frames(image, preprocess) if kind == "photo" else preprocess.sketch(image)[None]  # (K,256,256)

    for start in track(range(0, len(pictures), _FRAMES), f"Embedding {_PLURAL[kind]}"):
        frames = []
        for picture in pictures[start : start + _FRAMES]:
            try:
                frames.append(frame_of(picture, prepare))
            except ValueError:  # not an image, or blank
                continue
        yield checkpoint.embed_photos(frames)


def generate_chunks(real: Embeddings, n: int, seed: int) -> Iterator[Embeddings]:
    """Generate n embeddings around real ones (M,D), unordered, in arrays of at most (CHUNK,D)."""
    _, nearest = faiss.knn(real, real, _NEIGHBOURS + 1)
    ways = real[nearest[:, 1:]] - real[:, None]  # (M,m,D): from an embedding to its neighbours
    lengths = np.linalg.norm(ways, axis=2)  # (M,m)
    random = np.random.default_rng(seed)
    for start in range(0, n, CHUNK):
        yield _draw_chunk(real, ways, lengths, min(CHUNK, n - start), random)


def _draw_chunk(
    real: Embeddings, ways: Embeddings, lengths: Embeddings, n: int, random: np.random.Generator
) -> Embeddings:
    """Draw (n,D): real embeddings, moved along a random mixture of their ways by the length of one of them."""
    owners = random.integers(len(real), size=n)
    mixtures = random.standard_normal((n, _NEIGHBOURS), np.float32)
    distances = lengths[owners, random.integers(_NEIGHBOURS, size=n)]
    moved = np.empty((n, real.shape[1]), np.float32)
    order = np.argsort(owners, kind="stable")
    ends = np.searchsorted(owners[order], np.arange(len(real) + 1))
    for owner in np.unique(owners):
        rows = order[ends[owner] : ends[owner + 1]]
        moves = mixtures[rows] @ ways[owner]
        moves *= (distances[rows] / np.maximum(np.linalg.norm(moves, axis=1), 1e-12))[:, None]
        moved[rows] = real[owner] + moves
    return moved


def generate_embeddings(real: Embeddings, n: int, seed: int) -> Embeddings:
    """Generate n embeddings around real ones (M,D) as one array (n,D) float32."""
    return fill_array(np.empty((n, real.shape[1]), np.float32), generate_chunks(real, n, seed))


def fill_array(array: Embeddings, chunks: Iterable[Embeddings]) -> Embeddings:
    """Fill an array (n,D), in memory or in a file, from chunks, and return it."""
    start = 0
    for chunk in chunks:
        array[start : start + len(chunk)] = chunk
        start += len(chunk)
    return array
