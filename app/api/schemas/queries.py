"""What became of a query: of its words, and the object that was searched in its photo."""

from __future__ import annotations

from pydantic import BaseModel, Field

from app.words.word_query import WordMatch
from model.preprocessing.object_cutout import PhotoObject

WORDS_EXAMPLE = {"corrected": [{"word": "suedde", "taken_for": ["suede"]}], "dropped": ["qwertz"]}
OBJECT_EXAMPLE = {"left": 0.125, "top": 0.2, "right": 0.75, "bottom": 0.9, "guessed": True}

_DIGITS = 4  # of a fraction: a tenth of a pixel in most photos


class CorrectedWord(BaseModel):
    """Word that no product has, and the words that were taken in its place."""

    word: str = Field(description="the word as it was typed, in lower case", examples=["suedde"])
    taken_for: list[str] = Field(
        description="products have one of these, the most frequent first", examples=[["suede"]]
    )


class WordsInfo(BaseModel):
    """What became of the words in `q`. Those that are not named here were taken as they are."""

    corrected: list[CorrectedWord] = Field(description="words that were taken for typing errors")
    dropped: list[str] = Field(
        description="words that were left out, since no product has anything like them", examples=[["qwertz"]]
    )

    @staticmethod
    def from_match(match: WordMatch | None) -> WordsInfo | None:
        """Build the response from what became of words, None without words."""
        if match is None:
            return None
        corrected = [CorrectedWord(word=word, taken_for=list(meant)) for word, meant in match.corrected]
        return WordsInfo(corrected=corrected, dropped=list(match.dropped))


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
