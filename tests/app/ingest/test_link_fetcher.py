"""Photos of single writes from hosts that are slow."""

from __future__ import annotations

import asyncio
import threading
import time
from pathlib import Path

import pytest

from app.core.retry_errors import BusyError
from app.ingest import link_fetcher
from app.ingest.link_fetcher import LinkFetcher
from model.preprocessing.images import UnreadableImageError
from tests.support.photo_web import web


def test_a_slow_host_is_given_up(tmp_path: Path) -> None:
    with web() as slow:
        slow.answers["/a.jpg"], slow.drip = (200, {}, b"x" * 1000), 0.05
        fetcher = LinkFetcher(tmp_path, allow_private=True, seconds=0.3)
        started = time.monotonic()
        with pytest.raises(UnreadableImageError, match=r"were not fetched within 0\.3 s"):
            asyncio.run(fetcher.fetch([slow.url()], 2000))
        assert time.monotonic() - started < 5
        fetcher.close()


def test_a_fetch_that_no_thread_begins_is_to_be_tried_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    begun, ended = threading.Event(), threading.Event()

    def fetch_slowly(*_arguments: object) -> list[bytes]:
        begun.set()
        assert ended.wait(30)
        return [b"x"]

    async def fetch_two(fetcher: LinkFetcher) -> None:
        first = asyncio.ensure_future(fetcher.fetch(["https://a.example/1.png"], 2000))
        assert await asyncio.to_thread(begun.wait, 30)
        with pytest.raises(BusyError, match="try again in 10 s"):
            await fetcher.fetch(["https://a.example/2.png"], 2000)
        ended.set()
        assert await first == [b"x"]

    monkeypatch.setattr(link_fetcher, "_THREADS", 1)
    monkeypatch.setattr(link_fetcher, "_fetch_all", fetch_slowly)
    fetcher = LinkFetcher(tmp_path, allow_private=False, seconds=0.2)
    asyncio.run(fetch_two(fetcher))
    fetcher.close()


def test_closing_interrupts_a_fetch(tmp_path: Path) -> None:
    async def close_meanwhile(fetcher: LinkFetcher, link: str) -> None:
        fetch = asyncio.ensure_future(fetcher.fetch([link], 2000))
        await asyncio.sleep(0.2)
        await asyncio.to_thread(fetcher.close)
        with pytest.raises(BusyError, match="the server stops"):
            await fetch

    with web() as slow:
        slow.answers["/a.jpg"], slow.drip = (200, {}, b"x" * 1000), 0.05
        asyncio.run(close_meanwhile(LinkFetcher(tmp_path, allow_private=True), slow.url()))
