"""Client of the crash test that searches and reports what became of the results."""

from __future__ import annotations

from collections.abc import Sequence

import httpx

from benchmarks.support.write_clients import Client

SKETCH = {"width": 100, "height": 100, "strokes": [[[10, 10], [50, 80], [90, 20]]]}
_SESSION = "0" * 32


class EventSender(Client):
    """Client that searches, and sends an event for each search. `acknowledged` counts those that were accepted."""

    def __init__(self, urls: Sequence[str], key: str, seed: float) -> None:
        super().__init__(urls, key, seed)
        self.acknowledged = self.requested = 0

    def _send_change(self, server: httpx.Client) -> None:
        found = server.post("/search?k=3", json=SKETCH)
        if not found.is_success:
            self._record_refusal(found)
            return
        event = {"kind": "shown", "search_id": found.json()["search_id"]}
        self.requested += 1
        response = server.post("/events", json={"session": _SESSION, "events": [event]})
        if response.is_success:
            self.acknowledged += response.json()["accepted"]
            self.answers["events"] += 1
        else:
            self._record_refusal(response)
