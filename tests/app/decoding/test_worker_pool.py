"""Tests that an image is decoded although its decoder process could not be started or was lost."""

from __future__ import annotations

import asyncio
import errno
import os
import signal
from collections.abc import Callable, Iterator

import psutil
import pytest

from app.decoding.framed_picture import FramedPicture
from app.decoding.image_sketch import ImageSketch
from app.decoding.photo_decoder import PhotoDecoder
from app.decoding.sketch_decoder import SketchDecoder
from app.decoding.worker_pool import DecoderUnavailableError
from model.preprocessing.preprocess import PreprocessConfig
from tests.support.background import background
from tests.support.sketch_files import sketch_file

PIXELS = 40_000_000
CONFIG = PreprocessConfig(size=64, line_width=3)
Maker = Callable[[], SketchDecoder | PhotoDecoder]
MAKERS: list[Maker] = [lambda: SketchDecoder(CONFIG, PIXELS), lambda: PhotoDecoder(CONFIG, 2)]


@pytest.fixture
def decoder() -> Iterator[SketchDecoder]:
    decoder = SketchDecoder(CONFIG, PIXELS)
    decoder.start()
    yield decoder
    decoder.close()


def picture(decoder: SketchDecoder) -> FramedPicture:
    return asyncio.run(decoder.frame("client", ImageSketch(sketch_file(), PIXELS)))


def no_process(*_args: object, **_options: object) -> None:
    raise BlockingIOError(errno.EAGAIN, "Resource temporarily unavailable")  # as where there are too many of them


def test_a_process_that_cannot_be_started_is_tried_again_with_the_next_image(
    decoder: SketchDecoder, monkeypatch: pytest.MonkeyPatch
) -> None:
    for slot in decoder._pool.slots:
        slot.end()
    descriptors = psutil.Process().num_fds()
    with monkeypatch.context() as broken:
        broken.setattr("app.decoding.decoder_process.subprocess.Popen", no_process)
        for _ in range(2):
            with pytest.raises(DecoderUnavailableError, match="no decoder process could be started; try again later"):
                asyncio.run(decoder.frame("client", ImageSketch(b"hello", PIXELS)))
        assert psutil.Process().num_fds() <= descriptors
    assert picture(decoder).frame.shape == (256, 256)


def test_a_process_that_cannot_be_started_ahead_takes_no_answer_away(
    decoder: SketchDecoder, monkeypatch: pytest.MonkeyPatch
) -> None:
    decoder.warm_up()
    monkeypatch.setattr("app.decoding.decoder_process.subprocess.Popen", no_process)
    assert picture(decoder).frame.shape == (256, 256)  # by the one, while the other cannot be started


def test_a_decoder_opens_where_no_process_can_be_started(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("app.decoding.decoder_process.subprocess.Popen", no_process)
    decoder = SketchDecoder(CONFIG, PIXELS)
    decoder.start()
    with pytest.raises(DecoderUnavailableError, match="no decoder process could be started"):
        decoder.warm_up()
    decoder.close()


def test_a_process_that_was_killed_while_idle_costs_no_image(decoder: SketchDecoder) -> None:
    picture(decoder)
    for slot in decoder._pool.slots:
        assert slot._process is not None
        os.kill(slot._process.pid, signal.SIGKILL)  # as the system does when it is short of memory
        os.waitid(os.P_PID, slot._process.pid, os.WEXITED | os.WNOWAIT)
    assert picture(decoder).frame.shape == (256, 256)


@pytest.mark.parametrize("make", MAKERS)
def test_a_decoder_has_one_process_from_its_start_to_its_end(make: Maker) -> None:
    before = background()
    decoder = make()
    assert background() <= before
    decoder.start()
    assert len(background() - before) == 1
    decoder.close()
    assert background() <= before


@pytest.mark.parametrize("make", MAKERS)
def test_a_decoder_that_was_closed_before_its_start_stays_closed(make: Maker) -> None:
    before = background()
    decoder = make()
    decoder.close()
    decoder.start()
    assert background() <= before
