"""The page's texts with a shop's name, its own sentences, and the products that it sells."""

from __future__ import annotations

from collections.abc import Sequence

from app.web.languages import Language
from app.web.shop.shop import Shop

_SHOP_TEXTS = {  # name in the shop's file -> key of the text that it replaces
    "headline": "drawing.invitation",
    "placeholder": "drawing.promise",
    "description": "page.description",
    "launcher": "widget.open",
}


def word_for_shop(language: Language, shop: Shop, phrases: Sequence[str] = ()) -> Language:
    """Return the language as a shop speaks it. `phrases` say what to draw: "a lamp"; without any it is a product."""
    what = _join_phrases(language, phrases)
    texts = {key: language.say(key, name=shop.name) for key in ("page.title", "page.needs_script")}
    texts |= {key: language.say(key, what=what) for key in ("page.description", "drawing.invitation")}
    given = {key: shop.texts.get(name, {}).get(language.code) for name, key in _SHOP_TEXTS.items()}
    return language.with_texts(texts | {key: text for key, text in given.items() if text})


def _join_phrases(language: Language, phrases: Sequence[str]) -> str:
    """Return "a shoe, a chair or a bag"."""
    if not phrases:
        return language.say("page.product")
    *others, last = phrases
    comma, alternative = language.say("page.comma"), language.say("page.or")
    return f"{comma.join(others)}{alternative}{last}" if others else last
