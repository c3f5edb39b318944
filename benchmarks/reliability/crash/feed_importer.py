"""Client of the crash test that imports feeds, complete ones among them."""

from __future__ import annotations

import json
from collections.abc import Sequence

import httpx

from benchmarks.reliability.crash.expected_feeds import ExpectedFeeds
from benchmarks.reliability.crash.product_state import ProductState
from benchmarks.support.write_clients import PHOTOS, Client

_PRODUCTS = 36  # of all feeds; more than are written in one transaction
_LEAST = 28  # products of a complete feed


class FeedImporter(Client):
    """Client that imports feeds, each with other titles and photos for the same products.

    A complete feed lacks some of these, which it removes, or is refused. It names the products of other clients,
    `others`, in entries that cannot be imported, so these must stay.
    """

    def __init__(
        self,
        urls: Sequence[str],
        key: str,
        expected: ExpectedFeeds,
        photos: str,
        others: Sequence[str],
        number: int,
        seed: float,
    ) -> None:
        super().__init__(urls, key, seed)
        self._expected, self._photos, self._others = expected, photos, others
        self._number, self._part = number, 0

    def _send_change(self, server: httpx.Client) -> None:
        state = ProductState(f"import {self._number}.{self._part}", (self._number + self._part) % PHOTOS)
        self._part += 1
        is_complete = self._rng.random() < 0.6
        count = self._rng.randint(_LEAST, _PRODUCTS) if is_complete else _PRODUCTS
        may_remove = not is_complete or not self._expected.is_settled or self._rng.random() < 0.8
        products = {f"feed-{n}": state for n in self._rng.sample(range(_PRODUCTS), count)}
        others = self._others if is_complete else []
        feed = self._expected.submit(products, len(others), is_complete=is_complete, may_remove=may_remove)
        link = f"{self._photos}/{state.photo}.png"
        lines = [{"id": name, "title": state.title, "image_link": link} for name in products]
        lines += [{"id": name} for name in others]
        self._rng.shuffle(lines)
        response = server.post(
            "/products/import",
            params={"complete": is_complete, "max_removed": 100 if may_remove else 0},
            content="\n".join(map(json.dumps, lines)),
            headers={"Content-Type": "application/jsonl"},
        )
        if response.status_code != 202:
            self._record_refusal(response)
            return
        job = response.headers["Location"]
        self._expected.accept(feed, job)
        self.answers["complete imports" if is_complete else "imports"] += 1
        self.answers["refused complete imports"] += feed.is_refused
        while not self._stopping.is_set():
            if server.get(job).json().get("state") not in (None, "queued", "running"):
                self._expected.end()
                return
