"""Products that are written, and the outcome, as typed dictionaries; `types` has them too."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Required, TypedDict

from sketchfind_client.states import Problem

Values = str | Sequence[str] | None


class _Fields(TypedDict, total=False):
    title: str | None
    category: str | None
    price: float | str | None
    currency: str | None
    link: str | None
    color: Values
    gender: str | None
    brand: str | None
    size: Values
    size_system: str | None
    size_type: Values
    group_id: str | None
    availability: str | None
    description: str | None
    custom_label_0: str | None
    custom_label_1: str | None
    custom_label_2: str | None
    custom_label_3: str | None
    custom_label_4: str | None
    cost_of_goods_sold: float | str | None


class ProductFields(_Fields, total=False):
    """Fields of a product that is written. Fields that are missing are cleared.

    `image_link` has URLs of photos, which replace all photos; it is for products that are sent without photos.
    """

    attributes: Mapping[str, str | Sequence[str]]
    image_link: Values


class ProductChanges(_Fields, total=False):
    """Fields of a product that change. Fields that are missing stay, and None removes one."""

    attributes: Mapping[str, Values] | None


class ProductPatch(ProductChanges, total=False):
    """Changes of one of many products."""

    product_id: Required[str]


class PatchReport(TypedDict):
    """Outcome of a bulk update. Each product that was sent is counted once.

    `errors` says why the first 100 of those with an error were left out; its `where` is "line 7" for the seventh.
    `unknown_ids` has the first 100 ids of no product. `revision` is that of the last change, None if nothing changed.
    """

    changed: int
    unchanged: int
    unknown: int
    error_count: int
    unknown_ids: list[str]
    errors: list[Problem]
    revision: int | None


class Deletion(TypedDict):
    """Revision of the catalogue without the deleted product."""

    product_id: str
    revision: int


class Deletions(TypedDict):
    """Number of products that were deleted, of unknown ids, and the revision; it is None if nothing changed."""

    deleted: int
    unknown: int
    revision: int | None
