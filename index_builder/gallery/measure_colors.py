"""Measurement of the colours of photos that a gallery has from before colours were measured."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import cv2
import numpy as np
from rich.progress import Progress

from app.catalogue.catalogue import Catalogue
from app.colours.measure import measure_colors
from app.colours.shares import ColorShare
from app.core.cpu_limits import available_cpus
from app.gallery.photo_store import PhotoStore
from index_builder.gallery.photo_colors import count_unmeasured, record_colors, unmeasured_photos

_BATCH = 64  # photos measured and written in one transaction


def measure_missing_colors(catalogue: Catalogue, store: PhotoStore, progress: Progress | None = None) -> int:
    """Measure and record the colours of all stored photos that lack them. Returns the number of measured photos.

    Servers and writers may run meanwhile, and an interrupted run resumes. Photos that cannot be read are left out.
    """
    total = count_unmeasured(catalogue)
    task = progress.add_task("Measuring colours", total=total) if progress and total else None
    count, last = 0, ""
    with ThreadPoolExecutor(available_cpus(), "measure") as pool:
        while names := unmeasured_photos(catalogue, last, _BATCH):
            measured = zip(names, pool.map(lambda name: _measure(store, name), names), strict=True)
            colors = {name: of_photo for name, of_photo in measured if of_photo is not None}
            record_colors(catalogue, colors)
            count, last = count + len(colors), names[-1]
            if progress is not None and task is not None:
                progress.update(task, completed=count)
    return count


def _measure(store: PhotoStore, name: str) -> tuple[ColorShare, ...] | None:
    """Measure a stored photo, or return None if it cannot be read."""
    try:
        return measure_colors(np.asarray(store.open(name).convert("RGB")))
    except (cv2.error, OSError, ValueError):
        return None  # `sketchfind verify` reports it
