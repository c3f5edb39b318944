"""Clusters of colours that differ in more than light and shadow."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from app.colours.lab import Lab

_BIN = np.array([3, 3, 3], np.float32)  # Lab: pixels that are closer count as one colour
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
    _, place = np.unique(np.rint(pixels / _BIN).astype(np.int32), axis=0, return_inverse=True)
    place = place.reshape(-1)
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
    centres = np.average(features, axis=0, weights=weights)[None]
    for _ in range(min(_MOST, len(features)) - 1):
        nearest = _squares(features, centres).min(axis=1)
        centres = np.concatenate([centres, features[[int(np.argmax(nearest * weights))]]])
    for _ in range(_ROUNDS):
        owner = _squares(features, centres).argmin(axis=1)
        for number in np.unique(owner):
            own = owner == number
            centres[number] = np.average(features[own], axis=0, weights=weights[own])
    return np.asarray(owner, np.intp)


def _merge(features: Lab, weights: NDArray[np.float32], owner: NDArray[np.intp]) -> list[NDArray[np.intp]]:
    """Merge clusters that are close to each other. Returns the indexes of the features of each cluster that is left."""
    groups = [np.flatnonzero(owner == number) for number in np.unique(owner)]
    while len(groups) > 1:
        centres = np.stack([np.average(features[group], axis=0, weights=weights[group]) for group in groups])
        gaps = _squares(centres, centres) + np.diag(np.full(len(groups), np.inf))
        first, second = sorted(np.unravel_index(int(gaps.argmin()), gaps.shape))
        if gaps[first, second] > _APART**2:
            break
        groups[first] = np.concatenate([groups[first], groups.pop(second)])
    return groups


def _squares(features: Lab, centres: Lab) -> NDArray[np.float32]:
    """Return the squared distances (M,K) of features (M,3) from centres (K,3)."""
    return np.asarray(((features[:, None] - centres[None]) ** 2).sum(axis=2), np.float32)


def _lit_colour(colours: Lab, weights: NDArray[np.float32]) -> Lab:
    """Return the colour (3,) of a cluster where it is lit, neither in shadow nor in a highlight."""
    order = np.argsort(colours[:, 0], kind="stable")
    share = np.cumsum(weights[order]) / weights.sum()
    mean = np.average(colours, axis=0, weights=weights)
    is_dark = mean[0] < _DARK and np.hypot(mean[1], mean[2]) < _GREY
    low, high = np.searchsorted(share, _DARK_LIT if is_dark else _LIT)
    lit = order[low : max(high, low) + 1]
    return np.asarray(np.average(colours[lit], axis=0, weights=weights[lit]), np.float32)
