"""Going through all keys, exactly, by torch's matrix product, a block of them at a time.

FAISS computes the same from a Flat index, but one query after the other, so that it reads all keys for each:
benchmarks/search/exact_scan.py has both. Here those who search together read them once.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import faiss
import numpy as np
import torch

from app.core.arrays import Keys, Mask, Rows

Block = tuple[Keys, Rows, Mask | None]
"""Keys (m,Q), their rows (m,), and which of them count (m,); None for all."""

BLOCK = 16_384  # keys whose products are held at a time

_faiss: Any = faiss  # its annotations, where there are any, are those of C++ and do not hold


def keys_in(index: Any) -> Keys | None:
    """(N,Q) the keys of a Flat index by inner product, in the index's own memory; None of other kinds of index."""
    index = _faiss.downcast_index(index)
    if not isinstance(index, _faiss.IndexFlat) or index.metric_type != faiss.METRIC_INNER_PRODUCT:
        return None
    keys: Keys = _faiss.rev_swig_ptr(index.get_xb(), index.ntotal * index.d).reshape(index.ntotal, index.d)
    return keys


def blocks_of(keys: Keys, allowed: Mask) -> Iterator[Block]:
    """The allowed (N,) of keys (N,Q). What is not is only copied out where that is more than half of a block."""
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
    """Inner products (B,n) and rows (B,n) of the n keys nearest to queries (B,Q), of which there are that many."""
    sought = torch.from_numpy(queries)
    best = torch.empty(len(queries), 0)
    best_rows = torch.empty(len(queries), 0, dtype=torch.int64)
    with torch.inference_mode():
        for keys, rows, allowed in blocks:
            products = sought @ torch.from_numpy(keys).T  # (B,m)
            if allowed is not None:
                products[:, torch.from_numpy(~allowed)] = -torch.inf
            found, places = products.topk(min(n, len(rows)))
            joined = torch.cat([best, found], 1)
            best, order = joined.topk(min(n, joined.shape[1]))
            best_rows = torch.cat([best_rows, torch.from_numpy(rows)[places]], 1).gather(1, order)
    return best.numpy(), best_rows.numpy()
