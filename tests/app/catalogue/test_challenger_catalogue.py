"""A catalogue as a challenger sees it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from app.catalogue.challenger.challenger_catalogue import ChallengerCatalogue
from app.database.errors import CheckpointMismatchError
from app.database.state import EmbeddingsOrigin
from tests.support.small_galleries import DIM, open_catalogue, url_of, vectors, with_photos

OTHER = "b" * 64
THEIRS = vectors(1, 9)[0]


def embed(names: Sequence[str], _origin: EmbeddingsOrigin) -> Mapping[str, NDArray[np.float32]]:
    return {name: THEIRS for name in names if "damaged" not in name}


def test_new_photos_are_embedded_before_a_change_is_seen(directory: Path) -> None:
    catalogue = open_catalogue(directory)
    catalogue.put([with_photos("a", 2), with_photos("damaged", 1)], vectors(3))
    challengers = [ChallengerCatalogue(url_of(directory), OTHER, DIM, embed) for _ in range(2)]
    first, second = challengers
    with first.view() as view, pytest.raises(CheckpointMismatchError):
        view.changes(0)
    with first.view() as view:
        before = view.missing(0, None)
    assert sorted(before) == ["a/0", "a/1", "damaged/0"]
    second._stage(before)  # another server is quicker
    first._stage(before)
    changed, unusable = first.changes(0)
    assert changed.embeddings is not None and unusable.embeddings is None  # it is not found then
    np.testing.assert_array_equal(changed.embeddings, [THEIRS, THEIRS])
    with first.view() as view:
        np.testing.assert_array_equal(view.embeddings("a"), [THEIRS, THEIRS])
        with pytest.raises(CheckpointMismatchError):
            view.embeddings("damaged")
    assert (first.state().checkpoint, catalogue.state().checkpoint) == (OTHER, "a" * 64)
    for challenger in challengers:
        challenger.close()


def test_embeddings_in_use_are_read_once_the_catalogue_has_the_checkpoint(directory: Path) -> None:
    catalogue = open_catalogue(directory)
    catalogue.put([with_photos("a", 1)], vectors(1))
    challenger = ChallengerCatalogue(url_of(directory), OTHER, DIM, embed)
    assert challenger.changes(0)
    with catalogue.transaction() as connection:
        challenger._staged.promote(connection)
    (change,) = challenger.changes(0)
    np.testing.assert_array_equal(change.embeddings, [THEIRS])
    with challenger.view() as view:
        assert view.missing(0, None) == [] and view.state == catalogue.state()
    challenger.close()


def test_embedding_stops_with_the_server(directory: Path) -> None:
    open_catalogue(directory).put([with_photos("a", 1)], vectors(1))
    challenger = ChallengerCatalogue(url_of(directory), OTHER, DIM, embed)
    challenger.stop()
    with pytest.raises(InterruptedError):
        challenger.changes(0)
    challenger.close()
