"""A shop's colours in the panel: its own where they can be read, and nothing but colours."""

from __future__ import annotations

from typing import Any

from playwright.sync_api import Page, expect

WEAR = """async (theme) => {
    const { src } = document.querySelector('script[src$="/main.js"]');
    const { wear } = await import(src.replace("main.js", "embed/host_theme.js"));
    wear(theme);
    const style = getComputedStyle(document.documentElement);
    const names = ["--accent", "--on-accent", "--round", "--ground"];
    return names.map((name) => style.getPropertyValue(name).trim());
}"""


def wear(page: Page, **theme: Any) -> tuple[str, str, str, str]:
    """Return the page's theme: its accent, the colour on that, its round corners, and its ground."""
    accent, on_accent, round_, ground = page.evaluate(WEAR, theme)
    return accent, on_accent, round_, ground


def contrast(first: str, second: str) -> float:
    """WCAG's contrast ratio of two colours, written #rrggbb."""
    return (max(luminance(first), luminance(second)) + 0.05) / (min(luminance(first), luminance(second)) + 0.05)


def luminance(colour: str) -> float:
    shares = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    linear = [share / 12.92 if share <= 0.04045 else ((share + 0.055) / 1.055) ** 2.4 for share in shares]
    return sum(weight * value for weight, value in zip((0.2126, 0.7152, 0.0722), linear, strict=True))


def test_an_accent_is_made_readable(page: Page) -> None:
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme)
        for accent in ("#ffe600", "#ff6600", "#0b6e4f", "#000", "white", "rgb(9 99 9)", "hsl(9 90% 50%)"):
            worn, on_accent, _, ground = wear(page, accent=accent)
            assert contrast(worn, ground) >= 4.5 and contrast(worn, on_accent) >= 4.5, (scheme, accent)


def test_what_is_readable_stays_as_it_is_and_follows_the_scheme(page: Page) -> None:
    page.emulate_media(color_scheme="light")
    assert wear(page, accent="#0b6e4f", onAccent="#fffbe6", round="6px")[:3] == ("#0b6e4f", "#fffbe6", "6px")
    assert wear(page, accent="#0b6e4f", onAccent="#117755")[1] == "#ffffff"
    page.emulate_media(color_scheme="dark")
    root = page.locator("html")
    expect(root).not_to_have_css("--accent", "#0b6e4f")
    token = root.evaluate("root => getComputedStyle(root).getPropertyValue('--accent')")
    assert contrast(token, "#121317") >= 4.5


def test_anything_else_changes_nothing(page: Page) -> None:
    ours = wear(page)
    for name, value in (
        ("accent", "url(https://elsewhere.example/a.png)"), ("accent", "var(--text)"), ("accent", "rgb(0 0 0 / 50%)"),
        ("accent", "red; --ground: red"), ("accent", 7), ("accent", None), ("accent", "x" * 10_000),
        ("round", "1000px"), ("round", "50%"), ("round", "-4px"), ("round", "calc(1px * 99)"), ("round", ["4px"]),
        ("ground", "#ff0000"),
    ):  # fmt: skip
        assert wear(page, **{name: value}) == ours, (name, value)
