"""Re-embedding: all or nothing, during writes, and wherever it is killed."""

from __future__ import annotations

import shutil
import threading
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from app.catalogue.catalogue import Catalogue
from app.core.process_lock import LockHeldError, process_lock
from app.database.errors import CheckpointMismatchError
from app.decoding.product_photo import encode_webp_files
from app.gallery.checkpoint_store import checkpoint_file
from app.gallery.gallery import Gallery
from app.gallery.layout import CHECKPOINT_FILE, PHOTOS, GalleryLocation
from app.products.product import Photo, Product
from app.search.retriever import Retriever
from index_builder.gallery import reembed as stage
from index_builder.gallery.reembed import reembed
from index_builder.gallery.verify.verify import verify
from model.checkpoint import Checkpoint, CheckpointError, load_checkpoint, save_checkpoint
from model.preprocessing.frames import mirror_image
from model.preprocessing.images import decode_image
from model.preprocessing.preprocess import PreprocessConfig
from tests.conftest import draw_product
from tests.index_builder.cli.test_cli import answer, run
from tests.support.kill_points import killed_at

COUNT = 12  # photos in the tiny gallery


@pytest.fixture
def gallery(tiny_gallery: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(tiny_gallery, tmp_path / "gallery"))


@pytest.fixture(autouse=True)
def small_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stage, "_BATCH", 4)


def reembed_in_small_batches(directory: Path, checkpoint: Path) -> None:
    """Re-embed in another process, which the fixture does not reach."""
    stage._BATCH = 4
    reembed(GalleryLocation(directory), checkpoint)


def own_checkpoint(directory: Path) -> Checkpoint:
    catalogue = GalleryLocation(directory).open_catalogue()
    checkpoint = load_checkpoint(checkpoint_file(GalleryLocation(directory), catalogue.state().checkpoint))
    catalogue.close()
    return checkpoint


def embedded(directory: Path) -> Iterator[tuple[str, NDArray[np.float32]]]:
    """Yield every photo's name with its embedding (2D,) in the catalogue."""
    catalogue = GalleryLocation(directory).open_catalogue()
    for product in catalogue.page(limit=10_000):
        embeddings = catalogue.embedding(product.product_id)
        assert embeddings is not None
        yield from zip([photo.name for photo in product.photos], embeddings, strict=True)
    catalogue.close()


def embed_all(checkpoint: Checkpoint, directory: Path) -> dict[str, NDArray[np.float32]]:
    """Embed all photos both ways round by a checkpoint. Returns the embeddings (2D,) by name."""
    store, names = GalleryLocation(directory).open_photos(), [name for name, _ in embedded(directory)]
    frames = [checkpoint.preprocess.photo(decode_image(store.read(name)))[None] for name in names]
    return dict(zip(names, checkpoint.embed_photos(frames, mirrored=True), strict=True))


def assert_is_of(
    directory: Path, checkpoint: Checkpoint, expected: dict[str, NDArray[np.float32]] | None = None
) -> None:
    """Check that all embeddings are the checkpoint's, and that the gallery opens by it with all products."""
    embeddings = expected or embed_all(checkpoint, directory)
    for name, embedding in embedded(directory):
        np.testing.assert_allclose(embedding, embeddings[name], rtol=1e-4, atol=1e-5)
    opened = Gallery.open(directory, own_checkpoint(directory))
    assert opened.is_saved and opened.size == opened.catalogue.size()
    opened.close()


def test_a_gallery_gets_another_checkpoint(gallery: Path, other_checkpoint: Path) -> None:
    before, new = own_checkpoint(gallery), load_checkpoint(other_checkpoint)
    old_state = GalleryLocation(gallery).open_catalogue().state()
    products = GalleryLocation(gallery).open_catalogue().page(limit=100)
    report = answer("reembed", "--gallery", gallery, "--checkpoint", other_checkpoint)
    assert report == {
        "before": before.sha256,
        "after": new.sha256,
        "embedded": COUNT,
        "measured": 0,
        "photos": COUNT,
        "size": COUNT,
        "is_mirrored": True,
    }
    state = GalleryLocation(gallery).open_catalogue().state()
    assert (state.checkpoint, state.dim, state.revision) == (new.sha256, new.network.dim, old_state.revision)
    assert state.dim != old_state.dim and state.identity != old_state.identity
    assert GalleryLocation(gallery).open_catalogue().page(limit=100) == products
    assert own_checkpoint(gallery).sha256 == load_checkpoint(gallery / CHECKPOINT_FILE).sha256 == new.sha256
    assert_is_of(gallery, new)
    again = run("reembed", "--gallery", gallery, "--checkpoint", other_checkpoint)
    assert again.exit_code == 0 and again.stdout.startswith("nothing to do")


def test_the_checkpoint_before_stays_until_the_next(
    gallery: Path, other_checkpoint: Path, tiny_checkpoint: Path
) -> None:
    first = load_checkpoint(tiny_checkpoint)
    reembed(GalleryLocation(gallery), other_checkpoint)
    reembed(GalleryLocation(gallery), checkpoint_file(GalleryLocation(gallery), first.sha256))
    assert own_checkpoint(gallery).sha256 == first.sha256
    network = load_checkpoint(other_checkpoint).network
    with torch.no_grad():
        next(network.parameters()).add_(0.01)
    third = load_checkpoint(save_checkpoint(gallery.parent / "third.safetensors", network, PreprocessConfig(size=96)))
    reembed(GalleryLocation(gallery), gallery.parent / "third.safetensors")
    checkpoints = {path.stem for path in (gallery / "checkpoints").iterdir()}
    assert checkpoints == {first.sha256, third.sha256}
    assert_is_of(gallery, third)


def test_it_may_be_killed_at_any_step(
    tiny_gallery: Path, tmp_path: Path, other_checkpoint: Path, tiny_checkpoint: Path
) -> None:
    old, new = load_checkpoint(tiny_checkpoint), load_checkpoint(other_checkpoint)
    original, expected = dict(embedded(tiny_gallery)), embed_all(new, tiny_gallery)
    seen = set()
    for step in range(1, 200):
        gallery = shutil.copytree(tiny_gallery, tmp_path / str(step))
        if not killed_at(step, reembed_in_small_batches, gallery, other_checkpoint):
            break
        checkpoint = own_checkpoint(gallery)
        seen.add(checkpoint.sha256)
        Gallery.open(gallery, checkpoint).close()
        if checkpoint.sha256 == old.sha256:
            for name, embedding in embedded(gallery):
                np.testing.assert_array_equal(embedding, original[name])
        if step % 3 == 0:
            report = reembed(GalleryLocation(gallery), other_checkpoint)
            assert report.embedded in range(0, COUNT + 1, 4)
            seen.add(str(report.embedded))
            assert_is_of(gallery, new, expected)
        shutil.rmtree(gallery)
    assert step > 10
    assert {old.sha256, new.sha256, "0"} < seen


def test_writes_beside_it_are_never_lost_and_never_mixed(gallery: Path, other_checkpoint: Path) -> None:
    """Put products until the old checkpoint is replaced. All acknowledged products have embeddings of the new one."""
    old, store = own_checkpoint(gallery), GalleryLocation(gallery).open_photos()
    acknowledged: list[str] = []
    refused: list[CheckpointMismatchError] = []

    def write() -> None:
        catalogue = GalleryLocation(gallery).open_catalogue()
        catalogue.bind(old.sha256, old.network.dim)
        for number in range(1000):
            image = draw_product(100 + number, (64, 48))
            product = Product(
                f"late-{number}", "Late", photos=(Photo(store.keep(*encode_webp_files(image)), f"{number}"),)
            )
            try:
                catalogue.put([product], old.embed_photos([old.preprocess.photo(image)[None]], mirrored=True))
            except CheckpointMismatchError as error:
                refused.append(error)
                break
            acknowledged.append(product.product_id)
        catalogue.close()

    writer = threading.Thread(target=write)
    writer.start()
    reembed(GalleryLocation(gallery), other_checkpoint)
    writer.join()
    assert len(refused) == 1 and str(refused[0]).count(old.sha256) == 1
    catalogue = GalleryLocation(gallery).open_catalogue()
    assert set(acknowledged) == {p.product_id for p in catalogue.page(limit=5000)} & {f"late-{n}" for n in range(1000)}
    assert catalogue.size() == COUNT + len(acknowledged)
    assert_is_of(gallery, load_checkpoint(other_checkpoint))


def test_the_same_checkpoint_embeds_again_once_the_other_way_round_is_worth_it(
    gallery: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Check a gallery that has grown beyond the bound, and then shrinks below it."""
    location, own = GalleryLocation(gallery), own_checkpoint(gallery)
    expected = embed_all(own, gallery)
    opened = Gallery.open(gallery, own)
    monkeypatch.setattr("app.catalogue.mirroring.MOST_MIRRORED", COUNT - 1)
    report = reembed(location, gallery / CHECKPOINT_FILE)
    assert (report.before, report.embedded, report.is_mirrored) == (report.after, COUNT, False)
    with pytest.raises(CheckpointMismatchError, match="embedded again"):
        opened.refresh()
    alone = dict(embedded(gallery))
    for name, embedding in alone.items():
        np.testing.assert_allclose(embedding, expected[name][: own.network.dim], rtol=1e-4, atol=1e-5)
    assert verify(location).problems == ()
    searched = Gallery.open(gallery, own)
    assert searched.is_saved and not searched.is_mirrored and searched.snapshot.mirrored is None
    frame = own.preprocess.photo(draw_product(7))
    sketches = torch.from_numpy(own.embed_frames([frame, mirror_image(frame)]))
    photos = torch.from_numpy(np.stack(list(alone.values())))
    with torch.inference_mode():
        wanted = own.network.distance.pairwise(sketches, photos).amin(0).sort().values
    results = Retriever(own, searched, device="cpu").search(frame, COUNT).results
    np.testing.assert_allclose([result.distance for result in results], wanted, rtol=1e-4, atol=1e-5)
    monkeypatch.setattr("app.catalogue.mirroring.MOST_MIRRORED", COUNT)
    assert reembed(location, gallery / CHECKPOINT_FILE).is_mirrored
    for name, embedding in embedded(gallery):
        np.testing.assert_allclose(embedding, expected[name], rtol=1e-4, atol=1e-5)
    assert verify(location).problems == () and reembed(location, gallery / CHECKPOINT_FILE).embedded == 0


def test_an_open_catalogue_refuses_embeddings_of_both_kinds(gallery: Path, other_checkpoint: Path) -> None:
    """Check that users of the old checkpoint neither get embeddings of the new one nor write those of the old one."""
    old = own_checkpoint(gallery)
    opened = Gallery.open(gallery, old)
    catalogue, snapshot = opened.catalogue, opened.snapshot
    product, vectors = catalogue.embedded("boot-1") or pytest.fail("boot-1 is gone")
    reembed(GalleryLocation(gallery), other_checkpoint)
    refused = pytest.raises(CheckpointMismatchError, match=f"{load_checkpoint(other_checkpoint).sha256}.*{old.sha256}")
    for attempt in (
        lambda: catalogue.put([product], vectors),
        lambda: catalogue.embedding("boot-1"),
        lambda: catalogue.embedded("boot-1"),
        lambda: catalogue.changes(0),
        lambda: catalogue.bind(old.sha256, old.network.dim),
        opened.refresh,
        opened.save,
    ):
        with refused:
            attempt()
    assert opened.snapshot is snapshot and catalogue.get("boot-1") == product
    assert len(catalogue.delete(["boot-2"])) == 1


@pytest.mark.parametrize("damage", ["missing", "damaged", "not kept"])
def test_photos_that_cannot_be_embedded_are_named_and_nothing_switches(
    gallery: Path, other_checkpoint: Path, damage: str
) -> None:
    catalogue, before = GalleryLocation(gallery).open_catalogue(), own_checkpoint(gallery)
    product = catalogue.get("pump-1")
    assert product is not None
    path = gallery / PHOTOS / f"{product.photo}.webp"
    photo = path.read_bytes()
    if damage == "missing":
        path.unlink()
    elif damage == "damaged":
        path.write_bytes(photo[:-1] + b"?")
    else:
        vectors = catalogue.embedding("pump-1")
        assert vectors is not None
        catalogue.put([Product("bare", "Bare")], vectors)
    result = run("reembed", "--gallery", gallery, "--checkpoint", other_checkpoint)
    assert result.exit_code == 2
    said = {
        "missing": f"product 'pump-1': photo {product.photo} is missing from the gallery",
        "damaged": f"product 'pump-1': photo {product.photo} is damaged: its SHA-256 is ",
        "not kept": "product 'bare': its photo is not kept: expected one in the gallery",
    }
    assert said[damage] in result.stderr and "the gallery stays as it is" in result.stderr
    assert catalogue.state().checkpoint == before.sha256 and load_checkpoint(gallery / CHECKPOINT_FILE)
    path.write_bytes(photo)
    catalogue.delete(["bare"])
    # the other photos were embedded, except if a product has no photo: then nothing was
    assert reembed(GalleryLocation(gallery), other_checkpoint).embedded == (COUNT if damage == "not kept" else 1)
    assert_is_of(gallery, load_checkpoint(other_checkpoint))


def test_what_is_no_checkpoint_and_what_is_no_gallery(gallery: Path, other_checkpoint: Path, tmp_path: Path) -> None:
    (tmp_path / "text").write_text("no checkpoint")
    with pytest.raises(CheckpointError, match=f"checkpoint {tmp_path / 'text'} cannot be read"):
        reembed(GalleryLocation(gallery), tmp_path / "text")
    assert not (gallery / "checkpoints").exists()
    with pytest.raises(CheckpointError, match=r"checkpoint not found: .*none"):
        reembed(GalleryLocation(gallery), tmp_path / "none")
    with pytest.raises(ValueError, match=f"no gallery at {tmp_path / 'nowhere'}"):
        reembed(GalleryLocation(tmp_path / "nowhere"), other_checkpoint)
    catalogue = GalleryLocation(gallery).open_catalogue()
    catalogue.set_factory("PQ7")  # 7 divides neither
    with pytest.raises(ValueError, match="index 'PQ7' cannot be made for"):
        reembed(GalleryLocation(gallery), other_checkpoint)
    assert_stays(catalogue)


def assert_stays(catalogue: Catalogue) -> None:
    assert catalogue.size() == COUNT and "reembedded" not in str(catalogue.state())


def test_two_at_once(gallery: Path, other_checkpoint: Path) -> None:
    with (
        process_lock(gallery / "reembed.lock", blocking=False),
        pytest.raises(LockHeldError, match=f"re-embedding {gallery}"),
    ):
        reembed(GalleryLocation(gallery), other_checkpoint)
    reembed(GalleryLocation(gallery), other_checkpoint)
