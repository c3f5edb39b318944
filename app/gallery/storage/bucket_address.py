"""Address of a bucket, or of the objects in it whose keys have a prefix: s3://BUCKET/PREFIX."""

from __future__ import annotations

import re
from dataclasses import dataclass

from app.core.error_text import truncate

_ADDRESS = re.compile(r"s3://([a-z0-9][a-z0-9.-]{1,61}[a-z0-9])((?:/[A-Za-z0-9!_.*'()-]+)*)/?")


class BucketAddressError(ValueError):
    """Address that is not one of a bucket, or that cannot be used."""


@dataclass(frozen=True)
class BucketAddress:
    """Bucket, and the prefix of keys, which is empty or ends with a slash."""

    bucket: str
    prefix: str = ""

    @classmethod
    def parse(cls, url: str) -> BucketAddress:
        """Read an address. Raises BucketAddressError."""
        if (match := _ADDRESS.fullmatch(url)) is None:
            expected = "expected s3://BUCKET or s3://BUCKET/PREFIX, in --photos or SKETCHFIND_PHOTOS"
            raise BucketAddressError(f"the address of photos is {truncate(url)}: {expected}")
        return cls(match[1], f"{match[2][1:]}/" if match[2] else "")

    def __str__(self) -> str:
        return f"s3://{self.bucket}/{self.prefix}".removesuffix("/")
