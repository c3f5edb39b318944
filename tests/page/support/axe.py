"""Whether everybody can use a page: what axe, the checker of accessibility rules, says, and the size of things."""

from __future__ import annotations

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Locator, Page

_RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]

_SETTLED = """() => Promise.allSettled(document.getAnimations()
    .filter(({effect}) => effect.getComputedTiming().endTime !== Infinity).map(({finished}) => finished))"""


def assert_accessible(page: Page) -> None:
    """Fails with what axe finds on the page as it is now: each broken rule, and the elements that break it."""
    page.evaluate(_SETTLED)  # what still fades in is fainter than it will be
    options = {"runOnly": {"type": "tag", "values": _RULES}, "resultTypes": ["violations"]}
    violations = Axe().run(page, options=options).response["violations"]
    said = [f"{each['id']}: {each['help']}: {[node['html'] for node in each['nodes']]}" for each in violations]
    assert not said, "\n".join(said)


def assert_fits(dialog: Locator, width: int, height: int) -> None:
    """Fails unless a panel lies within a window of that size, scrolls one way only, and has targets of 44 px."""
    box = dialog.bounding_box()
    assert box and box["x"] >= 0 and box["y"] >= 0
    assert box["x"] + box["width"] <= width and box["y"] + box["height"] <= height
    assert dialog.locator(".panel-body").evaluate("body => body.scrollWidth <= body.clientWidth")
    for target in dialog.locator("button:visible, a:visible, input:visible").all():
        size = target.bounding_box()
        assert size and min(size["width"], size["height"]) >= 44
