"""What surrounds every request of the client: log-in, waiting, retries, cached answers, events."""

import json
import time
from collections import OrderedDict
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, Self, TypedDict, cast
from urllib.parse import quote
from uuid import UUID, uuid4

import httpx2

from sigmasight_client.answers import (
    PAUSE_SECONDS,
    ApiError,
    Download,
    content_of,
    error_of,
    file_of,
    retry_after,
)
from sigmasight_client.models import TokenPair

API = "/api/v1"
ANSWERS_CACHED = 256
ATTEMPTS = 3
PATIENCE_SECONDS = 120.0
SILENCE_SECONDS = 60.0  # an event stream that sends no heartbeat for so long is lost
BUSY = (429, 502, 503)  # 502: a proxy in front of a gateway that restarts
LOG_IN_PATHS = ("/auth/login", "/auth/register", "/auth/refresh", "/auth/logout")


class Event(TypedDict):
    """Something that happened to a run of the user's: `stage`, `results`, or `run` at its end."""

    id: str
    event: str
    data: dict[str, Any]


class FinishedRun(TypedDict):
    """A run that is over. `status`: completed, partial or failed; `problems` say why."""

    run_id: str
    as_of: str
    trigger: str
    portfolio_ids: list[str]
    status: str
    finished_at: str | None
    problems: list[dict[str, Any]]


class Session:
    """One user of the API.

    Logs in with the first request and again when a token expires; waits as long as `Retry-After`
    says, two minutes in all; sends a request again when the connection fails, writes under one
    `Idempotency-Key`; and sends the tag of the last answer, so that an unchanged report is not
    transferred twice.

    `url` may end with `/api/v1` or not. With a `token` there is no log-in, and requests are refused
    when it has expired. `code` is called for a code of the user's second factor when a log-in needs
    one. `transport` replaces the network in tests; with
    `httpx2.HTTPTransport()` proxies of the environment are ignored. Requests raise `ApiError`, or
    `httpx2.TransportError` when the API cannot be reached.
    """

    def __init__(
        self,
        url: str,
        email: str = "",
        password: str = "",
        *,
        token: str | None = None,
        code: Callable[[], str] | None = None,
        transport: httpx2.BaseTransport | None = None,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        root = url.rstrip("/").removesuffix(API)
        self.http = httpx2.Client(base_url=f"{root}{API}/", timeout=60.0, transport=transport)
        self._credentials = {"email": email, "password": password}
        self._code = code
        self._sleep = sleep
        self._token = token
        self._tokens: TokenPair | None = None
        self._answers: OrderedDict[str, httpx2.Response] = OrderedDict()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the connections."""
        self.http.close()

    def request(
        self,
        method: str,
        path: str,
        *,
        query: Mapping[str, object] | None = None,
        body: object = None,
        file: bytes | None = None,
        form: Mapping[str, object] | None = None,
        once: bool = False,
        idempotency_key: str | None = None,
        if_match: str | int | None = None,
        binary: bool = False,
    ) -> Any:
        """What the API answers: JSON as a new object, other content as text, no content as None.

        `if_match`: the version (or `ETag`) that a change is of; `*` for any. `binary`: the content
        is a document, whose bytes are returned.
        """
        headers = {"Idempotency-Key": idempotency_key or str(uuid4())} if once else {}
        if if_match is not None:
            headers["If-Match"] = str(if_match)
        upload: dict[str, Any] = {}
        if file is not None:
            upload["files"] = {"file": ("positions.csv", file, "text/csv")}
            upload["data"] = _values(form)
        built = self.http.build_request(
            method, path, params=_values(query), json=body, headers=headers, **upload
        )
        response = self._answered(built, repeatable=once or method != "POST")
        return self._content(response, binary=binary)

    def post(self, url: str, content: str, headers: Mapping[str, str]) -> httpx2.Response:
        """The response to a message, of any status: as the same user, and as patiently."""
        built = self.http.build_request("POST", url, content=content, headers=dict(headers))
        return self._answered(built, repeatable=False)

    def download(
        self,
        method: str,
        path: str,
        *,
        query: Mapping[str, object] | None = None,
        body: object = None,
    ) -> Download:
        """An answer as a file, in any format: what `GET` or `POST` of an export sends."""
        built = self.http.build_request(method, path, params=_values(query), json=body)
        response = self._answered(built, repeatable=method != "POST")
        if response.is_error:
            raise error_of(response)
        return file_of(response)

    def events(
        self,
        *,
        run_id: UUID | str | None = None,
        after: int | None = None,
        follow: bool = True,
    ) -> Iterator[Event]:
        """The progress of the user's runs as it happens.

        Goes on through expired tokens and lost connections, from the last event received. With
        `run_id` it ends with the run, with `follow=False` after the events so far; otherwise it
        goes on until it is closed. `after` is the id of the last event that is known already.
        """
        query = _values({"run_id": run_id, "after": after, "follow": follow})
        received = _Received(whole_run=run_id is not None)
        patience = _Patience(self._sleep)
        while not received.ended:
            try:
                yield from self._connected(query, received)
            except (ApiError, httpx2.TransportError) as error:
                if not received.silent:
                    patience = _Patience(self._sleep)
                if not self._may_reconnect(error, patience):
                    raise
            else:
                if not follow or received.ended:
                    return
                if not received.silent:
                    patience = _Patience(self._sleep)
                if not patience.wait(PAUSE_SECONDS):
                    return

    def follow(
        self, run_id: UUID | str, on_event: Callable[[Event], None] | None = None
    ) -> FinishedRun:
        """Wait until a run is over, and return how it ended.

        `on_event` is called with every event of the run. Raises `LookupError` for a run that ended
        so long ago that its events are deleted.
        """
        for event in self.events(run_id=run_id):
            if on_event is not None:
                on_event(event)
            if event["event"] == "run":
                return cast(FinishedRun, event["data"])
        raise LookupError(f"the events of run {run_id} are deleted: read the report instead")

    def _connected(self, query: "_Values", received: "_Received") -> Iterator[Event]:
        """The events of one connection."""
        received.silent = True
        headers = {"Authorization": f"Bearer {self._access_token()}"}
        if received.last_id is not None:
            headers["Last-Event-ID"] = received.last_id
        timeout = httpx2.Timeout(60.0, read=SILENCE_SECONDS)
        with self.http.stream(
            "GET", "events", params=query, headers=headers, timeout=timeout
        ) as response:
            kind = response.headers.get("Content-Type", "")
            if response.is_error or not kind.startswith("text/event-stream"):
                response.read()
                raise error_of(response)
            yield from received.parsed(response.iter_lines())

    def _may_reconnect(self, error: Exception, patience: "_Patience") -> bool:
        """Whether an event stream may be opened again, with new tokens or after a pause."""
        if not isinstance(error, ApiError):
            return patience.wait(PAUSE_SECONDS)
        if error.status == 401 and self._may_renew(patience):
            self._log_in_again()
            return True
        return error.status in BUSY and patience.wait(error.retry_after or PAUSE_SECONDS)

    def _answered(self, request: httpx2.Request, *, repeatable: bool) -> httpx2.Response:
        public = request.url.path.endswith(LOG_IN_PATHS)
        cached = self._answers.get(str(request.url)) if request.method == "GET" else None
        if cached is not None:
            request.headers["If-None-Match"] = cached.headers["ETag"]
        patience = _Patience(self._sleep)
        failures = 0
        while True:
            if not public:
                request.headers["Authorization"] = f"Bearer {self._access_token()}"
            try:
                response = self.http.send(request)
            except httpx2.TransportError:
                failures += 1
                if failures == ATTEMPTS or not repeatable or not patience.wait(PAUSE_SECONDS):
                    raise
                continue
            if response.status_code == 401 and not public and self._may_renew(patience):
                self._log_in_again()
            elif not self._worth_another_try(response, repeatable, patience):
                return response

    def _worth_another_try(
        self, response: httpx2.Response, repeatable: bool, patience: "_Patience"
    ) -> bool:
        """Wait when the API is busy: as long as it says, or a moment when nothing is done twice."""
        seconds = retry_after(response)
        if response.status_code not in BUSY or (seconds is None and not repeatable):
            return False
        return patience.wait(seconds or PAUSE_SECONDS)

    def _access_token(self) -> str:
        if self._token is not None:
            return self._token
        if self._tokens is None:
            self._tokens = self._logged_in()
        return self._tokens["access_token"]

    def _logged_in(self) -> TokenPair:
        try:
            return cast(TokenPair, self.request("POST", "auth/login", body=self._credentials))
        except ApiError as error:
            if error.code != "second_factor_required" or self._code is None:
                raise
        proof = {**self._credentials, "code": self._code()}
        return cast(TokenPair, self.request("POST", "auth/login", body=proof))

    def _may_renew(self, patience: "_Patience") -> bool:
        """Whether to log in again: once for a request, and never with a given token."""
        return self._token is None and patience.renew()

    def _log_in_again(self) -> None:
        """With the refresh token while it is valid, otherwise with the password."""
        refresh_token = self._tokens["refresh_token"] if self._tokens else None
        self._tokens = None
        try:
            self._tokens = self.request(
                "POST", "auth/refresh", body={"refresh_token": refresh_token}
            )
        except ApiError as error:
            if error.status != 401:
                raise

    def _content(self, response: httpx2.Response, *, binary: bool = False) -> Any:
        url = str(response.request.url)
        if response.status_code == 304:
            self._answers.move_to_end(url)
            return content_of(self._answers[url], binary=binary)
        if response.is_error:
            raise error_of(response)
        if response.status_code == 204 or not response.content:
            return None
        if "ETag" in response.headers and response.request.method == "GET":
            self._answers[url] = response
            self._answers.move_to_end(url)
            if len(self._answers) > ANSWERS_CACHED:
                self._answers.popitem(last=False)
        return content_of(response, binary=binary)


_Values = dict[str, str | list[str]]


@dataclass
class _Patience:
    """How long one request may still wait, and whether its tokens were renewed."""

    sleep: Callable[[float], None]
    left: float = PATIENCE_SECONDS
    renewed: bool = False

    def wait(self, seconds: float) -> bool:
        """Wait; False, at once, when the patience does not reach."""
        if seconds > self.left:
            return False
        self.left -= seconds
        self.sleep(seconds)
        return True

    def renew(self) -> bool:
        """Whether the tokens may be renewed: once for a request."""
        allowed = not self.renewed
        self.renewed = True
        return allowed


@dataclass
class _Received:
    """What an event stream has delivered so far, over all its connections."""

    whole_run: bool
    last_id: str | None = None
    ended: bool = False
    silent: bool = True  # whether the last connection delivered nothing, not even a heartbeat
    silent_in_a_row: int = 0

    def parsed(self, lines: Iterator[str]) -> Iterator[Event]:
        """The events of a connection's lines; comments are heartbeats."""
        fields: dict[str, str] = {}
        for line in lines:
            self.silent = False
            if not line and "data" in fields:
                self.last_id = fields.get("id", self.last_id)
                self.ended = self.whole_run and fields.get("event") == "run"
                data = json.loads(fields["data"])
                yield {"id": fields.get("id", ""), "event": fields.get("event", ""), "data": data}
            if not line:
                fields = {}
            elif not line.startswith(":"):
                name, _, value = line.partition(":")
                fields[name] = value.removeprefix(" ")
        # The stream of a run whose events are deleted is empty, every time.
        self.silent_in_a_row = self.silent_in_a_row + 1 if self.silent else 0
        if self.whole_run and self.silent_in_a_row == ATTEMPTS:
            self.ended = True


def part(value: object) -> str:
    """One part of a path."""
    return quote(str(value), safe="")


def _values(values: Mapping[str, object] | None) -> _Values:
    """Parameters or fields of a form as the API reads them, those that are None left out."""
    return {name: _text(value) for name, value in (values or {}).items() if value is not None}


def _text(value: object) -> str | list[str]:
    """Numbers, ids, dates and truth values as text; lists are repeated parameters."""
    match value:
        case list() | tuple():
            return [str(_text(each)) for each in value]
        case bool():
            return str(value).lower()
        case date():
            return value.isoformat()
        case _:
            return str(value)
