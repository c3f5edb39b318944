"""Page of a shop, on a separate site, with Sketchfind in a panel."""

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
    """Server of one page on http://localhost, which is another site than http://127.0.0.1 for browsers."""

    def __init__(self, port: int) -> None:
        self.origin = f"http://localhost:{port}"
        self.headers: dict[str, str] = {}
        self.page = ""

    def embed(self, home: str, attributes: str = "", style: str = "") -> None:
        """Embed the widget of the Sketchfind server at `home` in the page."""
        self.page = _PAGE.format(home=home, attributes=attributes, style=style)


@contextmanager
def open_shop() -> Iterator[Shop]:
    """Serve a shop's page until the block ends."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            """Send the page."""
            self.send_response(200)
            for name, value in {"Content-Type": "text/html", **shop.headers}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(shop.page.encode())

        def log_message(self, *_: object) -> None:
            """Suppress the log of requests."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        shop = Shop(server.server_address[1])
        Thread(target=server.serve_forever, daemon=True).start()
        try:
            yield shop
        finally:
            server.shutdown()


def panel_of(page: Page) -> FrameLocator:
    """Return the page in the panel, once it is connected to the shop's page."""
    frame = page.frame_locator("iframe[title]")
    expect(frame.locator("html.embedded")).to_be_attached()
    expect(frame.get_by_role("status")).to_contain_text("12")
    return frame


def choose(frame: FrameLocator, product: dict[str, Any] = PRODUCT) -> bool:
    """Announce a choice until the connected shop's page takes it; return False after 10 s."""
    deadline = time.monotonic() + 10
    while not (is_taken := bool(frame.locator("body").evaluate(CHOOSE, product))) and time.monotonic() < deadline:
        pass
    return is_taken
