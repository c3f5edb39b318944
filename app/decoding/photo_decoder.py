"""Products' photos are decoded as sketches are, in processes of their own, but never in those that searches need."""

from __future__ import annotations

from app.decoding import worker as bench
from app.decoding.image_sketch import ImageSketch
from app.decoding.product_photo import ProductPhoto
from app.decoding.worker_pool import PATIENCE, SECONDS, DecoderPool
from model.preprocessing.images import MAX_PIXELS
from model.preprocessing.preprocess import PreprocessConfig


class PhotoDecoder:
    """So many benches, which start when they are needed: a server that is only read has none.

    `patience` times as long as a photo may compute may pass meanwhile.
    """

    def __init__(self, config: PreprocessConfig, benches: int, patience: int = PATIENCE) -> None:
        self._config = config
        self._benches = DecoderPool(benches, bench.memory_limit(MAX_PIXELS), SECONDS, patience)

    def start(self) -> None:
        """Start a bench, as photos are to come."""
        self._benches.all[-1].start()

    def decode(self, data: bytes) -> ProductPhoto:
        """Decode a photo in another process. Raises what product_photo.decoded() does, and ImageTooCostly."""
        sketch = ImageSketch(data, MAX_PIXELS)
        return bench.decode_product_photo(
            *self._benches.request(bench.encode_request("photo", sketch, self._config), data)
        )

    def close(self) -> None:
        """End the processes, whatever they are doing. What waits for one of them raises NotDecoded."""
        self._benches.close()
