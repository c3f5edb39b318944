"""Dry runs: what an import of a source would do, as far as it can be told without fetching photos."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from itertools import islice

from app.catalogue.catalogue import Catalogue
from app.catalogue.import_jobs import FeedProblem, ImportCounts
from app.feeds.records import FeedItem
from app.photo_fetch.linked_photos import LinkedPhotos
from app.products.product import Product
from model.preprocessing.images import UnreadableImageError

_CHUNK = 500  # items compared with the catalogue together


def check_items(
    catalogue: Catalogue,
    items: Iterable[FeedItem | FeedProblem],
    photos: LinkedPhotos,
    on_problem: Callable[[FeedProblem], object],
    on_step: Callable[[ImportCounts], object] = lambda counts: None,
) -> ImportCounts:
    """Compare items with the catalogue, and write nothing. Returns the counts that an import would have.

    A product with the same fields and photo links counts as unchanged. `on_step` is called after each 500 items.
    """
    counts, iterator = ImportCounts(), iter(items)
    while chunk := list(islice(iterator, _CHUNK)):
        names = [item.product.product_id for item in chunk if isinstance(item, FeedItem)]
        stored = catalogue.get_many(names)
        for item in chunk:
            problems = list(_find_problems(item, photos))
            for problem in problems:
                on_problem(problem)
            counts += replace(_count(item, problems, stored), done=1, problems=len(problems))
        on_step(counts)
    return counts


def _find_problems(item: FeedItem | FeedProblem, photos: LinkedPhotos) -> Iterator[FeedProblem]:
    """Yield the problems of an item and of its photos' links."""
    if isinstance(item, FeedProblem):
        yield item
        return
    for link in item.links:
        try:
            photos.check(link)
        except UnreadableImageError as error:
            yield FeedProblem(item.product.product_id, str(error), "photo")


def _count(item: FeedItem | FeedProblem, problems: list[FeedProblem], stored: dict[str, Product]) -> ImportCounts:
    """Count what an import would do with an item."""
    if isinstance(item, FeedProblem) or len(problems) == len(item.links):
        return ImportCounts()
    old = stored.get(item.product.product_id)
    if old is None:
        return ImportCounts(added=1)
    links = tuple(photo.link for photo in old.photos)
    is_same = replace(old, revision=0, photos=()) == item.product.with_languages_of(old) and links == item.links
    return ImportCounts(unchanged=1) if is_same else ImportCounts(updated=1)
