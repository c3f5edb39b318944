"""What Chromium's tracing tells of the work that a page gives to its main thread."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from playwright.sync_api import Page

LONG = 50_000  # microseconds: a task that takes longer is felt


@contextmanager
def main_thread_tasks(page: Page) -> Iterator[list[int]]:
    """The tasks of the page's main thread while the block ran, known after it, in microseconds of processor time, which
    says the same on a busy machine, where the clock would count what other programs do."""
    events: list[dict[str, Any]] = []
    tasks: list[int] = []
    tracing = page.context.new_cdp_session(page)
    tracing.on("Tracing.dataCollected", lambda data: events.extend(data["value"]))
    tracing.on("Tracing.tracingComplete", lambda data: events.append({"name": "complete"}))
    tracing.send(
        "Tracing.start",
        {"transferMode": "ReportEvents", "traceConfig": {"includedCategories": ["toplevel"]}},
    )
    yield tasks
    tracing.send("Tracing.end")
    while events[-1:] != [{"name": "complete"}]:
        page.wait_for_timeout(50)
    threads = [(e["pid"], e["tid"]) for e in events if e.get("args", {}).get("name") == "CrRendererMain"]
    tasks.extend(e["tdur"] for e in events if (e.get("pid"), e.get("tid")) in threads and "tdur" in e)
