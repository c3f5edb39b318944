"""Response bodies of matches."""

from __future__ import annotations

from dataclasses import asdict

from pydantic import BaseModel, Field

from app.api.schemas.products import photo_url
from app.search.match import Attended, Match


class FrameBox(BaseModel):
    """Position on a picture of the square that the network sees. It may extend beyond the picture's edges."""

    left: float = Field(description="left edge of the square on the picture", examples=[28.98])
    top: float = Field(description="upper edge", examples=[8.98])
    width: float = Field(description="width of the square", examples=[182.04])
    height: float = Field(description="height of the square", examples=[182.04])
    picture_width: float = Field(
        description="width of the upright image in px, or of the canvas in its own unit", examples=[320]
    )
    picture_height: float = Field(description="height likewise", examples=[240])


class AttendedPicture(BaseModel):
    """Picture with the attention of the network on it."""

    attention: list[list[float]] | None = Field(
        description="rows of the attention map over the box, from 0 to 1; null if the network has no attention",
        examples=[[[0.013, 0.0261], [0.4, 1.0]], None],
    )
    box: FrameBox
    lines: list[list[list[float]]] = Field(
        description="lines that the network sees, of points [x, y] on the picture, y down; for a photo, its edges",
        examples=[[[[20, 200], [90.5, 40]], [[90, 40], [300, 60]]]],
    )

    @staticmethod
    def from_attended(attended: Attended) -> AttendedPicture:
        """Build the response from a framed picture and its attention map (H,W)."""
        picture, attention, lines = attended
        return AttendedPicture(
            attention=None if attention is None else attention.astype(float).round(4).tolist(),
            box=FrameBox(**asdict(picture.placement), picture_width=picture.width, picture_height=picture.height),
            lines=lines,
        )


class MatchResponse(BaseModel):
    """Explanation of a match between a sketch and a product's photo."""

    distance: float = Field(description="same distance as in search results", examples=[1.7])
    mirrored: bool = Field(description="true if the sketch's mirror image is nearer", examples=[False])
    sketch: AttendedPicture = Field(description="the sketch as drawn, never mirrored")
    photo: AttendedPicture = Field(description="the photo at photo_url")
    photo_url: str = Field(
        description="the product's photo that is nearest to the sketch", examples=["/photos/9f86d081884c7d65.webp"]
    )

    @staticmethod
    def from_match(match: Match) -> MatchResponse:
        """Build the response from a match."""
        sketch, photo = AttendedPicture.from_attended(match.sketch), AttendedPicture.from_attended(match.photo)
        return MatchResponse(
            distance=match.distance,
            mirrored=match.mirrored,
            sketch=sketch,
            photo=photo,
            photo_url=photo_url(match.photo_name),
        )
