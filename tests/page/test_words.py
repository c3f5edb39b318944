"""The field for words: beside a sketch, alone, by keyboard, and what became of the words."""

from __future__ import annotations

from urllib.parse import parse_qs, urlsplit

from playwright.sync_api import Locator, Page, Request, expect

from app.web.languages import read_languages
from tests.page.support.axe import assert_accessible
from tests.page.support.phone import BOOT, Phone


def field(page: Page) -> Locator:
    return page.get_by_role("searchbox", name="Words to search for")


def words_of(request: Request) -> list[str]:
    return parse_qs(urlsplit(request.url).query, keep_blank_values=True).get("q", [])


def shown(phone: Phone) -> list[str]:
    return sorted(phone.results.locator(".title").all_inner_texts())


def test_words_alone_find_products_after_a_pause(phone: Phone) -> None:
    page = phone.page
    field(page).press_sequentially("boot", delay=20)
    expect(phone.results).to_have_count(2)
    assert shown(phone) == ["Boot number 1", "Boot number 2"]
    assert words_of(phone.searches[-1]) == ["boot"] and len(phone.searches) < 4  # not one for each key
    assert phone.searches[-1].post_data is None
    expect(phone.status).to_have_text("2 for these words")
    page.get_by_role("button", name="Clear the words").tap()
    expect(phone.results).to_have_count(0)
    expect(field(page)).to_be_focused()
    expect(field(page)).to_have_value("")
    expect(page.get_by_role("button", name="Clear the words")).to_be_hidden()
    expect(page.locator(".start")).to_be_visible()


def test_a_sketch_ranks_what_has_the_words(phone: Phone) -> None:
    phone.draw(BOOT[0])
    expect(phone.results).to_have_count(12)
    field(phone.page).fill("stool")
    expect(phone.results).to_have_count(2)
    assert phone.searches[-1].post_data and words_of(phone.searches[-1]) == ["stool"]
    phone.draw(BOOT[1])
    expect(phone.results).to_have_count(2)
    assert words_of(phone.searches[-1]) == ["stool"]
    phone.page.get_by_role("button", name="Clear", exact=True).tap()
    expect(phone.status).to_have_text("2 for these words")
    field(phone.page).fill("")
    expect(phone.results).to_have_count(0)


def test_the_page_says_which_words_were_corrected_or_left_out(phone: Phone) -> None:
    said = phone.page.locator(".words p")
    field(phone.page).fill("Stoll qwertz asdfgh ")
    expect(said).to_have_text("“stoll” was read as “stool”. No product has: qwertz, asdfgh.")
    expect(phone.results).to_have_count(2)
    field(phone.page).fill("qwertz")
    expect(said).to_have_text("No product has: qwertz.")
    phone.page.get_by_role("button", name="Search everything").tap()
    expect(field(phone.page)).to_have_value("")
    expect(said).to_be_hidden()


def test_words_sorted_by_price_are_not_called_close(phone: Phone) -> None:
    field(phone.page).fill("stool")
    expect(phone.status).to_have_text("2 for these words")
    phone.page.get_by_role("combobox").select_option("price_asc")
    expect(phone.status).to_have_text("2 for these words, by price")


def test_keys_alone_are_enough(phone: Phone) -> None:
    page = phone.page
    field(page).focus()
    page.keyboard.type("boot e")  # `e` is the eraser elsewhere
    page.keyboard.press("Backspace")
    page.keyboard.press("Enter")
    expect(phone.results).to_have_count(2)
    assert words_of(phone.searches[-1]) == ["boot "]
    expect(page.get_by_role("button", name="Eraser")).to_have_attribute("aria-pressed", "false")
    page.keyboard.press("Escape")
    expect(field(page)).to_have_value("")
    expect(phone.results).to_have_count(0)


def test_words_of_the_address_are_searched(page: Page) -> None:
    phone = Phone(page)
    page.goto("/?q=boot")
    expect(phone.results).to_have_count(2)
    expect(field(page)).to_have_value("boot")


def test_a_reset_of_the_filters_keeps_the_words(phone: Phone) -> None:
    field(phone.page).fill("number")
    expect(phone.results).to_have_count(12)
    phone.page.get_by_role("button", name="Filters").tap()
    phone.page.get_by_role("checkbox", name="black").check()
    expect(phone.results).to_have_count(2)
    phone.page.get_by_role("button", name="Reset").tap()
    expect(phone.results).to_have_count(12)
    expect(field(phone.page)).to_have_value("number")


def test_the_field_fits_a_small_phone(page: Page) -> None:
    page.set_viewport_size({"width": 360, "height": 740})
    for language in sorted(read_languages()):
        page.goto(f"/?lang={language}")
        box = page.get_by_role("searchbox")
        box.fill("stoll qwertz")
        expect(page.locator("#results li")).to_have_count(2)
        expect(page.locator(".words p")).to_contain_text("qwertz")
        assert_accessible(page)
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), language
