"""Logo, icon and font: what is used, and what is refused."""

from __future__ import annotations

from pathlib import Path

import pytest

from app.web.shop.brand_files import BrandFileError, read_font, read_icons, read_logo
from tests.support.shop_files import LOGO, png


def test_a_logo_is_an_svg_of_shapes_or_a_png(tmp_path: Path) -> None:
    path = tmp_path / "logo"
    path.write_text(LOGO)
    assert read_logo(path) == ("svg", LOGO.encode())
    path.write_bytes(png((300, 80)))
    assert read_logo(path) == ("png", png((300, 80)))


@pytest.mark.parametrize(
    ("inner", "reason"),
    [
        ("<script>alert(1)</script>", "a <script>"),
        ("<g><foreignObject/></g>", "a <foreignObject>"),
        ('<path d="M0 0" onclick="alert(1)"/>', "the attribute onclick of <path>"),
        ('<use href="https://evil.example/a.svg#x"/>', "the attribute href of <use>"),
        ('<a xlink:href="javascript:alert(1)"/>', "a <a>"),
        ("<style>@import url(//evil.example/a.css);</style>", "a style that loads a file"),
    ],
)
def test_an_svg_that_could_run_or_load_something_is_refused(tmp_path: Path, inner: str, reason: str) -> None:
    path = tmp_path / "logo.svg"
    names = 'xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink"'
    path.write_text(f"<svg {names}>{inner}</svg>")
    with pytest.raises(BrandFileError) as caught:
        read_logo(path)
    assert str(caught.value) == f"logo.svg has {reason}: expected an SVG of plain shapes"


@pytest.mark.parametrize(
    "text",
    ['<!DOCTYPE svg [<!ENTITY a "b">]><svg xmlns="http://www.w3.org/2000/svg"/>', "<html/>", "GIF89a", "", "<svg"],
)
def test_what_is_no_plain_svg_is_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / "logo.svg"
    path.write_text(text)
    with pytest.raises(BrandFileError, match=r"logo\.svg .*: expected .*SVG"):
        read_logo(path)


def test_files_have_limits(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"wOF2" + bytes(300_000))
    with pytest.raises(BrandFileError, match="file has 300004 bytes: expected at most 262144"):
        read_font(path)
    path.write_bytes(png((600, 400)))
    with pytest.raises(BrandFileError, match="file is 600 x 400 px: expected a square of at least 512 px"):
        read_icons(path, "#ffffff")
    path.write_bytes(png((5000, 5000)))
    with pytest.raises(BrandFileError, match="file is 5000 x 5000 px: expected at most 4096 px a side"):
        read_icons(path, "#ffffff")
    path.write_bytes(png((600, 600))[:200])
    with pytest.raises(BrandFileError, match="file is not a readable PNG"):
        read_icons(path, "#ffffff")
