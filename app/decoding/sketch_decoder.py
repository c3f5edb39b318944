"""Decoding of sketches in processes of their own, so that no image takes more than its share."""

from __future__ import annotations

import asyncio
import io

from PIL import Image

from app.decoding import worker
from app.decoding.decoder_process import Answer
from app.decoding.fair_executor import FairExecutor
from app.decoding.framed_picture import FramedPicture
from app.decoding.image_sketch import ImageSketch
from app.decoding.worker_pool import SECONDS, DecoderPool
from model.preprocessing.preprocess import PreprocessConfig
from model.preprocessing.tracing import Tracing

_PROCESSES = 2


class SketchDecoder:
    """Pool of two processes, each of which decodes one image at a time, shared fairly among clients.

    start() starts the first process, the first image the second one. A start takes as long as an import of OpenCV, so
    call warm_up() before images are accepted.
    """

    def __init__(self, config: PreprocessConfig, max_pixels: int, seconds: float = SECONDS) -> None:
        self._config = config
        self._pool = DecoderPool(_PROCESSES, worker.memory_limit(max_pixels), seconds)
        self._threads = FairExecutor(_PROCESSES, "sketch decoder")

    def start(self) -> None:
        """Start a process ahead of the first image."""
        self._pool.start()

    def warm_up(self) -> None:
        """Decode a first image, which takes longer than all later ones."""
        buffer = io.BytesIO()
        image = Image.new("L", (64, 64), 255)
        image.paste(0, (16, 16, 48, 48))
        image.save(buffer, "PNG")
        sketch = ImageSketch(buffer.getvalue(), 64 * 64)
        self._pool.request(worker.encode_request("frame", sketch, self._config), sketch.data)

    def close(self) -> None:
        """End the processes, even busy ones: their answers are not awaited any more."""
        self._pool.close()
        self._threads.close()

    async def frame(self, client: str, sketch: ImageSketch) -> FramedPicture:
        """Run sketch.decode() in a decoder process.

        Raises its errors, ImageTooCostlyError and DecoderUnavailableError.
        """
        return worker.decode_picture(*await self._run_task(client, "frame", sketch))

    async def vectorise(self, client: str, sketch: ImageSketch) -> Tracing:
        """Run sketch.trace() in a decoder process.

        Raises its errors, ImageTooCostlyError and DecoderUnavailableError.
        """
        return worker.decode_tracing((await self._run_task(client, "trace", sketch))[0])

    async def _run_task(self, client: str, task: str, sketch: ImageSketch) -> Answer:
        header = worker.encode_request(task, sketch, self._config)
        return await asyncio.wrap_future(self._threads.submit(client, lambda: self._request(header, sketch.data)))

    def _request(self, header: bytes, data: bytes) -> Answer:
        try:
            return self._pool.request(header, data)
        finally:
            self._pool.slots[0].start()
