"""All that searches a gallery by one checkpoint."""

from __future__ import annotations

import time

from app.core.cpu_limits import limit_threads, set_compute_threads, threads_per_batch
from app.decoding.image_sketch import ImageSketch
from app.decoding.sketch_decoder import SketchDecoder
from app.decoding.stroke_sketch import Sketch
from app.gallery.gallery import Gallery
from app.gallery.layout import GalleryLocation
from app.gallery.milvus_index.milvus_address import MilvusAddress
from app.products.grouping import Grouping
from app.search.memory_copy import MemoryCopy
from app.search.retriever import Retriever
from app.search.search_request import DecodedSketch
from app.settings import PREFIX, Settings, SettingsError
from model.checkpoint import Checkpoint


class SearchRuntime:
    """Open gallery with its checkpoint, retriever and decoders of sketches."""

    def __init__(self, checkpoint: Checkpoint, gallery: Gallery, settings: Settings) -> None:
        self.checkpoint, self.gallery = checkpoint, gallery
        self.retriever = Retriever(checkpoint, gallery, settings.n_candidates, settings.device, settings.color_weight)
        self.sketch_decoder = SketchDecoder(checkpoint.preprocess.config, settings.max_pixels)
        self._copy = MemoryCopy(gallery, self.retriever.product_cache)

    def warm_up(self, threads: int | None) -> None:
        """Search with each number of threads and decode an image: the first time takes longer than all later ones."""
        for count in reversed(threads_per_batch(limit_threads(threads))):
            set_compute_threads(count)
            self.retriever.search(self.checkpoint.preprocess.strokes([[[0, 0], [100, 100]]]), 1)
        self.sketch_decoder.warm_up()

    async def decode(self, client: str, sketch: Sketch) -> DecodedSketch:
        """Decode an image file in a decoder process; leave strokes as they are."""
        if not isinstance(sketch, ImageSketch):
            return DecodedSketch(sketch)
        started = time.perf_counter()
        picture = await self.sketch_decoder.frame(client, sketch)
        return DecodedSketch(picture, (time.perf_counter() - started) * 1000)


def location_of(settings: Settings) -> GalleryLocation:
    """Return where the gallery of the settings is. Raises SettingsError for an index whose address cannot be read."""
    catalogue_url = settings.catalogue.get_secret_value() if settings.catalogue else None
    try:
        milvus = MilvusAddress.parse(settings.index.get_secret_value()) if settings.index else None
    except ValueError as error:
        raise SettingsError(f"{PREFIX}INDEX: {error}") from None
    return GalleryLocation(settings.gallery, catalogue_url, settings.photos, milvus)


def grouping_of(settings: Settings) -> Grouping:
    """Return by what the settings group products."""
    return Grouping.BY_ID_OR_PHOTO if settings.group_by_photo else Grouping.BY_ID
