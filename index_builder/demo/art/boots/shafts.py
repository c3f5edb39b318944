"""Part of a boot above the ankle: its outline, its opening, and the positions of trims."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from index_builder.demo.art.painting.drawing import Drawing
from index_builder.demo.art.painting.geometry import Line, at, height, join, line, shifted, spline, sub
from index_builder.demo.art.painting.materials import LEATHER, Material
from index_builder.demo.art.shoes.last import Last, flat_sole

EARTH = (
    "chestnut",
    "black",
    "tan",
    "chocolate",
    "cognac",
    "grey",
    "oxblood",
    "olive",
    "camel",
    "navy",
    "forest",
    "rust",
)


@dataclass(frozen=True)
class Shaft:
    """Leg of a boot: `top` units over the heel seat, `width` across its rim, `slope` higher in front."""

    last: Last
    top: float
    width: float
    slope: float = 0.0
    calf: float = 0.0  # how far the back bulges at mid height
    dip: float = 0.0  # depth of the V or scallop in the middle of the top edge

    @cached_property
    def front(self) -> Line:
        """Front edge, from the toe's tip over the instep and up the shin."""
        foot, seat = self.last.front(0.62), self.last.platform + self.last.heel
        x, y = self._middle - self.width / 2, seat + self.top + self.slope
        if y < foot[-1, 1] + 30:  # a boot that ends on the instep
            vamp = self.last.vamp
            end = int(np.argmax(vamp[:, 1] > y)) or len(vamp)
            return vamp[:end]
        shin = [tuple(foot[-12]), tuple(foot[-1]), (self.last.back * 0.675, max(seat + 168, foot[-1, 1] + 22)), (x, y)]
        if shin[2][1] > y - 15:
            del shin[2]
        return np.vstack([foot[:-12], spline(*shin)])

    @property
    def _middle(self) -> float:
        return self.last.back * 0.835 - 0.012 * self.top

    @cached_property
    def back(self) -> Line:
        """Rear edge, from the heel seat up the calf."""
        b, s = self.last.back, self.last.platform + self.last.heel
        x, y = self._middle + self.width / 2, s + self.top - self.slope
        low = [(b - 4, s), (b + 5, s + 24), (b + 5, s + 52)]
        if self.top > 300:
            low += [(b - 7, s + 120), (b - 8, s + 165), (x + self.calf, s + 0.66 * self.top)]
        else:
            low += [((b + x) / 2 - 4, s + 0.4 * self.top + 26)]
        return spline(*low, (x, y))

    @cached_property
    def edge(self) -> Line:
        """Near rim of the opening, front to back."""
        a, b = self.front[-1], self.back[-1]
        t = np.linspace(0, 1, 30)[:, None]
        return np.asarray(a + (b - a) * t - np.array([0, self.dip + 7]) * np.sin(np.pi * t) ** 1.5)

    @property
    def outline(self) -> Line:
        """Closed outline of the boot: leg, foot and feather line."""
        return join(self.front, self.edge, self.back[::-1], self.last.feather[::-1])

    def opening(self, draw: Drawing, lining: Material = LEATHER.dyed("sand")) -> None:
        """Draw the inside seen over the near rim. It has to be drawn before the boot."""
        far = self.edge + np.outer(np.sin(np.linspace(0, np.pi, len(self.edge))), (0, 16 + self.dip * 0.4))
        draw.part(join(self.edge, far[::-1]), lining, shade=-0.35, puff=5)

    def across(self, fraction: float, sag: float = 6.0) -> Line:
        """Return a line around the leg, front to back, at a fraction of the height between ankle and rim."""
        low = self.last.platform + self.last.heel + 105
        y = low + fraction * (min(self.front[-1, 1], self.back[-1, 1]) - low)
        left, right = self.front_x(y), float(np.interp(y, self.back[:, 1], self.back[:, 0]))
        return spline((left, y + 2), ((left + right) / 2, y - sag), (right, y + 2))

    def front_x(self, y: float) -> float:
        """Return the x of the front edge at a height."""
        upper = self.front[self.front[:, 0] > 0.45 * self.last.back]
        return float(np.interp(y, upper[:, 1], upper[:, 0]))

    def shin(self, start: float, stop: float) -> Line:
        """Return the part of the front edge between two fractions from the instep (0) to the rim (1)."""
        upper = self.front[int(np.argmax(self.front[:, 0] > 0.34 * self.last.back)) :]
        return sub(upper, start, stop)

    def side_seam(self) -> Line:
        """Return the curve from the middle of the rim down to the sole."""
        x, y = at(self.edge, 0.55)
        foot = 0.66 * self.last.back
        return spline(
            (x, y),
            ((x + foot) / 2 + 8, y * 0.5 + 50),
            (foot + 6, height(self.last.feather, foot) + 50),
            self.last.over(0.62, 1),
        )


def lugged(draw: Drawing, last: Last, material: Material) -> None:
    """Draw a thick sole with a row of lugs."""
    flat_sole(draw, last, material, lip=7, breast=0)
    for k in range(13):
        x = 16 + 29.5 * k
        draw.part(line((x, -5), (x + 19, -5), (x + 19, 9), (x, 9)), material, puff=2)
    draw.seam(shifted(last.feather[8:-5], 0, -9), material, 1.5)
