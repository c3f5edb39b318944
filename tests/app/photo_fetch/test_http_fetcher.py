"""Tests of fetching photos from a web server: validators, retries, limits, redirects and stopping."""

from __future__ import annotations

import hashlib
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from app.photo_fetch import http_fetcher as remote
from app.photo_fetch.address_guard import GuardedNetwork
from app.photo_fetch.http_fetcher import FetchStoppedError, RemotePhotos
from app.photo_fetch.transport import MAX_REDIRECTS
from app.photo_fetch.validator_cache import ValidatorCache, Validators
from model.preprocessing.images import UnreadableImageError
from tests.support.photo_web import Web, web

PHOTO = b"some photo"
SHA256 = hashlib.sha256(PHOTO).hexdigest()


@pytest.fixture
def server() -> Iterator[Web]:
    with web() as served:
        yield served


@pytest.fixture
def photos(tmp_path: Path) -> Iterator[RemotePhotos]:
    network = GuardedNetwork(lambda host, port: ["127.0.0.1"], allow_private=True)
    fetcher = RemotePhotos(network, ValidatorCache(tmp_path / "validators.sqlite"), 1000, pauses=(0.01, 0.01))
    yield fetcher
    fetcher.close()


def test_a_photo_is_fetched_as_it_is(server: Web, photos: RemotePhotos) -> None:
    server.answers["/b%C3%B6ot.jpg?a=1"] = (200, {}, PHOTO)
    assert photos.fetch(server.url("/böot.jpg?a=1", "shop.example"), None) == PHOTO
    ((_, headers),) = server.asked
    assert headers["host"] == f"shop.example:{server.port}" and headers["accept-encoding"] == "identity"


@pytest.mark.parametrize("known", [{"ETag": '"v1"'}, {"Last-Modified": "Wed, 21 Oct 2026 07:28:00 GMT", "ETag": "x"}])
def test_a_known_photo_is_asked_for_only_if_it_has_changed(
    server: Web, photos: RemotePhotos, known: dict[str, str]
) -> None:
    server.answers["/a.jpg"] = (200, known, PHOTO)
    assert photos.fetch(server.url(), None) == PHOTO
    assert photos.fetch(server.url(), SHA256) is None
    assert photos.fetch(server.url(), "0" * 64) == PHOTO  # the store has another photo
    assert photos.fetch(server.url(), None) == PHOTO  # the store has no photo
    asked = [headers for _, headers in server.asked]
    assert asked[1].get("if-modified-since") == known.get("Last-Modified")
    assert all("if-none-match" not in headers for headers in (asked[0], *asked[2:]))
    server.answers["/a.jpg"] = (200, {"ETag": '"v2"'}, b"another")
    assert photos.fetch(server.url(), SHA256) == b"another"


def test_a_validator_that_cannot_be_sent_back_is_not_used(server: Web, photos: RemotePhotos) -> None:
    modified = "Wed, 21 Oct 2026 07:28:00 GMT"
    server.answers["/a.jpg"] = (200, {"ETag": '"bööt"'}, PHOTO)
    server.answers["/b.jpg"] = (200, {"ETag": '"bööt"', "Last-Modified": modified}, PHOTO)
    for path in ("/a.jpg", "/b.jpg"):
        assert photos.fetch(server.url(path), None) == PHOTO
        assert photos.fetch(server.url(path), SHA256) == PHOTO
        assert "if-none-match" not in server.asked[-1][1]
    assert server.asked[-1][1]["if-modified-since"] == modified


@pytest.mark.parametrize("status", [429, 500, 502, 503, 504])
def test_what_may_pass_is_tried_again(server: Web, photos: RemotePhotos, status: int) -> None:
    server.answers["/a.jpg"] = [(status, {"Retry-After": "0"}, b""), (status, {}, b""), (200, {}, PHOTO)]
    assert photos.fetch(server.url(), None) == PHOTO
    server.answers["/b.jpg"] = (status, {}, b"")
    with pytest.raises(UnreadableImageError, match=f"b.jpg cannot be fetched: the server answers {status}"):
        photos.fetch(server.url("/b.jpg"), None)
    assert server.count()["/b.jpg"] == 3


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        ((404, {}, b""), "the server answers 404: expected 200"),
        ((304, {}, b""), "the server answers 304: expected 200"),
        ((200, {"Content-Encoding": "gzip"}, b"x"), "content-encoding is 'gzip': expected none"),
        ((200, {"Content-Length": "99999999"}, b""), "it has 99999999 bytes: expected at most 1,000"),
        ((200, {"Transfer-Encoding": "chunked"}, b"800\r\n" + b"x" * 0x800 + b"\r\n0\r\n\r\n"), "more bytes than the"),
        ((302, {"Location": "/a.jpg"}, b""), "Exceeded maximum allowed redirects"),
    ],
)
def test_what_will_not_pass_is_refused_at_once(
    server: Web, photos: RemotePhotos, answer: tuple[int, dict[str, str], bytes], reason: str
) -> None:
    server.answers["/a.jpg"] = answer
    with pytest.raises(UnreadableImageError, match=f"a.jpg cannot be fetched: .*{reason}"):
        photos.fetch(server.url(), None)
    assert server.count()["/a.jpg"] in (1, MAX_REDIRECTS + 1)


@pytest.mark.parametrize("location", ["/b.jpg", "b.jpg", "//127.0.0.1:{port}/b.jpg", "http://b.example:{port}/b.jpg"])
def test_a_redirect_is_followed_and_its_body_never_read(server: Web, photos: RemotePhotos, location: str) -> None:
    headers = {"Location": location.format(port=server.port), "Content-Encoding": "gzip", "Content-Length": "99999999"}
    server.answers.update({"/a.jpg": (302, headers, b"no gzip, and not all of it"), "/b.jpg": (200, {}, PHOTO)})
    assert photos.fetch(server.url(), None) == PHOTO
    assert server.count() == {"/a.jpg": 1, "/b.jpg": 1}


@pytest.mark.parametrize("location", ["http://[", "http://a:b/", "mailto:a", "file:///a.jpg", "http://xn--/", "é:"])
def test_a_redirect_to_nowhere_is_refused(server: Web, photos: RemotePhotos, location: str) -> None:
    server.answers["/a.jpg"] = (302, {"Location": location}, b"")
    with pytest.raises(UnreadableImageError, match=r"a\.jpg cannot be fetched: .+"):
        photos.fetch(server.url(), None)


@pytest.fixture
def impatient(photos: RemotePhotos, monkeypatch: pytest.MonkeyPatch) -> RemotePhotos:
    """Return a fetcher with one attempt of 0.2 s."""
    monkeypatch.setattr(remote, "SECONDS", 0.2)
    photos._pauses = ()
    return photos


def test_redirects_share_the_time_of_one_try(server: Web, impatient: RemotePhotos) -> None:
    server.delay = 0.08
    server.answers["/a.jpg"] = (302, {"Location": "/a.jpg"}, b"")
    with pytest.raises(UnreadableImageError, match=r"it took too long|timed out"):
        impatient.fetch(server.url(), None)


def test_a_cut_body_is_tried_again(server: Web, photos: RemotePhotos) -> None:
    short = (200, {"Content-Length": "20", "Connection": "close"}, PHOTO)
    server.answers["/a.jpg"] = [short, (200, {}, PHOTO)]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(remote, "_TIMEOUT", 1)
        assert photos.fetch(server.url(), None) == PHOTO


def test_a_body_that_drips_ends_when_its_time_is_over(server: Web, impatient: RemotePhotos) -> None:
    server.drip = 0.05
    server.answers["/a.jpg"] = (200, {}, b"x" * 500)
    started = time.monotonic()
    with pytest.raises(UnreadableImageError, match=r"it took too long|timed out"):
        impatient.fetch(server.url(), None)
    assert time.monotonic() - started < 2


def test_a_host_is_asked_for_two_photos_at_once(server: Web, photos: RemotePhotos) -> None:
    server.delay = 0.05
    urls = [server.url(f"/{n}.jpg", "one.example") for n in range(8)]
    server.answers.update({f"/{n}.jpg": (200, {}, PHOTO) for n in range(8)})
    with ThreadPoolExecutor(8) as pool:
        assert set(pool.map(lambda url: photos.fetch(url, None), urls)) == {PHOTO}
    assert server.busiest == 2


def test_a_dead_host_is_given_up(photos: RemotePhotos, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(remote, "_MAX_FAILURES", 2)
    photos._pauses = ()
    for number in range(3):
        with pytest.raises(
            UnreadableImageError, match="failed 2 times in a row" if number == 2 else "cannot be fetched"
        ):
            photos.fetch(f"http://shop.example:1/{number}.jpg", None)


def test_stopping_ends_what_is_going_on(server: Web, photos: RemotePhotos) -> None:
    server.drip = 0.05
    server.answers["/a.jpg"] = (200, {}, b"x" * 500)
    threading.Timer(0.2, photos.stop).start()
    started = time.monotonic()
    with pytest.raises(FetchStoppedError):
        photos.fetch(server.url(), None)
    with pytest.raises(FetchStoppedError):
        photos.fetch(server.url(), None)
    assert time.monotonic() - started < 2


def test_a_damaged_cache_is_made_anew(tmp_path: Path) -> None:
    path = tmp_path / "cache" / "validators.sqlite"
    path.parent.mkdir()
    path.write_bytes(b"damaged" * 1000)
    cache = ValidatorCache(path)
    cache.put("http://a", Validators("s", "e", ""))
    assert cache.get("http://a") == Validators("s", "e", "")
    cache.put("http://a", Validators("s", "", ""))
    assert cache.get("http://a") is None
    cache.close()
