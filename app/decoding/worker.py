"""Process that decodes images: `python -m app.decoding.worker FD BYTES SECONDS`.

It answers requests on the socket FD, one after the other, until the socket is closed. A request is a JSON header and
the bytes of an image. An answer is a JSON header and the bytes of the result. Nothing is pickled: an image that takes
over this process cannot send code to the server.
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

from app.colours.shares import ColorShare
from app.decoding.framed_picture import FramedPicture
from app.decoding.image_sketch import ImageSketch
from app.decoding.product_photo import ProductPhoto, decode_photo
from model.preprocessing.frames import FRAME, Placement
from model.preprocessing.images import ImageTooLargeError, UnreadableImageError
from model.preprocessing.line_drawing import BlankSketchError
from model.preprocessing.object_cutout import PhotoObject
from model.preprocessing.preprocess import Preprocess, PreprocessConfig
from model.preprocessing.regions import Region
from model.preprocessing.tracing import TooManyLinesError, Tracing

REFUSALS: dict[str, type[ValueError]] = {
    kind.__name__: kind for kind in (BlankSketchError, ImageTooLargeError, TooManyLinesError, UnreadableImageError)
}
"""Errors for which an image is refused, by their names in answers."""
TOO_COSTLY = "too costly"
READY = b"ready"

_NO_MEMORY = (MemoryError, cv2.error)  # OpenCV raises the latter when an allocation fails
_BASE = 1 << 30  # bytes of address space besides pixels: code, libraries, allocator arenas
_PER_PIXEL = 24  # bytes: the most is for 16-bit grey, which is converted to floats and then to bytes as a whole


def memory_limit(max_pixels: int) -> int:
    """Compute the bytes of address space that a process for images of `max_pixels` may have."""
    return _BASE + _PER_PIXEL * max_pixels


def encode_request(task: str, sketch: ImageSketch, config: PreprocessConfig) -> bytes:
    """Encode the header of a request. `task` is "frame", "trace" or "photo"."""
    how = {"max_pixels": sketch.max_pixels, "kind": sketch.kind, "crop": sketch.crop}
    return json.dumps({"task": task, **how, "config": vars(config)}).encode()


def decode_picture(answer: dict[str, Any], frame: bytes) -> FramedPicture:
    """Decode the picture in an answer to "frame"."""
    pixels = np.frombuffer(frame, np.uint8).reshape(FRAME, FRAME)
    place, item = Placement(*answer["placement"]), _decode_object(answer["object"])
    return FramedPicture(pixels, place, answer["width"], answer["height"], item)


def decode_product_photo(answer: dict[str, Any], data: bytes) -> ProductPhoto:
    """Decode the photo in an answer to "photo"."""
    photo, both = answer["photo"], answer["photo"] + answer["thumbnail"]
    frames = np.frombuffer(data, np.uint8, offset=both).reshape(-1, FRAME, FRAME)
    colors = tuple(ColorShare(*color) for color in answer["colors"])
    return ProductPhoto(data[:photo], data[photo:both], frames, colors)


def decode_tracing(answer: dict[str, Any]) -> Tracing:
    """Decode the strokes in an answer to "trace"."""
    return Tracing(answer["width"], answer["height"], answer["strokes"], _decode_object(answer["object"]))


def _decode_object(item: tuple[list[float], bool] | None) -> PhotoObject | None:
    return item and PhotoObject(Region(*item[0]), is_guessed=item[1])


def _handle(request: dict[str, Any], data: bytes) -> tuple[dict[str, Any], bytes]:
    """Run a request and return its answer."""
    try:
        return _run_task(request, data)
    except tuple(REFUSALS.values()) as error:
        if isinstance(error.__cause__ or error.__context__, _NO_MEMORY):
            return {"refused": TOO_COSTLY, "message": ""}, b""
        return {"refused": type(error).__name__, "message": str(error)}, b""
    except _NO_MEMORY:
        return {"refused": TOO_COSTLY, "message": ""}, b""


def _run_task(request: dict[str, Any], data: bytes) -> tuple[dict[str, Any], bytes]:
    """Decode an image as the request says. Raises the errors of REFUSALS and _NO_MEMORY."""
    crop = request["crop"] and Region(*request["crop"])
    sketch = ImageSketch(data, request["max_pixels"], request["kind"], crop)
    preprocess = Preprocess(PreprocessConfig(**request["config"]))
    if request["task"] == "trace":
        return vars(sketch.trace(preprocess)), b""
    if request["task"] == "photo":
        photo, thumbnail, pixels, colors = decode_photo(data, preprocess, sketch.max_pixels)
        answer = {"photo": len(photo), "thumbnail": len(thumbnail), "colors": colors}
        return answer, photo + thumbnail + pixels.tobytes()
    picture = sketch.decode(preprocess)
    place = picture.placement
    placed = [place.left, place.top, place.width, place.height]
    answer = {"placement": placed, "width": picture.width, "height": picture.height, "object": picture.object}
    return answer, picture.frame.tobytes()


def main(descriptor: int, limit: int, seconds: float) -> None:
    """Answer requests until the other end is closed."""
    cv2.setNumThreads(1)  # one core per image
    resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    with Connection(descriptor) as server, suppress(EOFError, ConnectionError):
        server.send_bytes(READY)
        while True:
            request, data = json.loads(server.recv_bytes()), server.recv_bytes()
            _set_cpu_timer(seconds)
            answer, frame = _handle(request, data)
            _set_cpu_timer(0)
            server.send_bytes(json.dumps(answer).encode())
            server.send_bytes(frame)


def _set_cpu_timer(seconds: float) -> None:
    """Have the process killed once it has computed for `seconds` more; 0 disables the timer.

    Only processor time of this process counts. RLIMIT_CPU does not work here: Linux compares it with a count of clock
    ticks. After minutes of computing, that count may be seconds ahead of the processor time that the process can read.
    The limit would then be reached before the image arrives.
    """
    signal.setitimer(signal.ITIMER_PROF, seconds)  # SIGPROF ends it


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]), float(sys.argv[3]))
