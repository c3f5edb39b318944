"""What the page costs on a slow network: few bytes, and no file that waits for another."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, BrowserContext, expect

from app.web.languages import read_languages
from tests.page.support.phone import BOOT, PHONE, Phone

BUDGET = 60_000  # bytes as they are transferred, headers included, thumbnails aside


@pytest.fixture(params=sorted(read_languages()))
def context(browser: Browser, live_server: str, request: pytest.FixtureRequest) -> Iterator[BrowserContext]:
    context = browser.new_context(base_url=live_server, locale=request.param, service_workers="block", **PHONE)
    yield context
    context.close()


def test_the_first_result_costs_less_than_the_budget(context: BrowserContext) -> None:
    page = context.new_page()
    network = context.new_cdp_session(page)
    addresses: dict[str, str] = {}
    bytes_of: dict[str, int] = {}

    def asked(event: dict[str, Any]) -> None:
        addresses[event["requestId"]] = event["request"]["url"]

    def got(event: dict[str, Any]) -> None:
        if "/search" not in {urlsplit(url).path for url in bytes_of}:  # what comes later delays no result
            bytes_of[addresses[event["requestId"]]] = int(event["encodedDataLength"])

    network.on("Network.requestWillBeSent", asked)
    network.on("Network.loadingFinished", got)
    network.send("Network.enable")
    page.goto("/")
    Phone(page).draw(BOOT[0])
    expect(page.locator("#results li").first).to_be_visible()
    counted = {urlsplit(url).path: size for url, size in bytes_of.items() if "/photos/" not in url}
    assert {"/", "/search"} <= set(counted) and any(path.endswith("/page.css") for path in counted)
    assert sum(counted.values()) <= BUDGET, sorted(counted.items(), key=lambda item: -item[1])


def test_every_script_is_asked_for_before_it_is_needed(context: BrowserContext) -> None:
    page = context.new_page()
    loaded: list[str] = []
    page.on("response", lambda response: loaded.append(urlsplit(response.url).path))
    html = str(page.goto("/").text())  # type: ignore[union-attr]
    scripts = {path for path in loaded if path.endswith(".js")}
    announced = re.findall(r'<link rel="modulepreload" href="([^"]+)"', html)
    assert scripts == set(announced) and len(scripts) == len(announced) > 10
    assert len([path for path in loaded if path.endswith(".css")]) == 1
    assert len(set(loaded)) == len(loaded)  # nothing comes twice, under two addresses of one file either
    assert len({path.rpartition("/")[2] for path in scripts}) == len(scripts)
