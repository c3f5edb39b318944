"""The page in real Chromium, held like a phone."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Browser, Locator, Page, expect, sync_playwright

from tests.page.phone import Phone

Menu = Callable[[], Locator]

_ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    path = os.environ.get("CHROMIUM") or shutil.which("chromium")
    if not path:
        reason = "no browser: set CHROMIUM to its path, or install a `chromium` that is on PATH"
        pytest.fail(reason) if os.environ.get("CI") else pytest.skip(reason)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=_ARGUMENTS)
        yield browser
        browser.close()


@pytest.fixture
def page(browser: Browser, live_server: str) -> Iterator[Page]:
    """The page, just opened on a phone. Fails afterwards if a script died or broke the security policy."""
    context = browser.new_context(
        base_url=live_server,
        viewport={"width": 390, "height": 844},
        device_scale_factor=3,
        has_touch=True,
        is_mobile=True,
        locale="en-GB",
        service_workers="block",
    )
    context.set_default_timeout(10_000)
    page = context.new_page()
    dead: list[str] = []
    said: list[str] = []
    page.on("pageerror", lambda error: dead.append(str(error)))
    page.on("console", lambda message: said.append(message.text))
    page.goto("/")
    yield page
    context.close()
    assert not dead + [text for text in said if "Security Policy" in text]


@pytest.fixture
def phone(page: Page) -> Phone:
    return Phone(page)


@pytest.fixture
def menu(page: Page, phone: Phone) -> Menu:
    """Opens the menu."""

    def open_menu() -> Locator:
        phone.button("More").tap()
        dialog = page.get_by_role("dialog", name="More")
        expect(dialog).to_be_visible()
        return dialog

    return open_menu
