"""Version and build, as the operator's environment has them."""

from __future__ import annotations

from importlib.metadata import version

from app.observability.build_info import read_build_info, short_hash


def test_the_build_is_named_if_it_is_known() -> None:
    own = version("sketchfind")
    assert str(read_build_info({"SKETCHFIND_BUILD": "1a2b3c4"})) == f"{own} (build 1a2b3c4)"
    assert str(read_build_info({"SKETCHFIND_BUILD": ""})) == str(read_build_info({})) == own


def test_hashes_are_cut_to_twelve_digits() -> None:
    assert short_hash("0123456789abcdef" * 4) == "0123456789ab" and short_hash(None) is None
