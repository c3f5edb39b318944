"""Going through all keys in half the bytes, without missing any that is among the nearest.

Keys are held in memory rounded to bf16, for which recent processors have products of matrices that are several times as
fast. How far a rounded product can be off is known for certain, by Cauchy and Schwarz: with p^ and u^ for what p and u
are rounded to,

    |<u^, p^> - <u, p>| <= |u^ - u| max|p| + |u^| max|p^ - p|

and what rounding the product itself adds. So whatever is farther below the n-th largest than twice that is not among
the n nearest, and only of the few others are the products taken as they are.
"""

from __future__ import annotations

import time
from functools import cache

import numpy as np
import torch
from numpy.typing import NDArray

from app.core.arrays import Keys, Mask, Rows
from app.index.exact_scan import BLOCK
from app.index.mmap_prefetch import prefetch_rows

_LEAST = 2 * BLOCK  # keys: with fewer there is little to save
_MOST = 2048  # nearest that are looked for: with more, too little is left out

_TOGETHER = 64  # queries: bounds memory
_TRIES = 5
_ROUNDED = 2.0**-9 + 2.0**-14  # of |p||u|: rounding a product to bf16, and adding it up in float32


class QuantisedScan:
    """Keys (N,Q) rounded: all but the last entry, which is most of what tells them apart. Safe to use from threads."""

    def __init__(self, keys: Keys) -> None:
        exact = torch.from_numpy(keys)
        self._keys = keys
        # memory of NumPy's, which asks for huge pages
        self._rounded = torch.from_numpy(np.empty((len(keys), keys.shape[1] - 1), np.int16)).view(torch.bfloat16)
        self._last = exact[:, -1].clone()
        self._longest = self._off = 0.0
        for start in range(0, len(keys), BLOCK):
            part, rounded = exact[start : start + BLOCK, :-1], self._rounded[start : start + BLOCK]
            rounded.copy_(part)
            self._longest = max(self._longest, float(part.norm(dim=1).max()))
            self._off = max(self._off, float((part - rounded).norm(dim=1).max()))

    def is_for(self, n: int, allowed: Mask) -> bool:
        """Whether the n nearest allowed keys are found faster by this."""
        return n <= _MOST and 2 * int(np.count_nonzero(allowed)) > len(allowed)

    def nearest(self, queries: Keys, n: int, allowed: Mask) -> tuple[Keys, Rows]:
        """Inner products (B,n) and rows (B,n) of the n allowed keys nearest to queries (B,Q), of which there are n."""
        some = (queries[start : start + _TOGETHER] for start in range(0, len(queries), _TOGETHER))
        with torch.inference_mode():
            products, rows = zip(*(self._nearest(each, n, allowed) for each in some), strict=True)
        return np.concatenate(products), np.concatenate(rows)

    def _nearest(self, queries: Keys, n: int, allowed: Mask) -> tuple[Keys, Rows]:
        of, rows, products, margin = self._near(torch.from_numpy(queries), n, allowed)
        order = np.lexsort((-products, of))
        nth = products[order[np.searchsorted(of[order], np.arange(len(queries))) + n - 1]]
        kept = products >= (nth - margin)[of]
        of, rows = of[kept], rows[kept]
        prefetch_rows(self._keys, rows)  # which are mostly mapped from the index's file, and not gone through any more
        exact = np.einsum("pq,pq->p", self._keys[rows], queries[of])
        order = np.lexsort((-exact, of))
        first = np.searchsorted(of[order], np.arange(len(queries)))
        best = order[first[:, None] + np.arange(n)]  # (B,n)
        return exact[best], rows[best]

    def _near(self, queries: torch.Tensor, n: int, allowed: Mask) -> tuple[Rows, Rows, Keys, NDArray[np.float32]]:
        """Which query, row and rounded product (P,) of all that may be among the nearest; margins (B,), see above."""
        sought, last = queries[:, :-1], queries[:, -1:]
        rounded = sought.bfloat16()
        length = rounded.float().norm(dim=1)
        far = (sought - rounded).norm(dim=1) * self._longest + length * self._off
        margin = 2 * (far + _ROUNDED * length * (self._longest + self._off))  # (B,)
        floor = torch.full((len(queries),), -torch.inf)
        found = []
        for start in range(0, len(self._keys), BLOCK):
            block = slice(start, start + BLOCK)
            products = (self._rounded[block] @ rounded.T).T.float() + last * self._last[block]  # (B,m)
            if not allowed[block].all():
                products[:, torch.from_numpy(~allowed[block])] = -torch.inf
            if not floor.isfinite().all() and n <= products.shape[1]:
                floor = torch.maximum(floor, products.topk(n).values[:, -1] - margin)
            of, places = (products > floor[:, None]).nonzero(as_tuple=True)
            found.append((of, places + start, products[of, places]))
        of, rows, products = map(torch.cat, zip(*found, strict=True))
        return of.numpy(), rows.numpy(), products.numpy(), margin.numpy()


def quantise(keys: Keys) -> QuantisedScan | None:
    """Keys (N,Q) rounded, where that saves time on this machine."""
    return QuantisedScan(keys) if len(keys) >= _LEAST and _is_faster(keys.shape[1] - 1) else None


@cache
def _is_faster(dim: int) -> bool:
    """Whether this machine multiplies matrices of such keys faster when they are rounded: tried out once."""
    exact = torch.ones(BLOCK, dim)
    spent = []
    for keys in (exact, exact.bfloat16()):
        queries = keys[:2]
        spent.append(min(_seconds(keys, queries) for _ in range(_TRIES)))
    return spent[1] < spent[0]


def _seconds(keys: torch.Tensor, queries: torch.Tensor) -> float:
    started = time.perf_counter()
    keys @ queries.T
    return time.perf_counter() - started
