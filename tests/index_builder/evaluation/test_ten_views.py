from __future__ import annotations

import numpy as np
import torch

from index_builder.evaluation.ten_views import CROP, embed_views, ten_views, view_distance
from model.checkpoint import Checkpoint
from model.network.distances import HOLEF
from model.network.dssa import DSSA, NetworkConfig
from model.preprocessing.preprocess import Preprocess, PreprocessConfig


def frame(seed: int = 0) -> np.ndarray[tuple[int, ...], np.dtype[np.uint8]]:
    return np.random.default_rng(seed).integers(0, 256, (256, 256)).astype(np.uint8)


def test_views_are_corners_and_centre_and_their_mirror_images() -> None:
    views = ten_views(frame())
    assert len(views) == 10 and {view.shape for view in views} == {(CROP, CROP)}
    places = [(0, 0), (31, 0), (0, 31), (31, 31), (15, 15)]
    for view, mirrored, (top, left) in zip(views, views[5:], places, strict=False):
        assert np.array_equal(view, frame()[top : top + 225, left : left + 225])
        assert np.array_equal(mirrored, view[:, ::-1])


def test_a_network_of_the_papers_size_sees_the_crops_themselves() -> None:
    view = ten_views(frame())[1]
    batch = Preprocess(PreprocessConfig(size=225)).tensor([view])
    assert torch.equal(batch[0, 0], 1 - torch.from_numpy(view).float() / 255)


def test_embeddings_are_those_of_the_views_in_order() -> None:
    network = DSSA(NetworkConfig("orientations", "residual", "none", ("stem",), "euclidean")).eval()
    checkpoint = Checkpoint(network, Preprocess(PreprocessConfig(size=64)), "")
    embeddings = embed_views(checkpoint, [frame(1), frame(2)])  # (10,2,D)
    assert embeddings.shape == (10, 2, network.dim)
    for number in range(10):
        alone = checkpoint.embed_frames([ten_views(frame(1))[number], ten_views(frame(2))[number]])
        torch.testing.assert_close(embeddings[number], torch.from_numpy(alone))


def test_the_distance_is_the_mean_over_the_same_view_of_both() -> None:
    torch.manual_seed(0)
    distance = HOLEF(6)
    with torch.no_grad():
        distance.weight.add_(torch.randn(6, 6))
    sketches, photos = torch.randn(10, 3, 6), torch.randn(10, 4, 6)
    distances = view_distance(distance, sketches, photos)
    assert distances.shape == (3, 4)
    for i in range(3):
        for j in range(4):
            apart = [distance.pairwise(sketches[v, i : i + 1], photos[v, j : j + 1]).item() for v in range(10)]
            assert abs(distances[i, j].item() - np.mean(apart)) < 1e-4
