"""Fields and indexes of a collection of photos in Milvus."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import TYPE_CHECKING

from app.products.conditions import PRICE
from app.products.rule_numbers import RULE_NUMBERS

if TYPE_CHECKING:
    from pymilvus import MilvusClient

SIDES = ("key", "mirrored")  # fields of the photos' keys, and of those of their mirror images
TIMEOUT = 10.0  # s of a call
SLOW = 600.0  # s of a call that goes through all rows
_NUMBERS = ("product", "revision")  # fields by which rows are looked up
_MOST_TERMS = 4096  # that Milvus allows in an array
_log = logging.getLogger(__name__)


def create_collection(client: MilvusClient, name: str, sides: Sequence[str], width: int) -> None:
    """Create a collection without indexes, with keys (D+1,) of a width. Raises MilvusException."""
    from pymilvus import DataType

    schema = client.create_schema(auto_id=False, enable_dynamic_field=False)
    schema.add_field("row", DataType.INT64, is_primary=True)
    for side in sides:
        schema.add_field(side, DataType.FLOAT_VECTOR, dim=width)
    for number in (*_NUMBERS, PRICE):
        schema.add_field(number, DataType.INT64)
    schema.add_field("terms", DataType.ARRAY, element_type=DataType.INT64, max_capacity=_MOST_TERMS)
    for number in RULE_NUMBERS:
        schema.add_field(number, DataType.DOUBLE)
    client.create_collection(name, schema=schema, consistency_level="Strong", timeout=TIMEOUT)


def add_indexes(client: MilvusClient, name: str, sides: Sequence[str], kind: str) -> None:
    """Add the indexes that a collection lacks, also after a process was killed before it had made them.

    Raises MilvusException.
    """
    from pymilvus import MilvusException

    existing = client.list_indexes(name)
    for field, of_field in {**dict.fromkeys(sides, kind), **dict.fromkeys((*_NUMBERS, "terms"), "INVERTED")}.items():
        if field in existing:
            continue
        metric = {"metric_type": "IP"} if field in sides else {}
        indexes = client.prepare_index_params()
        indexes.add_index(field, index_type=of_field, index_name=field, **metric)
        try:
            client.create_index(name, indexes, timeout=SLOW)
        except MilvusException as error:
            if field != "terms":
                raise
            _log.info("Milvus has no index of arrays, so filters read all rows: %s", error.message)
