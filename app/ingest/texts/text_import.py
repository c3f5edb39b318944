"""Import of texts in one language into products that exist. Photos, prices and all other fields stay."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from itertools import islice

from app.catalogue.catalogue import Catalogue
from app.catalogue.import_jobs import FeedProblem, ImportCounts
from app.catalogue.product_patches import PatchOutcome, apply_patches, patch_products
from app.core.error_text import truncate
from app.feeds.records import FeedTexts

_BATCH = 100  # entries written in one transaction, as in PATCH /products


def import_texts(
    catalogue: Catalogue,
    items: Iterable[FeedTexts | FeedProblem],
    on_problem: Callable[[FeedProblem], object],
    on_step: Callable[[ImportCounts], object] = lambda counts: None,
    *,
    is_dry_run: bool = False,
) -> ImportCounts:
    """Write the texts of the items. `on_step` is called after each batch with the counts of committed items.

    A product that the catalogue lacks is a problem of its item. A dry run only counts. Raises SQLAlchemyError.
    """
    counts, iterator = ImportCounts(), iter(items)
    while batch := list(islice(iterator, _BATCH)):
        texts = [item for item in batch if isinstance(item, FeedTexts)]
        problems = [item for item in batch if isinstance(item, FeedProblem)]
        outcomes = _patch(catalogue, texts, is_dry_run=is_dry_run)
        problems += [
            FeedProblem(item.where, outcome.error or _unknown(item))
            for item, outcome in zip(texts, outcomes, strict=True)
            if outcome.product is None or outcome.error
        ]
        for problem in problems:
            on_problem(problem)
        updated = sum(outcome.is_changed for outcome in outcomes)
        unchanged = len(batch) - len(problems) - updated
        counts += ImportCounts(done=len(batch), updated=updated, unchanged=unchanged, problems=len(problems))
        on_step(counts)
    return counts


def _patch(catalogue: Catalogue, texts: Sequence[FeedTexts], *, is_dry_run: bool) -> Sequence[PatchOutcome]:
    """Apply the patches of texts, or only tell what would become of them."""
    patches = [item.patch for item in texts]
    if not is_dry_run:
        return patch_products(catalogue, patches)
    return apply_patches(patches, catalogue.get_many([patch.product_id for patch in patches]))


def _unknown(item: FeedTexts) -> str:
    return f"product {truncate(item.product_id)} is unknown: expected one of the gallery, to which texts are added"
