"""Pauses of bulk updates between their batches."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from types import SimpleNamespace
from typing import cast

from app.api.bulk_patch import patch_in_batches
from app.api.requests.patch_lines import PatchLine
from app.catalogue.product_patches import PatchOutcome
from app.products.product import Product
from app.products.product_patch import ProductPatch
from app.serving.service import Service

_LINE = PatchLine(1, ProductPatch("a", {}))


def count_pauses(batches: int, pause: float) -> int:
    """Return how often a bulk update of so many batches pauses, if each pause takes `pause` seconds."""
    given: list[float] = []

    async def give_way(seconds: float) -> float:
        given.append(seconds)
        return pause

    async def patch(patches: Sequence[ProductPatch]) -> list[PatchOutcome]:
        return [PatchOutcome(Product("a", "A"))] * len(patches)

    service = SimpleNamespace(queue=SimpleNamespace(give_way=give_way), patch=patch)
    report = asyncio.run(patch_in_batches(cast(Service, service), iter([[_LINE]] * batches)))
    assert report.unchanged == batches
    return len(given)


def test_a_bulk_update_gives_way_to_searches_before_each_batch() -> None:
    assert count_pauses(5, 0.1) == 5


def test_it_does_not_pause_for_ever() -> None:
    assert count_pauses(100, 1.0) == 20
