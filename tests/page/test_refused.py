"""What a shopper reads when the server refuses: the page's own words, never the server's."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, Route, expect

from app.web.languages import read_languages
from tests.conftest import serving
from tests.page.support.phone import BOOT, PHONE, Phone
from tests.page.test_upload import STROKES, choose, photo

SEARCH = "**/search?*"
LANGUAGES = read_languages()
CLOSED = "This search is private. Your sketch is safe."


@pytest.fixture(scope="module")
def closed_server(tiny_gallery: Path) -> Iterator[str]:
    """Start a server that asks for a key, which the page does not have."""
    with serving(tiny_gallery, require_key=True) as url:
        yield url


@pytest.mark.parametrize("code", sorted(LANGUAGES))
def test_a_search_that_needs_a_key_says_so_in_the_shopper_s_language(
    browser: Browser, closed_server: str, code: str
) -> None:
    with browser.new_context(base_url=closed_server, locale=code, service_workers="block", **PHONE) as context:
        phone = Phone(context.new_page())
        phone.page.goto("/")
        words = LANGUAGES[code].say("page.private")
        expect(phone.status).to_have_text(words)  # before the first stroke
        expect(phone.page.locator(".invitation strong")).to_have_text(words)
        expect(phone.page.locator(".found .example")).to_have_count(0)
        assert phone.draw_and_wait(BOOT[0]).status == 401
        expect(phone.status).to_have_text(LANGUAGES[code].say("trouble.closed"))


def test_a_refused_search_is_said_in_the_page_s_words(page: Page, phone: Phone) -> None:
    for status, code, words in (  # the same words never twice in a row
        (400, "empty_body", "The shop answered with error 400."),
        (401, "wrong_key", CLOSED),
        (404, "not_found", "The shop answered with error 404."),
        (403, "forbidden", CLOSED),
        (413, "body_too_large", "This sketch has grown too large to send. Clear it and start again."),
        (422, "bad_strokes", "This sketch could not be read. Undo the last stroke and try again."),
        (422, "invalid_parameter", "The shop answered with error 422."),
        (500, "internal", "Something went wrong on our side. Your next stroke tries again."),
    ):
        body = {"error": {"code": code, "message": "expected `X-API-Key: KEY`", "detail": None}}
        page.route(SEARCH, partial(Route.fulfill, status=status, json=body))
        phone.draw(BOOT[0])
        expect(phone.status).to_have_text(words)


def test_a_page_of_a_proxy_is_said_in_the_same_words(page: Page, phone: Phone) -> None:
    page.route(SEARCH, lambda route: route.fulfill(status=413, body="<h1>413 Request Entity Too Large</h1>"))
    phone.draw(BOOT[0])
    expect(phone.status).to_contain_text("too large to send")


def test_a_picture_that_needs_a_key_is_not_called_unreadable(page: Page, phone: Phone) -> None:
    body = {"error": {"code": "missing_key", "message": "an API key is missing", "detail": None}}
    page.route(STROKES, lambda route: route.fulfill(status=401, json=body))
    choose(phone, photo())
    expect(phone.status).to_have_text(CLOSED)
