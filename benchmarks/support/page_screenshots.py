"""Screenshots of the page with a sketch and its results, for README and docs.

    python -m benchmarks.support.page_screenshots --url http://127.0.0.1:8000 --out docs/images

Writes page-phone.png, page-desktop.png, and page-sizes.png: phones, tablet and desktop side by side, light and dark.
Needs a running server and Chromium (CHROMIUM, or `chromium` on PATH).
"""

from __future__ import annotations

import io
import os
import shutil
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image
from playwright.sync_api import Browser, sync_playwright

from benchmarks.support.report import create_parser

# an ankle boot with a block heel: curves through these points, as shares of the square of the drawing
BOOT: list[list[tuple[float, float]]] = [
    [(0.70, 0.10), (0.71, 0.22), (0.69, 0.36), (0.71, 0.50), (0.75, 0.60), (0.76, 0.68), (0.74, 0.72)],
    [(0.70, 0.10), (0.58, 0.13), (0.45, 0.10)],
    [(0.45, 0.10), (0.47, 0.24), (0.45, 0.36), (0.39, 0.46), (0.28, 0.53), (0.14, 0.58), (0.08, 0.65), (0.10, 0.72)],
    [(0.10, 0.72), (0.25, 0.76), (0.40, 0.76), (0.50, 0.72), (0.56, 0.68), (0.74, 0.72)],
    [(0.56, 0.68), (0.57, 0.78), (0.59, 0.88), (0.74, 0.88), (0.74, 0.78), (0.74, 0.72)],
    [(0.43, 0.40), (0.55, 0.43), (0.70, 0.42)],
]
_TOUCH: dict[str, Any] = {"has_touch": True, "is_mobile": True, "device_scale_factor": 2}
PHONE: dict[str, Any] = {**_TOUCH, "viewport": {"width": 390, "height": 844}}
DESKTOP: dict[str, Any] = {"viewport": {"width": 1280, "height": 800}, "locale": "de-DE", "color_scheme": "dark"}
SIZES: list[dict[str, Any]] = [
    {**_TOUCH, "viewport": {"width": 320, "height": 640}},
    PHONE,
    {**_TOUCH, "viewport": {"width": 820, "height": 1180}},
    {"viewport": {"width": 1440, "height": 900}},
]
_HEIGHT, _GAP = 640, 24  # px, in page-sizes.png


def interpolate_curve(points: list[tuple[float, float]], steps: int = 8) -> list[tuple[float, float]]:
    """Interpolate points by a Catmull-Rom curve, like a line drawn by hand."""
    padded = np.array([points[0], *points, points[-1]])
    a, b, c, d = padded[:-3], padded[1:-2], padded[2:-1], padded[3:]
    places = []
    for t in np.arange(steps) / steps:
        cubic = 2 * b + (c - a) * t + (2 * a - 5 * b + 4 * c - d) * t**2 + (3 * b - a - 3 * c + d) * t**3
        places.append(cubic / 2)
    joined = np.stack(places, 1).reshape(-1, 2)
    return [(float(x), float(y)) for x, y in [*joined, points[-1]]]


def take_screenshot(browser: Browser, url: str, device: dict[str, Any]) -> Image.Image:
    """Draw the boot on a device and take a screenshot once its results have settled."""
    context = browser.new_context(**device)
    page = context.new_page()
    page.goto(url)
    box = page.locator("#sketch").bounding_box()
    if box is None:
        raise RuntimeError(f"{url} shows no canvas #sketch")
    side = min(box["width"], box["height"])
    left, top = box["x"] + (box["width"] - side) / 2, box["y"] + (box["height"] - side) / 2
    for stroke in BOOT:
        with page.expect_response("**/search?*"):
            places = interpolate_curve(stroke)
            page.mouse.move(left + places[0][0] * side, top + places[0][1] * side)
            page.mouse.down()
            for x, y in places[1:]:
                page.mouse.move(left + x * side, top + y * side)
            page.mouse.up()
    page.mouse.move(0, 0)
    page.wait_for_load_state("networkidle")
    page.wait_for_timeout(1000)  # results move to their places
    shown = Image.open(io.BytesIO(page.screenshot())).convert("RGB")
    context.close()
    return shown


def arrange_in_rows(rows: list[list[Image.Image]]) -> Image.Image:
    """Arrange all pictures at the same height, in rows."""
    scaled = [[image.resize((round(image.width * _HEIGHT / image.height), _HEIGHT)) for image in row] for row in rows]
    width = max(sum(image.width + _GAP for image in row) for row in scaled) + _GAP
    sheet = Image.new("RGB", (width, (_HEIGHT + _GAP) * len(rows) + _GAP), (128, 128, 128))
    for number, row in enumerate(scaled):
        left = _GAP
        for image in row:
            sheet.paste(image, (left, _GAP + (_HEIGHT + _GAP) * number))
            left += image.width + _GAP
    return sheet.quantize(128)


def main() -> None:
    """Parse the options, take the screenshots and write them."""
    parser = create_parser(__doc__)
    parser.add_argument(
        "--url",
        default="http://127.0.0.1:8000",
        help="address of a server with the demo gallery (default: %(default)s)",
    )
    parser.add_argument(
        "--out", type=Path, default=Path("docs/images"), help="folder for the pictures (default: %(default)s)"
    )
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    chromium = os.environ.get("CHROMIUM") or shutil.which("chromium")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox", "--disable-gpu"])
        pictures = {
            "phone": take_screenshot(browser, options.url, PHONE),
            "desktop": take_screenshot(browser, options.url, DESKTOP),
            "sizes": arrange_in_rows(
                [
                    [take_screenshot(browser, options.url, {**size, "color_scheme": scheme}) for size in SIZES]
                    for scheme in ("light", "dark")
                ]
            ),
        }
        browser.close()
    for name, image in pictures.items():
        path = options.out / f"page-{name}.png"
        image.save(path, optimize=True)
        print(f"wrote {path}")


if __name__ == "__main__":
    main()
