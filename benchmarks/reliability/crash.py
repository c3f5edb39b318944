"""Crash test of servers during writes: acknowledged changes must survive, and others must not be half there.

    python -m benchmarks.reliability.crash [--rounds 200] [--seed 0] [--json]

In each round clients add, replace and delete products and import feeds, through one or two servers of the gallery. At
random moments the servers are harmed:

- a server is stopped with its decoders (SIGSTOP) and resumes some seconds later (SIGCONT);
- decoders are killed or stopped (photos must be accepted again afterwards);
- the disk is full (for root only: the gallery then lies on a small file system of its own);
- a process embeds the gallery again by another checkpoint, and may be killed, too.

At the end of a round a server is killed (SIGKILL), maybe while it is stopped, or ended (SIGTERM). A second server
continues, must have every acknowledged change of both, and is killed, too. Then a file of the index may be truncated,
emptied, removed, or one of its bits flipped. After a restart, the server must have every acknowledged change, no part
of any other, and find all products. `verify` must not report a problem.
"""

from __future__ import annotations

import random
import tempfile
import threading
import time
from collections import Counter
from contextlib import closing
from pathlib import Path

import httpx

from app.catalogue.catalogue import Catalogue, sqlite_url
from app.gallery.layout import CATALOGUE_FILE, GalleryLocation
from benchmarks.reliability.expected_products import ExpectedProducts
from benchmarks.reliability.harm import damage_index, end_server, fill_disk, harm_processes, mount_small_disk
from benchmarks.support.report import create_parser, parse_options, print_figures
from benchmarks.support.server_process import Server, start_process
from benchmarks.support.write_clients import (
    Client,
    FeedImporter,
    PhotoServer,
    ProductWriter,
    add_write_key,
    list_products,
    save_tiny_checkpoint,
)
from index_builder.gallery.reembed import reembed
from index_builder.gallery.verify.verify import verify


def main() -> None:
    """Parse the options and run the rounds; ends with status 1 at the first fault."""
    parser = create_parser(__doc__)
    parser.add_argument("--rounds", type=int, default=200, help="number of crashes (default: %(default)s)")
    parser.add_argument("--seed", type=int, default=0, help="seed of all random choices (default: %(default)s)")
    options = parse_options(parser)
    with (
        tempfile.TemporaryDirectory() as folder,
        mount_small_disk(Path(folder) / "disk") as disk,
        PhotoServer() as photos,
    ):
        print_figures(CrashTest(disk, photos, options.seed).run(options.rounds), as_json=options.json)


class CrashTest:
    """Rounds of harm to the servers of one gallery on `disk`. Lost changes raise AssertionError."""

    def __init__(self, disk: Path, photos: PhotoServer, seed: int) -> None:
        self._disk, self._photos, self._rng = disk, photos, random.Random(seed)
        self._gallery = disk / "gallery"
        photos.make_gallery(self._gallery)
        self._key = add_write_key(self._gallery)
        self._checkpoints = [save_tiny_checkpoint(disk.parent / f"{number}.safetensors", number) for number in (7, 8)]
        logs = [disk.parent / f"server-{number}.log" for number in range(2)]
        settings = {"allow_private_addresses": True, "write_rate": 0}  # no limit of writes
        self._servers = [Server(self._gallery, log, compact_often, **settings) for log in logs]
        self._tally, self._slowest = Counter[str](), 0.0

    def run(self, rounds: int) -> dict[str, object]:
        """Run the rounds and return the counts of events."""
        first = self._servers[0]
        self._start_server(first)
        self._expected = ExpectedProducts(self._photos.photo_names(first.url, self._key))
        for number in range(rounds):
            try:
                self._run_round(number)
                self._start_server(first)
                self._check_server(first)
            except AssertionError as error:
                logs = "; ".join(server.read_log() for server in self._servers)
                raise AssertionError(f"round {number}, after {dict(self._tally)}: {error}; {logs}") from error
        first.stop()
        products = len(self._expected.list_required())
        return {"rounds": rounds, **self._tally, "products": products, "slowest start, s": round(self._slowest, 2)}

    def _run_round(self, number: int) -> None:
        """Run one round: let clients write until no server is left."""
        servers = self._servers[: 2 if self._rng.random() < 0.35 else 1]
        for further in servers[1:]:
            self._start_server(further)
            self._tally["two servers"] += 1
        embedding = (
            start_process(_reembed, self._gallery, self._checkpoints[number % 2]) if self._rng.random() < 0.4 else None
        )
        self._write_and_harm(servers, number)
        if embedding is not None:
            if self._rng.random() < 0.5:
                embedding.kill()
            embedding.join()
            self._tally["embedded anew" if embedding.exitcode == 0 else "embedding anew, stopped"] += 1
        if self._rng.random() < 0.3:
            self._tally[f"index {damage_index(self._gallery, self._rng)}"] += 1

    def _write_and_harm(self, servers: list[Server], number: int) -> None:
        rng, urls, key, expected = self._rng, [server.url for server in servers], self._key, self._expected
        writers = [ProductWriter(urls, key, expected, f"w{n}", rng.random()) for n in range(3)]
        clients: list[Client] = [*writers, FeedImporter(urls, key, expected, self._photos.url, number, rng.random())]
        threads = [threading.Thread(target=client.run, daemon=True) for client in clients]
        for thread in threads:
            thread.start()
        time.sleep(rng.uniform(0.05, 1.0))
        self._tally[harm_processes(servers, writers, rng)] += 1
        self._tally["disk full"] += rng.random() < 0.1 and fill_disk(self._disk)
        time.sleep(rng.uniform(0.0, 0.7))
        victim = rng.choice(servers)
        self._tally[end_server(victim, rng)] += 1
        others = [server for server in servers if server is not victim]
        if others:
            time.sleep(rng.uniform(0.2, 1.5))
            for client in clients:
                client.stop()
        for thread in threads:
            thread.join()
        faults = [fault for client in clients for fault in client.faults]
        assert not faults, faults[0]
        (self._disk / "filler").unlink(missing_ok=True)
        for client in clients:
            self._tally.update(client.answers)
        for server in others:
            self._check_server(server)
            server.kill()

    def _start_server(self, server: Server) -> None:
        self._slowest = max(self._slowest, server.start())

    def _check_server(self, server: Server) -> None:
        """Check that a server has and finds the expected products, and that its gallery is valid."""
        deadline = time.monotonic() + 60
        with closing(Catalogue(sqlite_url(self._gallery / CATALOGUE_FILE))) as catalogue:
            while waiting := catalogue.operations.unfinished():
                assert time.monotonic() < deadline, f"an accepted import is never done: {waiting}"
                time.sleep(0.02)
        deadline = time.monotonic() + 1
        with httpx.Client(base_url=server.url, timeout=30) as client:
            products = list_products(client, self._expected.photo_names)
            self._expected.settle(products)
            for name, state in products.items():
                photo = self._expected.photo_names[state.photo]
                assert client.get(f"/photos/{photo}").status_code == 200, name
            while (ids := _search_all(client)) != set(products):  # products of an import appear within a second
                assert time.monotonic() < deadline, f"a search finds {sorted(ids)}: expected {sorted(products)}"
                time.sleep(0.05)
        report = verify(GalleryLocation(self._gallery))
        assert not report.problems, report.problems


def _search_all(client: httpx.Client) -> set[str]:
    """Search and return the ids of all results."""
    strokes = {"width": 100, "height": 100, "strokes": [[[10, 10], [50, 80], [90, 20]]]}
    results = client.post("/search?k=100", json=strokes).raise_for_status().json()["results"]
    return {result["product_id"] for result in results}


def _reembed(gallery: Path, checkpoint: Path) -> None:
    reembed(GalleryLocation(gallery), checkpoint, device="cpu")


def compact_often() -> None:
    """Let the server's process compact after every few changes: rounds are too short for a thousand."""
    from app.gallery import gallery

    vars(gallery)["_REPLAY"] = 5


if __name__ == "__main__":
    main()
