"""Ten million products on a small machine: an inverted file in memory, the embeddings on disk.

    python -m benchmarks.search.embeddings_on_disk --data PAIRS... [--photos DIR...] [--size 10000000] [--target 0.95]
        [--factory IVF2048,SQ8] [--runs 60] [--scratch DIR] [--json]

The number of lists is the smallest that finds the target share of the ten nearest, for every other real sketch. Recall
and time are measured with the remaining sketches. The time includes the exact distances to the candidates, from
embeddings on disk. Alternating with that, a Flat index of a tenth of the products is scanned, by FAISS and by a
server's code. The same kind of index of a tenth of the products is searched, too. This shows the growth of query time,
of memory and of a build's processor time. Takes some ten minutes of two cores, 20 GB of disk and 13 GB of memory.
"""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path

import numpy as np
import psutil
import torch

from app.core.arrays import Embeddings, Rows
from app.core.cpu_limits import limit_threads
from app.index.index_spec import DEFAULT_CANDIDATES, IndexSpec, Tuning, inverted_file, set_width
from app.index.scratch_array import allocate_array
from app.index.segment import Segment
from benchmarks.support.report import add_scratch_option, create_parser, parse_options, print_figures
from benchmarks.support.synthetic_galleries import add_real_options, fill_array, generate_chunks, load_real
from benchmarks.support.timing import median_seconds
from benchmarks.support.two_stage_search import TwoStages
from index_builder.gallery.tuning.trials import nearest, size_of
from model.network.distances import Distance

_SKETCHES = 400
_TRAINING = 131_072  # photos to train the index on
_SHARE = 10  # products per product of the smaller side


def build_inverted_file(distance: Distance, embeddings: Embeddings, factory: str) -> TwoStages:
    """Build an inverted file of products that searches one list."""
    tuning = Tuning("nprobe=1", _TRAINING, DEFAULT_CANDIDATES, 0, 0, "sketches", 0, "")
    return TwoStages(distance, embeddings, IndexSpec(factory, tuning), DEFAULT_CANDIDATES)


def widen(stages: TwoStages, sketches: torch.Tensor, truth: Rows, target: float) -> int:
    """Search in more and more lists until the target share of the true nearest (B,10) is found.

    Returns the number of lists. Raises ValueError if all lists are not enough.
    """
    index = stages.segment.index
    for width in range(1, inverted_file(index).nlist + 1):
        set_width(index, f"nprobe={width}")
        if stages.recall(sketches, truth) >= target:
            return width
    raise ValueError(f"even all lists find less than {target} of the nearest: expected a finer kind of index")


def compare(
    distance: Distance, embeddings: Embeddings, sketches: torch.Tensor, options: argparse.Namespace
) -> dict[str, object]:
    """Measure recall for real sketches (B,D) among embeddings (N,D), and the time relative to the other sides."""
    few = np.array(embeddings[: len(embeddings) // _SHARE])
    flat = Segment.build(distance, few, np.arange(len(few), dtype=np.int64))
    live = np.ones(len(few), bool)
    smaller, full = (
        build_inverted_file(distance, few, options.factory),
        build_inverted_file(distance, embeddings, options.factory),
    )
    queries = distance.query(sketches).numpy()
    truth = nearest(distance, embeddings, queries)
    width = widen(full, sketches[::2], truth[::2], options.target)
    set_width(smaller.segment.index, f"nprobe={width}")
    sides = {
        "products": lambda run: full.search(sketches[run % len(sketches)][None]),
        "a tenth": lambda run: smaller.search(sketches[run % len(sketches)][None]),
        "FAISS": lambda run: flat.index.search(queries[run % len(sketches)][None], DEFAULT_CANDIDATES),
        "Flat": lambda run: flat.nearest(queries[run % len(sketches)][None], DEFAULT_CANDIDATES, live),
    }
    times = median_seconds(sides, options.runs)
    memory = size_of(full.segment.index) / size_of(smaller.segment.index)
    return {
        "products": len(embeddings),
        "index": options.factory,
        "lists searched": width,
        "recall@10": round(full.recall(sketches[1::2], truth[1::2]), 4),
        "p50 / IndexFlatIP's of a tenth": round(times["products"] / times["FAISS"], 3),
        "p50 / Flat's of a tenth, as a server searches it": round(times["products"] / times["Flat"], 3),
        "index, GiB": round(size_of(full.segment.index) / 2**30, 2),
        "memory of the process without what is of files, with the smaller ones, GiB": round(
            _measure_anonymous_memory() / 2**30, 2
        ),
        "times those of a tenth": {
            "query": round(times["products"] / times["a tenth"], 2),
            "memory": round(memory, 2),
            "build": round(full.seconds / smaller.seconds, 2),
        },
    }


def _measure_anonymous_memory() -> int:
    """Measure the bytes of this process that are in memory and not in a file."""
    memory = psutil.Process().memory_info()
    return int(memory.rss - memory.shared)


def main() -> None:
    """Parse the options, measure and print the figures."""
    parser = create_parser(__doc__)
    add_real_options(parser)
    parser.add_argument("--size", type=int, default=10_000_000, help="number of products (default: %(default)s)")
    parser.add_argument(
        "--target", type=float, default=0.95, help="share of the ten nearest to find, 0 to 1 (default: %(default)s)"
    )
    parser.add_argument("--factory", default="IVF2048,SQ8", help="faiss.index_factory string (default: %(default)s)")
    parser.add_argument("--runs", type=int, default=60, help="searches on each side (default: %(default)s)")
    add_scratch_option(parser)
    options = parse_options(parser)
    limit_threads(None)
    real = load_real(options)
    distance = real.checkpoint.network.distance
    sketches = torch.from_numpy(real.sketches[:: max(1, len(real.sketches) // _SKETCHES)])
    with tempfile.TemporaryDirectory(dir=options.scratch) as folder, torch.inference_mode():
        array = allocate_array((options.size, distance.dim), Path(folder))
        figures = compare(
            distance, fill_array(array, generate_chunks(real.photos, options.size, seed=1)), sketches, options
        )
    print_figures(figures, as_json=options.json)


if __name__ == "__main__":
    main()
