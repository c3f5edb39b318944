"""serve(): prints its address, stops at a signal, and reports errors in one line."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

import httpx
import psutil
import pytest
import torch

from app.core.atomic_files import sha256_of
from app.decoding.sketch_decoder import SketchDecoder
from app.decoding.worker_pool import DecoderUnavailableError
from app.gallery.gallery import Gallery
from app.server import serve
from app.settings import Settings
from model.checkpoint import load_checkpoint, save_checkpoint
from tests.support.server_process import server_process

_PROGRAM = "from app.server import serve; from app.settings import load_settings; serve(load_settings())"


def serve_and_fail(settings: Settings, capsys: pytest.CaptureFixture[str], status: int) -> str:
    """Return the error line that serve() prints on stderr, beside its log, before it exits with that status."""
    with pytest.raises(SystemExit) as stop:
        serve(settings)
    output = capsys.readouterr()
    assert stop.value.code == status
    [line] = [line for line in output.err.splitlines() if line.startswith("sketchfind: ")]
    assert output.out == "" and output.err.count("\n") == 1 + output.err.count(" starts: gallery ")
    return line


def test_it_answers_when_it_says_so_and_stops_when_told(tiny_gallery: Path) -> None:
    environment = {**os.environ, "SKETCHFIND_GALLERY": str(tiny_gallery), "SKETCHFIND_PORT": "0"}
    command = [sys.executable, "-c", _PROGRAM]
    with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        line = process.stdout.readline()
        assert line.startswith("Sketchfind is ready: http://127.0.0.1:")
        assert httpx.get(line.split()[-1] + "/readyz").status_code == 200
        process.send_signal(signal.SIGINT)
        assert process.wait(20) == 0


def test_the_log_says_what_starts_when_it_is_ready_and_why_it_stops(tiny_gallery: Path, tmp_path: Path) -> None:
    settings = {"SKETCHFIND_LOG_FORMAT": "json", "SKETCHFIND_BUILD": "1a2b3c4"}
    with server_process(tiny_gallery, errors=tmp_path / "log", settings=settings) as (server, url):
        health = httpx.get(f"{url}/healthz").json()
        assert httpx.get(f"{url}/readyz").status_code == httpx.get(f"{url}/metrics").status_code == 200
        server.send_signal(signal.SIGTERM)
        assert server.wait(20) == 0
    lines = [json.loads(line) for line in (tmp_path / "log").read_text().splitlines()]
    checkpoint = sha256_of(tiny_gallery / "checkpoint.safetensors")[:12]
    assert health == {"status": "ok", "version": version("sketchfind"), "build": "1a2b3c4", "checkpoint": checkpoint}
    start, ready, stop, end = [line["message"] for line in lines]  # none is of a probe
    assert start == f"Sketchfind {version('sketchfind')} (build 1a2b3c4) starts: gallery {tiny_gallery}, " + (
        f"checkpoint {checkpoint}"
    )
    assert {name: lines[0][name] for name in ("version", "build", "checkpoint")}.items() <= health.items()
    assert re.fullmatch(
        rf"the server is ready after [\d.]+ s at {url}: 12 products, revision 12, photos embedded both ways round",
        ready,
    )
    assert re.fullmatch(r"the server stops because of SIGTERM, after \d+ s", stop)
    assert re.fullmatch(r"the server has stopped within [\d.]+ s", end)


def test_a_port_in_use(tiny_gallery: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        line = serve_and_fail(Settings(gallery=tiny_gallery, port=port), capsys, 1)
    assert f"127.0.0.1 port {port}" in line and "in use" in line


def test_an_unknown_host(tiny_gallery: Path, capsys: pytest.CaptureFixture[str]) -> None:
    line = serve_and_fail(Settings(gallery=tiny_gallery, host="256.0.0.1", port=0), capsys, 1)
    assert "256.0.0.1" in line


def test_a_missing_gallery(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert f"no gallery at {tmp_path / 'none'}" in serve_and_fail(
        Settings(gallery=tmp_path / "none", port=0), capsys, 2
    )


def test_a_gallery_of_another_checkpoint(
    tiny_gallery: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    gallery = shutil.copytree(tiny_gallery, tmp_path / "gallery")
    own = load_checkpoint(gallery / "checkpoint.safetensors")
    with torch.no_grad():
        next(own.network.parameters()).add_(1)
    other = load_checkpoint(save_checkpoint(gallery / "checkpoint.safetensors", own.network, own.preprocess.config))
    line = serve_and_fail(Settings(gallery=gallery, port=0), capsys, 2)
    assert own.sha256 in line and other.sha256 in line


@pytest.mark.parametrize("file", ["catalogue.sqlite", "checkpoint.safetensors"])
def test_a_damaged_gallery(tiny_gallery: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], file: str) -> None:
    gallery = shutil.copytree(tiny_gallery, tmp_path / "gallery")
    for old in gallery.glob(f"{file}*"):
        old.unlink()
    (gallery / file).write_bytes(b"damaged" * 1000)
    assert str(gallery) in serve_and_fail(Settings(gallery=gallery, port=0), capsys, 2)


@pytest.mark.parametrize(
    "error", [DecoderUnavailableError("too busy"), torch.OutOfMemoryError("no GPU memory\nat all")]
)
def test_a_first_search_that_fails_leaves_nothing_open(
    tiny_gallery: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    def fail(_decoder: SketchDecoder) -> None:
        raise error

    def close(gallery: Gallery) -> None:
        closed.append(gallery)
        gallery.catalogue.close()

    closed, before = list[Gallery](), psutil.Process().children()
    monkeypatch.setattr(SketchDecoder, "warm_up", fail)
    monkeypatch.setattr(Gallery, "close", close)
    line = serve_and_fail(Settings(gallery=tiny_gallery, port=0), capsys, 2)
    assert f"gallery {tiny_gallery} cannot be served: " in line and str(error).partition("\n")[0] in line
    assert len(closed) == 1 and set(psutil.Process().children()) <= set(before)
    monkeypatch.setenv("SKETCHFIND_TRACEBACK", "1")
    with pytest.raises(type(error)):
        serve(Settings(gallery=tiny_gallery, port=0))
