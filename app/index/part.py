"""Part of a snapshot: rows that are indexed together, with a mask of the live ones; merging and joining of parts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

import numpy as np

from app.core.arrays import Mask, Rows
from app.index.index_spec import IndexSpec
from app.index.scratch_array import allocate_array
from app.index.segment import Segment, batches


@dataclass(frozen=True)
class Part:
    """Segment in one snapshot; `live` (N,) masks the rows that have not been replaced or deleted since.

    All rows of a product are in the same part, and either all or none of them are live. If photos are embedded both
    ways round, `mirror` has the same rows for their mirror images.
    """

    segment: Segment
    live: Mask
    mirror: Segment | None = None

    @staticmethod
    def whole(segment: Segment, mirror: Segment | None = None) -> Part:
        """Make a part of segments whose rows are all live."""
        return Part(segment, np.ones(len(segment), bool), mirror)

    def mirrored(self) -> Part:
        """Return the part of the mirror images alone. Raises ValueError if they are not embedded."""
        if self.mirror is None:
            raise ValueError("the photos are embedded one way round: expected both")
        return Part(self.mirror, self.live)

    @property
    def segments(self) -> list[Segment]:
        """The segment, and that of the mirror images if they are embedded."""
        return [self.segment] if self.mirror is None else [self.segment, self.mirror]

    @cached_property
    def size(self) -> int:
        """Number of live rows."""
        return int(self.live.sum())

    @cached_property
    def products(self) -> int:
        """Number of products that have live rows."""
        revisions = self.segment.revisions[self.live]  # ascending
        return int(np.count_nonzero(np.diff(revisions))) + bool(revisions.size)

    def without(self, revisions: Rows) -> Part:
        """Return this part with the rows of these revisions dead too."""
        rows = self.segment.rows_of(revisions)
        if not rows.size:
            return self
        live = self.live.copy()
        live[rows] = False
        return replace(self, live=live)

    def make_ready(self) -> None:
        """Quantise the keys now, so that the first search does not wait for it."""
        for segment in self.segments:
            segment.make_ready()

    def allowed(self, revisions: Rows | None) -> Mask:
        """Return the mask (N,) of the live rows, or of those of them with one of these revisions."""
        if revisions is None:
            return self.live
        named = np.zeros(len(self.segment), bool)
        named[self.segment.rows_of(revisions)] = True
        return named & self.live


def merge(parts: Sequence[Part], spec: IndexSpec) -> Part:
    """Merge the live rows of at least one part, oldest first, into one indexed part."""
    joined = join(parts, spec.scratch).segments
    return Part.whole(*(Segment.build(side.distance, side.embeddings, side.revisions, spec) for side in joined))


def join(parts: Sequence[Part], scratch: Path | None) -> Part:
    """Join the live rows of at least one part into one part without an index.

    A large array of embeddings lies in a file in `scratch`.
    """
    revisions = np.concatenate([part.segment.revisions[part.live] for part in parts])
    lives = [part.live for part in parts]
    sides = zip(*(part.segments for part in parts), strict=True)
    return Part.whole(*(_join_segments(segments, lives, revisions, scratch) for segments in sides))


def _join_segments(
    segments: Sequence[Segment], lives: Sequence[Mask], revisions: Rows, scratch: Path | None
) -> Segment:
    """Join the live rows of segments, which have these revisions (N,), into one segment without an index."""
    distance = segments[0].distance
    embeddings = allocate_array((len(revisions), distance.dim), scratch)
    start = 0
    for segment, live in zip(segments, lives, strict=True):
        for rows in batches(np.flatnonzero(live)):
            embeddings[start : start + len(rows)] = segment.embeddings[rows]
            start += len(rows)
    return Segment(embeddings, revisions, None, distance)


def newer_rows(parts: Sequence[Part], revision: int, scratch: Path | None) -> Part | None:
    """Join the live rows of changes after `revision` into one part without an index; None without such rows."""
    chosen = [replace(part, live=part.live & (part.segment.revisions > revision)) for part in parts]
    chosen = [part for part in chosen if part.size]
    return join(chosen, scratch) if chosen else None


def add(parts: Sequence[Part], new: Part, spec: IndexSpec) -> list[Part]:
    """Add newer rows to parts; only the oldest part is indexed by `spec`, the others are Flat.

    Sizes more than halve from part to part, so the parts are few and a row is seldom copied.
    """
    older = [part for part in parts if part.size]
    newer = [new] if new.size else []
    while older and newer and older[-1].size <= 2 * sum(part.size for part in newer):
        newer.insert(0, older.pop())
    if newer:
        return [*older, merge(newer, spec.flat() if older else spec)]
    if not older:
        return [merge([new], spec)]  # an empty part, since a snapshot needs at least one
    specs = [spec, *[spec.flat()] * (len(older) - 1)]
    pairs = zip(older, specs, strict=True)
    return [part if 2 * part.size > len(part.live) else merge([part], own_spec) for part, own_spec in pairs]
