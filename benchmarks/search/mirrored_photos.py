"""Processor time of one search with the photos mirrored, as a share of that with the sketch mirrored, by gallery size.

    python -m benchmarks.search.mirrored_photos [--sizes 1000 10000 100000 300000] [--runs 9] [--threads 1] [--json]

With the sketch mirrored, a search embeds two frames, and scans the keys for both together. With the photos mirrored, it
embeds one frame, and scans the keys of either side. Both re-rank as many candidates. The sides alternate; figures are
medians of processor time. The embeddings are random, since an exact scan takes as long for any.
MOST_MIRRORED of app/catalogue/mirroring.py is the size at which the share is about 1.
"""

from __future__ import annotations

import argparse

import numpy as np
import torch

from app.core.arrays import Embeddings
from app.index.part import Part
from app.index.segment import Segment
from app.index.snapshot import Snapshot
from benchmarks.support.report import (
    add_checkpoint_option,
    add_sizes_option,
    create_parser,
    parse_options,
    print_figures,
)
from benchmarks.support.timing import Work, median_times
from model.checkpoint import Checkpoint, load_checkpoint
from model.inference.exact_distances import ExactDistances
from model.preprocessing.frames import mirror_image
from model.preprocessing.images import Pixels

_CANDIDATES = 100  # the server's default


class Searcher:
    """One search, stage by stage, of random embeddings (n,D) of both sides of photos."""

    def __init__(self, checkpoint: Checkpoint, n: int) -> None:
        self._checkpoint, self._distance = checkpoint, checkpoint.network.distance
        random, revisions = np.random.default_rng(0), np.arange(1, n + 1)
        sides = (random.standard_normal((n, checkpoint.network.dim), np.float32) for _ in range(2))
        part = Part.whole(*(Segment.build(self._distance, side, revisions) for side in sides))
        part.make_ready()
        self._snapshot = Snapshot(n, (part,))
        self._exact = ExactDistances(self._distance, torch.device("cpu"))

    def mirror_sketch(self, frame: Pixels) -> None:
        """Search by a frame (256,256) and its mirror image."""
        self._search(self._snapshot, self._checkpoint.embed_frames([frame, mirror_image(frame)]))

    def mirror_photos(self, frame: Pixels) -> None:
        """Search by a frame (256,256) among photos and their mirror images."""
        embeddings = self._checkpoint.embed_frames([frame])
        mirrored = self._snapshot.mirrored
        for snapshot in (self._snapshot, *([] if mirrored is None else [mirrored])):
            self._search(snapshot, embeddings)

    def _search(self, snapshot: Snapshot, embeddings: Embeddings) -> None:
        with torch.inference_mode():
            terms = self._exact.terms_of(torch.from_numpy(embeddings))
            rows = np.unique(snapshot.candidates(terms.queries.float().numpy(), _CANDIDATES))
            self._exact.to_photos(terms, torch.from_numpy(snapshot.embeddings(rows)))


def measure_share(checkpoint: Checkpoint, n: int, runs: int) -> dict[str, float]:
    """Measure both ways for a gallery of n products: milliseconds, and their ratio."""
    searcher = Searcher(checkpoint, n)
    frame = checkpoint.preprocess.strokes([[[0, 0], [100, 100], [200, 0], [100, 30]]])
    sides: dict[str, Work] = {
        "sketch mirrored, ms": lambda _: searcher.mirror_sketch(frame),
        "photos mirrored, ms": lambda _: searcher.mirror_photos(frame),
    }
    times = median_times(sides, runs)
    sketch, photos = (1000 * seconds.processor for seconds in times.values())
    names = (*sides, "share")
    return dict(zip(names, (round(sketch, 2), round(photos, 2), round(photos / sketch, 3)), strict=True))


def parse_arguments() -> argparse.Namespace:
    """Parse the options."""
    parser = create_parser(__doc__)
    add_checkpoint_option(parser)
    add_sizes_option(parser, (1000, 10_000, 100_000, 300_000))
    parser.add_argument("--runs", type=int, default=9, help="searches of each way (default: %(default)s)")
    parser.add_argument("--threads", type=int, default=1, help="threads of torch (default: %(default)s)")
    return parse_options(parser)


def main() -> None:
    """Measure all sizes and print the figures."""
    options = parse_arguments()
    torch.set_num_threads(options.threads)
    checkpoint = load_checkpoint(options.checkpoint)
    figures = {f"N = {n:,}": measure_share(checkpoint, n, options.runs) for n in options.sizes}
    print_figures(figures, as_json=options.json)


if __name__ == "__main__":
    main()
