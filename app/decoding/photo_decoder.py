"""Decoding of product photos in processes of their own, apart from the processes that searches need."""

from __future__ import annotations

from app.decoding import worker
from app.decoding.image_sketch import ImageSketch
from app.decoding.product_photo import ProductPhoto
from app.decoding.worker_pool import PATIENCE, SECONDS, DecoderPool
from model.preprocessing.images import MAX_PIXELS
from model.preprocessing.preprocess import PreprocessConfig


class PhotoDecoder:
    """Decoder pool of `processes` processes. They start on demand, so a server without writes has none.

    A photo is given up after `patience` times the seconds that it may compute.
    """

    def __init__(self, config: PreprocessConfig, processes: int, patience: int = PATIENCE) -> None:
        self._config = config
        self._pool = DecoderPool(processes, worker.memory_limit(MAX_PIXELS), SECONDS, patience)

    def start(self) -> None:
        """Start a process ahead of the first photo."""
        self._pool.start()

    def decode(self, data: bytes) -> ProductPhoto:
        """Decode a photo in another process.

        Raises the errors of decode_photo(), ImageTooCostlyError and DecoderUnavailableError.
        """
        sketch = ImageSketch(data, MAX_PIXELS)
        return worker.decode_product_photo(
            *self._pool.request(worker.encode_request("photo", sketch, self._config), data)
        )

    def close(self) -> None:
        """End the processes, even busy ones. Threads that wait for one get DecoderUnavailableError."""
        self._pool.close()
