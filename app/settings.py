"""What an operator can set, by an environment variable SKETCHFIND_<NAME> or by the command line, which wins."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field, SecretStr, ValidationError, field_validator
from pydantic_core import PydanticCustomError
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from app.messages import explain

_ORIGIN = re.compile(r"https?://[a-z0-9-]+(\.[a-z0-9-]+)*(:[0-9]{1,5})?")


class SettingsError(ValueError):
    """A setting is missing or has a value that cannot be used."""


def _origin(value: str) -> str:
    """An origin as browsers write it. What passes is safe in a header."""
    if not _ORIGIN.fullmatch(value.lower()):
        raise PydanticCustomError("origin", "an origin such as https://shop.example, without a path")
    return value.lower()


class Settings(BaseSettings):
    """Settings of one server process."""

    model_config = SettingsConfigDict(env_prefix="SKETCHFIND_", env_ignore_empty=True, frozen=True)

    gallery: Path = Field(description="gallery directory, made by `sketchfind build`")
    catalogue: SecretStr | None = Field(default=None, description="URL of a database that has the products")
    host: str = Field(default="127.0.0.1", description="address to listen on; 0.0.0.0 for all of this machine's")
    port: int = Field(default=8000, ge=0, le=65535, description="port to listen on; 0 takes any free one")
    n_candidates: int = Field(default=100, ge=1, description="products that are ranked by their exact distance")
    max_body_bytes: int = Field(default=8 * 2**20, ge=1, description="largest request body, in bytes")
    max_pixels: int = Field(default=40_000_000, ge=1, le=150_000_000, description="largest sketch, width x height")
    device: Literal["auto", "cpu", "cuda"] = Field(default="auto", description="where to compute; auto prefers a GPU")
    threads: int | None = Field(default=None, ge=1, description="CPU threads of one search; unset leaves it to torch")
    hide_out_of_stock: bool = Field(default=False, description="leave products that are out of stock out of searches")
    embed_origins: Annotated[tuple[Annotated[str, AfterValidator(_origin)], ...], NoDecode] = Field(
        default=(), description="origins, separated by commas, whose pages may show the page in a frame"
    )
    require_key: bool = Field(default=False, description="ask for an API key where products are searched or read, too")

    @field_validator("embed_origins", mode="before")
    @classmethod
    def _listed(cls, value: object) -> object:
        """The environment has them in one string."""
        return [part.strip() for part in value.split(",") if part.strip()] if isinstance(value, str) else value


def load_settings(**given: Any) -> Settings:
    """Settings as given, else from the environment, else the defaults. Raises SettingsError, in one line."""
    try:
        return Settings(**{name: value for name, value in given.items() if value is not None})
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        name = str(first["loc"][0])
        label = name if name in given else f"SKETCHFIND_{name.upper()}"
        raise SettingsError(explain(first, label)) from None
