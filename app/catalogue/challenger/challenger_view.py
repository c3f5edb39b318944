"""A consistent view of a catalogue whose embeddings are those by a challenger."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import cached_property
from typing import Any

from sqlalchemy import ColumnElement, Connection, FromClause

from app.catalogue.catalogue_view import CatalogueView
from app.catalogue.staged_embeddings import StagedEmbeddings
from app.database.errors import CheckpointMismatchError
from app.database.rows import state_in
from app.database.state import CatalogueState, Change


class ChallengerView(CatalogueView):
    """View with the staged embeddings of a challenger, or with those in use once the catalogue has its checkpoint."""

    def __init__(self, connection: Connection, staged: StagedEmbeddings) -> None:
        super().__init__(connection, staged.origin)
        self._staged = staged
        self._stored_state = state_in(connection)

    @cached_property
    def state(self) -> CatalogueState:
        """The state of the catalogue as a whole, as if it had the challenger's checkpoint."""
        checkpoint, is_mirrored = self._staged.origin
        return replace(self._stored_state, checkpoint=checkpoint, dim=self._staged.dim, is_mirrored=is_mirrored)

    def missing(self, since: int, limit: int | None) -> list[str]:
        """Return the photos without embeddings of the first `limit` products that changed after revision `since`."""
        return [] if self._is_promoted else self._staged.missing_since(self._connection, since, limit)

    def changes(self, since: int, limit: int | None = None) -> list[Change]:
        """Return the changes after a revision. Raises CheckpointMismatchError while embeddings of them are missing."""
        if self.missing(since, limit):
            raise self._mismatch()
        return super().changes(since, limit)

    def embedded_changes(self, since: int, limit: int | None = None) -> list[Change]:
        """Return the changes after a revision. Photos without embeddings are left out."""
        return super().changes(since, limit)

    @property
    def _is_promoted(self) -> bool:
        return self._stored_state.origin == self._staged.origin

    def _stored_embeddings(self, product_id: str) -> Sequence[Any]:
        """Return the embeddings of a product's photos. Raises CheckpointMismatchError if one is missing."""
        values = super()._stored_embeddings(product_id)
        if None in values:
            raise self._mismatch()
        return values

    def _mismatch(self) -> CheckpointMismatchError:
        return CheckpointMismatchError(str(self._stored_state.checkpoint), self._staged.origin.checkpoint)

    def _with_embeddings(self, joined: FromClause) -> tuple[FromClause, ColumnElement[Any]]:
        return super()._with_embeddings(joined) if self._is_promoted else self._staged.join(joined)
