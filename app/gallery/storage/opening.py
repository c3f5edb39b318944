"""Opening of the storage that an address names."""

from __future__ import annotations

from app.gallery.storage.bucket_address import BucketAddress, BucketAddressError
from app.gallery.storage.file_storage import FileStorage


def open_bucket(url: str) -> FileStorage:
    """Open the bucket of an address such as s3://shop/photos. No request is made.

    Raises BucketAddressError, and BucketError for an environment that cannot be used.
    """
    address = BucketAddress.parse(url)
    try:
        from app.gallery.storage.bucket_storage import BucketStorage  # boto3 takes long to import, and is optional
    except ImportError:
        raise BucketAddressError("photos in a bucket need boto3: expected `pip install 'sketchfind[s3]'`") from None
    return BucketStorage(address)
