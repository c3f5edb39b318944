"""What a run learns from and is validated on: pair folders, or labelled sketches, as sample sets in memory."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from rich.progress import Progress

from index_builder.datasets.pairs import PairFolder
from index_builder.datasets.pictures import frame_of
from index_builder.datasets.readers.labelled_sketches import LabelledSketch, LabelledSketches
from index_builder.training.config.errors import TrainingError
from index_builder.training.data.samples import Sample, SampleSet, prepare, to_size
from model.preprocessing.preprocess import Preprocess

Source = Sequence[PairFolder] | LabelledSketches
Prepare = Callable[..., SampleSet]  # prepare(), or what remembers what that gave


@dataclass(frozen=True)
class TrainingData:
    """Sets to train on and held-out ones to validate on: one of each pair folder, or of each class."""

    training: list[SampleSet]
    validation: list[SampleSet]
    shop: list[SampleSet]  # the held-out photos where nobody has sketched any
    described: dict[str, str]  # by the folder's name: how many samples there are, and checksums of them


def load_training_data(
    source: Source, preprocess: Preprocess, holdout: bool, bars: Progress, prepare_folder: Prepare = prepare
) -> TrainingData:
    """Preprocess all that is to be learnt from; with holdout=False that includes the held-out fifth.

    Raises UnreadableImage or BlankSketch, naming the file, and TrainingError when two folders have one name.
    """
    if isinstance(source, LabelledSketches):
        return _labelled(source, preprocess, holdout, bars)
    names = [folder.name for folder in source]
    if twice := [name for name in names if names.count(name) > 1]:
        raise TrainingError(
            f"two folders are named {twice[0]!r}: expected distinct names, figures are reported by them"
        )
    return _pairs(source, preprocess, holdout, bars, prepare_folder)


def _pairs(
    folders: Sequence[PairFolder], preprocess: Preprocess, holdout: bool, bars: Progress, prepare_folder: Prepare
) -> TrainingData:
    """Training sets of all folders, and validation sets of those that have sketches, or of all when none has."""
    training = [folder.training() if holdout else folder for folder in folders]
    held_out = [folder.held_out() for folder in folders] if holdout else []
    sketched = [folder for folder in held_out if _has_sketches(folder)]
    shop = [] if any(map(_has_sketches, folders)) else held_out
    task = bars.add_task("read", total=sum(len(f.pairs) for f in (*training, *sketched, *shop)))

    def prepared(parts: Sequence[PairFolder]) -> list[SampleSet]:
        return [prepare_folder(folder, preprocess, lambda: bars.advance(task)) for folder in parts]

    usable = [SampleSet(s.name, tuple(x for x in s.samples if x.sketches)) for s in prepared(training)]
    described = {samples.name: _fingerprint([samples]) for samples in usable}
    return TrainingData(usable, prepared(sketched), prepared(shop), described)


def _has_sketches(folder: PairFolder) -> bool:
    return any(pair.sketches for pair in folder.pairs)


def _labelled(source: LabelledSketches, preprocess: Preprocess, holdout: bool, bars: Progress) -> TrainingData:
    task = bars.add_task("read", total=len(source.sketches))
    parts = [source.training(), source.held_out()] if holdout else [source]
    sets = [_by_class(part, preprocess, lambda: bars.advance(task)) for part in parts]
    return TrainingData(sets[0], sets[1] if holdout else [], [], {source.name: _fingerprint(sets[0])})


def _by_class(source: LabelledSketches, preprocess: Preprocess, advance: Callable[[], None]) -> list[SampleSet]:
    """The set of each class, in the order of labels; its samples have a sketch each, and no photo."""

    def one(labelled: LabelledSketch) -> Sample:
        frame = to_size(frame_of(labelled.sketch.picture, preprocess.sketch), preprocess.config.size)
        advance()
        return Sample(labelled.sketch.name, (), (frame,), 1)

    with ThreadPoolExecutor(2) as pool:  # OpenCV and Pillow release the GIL
        samples = list(pool.map(one, source.sketches))
    by_class: list[list[Sample]] = [[] for _ in source.classes]
    for labelled, sample in zip(source.sketches, samples, strict=True):
        by_class[labelled.label].append(sample)
    return [SampleSet(name, tuple(found)) for name, found in zip(source.classes, by_class, strict=True)]


def _fingerprint(sets: Sequence[SampleSet]) -> str:
    """How many samples there are, a checksum of their names and of what people said, and one of all their frames."""
    listed, pictures = [], 0
    for name, sample in ((samples.name, sample) for samples in sets for sample in samples.samples):
        listed.append(f"{name} {sample.photo_id} {len(sample.sketches)} {sample.judgements}")
        for image in (*sample.edges, *sample.sketches, *sample.unfinished):
            pictures = zlib.crc32(image.frame.tobytes(), pictures)
    named = zlib.crc32("\n".join(listed).encode())
    return f"{len(listed)} samples, named {named:08x}, pictures {pictures:08x}"
