from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from app.decoding.product_photo import ProductPhoto
from app.decoding.recent_photos import RecentPhotos
from model.preprocessing.images import UnreadableImageError


class Decoder:
    """Decoder that notes what it decodes; a file that begins with "bad" cannot be decoded."""

    def __init__(self) -> None:
        self.decoded: list[bytes] = []
        self.may_go = threading.Event()
        self.may_go.set()

    def __call__(self, data: bytes) -> ProductPhoto:
        self.decoded.append(data)
        assert self.may_go.wait(10)
        if data.startswith(b"bad"):
            raise UnreadableImageError("no image")
        return ProductPhoto(data, data, np.zeros((1, 2, 2), np.uint8), ())


def test_equal_files_are_decoded_once_and_have_the_same_frames() -> None:
    decoder = Decoder()
    recent = RecentPhotos(decoder)
    first, other, again = recent(b"boot"), recent(b"pump"), recent(b"boot")
    assert decoder.decoded == [b"boot", b"pump"] and again.frames is first.frames is not other.frames


def test_callers_at_the_same_time_wait_for_the_first() -> None:
    decoder = Decoder()
    decoder.may_go.clear()
    recent = RecentPhotos(decoder)
    with ThreadPoolExecutor(4) as threads:
        calls = [threads.submit(recent, b"boot") for _ in range(4)]
        other = threads.submit(recent, b"pump")
        decoder.may_go.set()
        assert len({id(call.result(10)) for call in calls}) == 1 and other.result(10).photo == b"pump"
    assert sorted(decoder.decoded) == [b"boot", b"pump"]


def test_an_error_reaches_the_caller_and_is_not_remembered() -> None:
    decoder = Decoder()
    recent = RecentPhotos(decoder)
    for _ in range(2):
        with pytest.raises(UnreadableImageError, match="no image"):
            recent(b"bad")
    assert decoder.decoded == [b"bad", b"bad"]


def test_few_photos_are_remembered_and_of_these_the_last_used() -> None:
    decoder = Decoder()
    recent = RecentPhotos(decoder)
    for number in range(200):
        recent(b"boot")
        recent(b"%d" % number)
    assert decoder.decoded.count(b"boot") == 1
    recent(b"0")
    assert decoder.decoded.count(b"0") == 2
