from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np
import pytest
import torch
from torch import Tensor
from torch.nn import functional as F

from model.network.dssa import DSSA, NetworkConfig
from model.network.efficientnet import LiteTrunk, imagenet_weights

# of lite0: kernel, stride, channels within and after each block
BLOCKS = [(3, 1, 32, 16), (3, 2, 96, 24), (3, 1, 144, 24), (5, 2, 144, 40), (5, 1, 240, 40), (3, 2, 240, 80)]
BLOCKS += [(3, 1, 480, 80)] * 2 + [(5, 1, 480, 112)] + [(5, 1, 672, 112)] * 2 + [(5, 2, 672, 192)]
BLOCKS += [(5, 1, 1152, 192)] * 3 + [(3, 1, 1152, 320)]


def published() -> dict[str, Tensor]:
    """Random weights of lite0 under the published names and in the published shapes."""
    torch.manual_seed(0)
    weights = {"_conv_stem.weight": torch.randn(32, 3, 3, 3) / 5, **normalisation("_bn0", 32)}
    channels = 32
    for number, (kernel, _, many, few) in enumerate(BLOCKS):
        block = f"_blocks.{number}."
        if number:
            weights[block + "_expand_conv.weight"] = torch.randn(many, channels, 1, 1) * (2 / channels) ** 0.5
            weights |= normalisation(block + "_bn0", many)
        weights[block + "_depthwise_conv.weight"] = torch.randn(many, 1, kernel, kernel) * 1.4 / kernel
        weights[block + "_project_conv.weight"] = torch.randn(few, many, 1, 1) / many**0.5
        weights |= normalisation(block + "_bn1", many) | normalisation(block + "_bn2", few)
        channels = few
    return weights | {"_conv_head.weight": torch.randn(1280, 320, 1, 1), "_fc.bias": torch.randn(1000)}


def normalisation(name: str, channels: int) -> dict[str, Tensor]:
    values = {"weight": 1 + torch.rand(channels) / 5, "bias": torch.randn(channels) / 5}
    values |= {"running_mean": torch.randn(channels) / 5, "running_var": 1 + torch.rand(channels) / 5}
    return {f"{name}.{kind}": value for kind, value in values.items()}


def as_published(weights: dict[str, Tensor], pixels: Tensor) -> list[Tensor]:
    """EfficientNet-lite0 written out, on grey RGB pixels 0..255 (B,3,S,S), padded on both sides."""

    def convolved(x: Tensor, name: str, stride: int = 1, groups: int = 1) -> Tensor:
        kernel = weights[name + ".weight"]
        return F.conv2d(x, kernel, None, stride, kernel.shape[-1] // 2, groups=groups)

    def normal(x: Tensor, name: str) -> Tensor:
        weight, bias, mean, var = (weights[f"{name}.{k}"] for k in ("weight", "bias", "running_mean", "running_var"))
        return F.batch_norm(x, mean, var, weight, bias, eps=1e-3)

    padded = F.pad((pixels - 127) / 128, (1, 1, 1, 1), value=1)  # around the frame, too, all is white
    x = F.relu6(normal(F.conv2d(padded, weights["_conv_stem.weight"], stride=2), "_bn0"))
    maps = []
    for number, (_, stride, many, _few) in enumerate(BLOCKS):
        block, before = f"_blocks.{number}.", x
        if number:
            x = F.relu6(normal(convolved(x, block + "_expand_conv"), block + "_bn0"))
        x = F.relu6(normal(convolved(x, block + "_depthwise_conv", stride, many), block + "_bn1"))
        x = normal(convolved(x, block + "_project_conv"), block + "_bn2")
        maps.append(x := x + before if x.shape == before.shape else x)
    return maps


def test_the_folded_weights_see_ink_as_the_published_ones_see_black_on_white() -> None:
    trunk, weights = LiteTrunk().eval(), published()
    missing, unexpected = trunk.load_state_dict(imagenet_weights(weights), strict=False)
    assert unexpected == [] and all(name.endswith("num_batches_tracked") for name in missing)
    frames = (torch.rand(2, 1, 64, 64) > 0.8).float()
    with torch.inference_mode():
        maps = trunk(frames)
        wanted = as_published(weights, (255 * (1 - frames)).expand(-1, 3, -1, -1))
    for name, block in (("stride8", 4), ("stride16", 10), ("stride32", 15)):
        torch.testing.assert_close(maps[name], wanted[block], rtol=1e-3, atol=1e-3)


@pytest.mark.parametrize(
    ("trunk", "channels", "blocks", "parameters"),
    [(LiteTrunk(), (40, 112, 320), 16, 2_958_272), (LiteTrunk(width=1.1, depth=1.2), (48, 120, 352), 21, 4_357_376)],
)
def test_it_is_as_large_as_published(trunk: LiteTrunk, channels: tuple[int, ...], blocks: int, parameters: int) -> None:
    assert list(trunk.maps) == ["stride8", "stride16", "stride32"]
    assert list(trunk.maps.values()) == list(zip(channels, (16, 8, 4), strict=True))
    assert len(trunk.blocks) == blocks and sum(p.numel() for p in trunk.parameters()) == parameters
    with torch.inference_mode():
        maps = trunk.eval()(torch.zeros(1, 1, 128, 128))
    assert {name: (m.shape[1], m.shape[2]) for name, m in maps.items()} == trunk.maps


@pytest.mark.parametrize("size", [129, 160, 192])
def test_its_maps_grow_with_its_frames(size: int) -> None:
    trunk = LiteTrunk(size).eval()
    with torch.inference_mode():
        maps = trunk(torch.zeros(1, 1, size, size))
    assert {name: (m.shape[1], m.shape[2]) for name, m in maps.items()} == trunk.maps


def test_an_unknown_name_is_named() -> None:
    with pytest.raises(KeyError, match="_se_reduce"):
        imagenet_weights(published() | {"_blocks.3._se_reduce.weight": torch.zeros(1)})


def test_three_heads_read_it_beside_another_trunk() -> None:
    heads = ("coarse", "local", "regional", "global")
    config = NetworkConfig("orientations", "residual", "shortcut", heads, "euclidean", expert="efficientnet-lite0")
    network = DSSA(config).eval()
    with torch.inference_mode():
        embeddings = network.embed((torch.rand(2, 1, 128, 128) > 0.9).float())
    assert network.head_dims == (256, 256, 256, 320) and embeddings.shape == (2, 1088)
    for part in torch.split(embeddings, list(network.head_dims), 1):
        torch.testing.assert_close(part.norm(dim=1), torch.ones(2))


def test_the_other_parts_read_its_larger_frames_at_128_px() -> None:
    torch.manual_seed(0)
    heads = ("coarse", "stem", "squeezenet")
    small = NetworkConfig("orientations", "residual", "shortcut", heads, "euclidean", expert="efficientnet-lite0")
    alone, beside = DSSA(small).eval(), DSSA(replace(small, expert_size=160)).eval()
    beside.load_state_dict(alone.state_dict())
    frames = (torch.rand(2, 1, 160, 160) > 0.9).float()
    reduced = torch.from_numpy(
        np.stack([cv2.resize(frame[0].numpy(), (128, 128), interpolation=cv2.INTER_AREA) for frame in frames])
    )[:, None]
    with torch.inference_mode():
        torch.testing.assert_close(beside.embed(frames), alone.embed(reduced), atol=1e-5, rtol=1e-4)
        torch.testing.assert_close(beside.attention_map(frames), alone.attention_map(reduced), atol=1e-6, rtol=1e-3)


def test_a_trunk_that_no_head_reads_is_not_computed() -> None:
    config = NetworkConfig("orientations", "residual", "shortcut", ("global",), expert="efficientnet-lite0")
    network = DSSA(config)
    network.embed(torch.rand(2, 1, 128, 128)).sum().backward()  # type: ignore[no-untyped-call]
    learning = {name.split(".")[0] for name, parameter in network.named_parameters() if parameter.grad is not None}
    assert learning == {"expert", "heads"}


def test_smaller_frames_than_the_other_parts_are_refused() -> None:
    config = NetworkConfig("orientations", "residual", expert="efficientnet-lite0", expert_size=96)
    with pytest.raises(ValueError, match="expert_size is 96: expected at least 128 px"):
        DSSA(config)


def test_its_heads_need_it() -> None:
    with pytest.raises(ValueError, match="unknown map 'stride8': expected one of frames, stem, attended"):
        DSSA(NetworkConfig("orientations", "residual", "shortcut", ("local",), "euclidean"))
