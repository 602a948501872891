"""An HTTP pool whose requests wait for their turn, have time limits, and are retried."""

import json
from dataclasses import dataclass
from typing import Any, Protocol

import certifi
import urllib3
from urllib3 import exceptions

from services.ingest.providers.patience import (
    SILENT,
    UNREACHABLE,
    UNTRUSTED,
    Patience,
    Refused,
    TryAgain,
    failed,
    read_in_time,
    reason_of,
    retrying,
    scrubbed,
)

_REASONS = {
    exceptions.NewConnectionError: UNREACHABLE,
    exceptions.TimeoutError: SILENT,
    exceptions.SSLError: UNTRUSTED,
}


class Turns(Protocol):
    """What a request waits for, and where it pauses before it is sent again."""

    def wait_for_turn(self) -> None:
        """Return when one request may be sent."""
        ...

    def pause(self, seconds: float) -> None:
        """Wait some seconds."""
        ...


@dataclass(frozen=True)
class Form:
    """How a complete body begins and ends, and its name."""

    begins: bytes
    ends: bytes
    name: str


JSON_OBJECT = Form(b"{", b"}", "a JSON object")
XML = Form(b"<", b">", "XML")


class PacedPool(urllib3.PoolManager):
    """Replaces a client library's pool, so that every request follows the rules.

    Replies with a body in the `form`; raises `Refused` or `TryAgain` for everything else. It
    follows no redirect, which would send the key elsewhere.
    """

    def __init__(
        self,
        turns: Turns,
        patience: Patience,
        secret: str,
        form: Form = JSON_OBJECT,
        **pool: Any,
    ) -> None:
        timeout = urllib3.Timeout(connect=patience.connect_seconds, read=patience.silence_seconds)
        super().__init__(retries=False, timeout=timeout, ca_certs=certifi.where(), **pool)
        self._turns = turns
        self._patience = patience
        self._secret = secret
        self._form = form

    def urlopen(  # type: ignore[override]
        self, method: str, url: str, redirect: bool = True, **options: Any
    ) -> urllib3.BaseHTTPResponse:
        """One request of the library, retried as `patience` allows."""
        return retrying(self._patience, self._turns.pause)(self._sent, method, url, **options)

    def _sent(self, method: str, url: str, **options: Any) -> urllib3.BaseHTTPResponse:
        self._turns.wait_for_turn()
        try:
            response = super().urlopen(
                method, url, redirect=False, **options | {"preload_content": False}
            )
            body = self._read(response)
        except exceptions.HTTPError as error:
            raise TryAgain(reason_of(error, _REASONS)) from None  # its text may hold what was sent
        self._check(response, body)
        return urllib3.HTTPResponse(body, status=response.status, preload_content=False)

    def _read(self, response: urllib3.BaseHTTPResponse) -> bytes:
        try:
            return read_in_time(
                lambda size: response.read1(size, decode_content=True),
                self._patience.whole_answer_seconds,
            )
        finally:
            response.close() if response.length_remaining else response.release_conn()

    def _check(self, response: urllib3.BaseHTTPResponse, body: bytes) -> None:
        headers = response.headers
        if trouble := failed(response.status, headers.get("Retry-After"), headers.get("Date")):
            raise trouble
        if response.status != 200:
            raise Refused(response.status, scrubbed(_said(response.status, body), self._secret))
        form = self._form
        if not (body.lstrip().startswith(form.begins) and body.rstrip().endswith(form.ends)):
            raise TryAgain(f"answers with something that is not {form.name}")


def _said(status: int, body: bytes) -> str:
    """What the provider gave as its reason."""
    try:
        answer = json.loads(body)
        reason = answer.get("message") or answer.get("error")
    except (ValueError, AttributeError):
        reason = None
    return f"refuses (HTTP {status})" + (f": {reason}" if isinstance(reason, str) else "")
