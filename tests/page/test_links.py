"""What a link holds: nothing is lost on the way, and nothing that is broken does harm."""

from __future__ import annotations

from functools import partial

from playwright.sync_api import Page, expect

from tests.page.support.phone import BOOT, Phone, sent

DAMAGED = "This link is damaged, or too new for this browser. Ask for it once more."
# all that the status line says, as it soon says something else
LISTEN = """addEventListener("DOMContentLoaded", () => {
    const status = document.querySelector("[role=status]");
    if (!status) return;  // a blank page
    window.told = [];
    new MutationObserver(() => told.push(status.textContent)).observe(status, {childList: true, subtree: true});
})"""


def wait_until_told(page: Page, text: str) -> None:
    page.wait_for_function("text => told.includes(text)", arg=text)


def test_a_broken_link_is_said_politely(page: Page, phone: Phone) -> None:
    mine = sent(phone.draw_and_wait(BOOT[0]).request)
    page.add_init_script(LISTEN)
    for code in ("", "1", "1z", "1zAAAA", "1r", "1rAA", "1rAgIAAA", "1r!", "9zAQID", "1r_____w"):
        page.goto("about:blank")
        opened = phone.wait_for_sketch(partial(page.goto, f"/#s={code}"))
        wait_until_told(page, DAMAGED)
        assert sent(opened.request) == mine, code


def test_what_was_said_of_a_link_gives_way_to_how_searching_goes(page: Page, phone: Phone) -> None:
    phone.draw_and_wait(BOOT[0])
    page.add_init_script(LISTEN)
    page.goto("about:blank")
    page.goto("/#s=1")
    wait_until_told(page, DAMAGED)
    expect(phone.status).to_contain_text("closest of")


def test_a_link_that_unpacks_to_too_much_is_refused(page: Page, phone: Phone) -> None:
    bomb = """async () => {
        const bytes = new Blob([new Uint8Array(50_000_000)]).stream().pipeThrough(new CompressionStream("deflate-raw"));
        const {toText} = await import("/static/js/sketch/stroke_codec.js");
        return toText(new Uint8Array(await new Response(bytes).arrayBuffer()));
    }"""
    code = page.evaluate(bomb)
    page.goto(f"/#s=1z{code}")
    expect(phone.status).to_contain_text("This link is damaged")


def test_packing_loses_nothing(page: Page) -> None:
    same = """async () => {
        const {pack, unpack, toText, fromText} = await import("/static/js/sketch/stroke_codec.js");
        const {pointAt} = await import("/static/js/sketch/sketch.js");
        let seed = 7;
        const random = () => (seed = (seed * 48271) % 2147483647) / 2147483647;
        const stroke = (length, measured) => Array.from({length}, () =>
            pointAt(3000 * (random() - 0.5), 3000 * (random() - 0.5), measured ? random() : undefined));
        const strokes = [1, 2, 3, 64, 500].flatMap((length) => [stroke(length, true), stroke(length, false)]);
        return JSON.stringify(unpack(fromText(toText(pack(strokes))))) === JSON.stringify(strokes);
    }"""
    assert page.evaluate(same)
