"""Object of a photo in response bodies."""

from __future__ import annotations

from pydantic import BaseModel, Field

from model.preprocessing.object_cutout import PhotoObject

OBJECT_EXAMPLE = {"left": 0.125, "top": 0.2, "right": 0.75, "bottom": 0.9, "guessed": True}

_DIGITS = 4  # of a fraction: a tenth of a pixel in most photos


class ObjectInfo(BaseModel):
    """Box around the object that was searched in a photo, as fractions of the upright photo's width and height.

    `left,top,right,bottom` is the parameter `crop` for the same box.
    """

    left: float = Field(description="left edge", examples=[0.125])
    top: float = Field(description="upper edge", examples=[0.2])
    right: float = Field(description="right edge", examples=[0.75])
    bottom: float = Field(description="lower edge", examples=[0.9])
    guessed: bool = Field(
        description="true if the server guessed the object among others; false if it is in `crop`, or the whole photo",
        examples=[True],
    )

    @staticmethod
    def from_object(item: PhotoObject | None) -> ObjectInfo | None:
        """Build the response from the object of a photo, None for a sketch."""
        if item is None:
            return None
        left, top, right, bottom = (round(edge, _DIGITS) for edge in item.region)
        return ObjectInfo(left=left, top=top, right=right, bottom=bottom, guessed=item.is_guessed)
