"""Last: the form of a shoe, seen from the side with the toe to the left, and the soles below it."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from index_builder.demo.art.painting.drawing import Drawing
from index_builder.demo.art.painting.geometry import Line, between_x, height, join, line, spline
from index_builder.demo.art.painting.materials import Material

# name -> (x of the tip, height of the toe box, height of the tip's front)
TOES = {
    "round": (0, 56, 25),
    "almond": (-10, 47, 16),
    "pointed": (-34, 32, 7),
    "square": (2, 52, 34),
    "bulky": (2, 68, 33),
}


@dataclass(frozen=True)
class Last:
    """Form of a foot about 400 units long. `heel` is the heel seat's height over the `platform` below the ball."""

    heel: float = 0.0
    platform: float = 6.0
    toe: str = "round"
    spring: float = 9.0
    volume: float = 1.0  # of the toe box; boots and sneakers are fuller than pumps

    @property
    def back(self) -> float:
        """The x of the rearmost point of the heel seat. A raised foot covers less ground."""
        return 400.0 - 0.32 * self.heel

    @cached_property
    def feather(self) -> Line:
        """Line where upper meets sole, from the toe's tip to the back of the heel."""
        tip, _, _ = TOES[self.toe]
        b, h, p = self.back, self.heel, self.platform
        return spline(
            (tip, p + self.spring),
            (0.12 * b, p + self.spring * 0.25),
            (0.30 * b, p),
            (0.44 * b, p + h * 0.13),
            (0.60 * b, p + h * 0.53),
            (0.74 * b, p + h * 0.87),
            (0.86 * b, p + h * 0.985),
            (b - 4, p + h),
        )

    def over(self, fraction: float, rise: float) -> tuple[float, float]:
        """Return the point `rise` above the feather line at a fraction of the length."""
        x = fraction * self.back
        return x, height(self.feather, x) + rise

    @cached_property
    def vamp(self) -> Line:
        """Front of the foot from the toe's tip over the instep to the ankle, monotone in x."""
        tip, box, front = TOES[self.toe]
        f, v = self.feather[0, 1], self.volume
        points = [
            (tip, f),
            (tip - 2.5, f + front * v * 0.6),
            (tip + 9 + front * 0.25, f + (front + 0.45 * (box - front)) * v),
            (tip + 34 + 0.15 * front, f + box * 0.93 * v),
            self.over(0.19, 64 * v),
            self.over(0.30, 84 * v),
            self.over(0.42, 107),
            self.over(0.54, 136),
            self.over(0.635, 176),
            self.over(0.685, 215),
        ]
        if self.toe in ("round", "square", "bulky"):
            points[4] = self.over(0.19, max(64.0, box + 11) * v)
        return spline(*points)

    def counter(self, rise: float) -> Line:
        """Return the back of the foot from the heel seat up to `rise` above it."""
        b, s = self.back, self.platform + self.heel
        curve = spline(
            (b - 4, s),
            (b + 5, s + 22),
            (b + 6, s + 48),
            (b, s + 80),
            (b - 7, s + 112),
            (b - 9, s + 150),
            (b - 6, s + 215),
        )
        top = s + rise
        keep = curve[curve[:, 1] < top]
        x = float(np.interp(top, curve[:, 1], curve[:, 0]))
        return np.vstack([keep, [[x, top]]])

    def front(self, fraction: float) -> Line:
        """Return the vamp from the tip to the point where it reaches a fraction of the length."""
        end = fraction * self.back
        peak = self.vamp[self.vamp[:, 0] < end]
        return np.vstack([peak, [[end, height(self.vamp[5:], end)]]])

    def shell(self, throat: float, rise: float, topline: Line) -> Line:
        """Return a closed upper: vamp to `throat`, `topline` back to the counter's top at `rise`, feather line."""
        return join(self.front(throat), topline, self.counter(rise)[::-1], self.feather[::-1])


def thin_sole(draw: Drawing, last: Last, material: Material, thick: float = 5.0) -> None:
    """Draw the sole of a raised shoe along the feather line, with the platform under the forefoot."""
    b = last.back
    under = [
        (last.feather[0, 0] + 1, last.feather[0, 1] - 2),
        (0.07 * b, last.spring * 0.45),
        (0.17 * b, 1),
        (0.28 * b, 0),
        (0.36 * b, 1.5),
    ]
    under += [(f * b, last.over(f, -thick)[1] - last.platform * (0.9 - f) * 0.8) for f in (0.48, 0.6)]
    under += [(f * b, last.over(f, -thick)[1]) for f in (0.74, 0.86, 0.985)]
    draw.part(join(last.feather, spline(*under)[::-1]), material, puff=4)


def flat_sole(draw: Drawing, last: Last, material: Material, lip: float = 6.0, breast: float = 0.0) -> Line:
    """Draw a sole from the feather line to the ground, standing out by `lip`. Returns its outline.

    `breast` is the height of the notch before a low heel; 0 makes one even sole.
    """
    b, f = last.back, last.feather
    top = f + np.stack([np.linspace(-lip, lip, len(f)), np.full(len(f), 1.0)], axis=1)
    nose = spline(top[0], (top[0, 0] + 5, top[0, 1] * 0.55), (0.10 * b, 2.5), (0.2 * b, 0), (0.30 * b, 0))
    rear = spline(top[-1], (b + lip + 1, top[-1, 1] * 0.5), (b + lip - 4, 0))
    if breast:
        waist = line((0.48 * b, breast * 0.5), (0.66 * b, breast), (0.68 * b, 0))
    else:
        waist = line((0.5 * b, 0), (0.7 * b, 0))
    outline = join(top, rear, waist[::-1], nose[::-1])
    draw.part(outline, material, puff=5)
    return outline


def heel_seat(last: Last, start: float) -> Line:
    """Return the stretch of the feather line over the heel, from a fraction of the length to the back."""
    return between_x(last.feather, start * last.back, last.back - 2)
