"""Tests that decoder processes give the same results, within limits of time and memory."""

from __future__ import annotations

import asyncio
import os
import signal
import threading
import time
from collections.abc import Coroutine, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import psutil
import pytest
from PIL import Image

from app.decoding.decoder_process import Answer, DecoderProcess
from app.decoding.framed_picture import FramedPicture
from app.decoding.image_sketch import ImageSketch
from app.decoding.photo_decoder import PhotoDecoder
from app.decoding.product_photo import decode_photo
from app.decoding.sketch_decoder import SketchDecoder
from app.decoding.worker_pool import SECONDS, DecoderUnavailableError
from app.settings import Settings
from model.preprocessing.images import ImageTooCostlyError, ImageTooLargeError, UnreadableImageError
from model.preprocessing.line_drawing import BlankSketchError
from model.preprocessing.preprocess import Preprocess, PreprocessConfig
from tests.conftest import draw_product
from tests.support.sketch_files import blank_file, bomb, image_file, sketch_file

PIXELS = 40_000_000
CONFIG = PreprocessConfig(size=64, line_width=3)


@pytest.fixture(scope="module")
def decoder() -> Iterator[SketchDecoder]:
    decoder = SketchDecoder(CONFIG, PIXELS)
    decoder.start()
    decoder.warm_up()
    yield decoder
    decoder.close()


def process_of(decoder: SketchDecoder | PhotoDecoder, number: int = -1) -> DecoderProcess:
    process = decoder._pool.slots[number]._process
    assert process is not None
    return process


def run(work: Coroutine[Any, Any, Any]) -> Any:
    return asyncio.run(work)


@pytest.mark.parametrize("format", ["PNG", "JPEG", "WEBP", "GIF", "TIFF", "BMP"])
def test_it_gives_what_decoding_here_gives(decoder: SketchDecoder, format: str) -> None:
    sketch = ImageSketch(sketch_file(4, format), PIXELS)
    there: FramedPicture = run(decoder.frame("client", sketch))
    here = sketch.decode(Preprocess(CONFIG))
    assert np.array_equal(there.frame, here.frame)
    assert (there.placement, there.width, there.height) == (here.placement, here.width, here.height)
    assert run(decoder.vectorise("client", sketch)) == sketch.trace(Preprocess(CONFIG))


@pytest.mark.parametrize(
    ("data", "kind"),
    [
        (b"hello", UnreadableImageError),
        (bomb(), ImageTooLargeError),
        (blank_file(300, 200), BlankSketchError),
        (b"", UnreadableImageError),
    ],
)
def test_it_refuses_what_decoding_here_refuses(decoder: SketchDecoder, data: bytes, kind: type[Exception]) -> None:
    sketch = ImageSketch(data, PIXELS)
    with pytest.raises(kind) as here:
        sketch.decode(Preprocess(CONFIG))
    with pytest.raises(kind) as there:
        run(decoder.frame("client", sketch))
    assert type(there.value) is type(here.value) and str(there.value) == str(here.value)


def test_an_image_is_too_costly_before_the_search_for_it_is_too_late() -> None:
    assert Settings.model_fields["search_timeout"].default > SECONDS


def test_the_largest_pictures_fit(decoder: SketchDecoder) -> None:
    large = draw_product(3, (8000, 5000)).convert("RGBA")
    picture: FramedPicture = run(decoder.frame("client", ImageSketch(image_file(large, "PNG"), PIXELS)))
    assert (picture.width, picture.height) == (8000, 5000)


def test_a_process_that_gets_no_time_is_given_up_and_the_next_image_is_served(monkeypatch: pytest.MonkeyPatch) -> None:
    decoder = SketchDecoder(CONFIG, PIXELS, seconds=1)
    decoder.start()
    decoder.warm_up()
    process = process_of(decoder)
    os.kill(process.pid, signal.SIGSTOP)  # as a process that gets no processor time ...
    monkeypatch.setattr(
        "app.decoding.process_progress.ProgressWatch.hangs", lambda _: False
    )  # ... though it would compute
    started = time.perf_counter()
    with pytest.raises(
        DecoderUnavailableError, match="was not decoded within 3 s because the server is overloaded; try again later"
    ):
        run(decoder.frame("client", ImageSketch(sketch_file(), PIXELS)))
    assert 2 < time.perf_counter() - started < 8
    assert process.poll() is not None
    assert run(decoder.frame("client", ImageSketch(sketch_file(), PIXELS))).frame.shape == (256, 256)
    decoder.close()


def test_an_image_that_computes_for_too_long_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    wait = DecoderProcess._wait
    monkeypatch.setattr(DecoderProcess, "_wait", lambda process, _seconds: wait(process, 60))
    decoder = SketchDecoder(CONFIG, PIXELS, seconds=0.2)
    decoder.start()
    process = process_of(decoder)
    data = image_file(draw_product(3, (8000, 5000)).convert("RGBA"))
    with pytest.raises(ImageTooCostlyError):
        run(decoder.frame("client", ImageSketch(data, PIXELS)))
    assert process.returncode == -signal.SIGPROF
    decoder.close()


def test_what_earlier_images_took_does_not_count() -> None:
    decoder = SketchDecoder(CONFIG, PIXELS, seconds=1)
    decoder.start()
    process, data = process_of(decoder), image_file(draw_product(3, (1200, 900)))
    while psutil.Process(process.pid).cpu_times().user < 2:
        run(decoder.frame("client", ImageSketch(data, PIXELS)))
    assert process.poll() is None
    decoder.close()


def test_an_image_that_takes_too_much_memory_is_refused() -> None:
    data = image_file(Image.new("I;16", (10_000, 10_000)), "PNG")  # 1.2 GB while its floats become bytes
    decoder = SketchDecoder(CONFIG, 1000)
    decoder.start()
    with pytest.raises(ImageTooCostlyError):
        run(decoder.frame("client", ImageSketch(data, 150_000_000)))
    assert run(decoder.frame("client", ImageSketch(sketch_file(), PIXELS))).frame.shape == (256, 256)
    decoder.close()


def test_no_process_outlives_the_decoder() -> None:
    decoder = SketchDecoder(CONFIG, PIXELS)
    decoder.start()
    run(decoder.frame("client", ImageSketch(sketch_file(), PIXELS)))
    processes = [process_of(decoder, number) for number in range(2)]
    decoder.close()
    assert all(process.poll() is not None for process in processes)


@pytest.fixture(scope="module")
def photo_decoder() -> Iterator[PhotoDecoder]:
    decoder = PhotoDecoder(CONFIG, 2)
    yield decoder
    decoder.close()


@pytest.mark.parametrize("format", ["PNG", "JPEG"])
def test_a_photo_is_made_as_it_is_here(photo_decoder: PhotoDecoder, format: str) -> None:
    data = sketch_file(5, format)
    there, here = photo_decoder.decode(data), decode_photo(data, Preprocess(CONFIG))
    assert (there.photo, there.thumbnail) == (here.photo, here.thumbnail)
    assert np.array_equal(there.frames, here.frames)


@pytest.mark.parametrize(("data", "kind"), [(b"hello", UnreadableImageError), (bomb(), ImageTooLargeError)])
def test_a_photo_is_refused_as_it_is_here(photo_decoder: PhotoDecoder, data: bytes, kind: type[Exception]) -> None:
    with pytest.raises(kind) as here:
        decode_photo(data, Preprocess(CONFIG))
    with pytest.raises(kind) as there:
        photo_decoder.decode(data)
    assert type(there.value) is type(here.value) and str(there.value) == str(here.value)


def test_a_photo_that_takes_too_much_is_refused(photo_decoder: PhotoDecoder, monkeypatch: pytest.MonkeyPatch) -> None:
    photo_decoder.decode(sketch_file())

    def killed(process: DecoderProcess, seconds: float) -> None:
        if process._is_ready:
            process.kill()  # as the system does if it takes too much memory
        wait(process, seconds)

    def stopped(process: DecoderProcess, header: bytes, data: bytes, seconds: float) -> Answer:
        os.kill(process.pid, signal.SIGSTOP)  # or it might be done before it is killed
        return exchange(process, header, data, seconds)

    wait, exchange = DecoderProcess._wait, DecoderProcess.exchange
    with monkeypatch.context() as costly:
        costly.setattr(DecoderProcess, "_wait", killed)
        costly.setattr(DecoderProcess, "exchange", stopped)
        costly.setattr(DecoderProcess, "_check", lambda *_: None)  # which would notice the stop
        with pytest.raises(ImageTooCostlyError, match="less than 8 s"):
            photo_decoder.decode(sketch_file())
    assert photo_decoder.decode(sketch_file()).frames.shape == (1, 256, 256)
    assert photo_decoder._pool.slots[0]._process is None  # one process was enough


def test_a_photo_is_decoded_with_the_priority_of_the_thread_that_asks() -> None:
    decoder = PhotoDecoder(CONFIG, 1)
    decoder.start()

    def ask() -> int:
        os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), 15)
        decoder.decode(sketch_file())
        return os.getpriority(os.PRIO_PROCESS, process_of(decoder, 0).pid)

    with ThreadPoolExecutor(1) as pool:
        assert pool.submit(ask).result() == 15
    decoder.close()
