"""Tests of what buckets alone can do: be another gallery's, be away, and lose the answer to a removal."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
from botocore.exceptions import ReadTimeoutError

from app.gallery.layout import GalleryLocation
from app.gallery.storage import bucket_storage
from app.gallery.storage.bucket_address import BucketAddress, BucketAddressError
from app.gallery.storage.bucket_errors import BucketError
from app.gallery.storage.bucket_storage import BucketStorage
from app.gallery.storage.opening import open_bucket
from tests.support.buckets import Buckets

SOON = time.time() + 3600.0


@pytest.fixture
def bucket(buckets: Buckets) -> BucketStorage:
    return BucketStorage(BucketAddress.parse(buckets.place()))


@pytest.mark.parametrize(
    ("url", "bucket", "prefix"),
    [("s3://shop", "shop", ""), ("s3://my.shop-2/", "my.shop-2", ""), ("s3://shop/a/b_1/", "shop", "a/b_1/")],
)
def test_an_address_names_a_bucket_and_a_prefix(url: str, bucket: str, prefix: str) -> None:
    address = BucketAddress.parse(url)
    assert address == BucketAddress(bucket, prefix) and str(address) == url.rstrip("/")


@pytest.mark.parametrize("url", ["", "shop", "https://shop/x", "s3://", "s3://Shop", "s3://shop//x", "s3://shop/a b"])
def test_other_addresses_are_named(tmp_path: Path, url: str) -> None:
    with pytest.raises(BucketAddressError, match=r"the address of photos is .*: expected s3://BUCKET or s3://"):
        GalleryLocation(tmp_path, photos_url=url).open_photos()


def test_a_bucket_belongs_to_one_gallery(bucket: BucketStorage) -> None:
    assert bucket.owner() is None
    bucket.claim("mine")
    bucket.claim("mine")
    with pytest.raises(
        BucketError, match=r"s3://shop/place-\d+ at http://.* has the photos of another gallery \(mine\)"
    ):
        bucket.claim("yours")
    assert bucket.owner() == "mine" and list(bucket.names()) == []


def test_objects_are_told_apart_from_those_of_other_folders(buckets: Buckets) -> None:
    url = buckets.place()
    outer, inner = BucketStorage(BucketAddress.parse(url)), open_bucket(f"{url}/inner")
    outer.write({"a.webp": b"a"})
    inner.write({"b.webp": b"b"})
    assert (list(outer.names()), list(outer.older_than(SOON))) == (["a.webp"], ["a.webp"])
    outer.touch(["a.webp"])
    answer = outer._client.head_object(**outer._object("a.webp"))  # as a CDN would see it
    assert (answer["ContentType"], answer["CacheControl"]) == ("image/webp", "public, max-age=31536000, immutable")


def test_a_bucket_that_is_away_is_named(monkeypatch: pytest.MonkeyPatch, buckets: Buckets) -> None:
    address = buckets.place()
    endpoint = "http://127.0.0.1:9"  # nothing listens there
    monkeypatch.setenv("AWS_ENDPOINT_URL", endpoint)
    away = open_bucket(address)
    for use in (
        lambda: away.read("a"),
        lambda: away.write({"a": b""}),
        lambda: away.missing("a"),
        lambda: away.owner(),
    ):
        with pytest.raises(BucketError, match=f"{address} at {endpoint} cannot be used: Could not connect"):
            use()
    assert list(away.touch(["a", "b"])) == ["a", "b"] and not away.is_up
    away.condemn(["a"], SOON)()
    monkeypatch.setenv("AWS_ENDPOINT_URL", "nonsense")
    with pytest.raises(BucketError, match="Invalid endpoint"):
        open_bucket(address)


def test_a_missing_bucket_is_not_taken_for_missing_files(buckets: Buckets) -> None:
    absent = open_bucket("s3://no-shop")
    for use in (lambda: absent.read("a"), lambda: absent.missing(["a"]), absent.owner, lambda: list(absent.names())):
        with pytest.raises(BucketError, match="NoSuchBucket"):
            use()
    absent.check()
    assert not absent.is_up


def test_a_file_whose_removal_was_not_confirmed_is_of_no_use_for_an_hour(
    bucket: BucketStorage, monkeypatch: pytest.MonkeyPatch
) -> None:
    bucket.write({"a.webp": b"a", "b.webp": b"b"})
    assert bucket._remover.meta.config.retries["total_max_attempts"] == 1

    def lose_answer(**_: str) -> None:
        raise ReadTimeoutError(endpoint_url="http://bucket")

    with monkeypatch.context() as patch:
        patch.setattr(bucket._remover, "delete_object", lose_answer)
        bucket.condemn(["a.webp"], SOON)()
    bucket.write({"a.webp": b"a"})  # the request to remove it may still be on its way
    with pytest.raises(BucketError, match=r"a.webp is being removed from s3://shop.*: try again later"):
        bucket.missing(["b.webp", "a.webp"])
    bucket.condemn(["a.webp"], SOON)()  # another server leaves it alone
    assert sorted(bucket.names()) == ["a.webp", "b.webp"] and bucket.read("a.webp") == b"a"
    monkeypatch.setattr(bucket_storage, "_CONDEMNED_FOR", -9.0)
    assert bucket.missing(["b.webp", "a.webp"]) == set()
    assert set(bucket.older_than(SOON)) == {"a.webp", "b.webp"}
    bucket.condemn(["a.webp"], SOON)()
    assert sorted(bucket.older_than(SOON)) == ["b.webp"]


def test_a_removal_that_waits_too_long_is_given_up(bucket: BucketStorage, monkeypatch: pytest.MonkeyPatch) -> None:
    bucket.write({"a.webp": b"a"})
    monkeypatch.setattr(bucket_storage, "_TIME_TO_REMOVE", -9.0)
    bucket.condemn(["a.webp"], SOON)()
    assert list(bucket.names()) == ["a.webp"]
