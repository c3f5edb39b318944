"""The style sheet of a shop: custom properties in place of those of static/css/tokens.css."""

from __future__ import annotations

from collections.abc import Mapping

from app.web.shop.colour_scheme import DARK, LIGHT, ColourScheme

_FONT = """@font-face {
  font-family: "Shop";
  src: url("../shop/font.woff2") format("woff2");
  font-weight: 100 900;
  font-display: swap;
}
"""
_SIGN = ".wordmark-ground { fill: var(--accent); }\n.wordmark-line { stroke: var(--on-accent); }\n"


def write_stylesheet(
    light: ColourScheme, dark: ColourScheme, rounding: int | None, *, has_font: bool, has_accent: bool
) -> bytes:
    """Return CSS for a shop's colours, corners (px) and font. With an accent, the sign in the header takes it too."""
    common = {} if rounding is None else {"--round": f"{rounding}px"}
    if has_font:
        common["--font"] = '"Shop", system-ui, sans-serif'
    rules = [_FONT] if has_font else []
    rules.append(_write_rule(":root", common | _changed(light, LIGHT)))
    rules += [_write_dark(_changed(dark, DARK)), _SIGN if has_accent else ""]
    return "".join(rules).encode()


def _changed(scheme: ColourScheme, default: ColourScheme) -> dict[str, str]:
    return {name: value for name, value in scheme.properties.items() if default.properties[name] != value}


def _write_dark(properties: Mapping[str, str]) -> str:
    """Return rules for a dark system, unless the shopper has chosen light, and for shoppers who have chosen dark."""
    system = _write_rule(':root:where(:not([data-theme="light"]))', properties)
    chosen = _write_rule(':root:where([data-theme="dark"])', properties)
    return f"@media (prefers-color-scheme: dark) {{\n{system}}}\n{chosen}"


def _write_rule(selector: str, properties: Mapping[str, str]) -> str:
    lines = "".join(f"  {name}: {value};\n" for name, value in properties.items())
    return f"{selector} {{\n{lines}}}\n"
