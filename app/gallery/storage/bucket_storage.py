"""Files as objects of a bucket, in Amazon S3 or in any storage with the same interface.

Any number of servers write and remove files at once, but no photo of a written product is ever removed:

- Catalogue.put() commits a product while no other writer is at work, if missing() then finds the files of its photos.
- A file is condemned while no writer is at work and no product has it: an object <key>.condemned is written. Buckets
  are consistent, so missing() of any server sees that object from then on, and accepts the file no longer.
- Only then is the file removed, and last the object that condemns it. A request to remove whose answer is lost leaves
  that object, and is not sent again. Until the object is an hour old, no product can be written with the file. The
  request is sent within minutes, and a bucket refuses requests 15 minutes after they were signed. So it does not come
  after the hour.
- The hour also covers clocks that differ. Those that differ by more than 15 minutes are refused by buckets.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Collection, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from functools import partial
from typing import TypeVar

import boto3
from boto3.exceptions import Boto3Error
from botocore.config import Config
from botocore.exceptions import BotoCoreError

from app.gallery.storage.bucket_address import BucketAddress
from app.gallery.storage.bucket_contact import BucketContact
from app.gallery.storage.bucket_errors import BucketError
from app.gallery.storage.file_storage import FileStorage

_AT_ONCE = 16  # requests of one call
_CONFIG = Config(
    connect_timeout=2,  # s
    read_timeout=5,  # s
    retries={"mode": "standard", "total_max_attempts": 2},
    max_pool_connections=4 * _AT_ONCE,
    # not all storages know the checksums of newer versions
    request_checksum_calculation="when_required",
    response_checksum_validation="when_required",
)
_ONCE = _CONFIG.merge(Config(retries={"mode": "standard", "total_max_attempts": 1}))  # for what must not come late
_FOR_EVER = {"CacheControl": "public, max-age=31536000, immutable"}  # names are hashes
_OWNER = "owner.txt"  # the object that claim() writes
_CONDEMNED = ".condemned"  # ending of the key of the object that condemns a file
_CONDEMNED_FOR = 3600.0  # s until such an object counts no more
_TIME_TO_REMOVE = 600.0  # s from condemning a file until its removal is given up
_log = logging.getLogger(__name__)

_Result = TypeVar("_Result")


class BucketStorage(FileStorage):
    """Objects whose keys are a prefix and the names of files. The AWS environment says where, and by which keys.

    A constructor makes no request. Raises BucketError for an environment that cannot be used.
    """

    parallelism = _AT_ONCE

    def __init__(self, address: BucketAddress) -> None:
        try:
            session = boto3.session.Session()
            self._client, self._remover = (session.client("s3", config=config) for config in (_CONFIG, _ONCE))
        except (BotoCoreError, Boto3Error, ValueError) as error:
            raise BucketError(f"{address} cannot be used: {error}") from error
        self._bucket, self._prefix = address.bucket, address.prefix
        self._contact = BucketContact(f"{address} at {self._client.meta.endpoint_url}")

    @property
    def is_up(self) -> bool:
        """Whether the bucket answered when it was last used."""
        return self._contact.is_up

    def check(self) -> None:
        """Ask whether the bucket exists, so that `is_up` is of this moment."""
        with suppress(OSError), self._contact.request(""):
            self._client.head_bucket(Bucket=self._bucket)

    def owner(self) -> str | None:
        """Return what claim() has recorded, None before. Raises BucketError."""
        try:
            return self.read(_OWNER).decode("utf-8", "replace")
        except FileNotFoundError:
            return None

    def claim(self, owner: str) -> None:
        """Record whose files these are. Raises BucketError if they are those of another owner."""
        if self.owner() is None:
            with suppress(FileExistsError), self._contact.request(_OWNER):
                self._client.put_object(**self._object(_OWNER), Body=owner.encode(), IfNoneMatch="*")
        if (other := self.owner()) != owner:
            where, expected = self._contact.where, "expected a bucket or prefix of its own"
            raise BucketError(f"{where} has the photos of another gallery ({other}): {expected}")

    def path(self, name: str) -> None:
        """Return None: there are no local files."""

    def write(self, files: Mapping[str, bytes]) -> None:
        """Write files, in order, each wholly or not at all. Raises BucketError."""
        for name, data in files.items():
            with self._contact.request(name):
                self._client.put_object(**self._object(name), Body=data, **_headers(name))

    def read(self, name: str) -> bytes:
        """Read a file. Raises FileNotFoundError, and BucketError if it cannot be read."""
        with self._contact.request(name):
            data: bytes = self._client.get_object(**self._object(name))["Body"].read()
        return data

    def missing(self, names: Collection[str]) -> set[str]:
        """Return the names that have no file now. Raises BucketError, also for condemned files."""
        missing = set[str]()
        for name, (written, condemned) in zip(names, self._map(self._look_up, names), strict=True):
            if written is None:
                missing.add(name)
            elif _is_in_force(condemned):
                raise BucketError(f"{name} is being removed from {self._contact.where}: try again later")
        return missing

    def touch(self, names: Collection[str]) -> dict[str, OSError]:
        """Copy files onto themselves. Returns the error of each file for which that is not done."""
        done = 0
        try:
            for _ in self._map(self._touch, names):
                done += 1
        except OSError as error:
            return dict.fromkeys(list(names)[done:], error)
        return {}

    def names(self) -> Iterator[str]:
        """Yield the names of all files. Raises BucketError."""
        return (name for name, _ in self._list() if not name.endswith(_CONDEMNED))

    def older_than(self, moment: float) -> Iterator[str]:
        """Yield the files that were last written or touched before a time, in s since 1970, and condemned ones."""
        return (name.removesuffix(_CONDEMNED) for name, written in self._list() if written < moment)

    def condemn(self, names: Collection[str], before: float) -> Callable[[], None]:
        """Condemn files that were last written or touched before a time, in s since 1970. Returns their removal."""
        deadline, condemned = time.monotonic() + _TIME_TO_REMOVE, list[str]()
        try:
            for name, is_condemned in zip(names, self._map(partial(self._condemn, before), names), strict=True):
                if is_condemned:
                    condemned.append(name)
        except OSError as error:
            self._log_left(error)
        return partial(self._remove, condemned, deadline)

    def _condemn(self, before: float, name: str) -> bool:
        """Condemn a file unless it is newer. Returns whether it is to be removed, or what is left of a removal."""
        written, condemned = self._look_up(name)
        if _is_in_force(condemned):
            return False  # another server removes it, or a request to remove it may still be on its way
        if written is None:
            return condemned is not None
        if is_older := written < before:
            with self._contact.request(name):
                self._client.put_object(**self._object(name + _CONDEMNED), Body=b"")
        return is_older

    def _remove(self, condemned: Collection[str], deadline: float) -> None:
        """Remove condemned files, until a time of time.monotonic()."""
        try:
            for _ in self._map(partial(self._remove_file, deadline), condemned):
                pass
        except OSError as error:
            self._log_left(error)

    def _remove_file(self, deadline: float, name: str) -> None:
        if time.monotonic() < deadline:
            for key in (name, name + _CONDEMNED):
                with self._contact.request(name):
                    self._remover.delete_object(**self._object(key))

    def _log_left(self, error: OSError) -> None:
        _log.warning("files that nothing needs cannot be removed now: %s", error)

    def _touch(self, name: str) -> None:
        source = self._object(name)
        with suppress(FileNotFoundError), self._contact.request(name):
            # a copy onto itself has to change something: the headers are replaced by themselves
            self._client.copy_object(**source, CopySource=source, MetadataDirective="REPLACE", **_headers(name))

    def _look_up(self, name: str) -> tuple[float | None, float | None]:
        """Return when a file was written and when it was condemned, in s since 1970, None if it was not."""
        key = self._prefix + name
        with self._contact.request(name):
            listed = self._client.list_objects_v2(Bucket=self._bucket, Prefix=key, MaxKeys=2)
        times = {entry["Key"]: float(entry["LastModified"].timestamp()) for entry in listed.get("Contents", ())}
        return times.get(key), times.get(key + _CONDEMNED)

    def _list(self) -> Iterator[tuple[str, float]]:
        """Yield the names of all files and of what condemns them, and when they were written, in s since 1970."""
        pages = iter(
            self._client.get_paginator("list_objects_v2").paginate(
                Bucket=self._bucket, Prefix=self._prefix, Delimiter="/"
            )
        )
        while True:
            with self._contact.request(""):
                page = next(pages, None)
            if page is None:
                return
            for entry in page.get("Contents", ()):
                name = entry["Key"].removeprefix(self._prefix)
                if name not in ("", _OWNER):
                    yield name, entry["LastModified"].timestamp()

    def _object(self, name: str) -> dict[str, str]:
        """Return the parameters that name an object."""
        return {"Bucket": self._bucket, "Key": self._prefix + name}

    def _map(self, work: Callable[[str], _Result], names: Collection[str]) -> Iterator[_Result]:
        """Yield work(name) for every name, in order, several at once. Names not begun are left out after an error."""
        pool = ThreadPoolExecutor(_AT_ONCE, "bucket")
        try:
            yield from pool.map(work, names)
        finally:
            pool.shutdown(cancel_futures=True)


def _headers(name: str) -> dict[str, str]:
    """Return the headers of a file, by which a CDN may serve it."""
    return {**_FOR_EVER, "ContentType": "image/webp" if name.endswith(".webp") else "application/octet-stream"}


def _is_in_force(condemned: float | None) -> bool:
    """Return whether a file that was condemned at a time, in s since 1970, must not be used or removed."""
    return condemned is not None and time.time() - condemned < _CONDEMNED_FOR
