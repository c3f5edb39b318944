from __future__ import annotations

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from model.network.dssa import DSSA, NetworkConfig
from model.network.squeezenet import SqueezeTrunk, imagenet_weights

FIRES = {2: (96, 16, 64), 3: (128, 16, 64), 4: (128, 32, 128), 5: (256, 32, 128)}
FIRES |= {6: (256, 48, 192), 7: (384, 48, 192), 8: (384, 64, 256), 9: (512, 64, 256)}


def published() -> dict[str, Tensor]:
    """Draw random weights under the published names and in the published shapes."""
    torch.manual_seed(0)
    weights = {"conv1.weight": torch.randn(96, 3, 7, 7) / 300, "conv1.bias": torch.randn(96)}
    for number, (channels, squeezed, expanded) in FIRES.items():
        for name, shape in {
            "conv1x1_1": (squeezed, channels, 1, 1),
            "conv1x1_2": (expanded, squeezed, 1, 1),
            "conv3x3_2": (expanded, squeezed, 3, 3),
        }.items():
            weights[f"fire{number}.{name}.weight"] = torch.randn(shape) * (2 / (shape[1] * shape[2] ** 2)) ** 0.5
            weights[f"fire{number}.{name}.bias"] = torch.randn(shape[0]) / 10
    return weights


def as_published(weights: dict[str, Tensor], pixels: Tensor) -> Tensor:
    """Compute SqueezeNet 1.0 up to fire9 on BGR pixels 0..255 (B,3,S,S), as published."""
    features = pixels - torch.tensor([104.0, 117.0, 123.0]).view(1, 3, 1, 1)
    features = F.conv2d(features, weights["conv1.weight"], weights["conv1.bias"], stride=2).relu()
    for number in FIRES:
        if number in (2, 5, 9):
            features = F.max_pool2d(features, 3, 2, ceil_mode=True)
        part = {
            name: (weights[f"fire{number}.{name}.weight"], weights[f"fire{number}.{name}.bias"])
            for name in ("conv1x1_1", "conv1x1_2", "conv3x3_2")
        }
        few = F.conv2d(features, *part["conv1x1_1"]).relu()
        features = torch.cat([F.conv2d(few, *part["conv1x1_2"]), F.conv2d(few, *part["conv3x3_2"], padding=1)], 1)
        features = features.relu()
    return features


def test_the_folded_weights_see_ink_as_the_published_ones_see_black_on_white() -> None:
    trunk = SqueezeTrunk().eval()
    weights = published()
    missing, unexpected = trunk.load_state_dict(imagenet_weights(weights), strict=False)
    assert unexpected == [] and all(name.startswith("13.") for name in missing)  # the normalisation alone
    frames = (torch.rand(2, 1, 64, 64) > 0.8).float()
    pixels = F.pad(255 * (1 - frames), (3, 3, 3, 3), value=255).expand(-1, 3, -1, -1)
    features = nn.Sequential(*list(trunk)[:-1])(frames)
    torch.testing.assert_close(features, as_published(weights, pixels), rtol=1e-3, atol=1e-2)


def test_a_missing_weight_is_named() -> None:
    weights = published()
    del weights["fire9.conv3x3_2.bias"]
    with pytest.raises(KeyError, match="fire9"):
        imagenet_weights(weights)


def test_it_stands_beside_another_trunk_as_a_head() -> None:
    network = DSSA(NetworkConfig("orientations", "residual", "shortcut", ("coarse", "squeezenet"), "euclidean")).eval()
    with torch.inference_mode():
        embeddings = network.embed((torch.rand(2, 1, 128, 128) > 0.9).float())
    assert network.head_dims == (256, 512) and embeddings.shape == (2, 768)
    torch.testing.assert_close(embeddings[:, 256:].norm(dim=1), torch.ones(2))
