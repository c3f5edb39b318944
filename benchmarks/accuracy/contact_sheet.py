"""Contact sheet: sketches, each with the first eight results of a gallery.

python -m benchmarks.accuracy.contact_sheet --gallery DIR --out FILE SKETCH...
"""

from __future__ import annotations

from pathlib import Path

from PIL import Image, ImageDraw, ImageFont

from app.gallery.gallery import Gallery
from app.gallery.layout import CHECKPOINT_FILE
from app.search.results import Result
from app.search.retriever import Retriever
from benchmarks.support.report import create_parser
from index_builder.datasets.pictures import open_image
from model.checkpoint import load_checkpoint

_TILE, _CAPTION, _SHOWN = 150, 22, 8


def draw_contact_sheet(gallery_dir: Path, sketches: list[Path]) -> Image.Image:
    """Draw one row per sketch: the sketch, then its results with their categories, nearest first."""
    checkpoint = load_checkpoint(gallery_dir / CHECKPOINT_FILE)
    gallery = Gallery.open(gallery_dir, checkpoint)
    retriever = Retriever(checkpoint, gallery)
    sheet = Image.new("RGB", ((_SHOWN + 1) * _TILE + 20, len(sketches) * (_TILE + _CAPTION)), "white")
    for row, path in enumerate(sketches):
        top = row * (_TILE + _CAPTION)
        sketch = open_image(path)
        _paste_captioned(sheet, sketch, 0, top, "sketch")
        response = retriever.search(checkpoint.preprocess.sketch(sketch), _SHOWN)
        for column, result in enumerate(response.results):
            photo = gallery.photos.open(result.product.photo)
            _paste_captioned(sheet, photo, 20 + (column + 1) * _TILE, top, _choose_caption(result))
    gallery.close()
    return sheet


def _choose_caption(result: Result) -> str:
    return (result.product.category or result.product.title).rpartition("> ")[2]


def _paste_captioned(sheet: Image.Image, image: Image.Image, left: int, top: int, caption: str) -> None:
    image = image.convert("RGB")
    image.thumbnail((_TILE - 10, _TILE - 10))
    sheet.paste(image, (left + (_TILE - image.width) // 2, top + (_TILE - image.height) // 2))
    font = ImageFont.load_default(11)
    ImageDraw.Draw(sheet).text((left + _TILE // 2, top + _TILE + 6), caption[:24], "#555", font, anchor="mm")


def main() -> None:
    """Parse the options, draw the sheet and write it."""
    parser = create_parser(__doc__)
    parser.add_argument("--gallery", type=Path, required=True, help="gallery to search")
    parser.add_argument("--out", type=Path, required=True, help="picture file to write")
    parser.add_argument("sketches", type=Path, nargs="+", help="sketch images, one per row")
    options = parser.parse_args()
    options.out.parent.mkdir(parents=True, exist_ok=True)
    draw_contact_sheet(options.gallery, options.sketches).save(options.out, optimize=True)
    print(f"wrote {options.out}")


if __name__ == "__main__":
    main()
