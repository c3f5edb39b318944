"""Products in several languages: the page shows them in its own, and filters by what it shows."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from app.catalogue.catalogue import Catalogue, sqlite_url
from app.catalogue.product_patches import patch_products
from app.gallery.layout import CATALOGUE_FILE
from app.products.product_patch import ProductPatch
from tests.conftest import serving
from tests.page.support.phone import PHONE, Phone
from tests.support.writable_server import own_gallery

GERMAN = {("de", "title"): "Stiefel Nummer 1", ("de", "category"): "Schuhe > Stiefel", ("de", "color"): "Feuerrot"}


@pytest.fixture
def gallery(tiny_gallery: Path, tmp_path: Path) -> Path:
    gallery, _ = own_gallery(tiny_gallery, tmp_path)
    catalogue = Catalogue(sqlite_url(gallery / CATALOGUE_FILE))
    patch_products(catalogue, [ProductPatch("boot-1", {}, translations=GERMAN)])
    catalogue.close()
    return gallery


def test_titles_and_filters_change_with_the_language_switch(browser: Browser, gallery: Path) -> None:
    with serving(gallery) as url:
        context = browser.new_context(base_url=url, locale="en-GB", service_workers="block", **PHONE)
        page = context.new_page()
        phone, results = Phone(page), page.locator("#results > li")
        page.goto("/?q=number")
        expect(results).to_have_count(12)
        expect(page.get_by_text("Boot number 1", exact=True)).to_be_visible()
        page.get_by_role("button", name="Shoes", exact=True).tap()
        expect(results).to_have_count(5)
        phone.button("More").tap()
        page.get_by_role("button", name="Deutsch").tap()
        expect(page.get_by_text("Stiefel Nummer 1", exact=True)).to_be_visible()
        expect(page.get_by_text("Boot number 2", exact=True)).to_be_visible()
        expect(results).to_have_count(5)  # the filter stays what it was
        expect(page.get_by_role("button", name="Schuhe", exact=True)).to_have_attribute("aria-pressed", "true")
        page.get_by_role("button", name="Stiefel", exact=True).tap()
        expect(results).to_have_count(2)
        page.get_by_role("button", name="Filter").tap()
        expect(page.locator(".colors .option-name").first).to_have_text("Feuerrot")
        page.keyboard.press("Escape")
        page.get_by_text("Stiefel Nummer 1", exact=True).tap()
        expect(page.locator(".product-facts")).to_have_text("Schuhe › Stiefel · Feuerrot")
        context.close()
