"""Searches by sketches' embeddings, for tests that need no network."""

from __future__ import annotations

from app.core.arrays import Embeddings
from app.products.filters import Filters
from app.search.results import ALL, Query, SearchResult
from app.search.retriever import Retriever


def search_embeddings(
    retriever: Retriever, embeddings: Embeddings, k: int, filters: Filters = ALL
) -> list[SearchResult]:
    """Search by embeddings (B,D) of several sketches at once; return a result for each."""
    return retriever.search_all([Query(embedding[None], k, filters) for embedding in embeddings])
