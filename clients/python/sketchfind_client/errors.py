"""The one error that the clients raise, and the reading of answers."""

from __future__ import annotations

from typing import Any

import httpx

from sketchfind_client.types import Import

Outcome = httpx.Response | httpx.RequestError
"""What a request comes to: an answer, or an error of the network."""


class SketchfindError(Exception):
    """Operation that failed.

    `code` is for programs and `message` for people; `detail` is any JSON, and `status` the HTTP status. These codes are
    the client's own: `unreachable` (the network failed; status None), `unexpected_answer` (not an answer of Sketchfind,
    such as a proxy's), `import_unfinished` (an import took longer than the caller waits; status None). All others are
    those of the server.
    """

    def __init__(self, code: str, message: str, detail: object = None, status: int | None = None) -> None:
        super().__init__(f"{code}: {message}")
        self.code, self.message, self.detail, self.status = code, message, detail, status


def read_answer(outcome: Outcome) -> Any:
    """Return the JSON of a successful answer. Raises SketchfindError for any other outcome."""
    if isinstance(outcome, httpx.RequestError):
        reason = str(outcome) or type(outcome).__name__
        raise SketchfindError("unreachable", f"{outcome.request.url} cannot be reached: {reason}") from outcome
    try:
        answer = outcome.json()
        if outcome.is_success:
            return answer
        error = answer["error"]
        raise SketchfindError(error["code"], error["message"], error.get("detail"), outcome.status_code)
    except (ValueError, KeyError, TypeError, AttributeError):
        message = f"{outcome.url} answered {outcome.status_code} {outcome.reason_phrase}: expected Sketchfind's JSON"
        raise SketchfindError("unexpected_answer", message, outcome.text[:1000], outcome.status_code) from None


def error_code(response: httpx.Response) -> str | None:
    """Return the code of a refusal, or None if the answer has none."""
    try:
        read_answer(response)
    except SketchfindError as error:
        return error.code
    return None


def is_over(job: Import) -> bool:
    """Return whether an import is over, however it ended."""
    return job["state"] in ("done", "failed", "cancelled")


def unfinished_error(job: Import, seconds: float) -> SketchfindError:
    """Return the error for an import that is not finished when the caller stops waiting."""
    message = f"import {job['id']} is {job['state']} after {seconds:g} s: wait longer, it goes on"
    return SketchfindError("import_unfinished", message, job)
