"""Order of products by how well they have the words of a query, for searches without a sketch."""

from __future__ import annotations

import numpy as np

from app.gallery.selection import Selection
from app.search.ranking import Ranking


def rank_by_words(selection: Selection) -> Ranking:
    """Rank the passing products of a selection by the places of the words in their texts. Without words, none pass."""
    measured = selection.view.measure_words(selection.words) if selection.words and selection.words.choices else {}
    revisions = np.array(sorted(measured), np.int64)
    if not selection.passing.is_everything:
        revisions = revisions[selection.passing.among(revisions)]
    distances = np.array([measured[revision] for revision in revisions.tolist()], np.float32)
    return Ranking(revisions, distances, np.zeros(len(revisions), np.int64))
