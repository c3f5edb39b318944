"""A catalogue as a challenger sees it: the same products, with embeddings by another checkpoint.

These are staged as `sketchfind reembed` does it, so neither has to compute what the other has.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import URL

from app.catalogue.catalogue import Catalogue
from app.catalogue.challenger.challenger_view import ChallengerView
from app.catalogue.staged_embeddings import StagedEmbeddings
from app.database.state import CatalogueState, Change, EmbeddingsOrigin

_BATCH = 32  # photos embedded and written in one transaction

Embed = Callable[[Sequence[str], EmbeddingsOrigin], Mapping[str, NDArray[np.float32]]]
"""Function that embeds stored photos by name, as the origin says. Photos that cannot be embedded are left out."""


class ChallengerCatalogue(Catalogue):
    """Catalogue with the embeddings by the checkpoint `checkpoint` (SHA-256), for reading.

    Photos are embedded both ways round if the gallery's own checkpoint has embedded them so.
    """

    def __init__(self, url: str | URL, checkpoint: str, dim: int, embed: Embed) -> None:
        super().__init__(url)
        origin = EmbeddingsOrigin(checkpoint, super().state().is_mirrored)
        self._staged = StagedEmbeddings(self, origin, dim)
        self._embed = embed
        self._unusable: set[str] = set()  # photos that cannot be embedded
        self._is_closing = threading.Event()

    def stop(self) -> None:
        """Interrupt the embedding of photos."""
        self._is_closing.set()

    @contextmanager
    def view(self) -> Iterator[ChallengerView]:
        """Open a view of the catalogue as of one moment."""
        with self._reading.connect() as connection:
            yield ChallengerView(connection, self._staged)

    def state(self) -> CatalogueState:
        """Return the state of the catalogue as a whole, as if it had the challenger's checkpoint."""
        with self.view() as view:
            return view.state

    def bind(self, checkpoint: str, dim: int, *, mirrored: bool = False) -> None:
        """Leave the record as it is: it has the gallery's checkpoint."""

    def changes(self, since: int, limit: int = 4096) -> list[Change]:
        """Return the products changed or deleted after revision `since`, after embedding their new photos.

        Raises InterruptedError after stop().
        """
        while True:
            with self.view() as view:
                missing = [name for name in view.missing(since, limit) if name not in self._unusable]
                if not missing:
                    return view.embedded_changes(since, limit)
            self._stage(missing)

    def _stage(self, names: Sequence[str]) -> None:
        """Embed photos, and store the embeddings. Other servers may do the same."""
        for start in range(0, len(names), _BATCH):
            if self._is_closing.is_set():
                raise InterruptedError("the server stops before all photos are embedded by the challenger")
            batch = names[start : start + _BATCH]
            embeddings = self._embed(batch, self._staged.origin)
            self._unusable.update(set(batch) - embeddings.keys())
            with self.transaction() as connection:
                stored = self._staged.stored(connection, batch)
                new = {name: value for name, value in embeddings.items() if name not in stored}
                self._staged.add(connection, new)
