"""Tests of downloads of feeds: conditions, limits, and what is refused."""

from __future__ import annotations

import io
from collections.abc import Iterator

import pytest

from app.photo_fetch.address_guard import GuardedNetwork
from app.photo_fetch.feed_download import FeedUnavailableError, download_feed
from app.photo_fetch.validator_cache import Validators
from tests.support.photo_web import Answer, Web, web

FEED = b"id,image_link\n"


@pytest.fixture
def server() -> Iterator[Web]:
    with web() as served:
        yield served


def download(server: Web, known: Validators | None = None, path: str = "/feed") -> tuple[Validators | None, bytes]:
    file = io.BytesIO()
    validators = download_feed(GuardedNetwork(allow_private=True), server.url(path), known, file, 20)
    return validators, file.getvalue()


def test_a_feed_is_downloaded_only_when_it_has_changed(server: Web) -> None:
    server.answers = {"/old": (302, {"Location": "/feed"}, b""), "/feed": (200, {"ETag": '"1"'}, FEED)}
    validators, data = download(server, path="/old")
    assert validators == Validators("", '"1"', "") and data == FEED
    assert download(server, validators) == (None, b"")
    assert download(server, Validators("", '"0"', ""))[1] == FEED


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        ((404, {}, b""), "the server answers 404: expected 200"),
        ((304, {}, b""), "the server answers 304: expected 200"),
        ((200, {}, b""), "it is empty"),
        ((200, {}, b"x" * 21), "it has 21 bytes: expected at most 20"),
        ((200, {"Content-Encoding": "gzip"}, b"x"), "its content-encoding is 'gzip': expected none"),
        ((200, {"Content-Length": "9"}, b"x"), ""),
        ((302, {"Location": "/feed"}, b""), "Exceeded maximum allowed redirects."),
        ((302, {"Location": "ftp://x/y"}, b""), "ftp://"),
    ],
)
def test_what_is_no_feed_is_refused(server: Web, answer: Answer, words: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("app.photo_fetch.feed_download._TIMEOUT", 0.5)
    server.answers = {"/feed": answer}
    with pytest.raises(FeedUnavailableError) as refused:
        download(server)
    assert words in str(refused.value)


def test_feeds_come_from_public_addresses_only(server: Web) -> None:
    with pytest.raises(FeedUnavailableError, match="which is not of the public internet"):
        download_feed(GuardedNetwork(allow_private=False), server.url("/feed"), None, io.BytesIO(), 20)
    assert server.asked == []
