from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from PIL import Image

from index_builder.datasets.pairs import PairsError, category_of, is_held_out
from index_builder.datasets.pictures import open_image
from index_builder.datasets.readers.read import read_data, read_pairs, read_photos
from index_builder.datasets.triplets import HumanTriplet, TripletsError
from model.preprocessing.images import UnreadableImageError


def touch(folder: Path, *names: str) -> None:
    for name in names:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.new("L", (4, 4)).save(path)


def test_sketches_find_their_photo_by_exact_stem_first(tmp_path: Path) -> None:
    touch(tmp_path, "photos/7.jpg", "photos/7_1.jpg", "sketches/7.png", "sketches/7_1.png", "sketches/7_2.png")
    pairs = {pair.photo_id: [sketch.name for sketch in pair.sketches] for pair in read_pairs(tmp_path).pairs}
    assert pairs == {"7": ["7", "7_2"], "7_1": ["7_1"]}


def test_ids_may_hold_underscores(tmp_path: Path) -> None:
    touch(tmp_path, "edge_maps/00140128_v1.png", "sketches/00140128_v1_3.png")
    (pair,) = read_pairs(tmp_path).pairs
    assert pair.photo_id == "00140128_v1" and pair.photo is None and pair.edge_map is not None
    assert [sketch.name for sketch in pair.sketches] == ["00140128_v1_3"]


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
    with pytest.raises(UnreadableImageError, match=r"bad\.png: image cannot be read"):
        open_image(tmp_path / "bad.png")


def test_more_sketches_are_kept_apart_from_the_queries(tmp_path: Path) -> None:
    touch(tmp_path, "photos/a.jpg", "photos/b.jpg", "sketches/a.png", "more_sketches/a_1.png", "more_sketches/b_2.png")
    pairs = read_pairs(tmp_path).pairs
    assert [[sketch.name for sketch in pair.sketches] for pair in pairs] == [["a"], []]
    assert [[sketch.name for sketch in pair.more_sketches] for pair in pairs] == [["a_1"], ["b_2"]]
    touch(tmp_path, "more_sketches/c_1.png")
    with pytest.raises(PairsError, match=r"c_1\.png belongs to no photo"):
        read_pairs(tmp_path)


def test_strokes_go_to_the_sketch_of_their_name(tmp_path: Path) -> None:
    touch(tmp_path, "photos/a.jpg", "sketches/a_1.png", "sketches/a_2.png")
    strokes = [[[0, 0], [10.5, 20, 0.5]], [[3, 4], [5, 6]]]
    (tmp_path / "strokes.json").write_text(json.dumps({"width": 256, "height": 256, "sketches": {"a_2": strokes}}))
    (pair,) = read_pairs(tmp_path).pairs
    assert [sketch.strokes for sketch in pair.sketches] == [None, strokes]


@pytest.mark.parametrize(
    ("sketches", "words"),
    [
        ({"b": []}, "strokes of 'b', expected names of images in sketches/"),
        ({"a": [[[1]]]}, r"sketches\.a\[0\]\[0\] has 1 items: expected at least 2"),
        ({"a": [[[1, "x"]]]}, r"sketches\.a\[0\]\[0\]\[1\] is 'x'"),
    ],
)
def test_wrong_strokes_are_named(tmp_path: Path, sketches: object, words: str) -> None:
    touch(tmp_path, "photos/a.jpg", "sketches/a.png")
    (tmp_path / "strokes.json").write_text(json.dumps({"sketches": sketches}))
    with pytest.raises(PairsError, match=rf"strokes\.json.*{words}"):
        read_pairs(tmp_path)


def test_triplets_follow_their_photos_into_either_half(tmp_path: Path) -> None:
    touch(tmp_path, *(f"{kind}/{i}.png" for kind in ("photos", "sketches") for i in range(40)))
    folder = read_pairs(tmp_path)
    held_out = [pair.photo_id for pair in folder.held_out().pairs]
    training = [pair.photo_id for pair in folder.training().pairs]
    inside = [[training[1], training[2], 3]]
    across = [[held_out[0], training[1], 2], [training[1], held_out[0], 1]]
    numbers = [[int(held_out[1]), int(held_out[2]), 1]]
    triplets = {training[0]: inside + across, held_out[0]: numbers}
    (tmp_path / "triplets.json").write_text(json.dumps(triplets))
    folder = read_pairs(tmp_path)
    assert len(folder.triplets) == 4
    assert folder.training().triplets == (HumanTriplet(training[0], training[1], training[2], 3),)
    assert folder.held_out().triplets == (HumanTriplet(held_out[0], held_out[1], held_out[2], 1),)


@pytest.mark.parametrize(
    ("triplets", "words"),
    [
        ('{"c": [["a", "b", 1]]}', "triplets of sketch 'c', expected the name of a sketch"),
        ('{"a": [["a", 7, 1]]}', "sketch 'a' names photo '7', expected a photo's id"),
        ('{"a": [["a", "b", 0]]}', r"a\[0\]\[2\] is 0: expected at least 1"),
        ('{"a": [["a", null, 1]]}', r"a\[0\]\[1\] is null"),
        ('{"a": [["a", "b"]]}', r"a\[0\]\[2\] is missing"),
        ("[", "is not valid JSON"),
    ],
)
def test_wrong_triplets_are_named(tmp_path: Path, triplets: str, words: str) -> None:
    touch(tmp_path, "photos/a.jpg", "photos/b.jpg", "sketches/a.png")
    (tmp_path / "triplets.json").write_text(triplets)
    with pytest.raises(TripletsError, match=rf"triplets\.json.*{words}"):
        read_pairs(tmp_path)


def test_a_folder_of_categories_is_several_pair_folders(tmp_path: Path) -> None:
    for name in ("hat", "ant"):
        touch(tmp_path / "sketchy", f"{name}/photos/1.jpg", f"{name}/sketches/1_2.png")
    touch(tmp_path / "sketchy", "only-photos/photos/1.jpg", "train/photos/1.jpg", "train/sketches/1.png")
    folders = read_data(tmp_path / "sketchy")
    assert [(folder.name, len(folder.pairs)) for folder in folders] == [("ant", 1), ("hat", 1)]
    assert read_data(tmp_path / "sketchy" / "hat") == folders[1:]
    with pytest.raises(PairsError, match=r"holds 2 categories, expected one, such as .*/ant"):
        read_pairs(tmp_path / "sketchy")


def test_the_documented_split_of_qmul_is_the_one_that_is_used() -> None:
    text = (Path(__file__).resolve().parents[3] / "docs" / "datasets.md").read_text()
    listed = re.findall(r"\d+", text.split("<!-- held out -->")[1])
    assert listed == [str(i) for i in range(1, 401) if is_held_out(str(i))]


def test_photos_that_lie_beside_sketches_are_refused_as_photos_alone(tmp_path: Path) -> None:
    touch(tmp_path, "photos/a.jpg", "sketches/a.png")
    with pytest.raises(PairsError, match="holds photos together with sketches or edge maps, expected photos alone"):
        read_photos(tmp_path)
    assert [pair.photo_id for pair in read_photos(tmp_path / "photos").pairs] == ["a"]


def test_a_photo_is_held_out_wherever_it_lies(tmp_path: Path) -> None:
    touch(tmp_path, *(f"one/{i}.jpg" for i in range(30)))
    nested, flat = (read_photos(folder).held_out().pairs for folder in (tmp_path, tmp_path / "one"))
    assert [pair.photo_id for pair in nested] == [f"one/{pair.photo_id}" for pair in flat] and flat


def test_a_fifth_is_held_out_where_photos_of_many_products_have_one_name(tmp_path: Path) -> None:
    touch(tmp_path, *(f"sku-{i}/{name}.jpg" for i in range(100) for name in ("cover", "1")))
    held_out, training = read_photos(tmp_path).held_out().pairs, read_photos(tmp_path).training().pairs
    assert len(held_out) + len(training) == 200 and 25 <= len(held_out) <= 55


def test_the_halves_of_a_data_set_are_called_by_its_name(tmp_path: Path) -> None:
    assert [category_of(tmp_path / "shoes" / half) for half in ("train", "test", "val", "")] == ["shoes"] * 4
