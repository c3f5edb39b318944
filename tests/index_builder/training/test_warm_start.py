from __future__ import annotations

from dataclasses import replace

import pytest
import torch

from index_builder.training.config.errors import TrainingError
from index_builder.training.warm_start import InitialWeights, inheritance, load_matching_weights
from model.checkpoint import Checkpoint
from model.network.dssa import DSSA, NetworkConfig
from model.preprocessing.preprocess import Preprocess

BASE = NetworkConfig("pixels", "sketch-a-net", "none", ("fine",), "euclidean")
SMALL = NetworkConfig("orientations", "residual", "shortcut", ("coarse", "spatial"), "holef")


def start_of(network: DSSA) -> list[InitialWeights]:
    checkpoint = Checkpoint(network, Preprocess(), "")
    return [InitialWeights(network.state_dict(), "", checkpoint)]


def test_the_full_model_takes_what_the_base_model_learnt() -> None:
    transfer = inheritance(NetworkConfig(), start_of(DSSA(BASE)))
    assert transfer.taken == ("backbone", "heads.fine") and transfer.partly == ()
    assert transfer.fresh == ("attention", "distance")
    assert str(transfer) == "taken: backbone, heads.fine; fresh: attention, distance"


def test_weights_that_fit_are_copied_and_others_left() -> None:
    torch.manual_seed(0)
    start, network = DSSA(replace(SMALL, heads=("spatial",))), DSSA(SMALL)
    start.backbone.state_dict()["0.1.running_mean"].fill_(3)
    own_weight = network.distance.state_dict()["weight"].clone()
    load_matching_weights(network, start_of(start))
    for part in ("backbone", "attention"):
        copies, originals = (getattr(of, part).state_dict() for of in (network, start))
        assert copies.keys() == originals.keys() and all(torch.equal(copies[n], originals[n]) for n in copies)
    assert torch.equal(network.distance.state_dict()["weight"], own_weight)


def test_a_head_that_fits_in_part_is_named() -> None:
    start = DSSA(replace(BASE, backbone="sketch-a-net", heads=("fine", "spatial")))
    other = replace(SMALL, heads=("spatial",), attention="none")  # 8x8 positions instead of 7x7
    transfer = inheritance(other, start_of(start))
    assert transfer.partly == ("heads.spatial",) and transfer.fresh == ("backbone", "distance") and transfer.taken == ()


def test_a_network_of_which_nothing_fits_is_refused() -> None:
    with pytest.raises(
        TrainingError, match=r"no weights of the network to start from fit: it is NetworkConfig\(stem='pix"
    ):
        inheritance(replace(SMALL, heads=("coarse",)), start_of(DSSA(BASE)))
