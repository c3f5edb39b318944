"""Cost of decoding images in separate processes: search times with that, and with decoding in the server itself.

    python -m benchmarks.serving.decoding_isolation --gallery DIR [--rounds N]

Prints the median time of a search, in ms, for strokes and for images of several sizes. Both ways alternate, so that
other load on the machine slows them alike.
"""

from __future__ import annotations

import argparse
import asyncio
import io
import statistics
import time
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw

from app.decoding.framed_picture import FramedPicture
from app.decoding.image_sketch import ImageSketch
from app.decoding.stroke_sketch import Sketch, StrokesSketch
from app.products.filters import Filters
from app.search.search_request import SearchRequest
from app.serving.service import Service
from app.settings import load_settings
from model.preprocessing.preprocess import Preprocess

_PIXELS = 40_000_000
_STROKES = b'{"width":320,"height":240,"strokes":[[[20,200],[90,40],[200,180],[300,60]],[[30,30],[280,210]]]}'


class _InProcessDecoder:
    """Sketch decoder that works in the calling process."""

    def __init__(self, preprocess: Preprocess) -> None:
        self._preprocess = preprocess

    async def frame(self, client: str, sketch: ImageSketch) -> FramedPicture:
        return await asyncio.to_thread(sketch.decode, self._preprocess)


def draw_sketch(width: int, height: int, format: str) -> ImageSketch:
    """Draw a sketch as an image file; a JPEG has the noise of a photo of paper."""
    image = Image.new("L", (width, height), 255)
    pen = ImageDraw.Draw(image)
    points = np.random.default_rng(1).uniform(0.1, 0.9, (30, 2)) * (width, height)
    pen.line([(float(x), float(y)) for x, y in points], fill=0, width=max(2, width // 200))
    if format == "JPEG":
        noise = np.random.default_rng(2).normal(0, 6, (height, width))
        image = Image.fromarray(np.clip(np.asarray(image) * 0.8 + noise, 0, 255).astype(np.uint8)).convert("RGB")
    buffer = io.BytesIO()
    image.save(buffer, format)
    return ImageSketch(buffer.getvalue(), _PIXELS)


async def measure(service: Service, sketch: Sketch, rounds: int) -> tuple[float, float]:
    """Measure the median ms of a search with decoding elsewhere, and here."""
    runtime = service.runtime
    there, here = runtime.sketch_decoder, _InProcessDecoder(runtime.checkpoint.preprocess)
    milliseconds: dict[object, list[float]] = {there: [], here: []}
    for number in range(rounds + 1):
        for way, times in milliseconds.items():
            runtime.sketch_decoder = way  # type: ignore[assignment]
            started = time.perf_counter()
            await service.search("client", SearchRequest(sketch, 24, Filters(), mirror=True))
            if number:  # the first round is a warm-up
                times.append((time.perf_counter() - started) * 1000)
    runtime.sketch_decoder = there
    return statistics.median(milliseconds[there]), statistics.median(milliseconds[here])


def main() -> None:
    """Parse the options, measure and print the times."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--gallery", type=Path, required=True, help="gallery to search")
    parser.add_argument(
        "--rounds", type=int, default=30, help="searches each way, per kind of sketch (default: %(default)s)"
    )
    arguments = parser.parse_args()
    service = Service(load_settings(gallery=arguments.gallery)).start()
    sketches: dict[str, Sketch] = {
        "strokes": StrokesSketch(_STROKES),
        "PNG 320x240": draw_sketch(320, 240, "PNG"),
        "PNG 1200x900": draw_sketch(1200, 900, "PNG"),
        "JPEG 4000x3000": draw_sketch(4000, 3000, "JPEG"),
    }
    print(f"{'':16}{'elsewhere':>10}{'here':>10}{'ratio':>8}")
    for name, sketch in sketches.items():
        there, here = asyncio.run(measure(service, sketch, arguments.rounds))
        print(f"{name:16}{there:10.1f}{here:10.1f}{there / here:8.2f}")
    service.close()


if __name__ == "__main__":
    main()
