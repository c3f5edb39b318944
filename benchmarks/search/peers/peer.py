"""What the benchmark asks of a search library: to build, search and extend an index of embeddings."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import ClassVar

import torch

from app.core.arrays import Embeddings, Keys, Rows
from app.index.metric_forms import MetricForm, form_for
from index_builder.gallery.tuning.trials import NEAREST
from model.network.distances import Distance

Setting = Mapping[str, int]
"""Search parameters by name, such as the lists of an inverted file that are searched."""

LINKS, CANDIDATES = 16, 100  # of every graph: links of a vector, and candidates for them when it is added
WIDTHS = (16, 24, 32, 48, 64, 96, 128, 192, 256, 384, 512, 768, 1000)  # of a search; pgvector takes at most 1,000


class Peer(ABC):
    """An index of embeddings (N,D), empty at first. Its files lie in `folder`, an empty one."""

    name: ClassVar[str]
    packages: ClassVar[tuple[str, ...]] = ()  # modules that it needs beyond this project's
    reads_embeddings: ClassVar[bool] = False  # whether its searches read the file of all embeddings, too
    reads_mapped_files: ClassVar[bool] = False  # whether they read all over mapped files in `folder`: they need memory

    def __init__(self, distance: Distance, folder: Path) -> None:
        self.distance, self.folder = distance, folder

    @classmethod
    def missing_packages(cls) -> list[str]:
        """Return the modules that it needs and that are not installed."""
        return [package for package in cls.packages if find_spec(package) is None]

    @property
    def settings(self) -> Sequence[Sequence[Setting]]:
        """Search settings in series, each from the narrowest search to the widest. An exact index has one setting."""
        return [[{}]]

    @abstractmethod
    def build(self, embeddings: Embeddings) -> None:
        """Index embeddings (N,D) as rows 0 to N - 1, with one thread where the library lets choose."""

    def apply(self, setting: Setting) -> None:  # noqa: B027 - an exact index has nothing to set
        """Use a setting for the searches that follow."""

    @abstractmethod
    def search(self, sketch: torch.Tensor) -> Rows:
        """Find the rows (10,) nearest to a sketch (1,D), with one thread. Safe to use from two threads."""

    @abstractmethod
    def insert(self, embedding: Embeddings, row: int) -> None:
        """Add an embedding (1,D) as a row, the next one."""

    def write(self) -> None:  # noqa: B027 - some have written all when they are built
        """Write all that is not in `folder` yet."""

    def process_ids(self) -> list[int]:
        """Return the processes, beside this one, that work for it with all of their children."""
        return []

    def close(self) -> None:  # noqa: B027 - most have nothing to close
        """End what it has started."""

    def _query(self, sketch: torch.Tensor) -> Keys:
        """Compute the query (1,D+1) of a sketch (1,D)."""
        with torch.inference_mode():
            return self.distance.query(sketch).numpy()


class VectorPeer(Peer):
    """A peer that searches vectors by Euclidean distance, the form in which graphs work, if the distance has it."""

    factory: ClassVar[str] = f"HNSW{LINKS}"  # what it would be in FAISS, by which the form is chosen

    @property
    def form(self) -> MetricForm:
        """Form in which it holds the embeddings."""
        return form_for(self.distance, self.factory)

    def search(self, sketch: torch.Tensor) -> Rows:
        """Find the rows (10,) nearest to a sketch (1,D)."""
        return self.find(self.form.encode_queries(self._query(sketch)), NEAREST)

    @abstractmethod
    def find(self, vector: Keys, n: int) -> Rows:
        """Find the rows (n,) nearest to a vector (1,Q)."""
