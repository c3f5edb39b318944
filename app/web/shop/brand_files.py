"""Logo, icon and font of a shop: files beside its TOML file, of limited types and sizes."""

from __future__ import annotations

import io
from pathlib import Path
from xml.etree.ElementTree import Element, ParseError

from defusedxml import DefusedXmlException
from defusedxml.ElementTree import fromstring
from PIL import Image, UnidentifiedImageError

_KIB = 1024
_MOST_LOGO, _MOST_ICON, _MOST_FONT = 64 * _KIB, 1024 * _KIB, 256 * _KIB  # bytes
_LARGEST_SIDE = 4096  # px
_ICON_SIDE = 512  # px
_SAFE_SHARE = 0.8  # of a maskable icon that no phone cuts off
_SVG = "{http://www.w3.org/2000/svg}"
_ACTIVE = {"script", "foreignObject", "iframe", "object", "embed", "audio", "video", "image", "a"}
_PNG, _WOFF2 = b"\x89PNG\r\n\x1a\n", b"wOF2"  # first bytes


class BrandFileError(ValueError):
    """A file that is missing, too large or of another type than expected."""


def read_logo(path: Path) -> tuple[str, bytes]:
    """Return the type of a logo, svg or png, and its bytes. Raises BrandFileError."""
    content = _read(path, _MOST_LOGO)
    if content.startswith(_PNG):
        _open_png(path, content)
        return "png", content
    _check_svg(path, content)
    return "svg", content


def read_font(path: Path) -> bytes:
    """Return the bytes of a WOFF2 font. Raises BrandFileError."""
    content = _read(path, _MOST_FONT)
    if not content.startswith(_WOFF2):
        raise BrandFileError(f"{path.name} is not a font that can be used: expected WOFF2")
    return content


def read_icons(path: Path, ground: str) -> dict[str, bytes]:
    """Return the app's icons by file name, made of one square PNG. `ground` is the colour behind the maskable one.

    Raises BrandFileError.
    """
    content = _read(path, _MOST_ICON)
    if not content.startswith(_PNG):
        raise BrandFileError(f"{path.name} is not an icon that can be used: expected a PNG")
    icon = _open_png(path, content).convert("RGBA")
    if icon.width != icon.height or icon.width < _ICON_SIDE:
        size = f"{icon.width} x {icon.height}"
        raise BrandFileError(f"{path.name} is {size} px: expected a square of at least {_ICON_SIDE} px")
    full = icon.resize((_ICON_SIDE, _ICON_SIDE), Image.Resampling.LANCZOS)
    inner = icon.resize((round(_ICON_SIDE * _SAFE_SHARE),) * 2, Image.Resampling.LANCZOS)
    maskable = Image.new("RGB", full.size, ground)
    edge = (_ICON_SIDE - inner.width) // 2
    maskable.paste(inner, (edge, edge), inner)
    small = icon.resize((192, 192), Image.Resampling.LANCZOS)
    images = {"icon-192.png": small, "icon-512.png": full, "maskable-512.png": maskable}
    return {name: _to_png(image) for name, image in images.items()}


def _read(path: Path, most: int) -> bytes:
    """Return the bytes of a file of at most `most` bytes."""
    try:
        with path.open("rb") as file:
            content = file.read(most + 1)
    except OSError as error:
        raise BrandFileError(f"{path.name} cannot be read ({error.strerror}): expected beside the TOML file") from None
    if len(content) > most:
        raise BrandFileError(f"{path.name} has {path.stat().st_size} bytes: expected at most {most}")
    return content


def _open_png(path: Path, content: bytes) -> Image.Image:
    """Return a PNG, decoded. Raises BrandFileError."""
    try:
        image = Image.open(io.BytesIO(content), formats=["PNG"])
        if max(image.size) > _LARGEST_SIDE:
            size = f"{image.width} x {image.height}"
            raise BrandFileError(f"{path.name} is {size} px: expected at most {_LARGEST_SIDE} px a side")
        image.load()
    except (UnidentifiedImageError, OSError, SyntaxError) as error:
        raise BrandFileError(f"{path.name} is not a readable PNG: {error}") from None
    return image


def _check_svg(path: Path, content: bytes) -> None:
    """Refuse what is not an SVG, and one that could run or load anything. Raises BrandFileError."""
    try:
        root = fromstring(content, forbid_dtd=True)
    except (ParseError, DefusedXmlException, ValueError) as error:
        raise BrandFileError(f"{path.name} is not a logo that can be used ({error}): expected SVG or PNG") from None
    if root.tag != f"{_SVG}svg":
        raise BrandFileError(f"{path.name} has the root {root.tag!r}: expected an SVG")
    for element in root.iter():
        active = _find_active_part(element)
        if active:
            raise BrandFileError(f"{path.name} has {active}: expected an SVG of plain shapes")


def _find_active_part(element: Element) -> str | None:
    """Describe what an element could run or load, if anything."""
    name = str(element.tag).rpartition("}")[2]
    if name in _ACTIVE:
        return f"a <{name}>"
    for key, value in element.attrib.items():
        attribute = key.rpartition("}")[2]
        if attribute.startswith("on") or (attribute == "href" and not value.startswith("#")):
            return f"the attribute {attribute} of <{name}>"
    return "a style that loads a file" if "@import" in (element.text or "") else None


def _to_png(image: Image.Image) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, "PNG", optimize=True)
    return buffer.getvalue()
