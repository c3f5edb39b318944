"""Search of a Flat index by FAISS on the GPU, as the server does it, and its results against FAISS's on the CPU.

Imported late, since it needs FAISS and NumPy, which the other parts do not.
"""

from __future__ import annotations

from typing import Any

import faiss
import torch
from torch import Tensor

from app.index.gpu import Gpu, gpu_for
from benchmarks.gpu.part import Part, Sizes, run_on
from benchmarks.gpu.re_rank import draw_candidates
from benchmarks.support.timing import median_seconds
from model.network.distances import Distance

_NEAREST = 100  # the server's candidates
_CLOSE = 1e-5  # largest difference of a product, relative to the largest
_faiss: Any = faiss  # its annotations come from C++ and are wrong


def measure_index(distance: Distance, embeddings: Tensor, device: torch.device, sizes: Sizes) -> Part:
    """Measure searches for sketches of embeddings (B,D) among photos around all of them, if FAISS has a GPU."""
    gpu = gpu_for(device.type)
    if gpu is None:
        return Part.skipped("FAISS has no GPU here")
    return compare_devices(gpu, distance, embeddings, device, sizes)


def compare_devices(gpu: Gpu, distance: Distance, embeddings: Tensor, device: torch.device, sizes: Sizes) -> Part:
    """Measure and compare searches by both devices. They are skipped if FAISS cannot copy the index."""
    keys = distance.key(draw_candidates(embeddings, sizes.photos))
    queries = distance.query(embeddings[: sizes.sketches])
    index = _faiss.IndexFlatIP(keys.shape[1])
    index.add(keys.numpy())
    searched = queries.numpy()
    found = gpu.search(index, searched, _NEAREST)
    if found is None:
        return Part.skipped("FAISS's GPU failed, as the warning above says")
    on_device = keys.to(device)
    target = torch.empty_like(on_device)
    sides = {
        "copy": run_on(device, lambda: target.copy_(on_device)),
        "gpu": run_on(device, lambda: gpu.search(index, searched, _NEAREST)),
        "cpu": run_on(device, lambda: index.search(searched, _NEAREST)),
    }
    seconds = median_seconds(sides, sizes.runs)
    products, expected = (
        torch.einsum("bnq,bq->bn", keys[torch.from_numpy(rows)].double(), queries.double())
        for rows in (found[1], index.search(searched, _NEAREST)[1])
    )
    away = float((products - expected).abs().max() / expected.abs().max())
    figures = {
        "sketches at once": len(queries),
        "photos": len(keys),
        "search, of the time of its bytes at the copy's rate": round(seconds["gpu"] / (seconds["copy"] / 2), 2),
        "search, of FAISS's time on the CPU": round(seconds["gpu"] / seconds["cpu"], 4),
        "largest difference of a product from the CPU's, of the largest": away,
    }
    return Part(figures, away <= _CLOSE)
