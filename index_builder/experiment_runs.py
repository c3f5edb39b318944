"""What an experiment keeps of a finished run: one JSON file that says which run it was and how every search ended."""

from __future__ import annotations

import json
import os
import platform
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from index_builder.evaluate import Evaluation, GalleryFrom
from index_builder.pairs import PairFolder
from index_builder.presets import Preset

Identity = dict[str, Any]  # of JSON values only


class ExperimentError(ValueError):
    """The experiment cannot be run as asked, or kept figures do not belong to it."""


@dataclass(frozen=True)
class Searches:
    """All searches in one folder: the rank of each sketch's true photo (Q,) int64, from 1, and that photo's id (Q,)."""

    ranks: NDArray[np.int64]
    photos: NDArray[np.str_]

    def acc_at_k(self, k: int) -> float:
        """In percent."""
        return 100 * float((self.ranks <= k).mean())


@dataclass(frozen=True)
class Run:
    """A finished run: its searches by folder, and the machine that it ran on, in words."""

    searches: dict[str, Searches]
    machine: str


def identify(preset: Preset, seed: int, folders: Sequence[PairFolder], start: str | None) -> Identity:
    """All that a run's figures depend on; `start` is the SHA-256 of the checkpoint that it starts from."""
    recipe = asdict(preset)
    del recipe["summary"]
    data = {folder.name: _fingerprint(folder) for folder in folders}
    identity: Identity = json.loads(json.dumps({"seed": seed, "start_from": start, "data": data, **recipe}))
    return identity


def write_run(path: Path, identity: Identity, machine: str, measured: Mapping[str, Evaluation]) -> Run:
    """Write a run's file atomically and return the run as read_run() would."""
    folders = {
        name: {
            **evaluation.as_json(),
            "searches": [[query.sketch.name, query.truth, query.rank] for query in evaluation.queries],
        }
        for name, evaluation in measured.items()
    }
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_suffix(".partial")
    content = {"identity": identity, "machine": machine, "folders": folders}
    partial.write_text(json.dumps(content, ensure_ascii=False), encoding="utf-8")
    os.replace(partial, path)
    return _run(content)


def read_run(path: Path, identity: Identity) -> Run | None:
    """The kept run, or None if there is none. Raises ExperimentError when it is another's, or damaged."""
    if not path.exists():
        return None
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        run, found = _run(content), dict(content["identity"])
    except (ValueError, KeyError, TypeError) as error:
        raise ExperimentError(f"{path} is damaged ({type(error).__name__}): remove it to do the run again") from None
    for name in {**identity, **found}:
        if found.get(name) != identity.get(name):
            raise ExperimentError(
                f"{path} is of another recipe or data: its {name} is {found.get(name)!r}, expected "
                f"{identity.get(name)!r}; choose another --out, or remove what is there to do it again"
            )
    return run


def gallery_from(folder: PairFolder) -> GalleryFrom:
    """The paper's protocol, the published edge maps, where all held-out photos have one, else the photos.

    Raises ExperimentError when nobody sketched a held-out photo, or some have only a photo and some only an edge map.
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
    """The kind of machine that this is, in words."""
    if device == "cuda":
        return torch.cuda.get_device_name()
    return f"CPU with {os.cpu_count()} cores, {platform.machine()}"


def _run(content: dict[str, Any]) -> Run:
    searches = {}
    for name, figures in content["folders"].items():
        _, photos, ranks = zip(*figures["searches"], strict=True)
        searches[name] = Searches(np.array(ranks, np.int64), np.array(photos))
    return Run(searches, str(content["machine"]))


def _fingerprint(folder: PairFolder) -> str:
    """How many photos and sketches there are, and a checksum of their names and of what is published of each photo."""
    listed = [
        f"{pair.photo_id} {pair.photo is not None} {pair.edge_map is not None} {[s.name for s in pair.sketches]}"
        for pair in folder.pairs
    ]
    sketches = sum(len(pair.sketches) for pair in folder.pairs)
    return f"{len(folder.pairs)} photos, {sketches} sketches, {zlib.crc32(chr(10).join(listed).encode()):08x}"
