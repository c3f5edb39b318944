"""Touch input on the page, and the requests that follow."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import Any

from playwright.sync_api import FloatRect, Locator, Page, Request, Response, expect

Share = tuple[float, float]
Sketch = dict[str, Any]

# options of browser contexts
# a phone has nine times as many pixels, which would only take their time: there is no GPU to fill them
PHONE: dict[str, Any] = {
    "viewport": {"width": 390, "height": 844}, "device_scale_factor": 1, "has_touch": True, "is_mobile": True,
}  # fmt: skip
DESKTOP: dict[str, Any] = {"viewport": {"width": 1440, "height": 900}}

# a boot in five strokes: back, front, collar, sole, lace; as shares of the paper's width and height
BOOT: list[list[Share]] = [
    [(0.35, 0.15), (0.35, 0.45), (0.32, 0.80)],
    [(0.58, 0.15), (0.58, 0.45), (0.72, 0.58), (0.85, 0.70)],
    [(0.35, 0.15), (0.47, 0.18), (0.58, 0.15)],
    [(0.32, 0.80), (0.50, 0.82), (0.85, 0.80), (0.85, 0.70)],
    [(0.50, 0.30), (0.58, 0.28)],
]


class Phone:
    """Phone that draws by touch and collects every request to POST /search in `searches`."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.status = page.get_by_role("status")
        self.results = page.get_by_role("list", name="Results").get_by_role("listitem")
        self.searches: list[Request] = []
        self._touch = page.context.new_cdp_session(page)
        page.on("request", lambda request: self.searches.append(request) if is_search(request) else None)

    def down(self, place: Share) -> None:
        """Put the finger down on the paper."""
        self._send("touchStart", [place])

    def move(self, place: Share) -> None:
        """Move the finger."""
        self._send("touchMove", [place])

    def up(self) -> None:
        """Lift the finger."""
        self._send("touchEnd", [])

    def hold(self, what: Locator) -> None:
        """Put the finger down on the middle of an element, and leave it there until up()."""
        box = what.bounding_box()
        assert box is not None
        point = {"x": box["x"] + box["width"] / 2, "y": box["y"] + box["height"] / 2}
        self._touch.send("Input.dispatchTouchEvent", {"type": "touchStart", "touchPoints": [point]})

    def swipe(self, what: Locator, share: float) -> None:
        """Swipe over the middle of an element, by a share of its width; to the left if it is negative."""
        box = what.bounding_box()
        assert box is not None
        x, y = box["x"] + box["width"] * (0.5 - share / 2), box["y"] + box["height"] / 2
        for step in range(9):
            kind = "touchMove" if step else "touchStart"
            points = [{"x": x + share * box["width"] * step / 8, "y": y}]
            self._touch.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})
            self.page.wait_for_timeout(16)  # as fast as a screen: a browser takes more at once for a jump
        self.up()

    def two(self, kind: str, first: Share, second: Share) -> None:
        """Put down or move two fingers at once; `kind` is touchStart or touchMove."""
        self._send(kind, [first, second])

    def draw(self, stroke: Sequence[Share], steps: int = 4) -> None:
        """Draw one stroke along straight lines between the given places.

        Each step takes two frames, since the browser acknowledges a touch only then.
        """
        paper = self._paper()
        self._send("touchStart", [stroke[0]], paper)
        for (x, y), (next_x, next_y) in pairwise(stroke):
            for step in range(1, steps + 1):
                place = (x + (next_x - x) * step / steps, y + (next_y - y) * step / steps)
                self._send("touchMove", [place], paper)
        self.up()

    def draw_and_wait(self, stroke: Sequence[Share]) -> Response:
        """Draw one stroke and return the answer to the search for it."""
        return self.wait_for_search(lambda: self.draw(stroke))

    def press(self, name: str) -> Sketch:
        """Press a button that changes the sketch; return the sketch of the next search."""
        return sent(self.wait_for_search(self.button(name).tap).request)

    def button(self, name: str) -> Locator:
        """Locate a button by its exact name."""
        return self.page.get_by_role("button", name=name, exact=True)

    def wait_for_search(self, action: Callable[[], object]) -> Response:
        """Call `action` and return the answer to the last search that it causes."""
        action()
        expect(self.page.locator(".found")).not_to_have_class(re.compile("searching"))
        response = self.searches[-1].response()
        assert response is not None
        return response

    def wait_until_sent(self, accepts: Callable[[dict[str, Any]], bool]) -> None:
        """Wait for a search whose sketch is accepted."""
        for request in self.searches:
            if accepts(sent(request)):
                return
        self.page.wait_for_event("request", lambda request: is_search(request) and accepts(sent(request)))

    def slow_down(self, milliseconds: int) -> None:
        """Delay every following request by this latency of the network."""
        self._touch.send("Network.enable")
        conditions = {"offline": False, "latency": milliseconds, "downloadThroughput": -1, "uploadThroughput": -1}
        self._touch.send("Network.emulateNetworkConditions", conditions)

    def wait_for_sketch(self, action: Callable[[], object], wanted: Callable[[Sketch], bool] = bool) -> Response:
        """Call `action` and return the answer to the first search whose sketch is `wanted`."""
        with self.page.expect_request(lambda request: is_search(request) and wanted(sent(request))) as search:
            action()
        expect(self.page.locator(".found")).not_to_have_class(re.compile("searching"))
        response = search.value.response()
        assert response is not None
        return response

    def ids(self) -> list[str]:
        """List the product ids of the results."""
        return [item.get_attribute("data-product-id") or "" for item in self.results.all()]

    def _paper(self) -> FloatRect:
        box = self.page.locator("#sketch").bounding_box()
        assert box is not None
        return box

    def _send(self, kind: str, places: Sequence[Share], paper: FloatRect | None = None) -> None:
        box = paper or self._paper()
        points = [{"x": box["x"] + x * box["width"], "y": box["y"] + y * box["height"]} for x, y in places]
        self._touch.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})


def is_search(request: Request) -> bool:
    """Check whether a request is a search by a sketch."""
    return request.method == "POST" and "/search" in request.url


def sent(request: Request) -> Sketch:
    """Return the sketch of a search."""
    return dict(request.post_data_json or {})
