"""Clusters of colours that differ in more than light and shadow."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from app.colours.lab import Lab

_BIN = np.array([3, 3, 3], np.float32)  # Lab: pixels that are closer count as one colour
_HUES = 256  # more than there are bins on either axis of hue
_MOST = 7  # clusters before they are merged
_ROUNDS = 10
_APART = 9.0  # distance of features below which two clusters are one colour
_LIGHT = 0.22  # weight of lightness in features: shadows darken a colour, and highlights lighten it
_SHADE = (60.0, 10.0)  # features have the hue of a colour as at lightness 60; 10 damps the noise of dark colours
_LIT = (0.6, 0.97)  # quantiles of lightness between which a colour is lit, neither in shadow nor in a highlight
_DARK_LIT = (0.1, 0.6)  # likewise of dark grey and black, which light only makes lighter
_DARK, _GREY = 35.0, 8.0  # the most lightness and chroma of such colours


class Cluster(NamedTuple):
    """One colour (3,) in Lab and its share of a picture, 0 to 1."""

    lab: Lab
    share: float


def cluster_colours(pixels: Lab, weights: NDArray[np.float32]) -> list[Cluster]:
    """Cluster pixels (N,3) of some weights (N,). The largest cluster comes first, and shares add up to 1."""
    colours, weights = _bin_colours(pixels, weights)
    features = _features(colours)
    groups = _merge(features, weights, _assign(features, weights))
    total = float(weights.sum())
    clusters = [
        Cluster(_lit_colour(colours[group], weights[group]), float(weights[group].sum()) / total) for group in groups
    ]
    return sorted(clusters, key=lambda cluster: -cluster.share)


def _bin_colours(pixels: Lab, weights: NDArray[np.float32]) -> tuple[Lab, NDArray[np.float32]]:
    """Return the distinct colours (M,3) of pixels and their weights (M,)."""
    lightness, *hue = np.rint(pixels / _BIN).astype(np.int32).T
    _, place = np.unique((lightness * _HUES + hue[0]) * _HUES + hue[1], return_inverse=True)
    total = np.bincount(place, weights)
    means = [np.bincount(place, weights * pixels[:, axis]) / total for axis in range(3)]
    return np.stack(means, axis=1).astype(np.float32), total.astype(np.float32)


def _features(colours: Lab) -> Lab:
    """Return features (M,3) that light and shadow change less than a colour itself."""
    at, damping = _SHADE
    hue = colours[:, 1:] * (at + damping) / (colours[:, :1] + damping)
    return np.concatenate([_LIGHT * colours[:, :1], hue], axis=1).astype(np.float32)


def _assign(features: Lab, weights: NDArray[np.float32]) -> NDArray[np.intp]:
    """Assign each of the features (M,3) to a cluster (M,), by k-means from centres that are far from each other."""
    centres = _mean(features, weights)[None]
    nearest = _squares(features, centres)[0]
    for _ in range(min(_MOST, len(features)) - 1):
        centres = np.concatenate([centres, features[[int(np.argmax(nearest * weights))]]])
        nearest = np.minimum(nearest, _squares(features, centres[-1:])[0])
    owner = np.full(len(features), -1)
    for _ in range(_ROUNDS):
        before, owner = owner, _squares(features, centres).argmin(axis=0)
        if np.array_equal(owner, before):
            break
        totals = np.bincount(owner, weights, len(centres))
        sums = np.stack([np.bincount(owner, weights * axis, len(centres)) for axis in features.T], axis=1)
        is_used = totals > 0
        centres[is_used] = sums[is_used] / totals[is_used, None]
    return np.asarray(owner, np.intp)


def _merge(features: Lab, weights: NDArray[np.float32], owner: NDArray[np.intp]) -> list[NDArray[np.intp]]:
    """Merge clusters that are close to each other. Returns the indexes of the features of each cluster that is left."""
    groups = [np.flatnonzero(owner == number) for number in np.unique(owner)]
    centres = [_mean(features[group], weights[group]) for group in groups]
    while len(groups) > 1:
        gaps = _squares(np.stack(centres), np.stack(centres))
        np.fill_diagonal(gaps, np.inf)
        first, second = sorted(np.unravel_index(int(gaps.argmin()), gaps.shape))
        if gaps[first, second] > _APART**2:
            break
        groups[first] = np.concatenate([groups[first], groups.pop(second)])
        centres[first] = _mean(features[groups[first]], weights[groups[first]])
        del centres[second]
    return groups


def _mean(colours: Lab, weights: NDArray[np.float32]) -> Lab:
    """Return the weighted mean (3,) of colours (M,3)."""
    return np.asarray(weights @ colours / weights.sum(), np.float32)


def _squares(features: Lab, centres: Lab) -> NDArray[np.float32]:
    """Return the squared distances (K,M) of centres (K,3) from features (M,3)."""
    first, second, third = (axis - centre[:, None] for axis, centre in zip(features.T, centres.T, strict=True))
    return np.asarray(first * first + second * second + third * third, np.float32)


def _lit_colour(colours: Lab, weights: NDArray[np.float32]) -> Lab:
    """Return the colour (3,) of a cluster where it is lit, neither in shadow nor in a highlight."""
    order = np.argsort(colours[:, 0], kind="stable")
    share = np.cumsum(weights[order]) / weights.sum()
    mean = _mean(colours, weights)
    is_dark = mean[0] < _DARK and np.hypot(mean[1], mean[2]) < _GREY
    low, high = np.searchsorted(share, _DARK_LIT if is_dark else _LIT)
    lit = order[low : max(high, low) + 1]
    return _mean(colours[lit], weights[lit])
