"""Client of the crash test that changes products of its own, singly and several at once."""

from __future__ import annotations

import json
from collections.abc import Sequence
from functools import partial

import httpx

from benchmarks.reliability.crash.expected_products import Change, ExpectedProducts
from benchmarks.reliability.crash.product_state import ProductState
from benchmarks.support.write_clients import PHOTOS, Client, draw_photo

_IDS = 8  # products of a writer

States = dict[str, ProductState]
"""States of existing products, by id."""


class ProductWriter(Client):
    """Client that adds, replaces, renames, patches and deletes its own products."""

    def __init__(self, urls: Sequence[str], key: str, expected: ExpectedProducts, name: str, seed: float) -> None:
        super().__init__(urls, key, seed)
        self._expected, self._name = expected, name

    @staticmethod
    def list_ids(name: str) -> list[str]:
        """List the ids of the products of a writer."""
        return [f"{name}-{number}" for number in range(_IDS)]

    def _send_change(self, server: httpx.Client) -> None:
        known = self._list_known()
        ways = (self._replace, self._delete, self._patch, self._patch_many, self._delete_many)
        if len(known) < 2 or self._rng.random() < 0.3:
            self._put_photo(server)
        else:
            self._rng.choices(ways, (3, 2, 2, 4, 1))[0](server, known)

    def _list_known(self) -> States:
        """List the own products that exist for certain, with their states."""
        possible = {name: self._expected.possible_states(name) for name in self.list_ids(self._name)}
        certain = {name: next(iter(states)) for name, states in possible.items() if len(states) == 1}
        return {name: state for name, state in certain.items() if state is not None}

    def _put_photo(self, server: httpx.Client) -> None:
        name, photo = self._rng.choice(self.list_ids(self._name)), self._rng.randrange(PHOTOS)
        title = self._draw_title(name)
        data, files = {"product": json.dumps({"title": title})}, {"photo": ("photo.png", draw_photo(photo))}
        put = partial(server.put, f"/products/{name}", data=data, files=files)
        self._send("put", {name: ProductState(title, photo)}, put)

    def _replace(self, server: httpx.Client, known: States) -> None:
        [name, state] = self._rename(known, 1).popitem()
        self._send("changed", {name: state}, partial(server.put, f"/products/{name}", json={"title": state.title}))

    def _patch(self, server: httpx.Client, known: States) -> None:
        [name, state] = self._rename(known, 1).popitem()
        self._send("patched", {name: state}, partial(server.patch, f"/products/{name}", json={"title": state.title}))

    def _patch_many(self, server: httpx.Client, known: States) -> None:
        renamed = self._rename(known, self._rng.randint(2, len(known)))
        lines = [json.dumps({"product_id": name, "title": state.title}) for name, state in renamed.items()]
        headers = {"Content-Type": "application/jsonl"}
        patch = partial(server.patch, "/products", content="\n".join(lines), headers=headers)
        self._send("bulk patches", {**renamed}, patch, "changed")

    def _delete(self, server: httpx.Client, known: States) -> None:
        name = self._rng.choice(sorted(known))
        self._send("deleted", {name: None}, partial(server.delete, f"/products/{name}"))

    def _delete_many(self, server: httpx.Client, known: States) -> None:
        names = self._rng.sample(sorted(known), self._rng.randint(2, len(known)))
        delete = partial(server.request, "DELETE", "/products", json=names)
        self._send("bulk deletions", dict.fromkeys(names), delete, "deleted")

    def _rename(self, known: States, count: int) -> States:
        """Draw new titles for some of the products."""
        names = self._rng.sample(sorted(known), count)
        return {name: known[name]._replace(title=self._draw_title(name)) for name in names}

    def _draw_title(self, product_id: str) -> str:
        return f"{product_id} {self._rng.randrange(10**9)}"

    def _send(self, kind: str, change: Change, request: partial[httpx.Response], counted: str | None = None) -> None:
        """Send a change. The answer to one of several products has their number in the field `counted`."""
        self._expected.record_request(change)
        response = request()
        if not response.is_success:
            self._record_refusal(response)
            return
        self._expected.record_acknowledgement(change)
        self.answers[kind] += 1
        if counted is not None and response.json()[counted] != len(change):
            self.faults.append(f"{kind} of {len(change)} products: {response.text}")
