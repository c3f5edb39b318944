"""A shop as the page shows it: its name, texts, colours, files and examples."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

from app.web.shop.brand_files import BrandFileError, read_font, read_icons, read_logo
from app.web.shop.colour_scheme import DARK, LIGHT, ColourScheme, ContrastError
from app.web.shop.colours import make_readable
from app.web.shop.shop_file import ShopFileError, read_shop_file
from app.web.shop.stylesheet import write_stylesheet

Content = TypeVar("Content")

_FOLDER = "shop"  # of the shop's files below static


@dataclass(frozen=True)
class Shop:
    """A shop, by default Sketchfind itself.

    - texts: headline, placeholder, description and launcher by language, as far as they are given.
    - files: contents of the shop's files by their path below static.
    - logo, dark_logo: paths of files; dark_logo is the same file if the shop has only one.
    - examples: names of kinds; None to choose them by the gallery's categories.
    """

    name: str = "Sketchfind"
    texts: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    light: ColourScheme = LIGHT
    dark: ColourScheme = DARK
    rounding: int | None = None
    files: Mapping[str, bytes] = field(default_factory=dict)
    logo: str | None = None
    dark_logo: str | None = None
    has_icon: bool = False
    examples: tuple[str, ...] | None = None


def read_shop(path: Path | None) -> Shop:
    """Return the shop of a TOML file, or Sketchfind itself without one. Raises ShopFileError."""
    if path is None:
        return Shop()
    file = read_shop_file(path)
    light = _recolour(path, "light", LIGHT, file.light.given)
    dark = _recolour(path, "dark", DARK, file.dark.given, file.light.accent)
    files: dict[str, bytes] = {}
    logo = _add_logo(path, file.logo, "logo", files)
    dark_logo = _add_logo(path, file.dark_logo, "dark-logo", files) or logo
    if file.icon:
        icons = _load(path, file.icon, lambda icon: read_icons(icon, light.ground))
        files |= {f"{_FOLDER}/{name}": content for name, content in icons.items()}
    if file.font:
        files[f"{_FOLDER}/font.woff2"] = _load(path, file.font, read_font)
    files["css/shop.css"] = write_stylesheet(
        light, dark, file.rounding, has_font=file.font is not None, has_accent=file.light.accent is not None
    )
    return Shop(
        name=file.name,
        texts={name: getattr(file, name) for name in ("headline", "placeholder", "description", "launcher")},
        light=light,
        dark=dark,
        rounding=file.rounding,
        files=files,
        logo=logo,
        dark_logo=dark_logo,
        has_icon=file.icon is not None,
        examples=tuple(file.examples) if file.examples is not None else None,
    )


def _recolour(
    path: Path, name: str, scheme: ColourScheme, given: Mapping[str, str], light_accent: str | None = None
) -> ColourScheme:
    """Return a scheme with the given colours. The dark accent is by default the light one, made readable."""
    try:
        coloured = scheme.recolour(given)
        if light_accent and "accent" not in given:
            accent = make_readable(light_accent, coloured.raised, coloured.text)
            coloured = scheme.recolour({**given, "accent": accent})
    except ContrastError as error:
        raise ShopFileError(f"{path}: {name}.{error}") from None
    return coloured


def _add_logo(path: Path, name: str | None, stem: str, files: dict[str, bytes]) -> str | None:
    """Add a logo to the files. Returns its path, or None without one."""
    if name is None:
        return None
    kind, content = _load(path, name, read_logo)
    added = f"{_FOLDER}/{stem}.{kind}"
    files[added] = content
    return added


def _load(path: Path, name: str, read: Callable[[Path], Content]) -> Content:
    """Read a file beside the TOML file. Raises ShopFileError."""
    try:
        return read(path.parent / name)
    except BrandFileError as error:
        raise ShopFileError(f"{path}: {error}") from None
