"""Response bodies of errors."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

from pydantic import BaseModel, Field


class ErrorBody(BaseModel):
    """Why a request was refused."""

    code: str = Field(description="for programs", examples=["blank_sketch"])
    message: str = Field(description="for people: what, the value, and what was expected")
    detail: Any = Field(None, description="more for programs, different for each code")


class ErrorResponse(BaseModel):
    """The one shape of every error."""

    error: ErrorBody


class Status(BaseModel):
    """The server's answer to those who watch over it."""

    status: str = Field(examples=["ok"])


def error_docs(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """Return OpenAPI's `responses` of a route that fails with these statuses, and with 400, as any route may."""
    failures = (400, *statuses)
    return {status: {"model": ErrorResponse, "description": HTTPStatus(status).phrase} for status in failures}
