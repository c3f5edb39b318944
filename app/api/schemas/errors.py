"""Response bodies of errors."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

from pydantic import BaseModel, Field


class ErrorBody(BaseModel):
    """Reason why a request was refused."""

    code: str = Field(description="for programs", examples=["blank_sketch"])
    message: str = Field(
        description="for people: what is wrong, the value, and what was expected",
        examples=["the sketch is blank: expected at least one line"],
    )
    detail: Any = Field(None, description="further data for programs; its form depends on the code", examples=[None])


class ErrorResponse(BaseModel):
    """Common format of all errors."""

    error: ErrorBody


def error_docs(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """Return OpenAPI's `responses` of a route with these error statuses, and with 400, which any route may give."""
    failures = (400, *statuses)
    return {status: {"model": ErrorResponse, "description": HTTPStatus(status).phrase} for status in failures}
