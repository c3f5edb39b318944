"""Bodies of `POST /events`."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, ConfigDict, Field, model_validator
from pydantic_core import PydanticCustomError

from app.database.analytics.records import EventKind
from app.search.results import MOST_LISTED

MOST_EVENTS = 50  # of one request
_LONGEST_ID = 512  # characters


class EventInfo(BaseModel):
    """What happened to the results of a search."""

    model_config = ConfigDict(extra="forbid")

    kind: EventKind = Field(
        description="`shown`: the results were looked at. `opened`: a product was. `shop`: its page in the shop was",
        examples=["opened"],
    )
    search_id: str = Field(
        max_length=64, description="of the answer of the search", examples=["UEEAASNFZ4mrESIzRFVmd4iqu8zd7v8R"]
    )
    product_id: str | None = Field(
        default=None,
        min_length=1,
        max_length=_LONGEST_ID,
        pattern=r"^[^\x00]*$",  # PostgreSQL refuses NUL
        description="of the product; none with `shown`",
        examples=["boot-017", None],
    )
    rank: int | None = Field(
        default=None,
        ge=1,
        le=MOST_LISTED,
        description="of the product in the results; null if it was reached otherwise, and with `shown`",
        examples=[3, None],
    )

    @model_validator(mode="after")
    def _check_product(self) -> EventInfo:
        """Check that exactly the events of products have one. Raises PydanticCustomError."""
        if self.kind == "shown" and (self.product_id is not None or self.rank is not None):
            raise PydanticCustomError("product", "an event `shown` without product_id and rank")
        if self.kind != "shown" and self.product_id is None:
            raise PydanticCustomError("product", "an event with the product_id that was opened")
        return self


class EventBatch(BaseModel):
    """Events of one session, such as those of a few seconds."""

    model_config = ConfigDict(extra="forbid")

    session: str = Field(
        pattern=r"^[0-9a-f]{32}$",
        description="random id, 32 hexadecimal digits, which ends with the tab of the browser",
        examples=["9f86d081884c7d659a2feaa0c55ad015"],
    )
    events: list[EventInfo] = Field(
        min_length=1,
        max_length=MOST_EVENTS,
        description="of one or several searches",
        examples=[[{"kind": "shown", "search_id": "UEEAASNFZ4mrESIzRFVmd4iqu8zd7v8R"}]],
    )


def _schema_of_batch() -> dict[str, Any]:
    """Return the JSON schema of a batch with that of an event in it, since OpenAPI has no `$defs`."""
    schema = EventBatch.model_json_schema()
    schema["properties"]["events"]["items"] = schema.pop("$defs")[EventInfo.__name__]
    return schema


EVENT_BATCH_SCHEMA = _schema_of_batch()
"""JSON schema of a batch, for OpenAPI."""


class EventReceipt(BaseModel):
    """Receipt for events, which are stored."""

    accepted: int = Field(description="number of events that count, unless they came before", examples=[2])
    ignored: int = Field(
        description="number of events of unknown searches, or of searches before yesterday", examples=[0]
    )
