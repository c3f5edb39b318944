"""What an operator can set, by an environment variable SKETCHFIND_<NAME> or by the command line, which wins."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal

from pydantic import Field, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

from app.messages import explain


class SettingsError(ValueError):
    """A setting is missing or has a value that cannot be used."""


class Settings(BaseSettings):
    """Settings of one server process."""

    model_config = SettingsConfigDict(env_prefix="SKETCHFIND_", env_ignore_empty=True, frozen=True)

    gallery: Path = Field(description="gallery directory, made by `sketchfind build`")
    host: str = Field(default="127.0.0.1", description="address to listen on; 0.0.0.0 for all of this machine's")
    port: int = Field(default=8000, ge=0, le=65535, description="port to listen on; 0 takes any free one")
    n_candidates: int = Field(default=100, ge=1, description="products that are ranked by their exact distance")
    max_body_bytes: int = Field(default=8 * 2**20, ge=1, description="largest request body, in bytes")
    max_pixels: int = Field(default=40_000_000, ge=1, le=150_000_000, description="largest sketch, width x height")
    device: Literal["auto", "cpu", "cuda"] = Field(default="auto", description="where to compute; auto prefers a GPU")
    threads: int | None = Field(default=None, ge=1, description="CPU threads of one search; unset leaves it to torch")


def load_settings(**given: Any) -> Settings:
    """Settings as given, else from the environment, else the defaults. Raises SettingsError, in one line."""
    try:
        return Settings(**{name: value for name, value in given.items() if value is not None})
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        name = str(first["loc"][0])
        label = name if name in given else f"SKETCHFIND_{name.upper()}"
        raise SettingsError(explain(first, label)) from None
