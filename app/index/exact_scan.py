"""Exact scan of all keys by torch's matrix product, a block of keys at a time.

FAISS computes the same from a Flat index, but query by query, so it reads all keys for each query. Here the queries of
a batch read them once. benchmarks/search/exact_scan.py compares both.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import faiss
import numpy as np
import torch

from app.core.arrays import Keys, Mask, Rows

Block = tuple[Keys, Rows, Mask | None]
"""Keys (m,Q), their rows (m,) and the mask (m,) of the allowed ones, None for all."""

BLOCK = 16_384  # keys whose inner products are held at a time
_FEW = 8  # queries: more take no less time on the right side of a product

_faiss: Any = faiss  # its annotations come from C++ and are wrong


def read_flat_keys(index: Any) -> Keys | None:
    """Return the keys (N,Q) of a Flat index by inner product, in its own memory; None for other kinds of index."""
    index = _faiss.downcast_index(index)
    if not isinstance(index, _faiss.IndexFlat) or index.metric_type != faiss.METRIC_INNER_PRODUCT:
        return None
    keys: Keys = _faiss.rev_swig_ptr(index.get_xb(), index.ntotal * index.d).reshape(index.ntotal, index.d)
    return keys


def split_blocks(keys: Keys, allowed: Mask) -> Iterator[Block]:
    """Yield the allowed (N,) keys (N,Q) in blocks. A block is copied only if at most half of it is allowed."""
    for start in range(0, len(keys), BLOCK):
        part, mask = keys[start : start + BLOCK], allowed[start : start + BLOCK]
        rows = np.arange(start, start + len(part))
        count = np.count_nonzero(mask)
        if count == len(part):
            yield part, rows, None
        elif 2 * count > len(part):
            yield part, rows, mask
        elif count:
            yield part[mask], rows[mask], None


def nearest(queries: Keys, n: int, blocks: Iterable[Block]) -> tuple[Keys, Rows]:
    """Find the n keys nearest to queries (B,Q): inner products (B,n) and rows (B,n). At least n keys are allowed."""
    searched = torch.from_numpy(queries)
    best = torch.empty(len(queries), 0)
    best_rows = torch.empty(len(queries), 0, dtype=torch.int64)
    with torch.inference_mode():
        for keys, rows, allowed in blocks:
            products = multiply(searched, torch.from_numpy(keys))  # (B,m)
            if allowed is not None:
                products[:, torch.from_numpy(~allowed)] = -torch.inf
            block_best, places = products.topk(min(n, len(rows)))
            joined = torch.cat([best, block_best], 1)
            best, order = joined.topk(min(n, joined.shape[1]))
            best_rows = torch.cat([best_rows, torch.from_numpy(rows)[places]], 1).gather(1, order)
    return best.numpy(), best_rows.numpy()


def multiply(queries: torch.Tensor, keys: torch.Tensor) -> torch.Tensor:
    """Compute the inner products (B,m) of queries (B,Q) and keys (m,Q).

    MKL's time depends on the side: a few queries on the right read the keys once, on the left several times. A single
    query takes longer than two.
    """
    if len(queries) > _FEW:
        return queries @ keys.T
    padded = queries.repeat(2, 1) if len(queries) == 1 else queries
    return (keys @ padded.T).T[: len(queries)]
