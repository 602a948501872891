"""What every request of the client has around it: logging in, waiting when told to, repeating what
may be repeated.
"""

import json
import time
from collections import OrderedDict
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Self
from urllib.parse import quote
from uuid import UUID, uuid4

import httpx2

ANSWERS_REMEMBERED = 256
ATTEMPTS = 3
LONGEST_WAIT_SECONDS = 60.0


class ApiError(Exception):
    """The API said no: `status` is HTTP's, `code` is stable, `errors` say which fields are wrong
    and why.
    """

    def __init__(self, status: int, code: str, detail: str, errors: list[dict[str, Any]]) -> None:
        super().__init__(f"{status} {code}: {detail}")
        self.status = status
        self.code = code
        self.detail = detail
        self.errors = errors


class Session:
    """One user of the API.

    Logs in when it has to, and again when a token has ended; waits as long as `Retry-After` says;
    sends again what got no answer, under one `Idempotency-Key` where it would do something; and
    asks with the tag of the last answer, so that a report that did not change is not sent again.
    """

    def __init__(
        self,
        url: str,
        email: str,
        password: str,
        *,
        transport: httpx2.BaseTransport | None = None,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self.http = httpx2.Client(
            base_url=f"{url.rstrip('/')}/api/v1/", timeout=60.0, transport=transport
        )
        self._credentials = {"email": email, "password": password}
        self._sleep = sleep
        self._tokens: dict[str, Any] = {}
        self._answers: OrderedDict[str, tuple[str, Any]] = OrderedDict()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Give the connections back."""
        self.http.close()

    def request(
        self,
        method: str,
        path: str,
        *,
        query: Mapping[str, Any] | None = None,
        body: object = None,
        file: bytes | None = None,
        form: Mapping[str, Any] | None = None,
        once: bool = False,
        idempotency_key: str | None = None,
    ) -> Any:
        """What the API answers: JSON as it is, other things as text, nothing as None. Raises
        `ApiError`.
        """
        headers = {"Idempotency-Key": idempotency_key or str(uuid4())} if once else {}
        built = self.http.build_request(
            method,
            path,
            params={
                name: _text(value) for name, value in (query or {}).items() if value is not None
            },
            json=body,
            data={name: _text(value) for name, value in (form or {}).items()}
            if file is not None
            else None,
            files={"file": ("positions.csv", file, "text/csv")} if file is not None else None,
            headers=headers,
        )
        return self._content(self._answered(built, repeatable=once or method != "POST"))

    def _answered(self, request: httpx2.Request, *, repeatable: bool) -> httpx2.Response:
        public = request.url.path.endswith(
            ("/auth/login", "/auth/register", "/auth/refresh", "/auth/logout")
        )
        known = self._answers.get(str(request.url)) if request.method == "GET" else None
        if known:
            request.headers["If-None-Match"] = known[0]
        for attempt in range(1, ATTEMPTS + 1):
            if not public:
                request.headers["Authorization"] = f"Bearer {self._access_token()}"
            try:
                response = self.http.send(request)
            except httpx2.TransportError:
                if attempt == ATTEMPTS or not repeatable:
                    raise
                continue
            if attempt == ATTEMPTS or not self._worth_another_try(response, public):
                break
        return response

    def _worth_another_try(self, response: httpx2.Response, public: bool) -> bool:
        if response.status_code == 401 and not public:
            self._log_in_again()
            return True
        if response.status_code in (429, 503) and "Retry-After" in response.headers:
            self._sleep(min(float(response.headers["Retry-After"]), LONGEST_WAIT_SECONDS))
            return True
        return False

    def _access_token(self) -> str:
        if not self._tokens:
            self._tokens = self.request("POST", "auth/login", body=self._credentials)
        return str(self._tokens["access_token"])

    def _log_in_again(self) -> None:
        """By the refresh token while it is good, else by the password."""
        refresh_token, self._tokens = self._tokens.get("refresh_token"), {}
        try:
            self._tokens = self.request(
                "POST", "auth/refresh", body={"refresh_token": refresh_token}
            )
        except ApiError as error:
            if error.status != 401:
                raise

    def _content(self, response: httpx2.Response) -> Any:
        url = str(response.request.url)
        if response.status_code == 304:
            return self._answers[url][1]
        if response.is_error:
            raise _error(response)
        if response.status_code == 204 or not response.content:
            return None
        content = _parsed(response)
        if "ETag" in response.headers and response.request.method == "GET":
            self._answers[url] = (response.headers["ETag"], content)
            self._answers.move_to_end(url)
            if len(self._answers) > ANSWERS_REMEMBERED:
                self._answers.popitem(last=False)
        return content

    def events(self, **query: Any) -> Iterator[dict[str, Any]]:
        """What happens to the user's portfolios and runs, as it happens: `event`, `id` and `data`
        of each.
        """
        headers = {"Authorization": f"Bearer {self._access_token()}"}
        with self.http.stream(
            "GET", "events", params=query, headers=headers, timeout=None
        ) as response:
            if response.is_error:
                response.read()
                raise _error(response)
            yield from _events(response.iter_lines())


def part(value: object) -> str:
    """One part of a path."""
    return quote(str(value), safe="")


def _events(lines: Iterator[str]) -> Iterator[dict[str, Any]]:
    told: dict[str, Any] = {}
    for line in lines:
        if not line and "data" in told:
            yield {**told, "data": json.loads(told["data"])}
        if not line:
            told = {}
        elif not line.startswith(":"):
            name, _, value = line.partition(":")
            told[name] = value.removeprefix(" ")


def _parsed(response: httpx2.Response) -> Any:
    kind = response.headers.get("Content-Type", "")
    return response.json() if kind.split(";")[0].endswith("json") else response.text


def _error(response: httpx2.Response) -> ApiError:
    try:
        problem = response.json()
        return ApiError(
            response.status_code, problem["code"], problem["detail"], problem.get("errors", [])
        )
    except (ValueError, KeyError, TypeError):
        return ApiError(response.status_code, "unreadable", response.text[:200], [])


def _text(value: Any) -> Any:
    """Ids, dates and numbers as the API reads them; lists are repeated parameters."""
    if isinstance(value, list | tuple):
        return [_text(each) for each in value]
    if isinstance(value, bool):
        return str(value).lower()
    return (
        value.isoformat()
        if hasattr(value, "isoformat")
        else str(value)
        if isinstance(value, UUID)
        else value
    )
