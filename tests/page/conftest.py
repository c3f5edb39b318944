"""The page in real Chromium, held like a phone."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Locator, Page, expect, sync_playwright

from tests.conftest import serving
from tests.page.support.phone import PHONE, Phone
from tests.page.support.shop_page import Shop, open_shop

Menu = Callable[[], Locator]

_BROWSERS = ("chromium-headless-shell", "chromium")  # the first takes half of the other's time
_PATIENCE = 20_000  # ms: on a busy machine all takes several times as long
_ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]


@contextmanager
def open_browser() -> Iterator[Browser]:
    """Chromium as it is installed, without its own windows if it can be. Raises FileNotFoundError when it is not."""
    path = os.environ.get("CHROMIUM") or next(filter(None, map(shutil.which, _BROWSERS)), None)
    if not path:
        raise FileNotFoundError(f"no browser: set CHROMIUM to its path, or have one of {_BROWSERS} on PATH")
    with sync_playwright() as playwright:
        expect.set_options(timeout=_PATIENCE)
        browser = playwright.chromium.launch(executable_path=path, args=_ARGUMENTS)
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    try:
        with open_browser() as browser:
            yield browser
    except FileNotFoundError as error:
        pytest.fail(str(error)) if os.environ.get("CI") else pytest.skip(str(error))


@pytest.fixture
def density() -> int:
    """Device pixels to a CSS pixel."""
    return 1


@pytest.fixture
def blank_page(browser: Browser, live_server: str, density: int) -> Iterator[Page]:
    """Start a phone that has opened nothing yet. Fails afterwards if a script died or broke the security policy."""
    device = PHONE | {"device_scale_factor": density}
    context = browser.new_context(base_url=live_server, locale="en-GB", service_workers="block", **device)
    context.set_default_timeout(_PATIENCE)
    page = context.new_page()
    dead: list[str] = []
    said: list[str] = []
    page.on("pageerror", lambda error: dead.append(str(error)))
    page.on("console", lambda message: said.append(message.text))
    yield page
    context.close()
    assert not dead + [text for text in said if "Security Policy" in text]


@pytest.fixture
def page(blank_page: Page) -> Page:
    """Open the page on a phone."""
    blank_page.goto("/")
    return blank_page


@pytest.fixture
def phone(page: Page) -> Phone:
    return Phone(page)


@pytest.fixture(scope="session")
def shop() -> Iterator[Shop]:
    with open_shop() as shop:
        yield shop


@pytest.fixture(scope="session")
def home(tiny_gallery: Path, shop: Shop) -> Iterator[str]:
    """Start a server that this shop may embed."""
    with serving(tiny_gallery, embed_origins=shop.origin) as url:
        yield url


@pytest.fixture
def device(request: pytest.FixtureRequest) -> dict[str, Any]:
    """Return a phone, unless a test asks for something else."""
    return dict(getattr(request, "param", PHONE))


@pytest.fixture
def shopper(browser: Browser, shop: Shop, device: dict[str, Any]) -> Iterator[Page]:
    context = browser.new_context(base_url=shop.origin, locale="en-GB", **device)
    context.set_default_timeout(_PATIENCE)
    yield context.new_page()
    context.close()


@pytest.fixture
def menu(page: Page, phone: Phone) -> Menu:
    """Open the menu."""

    def open_menu() -> Locator:
        phone.button("More").tap()
        dialog = page.get_by_role("dialog", name="More")
        expect(dialog).to_be_visible()
        return dialog

    return open_menu
