"""Decoder that remembers its last photos, since the variants of a product often have the same one."""

from __future__ import annotations

import hashlib
import threading
from collections import OrderedDict
from concurrent.futures import Future

from app.decoding.product_photo import Decode, ProductPhoto

_MOST = 32  # photos that are remembered: some 15 MB


class RecentPhotos:
    """Decoder of photos by another one, which decodes equal bytes once. Safe to use from many threads.

    Callers with the bytes of a photo that is being decoded wait for it, and get its error if it fails. Errors are not
    remembered.
    """

    def __init__(self, decode: Decode) -> None:
        self._decode = decode
        self._lock = threading.Lock()
        self._photos: OrderedDict[bytes, Future[ProductPhoto]] = OrderedDict()  # by SHA-256, the last used one last

    def __call__(self, data: bytes) -> ProductPhoto:
        """Decode a photo file. Raises the errors of the other decoder."""
        key = hashlib.sha256(data).digest()
        with self._lock:
            known = self._photos.get(key)
            photo = known or Future[ProductPhoto]()
            self._photos[key] = photo
            self._photos.move_to_end(key)
            if len(self._photos) > _MOST:
                self._photos.popitem(last=False)
        if known is None:
            self._fill(photo, key, data)
        return photo.result()

    def _fill(self, photo: Future[ProductPhoto], key: bytes, data: bytes) -> None:
        try:
            photo.set_result(self._decode(data))
        except BaseException as error:
            with self._lock:
                if self._photos.get(key) is photo:
                    del self._photos[key]
            photo.set_exception(error)
