"""What the page tells the server of searches, where that counts it."""

from __future__ import annotations

import time
from pathlib import Path

from playwright.sync_api import Browser, expect

from app.catalogue.catalogue import Catalogue, sqlite_url
from app.database.analytics.reading import iterate_events
from app.database.analytics.records import Event
from app.gallery.layout import CATALOGUE_FILE
from tests.conftest import serving
from tests.page.support.phone import BOOT, PHONE, Phone
from tests.support.writable_server import own_gallery


def wait_for_visit(gallery: Path) -> list[Event]:
    """Return the stored events, once one of them is that the shop was visited."""
    catalogue = Catalogue(sqlite_url(gallery / CATALOGUE_FILE))
    deadline = time.monotonic() + 20
    while True:
        with catalogue.moment() as connection:
            events = list(iterate_events(connection, "0", "9"))
        if any(event.kind == "shop" for event in events):
            catalogue.close()
            return events
        assert time.monotonic() < deadline, events
        time.sleep(0.1)


def test_the_page_reports_what_is_looked_at_opened_and_visited(
    browser: Browser, tiny_gallery: Path, tmp_path: Path
) -> None:
    gallery, _ = own_gallery(tiny_gallery, tmp_path)
    with serving(gallery, events=True) as url:
        context = browser.new_context(base_url=url, locale="en-GB", service_workers="block", **PHONE)
        page = context.new_page()
        page.goto("/")
        phone = Phone(page)
        phone.draw_and_wait(BOOT[0])
        phone.results.nth(1).get_by_role("button").tap()
        panel = page.locator("#product")
        expect(panel).to_be_visible()
        product_id = panel.locator(".product").get_attribute("data-product-id")
        panel.locator(".strip-button").first.tap()
        expect(panel.locator(".panel-back")).to_be_visible()
        panel.locator(".visit").evaluate("link => link.addEventListener('click', event => event.preventDefault())")
        panel.locator(".visit").tap()
        events = wait_for_visit(gallery)
        assert page.evaluate("Object.keys(localStorage).includes('sketchfind.session')") is False
        session = page.evaluate("sessionStorage.getItem('sketchfind.session')")
        assert context.cookies() == []
        context.close()
    ranks = {(event.kind, event.rank) for event in events}
    like_it = None  # a product that is like the one before has no rank
    assert ranks == {("shown", None), ("opened", 2), ("opened", like_it), ("shop", like_it)}
    assert len({event.search for event in events}) == 1 and {event.session for event in events} == {session}
    assert [event.product_id for event in events if event.rank == 2] == [product_id]
