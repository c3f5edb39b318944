"""Continuous replacement of products during searches: every existing product must be in every answer.

    python -m benchmarks.reliability.replacement_storm [--minutes 10] [--catalogue URL] [--json]

Two servers share one gallery of 60 products, in SQLite or in the empty database of --catalogue. Three writers replace
the metadata of 30 of the products through both servers. Four clients search for 100 results, with and without filters.
Products are never deleted, so an answer must have each of the 60 products once. It must not have a product in an older
state than was acknowledged before the search began. Facets must count all 60 products. Ends with status 1 after any
fault.
"""

from __future__ import annotations

import json
import random
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable
from contextlib import ExitStack, closing
from pathlib import Path
from typing import Any

import httpx
from pydantic import SecretStr

from app.gallery.layout import GalleryLocation
from benchmarks.support.report import create_parser, parse_options, print_figures
from benchmarks.support.server_process import Server
from benchmarks.support.write_clients import draw_photo, save_tiny_checkpoint
from index_builder.gallery.build import build

_PRODUCTS, _REPLACED = 60, 30
_WRITERS, _SEARCHERS = 3, 4
_FILTERS = ("", "&category=things", "&min_price=0&max_price=1000&currency=EUR")
_SKETCH = {"width": 100, "height": 100, "strokes": [[[10, 10], [50, 80], [90, 20]]]}


class Storm:
    """Clients of several servers of one gallery, and the answers to them."""

    def __init__(self, urls: list[str], key: str, seed: int) -> None:
        self._urls, self._seed = urls, seed
        self._key = {"Authorization": f"Bearer {key}"}
        self._until = 0.0
        self._acknowledged: dict[str, int] = {}  # last version by product; every product has only one writer
        self.answers: Counter[str] = Counter()
        self.short: list[str] = []
        self.errors: list[str] = []

    def run(self, seconds: float) -> None:
        """Write and search for `seconds`."""
        self._until = time.monotonic() + seconds
        clients = [*[self._write] * _WRITERS, *[self._search] * _SEARCHERS, self._check_facets]
        threads = [threading.Thread(target=self._run_client, args=(work, n)) for n, work in enumerate(clients)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    def _run_client(self, work: Callable[[httpx.Client, int, random.Random], None], number: int) -> None:
        rng = random.Random(self._seed + number)
        with ExitStack() as opened:
            clients = [
                opened.enter_context(httpx.Client(base_url=url, headers=self._key, timeout=60)) for url in self._urls
            ]
            while time.monotonic() < self._until:
                try:
                    work(rng.choice(clients), number, rng)
                except Exception as error:  # any exception is a fault
                    self.errors.append(repr(error))

    def _write(self, client: httpx.Client, number: int, rng: random.Random) -> None:
        product = rng.randrange(number, _REPLACED, _WRITERS)
        version = self._acknowledged.get(str(product), 0) + 1
        if self._send("write", lambda: client.put(f"/products/{product}", json=_make_metadata(version))):
            self._acknowledged[str(product)] = version

    def _search(self, client: httpx.Client, _number: int, rng: random.Random) -> None:
        before, query = dict(self._acknowledged), rng.choice(_FILTERS)
        response = self._send("search", lambda: client.post(f"/search?k=100{query}", json=_SKETCH))
        if response is None:
            return
        results = response["results"]
        ids = Counter(result["product_id"] for result in results)
        stale = [r["product_id"] for r in results if int(r["title"]) < before.get(r["product_id"], 0)]
        if ids != Counter(map(str, range(_PRODUCTS))) or stale:
            missing = sorted({*map(str, range(_PRODUCTS))} - ids.keys())
            self.short.append(f"{len(results)} results for {query!r}: {missing} are missing, {stale} are old")

    def _check_facets(self, client: httpx.Client, _number: int, _rng: random.Random) -> None:
        facets = self._send("facets", lambda: client.get("/facets?category=things"))
        if facets is not None and facets["size"] != _PRODUCTS:
            self.short.append(f"facets count {facets['size']}")
        time.sleep(0.1)

    def _send(self, kind: str, send: Callable[[], httpx.Response]) -> Any:
        """Send a request; return the JSON of its answer, or None after a refusal by 429 or 503 with a Retry-After."""
        response = send()
        self.answers[f"{kind} {response.status_code}"] += 1
        if response.is_success:
            return response.json()
        if response.status_code not in (429, 503) or "Retry-After" not in response.headers:
            self.errors.append(f"{kind}: {response.status_code} {response.text[:200]}")
        return None


def _make_metadata(version: int) -> dict[str, object]:
    return {"title": str(version), "category": "Things", "price": f"{version % 100}.00", "currency": "EUR"}


def _make_gallery(folder: Path, url: str | None) -> tuple[Path, str]:
    """Build a gallery of products "0" to "59"; return its directory and a write key."""
    lines = []
    for number in range(_PRODUCTS):
        (folder / f"{number}.png").write_bytes(draw_photo(number))
        fields = {**_make_metadata(0), "id": str(number), "image_link": f"{number}.png"}
        fields["price"] = f"{fields['price']} {fields.pop('currency')}"
        lines.append(json.dumps(fields | {"product_type": fields.pop("category")}))
    feed, gallery = folder / "feed.jsonl", folder / "gallery"
    feed.write_text("\n".join(lines))
    build(feed, GalleryLocation(gallery, url), save_tiny_checkpoint(folder / "tiny.safetensors", seed=7))
    with closing(GalleryLocation(gallery, url).open_catalogue()) as catalogue:
        if catalogue.size() != _PRODUCTS:
            raise SystemExit(f"the catalogue has {catalogue.size()} products: expected an empty database")
        return gallery, catalogue.keys.add("storm", "write")


def main() -> None:
    """Build a gallery, serve it, replace and search; ends with status 1 after any fault."""
    parser = create_parser(__doc__)
    parser.add_argument("--minutes", type=float, default=10, help="duration in minutes (default: %(default)s)")
    parser.add_argument("--catalogue", help="URL of an empty PostgreSQL database (default: SQLite)")
    parser.add_argument("--seed", type=int, default=0, help="seed of all random choices (default: %(default)s)")
    options = parse_options(parser)
    settings: dict[str, Any] = {"search_rate": 0, "write_rate": 0}
    if options.catalogue:
        settings["catalogue"] = SecretStr(options.catalogue)
    with tempfile.TemporaryDirectory() as name, ExitStack() as running:
        folder = Path(name)
        gallery, key = _make_gallery(folder, options.catalogue)
        logs = [folder / f"server-{number}.log" for number in range(2)]
        servers = [running.enter_context(Server(gallery, log, **settings)) for log in logs]
        storm = Storm([server.url for server in servers], key, options.seed)
        storm.run(60 * options.minutes)
    figures = {
        "minutes": options.minutes,
        "answers": dict(sorted(storm.answers.items())),
        "short answers": len(storm.short),
        "first short": storm.short[:3],
        "errors": len(storm.errors),
        "first errors": storm.errors[:3],
    }
    print_figures(figures, as_json=options.json)
    raise SystemExit(1 if storm.short or storm.errors else 0)


if __name__ == "__main__":
    main()
