"""Tests of the partial sketches that training draws, made from strokes or from traced pictures."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import ExifTags, Image, ImageDraw

from index_builder.datasets.readers.read import read_pairs
from index_builder.training.data.samples import SampleSet, draw_batch, prepare
from model.preprocessing.preprocess import Preprocess, PreprocessConfig
from tests.support.shape_pairs import write_shapes

SQUARE = [[[40, 40], [200, 40]], [[200, 40], [200, 200]], [[200, 200], [40, 200]], [[40, 200], [40, 40]]]
DOT = [[[100, 100], [102, 100]], [[102, 100], [102, 102]], [[102, 102], [130, 130]]]


@pytest.fixture(scope="module")
def samples(tmp_path_factory: pytest.TempPathFactory) -> SampleSet:
    """Prepare samples with partial sketches of three pairs: strokes of a square and of a dot, and a picture."""
    folder = write_shapes(tmp_path_factory.mktemp("unfinished") / "shapes", photos=3, sketches=1)
    drawn = {"width": 256, "height": 256, "sketches": {"0_0": SQUARE, "1_0": DOT}}
    (folder / "strokes.json").write_text(json.dumps(drawn))
    return prepare(read_pairs(folder), Preprocess(PreprocessConfig(size=64)), unfinished=True)


def test_sketches_with_strokes_are_also_kept_as_they_were_while_being_drawn(samples: SampleSet) -> None:
    square, dot, _ = samples.samples
    assert len(square.unfinished) == 4
    assert 0 < len(dot.unfinished) < 4  # its first strokes are too small to search with
    first, last = (np.asarray(image.frame < 250) for image in (square.unfinished[0], square.unfinished[-1]))
    assert first.any(1).sum() < 8 < first.any(0).sum()  # the upper side alone, in the middle of the frame
    assert last.any(0).sum() > 50 and last.any(1).sum() > 50


@pytest.mark.parametrize("orientation", [1, 6])  # of EXIF: upright, lying on its side
def test_a_picture_is_taken_to_have_been_drawn_long_lines_first(tmp_path: Path, orientation: int) -> None:
    folder = write_shapes(tmp_path / "shapes", photos=1, sketches=1)
    picture = Image.new("L", (256, 256), 255)
    pen = ImageDraw.Draw(picture)
    pen.line((120, 60, 136, 60), 0, 3)  # a short line above, a long one below
    pen.line((30, 200, 226, 200), 0, 3)
    (folder / "sketches" / "0_0.png").unlink()
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = orientation
    picture.save(folder / "sketches" / "0_0.jpg", quality=95, exif=exif)
    (sample,) = prepare(read_pairs(folder), Preprocess(PreprocessConfig(size=64)), unfinished=True).samples
    assert len(sample.unfinished) == 4
    for image in sample.unfinished:
        across = np.flatnonzero((image.frame < 250).any(1 if orientation == 1 else 0))
        assert len(across) and np.ptp(across) < 6  # the long line alone
    plain = prepare(read_pairs(folder), Preprocess(PreprocessConfig(size=64))).samples[0]
    assert plain.unfinished == () and len(plain.sketches) == len(sample.sketches)


def test_they_are_drawn_as_often_as_asked(samples: SampleSet) -> None:
    for share, low, high in ((0.0, 0, 0), (0.5, 0.35, 0.65), (1.0, 1, 1)):
        random, seen = np.random.default_rng(0), []
        for _ in range(100):
            sketches, edges = draw_batch(samples, 3, random, share)
            for sketch, edge in zip(sketches, edges, strict=True):
                owner = next(s for s in samples.samples if any(edge is e for e in s.edges))
                assert any(sketch is own for own in owner.sketches + owner.unfinished)
                if owner.unfinished:
                    seen.append(any(sketch is part for part in owner.unfinished))
        assert low <= np.mean(seen) <= high
