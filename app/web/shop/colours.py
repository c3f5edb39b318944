"""Arithmetic of opaque sRGB colours, written #rrggbb."""

from __future__ import annotations

READABLE = 4.5  # contrast ratio of text and its ground by WCAG AA
_STEPS = 20  # of mixing a colour with another


def contrast(first: str, second: str) -> float:
    """Return WCAG's contrast ratio of two colours, 1 to 21."""
    darker, lighter = sorted((_luminance(first), _luminance(second)))
    return (lighter + 0.05) / (darker + 0.05)


def blend(first: str, second: str, share: float) -> str:
    """Return the first colour with a share (0 to 1) of the second."""
    pairs = zip(_channels(first), _channels(second), strict=True)
    return "#" + "".join(f"{round(start + (end - start) * share):02x}" for start, end in pairs)


def make_readable(colour: str, ground: str, text: str) -> str:
    """Mix a colour with that of the text, as little as makes it readable on the ground."""
    mixed = (blend(colour, text, step / _STEPS) for step in range(_STEPS))
    return next((candidate for candidate in mixed if contrast(candidate, ground) >= READABLE), text)


def choose_text_on(ground: str) -> str:
    """Return white if it is readable on the ground, else black, which then is."""
    return "#ffffff" if contrast("#ffffff", ground) >= READABLE else "#000000"


def _luminance(colour: str) -> float:
    shares = [value / 255 for value in _channels(colour)]
    red, green, blue = (share / 12.92 if share <= 0.04045 else ((share + 0.055) / 1.055) ** 2.4 for share in shares)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _channels(colour: str) -> list[int]:
    return [int(colour[at : at + 2], 16) for at in (1, 3, 5)]
