"""Scan of all keys in half the bytes that misses none of the nearest.

Keys are held in memory rounded to bf16, for which recent processors have matrix products that are several times as
fast. The Cauchy-Schwarz inequality bounds the error of a rounded product. With p^ and u^ for the rounded p and u,

    |<u^, p^> - <u, p>| <= |u^ - u| max|p| + |u^| max|p^ - p|

plus the rounding of the product itself. A key whose product is below the n-th largest by more than twice that bound is
not among the n nearest. Exact products are computed for the few other keys only.

A few queries are as fast without rounding on some processors, since an exact scan only waits for memory. The products
of many queries are bound by arithmetic, which is faster in bf16 on more processors.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import cache

import numpy as np
import torch
from numpy.typing import NDArray

from app.core.arrays import Keys, Mask, Rows
from app.index.exact_scan import BLOCK, multiply
from app.index.mmap_prefetch import prefetch_rows

_LEAST = 2 * BLOCK  # keys: fewer save little time
_MAX_NEAREST = 2048  # with more, too few keys can be skipped

_QUERY_BATCH = 64  # bounds memory
_COUNTS = (2, 4, 8, 16)  # of queries, for which both products are compared
_TRIES = 5
_ROUNDING = 2.0**-9 + 2.0**-14  # share of |p||u|: rounding of a product to bf16, and its summation in float32


class QuantisedScan:
    """Rounded keys (N,Q), but for their last entry, which distinguishes them most. Safe to use from many threads."""

    def __init__(self, keys: Keys) -> None:
        exact = torch.from_numpy(keys)
        self._keys = keys
        # allocated by NumPy, which asks for huge pages
        self._rounded = torch.from_numpy(np.empty((len(keys), keys.shape[1] - 1), np.int16)).view(torch.bfloat16)
        self._last = exact[:, -1].clone()
        self._max_norm = self._max_error = 0.0
        for start in range(0, len(keys), BLOCK):
            part, rounded = exact[start : start + BLOCK, :-1], self._rounded[start : start + BLOCK]
            rounded.copy_(part)
            self._max_norm = max(self._max_norm, float(part.norm(dim=1).max()))
            self._max_error = max(self._max_error, float((part - rounded).norm(dim=1).max()))

    def is_suitable(self, count: int, n: int, allowed: Mask) -> bool:
        """Return whether this scan finds the n allowed keys nearest to `count` queries faster than an exact one."""
        least = _find_least_queries(self._rounded.shape[1])
        is_faster = least is not None and count >= least
        return is_faster and n <= _MAX_NEAREST and 2 * int(np.count_nonzero(allowed)) > len(allowed)

    def nearest(self, queries: Keys, n: int, allowed: Mask) -> tuple[Keys, Rows]:
        """Find the n allowed keys nearest to queries (B,Q): inner products (B,n) and rows (B,n).

        At least n keys are allowed.
        """
        batches = (queries[start : start + _QUERY_BATCH] for start in range(0, len(queries), _QUERY_BATCH))
        with torch.inference_mode():
            products, rows = zip(*(self._search_batch(batch, n, allowed) for batch in batches), strict=True)
        return np.concatenate(products), np.concatenate(rows)

    def _search_batch(self, queries: Keys, n: int, allowed: Mask) -> tuple[Keys, Rows]:
        owners, rows, products, margin = self._select_candidates(torch.from_numpy(queries), n, allowed)
        order = np.lexsort((-products, owners))
        nth = products[order[np.searchsorted(owners[order], np.arange(len(queries))) + n - 1]]
        is_near = products >= (nth - margin)[owners]
        owners, rows = owners[is_near], rows[is_near]
        prefetch_rows(self._keys, rows)  # the exact keys are mostly mapped from the index's file, and rarely in memory
        exact = np.einsum("pq,pq->p", self._keys[rows], queries[owners])
        order = np.lexsort((-exact, owners))
        first = np.searchsorted(owners[order], np.arange(len(queries)))
        best = order[first[:, None] + np.arange(n)]  # (B,n)
        return exact[best], rows[best]

    def _select_candidates(
        self, queries: torch.Tensor, n: int, allowed: Mask
    ) -> tuple[Rows, Rows, Keys, NDArray[np.float32]]:
        """Select the keys that may be among the nearest: query, row and rounded product (P,), and margins (B,)."""
        body, last = queries[:, :-1], queries[:, -1:]
        rounded = body.bfloat16()
        length = rounded.float().norm(dim=1)
        error = (body - rounded).norm(dim=1) * self._max_norm + length * self._max_error
        margin = 2 * (error + _ROUNDING * length * (self._max_norm + self._max_error))  # (B,)
        floor = torch.full((len(queries),), -torch.inf)
        candidates = []
        for start in range(0, len(self._keys), BLOCK):
            block = slice(start, start + BLOCK)
            products = (self._rounded[block] @ rounded.T).float().addcmul_(self._last[block, None], last.T)  # (m,B)
            if not allowed[block].all():
                products[torch.from_numpy(~allowed[block])] = -torch.inf
            if not floor.isfinite().all() and n <= len(products):
                floor = torch.maximum(floor, products.topk(n, 0).values[-1] - margin)
            places = np.flatnonzero((products > floor).numpy())  # several times as fast as torch's nonzero()
            rows, owners = np.divmod(places, len(queries))
            candidates.append((owners, rows + start, products.numpy().ravel()[places]))
        owners, rows, near = map(np.concatenate, zip(*candidates, strict=True))
        return owners, rows, near, margin.numpy()


def quantise(keys: Keys) -> QuantisedScan | None:
    """Round keys (N,Q), or return None if that saves no time on this machine."""
    is_worth_it = len(keys) >= _LEAST and _find_least_queries(keys.shape[1] - 1) is not None
    return QuantisedScan(keys) if is_worth_it else None


@cache
def _find_least_queries(dim: int) -> int | None:
    """Return the number of queries from which this machine multiplies rounded keys faster, None if it never does.

    It is measured once, for a few numbers.
    """
    keys = torch.ones(BLOCK, dim)
    rounded = keys.bfloat16()
    for count in _COUNTS:
        if _time(torch.mm, rounded, rounded[:count].T) < _time(multiply, keys[:count], keys):
            return count
    return None


def _time(product: Callable[[torch.Tensor, torch.Tensor], object], left: torch.Tensor, right: torch.Tensor) -> float:
    """Return the shortest time, in seconds, of several products."""
    seconds = []
    for _ in range(_TRIES):
        started = time.perf_counter()
        product(left, right)
        seconds.append(time.perf_counter() - started)
    return min(seconds)
