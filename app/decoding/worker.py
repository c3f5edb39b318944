"""The process in which images are decoded: `python -m app.decoding.worker FD BYTES SECONDS`.

It answers on the socket FD, one order after the other, until that is closed. An order is a JSON header and the bytes of
an image; an answer is a JSON header and the bytes of what was made of it. No pickles: an image that takes this process
over can say nothing to the server but that.
"""

from __future__ import annotations

import json
import resource
import signal
import sys
from contextlib import suppress
from multiprocessing.connection import Connection
from typing import Any

import cv2
import numpy as np

from app.decoding.framed_picture import FramedPicture
from app.decoding.image_sketch import ImageSketch
from app.decoding.product_photo import ProductPhoto, decode_photo
from model.preprocessing.frames import FRAME, Placement
from model.preprocessing.images import ImageTooLargeError, UnreadableImageError
from model.preprocessing.line_drawing import BlankSketchError
from model.preprocessing.preprocess import Preprocess, PreprocessConfig
from model.preprocessing.tracing import TooManyLinesError, Tracing

REFUSALS: dict[str, type[ValueError]] = {
    kind.__name__: kind for kind in (BlankSketchError, ImageTooLargeError, TooManyLinesError, UnreadableImageError)
}
"""What an image can be refused for, by the name that answers give it."""
TOO_COSTLY = "too costly"
READY = b"ready"

_NO_MEMORY = (MemoryError, cv2.error)  # the latter is what OpenCV makes of memory that it does not get
_BASE = 1 << 30  # bytes of address space besides pixels: code, libraries, arenas of the allocator
_PER_PIXEL = 24  # bytes: 16-bit greys need most, which become floats and then bytes as a whole


def memory_limit(max_pixels: int) -> int:
    """Bytes of address space that the process may have."""
    return _BASE + _PER_PIXEL * max_pixels


def encode_request(task: str, sketch: ImageSketch, config: PreprocessConfig) -> bytes:
    """The header of an order: "picture", "traced", or "photo", which makes a print."""
    wanted = {"task": task, "max_pixels": sketch.max_pixels, "kind": sketch.kind, "config": vars(config)}
    return json.dumps(wanted).encode()


def decode_picture(answer: dict[str, Any], frame: bytes) -> FramedPicture:
    """The picture in an answer."""
    pixels = np.frombuffer(frame, np.uint8).reshape(FRAME, FRAME)
    return FramedPicture(pixels, Placement(*answer["placement"]), answer["width"], answer["height"], answer["kind"])


def decode_product_photo(answer: dict[str, Any], made: bytes) -> ProductPhoto:
    """The print in an answer."""
    photo, both = answer["photo"], answer["photo"] + answer["thumbnail"]
    frame = np.frombuffer(made, np.uint8, offset=both).reshape(FRAME, FRAME)
    return ProductPhoto(made[:photo], made[photo:both], frame)


def decode_tracing(answer: dict[str, Any]) -> Tracing:
    """The strokes in an answer."""
    return Tracing(answer["width"], answer["height"], answer["strokes"], answer["kind"])


def _handle(wanted: dict[str, Any], data: bytes) -> tuple[dict[str, Any], bytes]:
    """The answer to an order."""
    try:
        return _run_task(wanted, data)
    except tuple(REFUSALS.values()) as error:
        if isinstance(error.__cause__ or error.__context__, _NO_MEMORY):
            return {"refused": TOO_COSTLY, "message": ""}, b""
        return {"refused": type(error).__name__, "message": str(error)}, b""
    except _NO_MEMORY:
        return {"refused": TOO_COSTLY, "message": ""}, b""


def _run_task(wanted: dict[str, Any], data: bytes) -> tuple[dict[str, Any], bytes]:
    """What is made of an image. Raises what it is refused for, and what _NO_MEMORY has."""
    sketch = ImageSketch(data, wanted["max_pixels"], wanted["kind"])
    preprocess = Preprocess(PreprocessConfig(**wanted["config"]))
    if wanted["task"] == "traced":
        return vars(sketch.traced(preprocess)), b""
    if wanted["task"] == "photo":
        photo, thumbnail, pixels = decode_photo(data, preprocess, sketch.max_pixels)
        return {"photo": len(photo), "thumbnail": len(thumbnail)}, photo + thumbnail + pixels.tobytes()
    frame, placement, width, height, kind = sketch.picture(preprocess)
    placed = [placement.left, placement.top, placement.width, placement.height]
    return {"placement": placed, "width": width, "height": height, "kind": kind}, frame.tobytes()


def main(descriptor: int, limit: int, seconds: float) -> None:
    """Answer orders until the other end is closed."""
    cv2.setNumThreads(1)  # one image has one core
    resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    with Connection(descriptor) as server, suppress(EOFError, ConnectionError):
        server.send_bytes(READY)
        while True:
            wanted, data = json.loads(server.recv_bytes()), server.recv_bytes()
            _set_cpu_timer(seconds)
            answer, frame = _handle(wanted, data)
            _set_cpu_timer(0)
            server.send_bytes(json.dumps(answer).encode())
            server.send_bytes(frame)


def _set_cpu_timer(seconds: float) -> None:
    """Have the process killed once it has computed for so much longer, 0 for never. Others' time does not count.

    Not by RLIMIT_CPU: Linux holds that against a count of clock ticks, which after some minutes of computing may be
    seconds ahead of the time that the process can ask for, so that the limit was there before the image was.
    """
    signal.setitimer(signal.ITIMER_PROF, seconds)  # SIGPROF ends it


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]), float(sys.argv[3]))
