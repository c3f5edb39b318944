"""Writes while Milvus is killed again and again: nothing that was acknowledged may be missing from searches.

    python -m benchmarks.reliability.milvus_kills [--rounds 20] [--products 300] [--json]

Milvus Lite runs in a process of its own. In each round it is killed with SIGKILL while two writers put, replace and
delete products, and a gallery writes these to the collection. Once it runs again, the gallery's own repeated save()
brings the collection up to date. Then searches for all products have to list exactly those that exist, and
`sketchfind verify` must find nothing wrong with the collection. Ends with status 1 after any fault.
"""

from __future__ import annotations

import random
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

from app.catalogue.catalogue import Catalogue, sqlite_url
from app.gallery.gallery import Gallery
from app.gallery.layout import CATALOGUE_FILE
from app.gallery.milvus_index.milvus_address import MilvusAddress
from app.gallery.milvus_index.milvus_collection import MilvusError
from app.products.product import Product
from app.search.results import Query
from app.search.retriever import Retriever
from benchmarks.support.report import create_parser, parse_options, print_figures
from index_builder.gallery.verify.collection import CollectionCheck
from index_builder.gallery.verify.findings import Findings
from index_builder.gallery.verify.rows import check_rows
from model.checkpoint import DEFAULT_CHECKPOINT, Checkpoint, load_checkpoint

_PATIENCE = 60.0  # s for Milvus to come back
_WRITERS = 2


class MilvusProcess:
    """Milvus Lite in a process, on one port and directory, between start() and kill()."""

    def __init__(self, directory: Path) -> None:
        with socket.create_server(("127.0.0.1", 0)) as probe:
            self._port = probe.getsockname()[1]
        self._directory = directory
        self.address = MilvusAddress.parse(f"milvus://127.0.0.1:{self._port}/kills?index=FLAT")
        self.start()

    def start(self) -> None:
        """Start the server, and wait until it accepts connections."""
        place = ["--data-dir", str(self._directory), "--host", "127.0.0.1", "--port", str(self._port)]
        command = [sys.executable, "-m", "milvus_lite", "server", *place]
        self._process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        retry(lambda: socket.create_connection(("127.0.0.1", self._port)).close())

    def kill(self) -> None:
        """Kill the server, as a crash does."""
        self._process.kill()
        self._process.wait()


class Writer:
    """Writer of random products of its own, in a thread, until stop()."""

    def __init__(self, url: str, checkpoint: Checkpoint, number: int, count: int) -> None:
        self._catalogue = Catalogue(url)
        self._catalogue.bind(checkpoint.sha256, checkpoint.network.dim)
        self._random = random.Random(number)
        self._dim, self._names = checkpoint.network.dim, [f"{number}-{n}" for n in range(count // _WRITERS)]
        self.acknowledged: dict[str, int] = {}  # version of each product that exists
        self.writes = 0
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run)
        self._thread.start()

    def stop(self) -> None:
        """Stop after the current write."""
        self._stopping.set()
        self._thread.join()
        self._catalogue.close()

    def _run(self) -> None:
        while not self._stopping.wait(0.01):
            name = self._random.choice(self._names)
            if name in self.acknowledged and self._random.random() < 0.3:
                self._catalogue.delete([name])
                del self.acknowledged[name]
            else:
                version = self.writes
                embedding = np.random.default_rng(self._random.randrange(2**32)).standard_normal((1, self._dim))
                self._catalogue.put([Product(name, f"version {version}")], embedding.astype(np.float32))
                self.acknowledged[name] = version
            self.writes += 1


def retry(work: Callable[[], object]) -> None:
    """Do work that fails while Milvus is away, as the thread for maintenance does."""
    deadline = time.monotonic() + _PATIENCE
    while True:
        try:
            work()
        except (MilvusError, OSError):
            if time.monotonic() > deadline:
                raise
            time.sleep(0.1)
        else:
            return


def run_storm(directory: Path, rounds: int, count: int) -> dict[str, int]:
    """Kill Milvus in every round of writes. Returns the number of writes and of all faults."""
    checkpoint = load_checkpoint(DEFAULT_CHECKPOINT)
    url = str(sqlite_url(directory / CATALOGUE_FILE))
    catalogue = Catalogue(url)
    catalogue.bind(checkpoint.sha256, checkpoint.network.dim)
    milvus = MilvusProcess(directory / "milvus")
    gallery = Gallery.open(directory, checkpoint, catalogue, milvus=milvus.address)
    retriever = Retriever(checkpoint, gallery, device="cpu")
    figures = dict.fromkeys(("rounds", "writes", "refused_saves", "missing", "stale", "surplus", "verify_problems"), 0)
    kept: list[Writer] = []
    for _ in range(rounds):
        writers = [Writer(url, checkpoint, len(kept) + number, count) for number in range(_WRITERS)]
        killer = threading.Timer(random.uniform(0.2, 1.5), milvus.kill)
        killer.start()
        until = time.monotonic() + 2
        while time.monotonic() < until:
            try:
                gallery.save()
            except MilvusError:
                figures["refused_saves"] += 1
                time.sleep(0.1)
        killer.join()
        for writer in writers:
            writer.stop()
        kept += writers
        milvus.start()
        retry(gallery.save)
        expected = {name: version for writer in kept for name, version in writer.acknowledged.items()}
        query = Query(np.zeros((1, checkpoint.network.dim), np.float32), len(expected) + 10)
        results = retriever.search_all([query])[0].results
        listed = {result.product.product_id: result.product.title for result in results}
        figures["missing"] += len(expected.keys() - listed.keys())
        figures["surplus"] += len(listed.keys() - expected.keys())
        figures["stale"] += sum(listed.get(name) != f"version {n}" for name, n in expected.items() if name in listed)
        figures["verify_problems"] += len(verify_collection(catalogue, milvus.address, checkpoint))
        figures["rounds"] += 1
    figures["writes"] = sum(writer.writes for writer in kept)
    figures["products"] = len(expected)
    milvus.kill()
    gallery.close()
    return figures


def verify_collection(catalogue: Catalogue, address: MilvusAddress, checkpoint: Checkpoint) -> list[str]:
    """Compare the collection with the catalogue, as `sketchfind verify` does. Returns problems and notes."""
    findings, state = Findings(), catalogue.state()
    check = CollectionCheck(address, catalogue, checkpoint.network.distance.cpu(), state, findings)
    with catalogue.moment() as connection:
        for products in check_rows(connection, state, Findings()):
            check.check(products)
    check.finish()
    return [str(finding) for finding in (*findings.problems, *findings.notes)]


def main() -> None:
    """Run the benchmark from the command line."""
    parser = create_parser(__doc__)
    parser.add_argument("--rounds", type=int, default=20, help="kills (default: 20)")
    parser.add_argument("--products", type=int, default=300, help="products of the writers of a round (default: 300)")
    options = parse_options(parser)
    with tempfile.TemporaryDirectory() as directory:
        figures = run_storm(Path(directory), options.rounds, options.products)
    print_figures(figures, as_json=options.json)
    if any(figures[name] for name in ("missing", "stale", "surplus", "verify_problems")):
        raise SystemExit(1)


if __name__ == "__main__":
    main()
