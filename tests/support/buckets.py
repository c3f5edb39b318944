"""S3 server for tests, moto's, in a thread of this process on a loopback port."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count

_BUCKET = "shop"


class Buckets:
    """Running server with one bucket. Every place() is a new prefix in it."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.environment = {
            "AWS_ENDPOINT_URL": url,
            "AWS_ACCESS_KEY_ID": "test",
            "AWS_SECRET_ACCESS_KEY": "not-secret",
            "AWS_DEFAULT_REGION": "us-east-1",
            "AWS_EC2_METADATA_DISABLED": "true",
        }
        self._numbers = count()

    def place(self) -> str:
        """Return the address of a new prefix, without objects."""
        return f"s3://{_BUCKET}/place-{next(self._numbers)}"


@contextmanager
def running() -> Iterator[Buckets]:
    """Run a server until the block ends."""
    from moto.server import ThreadedMotoServer  # seconds of imports

    server = ThreadedMotoServer("127.0.0.1", port=0, verbose=False)
    server.start()
    try:
        url = "http://{}:{}".format(*server.get_host_and_port())
        _create_bucket(url)
        yield Buckets(url)
    finally:
        server.stop()


def _create_bucket(url: str) -> None:
    from urllib.request import Request, urlopen

    urlopen(Request(f"{url}/{_BUCKET}", method="PUT")).close()  # moto checks no signatures
