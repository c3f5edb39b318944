"""Pictures of the page with a sketch and its results, on a phone and on a desktop, for README and docs.

    python -m benchmarks.page_picture --url http://127.0.0.1:8000 --out docs/images

Needs a running server and Chromium (CHROMIUM, or `chromium` on PATH).
"""

from __future__ import annotations

import argparse
import os
import shutil
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, sync_playwright

# an ankle boot with a heel, as shares of the square that it is drawn in
BOOT: list[list[tuple[float, float]]] = [
    [(0.27, 0.12), (0.29, 0.30), (0.26, 0.50), (0.24, 0.66), (0.26, 0.70)],
    [(0.27, 0.12), (0.38, 0.15), (0.52, 0.10)],
    [(0.52, 0.10), (0.52, 0.30), (0.56, 0.42), (0.68, 0.52), (0.84, 0.58), (0.90, 0.66), (0.89, 0.70)],
    [(0.26, 0.70), (0.40, 0.68), (0.52, 0.74), (0.70, 0.75), (0.89, 0.70)],
    [(0.25, 0.69), (0.27, 0.88), (0.38, 0.88), (0.41, 0.70)],
    [(0.28, 0.46), (0.42, 0.44), (0.56, 0.42)],
]
DEVICES: dict[str, dict[str, Any]] = {
    "phone": {
        "viewport": {"width": 390, "height": 844},
        "device_scale_factor": 2,
        "has_touch": True,
        "is_mobile": True,
    },
    "desktop": {"viewport": {"width": 1280, "height": 800}},
}


def picture(browser: Browser, url: str, device: str, out: Path) -> Path:
    """Draw the boot on a device's page and write page-<device>.png into `out`."""
    page = browser.new_context(**DEVICES[device]).new_page()
    page.goto(url)
    box = page.locator("#sketch").bounding_box()
    if box is None:
        raise RuntimeError(f"{url} shows no canvas #sketch")
    side = min(box["width"], box["height"])
    left, top = box["x"] + (box["width"] - side) / 2, box["y"] + (box["height"] - side) / 2
    for stroke in BOOT:
        with page.expect_response("**/search?*"):
            for number, (x, y) in enumerate(stroke):
                page.mouse.move(left + x * side, top + y * side, steps=1 if number == 0 else 8)
                if number == 0:
                    page.mouse.down()
            page.mouse.up()
    page.mouse.move(0, 0)
    page.wait_for_load_state("networkidle")
    page.wait_for_timeout(1000)  # results glide to their places
    path = out / f"page-{device}.png"
    page.screenshot(path=path)
    return path


def main() -> None:
    """Parse, draw, write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--url", default="http://127.0.0.1:8000")
    parser.add_argument("--out", type=Path, default=Path("docs/images"))
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    chromium = os.environ.get("CHROMIUM") or shutil.which("chromium")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox", "--disable-gpu"])
        for device in DEVICES:
            print(f"wrote {picture(browser, options.url, device, options.out)}")
        browser.close()


if __name__ == "__main__":
    main()
