"""What is searched by is decoded in processes of its own, so that no image takes more than its share."""

from __future__ import annotations

import asyncio
import io

from PIL import Image

from app.decoding import worker as bench
from app.decoding.decoder_process import Answer
from app.decoding.fair_executor import FairExecutor
from app.decoding.framed_picture import FramedPicture
from app.decoding.image_sketch import ImageSketch
from app.decoding.worker_pool import SECONDS, DecoderPool
from model.preprocessing.preprocess import PreprocessConfig
from model.preprocessing.tracing import Tracing

_BENCHES = 2


class SketchDecoder:
    """Two benches, each a process that decodes one image at a time, shared fairly among clients.

    The second starts after the first image.

    It takes as long as an import of OpenCV, so wait for it with warm_up() before images are accepted.
    """

    def __init__(self, config: PreprocessConfig, max_pixels: int, seconds: float = SECONDS) -> None:
        self._config = config
        self._benches = DecoderPool(_BENCHES, bench.memory_limit(max_pixels), seconds)
        self._threads = FairExecutor(_BENCHES, "workshop")
        self._benches.all[-1].start()

    def warm_up(self) -> None:
        """Decode a first image, which takes longer than all others."""
        buffer = io.BytesIO()
        picture = Image.new("L", (64, 64), 255)
        picture.paste(0, (16, 16, 48, 48))
        picture.save(buffer, "PNG")
        sketch = ImageSketch(buffer.getvalue(), 64 * 64)
        self._benches.request(bench.encode_request("picture", sketch, self._config), sketch.data)

    def close(self) -> None:
        """End the processes, whatever they are doing: nothing waits for their answers any more."""
        self._benches.close()
        self._threads.close()

    async def frame(self, client: str, sketch: ImageSketch) -> FramedPicture:
        """sketch.picture(), elsewhere. Raises what that raises, and ImageTooCostly."""
        return bench.decode_picture(*await self._ask(client, "picture", sketch))

    async def vectorise(self, client: str, sketch: ImageSketch) -> Tracing:
        """sketch.traced(), elsewhere. Raises what that raises, and ImageTooCostly."""
        return bench.decode_tracing((await self._ask(client, "traced", sketch))[0])

    async def _ask(self, client: str, task: str, sketch: ImageSketch) -> Answer:
        header = bench.encode_request(task, sketch, self._config)
        return await asyncio.wrap_future(self._threads.submit(client, lambda: self._asked(header, sketch.data)))

    def _asked(self, header: bytes, data: bytes) -> Answer:
        try:
            return self._benches.request(header, data)
        finally:
            self._benches.all[0].start()
