"""The layouts that --data takes, one file each: how to tell one, and how to read it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from index_builder.datasets.pairs import PairFolder
from index_builder.datasets.readers import pair_folder, qmul_v1, qmul_v2, sketchy


@dataclass(frozen=True)
class DatasetLayout:
    """`parts` names what of a data set lies in a folder, nothing if the folder has another layout; `read` reads one.

    The parts are halves, of which the first is meant when none is named, or categories that go `together`.
    """

    splits: Callable[[Path], Sequence[str]]
    read: Callable[[Path, str], PairFolder]
    is_category_set: bool = False


# in this order: a folder is read as the first that it fits
LAYOUTS = (
    DatasetLayout(pair_folder.parts, pair_folder.read),
    DatasetLayout(qmul_v1.parts, qmul_v1.read),
    DatasetLayout(sketchy.parts, sketchy.read, is_category_set=True),
    DatasetLayout(qmul_v2.parts, qmul_v2.read),
    DatasetLayout(pair_folder.categories, pair_folder.read, is_category_set=True),
)
