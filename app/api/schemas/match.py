"""The JSON of a match."""

from __future__ import annotations

from dataclasses import asdict

from pydantic import BaseModel, Field

from app.api.schemas.products import photo_url
from app.search.match import Attended, Match


class FrameBox(BaseModel):
    """Where the square that the network saw lies on a picture; it may reach beyond the picture's edges."""

    left: float
    top: float
    width: float
    height: float
    picture_width: float = Field(description="of the upright image in px, or of the canvas in its own unit")
    picture_height: float


class AttendedPicture(BaseModel):
    """A picture and where the network looked on it."""

    attention: list[list[float]] | None = Field(
        description="rows of a map from 0 to 1, its largest 1, to be laid over the box; null of a network without any"
    )
    box: FrameBox

    @staticmethod
    def of(seen: Attended) -> AttendedPicture:
        """The picture as clients see it."""
        picture, attention = seen
        return AttendedPicture(
            attention=None if attention is None else attention.astype(float).round(4).tolist(),
            box=FrameBox(**asdict(picture.placement), picture_width=picture.width, picture_height=picture.height),
        )


class MatchResponse(BaseModel):
    """What of a sketch and of a product's photo matched."""

    distance: float = Field(description="as a search gives it")
    mirrored: bool = Field(description="whether the sketch's mirror image is the nearer one")
    sketch: AttendedPicture = Field(description="as it was drawn, whether it is mirrored or not")
    photo: AttendedPicture = Field(description="the one at photo_url")
    photo_url: str = Field(description="of the product's photos, the one that is nearest to the sketch")

    @staticmethod
    def of(found: Match) -> MatchResponse:
        """A match as clients see it."""
        sketch, photo = AttendedPicture.of(found.sketch), AttendedPicture.of(found.photo)
        return MatchResponse(
            distance=found.distance,
            mirrored=found.mirrored,
            sketch=sketch,
            photo=photo,
            photo_url=photo_url(found.photo_name),
        )
