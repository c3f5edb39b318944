"""Settings from the environment and from callers, and what is said of bad ones."""

from __future__ import annotations

from pathlib import Path

import pytest

from app.settings import SettingsError, load_settings


@pytest.fixture(autouse=True)
def clean_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("GALLERY", "HOST", "PORT", "N_CANDIDATES", "MAX_BODY_BYTES", "MAX_PIXELS", "DEVICE", "THREADS"):
        monkeypatch.delenv(f"SKETCHFIND_{name}", raising=False)


def test_defaults() -> None:
    settings = load_settings(gallery=Path("here"))
    assert (settings.host, settings.port, settings.n_candidates) == ("127.0.0.1", 8000, 100)
    assert settings.device == "auto" and settings.threads is None


def test_the_environment_sets_and_the_caller_wins(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in (("GALLERY", "there"), ("PORT", "9000"), ("THREADS", "2"), ("HOST", "")):
        monkeypatch.setenv(f"SKETCHFIND_{name}", value)
    settings = load_settings(gallery=Path("here"), port=None)
    assert (settings.gallery, settings.port, settings.threads) == (Path("here"), 9000, 2)
    assert settings.host == "127.0.0.1"
    assert load_settings().gallery == Path("there")


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("PORT", "abc", "SKETCHFIND_PORT is 'abc': expected a valid integer"),
        ("PORT", "70000", "SKETCHFIND_PORT is '70000': expected at most 65535"),
        ("DEVICE", "gpu", "SKETCHFIND_DEVICE is 'gpu': expected 'auto', 'cpu' or 'cuda'"),
        ("THREADS", "0", "SKETCHFIND_THREADS is '0': expected at least 1"),
    ],
)
def test_bad_settings_are_named_in_one_line(monkeypatch: pytest.MonkeyPatch, name: str, value: str, words: str) -> None:
    monkeypatch.setenv(f"SKETCHFIND_{name}", value)
    with pytest.raises(SettingsError) as error:
        load_settings(gallery=Path("here"))
    assert str(error.value) == words


def test_a_missing_gallery_is_named() -> None:
    with pytest.raises(SettingsError, match="SKETCHFIND_GALLERY is missing"):
        load_settings()
    with pytest.raises(SettingsError, match=r"^port is -1: expected at least 0$"):
        load_settings(gallery=Path("here"), port=-1)


def test_every_setting_says_what_it_is() -> None:
    settings = load_settings(gallery=Path("here"))
    assert all(field.description for field in type(settings).model_fields.values())
