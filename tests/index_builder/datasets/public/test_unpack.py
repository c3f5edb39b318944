from __future__ import annotations

import bz2
import gzip
import io
import lzma
import stat
import tarfile
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from index_builder.datasets.public.unpack import unpack, unpacked_folder

COMPRESS: dict[str, Callable[[bytes], bytes]] = {
    ".gz": gzip.compress,
    ".tgz": gzip.compress,
    ".bz2": bz2.compress,
    ".xz": lzma.compress,
}
FILES = {"png/boot/1.png": b"boot", "png/clog/2.png": b"clog" * 1000, "readme.txt": b""}


def write_archive(path: Path, files: dict[str, bytes]) -> Path:
    """Write a zip or tar archive, chosen by the name's end."""
    if path.suffix == ".zip":
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as zipped:
            for name, content in files.items():
                zipped.writestr(name, content)
        return path
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w") as tar:
        for name, content in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(content)
            tar.addfile(member, io.BytesIO(content))
    path.write_bytes(COMPRESS.get(path.suffix, bytes)(file.getvalue()))
    return path


def contents(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.mark.parametrize("name", ["a.zip", "a.tar", "a.tar.gz", "a.tgz", "a.tar.bz2", "a.tar.xz"])
def test_an_archive_becomes_a_folder_beside_it(tmp_path: Path, name: str) -> None:
    archive = write_archive(tmp_path / name, FILES)
    folder = unpacked_folder(archive)
    assert folder == tmp_path / "a"
    unpack(archive, folder)
    assert contents(folder) == FILES
    assert {path.name for path in tmp_path.iterdir()} == {name, "a"}


def test_other_files_are_no_archives() -> None:
    assert unpacked_folder(Path("shoe.ndjson")) is None and unpacked_folder(Path("photos.7z")) is None


def cut(at: int) -> Callable[[bytes], bytes]:
    return lambda data: data[:at]


def flipped(at: int) -> Callable[[bytes], bytes]:
    return lambda data: data[:at] + bytes([data[at] ^ 1]) + data[at:][1:]


# the second file's header begins at 1024
@pytest.mark.parametrize("damage", [cut(1024), cut(1100), flipped(1100)])
def test_a_tar_that_is_damaged_between_files_is_refused(tmp_path: Path, damage: Callable[[bytes], bytes]) -> None:
    archive = write_archive(tmp_path / "a.tar", FILES)
    archive.write_bytes(damage(archive.read_bytes()))
    with pytest.raises(ValueError, match=r"a\.tar cannot be unpacked .*: expected a whole archive"):
        unpack(archive, tmp_path / "a")
    assert not (tmp_path / "a").exists()


def test_a_compressed_tar_that_is_damaged_at_its_end_is_refused(tmp_path: Path) -> None:
    archive = write_archive(tmp_path / "a.tar.gz", FILES)
    archive.write_bytes(flipped(-8)(archive.read_bytes()))  # its checksum
    with pytest.raises(ValueError, match=r"a\.tar\.gz cannot be unpacked .*: expected a whole archive"):
        unpack(archive, tmp_path / "a")


def test_files_that_are_folders_too_are_named(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"a\.zip cannot be unpacked .*exists"):
        unpack(write_archive(tmp_path / "a.zip", {"a": b"1", "a/b": b"2"}), tmp_path / "a")


@pytest.mark.parametrize("suffix", ["zip", "tar"])
@pytest.mark.parametrize("name", ["../evil", "png/../../evil", "/tmp/evil", "..\\evil", "C:\\evil", "\\\\host\\evil"])
def test_nothing_is_written_outside_the_folder(tmp_path: Path, suffix: str, name: str) -> None:
    archive = write_archive(tmp_path / f"a.{suffix}", {"first.png": b"fine", name: b"evil"})
    with pytest.raises(ValueError, match="which leads out of the folder: refused"):
        unpack(archive, tmp_path / "deep" / "a")
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == [archive]


@pytest.mark.parametrize("kind", [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.FIFOTYPE, tarfile.CHRTYPE])
def test_links_and_devices_in_a_tar_are_refused(tmp_path: Path, kind: bytes) -> None:
    with tarfile.open(tmp_path / "a.tar", "w") as tar:
        member = tarfile.TarInfo("png")
        member.type, member.linkname = kind, "/etc/passwd"
        tar.addfile(member)
    with pytest.raises(ValueError, match="'png', a link or device"):
        unpack(tmp_path / "a.tar", tmp_path / "a")
    assert not (tmp_path / "a").exists()


def test_links_in_a_zip_are_refused(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as zipped:
        entry = zipfile.ZipInfo("png")
        entry.external_attr = (stat.S_IFLNK | 0o777) << 16
        zipped.writestr(entry, "/etc/passwd")
    with pytest.raises(ValueError, match="'png', a link or device"):
        unpack(tmp_path / "a.zip", tmp_path / "a")


@pytest.mark.parametrize("name", ["a.zip", "a.tar.gz"])
def test_more_than_the_limit_is_refused(tmp_path: Path, name: str) -> None:
    archive = write_archive(tmp_path / name, {"a.bin": bytes(600_000), "b.bin": bytes(600_000)})
    assert archive.stat().st_size < 10_000
    with pytest.raises(ValueError, match="unpacks to more than 1,000,000 bytes: refused"):
        unpack(archive, tmp_path / "a", limit=1_000_000)
    assert list(tmp_path.iterdir()) == [archive]
    unpack(archive, tmp_path / "a", limit=1_200_000)


def test_a_zip_that_lies_about_its_size_writes_no_more_than_it_says(tmp_path: Path) -> None:
    archive = write_archive(tmp_path / "a.zip", {"a.bin": bytes(600_000)})
    size, lie = (600_000).to_bytes(4, "little"), (1000).to_bytes(4, "little")
    archive.write_bytes(archive.read_bytes().replace(size, lie))
    with pytest.raises(ValueError, match="expected a whole archive"):
        unpack(archive, tmp_path / "a", limit=2000)
    assert list(tmp_path.iterdir()) == [archive]


@pytest.mark.parametrize("name", ["a.zip", "a.tar", "a.tar.gz", "a.tar.xz"])
def test_a_damaged_archive_is_refused_in_one_line(tmp_path: Path, name: str) -> None:
    archive = write_archive(tmp_path / name, {f"{i}.bin": bytes([i]) * 5000 for i in range(9)})
    for content in (archive.read_bytes()[: archive.stat().st_size // 2], b"nothing of the kind", b""):
        archive.write_bytes(content)
        with pytest.raises(ValueError, match="expected a whole archive; delete it to fetch it again") as caught:
            unpack(archive, tmp_path / "a")
        assert "\n" not in str(caught.value) and not (tmp_path / "a").exists()


def test_what_an_interrupted_unpacking_left_is_replaced(tmp_path: Path) -> None:
    archive = write_archive(tmp_path / "a.zip", FILES)
    (tmp_path / "a.partial").mkdir()
    (tmp_path / "a.partial" / "half.png").write_bytes(b"half")
    unpack(archive, tmp_path / "a")
    assert contents(tmp_path / "a") == FILES
