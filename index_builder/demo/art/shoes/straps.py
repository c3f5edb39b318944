"""Uppers and straps of open shoes: the low-cut upper, straps over foot, instep and ankle."""

from __future__ import annotations

from index_builder.demo.art.painting.drawing import Drawing
from index_builder.demo.art.painting.geometry import Line, band, ellipse, join, shifted, spline, sub
from index_builder.demo.art.painting.materials import LEATHER, RUBBER, Material
from index_builder.demo.art.painting.seeded_choices import SeededChoices
from index_builder.demo.art.painting.trims import buckle, strap
from index_builder.demo.art.shoes.last import Last, thin_sole


def topline(last: Last, throat: float, side: float, rise: float, lift: float = 0.0) -> Line:
    """Return the opening's near edge (or, with `lift`, its far edge) from the throat back to the counter."""
    x, y = last.front(throat)[-1]
    return spline(
        (x, y + lift * 0.2),
        last.over(throat + 0.04, height_over(last, throat) * 0.62 + side * 0.3 + lift),
        last.over(throat + 0.14, side + 8 + lift),
        last.over(0.62, side + lift),
        last.over(0.82, side + 0.45 * (rise - side) + lift * 0.8),
        last.counter(rise + lift * 0.3)[-1],
    )


def height_over(last: Last, fraction: float) -> float:
    """Return the height of the vamp over the feather line."""
    return float(last.front(fraction)[-1, 1] - last.over(fraction, 0)[1])


def court(draw: Drawing, last: Last, upper: Material, throat: float, side: float, rise: float) -> Line:
    """Draw a low-cut upper with its lining. Returns the near edge of the opening."""
    near, far = topline(last, throat, side, rise), topline(last, throat, side, rise, 15)
    draw.part(join(near, far[::-1]), LEATHER.dyed("sand"), shade=-0.1, puff=5)
    thin_sole(draw, last, RUBBER)
    draw.part(last.shell(throat, rise, near), upper, puff=17)
    draw.seam(shifted(near[3:-2], 0, -5), upper, 1.0)
    return near


def ankle_strap(draw: Drawing, last: Last, material: Material, rise: float, metal: Material) -> None:
    """Draw a strap around the absent ankle: its far half, a stay up the heel, its near half with the buckle."""
    x, y = last.back - 58, last.heel + last.platform + rise
    draw.part(band(ellipse(x, y, 52, 17, 0, 180), 9), material, puff=3, shade=-0.25)
    stay = spline(shifted(last.counter(46)[-1], -4, 0), (x + 51, (y + last.counter(60)[-1, 1]) / 2), (x + 50, y))
    strap(draw, stay, 13, material)
    strap(draw, ellipse(x, y, 52, 17, 180, 360), 12, material)
    buckle(draw, x - 12, y - 16, 15, -6, metal)


def strap_over(
    draw: Drawing, last: Last, foot: float, lean: float, tall: float, width: float, material: Material
) -> None:
    """Draw a sandal strap from the sole's edge over the foot, its top leaning by `lean`, and its far half."""
    if width > 40:
        _draw_wide_strap(draw, last, foot, tall, 0.5 * width / last.back, material)
        return
    loop = spline(
        last.over(foot, 0),
        last.over(foot + lean * 0.3 - 0.014, tall * 0.58),
        last.over(foot + lean - 0.004, tall * 0.95),
        last.over(foot + lean + 0.022, tall),
        last.over(foot + lean * 0.8 + 0.055, tall * 0.72),
        last.over(foot + lean * 0.4 + 0.085, 4),
    )
    draw.part(band(sub(loop, 0.45, 1), width * 0.9), material, puff=3, shade=-0.35)
    draw.part(band(sub(loop, 0, 0.53), width * 1.1, width * 0.9), material, puff=2 + width * 0.25)


def _draw_wide_strap(draw: Drawing, last: Last, foot: float, tall: float, half: float, material: Material) -> None:
    front = [
        last.over(foot - half, 0),
        last.over(foot - half + 0.004, tall * 0.36),
        last.over(foot - half + 0.03, tall * 0.66),
    ]
    crown = [
        last.over(foot - 0.1 * half, tall * 0.86),
        last.over(foot + 0.62 * half, tall * 1.04),
        last.over(foot + half, tall * 1.0),
    ]
    back = [last.over(foot + half + 0.03, tall * 0.5), last.over(foot + half + 0.045, 0)]
    near, rear = spline(*front, *crown, *back), spline(*crown[1:], *back)
    far = spline(
        crown[1],
        last.over(foot + half + 0.045, tall * 0.86),
        last.over(foot + half + 0.085, tall * 0.4),
        last.over(foot + half + 0.095, 2),
    )
    draw.part(join(far, rear[::-1]), material, puff=4, shade=-0.5)
    draw.part(near, material, puff=9)
    draw.stitch(shifted(rear[8:], -7, 0), material)
    draw.stitch(shifted(spline(*front), 7, 0), material)


def bridge(draw: Drawing, last: Last, mount: float, lean: float, material: Material) -> tuple[float, float]:
    """Draw the far half of an instep strap, which the upper covers. Returns the point at which it crosses the foot."""
    x, y = last.over(mount + lean, max(78.0, height_over(last, mount + lean) * 0.80))
    draw.part(
        band(spline((x - 2, y), (x + 13, y - 6), last.over(mount + lean + 0.075, 40)), 13), material, puff=3, shade=-0.3
    )
    return x, y


def straps_on(draw: Drawing, last: Last, choices: SeededChoices, upper: Material) -> str:
    """Draw the straps of an open sandal. Returns the words for them."""
    style = choices.pick("straps", ("one wide strap", "two straps", "crossed straps", "thin straps", "woven straps"))
    if style == "one wide strap":
        strap_over(draw, last, 0.24, -0.02, 74, 84, upper)
    elif style == "two straps":
        strap_over(draw, last, 0.16, -0.01, 58, 24, upper)
        strap_over(draw, last, 0.38, -0.02, 86, 24, upper)
    elif style == "crossed straps":
        strap_over(draw, last, 0.36, -0.16, 72, 22, upper)
        strap_over(draw, last, 0.18, 0.12, 78, 22, upper)
    else:
        count, width = (5, 9.0) if style == "thin straps" else (4, 20.0)
        for k in range(count):
            lean = -0.02 if style == "thin straps" else (-0.09, 0.07)[k % 2]
            strap_over(draw, last, 0.13 + 0.32 * k / count, lean, 56 + 34 * k / count, width, upper)
    return style
