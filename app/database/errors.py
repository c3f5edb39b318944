"""Errors of the catalogue's database."""

from __future__ import annotations


class CatalogueError(ValueError):
    """A catalogue that cannot be used, or not for this purpose."""


class CheckpointMismatchError(CatalogueError):
    """A checkpoint other than the one that made the embeddings: the two cannot be compared.

    Also raised if the photos have been embedded again by the same one, both ways round or no longer so.
    """

    def __init__(self, recorded: str, given: str) -> None:
        message = f"the gallery has checkpoint {recorded}, but checkpoint {given} is given: "
        message += "use the gallery's, or run `sketchfind reembed` with the given one"
        if recorded == given:
            message = "the photos of the gallery have been embedded again meanwhile; try again"
        super().__init__(message)
        self.recorded, self.given = recorded, given


class ConcurrentChangeError(Exception):
    """A change by others: products changed since the caller read them, or their new photos have been removed."""

    def __init__(self, ids: set[str]) -> None:
        super().__init__(f"{len(ids)} products, or their photos, have been changed by others")
        self.ids = ids
