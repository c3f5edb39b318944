"""Latency of one user's search over HTTP, against its necessary parts: preprocessing, forward pass and FAISS.

    python -m benchmarks.serving.latency --data PAIRS... [--products 100000] [--runs 100] [--json]

Serves a gallery of that many products. Alternately posts a sketch and runs the stages in this process, for the same
sketch with as many threads: drawing the strokes into a frame, embedding that and its mirror image, and searching both.
If the gallery is small enough to have mirrored photos, the frame alone is embedded, and both sides are searched. The
search runs in an IndexFlatIP of the same keys, and in the index of the server. Prints medians, the ratios with
either search, and the times of the stages as reported by the server.
"""

from __future__ import annotations

import time
from collections.abc import Callable

import faiss
import httpx
import numpy as np
import torch

from app.catalogue.mirroring import is_worth_mirroring
from app.core.arrays import Embeddings
from app.core.cpu_limits import limit_threads
from app.decoding.stroke_sketch import parse_strokes
from app.index.metric_forms import keys_of
from app.index.segment import Segment
from benchmarks.support.large_gallery import add_options, make_sketch_bodies, open_large_gallery, read_pair_folders
from benchmarks.support.report import create_parser, print_figures
from benchmarks.support.server_process import Server
from model.checkpoint import Checkpoint, load_checkpoint
from model.preprocessing.frames import mirror_image

_N = 100  # candidates, the server's default
_WARM = 5
_WAYS = ("faiss", "search")
_JSON = {"Content-Type": "application/json"}


class StageRunner:
    """Stages of a search in this process."""

    def __init__(self, checkpoint: Checkpoint, embeddings: Embeddings) -> None:
        self._checkpoint = checkpoint
        self._distance = checkpoint.network.distance
        self._index = faiss.IndexFlatIP(self._distance.search_dim)
        self._index.add(keys_of(self._distance, embeddings))
        self._segment = Segment.build(self._distance, embeddings, np.arange(len(embeddings)))
        self._live = np.ones(len(embeddings), bool)
        self._is_mirrored = is_worth_mirroring(len(embeddings))

    def search(self, body: bytes, lap: Callable[[str], None]) -> None:
        """Run all stages of a search for a sketch; call `lap` after each."""
        strokes = parse_strokes(body).in_pixels()
        frame = self._checkpoint.preprocess.strokes(strokes)
        lap("preprocess")
        embeddings = self._checkpoint.embed_frames([frame] if self._is_mirrored else [frame, mirror_image(frame)])
        lap("forward")
        with torch.inference_mode():
            queries = self._distance.query(torch.from_numpy(embeddings)).numpy()
        for _ in range(1 + self._is_mirrored):
            self._segment.nearest(queries, _N, self._live)
        lap("search")
        for _ in range(1 + self._is_mirrored):
            self._index.search(queries, _N)
        lap("faiss")


class StageTimer:
    """Timer of the stages, in milliseconds, over several runs."""

    def __init__(self) -> None:
        self.milliseconds: dict[str, list[float]] = {}
        self._since = time.perf_counter()

    def start(self) -> None:
        """Start a run."""
        self._since = time.perf_counter()

    def lap(self, stage: str) -> None:
        """End a stage and record its time."""
        now = time.perf_counter()
        self.milliseconds.setdefault(stage, []).append(1000 * (now - self._since))
        self._since = now

    def medians(self) -> dict[str, float]:
        """Compute the median of every stage without the first few runs."""
        return {stage: float(np.median(values[_WARM:])) for stage, values in self.milliseconds.items()}


def compare(server: Server, alone: StageRunner, bodies: list[bytes], runs: int) -> dict[str, object]:
    """Measure both alternately and compute the figures."""
    laps, stages = StageTimer(), list[dict[str, float]]()
    with httpx.Client(base_url=server.url, timeout=60) as client:
        for run in range(runs + _WARM):
            body = bodies[run % len(bodies)]
            laps.start()
            answer = client.post("/search", content=body, headers=_JSON)
            laps.lap("over HTTP")
            stages.append(answer.raise_for_status().json()["timings_ms"])
            laps.start()
            alone.search(body, laps.lap)
    over_http = float(np.median(laps.milliseconds["over HTTP"][_WARM:]))
    sums = {
        way: np.sum([laps.milliseconds[stage][_WARM:] for stage in ("preprocess", "forward", way)], 0) for way in _WAYS
    }
    medians = {name: round(value, 2) for name, value in laps.medians().items()}
    served = {name: round(float(np.median([timings[name] for timings in stages[_WARM:]])), 2) for name in stages[0]}
    return {
        **{f"p50 / (preprocess + forward + {way})": round(over_http / float(np.median(sums[way])), 3) for way in _WAYS},
        "ms, median": medians,
        "ms, as the server says": served,
    }


def main() -> None:
    """Make a gallery, serve it, measure and print the figures."""
    parser = create_parser(__doc__)
    add_options(parser)
    parser.add_argument("--runs", type=int, default=100, help="searches on each side (default: %(default)s)")
    options = parser.parse_args()
    folders = read_pair_folders(options.data)
    with (
        open_large_gallery(folders, options.checkpoint, options.products) as (gallery, embeddings),
        Server(gallery, gallery / "server.log", search_rate=0) as server,
    ):
        limit_threads(None)
        alone = StageRunner(load_checkpoint(options.checkpoint), embeddings)
        figures = compare(server, alone, make_sketch_bodies(folders, 50), options.runs)
    print_figures({"products": options.products, **figures}, as_json=options.json)


if __name__ == "__main__":
    main()
