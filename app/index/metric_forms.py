"""Forms in which FAISS searches by a distance: the inner product, which every distance has, or Euclidean.

If a distance's terms in p alone are sum_j c_j p_j^2 with every c_j positive, completing the square gives

    <query(s), key(p)> = |t|^2 - |t - sqrt(c) p|^2        t_j = u_j / (2 sqrt(c_j)), u: the query without its last entry

so ranking by inner product is ranking by Euclidean distance in one dimension less. An exact scan gets no faster by
that. But in Euclidean space near keys also lie close together, which inverted files and graphs need in order to skip
most keys. FAISS is also fastest at dimensions that are multiples of 16.
"""

from __future__ import annotations

from contextlib import suppress
from typing import Any

import faiss
import numpy as np
import torch

from app.core.arrays import Embeddings
from app.index.index_spec import make_index
from model.network.distances import Distance


class InnerProduct:
    """Form with the keys and queries of the distance itself, D+1 dimensions."""

    metric: int = faiss.METRIC_INNER_PRODUCT

    def __init__(self, distance: Distance) -> None:
        self._distance = distance
        self.dim = distance.search_dim

    def encode_keys(self, embeddings: Embeddings) -> Embeddings:
        """Encode embeddings (N,D) of photos as keys (N,D+1) of the index."""
        return keys_of(self._distance, embeddings)

    def encode_queries(self, queries: Embeddings) -> Embeddings:
        """Return queries (B,D+1) as the index looks them up: unchanged."""
        return queries

    def inner_products(self, queries: Embeddings, scores: Embeddings) -> Embeddings:
        """Return inner products (B,n) from the scores (B,n) of FAISS for queries (B,D+1)."""
        return scores


class Euclidean:
    """Form with Euclidean distances of D dimensions, for a distance with positive squares (D,)."""

    metric: int = faiss.METRIC_L2

    def __init__(self, distance: Distance, squares: torch.Tensor) -> None:
        self._scale = squares.detach().sqrt().float().numpy()
        self.dim = distance.dim

    def encode_keys(self, embeddings: Embeddings) -> Embeddings:
        """Encode embeddings (N,D) of photos as keys (N,D) of the index."""
        return np.asarray(embeddings * self._scale, np.float32)

    def encode_queries(self, queries: Embeddings) -> Embeddings:
        """Encode queries (B,D+1) as vectors (B,D) that the index looks up."""
        return np.asarray(queries[:, :-1] / (2 * self._scale), np.float32)

    def inner_products(self, queries: Embeddings, scores: Embeddings) -> Embeddings:
        """Compute inner products (B,n) from squared distances (B,n), -inf for the infinite ones of missing rows."""
        return np.asarray(np.square(self.encode_queries(queries)).sum(1, keepdims=True) - scores, np.float32)


MetricForm = InnerProduct | Euclidean


def form_for(distance: Distance, factory: str) -> MetricForm:
    """Choose the form for a kind of index: Euclidean where possible, except for Flat, which is as fast in both.

    Raises ValueError, as make_index() does, if neither form supports that kind.
    """
    squares = distance.squares()
    if factory != "Flat" and squares is not None and bool((squares > 0).all()):
        form = Euclidean(distance, squares)
        with suppress(ValueError):  # such as PQ with a number of parts that divides D+1 but not D
            make_index(form.dim, factory, form.metric)
            return form
    plain = InnerProduct(distance)
    make_index(plain.dim, factory, plain.metric)
    return plain


def form_of(distance: Distance, index: Any) -> MetricForm:
    """Return the form with which an index was made."""
    squares = distance.squares()
    if index.metric_type == faiss.METRIC_L2 and squares is not None:
        return Euclidean(distance, squares)
    return InnerProduct(distance)


def keys_of(distance: Distance, embeddings: Embeddings) -> Embeddings:
    """Encode embeddings (N,D) of photos as keys (N,Q) of the distance's search form."""
    with torch.inference_mode():
        return distance.key(torch.from_numpy(np.array(embeddings, np.float32))).numpy()
