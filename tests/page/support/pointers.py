"""Input by pens and mice on the paper, and the pixels of the paper."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from playwright.sync_api import Page

from tests.page.support.phone import Share

_STEPS = 4  # events a line


class Pen:
    """Pen with pressure; `pointer` may be "mouse" instead."""

    def __init__(self, page: Page, pointer: str = "pen") -> None:
        self._page, self._pointer = page, pointer
        self._input = page.context.new_cdp_session(page)

    def draw(self, stroke: Sequence[Share], pressures: Sequence[float] = (0.3, 0.9), button: str = "left") -> None:
        """Draw one stroke along the given places, with pressure from the first to the last of `pressures`."""
        low, high = pressures[0], pressures[-1]
        self._send("mousePressed", stroke[0], low, button)
        pairs = list(pairwise(stroke))
        for number, ((x, y), (next_x, next_y)) in enumerate(pairs):
            for step in range(1, _STEPS + 1):
                place = (x + (next_x - x) * step / _STEPS, y + (next_y - y) * step / _STEPS)
                self._send("mouseMoved", place, low + (high - low) * (number + step / _STEPS) / len(pairs), button)
        self._send("mouseReleased", stroke[-1], 0, button)

    def _send(self, kind: str, place: Share, force: float, button: str) -> None:
        box = self._page.locator("#sketch").bounding_box()
        assert box is not None
        event = {
            "type": kind, "pointerType": self._pointer, "force": force, "button": button, "clickCount": 1,
            "buttons": 0 if kind == "mouseReleased" else {"left": 1, "right": 2}[button],
            "x": box["x"] + place[0] * box["width"], "y": box["y"] + place[1] * box["height"],
        }  # fmt: skip
        self._input.send("Input.dispatchMouseEvent", event)


def dispatch(page: Page, stroke: Sequence[Share], init: dict[str, object]) -> None:
    """Dispatch a stroke of PointerEvents with any properties, for pointers without an input interface."""
    script = """(canvas, [stroke, init]) => {
        const box = canvas.getBoundingClientRect();
        const place = ([x, y]) => ({clientX: box.left + x * box.width, clientY: box.top + y * box.height});
        const fire = (type, point) => canvas.dispatchEvent(
            new PointerEvent(type, {bubbles: true, cancelable: true, pointerId: 9, ...init, ...place(point)}));
        fire("pointerdown", stroke[0]);
        for (const point of stroke) fire("pointermove", point);
        fire("pointerup", stroke.at(-1));
    }"""
    page.locator("#sketch").evaluate(script, [list(stroke), init])


def picture(page: Page) -> str:
    """Return every pixel of the paper as a data URL, once all strokes are painted."""
    script = """async (canvas) => {
        for (let i = 0; i < 2; i++) await new Promise(requestAnimationFrame);
        return canvas.toDataURL();
    }"""
    shown: str = page.locator("#sketch").evaluate(script)
    return shown
