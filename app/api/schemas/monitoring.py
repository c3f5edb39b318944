"""Response bodies of the routes for monitoring."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, Field


class Status(BaseModel):
    """Status of the server."""

    status: str = Field(description="ok, ready or degraded", examples=["ok"])


class Readiness(Status):
    """Status of the searches, of the database that they need for all but the nearest products, and of the photos."""

    status: Literal["ready", "degraded"] = Field(
        description="degraded while the database or the bucket of the photos is away; searches continue",
        examples=["ready"],
    )
    database: Literal["up", "away"] = Field(
        description="while it is away, searches by the lines alone continue from memory", examples=["up"]
    )
    photos: Literal["up", "away"] = Field(
        description="while their bucket is away, they are neither shown nor written", examples=["up"]
    )


class Health(Status):
    """Status of the process, and what runs in it."""

    version: str = Field(description="version of Sketchfind", examples=["0.1.0"])
    build: str | None = Field(description="git commit of the image; null if it is unknown", examples=["1a2b3c4"])
    checkpoint: str | None = Field(
        description="first 12 digits of the checkpoint's SHA-256; null until the gallery is loaded",
        examples=["0123456789ab"],
    )
