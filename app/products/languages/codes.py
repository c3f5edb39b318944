"""Codes of languages, as BCP 47 has them: "de", "pt-BR", "zh-Hant"."""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache

from app.core.error_text import truncate

_CODES = """
    aa ab ae af ak am an ar as av ay az ba be bg bi bm bn bo br bs ca ce ch co cr cs cu cv cy da de dv dz ee el en
    eo es et eu fa ff fi fj fo fr fy ga gd gl gn gu gv ha he hi ho hr ht hu hy hz ia id ie ig ii ik io is it iu ja
    jv ka kg ki kj kk kl km kn ko kr ks ku kv kw ky la lb lg li ln lo lt lu lv mg mh mi mk ml mn mr ms mt my na nb
    nd ne ng nl nn no nr nv ny oc oj om or os pa pi pl ps pt qu rm rn ro ru rw sa sc sd se sg si sk sl sm sn so sq
    sr ss st su sv sw ta te tg th ti tk tl tn to tr ts tt tw ty ug uk ur uz ve vi vo wa wo xh yi yo za zh zu
"""
_ISO_639_1 = frozenset(_CODES.split())
_LONGEST = 20  # characters of a code, and of a text that is cached
_FORM = re.compile(r"([a-z]{2})(?:[-_]([a-z]{4}))?(?:[-_]([a-z]{2}|[0-9]{3}))?", re.ASCII | re.IGNORECASE)


def find_language(text: str) -> str | None:
    """Return the code that a text is, in the case of BCP 47: "PT_br" is "pt-BR". None if it is not a code."""
    return _parse(text) if len(text) <= _LONGEST else None


@lru_cache(maxsize=1000)
def _parse(text: str) -> str | None:
    """Return the code that a short text is, as find_language() does. The names of all fields of a feed come here."""
    match = _FORM.fullmatch(text.strip())
    if match is None or match[1].lower() not in _ISO_639_1:
        return None
    parts = (match[1].lower(), (match[2] or "").title(), (match[3] or "").upper())
    return "-".join(filter(None, parts))


def read_language(text: str) -> str:
    """Return the code that a text is, as find_language() does. Raises ValueError for anything else."""
    code = find_language(text)
    if code is None:
        expected = "expected a code of ISO 639-1 such as 'de', perhaps with a script or region, such as 'pt-BR'"
        raise ValueError(f"language {truncate(text)} is unknown: {expected}")
    return code


def best_languages(stored: Iterable[str], wanted: str) -> list[str]:
    """Return those of the stored codes that a reader of the wanted one can read, the best first.

    For "de-AT" these are "de-AT", "de", then other regions and scripts of German.
    """
    alike = (code for code in stored if code[:2] == wanted[:2])
    return sorted(alike, key=lambda code: (not f"{wanted}-".startswith(f"{code}-"), -len(code), code))
