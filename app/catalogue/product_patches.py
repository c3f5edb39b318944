"""Changes of products' fields alone: photos and embeddings stay as they are, and are not read."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from app.catalogue.catalogue import Catalogue
from app.catalogue.catalogue_view import CatalogueView
from app.database.mutations import claim_revisions, update_products
from app.database.tables import products as _products
from app.products.product import Product
from app.products.product_patch import ProductPatch


@dataclass(frozen=True)
class PatchOutcome:
    """Outcome of one patch. `product` is the product's state afterwards, None if the id is unknown.

    `error` says why the patch cannot be applied; the product is then unchanged.
    """

    product: Product | None
    error: str | None = None
    is_changed: bool = False


def patch_products(catalogue: Catalogue, patches: Sequence[ProductPatch]) -> list[PatchOutcome]:
    """Apply patches in order, in one transaction. Return the outcome of each. A changed product gets a new revision.

    Several patches may be of the same product. A patch that cannot be applied does not prevent the others.
    """
    with catalogue.transaction() as connection:
        stored = CatalogueView(connection, None).products_where(
            _products.c.product_id, [patch.product_id for patch in patches]
        )
        before = {product.product_id: product for product in stored}
        after = dict(before)
        outcomes = apply_patches(patches, after)
        changed = [product for name, product in after.items() if product != before[name]]
        first = claim_revisions(connection, len(changed)) - len(changed) + 1
        changed = [product.with_revision(number) for number, product in enumerate(changed, first)]
        update_products(connection, [(before[product.product_id], product) for product in changed])
    after |= {product.product_id: product for product in changed}
    return [
        replace(outcome, product=after[outcome.product.product_id]) if outcome.product else outcome
        for outcome in outcomes
    ]


def apply_patches(patches: Sequence[ProductPatch], products: dict[str, Product]) -> list[PatchOutcome]:
    """Apply patches in order to products by id, which are replaced there, and return the outcome of each."""
    return [_apply(patch, products) for patch in patches]


def _apply(patch: ProductPatch, products: dict[str, Product]) -> PatchOutcome:
    """Apply a patch to the products by id, and return its outcome."""
    old = products.get(patch.product_id)
    if old is None:
        return PatchOutcome(None)
    try:
        new = patch.apply(old)
    except ValueError as error:
        return PatchOutcome(old, str(error))
    products[patch.product_id] = new
    return PatchOutcome(new, is_changed=new != old)
