"""TOML of people: what cannot be read is said with its name."""

from __future__ import annotations

from pathlib import Path

import pytest

from app.core.toml_reader import InvalidTomlError, parse_toml, read_toml


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a = ", "the text is not valid TOML: Invalid value"),
        (f"a = {'1' * 5000}", "the text is not valid TOML: Exceeds the limit"),
        (f"a = {'[' * 5000}", "the text is not valid TOML: its values are nested too deeply"),
    ],
)
def test_a_text_that_is_no_toml_is_refused(text: str, message: str) -> None:
    with pytest.raises(InvalidTomlError, match=message):
        parse_toml(text, "the text")


def test_a_file_is_short_utf_8(tmp_path: Path) -> None:
    path = tmp_path / "a.toml"
    path.write_text('a = "é"')
    assert read_toml(path, 8) == {"a": "é"}
    with pytest.raises(InvalidTomlError, match=r"a.toml has more than 7 bytes: expected a short TOML file"):
        read_toml(path, 7)
    path.write_bytes(b'a = "\xe9"')
    with pytest.raises(InvalidTomlError, match=r"a.toml is not valid TOML: 'utf-8' codec"):
        read_toml(path, 8)
    with pytest.raises(InvalidTomlError, match="cannot be read: No such file"):
        read_toml(tmp_path / "none.toml", 8)
