"""Skeleton paths: one-pixel lines are walked from fork to fork, then joined across forks like drawn lines."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from itertools import combinations, pairwise

import numpy as np
from numpy.typing import NDArray

from model.preprocessing.frames import Mask

Path = NDArray[np.float64]
"""(n,2): x, y along a line, in its order; a dot has one point."""

_Graph = dict[int, list[int]]  # pixel (y * width + x) -> its neighbours on a line
_Walk = list[int]  # pixels from one fork or end to the next, both included
_End = tuple[int, bool]  # a walk's number; True for its last pixel, False for its first
_SHARPEST = 0.5  # cosine: lines that turn by more than 60 degrees at a fork do not continue each other
_TANGLE = 24  # ends: where more of them meet, no lines are joined
_SKIPPED, _LOOK = 2, 10  # px from a fork: a line's direction is measured between these


def paths(lines: Mask, pen: float) -> list[Path]:
    """Find the paths along one-pixel lines (H,W) that represent lines `pen` px wide.

    A twig shorter than the pen's width is an uneven edge of a line, not a line. Forks as near to each other as that are
    one crossing.
    """
    width = lines.shape[1]
    graph = _remove_twigs(_build_graph(lines), pen)
    walks = list(_iterate_walks(graph))
    knots = _find_knots(graph, walks, pen)
    walks = [walk for walk in walks if len(walk) > pen or not _is_within_knot(walk, knots)]
    middles = _find_middles(knots, width)
    chains = _build_chains(len(walks), _pair_ends(walks, knots, width))
    return [
        _join_walks([walks[i][:: 1 if onwards else -1] for i, onwards in chain], middles, width) for chain in chains
    ]


def _build_graph(lines: Mask) -> _Graph:
    """Link neighbouring pixels; diagonally only if there is no way around the corner."""
    inked = np.pad(lines > 0, 1)
    here = inked[1:-1, 1:-1]
    right, below, left = inked[1:-1, 2:], inked[2:, 1:-1], inked[1:-1, :-2]
    steps = [
        (here & right, 1),
        (here & below, lines.shape[1]),
        (here & inked[2:, 2:] & ~right & ~below, lines.shape[1] + 1),
        (here & inked[2:, :-2] & ~left & ~below, lines.shape[1] - 1),
    ]
    graph: _Graph = {pixel: [] for pixel in np.flatnonzero(here).tolist()}
    for linked, step in steps:
        for pixel in np.flatnonzero(linked).tolist():
            graph[pixel].append(pixel + step)
            graph[pixel + step].append(pixel)
    return graph


def _iterate_walks(graph: _Graph) -> Iterator[_Walk]:
    """Iterate over every walk from a fork or an end to the next, once, and every closed loop from any pixel."""
    walked: set[tuple[int, int]] = set()
    # loops have no start of their own and remain for the second pass
    for starts_anywhere in (False, True):
        for start, near in graph.items():
            if (len(near) == 2) != starts_anywhere:
                continue
            if not near:
                yield [start]
            for step in near:
                if (start, step) not in walked:
                    walk = _follow_walk(graph, start, step)
                    walked.update(pairwise(walk), pairwise(walk[::-1]))
                    yield walk


def _follow_walk(graph: _Graph, start: int, step: int) -> _Walk:
    """Walk from `start` over `step` to the next fork or end."""
    walk = [start, step]
    while len(graph[walk[-1]]) == 2 and walk[-1] != start:
        first, second = graph[walk[-1]]
        walk.append(second if first == walk[-2] else first)
    return walk


def _remove_twigs(graph: _Graph, pen: float) -> _Graph:
    """Remove the short walks from a fork to an end."""
    removed: set[int] = set()
    for walk in _iterate_walks(graph):
        ends, forks = sorted(len(graph[pixel]) for pixel in (walk[0], walk[-1]))
        if len(walk) <= pen and ends == 1 and forks > 2:
            removed.update(pixel for pixel in walk if len(graph[pixel]) < 3)
    return {
        pixel: [other for other in near if other not in removed]
        for pixel, near in graph.items()
        if pixel not in removed
    }


def _find_knots(graph: _Graph, walks: Sequence[_Walk], pen: float) -> dict[int, int]:
    """Map each fork to a fork that represents its crossing."""
    knots = {pixel: pixel for pixel, near in graph.items() if len(near) > 2}

    def find(pixel: int) -> int:
        while knots[pixel] != pixel:
            knots[pixel] = knots[knots[pixel]]  # path halving
            pixel = knots[pixel]
        return pixel

    for walk in walks:
        if len(walk) <= pen and walk[0] in knots and walk[-1] in knots:
            knots[find(walk[0])] = find(walk[-1])
    return {pixel: find(pixel) for pixel in knots}


def _is_within_knot(walk: _Walk, knots: dict[int, int]) -> bool:
    """Return whether both ends of a walk belong to the same crossing."""
    return walk[0] in knots and knots[walk[0]] == knots.get(walk[-1])


def _pair_ends(walks: Sequence[_Walk], knots: dict[int, int], width: int) -> dict[_End, _End]:
    """Pair the ends of walks that continue each other: at each knot the straightest pairs, or both if only two."""
    meeting: dict[int, list[_End]] = defaultdict(list)
    for i, walk in enumerate(walks):
        for last in (False, True):
            if walk[-last] in knots:
                meeting[knots[walk[-last]]].append((i, last))
    partners: dict[_End, _End] = {}
    for ends in meeting.values():
        if len(ends) > _TANGLE:
            continue
        ways = np.array([_leaving_direction(walks[i], width, last=last) for i, last in ends])
        straight = -(ways @ ways.T)  # cosine of a line's turn
        sharpest = -1.0 if len(ends) == 2 else _SHARPEST
        for a, b in sorted(combinations(range(len(ends)), 2), key=lambda pair: -straight[pair]):
            if straight[a, b] >= sharpest and ends[a] not in partners and ends[b] not in partners:
                partners[ends[a]], partners[ends[b]] = ends[b], ends[a]
    return partners


def _leaving_direction(walk: _Walk, width: int, *, last: bool) -> NDArray[np.float64]:
    """Return the unit vector (2,) in which a walk leaves one of its ends."""
    away = walk[::-1] if last else walk
    near, far = away[min(_SKIPPED, len(away) - 2)], away[min(_LOOK, len(away) - 1)]
    way = np.subtract(divmod(far, width), divmod(near, width))
    return np.asarray(way / np.hypot(*way))


def _build_chains(count: int, partners: dict[_End, _End]) -> list[list[tuple[int, bool]]]:
    """Order walks into chains that continue each other, each with whether it is walked forwards."""
    chains = []
    unused = set(range(count))
    # a chain starts at an unpaired end; the remaining walks are closed loops
    starts = [(i, last) for i in range(count) for last in (False, True) if (i, last) not in partners]
    for i, last in [*starts, *((i, False) for i in range(count))]:
        chain = []
        end: _End | None = (i, last)
        while end is not None and end[0] in unused:
            unused.remove(end[0])
            chain.append((end[0], not end[1]))
            end = partners.get((end[0], not end[1]))
        if chain:
            chains.append(chain)
    return chains


def _find_middles(knots: dict[int, int], width: int) -> dict[int, tuple[float, float]]:
    """Return the middle x, y of each fork's crossing."""
    members: dict[int, list[int]] = defaultdict(list)
    for pixel, knot in knots.items():
        members[knot].append(pixel)
    middles = {knot: _pixel_places(pixels, width).mean(axis=0) for knot, pixels in members.items()}
    return {pixel: (float(middles[knot][0]), float(middles[knot][1])) for pixel, knot in knots.items()}


def _pixel_places(pixels: Sequence[int], width: int) -> Path:
    """Convert pixels to x, y (n,2)."""
    rows, columns = np.divmod(np.array(pixels), width)
    return np.stack([columns, rows], axis=1).astype(np.float64)


def _join_walks(walks: Sequence[_Walk], middles: dict[int, tuple[float, float]], width: int) -> Path:
    """Join walks that continue each other to one path."""
    parts: list[Path] = []
    for walk in walks:
        part = _pixel_places(walk, width)
        for end in (0, -1):
            part[end] = middles.get(walk[end], part[end])
        parts.append(part[1:] if parts else part)
    return np.concatenate(parts)
