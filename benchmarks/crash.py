"""Servers that are killed while they write: is all that was acknowledged there afterwards, and nothing half there?

    python -m benchmarks.crash [--rounds 200] [--seed 0] [--json]

In each round clients add, replace and delete products and import feeds, and the server is killed (SIGKILL) at a random
moment. In some rounds the gallery is being embedded anew by another checkpoint, which is killed too; in some its disk
fills up before (for root: the gallery then lies on a small file system of its own), in some a file of its index is cut,
emptied, removed, or a bit of it turned afterwards. Then it is started again and must have every acknowledged change, no
part of any other, and find all of it; `verify` must have nothing to say.
"""

from __future__ import annotations

import argparse
import random
import subprocess
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import httpx

from app.catalogue import Catalogue, sqlite_url
from app.gallery import CATALOGUE_FILE
from benchmarks.clients import Expected, Importer, Shop, Writer, observed, tiny_checkpoint, write_key
from benchmarks.figures import tell
from benchmarks.processes import Server, run
from index_builder.reembed import reembed
from index_builder.verify import verify

DAMAGES = ("cut", "empty", "bit", "missing")
_SPACE = 64  # MiB of the file system that fills up


def main() -> None:
    """Run the rounds; ends with status 1 at the first thing that is wrong."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=200)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, _small_disk(Path(folder) / "disk") as disk, Shop() as shop:
        tell(rounds(disk, shop, options.rounds, options.seed), options.json)


def rounds(disk: Path, shop: Shop, count: int, seed: int) -> dict[str, object]:
    """Crash `count` times; what happened on the way. Raises AssertionError for what is lost or half there."""
    chance = random.Random(seed)
    gallery = disk / "gallery"
    shop.make_gallery(gallery)
    key = write_key(gallery)
    server = Server(gallery, disk.parent / "server.log", often_compacted, allow_private_addresses=True)
    server.start()
    expected, tally = Expected(shop.photo_names(server.url, key)), Counter[str]()
    checkpoints = [tiny_checkpoint(disk.parent / f"{seed}.safetensors", seed) for seed in (7, 8)]
    slowest = 0.0
    for number in range(count):
        embedding = run(_reembed, gallery, checkpoints[number % 2]) if chance.random() < 0.4 else None
        tally += one_round(server, shop, key, expected, number, chance, disk)
        if embedding is not None:
            if chance.random() < 0.5:
                embedding.kill()
            embedding.join()
            tally["embedded anew" if embedding.exitcode == 0 else "embedding anew, stopped"] += 1
        if chance.random() < 0.3:
            tally[f"index {damage(gallery, chance)}"] += 1
        slowest = max(slowest, server.start())
        try:
            check(server, gallery, expected)
        except AssertionError as error:
            raise AssertionError(f"round {number}, after {dict(tally)}: {error}; {server.log()}") from error
    server.stop()
    return {"rounds": count, **tally, "products": len(expected.present()), "slowest start, s": round(slowest, 2)}


def one_round(
    server: Server, shop: Shop, key: str, expected: Expected, number: int, chance: random.Random, disk: Path
) -> Counter[str]:
    """Let clients write until the server is killed; what they were answered."""
    writers = [Writer(server.url, key, expected, f"w{n}", chance.random()) for n in range(3)]
    clients: list[Writer | Importer] = [*writers, Importer(server.url, key, expected, shop.url, number)]
    threads = [threading.Thread(target=client.run) for client in clients]
    for thread in threads:
        thread.start()
    time.sleep(chance.uniform(0.05, 1.0))
    full = chance.random() < 0.1 and _fill(disk)
    time.sleep(chance.uniform(0.0, 0.7))
    server.kill()
    for thread in threads:
        thread.join()
    faults = [fault for client in clients for fault in client.faults]
    assert not faults, f"{faults[0]}; {server.log()}"
    (disk / "filler").unlink(missing_ok=True)
    total: Counter[str] = Counter({"disk full": int(full)})
    for client in clients:
        total.update(client.answers)
    return total


def check(server: Server, gallery: Path, expected: Expected) -> None:
    """Raises AssertionError unless the server has what it should, finds all of it, and its gallery is in order."""
    deadline = time.monotonic() + 60
    with closing(Catalogue(sqlite_url(gallery / CATALOGUE_FILE))) as catalogue:
        while waiting := catalogue.operations.unfinished():
            assert time.monotonic() < deadline, f"an import that was accepted is never done: {waiting}"
            time.sleep(0.02)
    deadline = time.monotonic() + 1
    with httpx.Client(base_url=server.url, timeout=30) as client:
        found = observed(client, expected.photo_names)
        expected.settle(found)
        for name, state in found.items():
            assert client.get(f"/photos/{expected.photo_names[state.photo]}").status_code == 200, name
        while (ids := _searched(client)) != set(found):  # what an import has just written shows within a second
            assert time.monotonic() < deadline, f"a search finds {sorted(ids)}: expected {sorted(found)}"
            time.sleep(0.05)
    report = verify(gallery)
    assert not report.problems, report.problems


def _searched(client: httpx.Client) -> set[str]:
    """All that a search finds."""
    strokes = {"width": 100, "height": 100, "strokes": [[[10, 10], [50, 80], [90, 20]]]}
    results = client.post("/search?k=100", json=strokes).raise_for_status().json()["results"]
    return {result["product_id"] for result in results}


def damage(gallery: Path, chance: random.Random) -> str:
    """Spoil a file of the index; how."""
    path = chance.choice(sorted((gallery / "index").iterdir()))
    how, size = chance.choice(DAMAGES), path.stat().st_size
    if how == "missing":
        path.unlink()
    elif how in ("cut", "empty"):
        with path.open("r+b") as file:
            file.truncate(0 if how == "empty" else chance.randrange(max(1, size)))
    elif size:
        place = chance.randrange(size)
        with path.open("r+b") as file:
            file.seek(place)
            byte = file.read(1)[0]
            file.seek(place)
            file.write(bytes([byte ^ 1 << chance.randrange(8)]))
    return how


def _reembed(gallery: Path, checkpoint: Path) -> None:
    reembed(gallery, checkpoint, device="cpu")


def often_compacted() -> None:
    """Compact after every few changes, in the server's process: rounds are too short to wait for a thousand."""
    from app import gallery

    vars(gallery)["_REPLAY"] = 5


def _fill(disk: Path) -> bool:
    """Leave no room on the disk; whether there is a disk that may be filled."""
    if not disk.is_mount():
        return False
    try:
        with (disk / "filler").open("wb", buffering=0) as file:
            while True:
                file.write(bytes(2**16))
    except OSError:
        return True


@contextmanager
def _small_disk(path: Path) -> Iterator[Path]:
    """A small file system of its own at `path`, or a plain folder for those who may not mount one."""
    path.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", f"size={_SPACE}m", "tmpfs", str(path)]
    is_mounted = subprocess.run(mount, capture_output=True).returncode == 0
    try:
        yield path
    finally:
        if is_mounted:
            subprocess.run(["umount", "--lazy", str(path)], check=True)


if __name__ == "__main__":
    main()
