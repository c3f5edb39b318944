"""Layouts of --data, with one module each: detection and reading."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from index_builder.datasets.pairs import PairFolder
from index_builder.datasets.readers import pair_folder, qmul_v1, qmul_v2, sketchy


@dataclass(frozen=True)
class DatasetLayout:
    """Detection and reading of one layout.

    `splits` lists the parts of a data set in a folder; it is empty if the folder has another layout. The parts are
    halves, of which the first is the default, or the categories of a category set.
    """

    splits: Callable[[Path], Sequence[str]]
    read: Callable[[Path, str], PairFolder]
    is_category_set: bool = False


# ordered: the first matching layout is used
LAYOUTS = (
    DatasetLayout(pair_folder.parts, pair_folder.read),
    DatasetLayout(qmul_v1.parts, qmul_v1.read),
    DatasetLayout(sketchy.parts, sketchy.read, is_category_set=True),
    DatasetLayout(qmul_v2.parts, qmul_v2.read),
    DatasetLayout(pair_folder.categories, pair_folder.read, is_category_set=True),
)
