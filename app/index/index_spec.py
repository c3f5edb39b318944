"""Specification of a gallery's index: the FAISS factory, its training size and its search parameters."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import faiss
from pydantic import ConfigDict, Field
from pydantic.dataclasses import dataclass as checked

DEFAULT_CANDIDATES = 100  # products that are re-ranked by default, without tuning or a setting
TRAINING = 262_144  # rows that an index is trained on at most; FAISS uses at most 256 for each of its lists

_LINK_CANDIDATES = 100  # photos among which a graph chooses the links of a new one; with FAISS's 40, more are missed
_LISTS_PER_PROBE = 16  # an inverted file without tuning searches one of so many of its lists
_PARAMETERS = r"^((nprobe|efSearch)=[1-9][0-9]{0,4})?$"  # FAISS allocates memory in proportion to efSearch
_Share = Annotated[float, Field(ge=0, le=1, allow_inf_nan=False)]
_faiss: Any = faiss  # its annotations come from C++ and are wrong


@checked(frozen=True, config=ConfigDict(strict=True, extra="forbid"))
class Tuning:
    """Choice of `sketchfind tune` for a gallery, with its measurements. Raises ValueError for invalid values.

    `parameters` are search parameters in the notation of FAISS: "nprobe=16", "efSearch=64", or "" for an index without
    any. `recall` is the share, 0..1, of the ten nearest photos that were among the candidates.
    """

    parameters: Annotated[str, Field(pattern=_PARAMETERS)]
    training: Annotated[int, Field(ge=1, lt=2**31)]  # rows the index is trained on
    n_candidates: Annotated[int, Field(ge=1, lt=2**31)]
    recall: _Share
    target: _Share
    queries: Annotated[str, Field(max_length=20)]  # of the measurement: "sketches" or "photos"
    revision: Annotated[int, Field(ge=0, lt=2**63)]  # of the catalogue at that time
    checkpoint: Annotated[str, Field(max_length=64)]  # SHA-256, at that time


@dataclass(frozen=True)
class IndexSpec:
    """String for faiss.index_factory, its tuning, and a folder for arrays that are too large for memory."""

    factory: str = "Flat"
    tuning: Tuning | None = None
    scratch: Path | None = None

    @property
    def training(self) -> int:
        """Number of rows that the index is trained on, if the gallery has as many."""
        return self.tuning.training if self.tuning else TRAINING

    def make(self, dim: int, metric: int = faiss.METRIC_INNER_PRODUCT) -> Any:
        """Make an empty index of `dim` dimensions with its search parameters. Raises ValueError as make_index()."""
        index = make_index(dim, self.factory, metric)
        if (links := graph(index)) is not None:
            links.hnsw.efConstruction = _LINK_CANDIDATES
        if self.tuning:
            set_width(index, self.tuning.parameters)
        else:
            inverted = inverted_file(index)
            if inverted is not None:
                inverted.nprobe = max(1, inverted.nlist // _LISTS_PER_PROBE)
        return index

    def flat(self) -> IndexSpec:
        """Return a Flat specification with the same folder, for rows too few to train another kind of index on."""
        return IndexSpec("Flat", None, self.scratch)


def make_index(dim: int, factory: str, metric: int = faiss.METRIC_INNER_PRODUCT) -> Any:
    """Make an empty index of `dim` dimensions. Raises ValueError for a string that FAISS does not know."""
    try:
        return _faiss.index_factory(dim, factory, metric)
    except RuntimeError as error:
        reason = str(error).rsplit("Error: ", 1)[-1]
        raise ValueError(
            f"index {factory!r} cannot be made for {dim} dimensions ({reason}): expected a "
            "faiss.index_factory string such as 'Flat', 'SQ8' or 'IVF256,SQ8'"
        ) from None


def set_width(index: Any, parameters: str) -> None:
    """Set the search parameters of an index that is not in use yet. Raises ValueError if it does not have them."""
    try:
        _faiss.ParameterSpace().set_index_parameters(index, parameters)
    except RuntimeError as error:
        reason = str(error).rsplit("Error: ", 1)[-1]
        raise ValueError(f"search parameters {parameters!r} do not fit this kind of index ({reason})") from None


def inverted_file(index: Any) -> Any:
    """Return the inverted file that an index is, or has behind its transforms; None for other kinds of index."""
    return _find(index, _faiss.IndexIVF)


def graph(index: Any) -> Any:
    """Return the graph that an index is, or has behind its transforms; None for other kinds of index."""
    return _find(index, _faiss.IndexHNSW)


def _find(index: Any, kind: Any) -> Any:
    index = _faiss.downcast_index(index)
    if isinstance(index, _faiss.IndexPreTransform):
        return _find(index.index, kind)
    return index if isinstance(index, kind) else None
