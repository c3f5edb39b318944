"""Checks of a page's accessibility: axe's rules, and the size of targets."""

from __future__ import annotations

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Locator, Page

_RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]

_SETTLED = """() => Promise.allSettled(document.getAnimations()
    .filter(({effect}) => effect.getComputedTiming().endTime !== Infinity).map(({finished}) => finished))"""


def assert_accessible(page: Page) -> None:
    """Fail if axe finds violations on the current page, with every broken rule and its elements."""
    page.evaluate(_SETTLED)  # elements that still fade in have less contrast than at the end
    options = {"runOnly": {"type": "tag", "values": _RULES}, "resultTypes": ["violations"]}
    violations = Axe().run(page, options=options).response["violations"]
    failures = [f"{rule['id']}: {rule['help']}: {[node['html'] for node in rule['nodes']]}" for rule in violations]
    assert not failures, "\n".join(failures)


def assert_accessible_in_both_schemes(page: Page) -> None:
    """Fail if axe finds violations on the current page, be it light or dark."""
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme)
        assert_accessible(page)


def assert_fits(dialog: Locator, width: int, height: int) -> None:
    """Fail unless a panel lies within a window of that size, scrolls only vertically, and has targets of 44 px."""
    box = dialog.bounding_box()
    assert box and box["x"] >= 0 and box["y"] >= 0
    assert box["x"] + box["width"] <= width and box["y"] + box["height"] <= height
    assert dialog.locator(".panel-body").evaluate("body => body.scrollWidth <= body.clientWidth")
    for target in dialog.locator("button:visible, a:visible, input:visible").all():
        size = target.bounding_box()
        assert size and min(size["width"], size["height"]) >= 44
