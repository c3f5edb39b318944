"""How a gallery's rows are indexed: by which kind of FAISS index, trained on how many of them, searched how widely."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import faiss
from pydantic import ConfigDict, Field
from pydantic.dataclasses import dataclass as checked

DEFAULT_CANDIDATES = 100  # products whose exact distance is taken, where nobody has tuned or set anything
TRAINING = 262_144  # rows that an index is trained on at most; FAISS uses no more than 256 for each of its lists

_SHARE = 16  # an inverted file that nobody has tuned looks into one of so many of its lists
_PARAMETERS = r"^((nprobe|efSearch)=[1-9][0-9]{0,4})?$"  # FAISS takes memory for every one of efSearch
_Share = Annotated[float, Field(ge=0, le=1, allow_inf_nan=False)]
_faiss: Any = faiss  # its annotations, where there are any, are those of C++ and do not hold


@checked(frozen=True, config=ConfigDict(strict=True, extra="forbid"))
class Tuning:
    """What `sketchfind tune` has chosen for a gallery, and what it saw. Raises ValueError for what cannot be.

    `parameters` is how widely is searched, as FAISS writes it: "nprobe=16", "efSearch=64", or "" where there is no such
    choice. `recall` is the share, 0..1, of the ten nearest photos that were among the candidates.
    """

    parameters: Annotated[str, Field(pattern=_PARAMETERS)]
    training: Annotated[int, Field(ge=1, lt=2**31)]  # rows the index is trained on
    n_candidates: Annotated[int, Field(ge=1, lt=2**31)]
    recall: _Share
    target: _Share
    queries: Annotated[str, Field(max_length=20)]  # what it was measured with: "sketches" or "photos"
    revision: Annotated[int, Field(ge=0, lt=2**63)]  # of the catalogue then
    checkpoint: Annotated[str, Field(max_length=64)]  # SHA-256, then


@dataclass(frozen=True)
class IndexSpec:
    """A faiss.index_factory string, what tuning chose for it, and a folder for arrays that are too large for memory."""

    factory: str = "Flat"
    tuning: Tuning | None = None
    scratch: Path | None = None

    @property
    def training(self) -> int:
        """How many rows the index is trained on, if there are so many."""
        return self.tuning.training if self.tuning else TRAINING

    def make(self, dim: int, metric: int = faiss.METRIC_INNER_PRODUCT) -> Any:
        """An empty index of `dim` dimensions, set to be searched as it should. Raises ValueError as make_index()."""
        index = make_index(dim, self.factory, metric)
        if self.tuning:
            set_width(index, self.tuning.parameters)
        else:
            inverted = inverted_file(index)
            if inverted is not None:
                inverted.nprobe = max(1, inverted.nlist // _SHARE)
        return index

    def flat(self) -> IndexSpec:
        """The same for rows that are not worth more, or too few to train more on."""
        return IndexSpec("Flat", None, self.scratch)


def make_index(dim: int, factory: str, metric: int = faiss.METRIC_INNER_PRODUCT) -> Any:
    """An empty index of `dim` dimensions. Raises ValueError for a string FAISS does not know."""
    try:
        return _faiss.index_factory(dim, factory, metric)
    except RuntimeError as error:
        reason = str(error).rsplit("Error: ", 1)[-1]
        raise ValueError(
            f"index {factory!r} cannot be made for {dim} dimensions ({reason}): expected a "
            "faiss.index_factory string such as 'Flat', 'SQ8' or 'IVF256,SQ8'"
        ) from None


def set_width(index: Any, parameters: str) -> None:
    """Set how widely an index is searched that nobody searches yet. Raises ValueError when it has no such choice."""
    try:
        _faiss.ParameterSpace().set_index_parameters(index, parameters)
    except RuntimeError as error:
        reason = str(error).rsplit("Error: ", 1)[-1]
        raise ValueError(f"{parameters!r} is nothing that this kind of index has ({reason})") from None


def inverted_file(index: Any) -> Any:
    """The inverted file that an index is, or that lies behind its transforms; None for other kinds."""
    index = _faiss.downcast_index(index)
    if isinstance(index, _faiss.IndexPreTransform):
        return inverted_file(index.index)
    return index if isinstance(index, _faiss.IndexIVF) else None
