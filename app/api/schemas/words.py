"""What became of the words of a search."""

from __future__ import annotations

from pydantic import BaseModel, Field

from app.words.word_query import WordMatch

WORDS_EXAMPLE = {"corrected": [{"word": "suedde", "taken_for": ["suede"]}], "dropped": ["qwertz"]}


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
