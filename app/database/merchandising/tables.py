"""The table of a shop's rules, in the catalogue's database, so that all servers of a gallery have the same."""

from __future__ import annotations

from sqlalchemy import Column, Integer, Table

from app.database.tables import metadata, products

stored_rules = Table(
    "stored_rules",
    metadata,
    Column("key", Integer, primary_key=True, autoincrement=False),  # always 1: one row, or none
    Column("text", products.c.product_id.type, nullable=False),  # TOML, with the comments of its writer
)
