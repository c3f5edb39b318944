"""Settings from the environment and from callers, and error messages for invalid ones."""

from __future__ import annotations

from pathlib import Path

import pytest

from app.main import create_app
from app.settings import Settings, SettingsError, load_settings, unknown_settings

ORIGIN = "an origin such as https://shop.example, without a path"


@pytest.fixture(autouse=True)
def clean_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in Settings.model_fields:
        monkeypatch.delenv(f"SKETCHFIND_{name.upper()}", raising=False)


def test_defaults() -> None:
    settings = load_settings(gallery=Path("here"))
    assert (settings.host, settings.port, settings.n_candidates) == ("127.0.0.1", 8000, None)
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
        *(
            ("EMBED_ORIGINS", f"https://a.example,{value}", f"SKETCHFIND_EMBED_ORIGINS is {value!r}: expected {ORIGIN}")
            for value in ("b.example", "https://b.example/", "*", "https://*.b.example", "ftp://b.example", "'self'")
        ),
    ],
)
def test_bad_settings_are_named_in_one_line(monkeypatch: pytest.MonkeyPatch, name: str, value: str, words: str) -> None:
    monkeypatch.setenv(f"SKETCHFIND_{name}", value)
    with pytest.raises(SettingsError) as error:
        load_settings(gallery=Path("here"))
    assert str(error.value) == words


def test_origins_are_listed_with_commas(monkeypatch: pytest.MonkeyPatch) -> None:
    assert load_settings(gallery=Path("here")).embed_origins == ()
    monkeypatch.setenv("SKETCHFIND_EMBED_ORIGINS", "https://Shop.Example , http://localhost:8080,")
    assert load_settings(gallery=Path("here")).embed_origins == ("https://shop.example", "http://localhost:8080")
    given = load_settings(gallery=Path("here"), embed_origins="https://b.example")
    assert given.embed_origins == ("https://b.example",)


def test_a_missing_gallery_is_named() -> None:
    with pytest.raises(SettingsError, match="SKETCHFIND_GALLERY is missing"):
        load_settings()
    with pytest.raises(SettingsError, match=r"^port is -1: expected at least 0$"):
        load_settings(gallery=Path("here"), port=-1)


def test_every_setting_says_what_it_is() -> None:
    settings = load_settings(gallery=Path("here"))
    assert all(field.description for field in type(settings).model_fields.values())


@pytest.mark.parametrize(
    ("name", "suggestion"),
    [
        ("SKETCHFIND_SERACH_RATE", "did you mean SKETCHFIND_SEARCH_RATE?"),
        ("SKETCHFIND_GALERY", "did you mean SKETCHFIND_GALLERY?"),
        ("sketchfind_max_body", "did you mean SKETCHFIND_MAX_BODY_BYTES?"),
        ("SKETCHFIND_COLOUR", "docs/server.md lists the settings"),
    ],
)
def test_an_unknown_setting_is_named_with_the_nearest_one_and_without_its_value(name: str, suggestion: str) -> None:
    warnings = unknown_settings({"PATH": "/bin", "SKETCHFIND_PORT": "1", "sketchfind_port": "1", name: "secret"})
    assert warnings == [f"{name} is set, but is not a setting and is ignored: {suggestion}"]


def test_every_setting_and_what_else_is_read_is_known() -> None:
    names = [*Settings.model_fields, "BUILD", "TRACEBACK"]
    assert unknown_settings({f"SKETCHFIND_{name.upper()}": "1" for name in names}) == []


def test_an_app_made_from_the_environment_warns_of_unknown_settings(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("SKETCHFIND_GALLERY", str(tmp_path))
    monkeypatch.setenv("SKETCHFIND_WRITERATE", "1")
    create_app()
    assert [record.getMessage() for record in caplog.records if "SKETCHFIND_WRITE_RATE?" in record.getMessage()]


def test_a_webhook_needs_a_secret(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("SKETCHFIND_IMPORT_WEBHOOK", "https://shop.example/hook?token=7")
    with pytest.raises(SettingsError, match="SKETCHFIND_IMPORT_WEBHOOK_SECRET is missing: expected it with"):
        load_settings(gallery=tmp_path)
    monkeypatch.setenv("SKETCHFIND_IMPORT_WEBHOOK_SECRET", "s3cret")
    settings = load_settings(gallery=tmp_path)
    assert settings.import_webhook is not None and not {"token", "s3cret"} & set(repr(settings).split())
