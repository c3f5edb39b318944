"""What the page in the panel and the shop's page around it tell each other, and what neither hears."""

from __future__ import annotations

from urllib.parse import urlsplit

from playwright.sync_api import Browser, Page, expect

from tests.page.support.phone import DESKTOP
from tests.page.support.shop_page import CHOOSE, PRODUCT, Shop, choose, panel_of

HEAR = """prevent => document.addEventListener("sketchfind:choose", (event) => {
    if (prevent) event.preventDefault();
    window.heard = event.detail;
})"""
WATCH = """html => {
    window.styles = [];
    new MutationObserver(() => window.styles.push(html.style.cssText)).observe(html, { attributes: true });
}"""
MEDDLE = """() => {
    const other = document.body.appendChild(document.createElement("iframe"));
    const script = other.contentDocument.createElement("script");
    script.textContent = `
        const panel = [...parent.document.body.children].find(({ shadowRoot }) => shadowRoot).shadowRoot;
        const message = { type: "sketchfind:theme", theme: { accent: "#ff0000" } };
        panel.querySelector("iframe").contentWindow.postMessage(message, "*");
    `;
    other.contentDocument.body.append(script);
}"""
TOKEN = "(body, name) => getComputedStyle(body).getPropertyValue(name)"


def test_the_shop_hears_of_a_choice(shopper: Page, shop: Shop, home: str) -> None:
    shop.embed(home)
    shopper.goto("/")
    shopper.evaluate(HEAR, True)
    shopper.get_by_role("button", name="Search by sketch").click()
    assert choose(panel_of(shopper)) is True
    expect(shopper.get_by_role("dialog")).to_be_hidden()
    told = {name: value for name, value in PRODUCT.items() if name not in ("rank", "distance")}
    assert shopper.evaluate("window.heard") == told | {"photo_url": f"{home}/photos/a.webp"}
    assert urlsplit(shopper.url).path == "/"


def test_without_a_word_from_the_shop_the_link_opens(shopper: Page, shop: Shop, home: str) -> None:
    shop.embed(home)
    shopper.goto("/")
    shopper.get_by_role("button", name="Search by sketch").click()
    frame = panel_of(shopper)
    shopper.evaluate(HEAR, False)
    choose(frame, PRODUCT | {"link": "javascript:document.title='bad'"})
    expect(shopper.get_by_role("dialog")).to_be_hidden()
    shopper.get_by_role("button", name="Search by sketch").click()
    choose(frame, PRODUCT | {"link": f"{shop.origin}/boots/7"})
    shopper.wait_for_url("**/boots/7")


def test_products_open_in_a_shop_that_goes_on_in_its_own_history(shopper: Page, shop: Shop, home: str) -> None:
    shop.embed(home)
    shopper.goto("/")
    shopper.evaluate(HEAR, True)
    shopper.evaluate("addEventListener('sketchfind:choose', () => history.pushState({}, '', '/chosen'))")
    shopper.get_by_role("button", name="Search by sketch").click()
    frame = panel_of(shopper)
    first = frame.get_by_role("list", name="Results").get_by_role("button").first
    frame.get_by_role("button", name="Stool", exact=True).click()
    for _ in range(2):
        first.click()
        frame.get_by_role("link", name="Visit the shop").click()
        expect(shopper.get_by_role("dialog", name="Search by sketch")).to_be_hidden()
        assert urlsplit(shopper.url).path == "/chosen"
        shopper.get_by_role("button", name="Search by sketch").click()
        expect(frame.locator("#product")).to_be_hidden()
    first.click()
    shopper.evaluate("history.pushState({}, '', '/elsewhere')")
    frame.locator("#product").get_by_role("button", name="Close").click()  # from where no way leads back any more
    first.click()
    expect(frame.locator("#product")).to_be_visible()
    assert urlsplit(shopper.url).path == "/elsewhere"


def test_messages_from_elsewhere_are_not_heard(shopper: Page, shop: Shop, home: str) -> None:
    shop.embed(home)
    shopper.goto("/")
    shopper.evaluate(HEAR, True)
    shopper.get_by_role("button", name="Search by sketch").click()
    frame = panel_of(shopper)
    frame.locator("html").evaluate(WATCH)
    # a choice that the shop's page makes up, and colours from a frame of its that is not the widget
    shopper.evaluate("product => postMessage({ type: 'sketchfind:choose', product }, '*')", PRODUCT)
    shopper.evaluate(MEDDLE)
    panel_of(shopper).locator("#leave").click()
    shopper.evaluate("document.documentElement.style.setProperty('--sketchfind-round', '9px')")
    shopper.get_by_role("button", name="Search by sketch").click()
    expect(frame.locator("html")).to_have_css("--round", "9px")
    assert not [style for style in frame.locator("body").evaluate("() => window.styles") if "accent" in style]
    assert shopper.evaluate("window.heard") is None


def test_on_its_own_the_page_announces_nothing(page: Page) -> None:
    page.goto("/?host=https://shop.example")
    assert page.locator("body").evaluate(CHOOSE, PRODUCT) is False
    expect(page.locator("html.embedded")).to_have_count(0)


def test_the_panel_wears_the_shop_s_colours(shopper: Page, shop: Shop, home: str) -> None:
    style = ":root { --brand: seagreen; --sketchfind-accent: var(--brand); --sketchfind-round: 4px }"
    shop.embed(home, style=style)
    shopper.goto("/")
    shopper.get_by_role("button", name="Search by sketch").click()
    frame = panel_of(shopper)
    expect(frame.locator("html")).to_have_css("--round", "4px")
    token = frame.locator("body").evaluate
    assert token(TOKEN, "--on-accent") == "#ffffff"
    panel_of(shopper).locator("#leave").click()
    shopper.evaluate("document.documentElement.style.setProperty('--sketchfind-round', '9px')")
    shopper.get_by_role("button", name="Search by sketch").click()
    expect(frame.locator("html")).to_have_css("--round", "9px")


def test_the_example_shows_what_was_chosen(browser: Browser, live_server: str) -> None:
    page = browser.new_page(base_url=live_server, locale="en-GB", **DESKTOP)
    dead: list[str] = []
    said: list[str] = []
    page.on("pageerror", lambda error: dead.append(str(error)))
    page.on("console", lambda message: said.append(message.text))
    page.goto("/widget-example")
    page.get_by_role("button", name="Draw what you are looking for").click()
    choose(panel_of(page))
    expect(page.get_by_role("status")).to_have_text("Boot")
    expect(page.get_by_role("link")).to_have_attribute("href", PRODUCT["link"])  # type: ignore[arg-type]
    assert urlsplit(page.url).path == "/widget-example"
    assert not dead + [text for text in said if "Security Policy" in text]
    page.context.close()
