"""The tables of analytics, in the catalogue's database. They hold nothing that says who a shopper is."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, Integer, Table

from app.database.tables import metadata, products

_Text = products.c.product_id.type

events = Table(
    "events",
    metadata,
    Column("search", _Text, primary_key=True),  # random id of a search
    Column("kind", _Text, primary_key=True),  # shown, opened or shop
    Column("product_id", _Text, primary_key=True),  # empty for a search that was shown
    Column("day", _Text, nullable=False, index=True),  # of the search: UTC, ISO 8601
    Column("session", _Text, nullable=False),  # random id, which a browser keeps until its tab is closed
    Column("rank", Integer),
    Column("checkpoint", _Text, nullable=False),  # the first digits of its SHA-256
    Column("outcome", _Text, nullable=False),  # of the search: found, doubtful or none
)

daily_counts = Table(
    "daily_counts",
    metadata,
    Column("day", _Text, primary_key=True),
    Column("checkpoint", _Text, primary_key=True),
    Column("name", _Text, primary_key=True),  # what is counted
    Column("total", BigInteger, nullable=False),
)
