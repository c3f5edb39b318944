"""Check of a shop's feed of variants: groups, exact filters, and complete imports.

    python -m benchmarks.reliability.shop_feed --feed FILE [--shoes 625] [--sizes 8] [--checkpoint FILE] [--json]

Makes a feed in Google's format from a feed of photos: a shoe of each photo, in eight sizes, with prices and stock at
random. A server imports it over HTTP. Then it must hold:

- The first 24 results of a sketch are of 24 groups. So are those of products like another one, without its group.
- A search with filters by size, stock, colour, gender and price lists the groups that a plain loop over the items
  finds, all or the first 500. The product that stands for a group passes the filters. The facets count the same.
- A complete import without 300 of the items removes exactly these. One without 80 % is refused, and removes nothing.

Ends with status 1 after any fault. The default checkpoint is a tiny random network: no check depends on distances.
"""

from __future__ import annotations

import random
import tempfile
import time
from collections.abc import Sequence
from itertools import islice
from pathlib import Path
from typing import Any

import httpx

from app.feeds.reader import read_feed
from app.feeds.records import FeedItem
from app.gallery.layout import GalleryLocation
from benchmarks.reliability.variant_shop import Item, ItemFilter, Parameters, make_items, write_feed
from benchmarks.support.report import create_parser, parse_options, print_figures
from benchmarks.support.server_process import Server
from benchmarks.support.write_clients import FolderServer, add_write_key, save_tiny_checkpoint
from index_builder.gallery.create import create_gallery

_GONE = 0.06  # of the items: 300 of 5,000
_FILTERS = 60
_PATIENCE = 120.0  # s of a request
_PAGE = 100
_MOST_LISTED = 500  # groups


class ShopCheck:
    """Checks of a served gallery that has nothing but the items of a shop. Faults are collected in `faults`."""

    def __init__(self, client: httpx.Client, items: Sequence[Item], rng: random.Random) -> None:
        self._client, self._items, self._rng = client, list(items), rng
        self.faults: list[str] = []

    def run(self, gone: int, filters: int) -> dict[str, object]:
        """Run all checks; return the figures."""
        seconds = self.import_items(self._items, {"state": "done", "added": len(self._items), "error_count": 0})
        self.check_groups(5)
        listed = [self.check_filters(ItemFilter.draw(self._items, self._rng)) for _ in range(filters)]
        self.check_complete_imports(gone)
        listed += [self.check_filters(ItemFilter.draw(self._items, self._rng)) for _ in range(filters // 4)]
        return {
            "items": len(self._items) + gone,
            "groups": len({item.group for item in self._items}),
            "import, s": round(seconds, 1),
            "filters": len(listed),
            "groups listed under filters": sum(listed),
            "first faults": self.faults[:5],
            "faults": len(self.faults),
        }

    def import_items(self, items: Sequence[Item], expected: dict[str, object], **parameters: bool) -> float:
        """Import a feed of items, compare the outcome, and return the seconds."""
        started = time.monotonic()
        headers = {"Content-Type": "text/tab-separated-values"}
        feed = write_feed(items)
        answer = self._client.post("/products/import", params=parameters, content=feed, headers=headers)
        job = answer.raise_for_status().json()
        while job["state"] in ("queued", "running"):
            time.sleep(0.1)
            job = self._get(answer.headers["Location"])
        outcome = {name: job[name] for name in expected}
        self._expect(f"import {job['message'] or ''} {job['errors'][:3]}", outcome, expected)
        return time.monotonic() - started

    def check_groups(self, count: int) -> None:
        """Check that the first results of some sketches, and of products like another one, are of distinct groups."""
        sizes = [f"EU {size}" for size in sorted({item.size for item in self._items})]
        most = len({item.group for item in self._items})
        for _ in range(count):
            results = self._search([("k", "24")])["results"]
            groups = [result["group_id"] for result in results]
            self._expect("groups of the first results", len(set(groups)), len(groups))
            self._expect("number of the first results", len(groups), min(24, most))
            self._expect("sizes of the results", [result["sizes"] for result in results], [sizes] * len(results))
            item = self._rng.choice(self._items)
            similar = self._get(f"/products/{item.product_id}/similar", [("k", "24")])["results"]
            groups = [result["group_id"] for result in similar]
            self._expect("groups of similar products", len({*groups, item.group}), min(24, most - 1) + 1)

    def check_filters(self, filters: ItemFilter) -> int:
        """Check a search and the facets under filters; return the number of groups that pass."""
        passing = [item for item in self._items if filters.passes(item)]
        groups = {item.group for item in passing}
        parameters = filters.to_parameters()
        results = self._list_all(parameters)
        listed = [result["group_id"] for result in results]
        self._expect(f"groups of {parameters}, each once", len(set(listed)), len(listed))
        if len(groups) <= _MOST_LISTED:
            self._expect(f"groups of {parameters}", set(listed), groups)
        else:
            self._expect(f"groups of {parameters}", (len(listed), set(listed) <= groups), (_MOST_LISTED, True))
        strangers = {result["product_id"] for result in results} - {item.product_id for item in passing}
        self._expect(f"results of {parameters} that do not pass", strangers, set[str]())
        facets = self._get("/facets", parameters)
        in_stock = {item.group for item in passing if item.is_in_stock}
        counts = (facets["size"], facets["in_stock"])
        self._expect(f"facets of {parameters}", counts, (len(groups), len(in_stock)))
        variants = self._get("/facets", [*parameters, ("variants", "true")])["size"]
        self._expect(f"variants of {parameters}", variants, len(passing))
        return len(groups)

    def check_complete_imports(self, count: int) -> None:
        """Check that a complete import removes exactly `count` items, and that one without 80 % is refused."""
        gone = set(self._rng.sample(self._items, count))
        self._items = [item for item in self._items if item not in gone]
        done = {"state": "done", "removed": count, "added": 0, "updated": 0, "unchanged": len(self._items)}
        self.import_items(self._items, done, complete=True)
        self._check_products("after a complete import")
        few = self._rng.sample(self._items, len(self._items) // 5)
        self.import_items(few, {"state": "failed", "removed": 0, "updated": 0}, complete=True)
        self._check_products("after a refused import")

    def _check_products(self, moment: str) -> None:
        """Check that the gallery has exactly the items."""
        names, after = set[str](), ""
        while after is not None:
            page = self._get("/products", [("limit", "200"), *([("after", after)] if after else [])])
            names |= {product["product_id"] for product in page["products"]}
            after = page["next"]
        expected = {item.product_id for item in self._items}
        self._expect(f"items {moment}", (len(names), names ^ expected), (len(expected), set[str]()))

    def _list_all(self, parameters: Parameters) -> list[dict[str, object]]:
        """List all pages of a search."""
        sketch = self._draw_sketch()
        page = self._search([*parameters, ("k", str(_PAGE))], sketch)
        results = list(page["results"])
        while page["next"]:
            page = self._search([*parameters, ("k", str(_PAGE)), ("cursor", page["next"])], sketch)
            results += page["results"]
        return results

    def _search(self, parameters: Parameters, sketch: object = None) -> dict[str, Any]:
        answer = self._client.post("/search", params=parameters, json=sketch or self._draw_sketch())
        return dict(answer.raise_for_status().json())

    def _get(self, path: str, parameters: Parameters = []) -> dict[str, Any]:  # noqa: B006 - never changed
        return dict(self._client.get(path, params=parameters).raise_for_status().json())

    def _draw_sketch(self) -> dict[str, object]:
        strokes = [[[self._rng.randrange(100) for _ in "xy"] for _ in range(4)] for _ in range(3)]
        return {"width": 100, "height": 100, "strokes": strokes}

    def _expect(self, what: str, actual: object, expected: object) -> None:
        if actual != expected:
            self.faults.append(f"{what}: {actual}, expected {expected}"[:600])


def main() -> None:
    """Make a feed, import it and check it; ends with status 1 after any fault."""
    parser = create_parser(__doc__)
    parser.add_argument("--feed", type=Path, required=True, help="feed of photos in the folder beside it")
    parser.add_argument("--shoes", type=int, default=625, help="number of shoes, and photos (default: %(default)s)")
    parser.add_argument("--sizes", type=int, default=8, help="number of sizes of each (default: %(default)s)")
    parser.add_argument("--checkpoint", type=Path, help="checkpoint of the gallery (default: a tiny random network)")
    parser.add_argument("--seed", type=int, default=0, help="seed of all random choices (default: %(default)s)")
    options = parse_options(parser)
    rng = random.Random(options.seed)
    with tempfile.TemporaryDirectory() as name, FolderServer(options.feed.parent) as photos:
        folder, gallery = Path(name), Path(name) / "gallery"
        checkpoint = options.checkpoint or save_tiny_checkpoint(folder / "tiny.safetensors", seed=7)
        create_gallery(GalleryLocation(gallery), checkpoint)
        headers = {"Authorization": f"Bearer {add_write_key(gallery)}"}
        entries = (entry for entry in read_feed(options.feed) if isinstance(entry, FeedItem))
        shoes = [(entry.product, f"{photos.url}/{entry.links[0]}") for entry in islice(entries, options.shoes)]
        server = Server(gallery, folder / "server.log", search_rate=0, write_rate=0, allow_private_addresses=True)
        with server, httpx.Client(base_url=server.url, headers=headers, timeout=_PATIENCE) as client:
            check = ShopCheck(client, make_items(shoes, options.sizes, rng), rng)
            figures = check.run(round(_GONE * options.shoes * options.sizes), _FILTERS)
    print_figures(figures, as_json=options.json)
    raise SystemExit(1 if check.faults else 0)


if __name__ == "__main__":
    main()
