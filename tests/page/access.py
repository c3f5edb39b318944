"""What axe, the checker of accessibility rules, says of a page."""

from __future__ import annotations

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page

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
