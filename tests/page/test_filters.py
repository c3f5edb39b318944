"""Narrowing the search down by category, colour, brand, stock and price."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import partial
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from playwright.sync_api import Browser, Locator, Page, Route, expect

from tests.page.support.axe import assert_fits
from tests.page.support.phone import BOOT, PHONE, Phone
from tests.page.test_search import answer, product

SEARCH = "**/search?*"
FACETS = "**/facets?*"

Serve = Callable[..., list[dict[str, list[str]]]]


def facets(**more: Any) -> dict[str, Any]:
    """Return the body of GET /facets."""
    categories = [("Bags", 3), ("Shoes", 9), ("Shoes > Boots", 5), ("Shoes > Pumps", 1)]
    colors = [("black", 2), ("dark blue", 7), ("rojo", 3), ("mystery", 1)]
    prices = {"currency": "EUR", "min": 19, "max": 129.5, "count": 12}
    return {
        "size": 12,
        "categories": [{"category": name, "count": count} for name, count in categories],
        "colors": [{"color": name, "count": count} for name, count in colors],
        "brands": [{"brand": "Acme", "count": 4}, {"brand": "Zeta & Söhne", "count": 8}],
        "genders": [{"gender": "unisex", "count": 5}, {"gender": "women", "count": 7}],
        "sizes": [{"size": size, "count": count} for size, count in (("9", 2), ("10", 6), ("EU 42", 4))],
        "in_stock": 9,
        "prices": [prices],
        **more,
    }


def asked(url: str) -> dict[str, list[str]]:
    """Return the parameters of a request, less k and lang."""
    return {name: values for name, values in parse_qs(urlsplit(url).query).items() if name not in ("k", "lang")}


@pytest.fixture
def page(blank_page: Page) -> Page:
    """Leave it to `serve` or to the test to open the page, once all answers are in place."""
    return blank_page


@pytest.fixture
def serve(page: Page) -> Serve:
    """Open the page of a server with these facets, whatever is asked, which also answers searches.

    Returns what facets are asked for.
    """

    def start(**more: Any) -> list[dict[str, list[str]]]:
        questions: list[dict[str, list[str]]] = []

        def count(route: Route) -> None:
            questions.append(asked(route.request.url))
            route.fulfill(json=facets(**more))

        page.route(FACETS, count)
        page.route(SEARCH, lambda route: route.fulfill(json=answer(product("a"), product("b"))))
        page.goto("/")
        return questions

    return start


def chips(page: Page) -> Locator:
    return page.get_by_role("group", name="Category").get_by_role("button")


def open_sheet(phone: Phone) -> Locator:
    phone.page.locator("#filters").tap()
    sheet = phone.page.get_by_role("dialog", name="Filters")
    expect(sheet).to_be_visible()
    sheet.evaluate("sheet => Promise.all(sheet.getAnimations().map(each => each.finished))")
    return sheet


def test_a_category_narrows_the_search(page: Page, phone: Phone, serve: Serve) -> None:
    serve()
    phone.draw_and_wait(BOOT[0])
    expect(chips(page)).to_have_text(["All", "Shoes", "Bags"])  # the most products first
    expect(chips(page).nth(1)).to_have_accessible_description("9 products")
    phone.press("Shoes")
    expect(chips(page)).to_have_text(["All", "Shoes", "Boots", "Pumps"])
    expect(chips(page).nth(3)).to_have_accessible_description("1 product")
    phone.press("Boots")
    assert asked(phone.searches[-1].url) == {"category": ["Shoes > Boots"]}
    phone.press("Boots")  # once more goes back up
    assert asked(phone.searches[-1].url) == {"category": ["Shoes"]}
    phone.press("All")
    assert asked(phone.searches[-1].url) == {}


def test_nothing_to_choose_no_choices(page: Page, phone: Phone, serve: Serve) -> None:
    serve(categories=[], colors=[], brands=[], genders=[], sizes=[], in_stock=12, prices=[])
    phone.draw_and_wait(BOOT[0])
    expect(page.get_by_role("group", name="Category")).to_be_hidden()
    expect(page.locator("#filters")).to_be_hidden()


def test_without_facets_everything_is_searched(page: Page, phone: Phone) -> None:
    page.route(FACETS, lambda route: route.fulfill(status=404, json={"error": {"code": "not_found"}}))
    page.goto("/")
    phone.draw_and_wait(BOOT[0])
    expect(phone.results).not_to_have_count(0)
    expect(chips(page)).to_have_count(0)


def test_facets_that_the_network_lost_are_asked_for_again(page: Page, phone: Phone, serve: Serve) -> None:
    serve()
    page.route(FACETS, lambda route: route.abort(), times=1)
    page.reload()
    phone.draw_and_wait(BOOT[0])
    expect(chips(page)).to_have_count(3)


def test_filters_combine_and_reach_the_search(page: Page, phone: Phone, serve: Serve) -> None:
    questions = serve()
    phone.draw_and_wait(BOOT[0])
    phone.press("Shoes")
    sheet = open_sheet(phone)
    sheet.get_by_role("checkbox", name="black").check()
    sheet.get_by_role("checkbox", name="dark blue").check()
    sheet.get_by_role("checkbox", name="Zeta & Söhne").check()
    sheet.get_by_role("checkbox", name="women").check()
    sheet.get_by_role("checkbox", name="EU 42").check()
    sheet.get_by_role("checkbox", name="In stock only").check()
    sheet.get_by_role("spinbutton", name="From").fill("20")
    sheet.get_by_role("spinbutton", name="To").fill("99.5")
    phone.wait_for_search(lambda: sheet.get_by_role("spinbutton", name="To").press("Enter"))
    wanted = {
        "category": ["Shoes"], "color": ["black", "dark blue"], "brand": ["Zeta & Söhne"], "in_stock": ["true"],
        "gender": ["women"], "size": ["EU 42"], "min_price": ["20"], "max_price": ["99.5"], "currency": ["EUR"],
    }  # fmt: skip
    assert asked(phone.searches[-1].url) == questions[-1] == wanted
    sheet.get_by_role("button", name="Show 12 products").tap()
    expect(sheet).to_be_hidden()
    expect(page.locator("#filters")).to_have_text(re.compile(r"Filters\s+7"))  # two colours, a brand, stock …
    assert asked(phone.wait_for_search(lambda: phone.draw(BOOT[1])).url) == wanted
    sheet = open_sheet(phone)
    expect(sheet.get_by_role("checkbox", name="black")).to_be_checked()
    phone.wait_for_search(sheet.get_by_role("button", name="Reset").tap)
    assert asked(phone.searches[-1].url) == {"category": ["Shoes"]}
    expect(sheet.get_by_role("spinbutton", name="From")).to_have_value("")
    expect(sheet.get_by_role("checkbox", checked=True)).to_have_count(0)
    expect(sheet.get_by_role("button", name="Reset")).to_be_disabled()


def test_the_bounds_of_prices_are_written_as_people_do(browser: Browser, live_server: str) -> None:
    with browser.new_context(base_url=live_server, locale="de-DE", service_workers="block", **PHONE) as context:
        page = context.new_page()
        prices = [{"currency": "EUR", "min": 19, "max": 1299.5, "count": 12}]
        page.route(FACETS, lambda route: route.fulfill(json=facets(prices=prices)))
        page.goto("/")
        Phone(page).draw_and_wait(BOOT[0])
        page.get_by_role("button", name="Filter").tap()
        expect(page.get_by_role("spinbutton", name="Von")).to_have_attribute("placeholder", "19")
        expect(page.get_by_role("spinbutton", name="Bis")).to_have_attribute("placeholder", "1299,5")


def test_a_range_the_wrong_way_round_is_turned(phone: Phone, serve: Serve) -> None:
    serve()
    phone.draw_and_wait(BOOT[0])
    sheet = open_sheet(phone)
    sheet.get_by_role("spinbutton", name="From").fill("90")
    sheet.get_by_role("spinbutton", name="To").fill("30")
    phone.wait_for_search(lambda: sheet.get_by_role("spinbutton", name="To").press("Enter"))
    assert asked(phone.searches[-1].url) == {"min_price": ["30"], "max_price": ["90"], "currency": ["EUR"]}
    expect(sheet.get_by_role("spinbutton", name="From")).to_have_value("30")
    expect(sheet.get_by_role("spinbutton", name="To")).to_have_value("90")


def test_selecting_a_price_may_end_beside_the_sheet(page: Page, phone: Phone, serve: Serve) -> None:
    serve()
    phone.draw_and_wait(BOOT[0])
    sheet = open_sheet(phone)
    sheet.get_by_role("spinbutton", name="From").hover()
    page.mouse.down()
    page.mouse.move(195, 8)
    page.mouse.up()
    expect(sheet).to_be_visible()
    page.mouse.click(195, 8)
    expect(sheet).to_be_hidden()


def test_the_row_of_categories_takes_the_wheel_and_arrow_keys(page: Page, phone: Phone, serve: Serve) -> None:
    serve(categories=[{"category": f"Kind number {i}", "count": i} for i in range(1, 13)])
    phone.draw_and_wait(BOOT[0])
    expect(chips(page)).to_have_text(["All", *(f"Kind number {i}" for i in range(12, 0, -1))])
    row = page.locator(".choosing")
    row.hover()
    page.mouse.wheel(0, 120)
    expect(row).to_have_js_property("scrollLeft", 120)
    page.keyboard.press("Tab")
    chips(page).first.focus()
    for _ in range(12):
        page.keyboard.press("ArrowRight")
    last = chips(page).last
    expect(last).to_be_focused()
    expect(last).to_be_in_viewport()


def test_colours_are_named_in_the_page_s_language(browser: Browser, live_server: str) -> None:
    context = browser.new_context(base_url=live_server, locale="de-DE", service_workers="block")
    page = context.new_page()
    page.goto("/?q=number")
    page.get_by_role("button", name="Filter").click()
    expect(page.locator(".colors .option-name")).to_have_text(["Rot", "Schwarz"])
    with page.expect_request(SEARCH) as search:
        page.get_by_role("checkbox", name="Schwarz").check()
    assert asked(search.value.url)["color"] == ["Black"]
    context.close()


def test_the_sheet_says_what_there_is(phone: Phone, serve: Serve) -> None:
    serve()
    phone.draw_and_wait(BOOT[0])
    sheet = open_sheet(phone)
    most_first = ["dark blue7", "rojo3", "Black2", "mystery1"]
    expect(sheet.locator(".colors .option")).to_have_text(most_first)
    seen = "all => all.map(swatch => swatch.hidden || getComputedStyle(swatch).backgroundColor)"
    looks = sheet.locator(".colors .swatch").evaluate_all(seen)
    assert looks == ["rgb(0, 0, 139)", "rgb(192, 37, 45)", "rgb(30, 30, 30)", True]
    expect(sheet.get_by_role("spinbutton", name="From")).to_have_attribute("placeholder", "19")
    expect(sheet.get_by_role("spinbutton", name="To")).to_have_attribute("placeholder", "129.5")
    expect(sheet.get_by_role("radio")).to_have_count(0)
    expect(sheet.locator(".brands .option")).to_have_text(["Zeta & Söhne8", "Acme4"])
    expect(sheet.locator(".genders .option")).to_have_text(["women7", "unisex5"])
    expect(sheet.locator(".sizes .option")).to_have_text(["92", "106", "EU 424"])  # in the order of sizes
    expect(sheet.locator(".stock .option")).to_have_text(re.compile(r"In stock only\s+9"))
    sheet.get_by_role("checkbox", name="mystery").check()
    expect(sheet.locator(".colors .option")).to_have_text(most_first)  # nothing moves


def test_of_many_brands_the_most_frequent_are_shown_first(phone: Phone, serve: Serve) -> None:
    serve(brands=[{"brand": f"Brand {number:02}", "count": number} for number in range(1, 31)])
    phone.draw_and_wait(BOOT[0])
    brands = open_sheet(phone).locator(".brands")
    shown = brands.get_by_role("checkbox")
    expect(shown).to_have_count(20)
    expect(shown.first).to_have_accessible_name(re.compile("Brand 30"))
    brands.get_by_role("button", name="Show all 30").tap()
    expect(shown).to_have_count(30)
    expect(shown.nth(20)).to_be_focused()
    expect(brands.get_by_role("button")).to_be_hidden()


def test_prices_are_compared_in_one_currency(phone: Phone, serve: Serve) -> None:
    ranges = [(None, 20, 1, 5), ("CHF", 3, 30, 300), ("EUR", 9, 10, 100)]
    serve(prices=[{"currency": name, "count": count, "min": low, "max": high} for name, count, low, high in ranges])
    phone.draw_and_wait(BOOT[0])
    sheet = open_sheet(phone)
    expect(sheet.get_by_role("radio", name="EUR")).to_be_checked()  # most products that have one have it
    sheet.get_by_role("radio", name="CHF").check()
    expect(sheet.get_by_role("spinbutton", name="To")).to_have_attribute("placeholder", "300")
    assert asked(phone.searches[-1].url) == {}  # no price yet, so no currency either
    sheet.get_by_role("spinbutton", name="To").fill("200")
    phone.wait_for_search(lambda: sheet.get_by_role("spinbutton", name="To").press("Enter"))
    assert asked(phone.searches[-1].url) == {"max_price": ["200"], "currency": ["CHF"]}


def test_another_spelling_is_no_other_choice(page: Page, phone: Phone, serve: Serve) -> None:
    """A facet spells a colour as the products that were found do, and a link as somebody wrote it."""
    spelled = {"colors": [{"color": "Rojo", "count": 2}, {"color": "BLACK", "count": 7}]}
    serve(**spelled)
    page.goto("/?category=shoes>boots&color=black")
    phone.draw_and_wait(BOOT[0])
    expect(chips(page)).to_have_text(["All", "Shoes", "Boots", "Pumps"])
    expect(chips(page).nth(2)).to_have_attribute("aria-pressed", "true")
    sheet = open_sheet(phone)
    options = sheet.locator(".colors .option")
    expect(options).to_have_text(["Black7", "Rojo2"])
    expect(sheet.get_by_role("checkbox", name="black")).to_be_checked()
    spelled["colors"] = [{"color": "rojo", "count": 3}, {"color": "Black", "count": 6}]
    phone.wait_for_search(sheet.get_by_role("checkbox", name="rojo").check)
    page.route(FACETS, lambda route: route.fulfill(json=facets(**spelled)))
    phone.wait_for_search(sheet.get_by_role("checkbox", name="black").uncheck)
    expect(options).to_have_text(["Black6", "Rojo3"])
    assert asked(phone.searches[-1].url) == {"category": ["shoes>boots"], "color": ["Rojo"]}
    page.keyboard.press("Escape")
    phone.press("Boots")
    assert asked(phone.searches[-1].url)["category"] == ["Shoes"]


def test_a_filter_survives_clearing_and_is_seen(page: Page, phone: Phone, serve: Serve) -> None:
    serve()
    row = page.locator(".choosing")
    expect(row).to_be_hidden()
    phone.draw_and_wait(BOOT[0])
    phone.press("Bags")
    phone.button("Clear").tap()
    expect(phone.results).to_have_count(0)
    expect(row).to_be_visible()
    expect(chips(page).nth(2)).to_have_attribute("aria-pressed", "true")
    phone.button("All").tap()
    expect(row).to_be_hidden()


def test_nothing_found_offers_everything(page: Page, phone: Phone, serve: Serve) -> None:
    serve()
    page.route(SEARCH, lambda route: route.fulfill(json={**answer(), "gallery": {"size": 3}}))
    phone.draw_and_wait(BOOT[0])
    expect(phone.status).to_have_text("Nothing found")
    expect(phone.button("Search everything")).to_be_hidden()
    sheet = open_sheet(phone)
    phone.wait_for_search(sheet.get_by_role("checkbox", name="black").check)
    page.keyboard.press("Escape")
    phone.press("Search everything")
    assert asked(phone.searches[-1].url) == {}


def test_a_colour_or_brand_that_is_gone_is_dropped(page: Page, phone: Phone, serve: Serve) -> None:
    for trait, kept, gone, detail, left in (
        ("color", "rojo", "black", {"color": "Black"}, ["rojo"]),
        ("color", "rojo", "black", None, None),
        ("brand", "Zeta & Söhne", "Acme", {"brand": "acme"}, ["Zeta & Söhne"]),
        ("gender", "women", "unisex", {"gender": "Unisex"}, ["women"]),
        ("size", "EU 42", "10", {"size": "10"}, ["EU 42"]),
    ):
        serve()
        phone.draw_and_wait(BOOT[0])
        sheet = open_sheet(phone)
        phone.wait_for_search(sheet.get_by_role("checkbox", name=kept).check)
        body = {"error": {"code": f"unknown_{trait}", "message": "it is unknown", "detail": detail}}
        page.route(SEARCH, partial(refuse, part=f"{trait}={gone}", body=body))
        phone.wait_for_search(sheet.get_by_role("checkbox", name=gone).click)
        expect(page.locator(".note")).to_contain_text(f"This {'colour' if trait == 'color' else trait} is gone.")
        expect(sheet.get_by_role("checkbox", name=gone)).not_to_be_checked()
        expect(phone.status).to_have_text("2 closest of 2")
        assert asked(phone.searches[-1].url).get(trait) == left, trait


def test_a_category_or_currency_that_is_gone_is_dropped(page: Page, phone: Phone, serve: Serve) -> None:
    serve()
    phone.draw_and_wait(BOOT[0])
    body = {"error": {"code": "unknown_category", "message": "category is unknown", "detail": {"known": []}}}
    page.route(SEARCH, partial(refuse, part="category=Bags", body=body))
    phone.wait_for_search(phone.button("Bags").tap)
    expect(page.locator(".note")).to_have_text("This category is gone. Searching everything instead.")
    expect(chips(page).first).to_have_attribute("aria-pressed", "true")
    body = {"error": {"code": "unknown_currency", "message": "currency is unknown", "detail": {"currency": "EUR"}}}
    page.route(SEARCH, partial(refuse, part="currency=EUR", body=body))
    sheet = open_sheet(phone)
    sheet.get_by_role("spinbutton", name="From").fill("20")
    phone.wait_for_search(lambda: sheet.get_by_role("spinbutton", name="From").press("Enter"))
    expect(page.locator(".note")).to_contain_text("Nothing is sold in this currency any more.")
    expect(sheet.get_by_role("spinbutton", name="From")).to_have_value("")
    assert asked(phone.searches[-1].url) == {}


def test_a_choice_that_the_server_refuses_is_taken_back(page: Page, phone: Phone, serve: Serve) -> None:
    """More than the server takes, as an odd link may choose."""
    for trait, value in (("category", "x" * 1001), ("color", "x" * 2001), ("max_price", "1e13")):
        refused = page.request.get(f"/facets?{trait}={value}").json()
        assert refused["error"]["code"] == "invalid_parameter", trait
        serve()
        phone.draw_and_wait(BOOT[0])
        page.route(SEARCH, partial(refuse, part=f"{trait}=", body=refused))
        if trait == "category":
            phone.wait_for_search(phone.button("Bags").tap)
        elif trait == "color":
            phone.wait_for_search(open_sheet(phone).get_by_role("checkbox", name="black").click)
        else:
            price = open_sheet(phone).get_by_role("spinbutton", name="To")
            price.fill("100")
            phone.wait_for_search(partial(price.press, "Enter"))
        expect(page.locator(".note")).to_have_text("This choice cannot be searched. Searching without it.")
        expect(phone.status).to_have_text("2 closest of 2")
        assert asked(phone.searches[-1].url) == {}, trait


def refuse(route: Route, part: str, body: dict[str, Any]) -> None:
    """Answers a request that has this in its address with 422; others are answered as before."""
    route.fulfill(status=422, json=body) if part in route.request.url else route.fallback()


def test_filters_are_not_taken_for_a_scribble(page: Page, phone: Phone, serve: Serve) -> None:
    """With few products left none may be near, whatever is drawn."""
    serve()
    page.route(SEARCH, lambda route: route.fulfill(json=answer(product("a"), confident=False)))
    for stroke in BOOT:
        phone.draw_and_wait(stroke)
    note = page.locator(".note")
    expect(note).to_contain_text("Nothing here looks much like this yet.")
    phone.press("Bags")
    expect(phone.status).to_have_text("1 closest of 1")
    expect(note).to_be_hidden()


def test_slow_facets_do_not_hold_the_search_up(page: Page, phone: Phone, serve: Serve) -> None:
    serve()
    phone.draw_and_wait(BOOT[0])
    page.route(FACETS, lambda route: None)
    phone.press("Shoes")
    assert asked(phone.searches[-1].url) == {"category": ["Shoes"]}
    expect(phone.status).to_have_text("2 closest of 2")


def test_a_feed_s_colours_are_text(page: Page, phone: Phone, serve: Serve) -> None:
    bad = ["<img src=x onerror=alert(1)>", "red;background:url(//evil.example)", "inherit"]
    serve(colors=[{"color": name, "count": 1} for name in bad], categories=[{"category": f"{bad[0]} > a", "count": 1}])
    phone.draw_and_wait(BOOT[0])
    sheet = open_sheet(phone)
    expect(sheet.locator(".colors .option-name")).to_have_text(bad)
    assert sheet.locator(".swatch").evaluate_all("all => all.every(swatch => swatch.hidden)")
    assert page.locator("[onerror]").count() == 0


def test_the_sheet_closes(page: Page, phone: Phone, serve: Serve) -> None:
    serve()
    phone.draw_and_wait(BOOT[0])
    address = page.url
    ways = (lambda: page.keyboard.press("Escape"), phone.button("Close filters").tap, page.go_back)
    for close in ways:
        sheet = open_sheet(phone)
        close()
        expect(sheet).to_be_hidden()
        expect(page.locator("#filters")).to_be_focused()
        assert page.url == address


def test_filters_can_be_had_and_set_as_parameters(page: Page) -> None:
    """What a link holds; "change" says when it has to be made anew."""
    page.goto("/")
    for text, kept in (
        ("", ""),
        ("s=1zAbc&category=Shoes+%3E+Boots&color=red&color=Black", "category=Shoes+%3E+Boots&color=Black&color=red"),
        ("min_price=20&max_price=5.5&currency=EUR", "min_price=5.5&max_price=20&currency=EUR"),
        ("min_price=-1&max_price=much&currency=EUR", ""),
        ("color=&category=", ""),
        ("min_price=0", "min_price=0"),
        ("in_stock=true&brand=Zeta&brand=Acme&brand=", "brand=Acme&brand=Zeta&in_stock=true"),
        ("in_stock=false", ""),
        ("size=EU+42&size=10&gender=women", "gender=women&size=10&size=EU+42"),
    ):
        found = page.evaluate(
            """async (text) => {
                const {Filters} = await import("/static/js/filters/filters.js");
                const filters = new Filters();
                let changes = 0;
                filters.addEventListener("change", () => changes++);
                filters.parameters = new URLSearchParams(text);
                filters.parameters = filters.parameters;
                return [String(filters.parameters), changes, filters.areOpen];
            }""",
            text,
        )
        assert found[0] == kept and found[2] == (kept == ""), text
        assert found[1] <= 2 if "much" in text else found[1] == (kept != ""), text


def test_it_fits_and_its_targets_are_large(page: Page, phone: Phone, serve: Serve) -> None:
    colors = [{"color": f"colour number {number}", "count": number} for number in range(40)]
    ranges = [{"currency": name, "count": 1, "min": 1, "max": 2} for name in ("CHF", "EUR")]
    serve(colors=colors, prices=ranges)
    for width, height in ((390, 844), (320, 568), (844, 390), (1440, 900)):
        page.set_viewport_size({"width": width, "height": height})
        phone.draw_and_wait(BOOT[0])
        sheet = open_sheet(phone)
        assert_fits(sheet, width, height)
        expect(sheet.get_by_role("button", name="Show 12 products")).to_be_in_viewport()
        page.keyboard.press("Escape")
        expect(sheet).to_be_hidden()
