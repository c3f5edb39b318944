"""Cache of prepared sample sets, so that several runs of one experiment share their frames."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from index_builder.datasets.pairs import PairFolder
from index_builder.training.data.samples import SampleSet, prepare
from model.preprocessing.preprocess import Preprocess, PreprocessConfig


class _Key(NamedTuple):
    folder: str
    photo_ids: tuple[str, ...]  # a folder's training part and its held-out fifth have the same name
    config: PreprocessConfig
    unfinished: bool


class SampleCache:
    """Sample sets by folder and preprocessing. Every set stays in memory as long as the cache."""

    def __init__(self) -> None:
        self._sets: dict[_Key, SampleSet] = {}

    def prepare(
        self, folder: PairFolder, preprocess: Preprocess, advance: Callable[[], None], *, unfinished: bool
    ) -> SampleSet:
        """Return the sample set of a folder from the cache, or else prepare it as samples.prepare() does."""
        key = _Key(folder.name, tuple(pair.photo_id for pair in folder.pairs), preprocess.config, unfinished)
        if key not in self._sets:
            self._sets[key] = prepare(folder, preprocess, advance, unfinished=unfinished)
        return self._sets[key]
