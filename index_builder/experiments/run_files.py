"""Files of finished runs: one JSON file with the run's identity and the rank of every search."""

from __future__ import annotations

import json
import os
import platform
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from app.core.atomic_files import write_atomically
from index_builder.datasets.pairs import PairFolder
from index_builder.evaluation.evaluate import Evaluation
from index_builder.evaluation.protocols import GalleryFrom
from index_builder.experiments.errors import ExperimentError
from index_builder.training.config.run_identity import Identity, difference


@dataclass(frozen=True)
class Searches:
    """All searches in one folder: ranks (Q,) int64 of the true photos, from 1, and their ids (Q,)."""

    ranks: NDArray[np.int64]
    photos: NDArray[np.str_]

    def acc_at_k(self, k: int) -> float:
        """Return acc@k in percent."""
        return 100 * float((self.ranks <= k).mean())


@dataclass(frozen=True)
class Run:
    """A finished run: its searches by folder, and a description of its machine."""

    searches: dict[str, Searches]
    machine: str


def describe(folders: Sequence[PairFolder]) -> dict[str, str]:
    """Describe the data by the folders' names: numbers of photos and sketches, and checksums."""
    return {folder.name: _describe_folder(folder) for folder in folders}


def write_run(path: Path, identity: Identity, machine: str, measured: Mapping[str, Evaluation]) -> Run:
    """Write a run's file atomically and return the run as read_run() does."""
    folders = {
        name: {
            **evaluation.as_json(),
            "searches": [[query.sketch.name, query.truth, query.rank] for query in evaluation.queries],
        }
        for name, evaluation in measured.items()
    }
    path.parent.mkdir(parents=True, exist_ok=True)
    content = {"identity": identity, "machine": machine, "folders": folders}
    text = json.dumps(content, ensure_ascii=False)
    write_atomically(path, lambda partial: partial.write_text(text, encoding="utf-8"))
    return _parse_run(content)


def read_run(path: Path, identity: Identity) -> Run | None:
    """Read a saved run; None if there is none.

    Raises ExperimentError when it has another identity, or is damaged.
    """
    if not path.exists():
        return None
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        run, actual = _parse_run(content), dict(content["identity"])
    except (ValueError, KeyError, TypeError) as error:
        raise ExperimentError(f"{path} is damaged ({type(error).__name__}): remove it to do the run again") from None
    if differs := difference(actual, identity):
        raise ExperimentError(
            f"{path} is of another recipe or data: {differs}; choose another --out, or remove the file to do the run "
            "again"
        )
    return run


def gallery_from(folder: PairFolder) -> GalleryFrom:
    """Choose the protocol: the published edge maps if all held-out photos have one, else the photos.

    Raises ExperimentError when no held-out photo has a sketch, or when only some have a photo and only some an edge
    map.
    """
    held_out = folder.held_out().pairs
    if not any(pair.sketches for pair in held_out):
        raise ExperimentError(f"{folder.name} has no sketches of held-out photos, expected some to measure with")
    if all(pair.edge_map for pair in held_out):
        return GalleryFrom.edge_maps
    if all(pair.photo for pair in held_out):
        return GalleryFrom.photos
    raise ExperimentError(f"{folder.name} has photos and edge maps of different ids, expected all of one kind")


def machine(device: str) -> str:
    """Describe this machine."""
    if device == "cuda":
        return torch.cuda.get_device_name()
    return f"CPU with {os.cpu_count()} cores, {platform.machine()}"


def _parse_run(content: dict[str, Any]) -> Run:
    """Build a run from a file's content."""
    searches = {}
    for name, figures in content["folders"].items():
        _, photos, ranks = zip(*figures["searches"], strict=True)
        searches[name] = Searches(np.array(ranks, np.int64), np.array(photos))
    return Run(searches, str(content["machine"]))


def _describe_folder(folder: PairFolder) -> str:
    """Return counts, a checksum of names and triplets, and one of the pictures' bytes and the strokes."""
    listed, content = [repr(folder.triplets)], 0
    for pair in folder.pairs:
        drawn = (pair.sketches, pair.more_sketches)
        names = [[sketch.name for sketch in sketches] for sketches in drawn]
        listed.append(f"{pair.photo_id} {pair.photo is not None} {pair.edge_map is not None} {names}")
        pictures = (pair.photo, pair.edge_map, *(sketch.picture for sketches in drawn for sketch in sketches))
        for picture in filter(None, pictures):
            content = zlib.crc32(picture.content(), content)
        content = zlib.crc32(json.dumps([sketch.strokes for sketch in pair.sketches]).encode(), content)
    sketches = sum(len(pair.sketches) for pair in folder.pairs)
    named = zlib.crc32("\n".join(listed).encode())
    return f"{len(folder.pairs)} photos, {sketches} sketches, named {named:08x}, pictures {content:08x}"
