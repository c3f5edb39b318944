"""Startup of `sketchfind serve` with a large gallery, against importing torch and FAISS alone.

    python -m benchmarks.serving.startup --data PAIRS... [--photos DIR...] [--size 100000] [--runs 5]
        [--servers 2] [--json]

Both are separate processes that alternate. The server reports that it is ready after its first search. Then several
servers run at once, and the share of their mapped index memory that they have in common is measured.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import numpy as np

from app.catalogue.catalogue import Catalogue, sqlite_url
from app.gallery.gallery import Gallery
from app.gallery.layout import CATALOGUE_FILE, CHECKPOINT_FILE
from app.products.product import Product
from benchmarks.support.report import create_parser, parse_options, print_figures
from benchmarks.support.synthetic_galleries import Real, add_real_options, generate_embeddings, load_real

_BATCH = 4096  # products per transaction
_IMPORT = [sys.executable, "-c", "import torch, faiss"]


def make_gallery(real: Real, directory: Path, checkpoint: Path, n: int) -> None:
    """Make a gallery of n products, with its index."""
    directory.mkdir()
    shutil.copyfile(checkpoint, directory / CHECKPOINT_FILE)
    catalogue = Catalogue(sqlite_url(directory / CATALOGUE_FILE))
    catalogue.bind(real.checkpoint.sha256, real.checkpoint.network.dim)
    embeddings = generate_embeddings(real.photos, n, seed=1)
    for start in range(0, n, _BATCH):
        batch = embeddings[start : start + _BATCH]
        names = [f"product-{start + number:07d}" for number in range(len(batch))]
        catalogue.put([Product(name, title=name, category="Shoes") for name in names], batch)
    Gallery.open(directory, real.checkpoint, catalogue).close()


@contextmanager
def start_server(gallery: Path) -> Iterator[subprocess.Popen[str]]:
    """Start a server of the gallery and yield its process once it is ready."""
    command = [sys.executable, "-m", "index_builder.cli", "serve", "--gallery", str(gallery), "--port", "0"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        if "ready" not in process.stdout.readline():
            raise RuntimeError(f"the server ended with status {process.wait(30)} before it was ready")
        yield process
    finally:
        process.terminate()
        process.wait(60)


def measure_start(gallery: Path) -> float:
    """Measure the seconds until a server is ready."""
    started = time.perf_counter()
    with start_server(gallery):
        return time.perf_counter() - started


def measure_import() -> float:
    """Measure the seconds of importing torch and FAISS."""
    started = time.perf_counter()
    subprocess.run(_IMPORT, check=True)
    return time.perf_counter() - started


def measure_shared_memory(gallery: Path, servers: int) -> float:
    """Measure the shared part of the index memory of several servers that run at once."""
    with ExitStack() as stack:
        pids = [stack.enter_context(start_server(gallery)).pid for _ in range(servers)]
        resident, proportional = np.sum([_measure_mapped(pid, gallery / "index") for pid in pids], axis=0)
    return float((resident - proportional) / (resident * (1 - 1 / servers)))


def _measure_mapped(pid: int, folder: Path) -> tuple[int, int]:
    """Measure the kB of a directory's files in the memory of a process: resident, and proportional set size."""
    resident = proportional = 0
    inside = False
    for line in Path(f"/proc/{pid}/smaps").read_text().splitlines():
        name, _, rest = line.partition(" ")
        if not name.endswith(":"):  # the first line of a mapping
            inside = str(folder) + os.sep in rest
        elif inside and name == "Rss:":
            resident += int(rest.split()[0])
        elif inside and name == "Pss:":
            proportional += int(rest.split()[0])
    return resident, proportional


def compare(real: Real, checkpoint: Path, n: int, runs: int, servers: int) -> dict[str, float]:
    """Measure the ratio of the medians, and the share of common memory."""
    with tempfile.TemporaryDirectory() as folder:
        gallery = Path(folder) / "gallery"
        make_gallery(real, gallery, checkpoint, n)
        measure_start(gallery)  # warm-up: files into the page cache, as for the other side
        times = np.array([[measure_start(gallery), measure_import()] for _ in range(runs)])
        ratio = float(np.median(times[:, 0]) / np.median(times[:, 1]))
        shared = measure_shared_memory(gallery, servers)
        return {"n": n, "ratio": round(ratio, 2), "servers": servers, "shared": round(shared, 3)}


def main() -> None:
    """Parse the options, measure and print the figures."""
    parser = create_parser(__doc__)
    add_real_options(parser)
    parser.add_argument(
        "--size", type=int, default=100_000, help="number of products in the gallery (default: %(default)s)"
    )
    parser.add_argument("--runs", type=int, default=5, help="starts on each side (default: %(default)s)")
    parser.add_argument(
        "--servers",
        type=int,
        default=2,
        help="servers that run at once when shared memory is measured (default: %(default)s)",
    )
    options = parse_options(parser)
    figures = compare(load_real(options), options.checkpoint, options.size, options.runs, options.servers)
    print_figures(figures, as_json=options.json)


if __name__ == "__main__":
    main()
