"""Whether a bucket answers, as of the last request, and what its errors mean."""

from __future__ import annotations

import errno
import logging
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager

from boto3.exceptions import Boto3Error
from botocore.exceptions import BotoCoreError, ClientError

from app.gallery.storage.bucket_errors import BucketError

_log = logging.getLogger(__name__)


class BucketContact:
    """Record of the last request. The log has each loss of the bucket and each return."""

    def __init__(self, where: str) -> None:
        self.where = where  # address and endpoint, in messages
        self._lost_at: float | None = None  # by time.monotonic(), while the bucket is away

    @property
    def is_up(self) -> bool:
        """Whether the last request was answered."""
        return self._lost_at is None

    @contextmanager
    def request(self, name: str) -> Iterator[None]:
        """Make a request about a file in the block.

        Raises FileNotFoundError or FileExistsError if the bucket says so, and BucketError for all other errors.
        """
        try:
            yield
        except ClientError as error:
            code, message = (error.response["Error"].get(part, "") for part in ("Code", "Message"))
            if code == "NoSuchKey":
                self._note_answer()
                raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), name) from None
            if code == "PreconditionFailed":
                self._note_answer()
                raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), name) from None
            raise self._note_failure(f"{code}: {message}") from error
        except (BotoCoreError, Boto3Error) as error:
            raise self._note_failure(str(error)) from error
        self._note_answer()

    def _note_answer(self) -> None:
        lost_at, self._lost_at = self._lost_at, None
        if lost_at is not None:
            _log.info("%s is back after %.0f s", self.where, time.monotonic() - lost_at)

    def _note_failure(self, reason: str) -> BucketError:
        """Record a failure, and return its error."""
        error = BucketError(f"{self.where} cannot be used: {reason}")
        if self._lost_at is None:
            self._lost_at = time.monotonic()
            _log.warning("photos are away: %s", error)
        return error
