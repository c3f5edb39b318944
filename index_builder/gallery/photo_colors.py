"""Colours of photos that a catalogue has without them, as those from before colours were measured."""

from __future__ import annotations

from collections.abc import Mapping

from sqlalchemy import bindparam, func, select, update

from app.catalogue.catalogue import Catalogue
from app.catalogue.catalogue_view import CatalogueView
from app.colours.shares import ColorShare
from app.database.mutations import claim_revisions, update_products
from app.database.rows import chunks
from app.database.sql_lists import is_any_of
from app.database.tables import photos, products

_LACKING = photos.c.name.is_not(None) & photos.c.colors.is_(None)


def count_unmeasured(catalogue: Catalogue) -> int:
    """Count the stored photos without colours."""
    with catalogue.moment() as connection:
        return int(connection.execute(select(func.count(photos.c.name.distinct())).where(_LACKING)).scalar_one())


def unmeasured_photos(catalogue: Catalogue, after: str, limit: int) -> list[str]:
    """Return the stored photos without colours, in the order of their names, from the first after `after`."""
    query = select(photos.c.name).distinct().where(_LACKING, photos.c.name > after)
    with catalogue.moment() as connection:
        return [str(name) for name in connection.execute(query.order_by(photos.c.name).limit(limit)).scalars()]


def record_colors(catalogue: Catalogue, colors: Mapping[str, tuple[ColorShare, ...]]) -> None:
    """Record the colours of photos by name, in one transaction. Their products get new revisions.

    Photos that no product has any more, and those that have got colours meanwhile, are left alone.
    """
    if not colors:
        return
    with catalogue.transaction() as connection:
        view = CatalogueView(connection, None)
        ids: list[str] = []
        for chunk in chunks(colors):
            owners = select(photos.c.product_id).where(_LACKING, is_any_of(photos.c.name, chunk)).distinct()
            ids.extend(connection.execute(owners).scalars())
        ids = list(dict.fromkeys(ids))
        before = {product.product_id: product for product in view.products_where(products.c.product_id, ids)}
        by_name = update(photos).where(_LACKING, photos.c.name == bindparam("target")).values(colors=bindparam("new"))
        connection.execute(by_name, [{"target": name, "new": of_photo} for name, of_photo in colors.items()])
        after = view.products_where(products.c.product_id, ids)
        first = claim_revisions(connection, len(after)) - len(after) + 1
        changed = [product.with_revision(number) for number, product in enumerate(after, first)]
        update_products(connection, [(before[product.product_id], product) for product in changed])
