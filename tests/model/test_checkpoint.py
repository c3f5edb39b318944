from __future__ import annotations

import hashlib
import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors import safe_open
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


def test_a_file_in_half_precision_is_half_as_large_and_embeds_alike(tmp_path: Path) -> None:
    torch.manual_seed(0)
    network = DSSA(TINY).eval()
    whole, half = (
        save_checkpoint(tmp_path / f"{half}.safetensors", network, PreprocessConfig(size=128), half=half)
        for half in (False, True)
    )
    assert half.stat().st_size < 0.51 * whole.stat().st_size
    checkpoint, frames = load_checkpoint(half), [np.where(np.eye(256), 0, 255).astype(np.uint8)]
    assert {parameter.dtype for parameter in checkpoint.network.parameters()} == {torch.float32}
    np.testing.assert_allclose(checkpoint.embed_frames(frames), load_checkpoint(whole).embed_frames(frames), atol=2e-3)


def test_photos_embed_to_the_mean_of_their_frames(tmp_path: Path) -> None:
    config = PreprocessConfig(size=128, styles=("dense", "contours"))
    checkpoint = load_checkpoint(save_checkpoint(tmp_path / "n.safetensors", DSSA(TINY), config))
    assert checkpoint.preprocess.config.styles == ("dense", "contours")
    frames = np.stack([np.where(np.eye(256, k=shift), 0, 255).astype(np.uint8) for shift in range(3)])
    alone = checkpoint.embed_frames(list(frames))
    together = checkpoint.embed_photos([frames[:2], frames[2:]])
    np.testing.assert_allclose(together, [alone[:2].mean(0), alone[2]], rtol=1e-5, atol=1e-6)
    assert checkpoint.embed_photos([]).shape == (0, checkpoint.network.dim)


def test_a_limit_of_confidence_is_the_networks_own(tmp_path: Path) -> None:
    network, config = DSSA(TINY), PreprocessConfig(size=128)
    limits = [
        load_checkpoint(save_checkpoint(tmp_path / "net.safetensors", network, config, notes)).max_contrast
        for notes in ({}, {"max_contrast": "0.69"})
    ]
    assert limits == [0.8, 0.69]
    with pytest.raises(CheckpointError, match="could not convert string to float: 'much'"):
        load_checkpoint(save_checkpoint(tmp_path / "net.safetensors", network, config, {"max_contrast": "much"}))


def test_an_unknown_edge_style_is_refused(tmp_path: Path) -> None:
    config = PreprocessConfig(size=128, styles=("served", "xdog"))
    path = save_checkpoint(tmp_path / "n.safetensors", DSSA(TINY), config)
    with pytest.raises(CheckpointError, match=r"edge styles are \['served', 'xdog'\]: expected at least one of served"):
        load_checkpoint(path)


def test_settings_that_older_versions_lack_are_written_only_where_they_are_used(tmp_path: Path) -> None:
    def settings(config: NetworkConfig, styles: tuple[str, ...]) -> set[str]:
        preprocess = PreprocessConfig(size=128, styles=styles)
        path = save_checkpoint(tmp_path / "n.safetensors", DSSA(config), preprocess)
        with safe_open(path, framework="pt") as file:
            metadata = file.metadata()
        assert load_checkpoint(path).network.config == config
        return {*json.loads(metadata["network"]), *json.loads(metadata["preprocess"])} & {
            "expert",
            "expert_size",
            "styles",
        }

    assert settings(TINY, ("served",)) == set()
    assert settings(replace(TINY, expert="efficientnet-lite0"), ("dense",)) == {"expert", "styles"}
    larger = replace(TINY, expert="efficientnet-lite0", expert_size=160)
    assert settings(larger, ("served",)) == {"expert", "expert_size"}


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
