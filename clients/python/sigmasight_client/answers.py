"""What the API answers: content, files, refusals."""

import math
import re
from dataclasses import dataclass
from typing import Any

import httpx2

from sigmasight_client.models import FieldError

LONGEST_WAIT_SECONDS = 60.0
PAUSE_SECONDS = 0.5  # between attempts, where the API names no time
BINARY = "application/octet-stream"
_FILE_NAME = re.compile(r'filename="([^"/\\]+)"')


@dataclass(frozen=True)
class Download:
    """A file of the API: its bytes, and the name that the API gives it."""

    name: str
    content: bytes


class ApiError(Exception):
    """The API refused a request.

    `status` is HTTP's, `code` is stable, `detail` is a sentence, `errors` name the wrong fields;
    `retry_after`: the seconds after which the API accepts the request, when it says so.
    """

    def __init__(
        self,
        status: int,
        code: str,
        detail: str,
        errors: list[FieldError],
        retry_after: float | None = None,
    ) -> None:
        super().__init__(f"{status} {code}: {detail}")
        self.status = status
        self.code = code
        self.detail = detail
        self.errors = errors
        self.retry_after = retry_after


def retry_after(response: httpx2.Response) -> float | None:
    """The seconds that the API asks to wait, one minute at most; None when it names no time."""
    try:
        seconds = float(response.headers["Retry-After"])
    except (KeyError, ValueError):
        return None
    if not math.isfinite(seconds):
        return None
    return min(max(seconds, PAUSE_SECONDS), LONGEST_WAIT_SECONDS)


def content_of(response: httpx2.Response, *, binary: bool) -> Any:
    """JSON as a new object, a document as bytes, other content as text."""
    kind = response.headers.get("Content-Type", "")
    if binary or kind == BINARY:
        return response.content
    return response.json() if kind.split(";")[0].endswith("json") else response.text


def error_of(response: httpx2.Response) -> ApiError:
    """The refusal that a response is."""
    wait = retry_after(response)
    try:
        problem = response.json()
        errors = problem.get("errors", [])
        return ApiError(response.status_code, problem["code"], problem["detail"], errors, wait)
    except (ValueError, KeyError, TypeError, AttributeError):
        return ApiError(response.status_code, "unreadable", response.text[:200], [], wait)


def file_of(response: httpx2.Response) -> Download:
    """The response as a file, under the name that it has."""
    named = _FILE_NAME.search(response.headers.get("Content-Disposition", ""))
    return Download(named[1] if named else "download", response.content)
