"""Settings of the server, from environment variables SKETCHFIND_<NAME> or the command line, which wins."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from difflib import get_close_matches
from ipaddress import ip_network
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field, SecretStr, ValidationError, field_validator
from pydantic_core import PydanticCustomError
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from app.colours.likeness import WEIGHT
from app.core.error_text import describe_validation_error
from app.words.stemming import Language
from model.inference.engine import EngineName

LogFormat = Literal["text", "json"]

PREFIX = "SKETCHFIND_"
_OTHER_NAMES = {"BUILD", "TRACEBACK"}  # of variables that are not settings: facts of the image, and of the command line
_ORIGIN = re.compile(r"https?://[a-z0-9-]+(\.[a-z0-9-]+)*(:[0-9]{1,5})?")


class SettingsError(ValueError):
    """Missing or unusable value of a setting."""


def _normalise_origin(value: str) -> str:
    """Return an origin as browsers write it, which is safe in a header. Raises PydanticCustomError."""
    if not _ORIGIN.fullmatch(value.lower()):
        raise PydanticCustomError("origin", "an origin such as https://shop.example, without a path")
    return value.lower()


def _normalise_network(value: str) -> str:
    """Return an address or network as ip_network() writes it. Raises PydanticCustomError."""
    try:
        return str(ip_network(value))
    except ValueError:
        expected = "an address or network such as 127.0.0.1 or 10.0.0.0/8, without host bits"
        raise PydanticCustomError("network", expected) from None


_Origins = Annotated[tuple[Annotated[str, AfterValidator(_normalise_origin)], ...], NoDecode]
_Networks = Annotated[tuple[Annotated[str, AfterValidator(_normalise_network)], ...], NoDecode]


class Settings(BaseSettings):
    """Settings of one server process."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, env_ignore_empty=True, frozen=True)

    gallery: Path = Field(description="gallery directory, made by `sketchfind build`")
    catalogue: SecretStr | None = Field(default=None, description="database URL; unset: a file in the gallery")
    photos: str | None = Field(
        default=None, description="bucket of the photos, such as s3://shop/photos; unset: a folder in the gallery"
    )
    index: SecretStr | None = Field(
        default=None, description="Milvus collection, such as milvus://host:19530/shoes; unset: FAISS in the process"
    )
    host: str = Field(default="127.0.0.1", description="address to listen on; 0.0.0.0 for all interfaces")
    port: int = Field(default=8000, ge=0, le=65535, description="port to listen on; 0 for any free port")
    n_candidates: int | None = Field(
        default=None, ge=1, description="products ranked by exact distance per search; unset: as tuned, else 100"
    )
    max_body_bytes: int = Field(default=8 * 2**20, ge=1, description="largest request body, in bytes")
    max_pixels: int = Field(
        default=40_000_000, ge=1, le=150_000_000, description="pixels (width x height) of the largest sketch"
    )
    color_weight: float = Field(
        default=WEIGHT,
        ge=0,
        le=10,
        allow_inf_nan=False,
        description="weight of the colours that a sketch is drawn in, beside its lines; 0 ignores them",
    )
    device: Literal["auto", "cpu", "cuda"] = Field(
        default="auto", description="device to compute on; auto prefers a GPU"
    )
    engine: EngineName = Field(
        default="auto", description="what computes embeddings on a CPU; auto measures which is the fastest"
    )
    threads: int | None = Field(default=None, ge=1, description="CPU threads per search; unset: all available CPUs")
    out_of_stock: Literal["mark", "last", "hide"] = Field(
        default="mark", description="products out of stock in searches: among the others, after them, or not at all"
    )
    group_by_photo: bool = Field(
        default=False, description="treat products without `group_id` that have the same first photo as variants"
    )
    max_write_bytes: int = Field(default=64 * 2**20, ge=1, description="largest product with its photos, in bytes")
    max_feed_bytes: int = Field(default=2**30, ge=1, description="largest uploaded feed, in bytes")
    feed_url: SecretStr | None = Field(default=None, description="URL of a feed to import again and again; unset: none")
    feed_every: float = Field(
        default=60, ge=1, le=10080, allow_inf_nan=False, description="minutes between two checks of the feed"
    )
    feed_complete: bool = Field(default=False, description="remove products that the feed lacks")
    import_webhook: SecretStr | None = Field(
        default=None, description="URL that is notified of the end of each import; unset: none"
    )
    import_webhook_secret: SecretStr | None = Field(
        default=None, description="secret that signs notifications; required with a webhook"
    )
    allow_private_addresses: bool = Field(
        default=False, description="fetch photos of feeds from this machine and private networks too"
    )
    embed_origins: _Origins = Field(
        default=(), description="comma-separated origins whose pages may embed the page in a frame"
    )
    cors_origins: _Origins = Field(
        default=(), description="comma-separated origins whose scripts may use the HTTP interface"
    )
    require_key: bool = Field(default=False, description="require an API key for searching and reading products too")

    search_rate: float = Field(
        default=30,
        ge=0,
        allow_inf_nan=False,
        description="sustained searches per second per client; 0 disables the limit",
    )
    write_rate: float = Field(
        default=50,
        ge=0,
        allow_inf_nan=False,
        description="sustained writes per second per client; 0 disables the limit",
    )
    trusted_proxies: _Networks = Field(
        default=(), description="comma-separated addresses or networks of proxies whose X-Forwarded-For is trusted"
    )
    max_queue: int = Field(default=32, ge=0, description="longest queue of searches, and of writes")
    search_timeout: float = Field(default=10, gt=0, allow_inf_nan=False, description="timeout of a search, in seconds")
    events: bool = Field(default=False, description="count what shoppers open, without personal data")
    events_days: int = Field(default=90, ge=2, le=3650, description="days that events are kept")
    challenger: Path | None = Field(
        default=None, description="checkpoint that half of the sessions are searched by, for comparison; unset: none"
    )
    language: Language | None = Field(
        default=None,
        description="language of the products' texts, whose word forms `q` treats as one word; unset: none",
    )
    shop: Path | None = Field(
        default=None, description="TOML file with the shop's name, texts, colours and files; unset: Sketchfind's own"
    )
    rules: Path | None = Field(
        default=None, description="TOML file with rules that move, pin and hide products; unset: none"
    )
    backup_to: Path | None = Field(
        default=None, description="folder into which the admin page backs the gallery up; unset: by command only"
    )
    recent_searches: int = Field(
        default=200,
        ge=0,
        le=10_000,
        description="searches whose words and filters the admin page lists, in memory only; 0 keeps none",
    )
    log_format: LogFormat = Field(default="text", description="format of log lines: text or json")

    @field_validator("embed_origins", "cors_origins", "trusted_proxies", mode="before")
    @classmethod
    def _split_list(cls, value: object) -> object:
        """Split the comma-separated text of an environment variable."""
        return [part.strip() for part in value.split(",") if part.strip()] if isinstance(value, str) else value


def load_settings(**given: Any) -> Settings:
    """Load the settings: from `given`, else from the environment, else the defaults.

    Raises SettingsError with a message of one line.
    """
    try:
        settings = Settings(**{name: value for name, value in given.items() if value is not None})
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        name = str(first["loc"][0])
        label = name if name in given else f"{PREFIX}{name.upper()}"
        raise SettingsError(describe_validation_error(first, label)) from None
    if settings.import_webhook is not None and settings.import_webhook_secret is None:
        raise SettingsError(f"{PREFIX}IMPORT_WEBHOOK_SECRET is missing: expected it with {PREFIX}IMPORT_WEBHOOK")
    if settings.challenger is not None and not settings.events:
        raise SettingsError(f"{PREFIX}EVENTS is false: expected true with {PREFIX}CHALLENGER")
    return settings


def unknown_settings(environment: Mapping[str, str] = os.environ) -> list[str]:
    """Return a warning for each environment variable that has the prefix of a setting but is not a setting.

    It contains the most similar setting, and never the value, which may be secret.
    """
    known = {name.upper() for name in Settings.model_fields} | _OTHER_NAMES
    names = [name for name in environment if name.upper().startswith(PREFIX)]
    return [
        f"{name} is set, but is not a setting and is ignored: {_suggest_setting(rest, known)}"
        for name in sorted(names)
        if (rest := name.upper().removeprefix(PREFIX)) not in known
    ]


def _suggest_setting(name: str, known: set[str]) -> str:
    similar = get_close_matches(name, sorted(known), n=1)
    return f"did you mean {PREFIX}{similar[0]}?" if similar else "docs/server.md lists the settings"
