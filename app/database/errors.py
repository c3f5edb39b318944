"""Errors of the catalogue's database."""

from __future__ import annotations


class CatalogueError(ValueError):
    """The catalogue cannot be used as it is, or not for this."""


class CheckpointMismatchError(CatalogueError):
    """Embeddings of two checkpoints cannot be compared."""

    def __init__(self, recorded: str, given: str) -> None:
        super().__init__(
            f"the gallery was built with checkpoint {recorded}, but the checkpoint given is {given}: "
            "use the one that it was built with, or `sketchfind reembed` the gallery with the other"
        )
        self.recorded, self.given = recorded, given


class ConcurrentChangeError(Exception):
    """Products changed since they were read, or new photos of theirs were removed since they were stored."""

    def __init__(self, ids: set[str]) -> None:
        super().__init__(f"{len(ids)} products, or their photos, have been changed by others")
        self.ids = ids
