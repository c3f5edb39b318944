from __future__ import annotations

from pathlib import Path

import pytest
from PIL import Image

from index_builder.pairs import PairsError, open_image, read_pairs, read_photos
from model.images import UnreadableImage


def touch(folder: Path, *names: str) -> None:
    for name in names:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.new("L", (4, 4)).save(path)


def test_sketches_find_their_photo_by_exact_stem_first(tmp_path: Path) -> None:
    touch(tmp_path, "photos/7.jpg", "photos/7_1.jpg", "sketches/7.png", "sketches/7_1.png", "sketches/7_2.png")
    pairs = {pair.photo_id: [path.name for path in pair.sketches] for pair in read_pairs(tmp_path).pairs}
    assert pairs == {"7": ["7.png", "7_2.png"], "7_1": ["7_1.png"]}


def test_ids_may_hold_underscores(tmp_path: Path) -> None:
    touch(tmp_path, "edge_maps/00140128_v1.png", "sketches/00140128_v1_3.png")
    (pair,) = read_pairs(tmp_path).pairs
    assert pair.photo_id == "00140128_v1" and pair.photo is None and pair.edge_map is not None
    assert [path.name for path in pair.sketches] == ["00140128_v1_3.png"]


def test_photos_that_nobody_sketched_stay(tmp_path: Path) -> None:
    touch(tmp_path, "photos/a.jpg", "photos/b.jpg", "edge_maps/b.png", "sketches/a.png")
    assert [(pair.photo_id, len(pair.sketches)) for pair in read_pairs(tmp_path).pairs] == [("a", 1), ("b", 0)]


def test_a_sketch_of_no_photo_is_named(tmp_path: Path) -> None:
    touch(tmp_path, "photos/a.jpg", "sketches/c_1.png")
    with pytest.raises(PairsError, match=r"c_1\.png belongs to no photo: found neither 'c_1' nor 'c'"):
        read_pairs(tmp_path)


def test_what_is_no_pair_folder_is_named(tmp_path: Path) -> None:
    with pytest.raises(PairsError, match="not found"):
        read_pairs(tmp_path / "nowhere")
    with pytest.raises(PairsError, match="no images in photos/ or edge_maps/"):
        read_pairs(tmp_path)
    with pytest.raises(PairsError, match="no photos found"):
        read_photos(tmp_path)


def test_the_held_out_fifth_is_fixed_and_disjoint(tmp_path: Path) -> None:
    touch(tmp_path, *(f"photos/{i}.jpg" for i in range(200)))
    folder = read_pairs(tmp_path)
    held_out, training = folder.held_out().pairs, folder.training().pairs
    assert {p.photo_id for p in held_out} | {p.photo_id for p in training} == {str(i) for i in range(200)}
    assert len(held_out) + len(training) == 200
    assert 25 <= len(held_out) <= 55
    assert held_out == read_pairs(tmp_path).held_out().pairs


def test_a_train_folder_is_named_by_its_category(tmp_path: Path) -> None:
    touch(tmp_path, "shoes/train/photos/a.jpg")
    assert read_pairs(tmp_path / "shoes" / "train").name == "shoes"


def test_photo_folders_are_read_at_any_depth(tmp_path: Path) -> None:
    touch(tmp_path, "boots/1.jpg", "2.webp")
    (tmp_path / "notes.txt").write_text("no photo")
    assert [pair.photo_id for pair in read_photos(tmp_path).pairs] == ["2", "boots/1"]


def test_an_unreadable_image_is_named(tmp_path: Path) -> None:
    (tmp_path / "bad.png").write_bytes(b"nothing")
    with pytest.raises(UnreadableImage, match=r"bad\.png: image cannot be read"):
        open_image(tmp_path / "bad.png")
