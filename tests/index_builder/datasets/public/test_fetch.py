from __future__ import annotations

import hashlib
import io
import json
import shutil
import zipfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from rich.progress import Progress
from typer.testing import CliRunner

from index_builder.cli.main import app
from index_builder.datasets.public.fetch import FIRST, PUBLISHED, RECORDED, FetchReport, fetch
from index_builder.datasets.public.registry import PUBLIC_SETS, PublicFile, PublicSet, find_set
from index_builder.datasets.readers.labelled_sketches import read_classes
from tests.support.file_server import FileServer, serving


def archive(sketch: bytes = b"a boot") -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as zipped:
        zipped.writestr(zipfile.ZipInfo("set/boots/1.png"), sketch)
    return file.getvalue()


@pytest.fixture
def server() -> Iterator[FileServer]:
    with serving(archive()) as served:
        yield served


def boots(server: FileServer | None, size: int | None = None, sha256: str | None = None) -> PublicSet:
    """Build a set of one archive at the server; without one, a set that has to be fetched by hand."""
    files = (PublicFile("boots.zip", f"{server.url}/boots.zip", size, sha256),) if server else ()
    return PublicSet(
        name="boots",
        title="Boots",
        size="tiny",
        licence="CC0",
        home="https://boots.example/",
        by_hand="fetch boots.zip in a browser from https://boots.example/form",
        files=files,
        data=("**/set/boots",),
        commands=("sketchfind train --data {data} --out {name}.safetensors",),
    )


def bring(public_set: PublicSet, folder: Path) -> FetchReport:
    return fetch(public_set, folder, pauses=(0.0,))


def test_a_set_is_downloaded_unpacked_and_recorded(server: FileServer, tmp_path: Path) -> None:
    report = bring(boots(server), tmp_path / "new" / "boots")
    folder = tmp_path / "new" / "boots"
    data = folder / "boots" / "set" / "boots"
    assert (data / "1.png").read_bytes() == b"a boot"
    sha256 = hashlib.sha256(server.content).hexdigest()
    (file,) = report.files
    assert (file.size, file.sha256, file.checked) == (len(server.content), sha256, FIRST)
    assert (folder / "boots.zip.sha256").read_text() == f"{sha256}  boots.zip\n"
    assert "No checksum is published" in str(report)
    assert not list(folder.rglob("*.partial*"))


def test_the_commands_name_the_folder_that_holds_the_data(server: FileServer, tmp_path: Path) -> None:
    report = bring(boots(server), tmp_path / "my data")
    command = f"sketchfind train --data '{tmp_path}/my data/boots/set/boots' --out boots.safetensors"
    assert report.commands == (command,) and str(report).endswith(f"Read it with:\n{command}")
    by_file = bring(replace(boots(server), data=("**/1.png",)), tmp_path / "my data")
    assert by_file.commands == (command,)
    other = bring(replace(boots(server), data=("**/shoes",)), tmp_path / "my data")
    assert other.commands == () and "It has no folder of a known layout" in str(other)


def test_run_again_it_asks_the_server_for_nothing(server: FileServer, tmp_path: Path) -> None:
    first = bring(boots(server), tmp_path)
    assert bring(boots(server), tmp_path) == replace(first, files=())
    (tmp_path / "boots.zip").unlink()
    assert bring(boots(server), tmp_path).commands == first.commands
    assert len(server.asked) == 1


def test_an_interrupted_unpacking_is_done_again_without_a_download(server: FileServer, tmp_path: Path) -> None:
    (tmp_path / "boots.zip").write_bytes(server.content)
    bring(boots(server), tmp_path)
    assert (tmp_path / "boots" / "set" / "boots" / "1.png").is_file() and server.asked == []


def test_a_published_size_and_checksum_are_compared(server: FileServer, tmp_path: Path) -> None:
    sha256, size = hashlib.sha256(server.content).hexdigest(), len(server.content)
    (file,) = bring(boots(server, size, sha256), tmp_path / "right").files
    assert file.checked == PUBLISHED
    with pytest.raises(ValueError, match=f"has {size} bytes, expected {size + 1}: delete .*boots.zip to download it"):
        bring(boots(server, size + 1, sha256), tmp_path / "size")
    with pytest.raises(ValueError, match=f"has SHA-256 {sha256}, expected {'0' * 64} .the published one.: delete"):
        bring(boots(server, size, "0" * 64), tmp_path / "sum")
    for folder in ("size", "sum"):
        assert [path.name for path in (tmp_path / folder).iterdir()] == ["boots.zip"]


def test_a_later_download_must_agree_with_the_first(server: FileServer, tmp_path: Path) -> None:
    bring(boots(server), tmp_path)
    (tmp_path / "boots.zip").unlink()
    shutil.rmtree(tmp_path / "boots")
    server.content = archive(b"another")
    with pytest.raises(
        ValueError, match=r"\(an earlier download\): delete .*, or delete .*boots.zip.sha256 to accept this file"
    ):
        bring(boots(server), tmp_path)
    assert not (tmp_path / "boots").exists()
    (tmp_path / "boots.zip.sha256").unlink()
    assert bring(boots(server), tmp_path).files[0].checked == FIRST
    shutil.rmtree(tmp_path / "boots")
    assert bring(boots(server), tmp_path).files[0].checked == RECORDED


def test_a_dead_link_says_what_a_person_can_do(server: FileServer, tmp_path: Path) -> None:
    server.statuses = [404]
    with pytest.raises(ValueError) as caught:
        bring(boots(server), tmp_path)
    assert str(caught.value) == (
        f"boots: {server.url}/boots.zip cannot be downloaded (404 Not Found); fetch boots.zip in a browser from "
        f"https://boots.example/form, put it into {tmp_path}, and run the same command again "
        "(home page: https://boots.example/)"
    )
    server.statuses = [500] * 5
    with pytest.raises(ValueError, match="500 Internal Server Error"):
        bring(boots(server), tmp_path)


def test_a_page_in_place_of_the_archive_says_so_too(server: FileServer, tmp_path: Path) -> None:
    server.content, server.kind = b"<html>Virus scan warning</html>", "text/html"
    with pytest.raises(ValueError, match=r"a web page came instead of the file.*put it into"):
        bring(boots(server), tmp_path)


def test_a_set_that_only_a_person_can_fetch_is_taken_from_its_folder(server: FileServer, tmp_path: Path) -> None:
    with pytest.raises(
        ValueError,
        match=f"boots: it cannot be downloaded automatically; .*/form, put it into {tmp_path}/b, and run the same",
    ):
        bring(boots(None), tmp_path / "b")
    (tmp_path / "b" / "any-name.zip").write_bytes(server.content)
    report = bring(boots(None), tmp_path / "b")
    assert (tmp_path / "b" / "any-name" / "set" / "boots" / "1.png").is_file()
    assert len(report.commands) == 1 and report.files[0].checked == FIRST


def test_a_set_that_a_person_unpacked_is_ready(server: FileServer, tmp_path: Path) -> None:
    (tmp_path / "set" / "boots").mkdir(parents=True)
    for public_set in (boots(None), boots(server)):
        (command,) = bring(public_set, tmp_path).commands
        assert command == f"sketchfind train --data {tmp_path}/set/boots --out boots.safetensors"
    assert server.asked == []


def test_what_was_half_unpacked_is_not_taken_for_the_set(server: FileServer, tmp_path: Path) -> None:
    (tmp_path / "boots.partial" / "set" / "boots").mkdir(parents=True)
    (command,) = bring(boots(server), tmp_path).commands
    assert f"{tmp_path}/boots/set/boots " in command and not (tmp_path / "boots.partial").exists()


def test_an_archive_that_leads_out_is_neither_unpacked_nor_recorded(server: FileServer, tmp_path: Path) -> None:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as zipped:
        zipped.writestr("../../evil.png", b"evil")
    server.content = file.getvalue()
    with pytest.raises(ValueError, match=r"holds '../../evil.png', which leads out of the folder"):
        bring(boots(server), tmp_path / "a" / "b")
    assert [path.name for path in tmp_path.rglob("*") if path.is_file()] == ["boots.zip"]


def test_files_that_are_no_archives_stay_as_they_are(server: FileServer, tmp_path: Path) -> None:
    files = tuple(PublicFile(f"{name}.ndjson", f"{server.url}/{name}.ndjson") for name in ("shoe", "chair"))
    report = bring(replace(boots(None), files=files, data=()), tmp_path)
    assert report.commands == (f"sketchfind train --data {tmp_path} --out boots.safetensors",)
    assert {path.name for path in tmp_path.iterdir() if path.suffix == ".ndjson"} == {"shoe.ndjson", "chair.ndjson"}
    (tmp_path / "shoe.ndjson").unlink()
    again = bring(replace(boots(None), files=files, data=()), tmp_path)
    assert [file.checked for file in again.files] == [RECORDED, RECORDED] and len(server.asked) == 3


def test_a_class_of_quickdraw_can_be_read_once_the_commands_brought_another(server: FileServer, tmp_path: Path) -> None:
    for name, other in (("shoe", "chair"), ("chair", "shoe")):
        server.content = json.dumps({"word": name, "recognized": True, "drawing": [[[0, 99], [0, 60]]]}).encode()
        files = (PublicFile(f"{name}.ndjson", f"{server.url}/{name}.ndjson"),)
        report = bring(replace(find_set(f"quickdraw/{name}"), files=files), tmp_path / "my data")
        train = f"sketchfind train --classes '{tmp_path}/my data' --out quickdraw.safetensors"
        assert report.commands == (f"sketchfind fetch quickdraw/{other} --to '{tmp_path}/my data'", train)
    assert read_classes(tmp_path / "my data").classes == ("chair", "shoe")


def test_bars_go_to_the_progress_and_go_away(server: FileServer, tmp_path: Path) -> None:
    with Progress(disable=True) as progress:
        fetch(boots(server), tmp_path, progress)
        assert progress.tasks == []


def test_the_command_brings_a_set(server: FileServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(PUBLIC_SETS, "boots", boots(server))
    monkeypatch.chdir(tmp_path)
    result = CliRunner().invoke(app, ["fetch", "boots"])
    assert result.exit_code == 0 and (tmp_path / "data" / "boots" / "boots").is_dir()
    assert "Read it with:\nsketchfind train --data data/boots/boots/set/boots" in result.stdout
    result = CliRunner().invoke(app, ["fetch", "boots", "--to", "elsewhere", "--json"])
    answer = json.loads(result.stdout)
    assert (answer["name"], answer["folder"], answer["files"][0]["checked"]) == ("boots", "elsewhere", FIRST)
    result = CliRunner().invoke(app, ["fetch", "shoes"])
    assert result.exit_code == 2 and result.stderr.startswith("sketchfind: unknown data set 'shoes'")
