"""The page's colours in its light and its dark scheme, as the properties of static/css/tokens.css name them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace

from app.web.shop.colours import READABLE, blend, choose_text_on, contrast, make_readable

_PAIRS = (("text", "ground"), ("text", "raised"), ("accent", "ground"), ("accent", "raised"), ("on_accent", "accent"))


class ContrastError(ValueError):
    """A colour that cannot be read on another."""

    def __init__(self, name: str, colour: str, ground_name: str, ground: str) -> None:
        ratio = int(contrast(colour, ground) * 100) / 100  # rounded down: 4.499 is not 4.5
        super().__init__(
            f"{name} {colour} on {ground_name} {ground} has a contrast of {ratio}: "
            f"expected at least {READABLE} (WCAG AA)"
        )


@dataclass(frozen=True)
class ColourScheme:
    """Colours of one scheme, each #rrggbb. `lift` is the share of white in raised surfaces."""

    ground: str
    raised: str
    text: str
    soft: str
    line: str
    hover: str
    accent: str
    on_accent: str
    trouble: str
    lift: float

    @property
    def properties(self) -> dict[str, str]:
        """The colours by the names of CSS: {"--on-accent": "#ffffff"}."""
        return {f"--{name.replace('_', '-')}": value for name, value in asdict(self).items() if name != "lift"}

    def recolour(self, given: Mapping[str, str]) -> ColourScheme:
        """Return the scheme with a shop's colours, any of ground, raised, text, accent, on_accent.

        The others are derived where they depend on these. Raises ContrastError if a given colour cannot be read.
        """
        scheme = replace(self, **given)  # type: ignore[arg-type]  # all of them are colours
        if {"ground", "text", "raised"} & given.keys():
            scheme = replace(scheme._derive_surfaces(), **given)  # type: ignore[arg-type]
        if "accent" not in given:
            on_ground = make_readable(scheme.accent, scheme.ground, scheme.text)
            scheme = replace(scheme, accent=make_readable(on_ground, scheme.raised, scheme.text))
        if "on_accent" not in given and contrast(scheme.on_accent, scheme.accent) < READABLE:
            scheme = replace(scheme, on_accent=choose_text_on(scheme.accent))
        for name, ground in _PAIRS:
            scheme._check_pair(name, ground)
        return scheme

    def _derive_surfaces(self) -> ColourScheme:
        """Return the scheme with the surfaces and the quiet colours of its ground and text."""
        ground, text = self.ground, self.text
        return replace(
            self,
            raised=blend(ground, "#ffffff", self.lift),
            soft=make_readable(blend(text, ground, 0.3), ground, text),
            line=blend(ground, text, 0.1),
            hover=blend(ground, text, 0.06),
            trouble=make_readable(self.trouble, ground, text),
        )

    def _check_pair(self, name: str, ground: str) -> None:
        colour, behind = getattr(self, name), getattr(self, ground)
        if contrast(colour, behind) < READABLE:
            raise ContrastError(name, colour, ground, behind)


LIGHT = ColourScheme(
    ground="#f3f3f0", raised="#ffffff", text="#15171e", soft="#5c606c", line="#dfdfd9", hover="#e7e7e2",
    accent="#2f45e0", on_accent="#ffffff", trouble="#a8361a", lift=1,
)  # fmt: skip
DARK = ColourScheme(
    ground="#121317", raised="#1e2026", text="#f2f2ee", soft="#a4a8b5", line="#2b2d35", hover="#24262d",
    accent="#9aa8ff", on_accent="#12142a", trouble="#ffa48c", lift=0.06,
)  # fmt: skip
