from __future__ import annotations

import io
import struct
import zlib
from collections.abc import Callable

import cv2
import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageOps

from model.preprocessing.frames import FRAME
from model.preprocessing.images import ImageTooLargeError, Pixels, UnreadableImageError, decode_image
from model.preprocessing.line_drawing import BlankSketchError
from model.preprocessing.preprocess import Preprocess, PreprocessConfig

preprocess = Preprocess()

BOOT = [
    [(60, 20), (62, 120), (40, 150), (20, 165), (22, 180), (150, 180), (148, 150), (140, 20)],
    [(60, 20), (100, 26), (140, 20)],
    [(64, 60), (110, 66)],
    [(63, 90), (108, 96)],
    [(22, 168), (148, 168)],
]


def draw(
    scale: float = 1.5, width: int = 3, shift: tuple[int, int] = (0, 0), size: tuple[int, int] = (300, 300)
) -> Image.Image:
    image = Image.new("L", size, 255)
    pen = ImageDraw.Draw(image)
    for stroke in BOOT:
        pen.line(
            [(x * scale + shift[0], y * scale + shift[1]) for x, y in stroke],
            fill=0,
            width=width,
            joint="curve",
        )
    return image


def agreement(frame: Pixels, other: Pixels, tolerance: int = 2) -> float:
    """Return the share of each frame's ink within `tolerance` px of the other's; the smaller of both ways."""
    near = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * tolerance + 1,) * 2)
    inked = [(frame < 128).astype(np.float32), (other < 128).astype(np.float32)]
    overlap = [(a * cv2.dilate(b, near)).sum() / a.sum() for a, b in (inked, inked[::-1])]
    return min(map(float, overlap))


def jpeg(image: Image.Image) -> Image.Image:
    buffer = io.BytesIO()
    page = Image.new("L", (1200, 900), 255)
    page.paste(image.resize((900, 900)), (150, 0))
    page.save(buffer, "JPEG", quality=60)
    return Image.open(buffer)


def transparent(image: Image.Image, colour: int) -> Image.Image:
    ink = Image.new("LA", image.size, (colour, 0))
    ink.putalpha(ImageOps.invert(image))
    return ink.convert("RGBA")


VARIANTS: dict[str, Callable[[], Image.Image]] = {
    "shifted": lambda: draw(shift=(60, -20), size=(400, 300)),
    "half size": lambda: draw(0.75),
    "thick": lambda: draw(width=9),
    "hairline": lambda: draw(12, width=1, size=(2600, 2400)),
    "inverted": lambda: ImageOps.invert(draw()),
    "grey on grey": lambda: draw().point(lambda v: 120 + v // 4),
    "yellow on white": lambda: ImageOps.colorize(draw(), (255, 255, 0), "white"),
    "huge, transparent, white lines": lambda: transparent(draw(24, width=16, size=(4800, 4400)), 255),
    "jpeg": lambda: jpeg(draw()),
    "transparent, black lines": lambda: transparent(draw(), 0),
    "transparent, white lines": lambda: transparent(draw(), 255),
    "palette": lambda: draw().convert("P"),
    "one bit": lambda: draw().convert("1"),
    "16 bit": lambda: Image.fromarray(np.asarray(draw()).astype(np.uint16) * 257),
    "wide page": lambda: draw(size=(2000, 300), shift=(1500, 0)),
}


@pytest.mark.parametrize("variant", VARIANTS)
def test_the_same_sketch_gives_the_same_frame(variant: str) -> None:
    assert agreement(preprocess.sketch(draw()), preprocess.sketch(VARIANTS[variant]())) > 0.95


def test_a_filled_part_does_not_move_the_frame() -> None:
    filled = draw()
    ImageDraw.Draw(filled).rectangle((60, 255, 190, 268), fill=0)
    lines = preprocess.sketch(draw()) < 128
    near = cv2.dilate((preprocess.sketch(filled) < 128).astype(np.uint8), np.ones((5, 5), np.uint8))
    assert near[:180][lines[:180]].mean() > 0.95  # above the part


def test_strokes_give_the_frame_of_their_raster() -> None:
    assert agreement(preprocess.sketch(draw(4, width=5, size=(800, 800))), preprocess.strokes(BOOT)) > 0.97


def test_strokes_may_carry_pressure_and_any_unit() -> None:
    with_pressure = [[(x * 7 - 500, y * 7 + 900, 0.5) for x, y in stroke] for stroke in BOOT]
    assert np.array_equal(preprocess.strokes(with_pressure), preprocess.strokes(BOOT))


@pytest.mark.parametrize("size", [(300, 300), (900, 200), (120, 640)])
def test_frames_are_centred_and_as_large_as_in_training(size: tuple[int, int]) -> None:
    frame = preprocess.sketch(draw(0.7, size=size))
    assert frame.shape == (FRAME, FRAME) and frame.dtype == np.uint8
    rows, columns = np.flatnonzero((frame < 128).any(1)), np.flatnonzero((frame < 128).any(0))
    assert abs(max(np.ptp(rows), np.ptp(columns)) - 226) <= 6
    for line in (rows, columns):
        assert abs((line[0] + line[-1]) / 2 - 127.5) <= 3


def test_every_line_is_drawn_in_the_normal_width() -> None:
    frame = Preprocess(PreprocessConfig(line_width=3)).strokes([[(0, 0), (100, 0)], [(0, 50), (100, 50)]])
    assert set(np.unique(frame)) == {0, 255}
    assert (frame[:, 128] == 0).sum() == 6


@pytest.mark.parametrize(
    ("image", "words"),
    [
        (Image.new("L", (200, 200), 255), "blank"),
        (Image.new("RGB", (1, 1), "red"), "blank"),
        (Image.new("RGBA", (50, 50), (0, 0, 0, 0)), "blank"),
    ],
)
def test_blank_sketches_are_refused(image: Image.Image, words: str) -> None:
    with pytest.raises(BlankSketchError, match=words):
        preprocess.sketch(image)


def test_too_small_sketches_are_refused_with_their_size() -> None:
    dot = Image.new("L", (200, 200), 255)
    dot.paste(0, (100, 100, 103, 104))
    with pytest.raises(BlankSketchError, match="3x4 px of lines, expected at least 8"):
        preprocess.sketch(dot)
    with pytest.raises(BlankSketchError, match="0x0 px"):
        preprocess.strokes([[(10, 10)]])
    with pytest.raises(BlankSketchError, match="no strokes"):
        preprocess.strokes([])


def product(mode: str = "RGB", size: tuple[int, int] = (500, 400)) -> Image.Image:
    """Draw a two-coloured stool on white."""
    image = Image.new("RGB", size, "white")
    pen = ImageDraw.Draw(image)
    pen.rectangle((100, 100, 300, 140), fill=(150, 60, 30))
    pen.rectangle((110, 140, 130, 320), fill=(60, 30, 20))
    pen.rectangle((270, 140, 290, 320), fill=(60, 30, 20))
    return image.convert(mode)


def rotated_by_exif() -> Image.Image:
    buffer = io.BytesIO()
    exif = Image.Exif()
    exif[0x0112] = 6  # the camera was turned: show it rotated by 90 degrees clockwise
    product().rotate(90, expand=True).save(buffer, "JPEG", exif=exif, quality=95)
    return Image.open(buffer)


def with_broken_exif() -> Image.Image:
    buffer = io.BytesIO()
    product().save(buffer, "PNG", exif=b"garbage garbage")
    return decode_image(buffer.getvalue())


def on_transparent_ground() -> Image.Image:
    image = product("RGBA")
    white = (np.asarray(image)[..., :3] == 255).all(2)
    image.putalpha(Image.fromarray(np.where(white, 0, 255).astype(np.uint8)))
    return image


PHOTOS: dict[str, Callable[[], Image.Image]] = {
    "grey": lambda: product("L"),
    "rgba": on_transparent_ground,
    "cmyk": lambda: product("CMYK"),
    "palette": lambda: product("P"),
    "16 bit": lambda: Image.fromarray(np.asarray(product("L")).astype(np.uint16) * 257),
    "turned camera": rotated_by_exif,
    "broken exif": with_broken_exif,
    "large": lambda: product().resize((2000, 1600)),
}


@pytest.mark.parametrize("kind", PHOTOS)
def test_photos_of_every_mode_give_the_same_edge_map(kind: str) -> None:
    assert agreement(preprocess.photo(product()), preprocess.photo(PHOTOS[kind]()), tolerance=3) > 0.93


def test_the_edge_map_is_the_outline_in_the_frame() -> None:
    frame = preprocess.photo(product())
    outline = preprocess.strokes(
        [
            [
                (100, 100),
                (300, 100),
                (300, 140),
                (290, 140),
                (290, 320),
                (270, 320),
                (270, 140),
                (130, 140),
                (130, 320),
            ],
            [(130, 320), (110, 320), (110, 140), (100, 140), (100, 100)],
            [(110, 140), (130, 140)],
            [(270, 140), (290, 140)],
        ]
    )
    assert agreement(frame, outline, tolerance=4) > 0.95


def test_a_photo_of_nothing_is_a_blank_frame() -> None:
    assert (preprocess.photo(Image.new("RGB", (50, 80), "blue")) == 255).all()
    assert (preprocess.photo(Image.new("RGB", (1, 1), "blue")) == 255).all()


def test_published_edge_maps_lose_their_grey_rim() -> None:
    rimmed = draw(1.2, size=(256, 256))
    pen = ImageDraw.Draw(rimmed)
    pen.line([(0, 0), (255, 0)], fill=90)
    pen.line([(0, 0), (0, 255)], fill=90)
    assert agreement(preprocess.edge_map(rimmed), preprocess.sketch(draw(1.2, size=(256, 256)))) > 0.95


def test_tensors_are_ink_on_zero_at_the_networks_size() -> None:
    frames = [preprocess.strokes(BOOT), np.full((FRAME, FRAME), 255, np.uint8)]
    tensor = Preprocess(PreprocessConfig(size=64)).tensor(frames)
    assert tensor.shape == (2, 1, 64, 64)
    assert tensor[0].max() > 0.5 and tensor[1].abs().max() == 0


def png_header(width: int, height: int) -> bytes:
    """Build a PNG of under 1 KB that declares any size."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(b"\0" * 600)) + chunk(b"IEND", b"")
    )


def test_bombs_are_refused_by_their_header() -> None:
    with pytest.raises(ImageTooLargeError, match="far more than the 50000000 pixels"):
        decode_image(png_header(30_000, 30_000))
    with pytest.raises(ImageTooLargeError, match="9000x9000 pixels, expected at most 50000000"):
        decode_image(png_header(9_000, 9_000))
    with pytest.raises(ImageTooLargeError, match="300x300 pixels, expected at most 5000"):
        decode_image(png_header(300, 300), max_pixels=5000)


def test_unreadable_bytes_are_refused() -> None:
    buffer = io.BytesIO()
    draw().save(buffer, "PNG")
    for data, words in (
        (b"", "0 bytes"),
        (b"GIF89a?", "cannot be read"),
        (b"hello there", "cannot be read"),
        (buffer.getvalue()[:200], "cannot be read"),
        (buffer.getvalue()[:-40], "cannot be read"),
    ):
        with pytest.raises(UnreadableImageError, match=words):
            decode_image(data)
