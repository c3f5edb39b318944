"""Tests that no feed can make the server request addresses of its own machine or network."""

from __future__ import annotations

from pathlib import Path

import httpcore
import pytest

from app.photo_fetch import address_guard as addresses
from app.photo_fetch.address_guard import GuardedNetwork, Resolve, is_public
from app.photo_fetch.http_fetcher import RemotePhotos
from app.photo_fetch.validator_cache import ValidatorCache
from model.preprocessing.images import UnreadableImageError
from tests.support.photo_web import web


@pytest.mark.parametrize("address", ["8.8.8.8", "2606:4700::1111", "64:ff9b::808:808"])
def test_public_addresses(address: str) -> None:
    assert is_public(address)


@pytest.mark.parametrize(
    "address",
    [
        *("127.0.0.1", "127.9.9.9", "0.0.0.0", "10.0.0.1", "172.16.0.1", "192.168.1.1", "169.254.169.254"),
        *("100.64.0.1", "192.0.0.1", "198.18.0.1", "224.0.0.1", "240.0.0.1", "255.255.255.255"),
        *("::1", "::", "fe80::1%eth0", "fc00::1", "fec0::1", "ff02::1", "2001:db8::1"),
        *("::ffff:127.0.0.1", "::ffff:8.8.8.8", "::127.0.0.1", "64:ff9b::7f00:1", "2002:7f00:1::", "2001:0:1::1"),
    ],
)
def test_all_other_addresses(address: str) -> None:
    assert not is_public(address)


def photos(folder: Path, resolve: Resolve, *, allow_private: bool = False) -> RemotePhotos:
    network = GuardedNetwork(resolve, allow_private=allow_private)
    return RemotePhotos(network, ValidatorCache(folder / "validators.sqlite"), 1000, pauses=())


@pytest.mark.parametrize(
    "host",
    ["127.0.0.1", "127.1", "2130706433", "0x7f.1", "localhost", "[::1]", "[::ffff:127.0.0.1]", "user:pw@127.0.0.1"],
)
def test_this_machine_is_not_asked_however_it_is_called(tmp_path: Path, host: str) -> None:
    with web() as server:
        fetching = photos(tmp_path, addresses.resolve)
        with pytest.raises(
            UnreadableImageError, match=r"not of the public internet: .*SKETCHFIND_ALLOW_PRIVATE_ADDRESSES="
        ):
            fetching.fetch(server.url(host=host), None)
        fetching.close()
        assert server.asked == []


def test_one_bad_address_among_good_ones_is_enough(tmp_path: Path) -> None:
    fetching = photos(tmp_path, lambda host, port: ["8.8.8.8", "10.0.0.1"])
    with pytest.raises(UnreadableImageError, match=r"shop\.example has the address 10\.0\.0\.1"):
        fetching.fetch("http://shop.example/a.jpg", None)
    fetching.close()


def test_the_checked_address_is_the_one_connected_to(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    answers = [["8.8.8.8"], ["127.0.0.1"]]  # a name server that changes its answer
    connected: list[str] = []

    def connect(_self: object, host: str, *_: object, **__: object) -> httpcore.NetworkStream:
        connected.append(host)
        raise httpcore.ConnectError("no network in tests")

    monkeypatch.setattr(httpcore.SyncBackend, "connect_tcp", connect)
    fetching = photos(tmp_path, lambda host, port: answers.pop(0))
    with pytest.raises(UnreadableImageError, match="no network in tests"):
        fetching.fetch("https://shop.example/a.jpg", None)
    fetching.close()
    assert connected == ["8.8.8.8"] and answers == [["127.0.0.1"]]


def test_redirects_are_checked_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    addresses_of = {"good.example": ["127.0.0.1"], "bad.example": ["169.254.169.254"]}
    monkeypatch.setattr(addresses, "is_public", lambda address: address == "127.0.0.1")
    with web() as server:
        server.answers["/a.jpg"] = (302, {"Location": "http://bad.example/secret"}, b"")
        fetching = photos(tmp_path, lambda host, port: addresses_of[host])
        with pytest.raises(UnreadableImageError, match=r"bad\.example has the address 169\.254\.169\.254"):
            fetching.fetch(server.url(host="good.example"), None)
        fetching.close()
        assert [headers["host"] for _, headers in server.asked] == [f"good.example:{server.port}"]


@pytest.mark.parametrize("target", ["file:///etc/passwd", "ftp://shop.example/a.jpg", "gopher://x/", "http:///a.jpg"])
def test_other_schemes_are_refused_in_links_and_redirects(tmp_path: Path, target: str) -> None:
    fetching = photos(tmp_path, lambda host, port: ["127.0.0.1"], allow_private=True)
    with pytest.raises(UnreadableImageError, match="expected http:// or https:// and a host"):
        fetching.fetch(target, None)
    with web() as server:
        server.answers["/a.jpg"] = (302, {"Location": target}, b"")
        with pytest.raises(UnreadableImageError, match="cannot be fetched"):
            fetching.fetch(server.url(), None)
    fetching.close()
