"""A shop's TOML file: what it changes, and what is said of values that cannot be used."""

from __future__ import annotations

import io
import re
import tomllib
from collections.abc import Callable
from pathlib import Path

import pytest
from PIL import Image

from app.web.assets import STATIC
from app.web.examples.kinds import read_kinds
from app.web.languages import read_languages
from app.web.shop.colour_scheme import DARK, LIGHT
from app.web.shop.colours import contrast
from app.web.shop.shop import Shop, read_shop
from app.web.shop.shop_file import ShopFile, ShopFileError
from tests.support.shop_files import LOGO, png

DOCS = Path(__file__).resolve().parents[4] / "docs/shop.md"
Write = Callable[[str], Path]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Return a function that writes a shop's file, beside which there are a logo, an icon and a font."""
    (tmp_path / "logo.svg").write_text(LOGO)
    (tmp_path / "icon.png").write_bytes(png((600, 600)))
    (tmp_path / "font.woff2").write_bytes(b"wOF2" + bytes(100))

    def write_shop(text: str) -> Path:
        path = tmp_path / "shop.toml"
        path.write_text(text)
        return path

    return write_shop


def refusal(path: Path) -> str:
    """Return why a file is refused, without its path."""
    with pytest.raises(ShopFileError) as caught:
        read_shop(path)
    message = str(caught.value)
    assert message.startswith(str(path)) and "\n" not in message
    return message.removeprefix(str(path)).lstrip(": ")


def test_the_example_in_the_docs_can_be_used(write: Write) -> None:
    text = DOCS.read_text()
    path = write(re.findall(r"```toml\n(.*?)```", text, re.S)[0])
    (path.parent / "logo-dark.svg").write_text(LOGO)
    (path.parent / "lumen.woff2").write_bytes(b"wOF2")
    shop = read_shop(path)
    assert shop.dark_logo == "shop/dark-logo.svg" and shop.texts["launcher"]["de"] == "Lampe zeichnen"
    assert set(tomllib.loads(path.read_text())) == set(ShopFile.model_fields)
    assert [name for name in read_kinds().kinds if f"`{name}`" not in text] == []


def test_without_a_file_it_is_sketchfind() -> None:
    assert read_shop(None) == Shop()


def test_the_default_colours_are_those_of_the_style_sheet() -> None:
    blocks = re.findall(r"\{([^{}]*--ground: #[^{}]*)\}", (STATIC / "css/tokens.css").read_text())
    light, *dark = [dict(re.findall(r"(--[\w-]+): (#\w+);", block)) for block in blocks]
    short = {name: value for name, value in light.items() if name in LIGHT.properties}
    assert {name: _long(value) for name, value in short.items()} == LIGHT.properties
    assert len(dark) == 2
    for tokens in dark:
        assert {name: _long(value) for name, value in tokens.items()} == DARK.properties


def _long(colour: str) -> str:
    return colour if len(colour) == 7 else "#" + "".join(2 * digit for digit in colour[1:])


def test_everything_can_be_given(write: Write) -> None:
    shop = read_shop(
        write(
            'name = "Lumen"\nlogo = "logo.svg"\nicon = "icon.png"\nfont = "font.woff2"\nrounding = 4\n'
            'examples = ["lamp", "vase"]\nheadline = "Light up"\nlauncher = {de = "Lampe zeichnen"}\n'
            '[light]\naccent = "#7A4300"\nground = "#fffaf2"\n[dark]\nground = "#1b1610"\n'
        )
    )
    assert (shop.name, shop.rounding, shop.examples) == ("Lumen", 4, ("lamp", "vase"))
    assert shop.texts["headline"] == dict.fromkeys(read_languages(), "Light up")
    assert shop.texts["launcher"] == {"de": "Lampe zeichnen"} and not shop.texts["placeholder"]
    assert (shop.light.accent, shop.light.on_accent, shop.light.ground) == ("#7a4300", "#ffffff", "#fffaf2")
    icons = {"shop/icon-192.png", "shop/icon-512.png", "shop/maskable-512.png"}
    assert set(shop.files) == {"css/shop.css", "shop/logo.svg", "shop/font.woff2", *icons}
    assert shop.logo == shop.dark_logo == "shop/logo.svg" and shop.has_icon
    css = shop.files["css/shop.css"].decode()
    assert "--accent: #7a4300" in css and "--round: 4px" in css and "../shop/font.woff2" in css
    for name in icons:
        side = int(name.partition("-")[2].removesuffix(".png"))
        assert Image.open(io.BytesIO(shop.files[name])).size == (side, side)


@pytest.mark.parametrize("accent", ["#0b6e4f", "#7a4300", "#00008b", "#b00020", "#5d3a9b"])
def test_one_accent_is_readable_in_both_schemes(write: Write, accent: str) -> None:
    shop = read_shop(write(f'[light]\naccent = "{accent}"'))
    assert shop.light.accent == accent and shop.dark != DARK
    for scheme in (shop.light, shop.dark):
        assert contrast(scheme.accent, scheme.ground) >= 4.5 and contrast(scheme.accent, scheme.raised) >= 4.5
        assert contrast(scheme.on_accent, scheme.accent) >= 4.5


def test_quiet_colours_follow_the_ground(write: Write) -> None:
    shop = read_shop(write('[light]\nground = "#fff0d0"\n[dark]\nground = "#201000"\ntext = "#fff0e0"'))
    for scheme in (shop.light, shop.dark):
        for name in ("text", "soft", "accent", "trouble"):
            assert contrast(getattr(scheme, name), scheme.ground) >= 4.5
    assert shop.dark.raised != DARK.raised and shop.light.line != LIGHT.line


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("name = ", "is not valid TOML: Invalid value (at end of document)"),
        ('title = "x"', "title is not a key: expected one of name, logo, dark_logo, icon, font, "),
        ('[light]\naccnt = "#fff"', "light.accnt is not a key: expected one of ground, raised, "),
        ("name = 7", "name is 7: expected a valid string"),
        ('name = ""', "name is '': expected a text of one line without braces"),
        ('headline = "Draw {x}"', "headline."),
        ('headline = {it = "Disegna"}', "headline.it is 'it': expected one of de, en, es, fr, zh"),
        ('examples = ["lamp", "lampp"]', "examples.1 is 'lampp': expected one of armchair, backpack, "),
        ("rounding = 99", "rounding is 99: expected at most 40"),
        ('[dark]\naccent = "orange"', "dark.accent is 'orange': expected a colour as #rrggbb"),
        ('logo = "../logo.svg"', "logo is '../logo.svg': expected a file name without a folder"),
        ('logo = "/etc/passwd"', "logo is '/etc/passwd': expected a file name without a folder"),
        ('logo = "none.svg"', "none.svg cannot be read (No such file or directory): expected beside the TOML file"),
        ('font = "logo.svg"', "logo.svg is not a font that can be used: expected WOFF2"),
        ('icon = "logo.svg"', "logo.svg is not an icon that can be used: expected a PNG"),
        ('[light]\naccent = "#ffe600"', "light.accent #ffe600 on ground #f3f3f0 has a contrast of 1.13: "),
        ('[dark]\ntext = "#444444"', "dark.text #444444 on ground #121317 has a contrast of "),
        ('[light]\non_accent = "#2f45ff"', "light.on_accent #2f45ff on accent #2f45e0 has a contrast of 1."),
    ],
)  # fmt: skip
def test_what_cannot_be_used_is_named(write: Write, text: str, message: str) -> None:
    assert refusal(write(text)).startswith(message)


def test_a_file_that_is_missing_or_long_is_named(tmp_path: Path, write: Write) -> None:
    assert refusal(tmp_path / "none.toml") == "cannot be read: No such file or directory"
    assert refusal(write("#" * 70_000)) == "has more than 65,536 bytes: expected a short TOML file"
