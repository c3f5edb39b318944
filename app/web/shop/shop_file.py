"""The TOML file with which a shop makes the page its own, checked once at the start."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, ValidationError
from pydantic_core import ErrorDetails, PydanticCustomError

from app.core.error_text import describe_validation_error, expected_one_of, truncate
from app.core.toml_reader import InvalidTomlError, read_toml
from app.web.examples.kinds import read_kinds
from app.web.languages import read_languages

_MOST_FILE = 2**16  # bytes
_LANGUAGES = sorted(read_languages())
_FILES = ("logo", "dark_logo", "icon", "font")
_KINDS = sorted(read_kinds().kinds)


class ShopFileError(ValueError):
    """A shop's file that cannot be read, or a value in it that cannot be used."""


def _check_text(value: str) -> str:
    text = value.strip()
    if not text or not text.isprintable() or set(text) & set("{}"):
        raise PydanticCustomError("text", "a text of one line without braces")
    return text


def _check_language(value: str) -> str:
    if value not in _LANGUAGES:
        raise PydanticCustomError("language", "{expected}", {"expected": _list_known(_LANGUAGES)})
    return value


def _check_kind(value: str) -> str:
    if value not in _KINDS:
        raise PydanticCustomError("kind", "{expected}", {"expected": _list_known(_KINDS)})
    return value


def _list_known(known: list[str]) -> str:
    return expected_one_of(known, "there is none").removeprefix("expected ")


def _spread_text(value: object) -> object:
    """Return a text for every language, where one text is given for all of them."""
    return dict.fromkeys(_LANGUAGES, value) if isinstance(value, str) else value


def _lower(value: object) -> object:
    return value.lower() if isinstance(value, str) else value


Text = Annotated[str, Field(max_length=120), AfterValidator(_check_text)]
Texts = Annotated[dict[Annotated[str, AfterValidator(_check_language)], Text], BeforeValidator(_spread_text)]
Colour = Annotated[str, BeforeValidator(_lower), Field(pattern=r"^#[0-9a-f]{6}$")]
FileName = Annotated[str, Field(pattern=r"^\w[\w.-]*$", max_length=100)]


class _Table(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class Colours(_Table):
    """Colours of one scheme. What is missing stays as it is, or is derived from the others."""

    ground: Colour | None = None
    raised: Colour | None = None
    text: Colour | None = None
    accent: Colour | None = None
    on_accent: Colour | None = None

    @property
    def given(self) -> dict[str, str]:
        """The given colours by name."""
        return self.model_dump(exclude_none=True)


class ShopFile(_Table):
    """What a shop's TOML file may hold. A text is one string, or a table of strings by language."""

    name: Annotated[str, Field(max_length=40), AfterValidator(_check_text)] = "Sketchfind"
    logo: FileName | None = None
    dark_logo: FileName | None = None
    icon: FileName | None = None
    font: FileName | None = None
    rounding: Annotated[int, Field(ge=0, le=40)] | None = None
    examples: Annotated[list[Annotated[str, AfterValidator(_check_kind)]], Field(max_length=8)] | None = None
    headline: Texts = {}
    placeholder: Texts = {}
    description: Texts = {}
    launcher: Texts = {}
    light: Colours = Colours()
    dark: Colours = Colours()


def read_shop_file(path: Path) -> ShopFile:
    """Read and check a shop's file. Raises ShopFileError with one line: file, key, value and what was expected."""
    try:
        return ShopFile.model_validate(read_toml(path, _MOST_FILE))
    except InvalidTomlError as error:
        raise ShopFileError(str(error)) from None
    except ValidationError as error:
        raise ShopFileError(f"{path}: {_describe(error.errors(include_url=False)[0])}") from None


def _describe(error: ErrorDetails) -> str:
    """Describe one of pydantic's errors by the key in the file."""
    parts = [str(part) for part in error["loc"] if part != "[key]"]
    key = ".".join(parts)
    if error["type"] == "extra_forbidden":
        table: type[_Table] = Colours if parts[0] in ("light", "dark") else ShopFile
        return f"{key} is not a key: {expected_one_of(table.model_fields, 'there is none')}"
    if error["type"] == "string_pattern_mismatch":
        expected = "a file name without a folder" if parts[-1] in _FILES else "a colour as #rrggbb"
        return f"{key} is {truncate(error['input'])}: expected {expected}"
    return describe_validation_error(error, key)
