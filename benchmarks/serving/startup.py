"""How soon `sketchfind serve` is ready with a large gallery, against what importing torch and FAISS alone takes.

    python -m benchmarks.serving.startup --data PAIRS... [--photos DIR...] [--size 100000] [--runs 5]
        [--servers 2] [--json]

Both are processes of their own, in turn. Ready is when the server says so: after its first search. Then as many servers
at once tell how much of what they map of the index they have in common.
"""

from __future__ import annotations

import argparse
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
from benchmarks.support.report import print_figures
from benchmarks.support.synthetic_galleries import Real, add_real_options, generate_embeddings, load_real

_AT_ONCE = 4096  # products written in one transaction
_IMPORT = [sys.executable, "-c", "import torch, faiss"]


def make_gallery(real: Real, directory: Path, checkpoint: Path, n: int) -> None:
    """A gallery of n products, with its index."""
    directory.mkdir()
    shutil.copyfile(checkpoint, directory / CHECKPOINT_FILE)
    catalogue = Catalogue(sqlite_url(directory / CATALOGUE_FILE))
    catalogue.bind(real.checkpoint.sha256, real.checkpoint.network.dim)
    embeddings = generate_embeddings(real.photos, n, seed=1)
    for start in range(0, n, _AT_ONCE):
        some = embeddings[start : start + _AT_ONCE]
        names = [f"product-{start + number:07d}" for number in range(len(some))]
        catalogue.put([Product(name, title=name, category="Shoes") for name in names], some)
    Gallery.open(directory, real.checkpoint, catalogue).close()


@contextmanager
def served(gallery: Path) -> Iterator[subprocess.Popen[str]]:
    """A server of the gallery that has said that it is ready."""
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


def start_seconds(gallery: Path) -> float:
    """How long a server takes to be ready."""
    started = time.perf_counter()
    with served(gallery):
        return time.perf_counter() - started


def import_seconds() -> float:
    """How long importing torch and FAISS takes."""
    started = time.perf_counter()
    subprocess.run(_IMPORT, check=True)
    return time.perf_counter() - started


def shared_share(gallery: Path, servers: int) -> float:
    """Of the memory by which servers that run at once have the index, the share that they have in common."""
    with ExitStack() as stack:
        pids = [stack.enter_context(served(gallery)).pid for _ in range(servers)]
        resident, proportional = np.sum([_mapped(pid, gallery / "index") for pid in pids], axis=0)
    return float((resident - proportional) / (resident * (1 - 1 / servers)))


def _mapped(pid: int, folder: Path) -> tuple[int, int]:
    """kB of a folder's files that a process has in memory: as if alone, and with what it shares divided by how many."""
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
    """The medians' ratio, and what servers share."""
    with tempfile.TemporaryDirectory() as folder:
        gallery = Path(folder) / "gallery"
        make_gallery(real, gallery, checkpoint, n)
        start_seconds(gallery)  # files into the page cache, as both sides have them
        times = np.array([[start_seconds(gallery), import_seconds()] for _ in range(runs)])
        ratio = float(np.median(times[:, 0]) / np.median(times[:, 1]))
        shared = shared_share(gallery, servers)
        return {"n": n, "ratio": round(ratio, 2), "servers": servers, "shared": round(shared, 3)}


def main() -> None:
    """Parse, measure, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add_real_options(parser)
    parser.add_argument("--size", type=int, default=100_000)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--servers", type=int, default=2)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    figures = compare(load_real(options), options.checkpoint, options.size, options.runs, options.servers)
    print_figures(figures, as_json=options.json)


if __name__ == "__main__":
    main()
