"""This project's search beside other libraries, over the same embeddings in HOLEF's search form.

    python -m benchmarks.search.peers --data PAIRS... [--photos DIR...] [--sizes 100000 1000000] [--peers NAME...]
        [--target 0.99] [--rounds 5] [--build-minutes 20] [--scratch DIR] [--results FILE] [--out FILE] [--json]

Peers whose packages are not installed are skipped: hnswlib, usearch, pymilvus with milvus_lite, psycopg with pgserver
(PostgreSQL with pgvector, which makes itself a user if root starts it). The plot needs the extra `research`. Every peer
is built in a process of its own, with one thread, and has the fastest of its settings that finds the target share of
the ten nearest photos of real sketches. A search begins with the sketch's embedding. Searches alternate with those of
this project's exact scan. Figures are stored in a file when a peer is done, so a run of some hours can be
interrupted: a peer that is named again is measured again, and the others are shown as they were.
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
import sys
import tempfile
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from pathlib import Path

import numpy as np
import torch

from app.core.cpu_limits import limit_threads
from benchmarks.search.peers.faiss_indexes import FaissFlat, FaissGraph, FaissInvertedFile
from benchmarks.search.peers.hnswlib_graph import HnswlibGraph
from benchmarks.search.peers.measure import Figures, Task, measure_peer
from benchmarks.search.peers.milvus_lite import MilvusLite
from benchmarks.search.peers.outcomes import read_outcomes, store_outcome
from benchmarks.search.peers.peer import Peer
from benchmarks.search.peers.pgvector import Pgvector
from benchmarks.search.peers.processes import BuildLimitError
from benchmarks.search.peers.sketchfind import ExactScan, GraphIndex, TunedIndex
from benchmarks.search.peers.table import draw_plot, format_table
from benchmarks.search.peers.usearch_graph import UsearchGraph
from benchmarks.support.report import add_scratch_option, add_sizes_option, create_parser, parse_options
from benchmarks.support.synthetic_galleries import Real, add_real_options, fill_array, generate_chunks, load_real
from index_builder.gallery.tuning.trials import nearest

PEERS: dict[str, type[Peer]] = {
    peer.name: peer
    for peer in (
        ExactScan,
        TunedIndex,
        GraphIndex,
        FaissFlat,
        FaissGraph,
        FaissInvertedFile,
        HnswlibGraph,
        UsearchGraph,
        MilvusLite,
        Pgvector,
    )
}
_SKETCHES = 100


def make_task(real: Real, n: int, folder: Path, options: argparse.Namespace) -> Task:
    """Write n embeddings around real ones into a file of `folder`, and find the true nearest of real sketches."""
    distance = real.checkpoint.network.distance.requires_grad_(requires_grad=False)
    file = folder / "embeddings.npy"
    array = np.lib.format.open_memmap(file, "w+", np.float32, (n, distance.dim))
    embeddings = fill_array(array, generate_chunks(real.photos, n, seed=1))
    sketches = torch.from_numpy(real.sketches[:: max(1, len(real.sketches) // _SKETCHES)][:_SKETCHES].copy())
    truth = nearest(distance, embeddings, distance.query(sketches).numpy())
    return Task(file, distance, sketches, truth, options.target, options.rounds, options.build_minutes * 60)


def measure_apart(kind: type[Peer], task: Task) -> Figures | str:
    """Measure a peer in a process of its own. Returns why there are no figures if it cannot be measured."""
    missing = kind.missing_packages()
    if missing:
        return f"skipped: {', '.join(missing)} is not installed"
    with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as pool:
        try:
            return pool.submit(measure_peer, kind, task).result()
        except BuildLimitError as error:
            return str(error)
        except BrokenProcessPool:
            return "its process was ended, probably for lack of memory"


def main() -> None:
    """Parse the options, measure, draw the plot and print the figures."""
    parser = create_parser(__doc__)
    add_real_options(parser)
    add_sizes_option(parser, (100_000, 1_000_000))
    parser.add_argument("--peers", nargs="*", choices=PEERS, default=list(PEERS), help="peers (default: all)")
    parser.add_argument(
        "--target", type=float, default=0.99, help="share of the ten nearest to find, 0 to 1 (default: %(default)s)"
    )
    parser.add_argument(
        "--rounds", type=int, default=5, help="rounds of 20 searches on each side (default: %(default)s)"
    )
    parser.add_argument(
        "--build-minutes", type=float, default=20, help="processor time of a build at most (default: %(default)s)"
    )
    add_scratch_option(parser)
    parser.add_argument(
        "--results", type=Path, default=Path("data/peers.json"), help="file of the figures (default: %(default)s)"
    )
    parser.add_argument(
        "--out", type=Path, default=Path("docs/images/peers.svg"), help="SVG file to write (default: %(default)s)"
    )
    options = parse_options(parser)
    os.environ["OMP_NUM_THREADS"] = "1"  # of the processes that measure
    limit_threads(1)
    real = load_real(options)  # creates data/ if it is missing
    for size in options.sizes:
        with tempfile.TemporaryDirectory(dir=options.scratch) as folder:
            task = make_task(real, size, Path(folder), options)
            for name in options.peers:
                outcome = measure_apart(PEERS[name], task)
                store_outcome(options.results, size, name, outcome)
                print(f"N = {size:,}, {name}: {outcome}", file=sys.stderr, flush=True)
    stored = read_outcomes(options.results)
    outcomes = {n: {name: peers[name] for name in PEERS if name in peers} for n, peers in stored.items()}
    draw_plot(outcomes, options.out)
    print(options.results.read_text() if options.json else format_table(outcomes))


if __name__ == "__main__":
    main()
