"""Trace of the work of a page's main thread, by Chromium's tracing."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from playwright.sync_api import Page

LONG = 50_000  # microseconds: users notice longer tasks


@contextmanager
def main_thread_tasks(page: Page) -> Iterator[list[int]]:
    """Trace the tasks of the page's main thread during the block.

    Yields a list that is filled when the block ends, in microseconds of processor time. Unlike elapsed time, this does
    not depend on the load of the machine.
    """
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
