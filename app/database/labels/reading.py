"""Reading of the labels of all products in one language."""

from __future__ import annotations

from sqlalchemy import Connection, func, select

from app.database.labels.tables import labels, product_labels
from app.products.languages.labels import Label, Labels, best_labels

_IS_USED = select(product_labels.c.label_id).where(product_labels.c.label_id == labels.c.id).exists()


def read_labels(connection: Connection, wanted: str) -> Labels:
    """Return the labels in the best languages for a wanted one. Of several, the one that sorts first."""
    columns = labels.c.name, labels.c.key, labels.c.language
    is_alike = labels.c.language >= wanted[:2], labels.c.language < f"{wanted[:2]}~"
    query = select(*columns, func.min(labels.c.text)).where(*is_alike, _IS_USED).group_by(*columns)
    return best_labels((Label(*row) for row in connection.execute(query)), wanted)
