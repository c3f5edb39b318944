"""Servers that are killed while they write: is all that was acknowledged there afterwards, and nothing half there?

    python -m benchmarks.reliability.crash [--rounds 200] [--seed 0] [--json]

In each round clients add, replace and delete products and import feeds, through one server of the gallery or through
two, and harm is done at random moments:

- a server is stopped with its decoders (SIGSTOP) and goes on some seconds later (SIGCONT);
- decoders are killed or stopped (photos must be accepted again afterwards);
- the disk fills up (for root: the gallery then lies on a small file system of its own);
- the gallery is being embedded again by another checkpoint, which is killed, too.

At last a server is killed (SIGKILL), maybe while it is stopped, or told to end (SIGTERM). Where there are two, the
other goes on, and must have every acknowledged change, whichever was asked, before it is killed, too. Then a file of
the index may be cut, emptied, removed, or a bit of it turned. Started again, a server must have every acknowledged
change, no part of any other, and find all of it; `verify` must have nothing to say.
"""

from __future__ import annotations

import argparse
import random
import tempfile
import threading
import time
from collections import Counter
from contextlib import closing
from pathlib import Path

import httpx

from app.catalogue.catalogue import Catalogue, sqlite_url
from app.gallery.layout import CATALOGUE_FILE
from benchmarks.reliability.expected_products import Expected
from benchmarks.reliability.harm import damage, end, fill, harm, small_disk
from benchmarks.support.report import print_figures
from benchmarks.support.server_process import Server, run
from benchmarks.support.write_clients import Client, Importer, Shop, Writer, observed, tiny_checkpoint, write_key
from index_builder.gallery.reembed import reembed
from index_builder.gallery.verify.verify import verify


def main() -> None:
    """Run the rounds; ends with status 1 at the first thing that is wrong."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=200)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, small_disk(Path(folder) / "disk") as disk, Shop() as shop:
        print_figures(Crashes(disk, shop, options.seed).run(options.rounds), as_json=options.json)


class Crashes:
    """Rounds of harm to the servers of one gallery on `disk`. They raise AssertionError for changes that are lost."""

    def __init__(self, disk: Path, shop: Shop, seed: int) -> None:
        self._disk, self._shop, self._chance = disk, shop, random.Random(seed)
        self._gallery = disk / "gallery"
        shop.make_gallery(self._gallery)
        self._key = write_key(self._gallery)
        self._checkpoints = [tiny_checkpoint(disk.parent / f"{number}.safetensors", number) for number in (7, 8)]
        logs = [disk.parent / f"server-{number}.log" for number in range(2)]
        settings = {"allow_private_addresses": True, "write_rate": 0}  # as many as are answered
        self._servers = [Server(self._gallery, log, often_compacted, **settings) for log in logs]
        self._tally, self._slowest = Counter[str](), 0.0

    def run(self, rounds: int) -> dict[str, object]:
        """Crash so many times; what happened on the way."""
        first = self._servers[0]
        self._start(first)
        self._expected = Expected(self._shop.photo_names(first.url, self._key))
        for number in range(rounds):
            try:
                self._round(number)
                self._start(first)
                self._check(first)
            except AssertionError as error:
                logs = "; ".join(server.log() for server in self._servers)
                raise AssertionError(f"round {number}, after {dict(self._tally)}: {error}; {logs}") from error
        first.stop()
        products = len(self._expected.present())
        return {"rounds": rounds, **self._tally, "products": products, "slowest start, s": round(self._slowest, 2)}

    def _round(self, number: int) -> None:
        """Let clients write until no server is left."""
        servers = self._servers[: 2 if self._chance.random() < 0.35 else 1]
        for further in servers[1:]:
            self._start(further)
            self._tally["two servers"] += 1
        embedding = run(_reembed, self._gallery, self._checkpoints[number % 2]) if self._chance.random() < 0.4 else None
        self._write_and_harm(servers, number)
        if embedding is not None:
            if self._chance.random() < 0.5:
                embedding.kill()
            embedding.join()
            self._tally["embedded anew" if embedding.exitcode == 0 else "embedding anew, stopped"] += 1
        if self._chance.random() < 0.3:
            self._tally[f"index {damage(self._gallery, self._chance)}"] += 1

    def _write_and_harm(self, servers: list[Server], number: int) -> None:
        chance, urls, key, expected = self._chance, [server.url for server in servers], self._key, self._expected
        writers = [Writer(urls, key, expected, f"w{n}", chance.random()) for n in range(3)]
        clients: list[Client] = [*writers, Importer(urls, key, expected, self._shop.url, number, chance.random())]
        threads = [threading.Thread(target=client.run, daemon=True) for client in clients]
        for thread in threads:
            thread.start()
        time.sleep(chance.uniform(0.05, 1.0))
        self._tally[harm(servers, writers, chance)] += 1
        self._tally["disk full"] += chance.random() < 0.1 and fill(self._disk)
        time.sleep(chance.uniform(0.0, 0.7))
        victim = chance.choice(servers)
        self._tally[end(victim, chance)] += 1
        others = [server for server in servers if server is not victim]
        if others:
            time.sleep(chance.uniform(0.2, 1.5))
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
            self._check(server)
            server.kill()

    def _start(self, server: Server) -> None:
        self._slowest = max(self._slowest, server.start())

    def _check(self, server: Server) -> None:
        """Check that a server has what it should and finds all of it, and that its gallery is in order."""
        deadline = time.monotonic() + 60
        with closing(Catalogue(sqlite_url(self._gallery / CATALOGUE_FILE))) as catalogue:
            while waiting := catalogue.operations.unfinished():
                assert time.monotonic() < deadline, f"an import that was accepted is never done: {waiting}"
                time.sleep(0.02)
        deadline = time.monotonic() + 1
        with httpx.Client(base_url=server.url, timeout=30) as client:
            found = observed(client, self._expected.photo_names)
            self._expected.settle(found)
            for name, state in found.items():
                photo = self._expected.photo_names[state.photo]
                assert client.get(f"/photos/{photo}").status_code == 200, name
            while (ids := _searched(client)) != set(found):  # what an import has just written shows within a second
                assert time.monotonic() < deadline, f"a search finds {sorted(ids)}: expected {sorted(found)}"
                time.sleep(0.05)
        report = verify(self._gallery)
        assert not report.problems, report.problems


def _searched(client: httpx.Client) -> set[str]:
    """All that a search finds."""
    strokes = {"width": 100, "height": 100, "strokes": [[[10, 10], [50, 80], [90, 20]]]}
    results = client.post("/search?k=100", json=strokes).raise_for_status().json()["results"]
    return {result["product_id"] for result in results}


def _reembed(gallery: Path, checkpoint: Path) -> None:
    reembed(gallery, checkpoint, device="cpu")


def often_compacted() -> None:
    """Compact after every few changes, in the server's process: rounds are too short to wait for a thousand."""
    from app.gallery import gallery

    vars(gallery)["_REPLAY"] = 5


if __name__ == "__main__":
    main()
