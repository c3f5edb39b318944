"""Files that a shop makes the page its own with."""

from __future__ import annotations

import io

from PIL import Image

LOGO = (
    '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 120 32"><rect width="120" height="32" fill="#7a4300"/>'
    '<path id="a" d="M8 24 20 8 32 24z" fill="#fff"/><use href="#a" x="40"/></svg>'
)


def png(size: tuple[int, int]) -> bytes:
    """Return a PNG of one colour."""
    buffer = io.BytesIO()
    Image.new("RGB", size, "#7a4300").save(buffer, "PNG")
    return buffer.getvalue()
