"""Crash test of servers during writes: acknowledged changes must survive, and others must not be half there.

    python -m benchmarks.reliability.crash [--rounds 200] [--seed 0] [--catalogue URL] [--json]

In each round clients add, replace, patch and delete products, singly and several in one request. Others import feeds,
complete ones among them, and send events. They use one or two servers of the gallery. At random moments the servers are
harmed:

- a server is stopped with its decoders (SIGSTOP) and resumes some seconds later (SIGCONT);
- decoders are killed or stopped (photos must be accepted again afterwards);
- the disk is full (for root only: the gallery then lies on a small file system of its own);
- a process embeds the gallery again by another checkpoint, and may be killed, too.

At the end of a round a server is killed (SIGKILL), maybe while it is stopped, or ended (SIGTERM). A second server
continues, must have every acknowledged change of both, and is killed, too. Then a file of the index may be truncated,
emptied, removed, or one of its bits flipped. After a restart, the server must have every acknowledged change, no part
of any other, and find all products. Every accepted import must report its true outcome: a complete one exactly the
products that its feed lacked, or that it was refused. `verify` must not report a problem.
"""

from __future__ import annotations

import random
import threading
import time
from collections import Counter
from contextlib import closing
from pathlib import Path
from typing import Any

import httpx
from pydantic import SecretStr
from sqlalchemy import func, select

from app.database.analytics.tables import events
from app.gallery.layout import GalleryLocation
from benchmarks.reliability.crash.event_sender import SKETCH, EventSender
from benchmarks.reliability.crash.expected_feeds import ExpectedFeeds
from benchmarks.reliability.crash.expected_products import ExpectedProducts
from benchmarks.reliability.crash.feed_importer import FeedImporter
from benchmarks.reliability.crash.harm import damage_index, end_server, fill_disk, harm_processes
from benchmarks.reliability.crash.product_state import ProductState
from benchmarks.reliability.crash.product_writer import ProductWriter
from benchmarks.support.server_process import Server, start_process
from benchmarks.support.write_clients import Client, PhotoServer, add_write_key, save_tiny_checkpoint
from index_builder.gallery.reembed import reembed
from index_builder.gallery.verify.verify import verify

_IMPORTS = 300.0  # s until accepted imports must be over, on a busy machine


class CrashTest:
    """Rounds of harm to the servers of one gallery on `disk`. Lost changes raise AssertionError."""

    def __init__(self, disk: Path, photos: PhotoServer, seed: int, catalogue_url: str | None = None) -> None:
        self._disk, self._photos, self._rng = disk, photos, random.Random(seed)
        self._gallery = disk / "gallery"
        self._location = GalleryLocation(self._gallery, catalogue_url)
        photos.make_gallery(self._gallery, catalogue_url)
        self._key = add_write_key(self._gallery, catalogue_url)
        self._checkpoints = [save_tiny_checkpoint(disk.parent / f"{number}.safetensors", number) for number in (7, 8)]
        logs = [disk.parent / f"server-{number}.log" for number in range(2)]
        settings: dict[str, Any] = {"allow_private_addresses": True, "events": True, "write_rate": 0, "search_rate": 0}
        if catalogue_url:
            settings["catalogue"] = SecretStr(catalogue_url)
        self._servers = [Server(self._gallery, log, compact_often, **settings) for log in logs]
        self._products, self._feeds = ExpectedProducts(), ExpectedFeeds()
        self._events = [0, 0]  # acknowledged, and requested
        self._tally, self._slowest = Counter[str](), 0.0

    def run(self, rounds: int) -> dict[str, object]:
        """Run the rounds and return the counts of events."""
        first = self._servers[0]
        self._start_server(first)
        self._photo_names = self._photos.photo_names(first.url, self._key)
        for number in range(rounds):
            try:
                self._run_round(number)
                self._start_server(first)
                self._check_server(first)
            except Exception as error:  # such as of a server that has ended without being told to
                logs = "; ".join(server.read_log() for server in self._servers)
                raise AssertionError(f"round {number}, after {dict(self._tally)}: {error!r}; {logs}") from error
        first.stop()
        products = len(self._products.list_required())
        return {"rounds": rounds, **self._tally, "products": products, "slowest start, s": round(self._slowest, 2)}

    def _run_round(self, number: int) -> None:
        """Run one round: let clients write until no server is left."""
        servers = self._servers[: 2 if self._rng.random() < 0.35 else 1]
        for further in servers[1:]:
            self._start_server(further)
            self._tally["two servers"] += 1
        embedding = (
            start_process(_reembed, self._location, self._checkpoints[number % 2]) if self._rng.random() < 0.4 else None
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
        rng, urls, key = self._rng, [server.url for server in servers], self._key
        names = [f"w{n}" for n in range(3)]
        writers = [ProductWriter(urls, key, self._products, name, rng.random()) for name in names]
        written = [product_id for name in names for product_id in ProductWriter.list_ids(name)]
        importer = FeedImporter(urls, key, self._feeds, self._photos.url, written, number, rng.random())
        sender = EventSender(urls, key, rng.random())
        clients: list[Client] = [*writers, importer, sender]
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
        self._events = [self._events[0] + sender.acknowledged, self._events[1] + sender.requested]
        for client in clients:
            self._tally.update(client.answers)
        for server in others:
            self._check_server(server)
            server.kill()

    def _start_server(self, server: Server) -> None:
        self._slowest = max(self._slowest, server.start())

    def _check_server(self, server: Server) -> None:
        """Check that a server has and finds the expected products, and that its gallery is valid."""
        deadline = time.monotonic() + _IMPORTS
        with closing(self._location.open_catalogue()) as catalogue:
            while waiting := catalogue.operations.unfinished():
                assert time.monotonic() < deadline, f"an accepted import is never done: {waiting}"
                time.sleep(0.02)
            with catalogue.moment() as connection:
                stored = connection.execute(select(func.count()).select_from(events)).scalar_one()
        assert self._events[0] <= stored <= self._events[1], f"{stored} events: expected {self._events}"
        deadline = time.monotonic() + 1
        with httpx.Client(base_url=server.url, timeout=30) as client:
            products = _list_products(client, self._photo_names)
            fed = {name: state for name, state in products.items() if name.startswith("feed-")}
            self._feeds.settle(fed)
            headers = {"Authorization": f"Bearer {self._key}"}
            self._feeds.check_jobs({job: client.get(job, headers=headers).json() for job in self._feeds.accepted})
            self._products.settle({name: state for name, state in products.items() if name not in fed})
            for name, state in products.items():
                photo = self._photo_names[state.photo]
                assert client.get(f"/photos/{photo}").status_code == 200, name
            while (ids := _search_all(client)) != set(products):  # products of an import appear within a second
                assert time.monotonic() < deadline, f"a search finds {sorted(ids)}: expected {sorted(products)}"
                time.sleep(0.05)
        report = verify(self._location)
        assert not report.problems, report.problems


def _list_products(client: httpx.Client, photo_names: list[str]) -> dict[str, ProductState]:
    """List every product of the server, by id."""
    products: dict[str, ProductState] = {}
    after: str | None = ""
    while after is not None:
        page = client.get("/products", params={"after": after} if after else {}).json()
        for product in page["products"]:
            name = product["photo_url"].rpartition("/")[2]
            products[product["product_id"]] = ProductState(product["title"], photo_names.index(name))
        after = page["next"]
    return products


def _search_all(client: httpx.Client) -> set[str]:
    """Search and return the ids of all results."""
    results = client.post("/search?k=100", json=SKETCH).raise_for_status().json()["results"]
    return {result["product_id"] for result in results}


def _reembed(location: GalleryLocation, checkpoint: Path) -> None:
    reembed(location, checkpoint, device="cpu")


def compact_often() -> None:
    """Let the server's process compact after every few changes: rounds are too short for a thousand."""
    from app.gallery import gallery

    vars(gallery)["_REPLAY"] = 5
