"""Icons of the app, drawn from the favicon in Chromium: `python -m tests.page.support.icons` writes them again."""

from __future__ import annotations

from playwright.sync_api import Browser

from app.web.assets import STATIC

ICONS = STATIC / "icons"
SIZES = {"icon-192.png": 192, "icon-512.png": 512, "maskable-512.png": 512}


def draw_icon(browser: Browser, name: str) -> bytes:
    """Draw an icon as PNG.

    It has the favicon's round corners, except maskable icons: systems cut these themselves, so they fill the square.
    Systems keep at least a circle of 80 % of a maskable icon's side; the line lies well inside.
    """
    side = SIZES[name]
    svg = (ICONS / "favicon.svg").read_text("utf-8")
    if name.startswith("maskable"):
        svg = svg.replace(' rx="9"', "")
    page = browser.new_page(viewport={"width": side, "height": side})
    page.set_content(f"<style>body {{ margin: 0 }} svg {{ display: block; width: {side}px }}</style>{svg}")
    data = page.screenshot(omit_background=True)
    page.close()
    return data


if __name__ == "__main__":
    from tests.page.conftest import open_browser

    with open_browser() as chromium:
        for name in SIZES:
            (ICONS / name).write_bytes(draw_icon(chromium, name))
