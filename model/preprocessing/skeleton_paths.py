"""One-pixel lines -> paths: walked from fork to fork, then joined where one goes on as another, as hands draw."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from itertools import combinations, pairwise

import numpy as np
from numpy.typing import NDArray

from model.preprocessing.frames import Mask

Path = NDArray[np.float64]
"""(n,2): the x, y that a line passes, in its order; a dot has one."""

_Graph = dict[int, list[int]]  # pixel (y * width + x) -> those next to it on a line
_Walk = list[int]  # pixels from one fork or end to the next, both included
_End = tuple[int, bool]  # a walk's number, and whether its last pixel is meant, not its first
_SHARPEST = 0.5  # cosine: lines that turn by more than 60 degrees at a fork do not go on as each other
_TANGLE = 24  # ends: where more meet than that nothing was drawn as one line
_SKIPPED, _LOOK = 2, 10  # px from a fork: between these the direction of a line is measured


def paths(lines: Mask, pen: float) -> list[Path]:
    """The paths along one-pixel lines (H,W) that stand for lines `pen` px wide.

    A twig shorter than the pen is wide is no line but an uneven edge of one, and forks as near to each other as that
    are one crossing.
    """
    width = lines.shape[1]
    graph = _without_twigs(_graph(lines), pen)
    walks = list(_walks(graph))
    knots = _knots(graph, walks, pen)
    walks = [walk for walk in walks if len(walk) > pen or not _within_a_knot(walk, knots)]
    middles = _middles(knots, width)
    chains = _chains(len(walks), _partners(walks, knots, width))
    return [_path([walks[i][:: 1 if onwards else -1] for i, onwards in chain], middles, width) for chain in chains]


def _graph(lines: Mask) -> _Graph:
    """Which pixels are next to each other; at a corner, diagonally only where there is no way round it."""
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


def _walks(graph: _Graph) -> Iterator[_Walk]:
    """Every way from a fork or an end to the next, once, and every closed loop, from any of its pixels."""
    walked: set[tuple[int, int]] = set()
    # loops have no start of their own: they are what is left in the end
    for starts_anywhere in (False, True):
        for start, near in graph.items():
            if (len(near) == 2) != starts_anywhere:
                continue
            if not near:
                yield [start]
            for step in near:
                if (start, step) not in walked:
                    walk = _walk(graph, start, step)
                    walked.update(pairwise(walk), pairwise(walk[::-1]))
                    yield walk


def _walk(graph: _Graph, start: int, step: int) -> _Walk:
    walk = [start, step]
    while len(graph[walk[-1]]) == 2 and walk[-1] != start:
        first, second = graph[walk[-1]]
        walk.append(second if first == walk[-2] else first)
    return walk


def _without_twigs(graph: _Graph, pen: float) -> _Graph:
    """The graph without the short walks that lead from a fork to an end."""
    gone: set[int] = set()
    for walk in _walks(graph):
        ends, forks = sorted(len(graph[pixel]) for pixel in (walk[0], walk[-1]))
        if len(walk) <= pen and ends == 1 and forks > 2:
            gone.update(pixel for pixel in walk if len(graph[pixel]) < 3)
    return {pixel: [other for other in near if other not in gone] for pixel, near in graph.items() if pixel not in gone}


def _knots(graph: _Graph, walks: Sequence[_Walk], pen: float) -> dict[int, int]:
    """Forks -> a fork that stands for all those of their crossing."""
    knots = {pixel: pixel for pixel, near in graph.items() if len(near) > 2}

    def find(pixel: int) -> int:
        while knots[pixel] != pixel:
            knots[pixel] = knots[knots[pixel]]  # so that the next time it is nearer
            pixel = knots[pixel]
        return pixel

    for walk in walks:
        if len(walk) <= pen and walk[0] in knots and walk[-1] in knots:
            knots[find(walk[0])] = find(walk[-1])
    return {pixel: find(pixel) for pixel in knots}


def _within_a_knot(walk: _Walk, knots: dict[int, int]) -> bool:
    return walk[0] in knots and knots[walk[0]] == knots.get(walk[-1])


def _partners(walks: Sequence[_Walk], knots: dict[int, int], width: int) -> dict[_End, _End]:
    """The ends of walks that go on as each other: at each knot those which together are straightest, or all two."""
    meeting: dict[int, list[_End]] = defaultdict(list)
    for i, walk in enumerate(walks):
        for last in (False, True):
            if walk[-last] in knots:
                meeting[knots[walk[-last]]].append((i, last))
    partners: dict[_End, _End] = {}
    for ends in meeting.values():
        if len(ends) > _TANGLE:
            continue
        ways = np.array([_direction(walks[i], last, width) for i, last in ends])
        straight = -(ways @ ways.T)  # the cosine of how far a line would turn
        sharpest = -1.0 if len(ends) == 2 else _SHARPEST
        for a, b in sorted(combinations(range(len(ends)), 2), key=lambda pair: -straight[pair]):
            if straight[a, b] >= sharpest and ends[a] not in partners and ends[b] not in partners:
                partners[ends[a]], partners[ends[b]] = ends[b], ends[a]
    return partners


def _direction(walk: _Walk, last: bool, width: int) -> NDArray[np.float64]:
    """The unit vector (2,) in which a walk leaves one of its ends."""
    away = walk[::-1] if last else walk
    near, far = away[min(_SKIPPED, len(away) - 2)], away[min(_LOOK, len(away) - 1)]
    way = np.subtract(divmod(far, width), divmod(near, width))
    return np.asarray(way / np.hypot(*way))


def _chains(count: int, partners: dict[_End, _End]) -> list[list[tuple[int, bool]]]:
    """Walks, and whether each is taken forwards, in the order in which they go on as each other."""
    chains = []
    left = set(range(count))
    # a chain starts where nothing is joined; what is left then are closed loops
    starts = [(i, last) for i in range(count) for last in (False, True) if (i, last) not in partners]
    for i, last in [*starts, *((i, False) for i in range(count))]:
        chain = []
        end: _End | None = (i, last)
        while end is not None and end[0] in left:
            left.remove(end[0])
            chain.append((end[0], not end[1]))
            end = partners.get((end[0], not end[1]))
        if chain:
            chains.append(chain)
    return chains


def _middles(knots: dict[int, int], width: int) -> dict[int, tuple[float, float]]:
    """Where each fork's crossing is: x, y of the middle of its forks."""
    members: dict[int, list[int]] = defaultdict(list)
    for pixel, knot in knots.items():
        members[knot].append(pixel)
    middles = {knot: _places(pixels, width).mean(axis=0) for knot, pixels in members.items()}
    return {pixel: (float(middles[knot][0]), float(middles[knot][1])) for pixel, knot in knots.items()}


def _places(pixels: Sequence[int], width: int) -> Path:
    rows, columns = np.divmod(np.array(pixels), width)
    return np.stack([columns, rows], axis=1).astype(np.float64)


def _path(walks: Sequence[_Walk], middles: dict[int, tuple[float, float]], width: int) -> Path:
    """One path along walks of which each goes on as the next."""
    parts: list[Path] = []
    for walk in walks:
        part = _places(walk, width)
        for end in (0, -1):
            part[end] = middles.get(walk[end], part[end])
        parts.append(part[1:] if parts else part)
    return np.concatenate(parts)
