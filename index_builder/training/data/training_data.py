"""Training and validation data of a run: pair folders, or labelled sketches, as sample sets in memory."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial

from rich.progress import Progress

from index_builder.datasets.pairs import PairFolder
from index_builder.datasets.pictures import frame_of
from index_builder.datasets.readers.labelled_sketches import LabelledSketch, LabelledSketches
from index_builder.training.config.errors import TrainingError
from index_builder.training.data.sample_cache import SampleCache
from index_builder.training.data.samples import Sample, SampleSet, to_size
from model.preprocessing.preprocess import Preprocess

Source = Sequence[PairFolder] | LabelledSketches


@dataclass(frozen=True)
class TrainingData:
    """Training sets and held-out validation sets: one for each pair folder, or for each class."""

    training: list[SampleSet]
    validation: list[SampleSet]
    shop: list[SampleSet]  # the held-out photos, if there are no sketches at all
    described: dict[str, str]  # number of samples and their checksums, by the folder's name


def load_training_data(
    source: Source, preprocess: Preprocess, bars: Progress, cache: SampleCache, *, unfinished: bool, holdout: bool
) -> TrainingData:
    """Preprocess all data of a run, except pair folders that the cache has.

    With `unfinished`, partial versions of the pairs' own sketches are added. Without `holdout` the held-out fifth is
    training data too. Raises UnreadableImageError or BlankSketchError with the file, and
    TrainingError when two folders have the same name.
    """
    if isinstance(source, LabelledSketches):
        return _load_labelled(source, preprocess, bars, holdout=holdout)
    names = [folder.name for folder in source]
    if repeated := [name for name in names if names.count(name) > 1]:
        raise TrainingError(
            f"two folders are named {repeated[0]!r}: expected distinct names, since figures are reported by name"
        )
    return _load_pairs(source, preprocess, bars, cache, unfinished=unfinished, holdout=holdout)


def _load_pairs(
    folders: Sequence[PairFolder],
    preprocess: Preprocess,
    bars: Progress,
    cache: SampleCache,
    *,
    unfinished: bool,
    holdout: bool,
) -> TrainingData:
    """Prepare training sets of all folders, and validation sets of the folders that have sketches.

    If none has sketches, the held-out photos of all folders become `shop`.
    """
    training = [folder.training() if holdout else folder for folder in folders]
    held_out = [folder.held_out() for folder in folders] if holdout else []
    sketched = [folder for folder in held_out if _has_sketches(folder)]
    shop = [] if any(map(_has_sketches, folders)) else held_out
    task = bars.add_task("read", total=sum(len(f.pairs) for f in (*training, *sketched, *shop)))
    sets = [
        [cache.prepare(folder, preprocess, partial(bars.advance, task), unfinished=unfinished) for folder in part]
        for part in (training, sketched, shop)
    ]
    usable = [SampleSet(s.name, tuple(x for x in s.samples if x.sketches)) for s in sets[0]]
    described = {samples.name: _describe_sets([samples]) for samples in usable}
    return TrainingData(usable, sets[1], sets[2], described)


def _has_sketches(folder: PairFolder) -> bool:
    return any(pair.sketches for pair in folder.pairs)


def _load_labelled(source: LabelledSketches, preprocess: Preprocess, bars: Progress, *, holdout: bool) -> TrainingData:
    """Prepare the sets of labelled sketches."""
    task = bars.add_task("read", total=len(source.sketches))
    parts = [source.training(), source.held_out()] if holdout else [source]
    sets = [_prepare_classes(part, preprocess, lambda: bars.advance(task)) for part in parts]
    return TrainingData(sets[0], sets[1] if holdout else [], [], {source.name: _describe_sets(sets[0])})


def _prepare_classes(source: LabelledSketches, preprocess: Preprocess, advance: Callable[[], None]) -> list[SampleSet]:
    """Prepare the set of each class in the order of labels; a sample has one sketch, and no photo."""

    def prepare_sketch(labelled: LabelledSketch) -> Sample:
        frame = to_size(frame_of(labelled.sketch.picture, preprocess.sketch), preprocess.config.size)
        advance()
        return Sample(labelled.sketch.name, (), (frame,), 1)

    with ThreadPoolExecutor(2) as pool:  # OpenCV and Pillow release the GIL
        samples = list(pool.map(prepare_sketch, source.sketches))
    by_class: list[list[Sample]] = [[] for _ in source.classes]
    for labelled, sample in zip(source.sketches, samples, strict=True):
        by_class[labelled.label].append(sample)
    return [
        SampleSet(name, tuple(samples_of_class))
        for name, samples_of_class in zip(source.classes, by_class, strict=True)
    ]


def _describe_sets(sets: Sequence[SampleSet]) -> str:
    """Return the number of samples, a checksum of their names and judgements, and one of all frames."""
    listed, pictures = [], 0
    for name, sample in ((samples.name, sample) for samples in sets for sample in samples.samples):
        listed.append(f"{name} {sample.photo_id} {len(sample.sketches)} {sample.judgements}")
        for image in (*sample.edges, *sample.sketches, *sample.unfinished):
            pictures = zlib.crc32(image.frame.tobytes(), pictures)
    named = zlib.crc32("\n".join(listed).encode())
    return f"{len(listed)} samples, named {named:08x}, pictures {pictures:08x}"
