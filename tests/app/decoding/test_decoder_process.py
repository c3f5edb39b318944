"""Tests that stopped, killed or hung decoder processes are replaced, and that their images are decoded."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import pytest

from app.decoding import worker
from app.decoding.decoder_process import DecoderLostError, DecoderProcess
from app.decoding.image_sketch import ImageSketch
from app.decoding.process_progress import ProgressWatch
from app.decoding.worker_pool import DecoderPool, DecoderUnavailableError
from model.preprocessing.images import ImageTooCostlyError
from model.preprocessing.preprocess import PreprocessConfig
from tests.support.sketch_files import sketch_file

PIXELS = 1_000_000
LARGE = 4 << 20  # bytes: more than a socket holds
CONFIG = PreprocessConfig(size=64, line_width=3)


@pytest.fixture
def decoder_pool() -> Iterator[DecoderPool]:
    pool = DecoderPool(1, worker.memory_limit(PIXELS))
    decode(pool)
    yield pool
    pool.close()


def decode(decoder_pool: DecoderPool, padding: int = 0) -> None:
    """Decode a good image, with `padding` bytes behind its end, which decoders ignore."""
    data = sketch_file() + bytes(padding)
    answer, frame = decoder_pool.request(worker.encode_request("frame", ImageSketch(data, PIXELS), CONFIG), data)
    assert worker.decode_picture(answer, frame).frame.shape == (256, 256)


def process_of(decoder_pool: DecoderPool) -> DecoderProcess:
    process = decoder_pool.slots[0]._process
    assert process is not None
    return process


@contextmanager
def lost(monkeypatch: pytest.MonkeyPatch, *ways: Callable[[DecoderProcess], object]) -> Iterator[None]:
    """Disturb the processes of the next images in these ways, one way each, while their answers are awaited."""
    wait, left = DecoderProcess._wait, list(ways)

    def wait_or_disturb(process: DecoderProcess, seconds: float) -> None:
        if process._is_ready and left:
            left.pop(0)(process)
        wait(process, seconds)

    exchange = DecoderProcess.exchange

    def stop_and_exchange(process: DecoderProcess, *arguments: bytes | float) -> object:
        if left:
            os.kill(process.pid, signal.SIGSTOP)  # or it might be done before
        return exchange(process, *arguments)  # type: ignore[arg-type]

    with monkeypatch.context() as patch:
        patch.setattr(DecoderProcess, "_wait", wait_or_disturb)
        patch.setattr(DecoderProcess, "exchange", stop_and_exchange)
        patch.setattr(DecoderProcess, "_check", lambda *_: None)  # which would notice the stop
        yield
    assert not left


def kill_by(number: signal.Signals) -> Callable[[DecoderProcess], None]:
    def end(process: DecoderProcess) -> None:
        os.kill(process.pid, number)
        os.kill(process.pid, signal.SIGCONT)

    return end


@pytest.mark.parametrize("padding", [0, LARGE])
def test_a_stopped_process_is_replaced_within_seconds(decoder_pool: DecoderPool, padding: int) -> None:
    os.kill(process_of(decoder_pool).pid, signal.SIGSTOP)
    with ThreadPoolExecutor(1) as pool:
        decoded = pool.submit(decode, decoder_pool, padding)
        try:
            decoded.result(20)
        finally:
            os.kill(process_of(decoder_pool).pid, signal.SIGCONT)


def test_a_process_that_cannot_be_killed_is_left_behind_and_reaped_later(
    decoder_pool: DecoderPool, monkeypatch: pytest.MonkeyPatch
) -> None:
    hung = process_of(decoder_pool)
    os.kill(hung.pid, signal.SIGSTOP)
    kill = hung._process.kill
    monkeypatch.setattr(hung._process, "kill", lambda: None)  # as in an uninterruptible system call
    decode(decoder_pool)
    assert hung.poll() is None and process_of(decoder_pool) is not hung
    kill()
    os.waitid(os.P_PID, hung.pid, os.WEXITED | os.WNOWAIT)
    process_of(decoder_pool).kill()
    decode(decoder_pool)  # by a third process
    assert hung.returncode == -signal.SIGKILL


def test_closing_does_not_wait_for_a_process_that_cannot_be_killed(
    decoder_pool: DecoderPool, monkeypatch: pytest.MonkeyPatch
) -> None:
    hung = process_of(decoder_pool)
    kill = hung._process.kill
    monkeypatch.setattr(hung._process, "kill", lambda: None)
    os.kill(hung.pid, signal.SIGSTOP)
    started = time.monotonic()
    decoder_pool.close()
    assert time.monotonic() - started < 10
    kill()
    hung._process.wait(10)


def test_closing_ends_an_image_that_is_decoded(decoder_pool: DecoderPool, monkeypatch: pytest.MonkeyPatch) -> None:
    with (
        lost(monkeypatch, lambda _: decoder_pool.close()),
        pytest.raises(
            DecoderUnavailableError, match="the image was not decoded because the server is stopping; try again later"
        ),
    ):
        decode(decoder_pool)
    with pytest.raises(
        DecoderUnavailableError, match="the image was not decoded because the server is stopping; try again later"
    ):
        decode(decoder_pool)


def test_an_image_whose_process_was_killed_is_decoded_by_a_new_one(
    decoder_pool: DecoderPool, monkeypatch: pytest.MonkeyPatch
) -> None:
    with lost(monkeypatch, kill_by(signal.SIGKILL)):
        decode(decoder_pool)


def test_an_image_is_too_costly_if_a_second_process_is_lost_in_the_same_way(
    decoder_pool: DecoderPool, monkeypatch: pytest.MonkeyPatch
) -> None:
    with lost(monkeypatch, kill_by(signal.SIGKILL), kill_by(signal.SIGKILL)), pytest.raises(ImageTooCostlyError):
        decode(decoder_pool)
    decode(decoder_pool)


def test_an_image_is_not_refused_if_its_processes_are_lost_in_different_ways(
    decoder_pool: DecoderPool, monkeypatch: pytest.MonkeyPatch
) -> None:
    faults = kill_by(signal.SIGKILL), kill_by(signal.SIGTERM)
    with (
        lost(monkeypatch, *faults),
        pytest.raises(DecoderUnavailableError, match=r"ended by signal 9 and another was .* signal 15"),
    ):
        decode(decoder_pool)


def test_an_image_that_reaches_its_limit_of_time_is_not_tried_again(
    decoder_pool: DecoderPool, monkeypatch: pytest.MonkeyPatch
) -> None:
    with lost(monkeypatch, kill_by(signal.SIGPROF)), pytest.raises(ImageTooCostlyError):
        decode(decoder_pool)


def test_a_message_that_is_not_read_is_no_endless_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("app.decoding.decoder_process._BLOCKED", 1)
    monkeypatch.setattr(ProgressWatch, "hangs", lambda _: False)
    process = DecoderProcess.start(worker.memory_limit(PIXELS), 8)
    process.wait_until_ready(60)
    os.kill(process.pid, signal.SIGSTOP)
    with pytest.raises(DecoderLostError, match="makes no progress"):
        process.exchange(b"{", bytes(LARGE), 60)
    assert process.end()


@pytest.mark.parametrize(("program", "hangs"), [("while True: pass", False), ("import time; time.sleep(60)", True)])
def test_a_process_hangs_when_it_neither_computes_nor_is_about_to(program: str, *, hangs: bool) -> None:
    with subprocess.Popen([sys.executable, "-Sc", f"print(flush=True)\n{program}"], stdout=subprocess.PIPE) as process:
        assert process.stdout and process.stdout.readline()
        time.sleep(0.1)
        watch = ProgressWatch(process.pid, most_idle=2)
        assert [watch.hangs() for _ in range(4)] == [False, False, False, hangs]
        os.kill(process.pid, signal.SIGSTOP)
        os.waitid(os.P_PID, process.pid, os.WSTOPPED)
        assert watch.hangs()
        process.kill()


def test_a_process_that_is_gone_does_not_hang() -> None:
    process = subprocess.Popen(["true"])
    process.wait()
    watch = ProgressWatch(process.pid, most_idle=0)
    assert not any(watch.hangs() for _ in range(3))
