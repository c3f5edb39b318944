"""A shop's page, on a site of its own, that shows Sketchfind in a panel."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

from playwright.sync_api import FrameLocator, Page, expect

PRODUCT = {
    "product_id": "boots/7", "rank": 1, "distance": 0.5, "title": "Boot", "category": "Shoes", "price": 59.9,
    "currency": "EUR", "link": "https://shop.example/boots/7", "photo_url": "/photos/a.webp", "thumbnail_url": None,
}  # fmt: skip
CHOOSE = """(body, product) => {
    const { src } = document.querySelector('script[src$="/main.js"]');
    return import(src.replace("main.js", "embed/host_page.js")).then(({ announceChoice }) => announceChoice(product));
}"""

_PAGE = """<!doctype html><html lang="en"><title>Shop</title><meta name="viewport" content="width=device-width">
<style>{style}</style><main><h1>Shop</h1><button id="find">Find</button><a href="/other" id="late">Other</a></main>
<script src="{home}/widget.js" {attributes}></script>"""


class Shop:
    """A server of one page on http://localhost, which browsers take for another site than http://127.0.0.1."""

    def __init__(self, port: int) -> None:
        self.origin = f"http://localhost:{port}"
        self.headers: dict[str, str] = {}
        self.page = ""

    def embed(self, home: str, attributes: str = "", style: str = "") -> None:
        """Let the page have the widget of the Sketchfind server at `home`."""
        self.page = _PAGE.format(home=home, attributes=attributes, style=style)


@contextmanager
def open_shop() -> Iterator[Shop]:
    """A shop that is open until the block ends."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            for name, value in {"Content-Type": "text/html", **shop.headers}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(shop.page.encode())

        def log_message(self, *_: object) -> None: ...

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        shop = Shop(server.server_address[1])
        Thread(target=server.serve_forever, daemon=True).start()
        try:
            yield shop
        finally:
            server.shutdown()


def panel_of(page: Page) -> FrameLocator:
    """The page in the panel, once it has joined the shop's."""
    frame = page.frame_locator("iframe[title]")
    expect(frame.locator("html.embedded")).to_be_attached()
    expect(frame.get_by_role("status")).to_contain_text("12")
    return frame


def choose(frame: FrameLocator, product: dict[str, Any] = PRODUCT) -> bool:
    """Whether the shop's page was told of a choice, once the two pages have met."""
    deadline = time.monotonic() + 10
    while not (told := bool(frame.locator("body").evaluate(CHOOSE, product))) and time.monotonic() < deadline:
        pass
    return told
