"""The two forms in which FAISS searches by a distance: as an inner product, which every one has, or as Euclidean.

Where a distance's terms in p alone are sum_j c_j p_j^2 with every c_j positive, completing the square gives

    <query(s), key(p)> = |t|^2 - |t - sqrt(c) p|^2        t_j = u_j / (2 sqrt(c_j)), u: the query without its last entry

so ranking by inner product is ranking by Euclidean distance in one dimension less. Of going through all, nothing gets
faster by that. But what is near then also lies together, which is what inverted files and graphs need to leave most
out, and FAISS is fastest at dimensions that are multiples of 16.
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
    """Keys and queries as the distance has them, D+1 dimensions."""

    metric: int = faiss.METRIC_INNER_PRODUCT

    def __init__(self, distance: Distance) -> None:
        self._distance = distance
        self.dim = distance.search_dim

    def encode_keys(self, embeddings: Embeddings) -> Embeddings:
        """(N,D) embeddings of photos -> what an index holds of them."""
        return keys_of(self._distance, embeddings)

    def encode_queries(self, queries: Embeddings) -> Embeddings:
        """(B,D+1) queries -> what is looked up."""
        return queries

    def inner_products(self, queries: Embeddings, found: Embeddings) -> Embeddings:
        """Inner products (B,n) from what FAISS found for queries (B,D+1)."""
        return found


class Euclidean:
    """The same as Euclidean distances of D dimensions, for a distance with positive squares (D,)."""

    metric: int = faiss.METRIC_L2

    def __init__(self, distance: Distance, squares: torch.Tensor) -> None:
        self._scale = squares.detach().sqrt().float().numpy()
        self.dim = distance.dim

    def encode_keys(self, embeddings: Embeddings) -> Embeddings:
        """(N,D) -> (N,D)"""
        return np.asarray(embeddings * self._scale, np.float32)

    def encode_queries(self, queries: Embeddings) -> Embeddings:
        """(B,D+1) -> (B,D)"""
        return np.asarray(queries[:, :-1] / (2 * self._scale), np.float32)

    def inner_products(self, queries: Embeddings, found: Embeddings) -> Embeddings:
        """As InnerProduct's; what was not found is infinitely far."""
        return np.asarray(np.square(self.encode_queries(queries)).sum(1, keepdims=True) - found, np.float32)


Form = InnerProduct | Euclidean


def form_for(distance: Distance, factory: str) -> Form:
    """The form for a kind of index: Flat is exact and as fast either way, all others leave something out.

    Raises ValueError, as make_index() does, when that kind can be made in neither form.
    """
    squares = distance.squares()
    if factory != "Flat" and squares is not None and bool((squares > 0).all()):
        form = Euclidean(distance, squares)
        with suppress(ValueError):  # such as PQ whose number of parts divides D+1 alone
            make_index(form.dim, factory, form.metric)
            return form
    plain = InnerProduct(distance)
    make_index(plain.dim, factory, plain.metric)
    return plain


def form_of(distance: Distance, index: Any) -> Form:
    """The form by which an index was made."""
    squares = distance.squares()
    if index.metric_type == faiss.METRIC_L2 and squares is not None:
        return Euclidean(distance, squares)
    return InnerProduct(distance)


def keys_of(distance: Distance, embeddings: Embeddings) -> Embeddings:
    """Embeddings (N,D) of photos -> keys (N,Q) of the distance's search form."""
    with torch.inference_mode():
        return distance.key(torch.from_numpy(np.array(embeddings, np.float32))).numpy()
