"""How long to wait for a provider, and how often to retry."""

import random
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from urllib.parse import quote

from tenacity import RetryCallState, Retrying, retry_if_exception, stop_after_attempt

_CHUNK_BYTES = 1 << 16
_PASSING = {408, 423, 425, 429}
SILENT = "does not answer in time"
UNREACHABLE = "cannot be reached"
UNTRUSTED = "cannot be trusted: its certificate or the encryption failed"
BROKEN_OFF = "broke the connection off"


@dataclass(frozen=True)
class Patience:
    """Limits of one request and of its retries.

    Pauses double from the first to the longest, with jitter.
    """

    attempts: int = 5
    first_pause_seconds: float = 1.0
    longest_pause_seconds: float = 60.0
    connect_seconds: float = 5.0
    silence_seconds: float = 15.0
    whole_answer_seconds: float = 60.0


class Refused(Exception):
    """A provider's definite refusal, for which a retry does not help.

    `status` as in HTTP; `reason` holds no secret.
    """

    def __init__(self, status: int, reason: str) -> None:
        super().__init__(reason)
        self.status = status
        self.reason = reason


class TryAgain(Exception):
    """A request that failed for now; `retry_after_seconds` when the provider named a time."""

    def __init__(self, reason: str, retry_after_seconds: float | None = None) -> None:
        super().__init__(reason)
        self.reason = reason
        self.retry_after_seconds = retry_after_seconds


def reason_of(error: Exception, reasons: Mapping[type[Exception], str]) -> str:
    """Why a request failed: the first reason whose kind of error it is, else `BROKEN_OFF`."""
    found = (reason for kind, reason in reasons.items() if isinstance(error, kind))
    return next(found, BROKEN_OFF)


def retrying(patience: Patience, pause: Callable[[float], None]) -> Retrying:
    """Calls again on `TryAgain`, with `pause` in between; raises the last `TryAgain`.

    A provider that names a longer wait than the longest pause is given up at once.
    """
    return Retrying(
        stop=stop_after_attempt(patience.attempts),
        wait=lambda state: _pause_seconds(patience, state),
        retry=retry_if_exception(lambda error: _may_help(patience, error)),
        sleep=pause,
        reraise=True,
    )


def _may_help(patience: Patience, error: BaseException) -> bool:
    return (
        isinstance(error, TryAgain)
        and (error.retry_after_seconds or 0.0) <= patience.longest_pause_seconds
    )


def _pause_seconds(patience: Patience, state: RetryCallState) -> float:
    doubled = patience.first_pause_seconds * 2.0 ** (state.attempt_number - 1)
    bounded = min(doubled, patience.longest_pause_seconds)
    jittered = random.uniform(bounded / 2, bounded)  # replicas come back apart  # nosec B311
    error = state.outcome.exception() if state.outcome else None
    named = error.retry_after_seconds if isinstance(error, TryAgain) else None
    if named is None:
        return jittered
    return named + random.uniform(0, patience.first_pause_seconds / 2)  # nosec B311


def read_in_time(read: Callable[[int], bytes], seconds: float) -> bytes:
    """Everything that `read` returns; raises `TryAgain` when it takes longer than `seconds`."""
    chunks: list[bytes] = []
    deadline = time.monotonic() + seconds
    while chunk := read(_CHUNK_BYTES):
        chunks.append(chunk)
        if time.monotonic() > deadline:
            raise TryAgain(f"was not done answering after {seconds:g} s")
    return b"".join(chunks)


def failed(status: int, retry_after: str | None, answered: str | None) -> TryAgain | None:
    """The `TryAgain` of an HTTP status that may change; None for any other status."""
    if status not in _PASSING and status < 500:
        return None
    wait = retry_after_seconds(retry_after, answered)
    what = "limits our requests" if status == 429 else "fails"
    named = "" if wait is None else f" and requests a wait of {wait:g} s"
    return TryAgain(f"{what} (HTTP {status}){named}", wait)


def retry_after_seconds(header: str | None, answered: str | None) -> float | None:
    """A Retry-After header as seconds, from its number or from its date.

    A date counts from the answer's own Date header, so that two clocks do not matter; without one
    from now.
    """
    if header is None:
        return None
    if header.strip().isdigit():
        return float(header)
    until = _http_date(header)
    since = _http_date(answered) or datetime.now(UTC)
    return None if until is None else max((until - since).total_seconds(), 0.0)


def _http_date(header: str | None) -> datetime | None:
    try:
        parsed = parsedate_to_datetime(header or "")
    except ValueError:
        return None
    return parsed if parsed.tzinfo else parsed.replace(tzinfo=UTC)


def scrubbed(text: str, secret: str) -> str:
    """The text without the secret, plain or encoded for a URL; at most 200 characters."""
    for written in {secret, quote(secret, safe="")} - {""}:
        text = text.replace(written, "***")
    return text[:200]
