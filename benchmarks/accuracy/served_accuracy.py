"""Accuracy of the server against `sketchfind evaluate`, for sketches as they are and in variants.

    python -m benchmarks.accuracy.served_accuracy --data PAIRS [--split all|held-out] [--checkpoint FILE] [--json]

Builds a gallery from the photos of PAIRS and starts `sketchfind serve` on it. Posts every sketch as it is and in
variants. Prints acc@k of all beside the figures of `evaluate` for the same sketches and photos.
"""

from __future__ import annotations

import io
import json
import os
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import cv2
import httpx
import numpy as np
from PIL import Image, ImageOps

from app.gallery.layout import GalleryLocation
from benchmarks.support.report import add_checkpoint_option, add_split_option, create_parser, parse_options
from index_builder.datasets.pairs import PairFolder
from index_builder.datasets.readers.read import read_pairs
from index_builder.evaluation.evaluate import evaluate
from index_builder.gallery.build import build
from model.checkpoint import load_checkpoint

Variant = Callable[[Image.Image], bytes]


def png(image: Image.Image) -> bytes:
    """Encode an image as a PNG file."""
    buffer = io.BytesIO()
    image.save(buffer, "PNG")
    return buffer.getvalue()


def shift(sketch: Image.Image) -> bytes:
    """Move the sketch off the centre of a page twice as large."""
    page = Image.new("L", (512, 512), 255)
    page.paste(sketch.convert("L"), (230, 40))
    return png(page)


def halve(sketch: Image.Image) -> bytes:
    """Draw the sketch half as large on a page of the same size."""
    page = Image.new("L", (256, 256), 255)
    page.paste(sketch.convert("L").resize((128, 128), Image.Resampling.LANCZOS), (64, 64))
    return png(page)


def thicken(sketch: Image.Image) -> bytes:
    """Draw every stroke three times as wide: lines of these sketches are about 2 px, so add 2 px on either side."""
    grey = np.pad(np.asarray(sketch.convert("L")), 8, constant_values=255)
    pen = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (5, 5))
    return png(Image.fromarray(np.asarray(cv2.erode(grey, pen), np.uint8)))


def invert(sketch: Image.Image) -> bytes:
    """Draw the sketch white on black."""
    return png(ImageOps.invert(sketch.convert("L")))


def make_transparent(sketch: Image.Image) -> bytes:
    """Draw black strokes on a transparent ground."""
    image = Image.new("LA", sketch.size, (0, 0))
    image.putalpha(ImageOps.invert(sketch.convert("L")))
    return png(image.convert("RGBA"))


def encode_jpeg(sketch: Image.Image) -> bytes:
    """Encode a JPEG of 1200x900 with the sketch as large as fits."""
    page = Image.new("L", (1200, 900), 255)
    page.paste(sketch.convert("L").resize((900, 900), Image.Resampling.BICUBIC), (150, 0))
    buffer = io.BytesIO()
    page.save(buffer, "JPEG", quality=75)
    return buffer.getvalue()


VARIANTS: dict[str, Variant] = {
    "as it is": png,
    "shifted": shift,
    "half size": halve,
    "three times as thick": thicken,
    "inverted": invert,
    "transparent ground": make_transparent,
    "JPEG 1200x900": encode_jpeg,
}


@contextmanager
def server(gallery: Path) -> Iterator[httpx.Client]:
    """Start `sketchfind serve` on the gallery, on a free loopback port, and yield a client once it is ready."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [sys.executable, "-m", "index_builder.cli", "serve", "--gallery", str(gallery), "--port", str(port)]
    environment = {
        **os.environ,
        "SKETCHFIND_SEARCH_RATE": "0",
    }  # no limit: the only client sends as fast as it is answered
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, env=environment)
    try:
        with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=60) as client:
            _wait_until_ready(client, process)
            yield client
    finally:
        process.terminate()
        process.wait(30)


def _wait_until_ready(client: httpx.Client, process: subprocess.Popen[bytes]) -> None:
    for _ in range(240):
        if process.poll() is not None:
            raise RuntimeError(f"the server ended with status {process.returncode} before it was ready")
        try:
            if client.get("/readyz").status_code == 200:
                return
        except httpx.TransportError:
            pass
        time.sleep(0.5)
    raise RuntimeError("the server was not ready within two minutes")


def served_accuracy(client: httpx.Client, folder: PairFolder, variant: Variant) -> dict[str, float]:
    """Post every sketch of the folder in a variant and compute acc@k in percent."""
    ranks = []
    for pair in folder.pairs:
        for sketch in pair.sketches:
            body = variant(sketch.picture.open())
            response = client.post("/search?k=10", files={"sketch": ("sketch", body, "application/octet-stream")})
            response.raise_for_status()
            ids = [result["product_id"] for result in response.json()["results"]]
            ranks.append(ids.index(pair.photo_id) + 1 if pair.photo_id in ids else len(folder.pairs))
    return {f"acc@{k}": round(100 * float(np.mean(np.array(ranks) <= k)), 2) for k in (1, 5, 10)}


def _write_photos(folder: PairFolder, directory: Path) -> Path:
    """Write the photos of these pairs into a new directory."""
    directory.mkdir()
    for pair in folder.pairs:
        if pair.photo is None:
            raise ValueError(f"photo {pair.photo_id!r} has no file in photos/, expected one for every photo")
        pair.photo.open().save(directory / f"{pair.photo_id}.png")
    return directory


def main() -> None:
    """Parse the options, measure and print the figures."""
    parser = create_parser(__doc__)
    parser.add_argument("--data", type=Path, required=True, help="pair folder whose sketches are searched")
    add_split_option(parser, default="all")
    add_checkpoint_option(parser)
    options = parse_options(parser)
    folder = read_pairs(options.data).part(options.split)
    figures: dict[str, dict[str, float]] = {}
    evaluation = evaluate(folder, load_checkpoint(options.checkpoint)).as_json()
    figures["evaluate"] = {name: evaluation[name] for name in ("acc@1", "acc@5", "acc@10")}
    with tempfile.TemporaryDirectory() as directory:
        gallery = Path(directory) / "gallery"
        build(_write_photos(folder, Path(directory) / "photos"), GalleryLocation(gallery), options.checkpoint)
        with server(gallery) as client:
            for name, variant in VARIANTS.items():
                figures[f"served, {name}"] = served_accuracy(client, folder, variant)
    if options.json:
        print(json.dumps({"n_queries": evaluation["n_queries"], "n_gallery": evaluation["n_gallery"], **figures}))
        return
    print(f"{evaluation['n_queries']} sketches, {evaluation['n_gallery']} photos")
    for name, accuracy in figures.items():
        print(f"{name:30}", "  ".join(f"{k} {value:6.2f}" for k, value in accuracy.items()))


if __name__ == "__main__":
    main()
