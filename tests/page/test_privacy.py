"""What a visit leaves: nothing with others, no cookie, and only what docs/privacy.md lists in the browser."""

from __future__ import annotations

import re
from pathlib import Path

from playwright.sync_api import Page

from tests.page.support.phone import Phone
from tests.page.test_product import open_first
from tests.page.test_upload import choose, photo

DOCS = Path(__file__).resolve().parents[2] / "docs" / "privacy.md"


def test_privacy_is_as_documented(page: Page, phone: Phone, live_server: str) -> None:
    requests: list[str] = []
    page.on("request", lambda request: requests.append(request.url))
    page.reload()
    open_first(phone)
    page.keyboard.press("Escape")
    phone.button("Clear").tap()
    with page.expect_response("**/strokes"):
        choose(phone, photo())
    page.evaluate("window.dispatchEvent(new Event('pagehide'))")  # what waits to be stored is stored now
    elsewhere = [url for url in requests if not url.startswith((f"{live_server}/", "data:", "blob:"))]
    assert len(requests) > 10 and elsewhere == []
    assert page.context.cookies() == []
    stored = page.evaluate("[...Object.keys(localStorage), ...Object.keys(sessionStorage)]")
    documented = re.findall(r"^\| `\w+Storage` \| `(.+?)` \|", DOCS.read_text(), re.M)
    assert {"sketchfind.sketch", "sketchfind.recent"} <= set(stored) <= set(documented)
    assert page.evaluate("indexedDB.databases()") == []
