from __future__ import annotations

import hashlib
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import save_file

from model.checkpoint import CheckpointError, load_checkpoint, save_checkpoint
from model.network.dssa import DSSA, NetworkConfig
from model.preprocessing.preprocess import PreprocessConfig

TINY = NetworkConfig("orientations", "residual", "plain", ("coarse", "stem"), "mahalanobis")


def test_a_checkpoint_restores_network_settings_and_embeddings(tmp_path: Path) -> None:
    torch.manual_seed(0)
    network = DSSA(TINY).eval()
    path = save_checkpoint(tmp_path / "deep" / "net.safetensors", network, PreprocessConfig(size=128, line_width=5))
    checkpoint = load_checkpoint(path)
    assert checkpoint.network.config == TINY
    assert checkpoint.preprocess.config == PreprocessConfig(size=128, line_width=5)
    assert checkpoint.sha256 == hashlib.sha256(path.read_bytes()).hexdigest()
    frames = [np.where(np.eye(256, k=shift), 0, 255).astype(np.uint8) for shift in range(3)]
    with torch.inference_mode():
        wanted = network.embed(checkpoint.preprocess.tensor(frames))
    np.testing.assert_allclose(checkpoint.embed_frames(frames, batch_size=2), wanted, rtol=1e-5, atol=1e-6)


def test_equal_networks_give_equal_files(tmp_path: Path) -> None:
    network, notes = DSSA(TINY), {name: name for name in "abcdefgh"}
    paths = [save_checkpoint(tmp_path / str(n), network, PreprocessConfig(size=128), notes) for n in range(4)]
    assert len({path.read_bytes() for path in paths}) == 1


def test_no_frames_embed_to_no_rows(tmp_path: Path) -> None:
    checkpoint = load_checkpoint(save_checkpoint(tmp_path / "n.safetensors", DSSA(TINY), PreprocessConfig(size=128)))
    assert checkpoint.embed_frames([]).shape == (0, checkpoint.network.dim)


def test_what_is_no_checkpoint_is_refused_by_name(tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match=r"not found: .*nowhere\.safetensors"):
        load_checkpoint(tmp_path / "nowhere.safetensors")
    garbage = tmp_path / "garbage.safetensors"
    garbage.write_bytes(b"not a checkpoint at all")
    with pytest.raises(CheckpointError, match=r"garbage\.safetensors cannot be read"):
        load_checkpoint(garbage)
    foreign = tmp_path / "foreign.safetensors"
    save_file({"x": torch.zeros(1)}, foreign)
    with pytest.raises(CheckpointError, match="has format None, expected 'sketchfind-1'"):
        load_checkpoint(foreign)
