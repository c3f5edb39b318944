from __future__ import annotations

from dataclasses import replace

import pytest
import torch
from torch import nn

from index_builder.training.config.presets import PRESETS
from model.network.attention import NoAttention, SpatialAttention, strengths
from model.network.backbones import SketchANet
from model.network.dssa import DSSA, NetworkConfig
from model.network.orientation_maps import OrientationMap

ORIENTED = PRESETS["oriented"].network


def test_sketch_a_net_is_as_published() -> None:
    shapes = []
    x = torch.zeros(1, 1, 225, 225)
    for layer in SketchANet():
        x = layer(x)
        if isinstance(layer, nn.Conv2d | nn.MaxPool2d):
            shapes.append(tuple(x.shape[1:]))
    first, second = [(64, 71, 71), (64, 35, 35)], [(128, 31, 31), (128, 15, 15)]
    assert shapes == [*first, *second, (256, 15, 15), (256, 15, 15), (256, 15, 15), (256, 7, 7)]


def test_the_full_model_fuses_fc7_and_the_attended_map() -> None:
    network = DSSA().eval()
    embedding = network.embed(torch.rand(2, 1, 225, 225))
    assert embedding.shape == (2, 512) and network.dim == 512
    torch.testing.assert_close(embedding[:, :256].norm(dim=1), torch.ones(2))
    torch.testing.assert_close(embedding[:, 256:].norm(dim=1), torch.ones(2))


def test_the_fused_half_is_the_pooled_attended_map() -> None:
    network = DSSA().eval()
    frames = torch.rand(2, 1, 225, 225)
    features = network.backbone(frames)
    alpha = network.attention_map(frames)
    pooled = nn.functional.normalize((features + features * alpha).mean((2, 3)), dim=1)
    torch.testing.assert_close(network.embed(frames)[:, 256:], pooled)


@pytest.mark.parametrize("shortcut", [True, False])
def test_attention_weighs_positions(*, shortcut: bool) -> None:
    features = torch.randn(3, 16, 5, 5)
    attended, alpha = SpatialAttention(16, shortcut=shortcut)(features)
    assert alpha.shape == (3, 1, 5, 5)
    torch.testing.assert_close(alpha.sum((2, 3)), torch.ones(3, 1))
    torch.testing.assert_close(attended, features * alpha + (features if shortcut else 0))


@pytest.mark.parametrize("name", sorted(PRESETS))
def test_every_preset_embeds_and_trains(name: str) -> None:
    preset = PRESETS[name]
    network = DSSA(preset.network)
    embedding = network.embed(torch.rand(2, 1, preset.size, preset.size))
    assert embedding.shape == (2, network.dim)
    network.distance.pairwise(embedding, embedding.detach().flip(0)).sum().backward()  # type: ignore[no-untyped-call]
    unread = {"backbone", "attention"} if name == "recognition-lite" else set()  # no head of it reads them
    assert {part.split(".")[0] for part, value in network.named_parameters() if value.grad is None} == unread


def test_ablations_differ_in_one_part() -> None:
    base = PRESETS["base"].network
    assert PRESETS["attention"].network == replace(base, attention="shortcut")
    assert PRESETS["attention-no-shortcut"].network == replace(base, attention="plain")
    assert PRESETS["fusion"].network == replace(base, heads=("fine", "coarse"))
    assert PRESETS["holef"].network == replace(base, distance="holef")
    assert PRESETS["dssa"].network == NetworkConfig()


def test_an_unknown_part_is_named() -> None:
    with pytest.raises(ValueError, match="unknown backbone 'vgg': expected one of sketch-a-net, residual"):
        DSSA(NetworkConfig(backbone="vgg"))


@pytest.mark.parametrize("degrees", [0, 22.5, 45, 90, 135])
def test_orientation_maps_tell_directions(degrees: float) -> None:
    """Check that a straight line's energy lies in the bin of the gradient across it."""
    frame = torch.zeros(1, 1, 64, 64)
    angle = torch.deg2rad(torch.tensor(degrees))
    for step in torch.linspace(-20, 20, 400):
        frame[0, 0, int(32 + step * torch.sin(angle)), int(32 + step * torch.cos(angle))] = 1
    energy = OrientationMap()(frame).sum((0, 2, 3))
    across = (degrees + 90) % 180 / 22.5
    assert energy.argmax().item() == across % 8


def test_orientation_maps_ignore_how_bold_a_line_is_drawn() -> None:
    frame = torch.zeros(1, 1, 64, 64)
    frame[..., 20:44, 32] = 1
    bold, faint = OrientationMap()(frame), OrientationMap()(frame * 0.5)
    middle = (..., slice(12, 20), slice(14, 19))
    torch.testing.assert_close(bold[middle], faint[middle], rtol=0.6, atol=0.05)


def test_shifting_the_sketch_moves_its_orientation_map() -> None:
    frame = torch.zeros(1, 1, 64, 64)
    frame[..., 20:30, 20:40] = 1
    maps = OrientationMap()(frame)
    moved = OrientationMap()(frame.roll((8, 4), (2, 3)))
    torch.testing.assert_close(moved, maps.roll((4, 2), (2, 3)), rtol=1e-4, atol=1e-5)


def test_orientation_maps_can_be_traced_for_batches_of_any_size() -> None:
    stem, frames = OrientationMap(), torch.rand(5, 1, 32, 32)
    traced = torch.export.export(stem, (frames[:2],), dynamic_shapes=({0: torch.export.Dim.DYNAMIC},))
    torch.testing.assert_close(traced.module()(frames), stem(frames))


def test_oriented_network_has_three_normalised_parts() -> None:
    embedding = DSSA(ORIENTED).eval().embed(torch.rand(2, 1, 128, 128))
    torch.testing.assert_close(embedding.norm(dim=1), torch.full((2,), 3**0.5))


def test_attention_is_shown_by_the_root_of_its_share_of_the_largest() -> None:
    maps = torch.tensor([[0.64, 0.16, 0.16, 0.04], [0.1, 0.2, 0.3, 0.4]]).view(2, 1, 2, 2)
    wanted = torch.tensor([[1, 0.5, 0.5, 0.25], [0.5, 0.5**0.5, 0.75**0.5, 1]]).view(2, 2, 2)
    shown = strengths(maps)
    assert shown is not None
    torch.testing.assert_close(shown, wanted)


def test_attention_that_is_everywhere_alike_is_not_shown() -> None:
    assert strengths(NoAttention(3)(torch.randn(2, 3, 4, 4))[1]) is None
